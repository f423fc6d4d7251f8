"""The list of all branches and the score card of one, as each reader meets them."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.choices import Kind
from activities.models import ActivityMonth
from branches.choices import BranchLevel, Role
from points.models import LineRecord
from points.stars.card_page import sum_words
from points.stars.formulas import Year
from points.stars.rules import CardLine, Line
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(factories.at(factories.TODAY, 10), tick=False):
        yield


LIST = "/points/stars/"


def detail(branch, year=2026):
    return reverse("points:star_detail", args=[branch.pk, year])


def diligent(branch):
    """Enough applicable lines to be rated, some of them not full."""
    for kind in (Kind.GENERAL_MEETING, Kind.COMMITTEE_MEETING, Kind.PARTY_LECTURE, Kind.THEME_DAY):
        ActivityMonth.objects.create(
            branch=branch, month=date(2026, 9, 1), kind=kind, required=4, done=3, held=3, present=27, expected=30
        )
    figures = {
        "dues_collected": {"received": 99, "expected": 100},
        "ethics": {"complaints": 0, "cases": 0},
        "practical_items": {"accepted": 3, "planned": 4},
        "volunteer": {"hours": 100, "members": 10},
        "project": {"filed": True, "mid_term": True, "accepted": False},
        "heart_talks": {"talked": 10, "members": 10},
        "development_steps": {"late": 0, "steps": 5},
        "letters": {"signed": 9, "required": 9},
        "risks": {"reviewed": 9, "registered": 9},
        "secretary": {"double_leader": True, "trained": True},
        "posts": {"holds": True, "reviewed": True},
        "brand": {"brand": True, "method": True},
    }
    LineRecord.objects.bulk_create(
        [
            LineRecord(branch=branch, year=2026, fact=fact, values=values, source="台账")
            for fact, values in figures.items()
        ]
    )


def test_the_secretary_goes_straight_to_the_own_card(branch, secretary, as_user):
    assert as_user(secretary).get(LIST).url == detail(branch)


def test_the_card_shows_the_sum_every_line_and_what_would_raise_it(branch, secretary, as_user):
    diligent(branch)
    page = as_user(secretary).get(detail(branch))
    rating = page.context["rating"]
    assert rating.is_rated
    text = page.content.decode()
    assert f"{rating.total}" in text
    assert all(f'id="line-{line.card.code}"' in text for line in rating.lines)
    assert "再开1次主题党日" in text
    assert "系统还没有这项台账" in text
    lacking = as_user(secretary).get(detail(branch) + "?show=lacking").content.decode()
    assert 'id="line-2.5"' in lacking
    assert 'id="line-6.1"' not in lacking


def test_the_office_sees_all_and_a_general_branch_its_own(hospital, branch, office, as_user, person):
    below = factories.make_branch(hospital, level=BranchLevel.GENERAL_BRANCH, name="临床党总支")
    inside = factories.make_branch(below, name="内科党支部")
    chief = factories.UserFactory()
    factories.appoint(chief, below, Role.GENERAL_BRANCH_SECRETARY)
    other = factories.make_branch(below, name="外科党支部")
    assert {row.branch for row in as_user(office).get(LIST).context["rows"]} >= {branch, inside, other}
    assert {row.branch for row in as_user(chief).get(LIST).context["rows"]} == {inside, other}
    assert as_user(chief).get(detail(branch)).status_code == 404


def test_a_health_commission_chooses_the_hospital(as_user):
    commission = factories.make_branch(level=BranchLevel.SUPERIOR, name="市卫健委党委")
    first, second = (factories.make_branch(commission, level=BranchLevel.COMMITTEE) for _ in range(2))
    branches = [factories.make_branch(node) for node in (first, second)]
    viewer = factories.UserFactory()
    factories.appoint(viewer, commission, Role.SUPERIOR_VIEWER)
    client = as_user(viewer)
    assert [row.branch for row in client.get(LIST).context["rows"]] == [branches[0]]
    assert [row.branch for row in client.get(f"{LIST}?hospital={second.pk}").context["rows"]] == [branches[1]]


@pytest.mark.parametrize("year", [1999, 2019, 2027])
def test_a_year_there_can_be_no_card_for_is_unknown(branch, secretary, as_user, year):
    assert as_user(secretary).get(detail(branch, year)).status_code == 404


def test_a_year_before_the_first_card_is_an_empty_list(office, branch, other_branch, as_user):
    page = as_user(office).get(f"{LIST}?year=2015")
    assert page.status_code == 200
    assert "没有可以评定的党支部" in page.content.decode()


def test_the_list_costs_the_same_for_two_branches_and_for_twenty(hospital, branch, other_branch, office, as_user):
    client = as_user(office)
    diligent(branch)
    client.get(LIST)
    with CaptureQueriesContext(connection) as few:
        client.get(LIST)
    for _ in range(18):
        diligent(factories.make_branch(hospital))
    with CaptureQueriesContext(connection) as many:
        client.get(LIST)
    assert len(many) == len(few)


@pytest.mark.parametrize(
    ("measure", "values", "running", "over"),
    [
        ("development_plan", {"admitted": 2, "plan": 3}, "2×已发展2/计划3人，目标按11/12折算", "2×已发展2/计划3人"),
        ("volunteer", {"hours": 210, "members": 30}, "2×210小时/30人/8小时，目标按11/12折算", "2×210小时/30人/8小时"),
        ("study_hours", {"reached": 24, "members": 31}, "2×24/31人达到学时，目标按11/12折算", "2×24/31人达到学时"),
        ("general_meeting", {"done": 3, "due": 4}, "2×3/4个季度", "2×3/4个季度"),
    ],
)  # fmt: skip
def test_a_target_of_the_year_says_that_it_counts_by_the_months(measure, values, running, over):
    def words(months: int) -> str:
        card = CardLine("9.9", "项目", measure, Decimal(2))
        return sum_words(Line(card, True, Fraction(1), values, year=Year(2026, months)))

    assert (words(11), words(12)) == (running, over)
