"""A quarter is displayed as it stands: frozen, told to everybody, without reasons, and again after it was opened."""

from datetime import date

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from activities.choices import AttendanceStatus, Kind, Period, PlanState
from branches.choices import Role, Topic
from branches.models import Appointment, AuditEntry, Notice, Todo
from members.models import Exemption
from points.choices import ClaimState, PeriodKind, PeriodState
from points.claims.deductions import post_due
from points.cycle.closing import close_months, lock_period, reopen_period
from points.cycle.publishing import Changed, may_publish, publish_quarter, why_not
from points.cycle.table import build, digest_of
from points.ledger.posting import post_source
from points.models import Claim, Entry, MemberYear, PeriodClose, Publication
from tests import factories

JULY, OCTOBER = date(2026, 7, 1), date(2026, 10, 1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(factories.at(date(2026, 10, 12), 9), tick=True):
        yield


def line(table, member):
    return next(row for row in table["rows"] if row["member"] == member.pk)


class TestTable:
    def test_it_sums_the_quarter_by_category_beside_the_year(self, branch, members, held):
        held(members[:2], day=date(2026, 8, 12))
        held(members[:1], day=date(2026, 9, 12), kinds=(Kind.PARTY_LECTURE,))
        held(members[:1], day=date(2026, 10, 2))
        first, second, third = (line(build(branch, JULY), one) for one in members)
        assert (first["ORG"], first["total"], second["total"], third["total"]) == ("1.25", "1.25", "0.75", "0.00")
        assert (first["year"], third["year"]) == ("61.25", "60.00")  # October is not in it
        assert [row["place"] for row in (first, second, third)] == [1, 2, 3]

    def test_equal_totals_share_a_place(self, branch, members, held):
        held(members, day=date(2026, 8, 12))
        assert [row["place"] for row in build(branch, JULY)["rows"]] == [1, 1, 1]

    def test_who_is_exempt_is_named_without_points_place_or_reason(self, branch, members, held, office):
        Exemption.objects.create(member=members[0], ground="ill", starts_on=JULY, approved_on=JULY, entered_by=office)
        held(members, day=date(2026, 8, 12))
        table = build(branch, JULY)
        row = line(table, members[0])
        assert table["rows"][-1] == row
        assert set(row) == {"member", "name", "group", "exempt", "place"}
        assert (row["exempt"], row["place"]) == (True, None)

    def test_the_roll_of_the_last_day_counts_with_points_from_wherever(self, branch, other_branch, held):
        mover = factories.make_member(branch)
        held([mover], day=date(2026, 7, 15))
        mover.events.create(
            kind="moved",
            branch=other_branch,
            from_branch=branch,
            member_type=mover.member_type,
            recorded_on=date(2026, 8, 1),
            effective_on=date(2026, 8, 1),
        )
        assert build(branch, JULY)["rows"] == []
        assert line(build(other_branch, JULY), mover)["total"] == "0.75"

    def test_a_deduction_costs_points_and_says_nothing_more(self, branch, members, held, close_quarter):
        record = held(members, day=date(2026, 8, 12))
        record.attendances.filter(member=members[0]).update(status=AttendanceStatus.UNEXCUSED)
        record.revision += 1
        record.save()
        post_source(source_kind="activity", source_id=record.pk, revision=record.revision, actor=None)
        assert line(build(branch, JULY), members[0])["DED"] == "0.00"
        close_quarter(branch)
        table = build(branch, JULY)
        assert line(table, members[0])["DED"] == "-2.00"
        assert table["late"] == []
        assert "缺席" not in str(table)

    def test_what_was_booked_after_its_month_closed_is_listed_once(self, branch, members, held, publish, office):
        publish(branch)
        held(members[:1], day=date(2026, 8, 20))
        assert [row["item"] for row in build(branch, OCTOBER)["late"]] == ["A02 参加主题党日"]
        with time_machine.travel(factories.at(date(2027, 1, 11), 9), tick=True):
            publish(branch, OCTOBER, on=date(2027, 1, 11))
            assert build(branch, date(2027, 1, 1))["late"] == []

    @pytest.mark.parametrize("people", [1, 20])
    def test_it_costs_the_same_for_one_and_for_twenty(self, branch, held, people, django_assert_max_num_queries):
        held([factories.make_member(branch) for _ in range(people)], day=date(2026, 8, 12))
        with django_assert_max_num_queries(11):
            build(branch, JULY)


class TestPublishing:
    def test_it_is_frozen_with_its_windows_and_told_to_everybody(self, branch, members, held, publish, owed, secretary):
        item = owed(Kind.POINTS_PUBLICATION, period=Period.QUARTER, start=JULY, end=date(2026, 9, 30))
        held(members, day=date(2026, 8, 12))
        made = publish(branch)
        assert (made.number, made.digest) == (1, digest_of(made.table))
        assert (made.objections_until, made.answers_until, made.appeals_until) == (
            date(2026, 10, 19),
            date(2026, 10, 28),
            date(2026, 11, 11),
        )
        row = PeriodClose.objects.get(kind=PeriodKind.QUARTER)
        assert row.state == PeriodState.PUBLISHED
        item.refresh_from_db()
        assert item.state == PlanState.CONFIRMED
        told = Notice.objects.filter(topic=Topic.POINTS, item_key=f"publication:{made.pk}")
        assert set(told.values_list("recipient", flat=True)) == {secretary.pk, *(one.user_id for one in members)}
        assert AuditEntry.objects.filter(action="points.published").count() == 1

    def test_a_published_copy_never_changes(self, branch, members, publish, held):
        made = publish(branch)
        before = made.digest
        held(members, day=date(2026, 8, 12))
        made.refresh_from_db()
        assert digest_of(made.table) == before
        with pytest.raises(DatabaseError), transaction.atomic():
            Publication.objects.filter(pk=made.pk).update(number=9)

    def test_months_must_be_closed_and_the_quarter_over(self, branch, members, close_quarter):
        assert "还有3个月没有关账" in why_not(branch, JULY, date(2026, 10, 12))
        assert "还没有结束" in why_not(branch, JULY, date(2026, 9, 30))
        close_quarter(branch)
        assert why_not(branch, JULY, date(2026, 10, 1)) == ""

    def test_figures_that_moved_meanwhile_are_looked_at_again(self, branch, members, held, close_quarter, office):
        close_quarter(branch)
        seen = digest_of(build(branch, JULY))
        held(members, day=date(2026, 8, 12))
        with pytest.raises(Changed, match="有变化"):
            publish_quarter(branch=branch, quarter=JULY, digest=seen, actor=office, today=date(2026, 10, 12))
        assert not Publication.objects.exists()

    def test_twice_is_refused_and_again_after_opening_is_number_two(self, branch, members, publish, office, secretary):
        publish(branch)
        with pytest.raises(ValidationError, match="已经晾晒"):
            publish(branch)
        lock_period(branch=branch, kind=PeriodKind.QUARTER, start=JULY, actor=office, today=date(2026, 11, 22))
        with pytest.raises(ValidationError, match="已锁定"):
            publish(branch)
        reopen_period(branch=branch, kind=PeriodKind.QUARTER, start=JULY, reason="补录党课记录", actor=office)
        assert Todo.objects.filter(role=Role.BRANCH_SECRETARY, branch=branch, done_at=None).count() == 1
        again = publish(branch, on=date(2026, 11, 23))
        assert (again.number, Publication.objects.count()) == (2, 2)
        assert not Todo.objects.filter(branch=branch, done_at=None).exists()

    def test_the_office_publishes_only_where_there_is_no_secretary(self, branch, office, secretary, organiser):
        assert [may_publish(one, branch) for one in (secretary, office, organiser)] == [True, False, False]
        Appointment.objects.filter(role=Role.BRANCH_SECRETARY).update(ends_on=date(2026, 10, 1))
        assert may_publish(office, branch)


class TestClosing:
    def test_it_posts_what_is_due_and_changes_no_other_number(self, branch, members, held, office):
        record = held(members, day=date(2026, 8, 12))
        record.attendances.filter(member=members[0]).update(status=AttendanceStatus.UNEXCUSED)
        record.revision += 1
        record.save()
        post_source(source_kind="activity", source_id=record.pk, revision=record.revision, actor=None)
        others = list(MemberYear.objects.exclude(member=members[0]).order_by("pk").values())
        close_months(branches=[branch], month=date(2026, 8, 1), actor=office, today=date(2026, 10, 12))
        assert Claim.objects.get().state == ClaimState.ACCEPTED
        assert MemberYear.objects.get(member=members[0]).deductions == 2
        assert list(MemberYear.objects.exclude(member=members[0]).order_by("pk").values()) == others
        n = Entry.objects.count()
        assert close_months(branches=[branch], month=date(2026, 8, 1), actor=office, today=date(2026, 9, 7)) == 0
        assert Entry.objects.count() == n

    def test_who_hears_of_a_deduction_after_closing_has_three_working_days(self, branch, members, held, office):
        close_months(branches=[branch], month=date(2026, 8, 1), actor=office, today=date(2026, 9, 7))
        record = held(members, day=date(2026, 8, 12))
        record.attendances.filter(member=members[0]).update(status=AttendanceStatus.UNEXCUSED)
        record.revision += 1
        record.save()
        post_source(source_kind="activity", source_id=record.pk, revision=record.revision, actor=None)
        assert Claim.objects.get().postable_from == date(2026, 10, 15)
        assert post_due(branch_ids=[branch.pk], today=date(2026, 10, 14), actor=None) == 0
        assert post_due(branch_ids=[branch.pk], today=date(2026, 10, 15), actor=None) == 1

    def test_december_tells_who_studied_too_little_before_it_costs_anything(self, branch, members, office):
        with time_machine.travel(factories.at(date(2027, 1, 5), 9), tick=True):
            close_months(branches=[branch], month=date(2026, 12, 1), actor=office, today=date(2027, 1, 5))
            claims = Claim.objects.filter(rule_code="G11")
            assert claims.count() == Claim.objects.count() == 3
            assert set(claims.values_list("state", "postable_from")) == {("announced", date(2027, 1, 8))}
            assert Notice.objects.filter(item_key__startswith="claim:").count() == 3
            assert not Entry.objects.exists()

    def test_a_branch_closes_the_months_of_its_life(self, hospital, office):
        short = factories.make_branch(hospital, founded_on=date(2026, 3, 10), dissolved_on=date(2026, 5, 15))
        months = [date(2026, month, 1) for month in range(2, 7)]
        found = [close_months(branches=[short], month=one, actor=office, today=date(2026, 7, 6)) for one in months]
        assert found == [0, 1, 1, 1, 0]
        for quarter in (date(2026, 1, 1), date(2026, 4, 1)):
            lock_period(branch=short, kind=PeriodKind.QUARTER, start=quarter, actor=office, today=date(2026, 7, 6))
