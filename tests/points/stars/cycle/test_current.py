"""The stars of today after a veto, the roll-up of months, and who is reminded of what."""

import uuid
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from branches.choices import Role
from branches.models import Job, Notice, Todo
from points.choices import MarkKind, MarkLevel
from points.models import StarMonth
from points.stars import follow_ups
from points.stars.current import current_stars, current_stars_of
from points.stars.entering import enter_mark, withdraw_mark
from points.stars.months import roll_up
from points.stars.reminding import remind
from points.stars.tasks import queue_star_days, queue_star_months
from tests import factories
from tests.points.stars.cycle import help
from tests.points.stars.cycle.help import AFTER, YEAR

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on", "card")]
VETOED_ON = date(2026, 6, 1)


@pytest.fixture
def approved(on, hospital, displayed, leader, rated):
    """Four stars for the branch."""
    displayed()
    on(AFTER)
    help.approve(hospital, leader)
    return rated


def veto(branch, office, day=VETOED_ON):
    return enter_mark(
        branch=branch, year=day.year, kind=MarkKind.VETO, level=MarkLevel.BRIBERY, stars=None, title="骗保案件",
        decided_by="市医保局", document_no="医保〔2026〕3号", happened_on=day, form_key=uuid.uuid4(), actor=office,
    )  # fmt: skip


class TestCurrentStars:
    def test_never_rated_there_are_none(self, rated):
        assert current_stars(rated, AFTER) is None

    def test_a_veto_of_a_later_day_leaves_one_from_that_day_on(self, on, approved, office):
        on(date(2026, 6, 3))
        mark = veto(approved, office)
        assert current_stars(approved, VETOED_ON - timedelta(days=1)).stars == 4
        now = current_stars(approved, VETOED_ON)
        assert (now.stars, now.approved, now.dropped) == (1, 4, mark)

    def test_withdrawn_the_approved_stars_are_back(self, on, approved, office):
        on(date(2026, 6, 3))
        mark = veto(approved, office)
        todo = Todo.objects.get(item_key=follow_ups.key_of(follow_ups.DROP, approved.pk))
        assert (todo.title, todo.due) == (f"{approved.name}：10日内办理降星", date(2026, 6, 13))
        withdraw_mark(mark=mark, reason="复查不成立", actor=office)
        assert current_stars(approved, date(2026, 6, 3)).stars == 4
        assert follow_ups.follow_ups_of(approved) == []

    def test_while_a_second_veto_stands_the_drop_stays(self, on, approved, office):
        on(date(2026, 6, 3))
        first = veto(approved, office)
        help.mark(approved, MarkKind.VETO, year=2026)
        withdraw_mark(mark=first, reason="复查不成立", actor=office)
        assert current_stars(approved, date(2026, 6, 3)).stars == 1
        assert [one.kind for one in follow_ups.follow_ups_of(approved)] == [follow_ups.DROP]

    def test_a_veto_that_the_rating_knew_is_no_drop(self, on, hospital, rated, displayed, leader):
        help.mark(rated, MarkKind.VETO)
        displayed()
        on(AFTER)
        help.approve(hospital, leader)
        now = current_stars(rated, AFTER)
        assert (now.stars, now.dropped) == (1, None)

    def test_of_a_branch_that_was_never_rated_there_is_nothing_to_drop(self, on, rated, office):
        on(date(2026, 6, 3))
        veto(rated, office)
        assert not Todo.objects.filter(title__contains="降星").exists()

    def test_many_cost_as_much_as_one(self, approved, hospital, django_assert_num_queries):
        others = [help.rated_branch(hospital, "80") for _ in range(3)]
        for node in others:
            help.approved_before(node, 3)
        with django_assert_num_queries(2):
            assert len(current_stars_of([approved.pk, *(node.pk for node in others)], AFTER)) == 4


class TestMonths:
    def test_a_row_a_branch_and_month_and_again_the_same(self, on, hospital, rated):
        on(date(2026, 5, 4))
        help.score(rated, "85", 2026)
        unrated = factories.make_branch(hospital, owes_from=date(2030, 1, 1))
        help.mark(rated, MarkKind.INNOVATION, year=2026)
        assert roll_up(hospital_id=hospital.pk, today=date(2026, 5, 4)) == 2
        help.score(rated, "91", 2026)
        roll_up(hospital_id=hospital.pk, today=date(2026, 5, 5))
        rows = {(row.branch_id, row.month): (row.total, row.stars) for row in StarMonth.objects.all()}
        assert rows == {(rated.pk, date(2026, 5, 1)): (91, 5), (unrated.pk, date(2026, 5, 1)): (None, 0)}
        roll_up(hospital_id=hospital.pk, today=date(2026, 6, 1))
        assert StarMonth.objects.count() == 4

    def test_a_job_a_hospital_and_day(self, hospital, rated):
        assert queue_star_months() == queue_star_days() == 1
        assert queue_star_months() == 1
        assert Job.objects.filter(task__startswith="points.stars").count() == 2
        assert Job.objects.get(task="points.stars.tasks.roll_up_hospital").params["day"] == "2026-01-08"


class TestReminders:
    @pytest.fixture
    def since(self, on, rated, secretary):
        """The house has used this site since the year in question."""
        on(date(2025, 3, 1))
        factories.make_member(rated)
        return on

    def told(self, user):
        return list(Notice.objects.filter(recipient=user, topic="stars").order_by("pk").values_list("text", flat=True))

    def run(self, on, hospital, day):
        on(day)
        return remind(hospital_id=hospital.pk, today=timezone.localdate())

    def test_the_secretary_is_asked_when_it_begins_before_it_is_due_and_once_when_late(
        self, since, hospital, rated, secretary
    ):
        self.run(since, hospital, date(2026, 1, 2))
        assert self.told(secretary) == ["门诊党支部：提交2025年度星级自评，1月15日前"]
        assert Todo.objects.get(role=Role.BRANCH_SECRETARY, done_at=None).due == date(2026, 1, 15)
        for day in (2, 8, 8, 12, 14, 15, 16, 17):
            self.run(since, hospital, date(2026, 1, day))
        assert [text.partition("自评")[2] for text in self.told(secretary)] == [
            "，1月15日前", "，还有7天到期", "，还有3天到期", "，还有1天到期", "，今天到期", "已逾期，应于1月15日前办结",
        ]  # fmt: skip
        help.self_rate(rated, secretary)
        assert not Todo.objects.filter(role=Role.BRANCH_SECRETARY, done_at=None).exists()
        assert self.run(since, hospital, date(2026, 1, 19)) == 0

    def test_the_office_is_asked_to_review_and_then_to_approve(self, since, hospital, rated, secretary, office, leader):
        self.run(since, hospital, date(2026, 1, 2))
        assert self.told(office) == ["复核并公示2025年度支部星级，2月15日前"]
        help.self_rate(rated, secretary)
        help.review(rated, office)
        help.publicise(hospital, office)
        self.run(since, hospital, date(2026, 3, 24))
        assert self.told(office)[-1] == "审定2025年度支部星级，还有7天到期"
        assert Todo.objects.get(role=Role.PARTY_OFFICE, done_at=None).title == "审定2025年度支部星级"
        help.approve(hospital, leader)
        assert self.run(since, hospital, date(2026, 4, 1)) == 0

    def test_of_a_year_before_the_house_came_nobody_is_asked(self, on, hospital, rated, secretary):
        assert self.run(on, hospital, date(2026, 1, 5)) == 0
        assert not Todo.objects.exists()


def test_a_mark_of_a_displayed_year_waits_for_the_review(on, approved, office):
    with pytest.raises(ValidationError, match="2025年度星级已审定"):
        enter_mark(
            branch=approved, year=YEAR, kind=MarkKind.DEDUCTION, level=MarkLevel.FALSE_RECORD, stars=None,
            title="虚假记录", decided_by="党委办公室", document_no="江医〔2025〕1号", happened_on=date(2025, 5, 1),
            form_key=uuid.uuid4(), actor=office,
        )  # fmt: skip
