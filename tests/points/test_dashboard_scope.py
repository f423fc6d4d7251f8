"""Whose figures the page shows: the filter, the subtree, the one branch, many hospitals; and the work list."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.choices import ActivityState, Kind, PlanState
from activities.plan.rollups import rebuild_activity_months
from branches.choices import BranchLevel, Role
from branches.models import Branch, User
from members.development import set_plan
from members.models import MembershipEvent
from members.roll_months import recount_roll_months
from points.choices import ClaimState
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
HOME, OVERVIEW = reverse("home"), reverse("overview")


def recount(*branches: Branch) -> None:
    for year in (2025, 2026):
        rebuild_activity_months(branches=branches, year=year)
    recount_roll_months(branches=branches, from_month=date(2025, 1, 1))


@pytest.fixture
def general(hospital):
    return factories.make_branch(hospital, name="医技党总支", level=BranchLevel.GENERAL_BRANCH)


@pytest.fixture
def busy(branch, other_branch, general, held, owed):
    """Three branches, one of them below a general branch, with one, two and three members."""
    third = factories.make_branch(general, name="药学第三党支部")
    for n, node in enumerate((branch, other_branch, third), 1):
        record = held([factories.make_member(node) for _ in range(n)], branch=node)
        owed(Kind.THEME_DAY, branch=node, state=PlanState.CONFIRMED, activity=record, done_on=date(2026, 11, 11))
        owed(Kind.COMMITTEE_MEETING, 10, branch=node)
        recount(node)
    return third


def counted(context) -> tuple[list[str], int, int, int, int]:
    """Names of the lines, members, what fell due, what is overdue, entries."""
    names = [unit.name for unit in context["scope"].units]
    shown = context["activities"].completion.of, context["owed"].overdue
    return names, context["heads"].total, *shown, context["points"].n


def get(as_user, reader, url=HOME, **params):
    answer = as_user(reader).get(url, params)
    assert answer.status_code == 200
    return answer.context


def test_the_whole_page_follows_the_chosen_node(busy, branch, general, leader, as_user):
    everything = (["机关第一党支部", "内科第二党支部", "药学第三党支部"], 6, 3, 3, 6)
    assert counted(get(as_user, leader)) == everything
    assert counted(get(as_user, leader, branch=branch.pk)) == (["机关第一党支部"], 1, 1, 1, 1)
    below = get(as_user, leader, branch=general.pk)
    assert counted(below) == (["药学第三党支部"], 3, 1, 1, 3)
    assert [row.branch for row in below["board"].rows] == [busy]
    assert (below["headcount"].counted, below["headcount"].gap) == (3, 0)
    assert [row.item.branch for row in below["overdue"].rows] == [busy]
    assert below["spread"].people == 3


def test_the_filter_stays_in_the_address_with_time_and_offers_what_is_below(busy, branch, general, leader, as_user):
    answer = as_user(leader).get(HOME, {"branch": branch.pk, "span": "quarter", "month": "2026-08"})
    body = answer.content.decode()
    assert f"branch={branch.pk}&amp;span=month" in body or f"span=month&amp;branch={branch.pk}" in body
    assert '<input type="hidden" name="span" value="quarter">' in body
    assert '<input type="hidden" name="month" value="2026-08">' in body
    assert f'<option value="{branch.pk}" selected>' in body
    assert {node.name for node in answer.context["choices"]} >= {"医技党总支", "药学第三党支部", "机关第一党支部"}


@pytest.mark.parametrize("asked", ["foreign", "group", "unknown"])
def test_a_node_out_of_sight_is_unknown(busy, groups, leader, as_user, asked):
    foreign = factories.make_branch(factories.make_branch())
    pk = {"foreign": foreign.pk, "group": groups[0].pk, "unknown": 10**9}[asked]
    assert as_user(leader).get(HOME, {"branch": pk}).status_code == 404


def test_the_secretary_of_a_general_branch_sees_its_subtree(busy, general, as_user):
    secretary = factories.UserFactory()
    factories.appoint(secretary, general, Role.GENERAL_BRANCH_SECRETARY)
    context = get(as_user, User.objects.get(pk=secretary.pk))
    assert counted(context) == (["药学第三党支部"], 3, 1, 1, 3)
    assert context["scope"].title == "党总支总览"


def test_the_branch_secretary_has_the_same_of_the_branch(busy, branch, other_branch, secretary, as_user):
    client = as_user(secretary)
    assert f'href="{OVERVIEW}?branch={branch.pk}"' in client.get(HOME).content.decode()
    context = client.get(OVERVIEW).context
    assert (context["scope"].title, [unit.name for unit in context["scope"].units]) == ("支部总览", ["机关第一党支部"])
    assert context["activities"].completion.of == 1
    assert client.get(OVERVIEW, {"branch": other_branch.pk}).status_code == 404


def test_who_reads_no_points_of_a_branch_has_no_overview(busy, person, as_user):
    assert as_user(person(Role.GROUP_LEADER)).get(OVERVIEW).status_code == 403
    assert as_user(person(Role.MEMBER)).get(OVERVIEW).status_code == 403


# --- many hospitals ---


@pytest.fixture
def province(busy, held, owed):
    """A health commission above two hospitals: the one of `busy`, moved below it, and another with one branch."""
    top = factories.make_branch(name="江州市卫生健康委党委", level=BranchLevel.SUPERIOR)
    hospital = Branch.objects.get(name="江州市人民医院党委")
    Branch.objects.move(hospital, top, "last-child")
    for node in Branch.objects.within([Branch.objects.get(pk=hospital.pk).path]):
        Branch.objects.filter(pk=node.pk).update(hospital=hospital)
    other = factories.make_branch(top, name="江州市中医院党委", level=BranchLevel.COMMITTEE)
    Branch.objects.filter(pk=other.pk).update(hospital=other)
    node = factories.make_branch(other, name="针灸党支部")
    record = held([factories.make_member(node)], branch=node)
    owed(Kind.THEME_DAY, branch=node, state=PlanState.CONFIRMED, activity=record, done_on=date(2026, 11, 11))
    recount(node)
    return Branch.objects.get(pk=top.pk), hospital, other


@pytest.fixture
def commission(province):
    reader = factories.UserFactory(name="卫健委")
    factories.appoint(reader, province[0], Role.SUPERIOR_VIEWER)
    return User.objects.get(pk=reader.pk)


def test_many_hospitals_are_a_line_each_and_lead_into_one(province, commission, as_user):
    client = as_user(commission)
    context = client.get(HOME).context
    assert [unit.name for unit in context["scope"].units] == ["江州市人民医院党委", "江州市中医院党委"]
    assert {row.unit.name: (row.completion.n, row.completion.of) for row in context["activities"].units} == {
        "江州市人民医院党委": (3, 3),
        "江州市中医院党委": (1, 1),
    }
    assert (context["heads"].total, context["scope"].branches, context["owed"].overdue) == (7, 4, 3)
    assert [(row.unit.name, row.done, row.required, row.open_late) for row in context["sums"].rows] == [
        ("江州市人民医院党委", 3, 3, 0),
        ("江州市中医院党委", 1, 1, 0),
    ]
    assert [row.where for row in context["overdue"].rows] == [
        f"江州市人民医院，{name}" for name in ("机关第一党支部", "内科第二党支部", "药学第三党支部")
    ]
    assert context["points"] is None  # each hospital has rules of its own
    assert f"?branch={province[2].pk}" in client.get(HOME).content.decode()
    inside = client.get(HOME, {"branch": province[2].pk}).context
    assert [unit.name for unit in inside["scope"].units] == ["针灸党支部"]
    assert (inside["heads"].total, inside["points"].n) == (1, 1)


@pytest.mark.parametrize("span", ["month", "year"])
def test_one_more_hospital_costs_no_more_statements(province, commission, as_user, held, owed, span):
    client = as_user(commission)
    client.get(HOME)
    with CaptureQueriesContext(connection) as few:
        client.get(HOME, {"span": span})
    for n in range(8):
        other = factories.make_branch(province[0], name=f"第{n}医院党委", level=BranchLevel.COMMITTEE)
        Branch.objects.filter(pk=other.pk).update(hospital=other)
        node = factories.make_branch(other)
        held([factories.make_member(node)], branch=node)
        owed(Kind.THEME_DAY, branch=node)
        recount(node)
    with CaptureQueriesContext(connection) as many:
        client.get(HOME, {"span": span})
    assert len(many) == len(few)


def test_links_keep_the_node_and_the_period(busy, branch, office, as_user):
    page = as_user(office).get(HOME, {"as": "dashboard", "branch": branch.pk, "month": "2026-10"}).content.decode()
    records, roster = reverse("activities:activity_list"), reverse("members:member_list")
    assert f'{records}?branch={branch.pk}&amp;since=2026-10-01&amp;until=2026-10-31"' in page
    assert f'<a href="{roster}?branch={branch.pk}">1人</a>' in page
    assert "不限所选范围" in page


def test_admissions_stand_against_the_plan_of_the_node(busy, hospital, branch, general, office, leader, as_user):
    for node, title in ((branch, "senior"), (busy, "")):
        member = factories.make_member(node, since=date(2026, 5, 1), title_level=title)
        MembershipEvent.objects.create(
            member=member, kind="admitted", branch=node, member_type="full",
            recorded_on=date(2026, 5, 1), effective_on=date(2026, 5, 1),
        )  # fmt: skip
    set_plan(branch=hospital, year=2026, planned=5, actor=office)
    set_plan(branch=branch, year=2026, planned=2, actor=office)

    def shown(**params):
        found = get(as_user, leader, **params)["development"]
        return found.planned, found.done.admitted, found.done.high_level, found.chart

    assert shown() == (5, 2, 1, [["机关第一", 1, 2], ["药学第三", 1, None]])
    page = as_user(office).get(HOME, {"as": "dashboard"}).content.decode()
    assert f'<dt>发展</dt><dd><a href="{reverse("members:development")}?year=2026">2</a>' in page
    assert shown(branch=branch.pk) == (2, 1, 1, [["机关第一", 1, 2]])
    assert shown(branch=general.pk) == (None, 1, 0, [["药学第三", 1, None]])
    assert shown(month="2026-04")[1] == 0


# --- what waits for the reader ---


def declare(claimed, member) -> None:
    when = factories.at(date(2026, 11, 20))
    claimed(member, state=ClaimState.DECLARED, declared_by=member.user, declared_at=when)


def groups_of(as_user, reader, url=HOME) -> dict[str, int]:
    return {group.name: group.count for group in get(as_user, reader, url)["work"].groups}


def test_the_work_list_holds_what_the_reader_may_decide(branch, owed, office, secretary, as_user, members, claimed):
    owed(state=PlanState.NOT_HELD_ASKED, reason="支援外地")
    factories.make_activity(branch, state=ActivityState.SUBMITTED)
    claimed(
        members[0], state=ClaimState.DECLARED, declared_by=members[0].user, declared_at=factories.at(date(2026, 11, 20))
    )
    assert groups_of(as_user, office) == {"未召开说明": 1}
    assert groups_of(as_user, secretary, OVERVIEW) == {"活动记录": 1, "积分申报": 1}


def test_what_only_others_may_decide_is_not_listed(branch, secretary, as_user, claimed):
    own = secretary.member
    declare(claimed, own)
    factories.make_activity(branch, state=ActivityState.SUBMITTED, recorder=secretary)
    assert groups_of(as_user, secretary, OVERVIEW) == {}


def test_a_longer_work_list_costs_no_more_statements(branch, members, secretary, as_user, claimed):
    client = as_user(secretary)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(OVERVIEW)
        return len(captured)

    def wait() -> None:
        factories.make_activity(branch, state=ActivityState.SUBMITTED)
        claimed(
            members[0],
            state=ClaimState.DECLARED,
            declared_by=members[0].user,
            declared_at=factories.at(date(2026, 11, 20)),
        )

    client.get(OVERVIEW)
    wait()
    few = statements()
    for _ in range(19):
        wait()
    assert statements() == few
