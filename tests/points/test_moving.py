"""The calendar moves the cycle: once a day, late days caught up, each step told once."""

import uuid
from datetime import date

import pytest
import time_machine

from activities.choices import Kind, Period
from activities.reminders.reminding import remind
from branches.choices import Role
from branches.models import Job, JobState, Notice, Todo
from branches.working_days import load_calendar
from members.models import MembershipEvent
from points.choices import ClaimState, PeriodKind, PeriodState
from points.cycle import contesting
from points.cycle.closing import reopen_period
from points.cycle.moving import close_due, lock_due, move
from points.cycle.objections import answer_objection, raise_objection
from points.cycle.tasks import queue_moves
from points.models import Claim, Objection, PeriodClose, RuleItem
from tests import factories

JULY, OCTOBER, YEAR = date(2026, 7, 1), date(2026, 10, 1), date(2026, 1, 1)
TODAY = date(2026, 10, 12)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(factories.at(TODAY, 9), tick=True):
        yield


@pytest.fixture
def at_day(branch):
    """at_day(day): what the cycle of the hospital does on it."""

    def run(day: date) -> dict[str, int]:
        with time_machine.travel(factories.at(day, 9), tick=True):
            return move(hospital_id=branch.hospital_id, today=day)

    return run


@pytest.fixture
def began(branch):
    """The house came to this site in July."""
    with time_machine.travel(factories.at(date(2026, 7, 20), 9), tick=True):
        return factories.make_member(branch)


def state(branch, kind, start):
    return PeriodClose.objects.filter(branch=branch, kind=kind, start=start).values_list("state", flat=True).first()


class TestClosing:
    @pytest.mark.parametrize(("day", "closed"), [(date(2026, 8, 4), 0), (date(2026, 8, 5), 1)])
    def test_a_month_closes_on_its_day(self, at_day, began, day, closed):
        assert at_day(day)["closed"] == closed

    def test_days_on_which_nothing_ran_are_caught_up_and_again_does_nothing(self, branch, at_day, began):
        assert at_day(date(2026, 11, 9))["closed"] == 4
        assert at_day(date(2026, 11, 9)) == {"lapsed": 0, "closed": 0, "posted": 0, "locked": 0, "told": 0}
        assert state(branch, PeriodKind.MONTH, date(2026, 6, 1)) is None

    def test_without_people_nothing_closes_so_that_a_roster_may_come(self, branch, at_day):
        assert at_day(date(2026, 11, 9))["closed"] == 0
        assert not MembershipEvent.objects.exists()

    def test_a_hospital_closes_only_its_own(self, branch, began, at_day):
        other = factories.make_branch()
        node = factories.make_branch(other)
        factories.make_member(node)
        at_day(date(2026, 11, 9))
        assert not PeriodClose.objects.filter(branch=node).exists()


class TestLocking:
    def lock(self, branch, day):
        return lock_due(branch=branch, today=day, calendar=load_calendar([day.year]))

    @pytest.mark.parametrize(("day", "locked"), [(date(2026, 11, 11), 0), (date(2026, 11, 12), 1)])
    def test_a_quarter_locks_the_day_after_its_last_window(self, branch, began, publish, day, locked):
        assert publish(branch).appeals_until == date(2026, 11, 11)
        assert self.lock(branch, day) == locked

    def test_an_unpublished_or_contradicted_one_waits(self, branch, began, publish, close_quarter):
        close_quarter(branch)
        assert self.lock(branch, date(2026, 12, 31)) == 0
        made = publish(branch)
        target = contesting.of_publication(made, began, is_own=True, today=TODAY)
        raise_objection(
            target=target,
            text="少记一次党课",
            form_key=uuid.uuid4(),
            actor=began.user,
            today=TODAY,
        )
        assert self.lock(branch, date(2026, 12, 31)) == 0

    @pytest.mark.parametrize(("day", "locked"), [(date(2027, 2, 27), None), (date(2027, 2, 28), "locked")])
    def test_a_year_locks_at_the_end_of_february_as_it_stands(self, branch, began, close_quarter, day, locked):
        close_quarter(branch)
        self.lock(branch, day)
        assert state(branch, PeriodKind.YEAR, YEAR) == locked

    def test_an_objection_holds_up_even_that(self, branch, began, close_quarter):
        close_quarter(branch)
        Objection.objects.create(
            member=began, branch=branch, quarter=JULY, raised_by=began.user, text="异议", answer_due=TODAY
        )
        assert self.lock(branch, date(2027, 3, 1)) == 0

    def test_a_year_opened_again_is_left_to_people_until_a_quarter_was_locked_anew(self, hospital, leader, office):
        node = factories.make_branch(hospital, founded_on=date(2026, 10, 1))
        for month in (10, 11, 12):
            PeriodClose.objects.create(
                branch=node, kind=PeriodKind.MONTH, start=date(2026, month, 1), state=PeriodState.CLOSED
            )
        day = date(2027, 3, 1)
        assert self.lock(node, day) == 2
        reopen_period(branch=node, kind=PeriodKind.YEAR, start=YEAR, reason="年度复核", actor=leader)
        assert self.lock(node, day) == 0
        reopen_period(branch=node, kind=PeriodKind.QUARTER, start=OCTOBER, reason="补录党课记录", actor=office)
        assert self.lock(node, day) == 2


class TestTelling:
    def test_the_secretary_has_a_to_do_until_the_quarter_is_published(self, branch, began, at_day, secretary, publish):
        at_day(date(2026, 10, 9))
        todo = Todo.objects.get(role=Role.BRANCH_SECRETARY, done_at=None)
        assert todo.title == "晾晒积分：机关第一党支部2026年第三季度"
        assert todo.due == date(2026, 10, 10)  # a Saturday that is worked
        publish(branch)
        assert not Todo.objects.filter(done_at=None).exists()

    def test_a_publication_is_reminded_of_as_a_required_action(self, branch, hospital, secretary, owed):
        owed(Kind.POINTS_PUBLICATION, period=Period.QUARTER, start=JULY, end=date(2026, 9, 30), due=date(2026, 10, 12))
        for day in (5, 9, 11, 12, 16):
            remind(hospital_id=hospital.pk, today=date(2026, 10, day))
        steps = Notice.objects.filter(recipient=secretary, topic="duty").values_list("step", flat=True)
        assert set(steps) == {"7", "3", "1", "0", "overdue"}

    def test_answerers_are_told_as_the_day_comes_and_the_office_when_it_is_past(
        self, branch, began, at_day, secretary, office, publish
    ):
        made = publish(branch)
        assert made.answers_until == date(2026, 10, 28)
        target = contesting.of_publication(made, began, is_own=True, today=TODAY)
        raise_objection(
            target=target,
            text="少记一次党课",
            form_key=uuid.uuid4(),
            actor=began.user,
            today=TODAY,
        )
        for day in (20, 25, 27, 28, 29, 30):
            at_day(date(2026, 10, day))
        mine = Notice.objects.filter(recipient=secretary, item_key__startswith="objection:")
        assert sorted(mine.values_list("step", flat=True)) == [
            "raised", "raised:0", "raised:1", "raised:3", "raised:overdue",
        ]  # fmt: skip
        digest = Notice.objects.get(recipient=office, digest=None, item_key__startswith="digest:")
        assert digest.text == "1项积分异议逾期未答复，请督促"

    def test_once_answered_nobody_is_told_any_more(self, branch, began, at_day, secretary, publish):
        made = publish(branch)
        target = contesting.of_publication(made, began, is_own=True, today=TODAY)
        raised = raise_objection(
            target=target,
            text="少记一次党课",
            form_key=uuid.uuid4(),
            actor=began.user,
            today=TODAY,
        )
        answer_objection(objection=raised, upheld=True, answer="已核对签到", actor=secretary, today=TODAY)
        at_day(date(2026, 10, 28))
        assert not Notice.objects.filter(recipient=secretary, step__startswith="raised:").exists()

    @pytest.mark.parametrize(("day", "told"), [(date(2026, 10, 19), 0), (date(2026, 10, 20), 1)])
    def test_a_claim_that_waits_over_five_working_days_is_told_to_the_organiser(
        self, branch, began, at_day, organiser, day, told
    ):
        rule = RuleItem.objects.filter(code="D03").latest("pk")
        Claim.objects.create(
            member=began, branch=branch, rule=rule, rule_code=rule.code, category=rule.category, points=rule.points,
            happened_on=date(2026, 10, 3), month=OCTOBER, title="患者表扬信", state=ClaimState.DECLARED,
            declared_at=factories.at(TODAY, 10),
        )  # fmt: skip
        at_day(day)
        at_day(day)
        assert Notice.objects.filter(recipient=organiser, item_key__startswith="claim:").count() == told


def test_one_job_a_hospital_and_day(branch, began, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        queue_moves()
        queue_moves()
    job = Job.objects.get(task="points.cycle.tasks.move_hospital")
    assert job.state == JobState.DONE
    assert PeriodClose.objects.filter(kind=PeriodKind.MONTH).count() == 3


def test_closing_looks_at_every_branch_in_few_queries(hospital, branch, began, django_assert_max_num_queries):
    nodes = [branch, *(factories.make_branch(hospital) for _ in range(5))]
    calendar = load_calendar([2026])
    close_due(hospital_id=hospital.pk, branches=nodes, today=TODAY, calendar=calendar)
    with django_assert_max_num_queries(4):
        close_due(hospital_id=hospital.pk, branches=nodes, today=TODAY, calendar=calendar)
