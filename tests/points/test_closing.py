"""Months are closed, quarters and years locked, and only who may opens them again."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.choices import ActivityState, Period
from activities.plan.periods import span_of
from activities.records.reviewing import correct_activity
from activities.services import confirm_activity, submit_activity
from branches.choices import Role
from branches.models import AuditEntry
from members.closing import MonthState, has_closed_month, month_state
from points.choices import ClaimState, PeriodKind, PeriodState
from points.cycle.closing import close_months, lock_period, nobody_to_publish, reopen_period
from points.cycle.timetable import year_of
from points.models import PeriodClose
from tests import factories

TODAY = date(2026, 11, 22)
SURE = {"confirmed": "1"}
JULY, OCTOBER, NOVEMBER = date(2026, 7, 1), date(2026, 10, 1), date(2026, 11, 1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def close(branch, office):
    def _close(*months: date) -> int:
        return sum(close_months(branches=[branch], month=month, actor=office, today=TODAY) for month in months)

    return _close


@pytest.fixture
def locked(branch, office, close, publish):
    close(JULY, date(2026, 8, 1), date(2026, 9, 1))
    if not nobody_to_publish(branch, span_of(Period.QUARTER, JULY)):
        publish(branch, JULY)
    return lock_period(branch=branch, kind=PeriodKind.QUARTER, start=JULY, actor=office, today=TODAY)


class TestMonth:
    def test_a_month_that_has_ended_is_closed_once_and_changes_no_more(self, branch, close):
        assert [close(OCTOBER), close(OCTOBER)] == [1, 0]
        assert month_state(branch, date(2026, 10, 31)) == MonthState.CLOSED
        assert month_state(branch, NOVEMBER) == MonthState.OPEN
        assert AuditEntry.objects.filter(action="period.closed").count() == 1

    def test_one_branch_and_many_are_closed_by_the_same_statements(self, branch, hospital, office, close):
        branches = [factories.make_branch(hospital) for _ in range(12)]
        close(OCTOBER)  # what is asked once a process has been asked
        counts = []
        for some in (branches[:1], [branch, *branches]):
            with CaptureQueriesContext(connection) as captured:
                closed = close_months(branches=some, month=OCTOBER, actor=office, today=TODAY)
            counts.append((closed, len(captured)))
        assert [closed for closed, _ in counts] == [1, 11]  # two were closed already, and stay as they are
        assert counts[0][1] == counts[1][1]
        lines = AuditEntry.objects.filter(action="period.closed")
        assert {(line.branch_id, line.target_id) for line in lines} == set(
            PeriodClose.objects.values_list("branch", "pk")
        )
        assert {line.changes["period"][1] for line in lines} == {"2026年10月"}

    @pytest.mark.parametrize(("today", "fine"), [(date(2026, 10, 31), False), (NOVEMBER, True)])
    def test_its_last_day_must_be_over(self, branch, office, today, fine):
        if fine:
            assert close_months(branches=[branch], month=OCTOBER, actor=office, today=today) == 1
        else:
            with pytest.raises(ValidationError, match="还没有结束"):
                close_months(branches=[branch], month=OCTOBER, actor=office, today=today)

    def test_the_hospital_has_closed_a_month_from_the_first_branch_on(self, branch, close):
        assert not has_closed_month(branch.hospital)
        close(OCTOBER)
        assert has_closed_month(branch.hospital)


class TestQuarter:
    def test_it_is_locked_when_its_three_months_are_closed(self, branch, office, close):
        close(JULY, date(2026, 8, 1))
        with pytest.raises(ValidationError, match="还有1个月没有关账"):
            lock_period(branch=branch, kind=PeriodKind.QUARTER, start=JULY, actor=office, today=TODAY)
        close(date(2026, 9, 1))
        lock_period(branch=branch, kind=PeriodKind.QUARTER, start=JULY, actor=office, today=TODAY)
        assert month_state(branch, date(2026, 9, 30)) == MonthState.QUARTER_LOCKED
        assert month_state(branch, OCTOBER) == MonthState.OPEN

    def test_it_is_opened_again_with_a_reason_only(self, branch, office, locked):
        with pytest.raises(ValidationError, match="原因"):
            reopen_period(branch=branch, kind=PeriodKind.QUARTER, start=JULY, reason="补录", actor=office)
        reopen_period(branch=branch, kind=PeriodKind.QUARTER, start=JULY, reason="补录党课记录", actor=office)
        assert month_state(branch, JULY) == MonthState.CLOSED
        locked.refresh_from_db()
        assert (locked.state, locked.reason) == (PeriodState.OPEN, "补录党课记录")

    def test_what_is_not_locked_is_not_opened(self, branch, office):
        with pytest.raises(ValidationError, match="没有锁定"):
            reopen_period(branch=branch, kind=PeriodKind.QUARTER, start=JULY, reason="补录党课记录", actor=office)


class TestYear:
    @pytest.fixture
    def year(self, branch, office):
        today = date(2027, 2, 28)
        for month in range(1, 13):
            close_months(branches=[branch], month=date(2026, month, 1), actor=office, today=today)
        for month in (1, 4, 7, 10):
            lock_period(branch=branch, kind=PeriodKind.QUARTER, start=date(2026, month, 1), actor=office, today=today)
        return lock_period(branch=branch, kind=PeriodKind.YEAR, start=date(2026, 1, 1), actor=office, today=today)

    def test_its_quarters_wait_for_the_year(self, branch, office, year):
        assert month_state(branch, JULY) == MonthState.YEAR_LOCKED
        with pytest.raises(ValidationError, match="党委书记先重新开放年度"):
            reopen_period(branch=branch, kind=PeriodKind.QUARTER, start=JULY, reason="补录党课记录", actor=office)
        reopen_period(branch=branch, kind=PeriodKind.YEAR, start=date(2026, 1, 1), reason="年度复核", actor=office)
        assert month_state(branch, JULY) == MonthState.QUARTER_LOCKED

    def test_a_branch_owes_only_the_months_of_its_life(self, office, hospital):
        young = factories.make_branch(hospital, founded_on=date(2026, 9, 10))
        close_months(branches=[young], month=date(2026, 9, 1), actor=office, today=TODAY)
        lock_period(branch=young, kind=PeriodKind.QUARTER, start=JULY, actor=office, today=TODAY)
        assert [one.label for one in year_of(young, 2026, TODAY)][:2] == ["9月", "第三季度"]


class TestRecords:
    @pytest.fixture
    def record(self, branch, secretary):
        people = [factories.make_member(branch) for _ in range(3)]
        return factories.make_activity(
            branch,
            day=date(2026, 8, 12),
            state=ActivityState.SUBMITTED,
            members=people,
            recorder=secretary,
            chair=secretary,
        )

    def test_a_record_of_a_locked_quarter_waits_until_it_is_opened_again(
        self, branch, office, organiser, record, locked
    ):
        with pytest.raises(ValidationError, match="第三季度已锁定"):
            confirm_activity(activity=record, actor=organiser)
        reopen_period(branch=branch, kind=PeriodKind.QUARTER, start=JULY, reason="补录党课记录", actor=office)
        assert confirm_activity(activity=record, actor=organiser).state == ActivityState.CONFIRMED

    def test_a_closed_month_still_takes_what_was_forgotten(self, close, organiser, record):
        close(date(2026, 8, 1))
        assert confirm_activity(activity=record, actor=organiser).state == ActivityState.CONFIRMED

    def test_nothing_is_corrected_or_handed_in_while_the_quarter_is_locked(
        self, branch, secretary, organiser, record, locked
    ):
        record.state = ActivityState.CONFIRMED
        record.save(update_fields=["state"])
        someone = record.attendances.first().member_id
        with pytest.raises(ValidationError, match="已锁定"):
            correct_activity(activity=record, people={someone: None}, reason="核对签到表", actor=organiser)
        record.state = ActivityState.RETURNED
        record.save(update_fields=["state"])
        with pytest.raises(ValidationError, match="已锁定"):
            submit_activity(activity=record, actor=secretary)


class TestPages:
    def test_the_secretary_closes_a_month_but_locks_no_quarter(self, client, branch, secretary):
        client.force_login(secretary)
        change = reverse("points:period_change", args=[branch.pk])
        assert client.post(change, SURE | {"act": "close", "kind": "month", "start": "2026-07-01"}).status_code == 302
        assert PeriodClose.objects.get().state == PeriodState.CLOSED
        page = client.get(reverse("points:period_detail", args=[branch.pk]))
        assert "已关账" in page.text
        assert 'value="lock"' not in page.text
        assert client.post(change, {"act": "lock", "kind": "quarter", "start": "2026-07-01"}).status_code == 403

    def test_closing_first_says_what_of_the_month_is_not_settled(
        self, as_user, branch, secretary, organiser, members, claimed
    ):
        day = date(2026, 8, 12)
        record = factories.make_activity(branch, day=day, state=ActivityState.SUBMITTED, recorder=secretary)
        claimed(members[0], state=ClaimState.DECLARED, day=date(2026, 8, 3), declared_at=factories.at(TODAY, 9))
        claimed(members[0], "D03", "-1", ClaimState.ANNOUNCED, day=date(2026, 8, 4))
        change = reverse("points:period_change", args=[branch.pk])
        asked = {"act": "close", "kind": "month", "start": "2026-08-01"}
        page = as_user(secretary).post(change, asked)
        assert page.status_code == 200
        assert not PeriodClose.objects.exists()
        assert reverse("activities:activity_detail", args=[record.pk]) in page.text
        found = page.context["pending"]
        assert (found.branches, found.n_records, found.claims, found.deductions) == (1, 1, 1, 1)
        assert found.records[0].who == organiser.name
        assert "仍要关账" in page.text
        assert "标注补记" in page.text
        assert as_user(secretary).post(change, asked | SURE).status_code == 302
        assert PeriodClose.objects.get().state == PeriodState.CLOSED

    @pytest.mark.parametrize("n", [1, 20])
    def test_one_record_and_twenty_cost_the_same_to_ask(
        self, as_user, hospital, office, n, django_assert_max_num_queries
    ):
        for _ in range(n):
            node = factories.make_branch(hospital)
            factories.make_activity(node, day=date(2026, 10, 9), state=ActivityState.SUBMITTED)
        client = as_user(office)
        with django_assert_max_num_queries(20):
            page = client.post(reverse("points:period_close_all"), {"start": "2026-10-01"})
        assert page.context["pending"].n_records == n

    def test_only_the_secretary_of_the_committee_opens_a_year_again(self, client, branch, office, hospital):
        leader = factories.UserFactory()
        factories.appoint(leader, hospital, Role.PARTY_COMMITTEE_SECRETARY)
        PeriodClose.objects.create(
            branch=branch, kind=PeriodKind.YEAR, start=date(2025, 1, 1), state=PeriodState.LOCKED
        )
        data = {"act": "reopen", "kind": "year", "start": "2025-01-01", "reason": "年度复核更正"}
        change = reverse("points:period_change", args=[branch.pk])
        client.force_login(office)
        assert client.post(change, data).status_code == 403
        client.force_login(leader)
        assert client.post(change, data | {"reason": ""}).status_code == 422
        assert client.post(change, data).status_code == 302
        assert PeriodClose.objects.get().state == PeriodState.OPEN

    def test_the_office_closes_a_month_for_every_branch(self, client, branch, office, hospital):
        factories.make_branch(hospital)
        client.force_login(office)
        client.post(reverse("points:period_close_all"), SURE | {"start": "2026-10-01"})
        assert PeriodClose.objects.filter(state=PeriodState.CLOSED).count() == 2

    def test_nonsense_is_answered_in_words(self, client, branch, secretary):
        client.force_login(secretary)
        change = reverse("points:period_change", args=[branch.pk])
        answer = client.post(change, {"act": "close", "kind": "week", "start": "2026-99-01"})
        assert answer.status_code == 422
        assert "没有看懂" in answer.text
