"""The work list of the dashboard: leave, make-ups, answers and stars, for whoever may decide them and nobody else."""

import uuid
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.choices import ActivityState, LeaveState, MakeUpState, PlanState
from activities.models import LeaveRequest, MakeUp, PushedItem
from branches.choices import Role
from points.choices import AssessmentState, RatingState, RoundState, StarObjectionState
from points.models import MemberStarSheet, Scorecard, StarObjection, StarRating, StarRound
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
HOME, OVERVIEW = reverse("home"), reverse("overview")
YEAR = 2025


@pytest.fixture
def groups_of(as_user):
    def read(reader, url=HOME):
        answer = as_user(reader).get(url, {"as": "dashboard"})
        for group in answer.context["work"].groups:  # every line opens
            for line in group.lines:
                assert as_user(reader).get(line.url, follow=True).status_code == 200, line
        return {group.name: group.count for group in answer.context["work"].groups}

    return read


@pytest.fixture
def pushed(hospital, office, owed):
    def make(**fields):
        item = PushedItem.objects.create(
            branch=hospital, title="观看警示教育片", starts_on=date(2026, 11, 1), due=date(2026, 11, 30),
            form_key=uuid.uuid4(), pushed_by=office,
        )  # fmt: skip
        return owed(pushed=item, state=PlanState.SUBMITTED, title=item.title, **fields)

    return make


@pytest.fixture
def rated(hospital, office):
    card = Scorecard.objects.get(hospital=None)

    def make(branch, state=RatingState.SELF_RATED, **fields):
        return StarRating.objects.create(branch=branch, hospital=hospital, year=YEAR, state=state, card=card, **fields)

    return make


def test_answers_wait_for_the_office_but_not_for_who_wrote_them(pushed, office, secretary, groups_of):
    pushed(answer="已组织观看", answered_by=secretary)
    assert groups_of(office) == {"布置事项": 1}
    assert groups_of(secretary, OVERVIEW) == {}


def test_an_own_answer_waits_for_somebody_else(pushed, office, groups_of):
    pushed(answer="已组织观看", answered_by=office)
    assert groups_of(office) == {}


def asked(branch, member):
    gathering = factories.make_activity(branch, state=ActivityState.PLANNED, day=date(2026, 12, 2), members=[member])
    return LeaveRequest.objects.create(activity=gathering, member=member, reason="duty", state=LeaveState.ASKED)


def test_leave_waits_for_the_officers_of_the_branch(branch, secretary, office, organiser, groups_of):
    asked(branch, factories.make_member(branch))
    asked(branch, secretary.member)
    assert groups_of(secretary, OVERVIEW) == {"请假": 1}
    assert groups_of(organiser, OVERVIEW) == {"请假": 2}
    assert groups_of(office) == {}


def test_leave_of_the_only_officer_waits_for_the_office(branch, secretary, office, groups_of):
    asked(branch, secretary.member)
    assert groups_of(office) == {"请假": 1}


def test_make_ups_wait_for_officers_and_never_for_the_one_who_made_up(branch, secretary, organiser, office, groups_of):
    record = factories.make_activity(
        branch, state=ActivityState.CONFIRMED, members=[secretary.member, factories.make_member(branch)]
    )
    for row in record.attendances.all():
        MakeUp.objects.create(attendance=row, due=date(2026, 12, 11), state=MakeUpState.REPORTED)
    assert groups_of(secretary, OVERVIEW) == {"补课": 1}
    assert groups_of(organiser, OVERVIEW) == {"补课": 2}
    assert groups_of(office) == {}


def test_a_self_rating_waits_for_a_reviewer_who_does_not_serve_there(
    rated, branch, other_branch, person, office, secretary, groups_of
):
    rated(branch, self_rated_by=secretary)
    rated(other_branch, self_rated_by=office)
    assert groups_of(office) == {"星级自评": 1}
    both = person(Role.BRANCH_SECRETARY)
    factories.appoint(both, branch.hospital, Role.PARTY_OFFICE)
    assert groups_of(both) == {"星级自评": 1}


def test_a_star_objection_waits_for_the_office_unless_it_raised_it(rated, branch, office, secretary, groups_of):
    rating = rated(branch, state=RatingState.PUBLICISED)
    for by in (office, secretary):
        StarObjection.objects.create(
            rating=rating, branch=branch, text="得分有误", raised_by=by, state=StarObjectionState.RAISED
        )
    assert groups_of(office) == {"星级异议": 1}


@pytest.mark.parametrize(("ended", "waits"), [(1, True), (0, False)])
def test_a_round_waits_for_approval_from_the_day_after_its_publicity(hospital, office, leader, groups_of, ended, waits):
    StarRound.objects.create(
        hospital=hospital, year=YEAR, state=RoundState.PUBLICISED, publicised_by=office,
        publicised_on=date(2026, 11, 10), objections_until=factories.TODAY - timedelta(days=ended),
    )  # fmt: skip
    assert groups_of(leader) == ({"支部星级": 1} if waits else {})
    assert groups_of(office) == {}


def test_the_stars_of_members_wait_for_who_may_approve_them(branch, other_branch, leader, secretary, groups_of):
    for node, by in ((branch, secretary), (other_branch, leader)):
        MemberStarSheet.objects.create(branch=node, year=YEAR, state=AssessmentState.PROPOSED, proposed_by=by)
    assert groups_of(leader) == {"党员评星": 1}


def test_twenty_of_each_cost_what_one_costs(branch, hospital, office, secretary, pushed, rated, as_user):
    people = [factories.make_member(branch) for _ in range(20)]
    nodes = [factories.make_branch(hospital) for _ in range(20)]

    def wait(first: int, last: int) -> None:
        for n in range(first, last):
            pushed(branch=nodes[n], answer="已组织观看", answered_by=secretary)
            asked(nodes[n], factories.make_member(nodes[n]))  # nobody serves there: the office answers
            asked(branch, people[n])
            rated(nodes[n], self_rated_by=secretary)

    def statements(reader, url) -> int:
        client = as_user(reader)
        client.get(url, {"as": "dashboard"})
        with CaptureQueriesContext(connection) as captured:
            client.get(url, {"as": "dashboard"})
        return len(captured)

    wait(0, 1)
    few = statements(office, HOME), statements(secretary, OVERVIEW)
    wait(1, 20)
    assert (statements(office, HOME), statements(secretary, OVERVIEW)) == few
