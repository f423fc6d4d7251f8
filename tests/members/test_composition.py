"""Of whom the roll is made up, and the year's admissions against the plan."""

from datetime import date

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import example, given
from hypothesis import strategies as st

from branches.choices import BranchLevel, Role
from branches.models import AuditEntry
from members.composition import PARTS, composition, level_of
from members.development import Admissions, admissions, admitted_in, planned_of, set_plan
from members.models import DevelopmentPlan, Member, MembershipEvent
from members.rules import AGES, STANDINGS, band_labels, band_of, full_years, years_before
from tests import factories

TODAY = factories.TODAY
PAGE = reverse("members:development")


@pytest.fixture(autouse=True)
def on_the_day():
    with time_machine.travel(factories.at(TODAY, 10), tick=False):
        yield


@pytest.mark.parametrize(
    ("value", "band"), [(18, 0), (30, 0), (31, 1), (35, 1), (36, 2), (55, 5), (56, 6), (60, 6), (61, 7), (99, 7)]
)
def test_the_bands_of_age_stand_on_both_sides_of_each_edge(value, band):
    assert band_of(value, AGES) == band


def test_every_band_has_its_name():
    assert band_labels(AGES, unit="岁") == [
        "30岁及以下", "31–35岁", "36–40岁", "41–45岁", "46–50岁", "51–55岁", "56–60岁", "61岁及以上",
    ]  # fmt: skip
    assert band_labels(STANDINGS, unit="年")[:2] == ["4年及以下", "5–9年"]


@pytest.mark.parametrize(
    ("code", "level"),
    [("11", "研究生"), ("1A", "研究生"), ("21", "大学本科"), ("2A", "大学本科"), ("22", "大学专科"), ("2D", "大学专科"),
     ("47", "中专、职高和技校"), ("6", "高中及以下"), ("", "未填写")],
)  # fmt: skip
def test_education_is_counted_under_its_heading(code, level):
    assert level_of(code) == level


@pytest.mark.django_db
def test_the_composition_counts_everybody_once_in_each_chart(branch):
    """One day on either side of 31 years of age and of five years of standing."""
    factories.make_member(branch, birth_date=date(1995, 11, 23), confirmed_on=date(2021, 11, 23))
    factories.make_member(branch, birth_date=date(1995, 11, 22), confirmed_on=date(2021, 11, 22))
    factories.make_member(branch, birth_date=date(1960, 1, 1), member_type="probationary")
    factories.make_member(branch, left_on=date(2026, 5, 1))
    made = composition(Member.objects.current(), TODAY)
    assert made.people == 3
    assert [n for _, n in made.ages] == [1, 1, 0, 0, 0, 0, 0, 1]
    assert [n for _, n in made.standings] == [1, 1, 1, 0, 0, 0, 0, 0]
    assert [name for name, _ in made.standings][:2] == ["预备党员", "4年及以下"]
    assert made.education == (("大学本科", 3),)
    assert made.posts == (("事业单位专业技术岗位", 3),)


@given(
    st.dates(date(1920, 1, 1), date(2026, 12, 31)), st.dates(date(2020, 1, 1), date(2032, 12, 31)), st.integers(1, 99)
)
@example(date(2000, 2, 29), date(2023, 2, 28), 23)
@example(date(1996, 2, 29), date(2024, 2, 29), 28)
@example(date(1995, 2, 28), date(2024, 2, 29), 29)
def test_years_are_completed_from_the_day_on_that_rules_say(since, today, years):
    assert (full_years(since, today) >= years) == (since <= years_before(today, years))


@pytest.mark.django_db
def test_every_bar_opens_the_roster_with_the_people_it_counts(branch, client, person):
    """On both sides of each edge, with codes nobody knows and with none."""
    for birth, education, post in (
        (date(1995, 11, 23), "11", "0212"),
        (date(1995, 11, 22), "21", ""),
        (date(1965, 11, 23), "", "0211"),
        (date(1965, 11, 22), "2", "0212"),
    ):
        factories.make_member(branch, birth_date=birth, education=education, job_post=post)
    factories.make_member(branch, birth_date=date(1960, 1, 1), confirmed_on=None, member_type="probationary")
    client.force_login(person(Role.PARTY_OFFICE), backend="branches.accounts.backends.LoginNameBackend")
    made = composition(Member.objects.current(), TODAY)
    for part in PARTS:
        rows = getattr(made, part)
        assert sum(n for _, n in rows) == made.people == 5
        for label, n in rows:
            answer = client.get(reverse("members:member_list"), {"part": f"{part}:{label}", "branch": branch.pk})
            assert answer.context["page"].paginator.count == n, (part, label)
            assert f"{PARTS[part]}：{label}" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["ages:12岁", "posts:其他岗位", "secrets:1", "ages", "posts:", ":"])
def test_a_bar_there_is_not_narrows_nothing(branch, client, person, part):
    factories.make_member(branch)
    client.force_login(person(Role.PARTY_OFFICE), backend="branches.accounts.backends.LoginNameBackend")
    answer = client.get(reverse("members:member_list"), {"part": part})
    assert answer.context["page"].paginator.count == Member.objects.current().count()
    assert not answer.context["filters"].narrowed


@pytest.mark.django_db
def test_rare_posts_are_one_bar(branch):
    for code in ("0211", "0212", "0315", "501", "502", "301", "302", "303", "611", "612"):
        Member.objects.filter(pk=factories.make_member(branch).pk).update(job_post=code)
    posts = composition(Member.objects.current(), TODAY).posts
    assert len(posts) == 8
    assert posts[-1] == ("其他岗位", 3)
    assert sum(n for _, n in posts) == 10


# --- admissions against the plan ---


def admit(branch, day: date, **fields):
    member = factories.make_member(branch, since=day, **fields)
    MembershipEvent.objects.create(
        member=member, kind="admitted", branch=branch, member_type="probationary", recorded_on=day, effective_on=day
    )
    return member


@pytest.mark.django_db
def test_admitted_are_those_of_the_year_with_the_highly_educated_among_them(branch, other_branch):
    admit(branch, date(2026, 1, 1), title_level="associate_senior")
    admit(branch, date(2026, 12, 31), degree="master", title_level="junior")
    admit(branch, date(2025, 12, 31), degree="doctorate")
    admit(other_branch, date(2026, 6, 1), degree="master", title_level="intermediate")
    assert admissions(admitted_in(2026)) == {branch.pk: Admissions(2, 1), other_branch.pk: Admissions(1, 1)}
    assert admissions(admitted_in(2026, date(2026, 12, 30)))[branch.pk] == Admissions(1, 1)
    assert admissions(admitted_in(2026), "branch__hospital") == {branch.hospital_id: Admissions(3, 2)}


@pytest.mark.django_db
def test_the_figure_of_a_committee_stands_for_all_below_it(hospital, branch, other_branch, office):
    def planned(top=None):
        return planned_of(list(DevelopmentPlan.objects.select_related("branch")), top)

    assert planned() is None
    set_plan(branch=branch, year=2026, planned=3, actor=office)
    set_plan(branch=other_branch, year=2026, planned=4, actor=office)
    assert planned() == 7
    set_plan(branch=hospital, year=2026, planned=9, actor=office)
    assert (planned(), planned(hospital), planned(branch)) == (9, 9, 3)


@pytest.mark.django_db
def test_a_plan_leaves_a_line_and_the_same_again_none(branch, office):
    for planned in (3, 3, 5):
        set_plan(branch=branch, year=2026, planned=planned, actor=office)
    lines = AuditEntry.objects.filter(action="development.planned").order_by("pk")
    assert [line.changes["planned"] for line in lines] == [[None, 3], [3, 5]]
    assert DevelopmentPlan.objects.get().planned == 5


@pytest.mark.django_db
@pytest.mark.parametrize(("year", "planned"), [(2026, -1), (2026, 1000), (1999, 1), (2101, 1)])
def test_a_figure_out_of_range_is_refused(branch, office, year, planned):
    with pytest.raises(ValidationError):
        set_plan(branch=branch, year=year, planned=planned, actor=office)
    assert not DevelopmentPlan.objects.exists()


@pytest.mark.django_db
def test_a_group_has_no_plan(branch, office):
    group = factories.make_branch(branch, level=BranchLevel.GROUP)
    with pytest.raises(ValidationError):
        set_plan(branch=group, year=2026, planned=1, actor=office)


@pytest.mark.django_db
def test_the_office_types_the_plan_and_others_read_it(branch, office, secretary, as_user):
    url = PAGE
    assert as_user(office).post(url, {"branch": branch.pk, "planned": "6"}).status_code == 302
    assert DevelopmentPlan.objects.get().planned == 6
    client = as_user(secretary)
    assert client.post(url, {"branch": branch.pk, "planned": "7"}).status_code == 403
    body = client.get(url).content.decode()
    assert "6人" in body
    assert 'name="planned"' not in body


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["", "x", "-1", "12345", "1000"])
def test_what_is_no_number_of_people_is_answered_beside_its_field(branch, office, as_user, typed):
    answer = as_user(office).post(PAGE, {"branch": branch.pk, "planned": typed})
    assert answer.status_code == 422
    assert "请填写0至999之间的人数" in answer.content.decode()
    assert not DevelopmentPlan.objects.exists()


@pytest.mark.django_db
def test_the_page_lists_who_was_admitted_and_twenty_cost_as_much_as_one(branch, other_branch, person, as_user):
    client = as_user(person(Role.PARTY_OFFICE))
    admit(branch, date(2026, 1, 1), name="王芳芳", title_level="senior")
    client.get(PAGE)  # the first request writes the session
    with CaptureQueriesContext(connection) as few:
        body = client.get(PAGE).content.decode()
    assert "王芳芳" in body
    assert "副高及以上职称" in body
    for _ in range(20):
        admit(other_branch, date(2026, 1, 1))
    with CaptureQueriesContext(connection) as many:
        assert client.get(PAGE).context["page"].paginator.count == 21
    assert len(many) == len(few)
    assert client.get(PAGE, {"branch": branch.pk}).context["page"].paginator.count == 1
