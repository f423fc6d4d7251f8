"""The ledger: each deed once, corrections beside it, sums that follow."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities.choices import ActivityState, AttendanceStatus, Kind
from activities.models import Activity, Attendance
from activities.signals import activity_confirmed, activity_corrected, activity_reopened
from branches.choices import BranchLevel
from branches.models import User
from members.models import Member
from points.ledger.check import differences
from points.ledger.posting import post_many, post_source
from points.ledger.rebuilding import rebuild_rollups
from points.models import Entry, MemberItem, MemberYear, PointsMonth, RuleItem, RuleVersion
from tests import factories

pytestmark = pytest.mark.django_db


def totals(member: Member, year: int = 2026) -> Decimal:
    return MemberYear.objects.get(member=member, year=year).total


def post(activity: Activity) -> None:
    post_source(source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=activity.recorder)


def correct(activity: Activity) -> None:
    activity.revision += 1
    activity.save()
    post(activity)


# --- what a record is worth ---


def test_everyone_present_gets_the_item_of_the_kind_and_nobody_else(branch, groups, members, held):
    present, absent = members[:2], members[2]
    held(members, absent=(absent,))
    assert set(Entry.objects.values_list("member", "rule_code", "points")) == {
        (member.pk, "A02", Decimal("0.50")) for member in present
    }


def test_an_entry_says_when_where_and_why(branch, groups, members, held):
    activity = held(members[:1], topic="守护生命", day=date(2026, 10, 28))
    entry = Entry.objects.get()
    assert (entry.month, entry.happened_on, entry.branch) == (date(2026, 10, 1), date(2026, 10, 28), branch)
    assert entry.reason == "参加主题党日：守护生命"
    assert (entry.source_kind, entry.source_id, entry.source_revision) == ("activity", activity.pk, 1)
    assert entry.rule.code == "A02"


def test_a_theme_day_with_a_lecture_counts_for_both(groups, members, held):
    held(members[:1], kinds=(Kind.THEME_DAY, Kind.PARTY_LECTURE))
    assert list(Entry.objects.order_by("rule_code").values_list("rule_code", flat=True)) == ["A02", "A03"]


def test_a_branch_without_groups_gets_more_for_the_theme_day_and_nothing_for_group_meetings(branch, members, held):
    held(members[:1])
    held(members[:1], kinds=(Kind.GROUP_MEETING,))
    assert list(Entry.objects.values_list("rule_code", "points")) == [("A02", Decimal("0.75"))]


def test_groups_founded_after_the_day_do_not_count(branch, members, held):
    factories.make_branch(branch, level=BranchLevel.GROUP, founded_on=date(2026, 11, 20))
    held(members[:1], day=date(2026, 11, 11))
    held(members[:1], day=date(2026, 11, 21))
    assert list(Entry.objects.order_by("happened_on").values_list("points", flat=True)) == [
        Decimal("0.75"),
        Decimal("0.50"),
    ]


def test_the_lecturer_gets_the_lecture_and_the_lecturing(groups, members, held):
    held(members[:2], kinds=(Kind.PARTY_LECTURE,), lecturer=members[0].user)
    assert sorted(Entry.objects.filter(member=members[0]).values_list("rule_code", flat=True)) == ["A03", "A07"]
    assert list(Entry.objects.filter(member=members[1]).values_list("rule_code", flat=True)) == ["A03"]


def test_a_made_up_absence_is_worth_the_same(groups, members, held):
    activity = held(members[:2], absent=(members[1],))
    Attendance.objects.filter(activity=activity, member=members[1]).update(made_up_on=date(2026, 11, 18))
    correct(activity)
    assert totals(members[0]) == totals(members[1]) == Decimal("60.50")
    assert Entry.objects.get(member=members[1]).reason.startswith("补课主题党日：")


def test_a_guest_from_another_branch_is_booked_with_the_home_branch(other_branch, groups, held):
    guest = factories.make_member(other_branch)
    held([guest])
    assert Entry.objects.get().branch == other_branch
    assert list(PointsMonth.objects.values_list("branch", "plus")) == [(other_branch.pk, Decimal("0.75"))]


def test_an_unconfirmed_record_is_worth_nothing(branch, members):
    activity = factories.make_activity(branch, state=ActivityState.SUBMITTED, members=members)
    post(activity)
    assert not Entry.objects.exists()


def test_a_deed_before_the_first_edition_of_the_rules_is_worth_nothing(members, held):
    held(members, day=date(2019, 12, 31))
    assert not Entry.objects.exists()


def test_the_edition_in_force_on_the_day_decides(groups, members, held):
    newer = RuleVersion.objects.create(name="新版", valid_from=date(2026, 7, 1), published_at=timezone.now())
    for item in RuleItem.objects.filter(version__valid_from=date(2020, 1, 1)):
        item.pk, item.version, item.points = None, newer, item.points * 2
        item.save()
    held(members[:1], day=date(2026, 6, 30))
    held(members[:1], day=date(2026, 7, 1))
    assert list(Entry.objects.order_by("happened_on").values_list("points", flat=True)) == [
        Decimal("0.50"),
        Decimal("1.00"),
    ]


# --- exactly once ---


def test_the_signal_twice_changes_nothing(groups, members, held):
    activity = held(members)
    for signal in (activity_confirmed, activity_corrected):
        signal.send(Activity, source_kind="activity", source_id=activity.pk, revision=1, actor=activity.recorder)
    assert Entry.objects.count() == 3
    assert PointsMonth.objects.get().n == 3


def test_the_database_refuses_a_second_award_for_the_same_deed(groups, members, held):
    held(members[:1])
    entry = Entry.objects.get()
    entry.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        entry.save(force_insert=True)


def test_the_database_refuses_a_second_reversal(groups, members, held):
    activity = held(members[:1])
    Attendance.objects.update(status=AttendanceStatus.UNEXCUSED)
    correct(activity)
    reversal = Entry.objects.get(reversal_of__isnull=False)
    reversal.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        reversal.save(force_insert=True)


def test_an_entry_is_never_changed_or_deleted(groups, members, held):
    held(members[:1])
    with pytest.raises(DatabaseError), transaction.atomic():
        Entry.objects.update(points=5)
    with pytest.raises(DatabaseError), transaction.atomic():
        Entry.objects.all().delete()


def test_a_receiver_that_fails_undoes_the_confirmation(branch, members, monkeypatch):
    activity = factories.make_activity(branch, state=ActivityState.SUBMITTED, members=members)

    def broken(rows):
        raise RuntimeError

    @transaction.atomic
    def confirm():
        Activity.objects.filter(pk=activity.pk).update(state=ActivityState.CONFIRMED, revision=1)
        activity_confirmed.send(Activity, source_kind="activity", source_id=activity.pk, revision=1, actor=None)

    monkeypatch.setattr("points.ledger.posting.add_to_months", broken)
    with pytest.raises(RuntimeError):
        confirm()
    activity.refresh_from_db()
    assert activity.state == ActivityState.SUBMITTED
    assert not Entry.objects.exists()
    assert not MemberYear.objects.exists()


# --- corrections ---


def test_a_correction_reverses_what_changed_and_leaves_the_rest(groups, members, held):
    activity = held(members[:2])
    Attendance.objects.filter(member=members[1]).update(status=AttendanceStatus.UNEXCUSED)
    correct(activity)
    assert Entry.objects.filter(member=members[0]).count() == 1
    first, back = Entry.objects.filter(member=members[1]).order_by("pk")
    assert (back.points, back.reversal_of, back.month) == (Decimal("-0.50"), first, first.month)
    assert back.reason == f"更正：{first.reason}"
    assert totals(members[0]) == Decimal("60.50")
    assert totals(members[1]) == Decimal("60.00")
    assert MemberItem.objects.get(member=members[1]).n == 0
    month = PointsMonth.objects.get()
    assert (month.plus, month.minus, month.n) == (Decimal("0.50"), 0, 1)


def test_a_correction_back_awards_anew(groups, members, held):
    activity = held(members[:1])
    for status in (AttendanceStatus.UNEXCUSED, AttendanceStatus.PRESENT):
        Attendance.objects.update(status=status)
        correct(activity)
    assert list(Entry.objects.order_by("pk").values_list("points", "source_revision")) == [
        (Decimal("0.50"), 1),
        (Decimal("-0.50"), 2),
        (Decimal("0.50"), 3),
    ]
    assert totals(members[0]) == Decimal("60.50")


def test_a_record_moved_to_another_year_moves_its_points(groups, members, held):
    activity = held(members[:1], day=date(2026, 1, 5))
    activity.starts_at, activity.ends_at = factories.at(date(2025, 12, 30)), None
    correct(activity)
    assert totals(members[0], 2025) == Decimal("60.50")
    assert totals(members[0], 2026) == Decimal("60.00")
    assert list(differences()) == []


def test_a_reopened_record_is_worth_nothing_until_confirmed_again(groups, members, held):
    activity = held(members[:1])
    Activity.objects.update(state=ActivityState.SUBMITTED)
    activity_reopened.send(Activity, source_kind="activity", source_id=activity.pk, revision=1, actor=None)
    assert totals(members[0]) == Decimal("60.00")
    Activity.objects.update(state=ActivityState.CONFIRMED, revision=2)
    activity_confirmed.send(Activity, source_kind="activity", source_id=activity.pk, revision=2, actor=None)
    assert totals(members[0]) == Decimal("60.50")


# --- sums ---


def test_the_year_stops_at_the_cap_of_the_item(branch, members, held):
    for month in range(1, 13):
        for day in (3, 17):
            held(members[:1], day=date(2025, month, day))
    year = MemberYear.objects.get(year=2025)
    assert MemberItem.objects.get(year=2025).points == Decimal("18.00")
    assert (year.organisational, year.total) == (Decimal("9.00"), Decimal("69.00"))


def test_a_part_year_is_scaled_to_a_full_one(branch, groups, held):
    newcomer = factories.make_member(branch, since=date(2025, 6, 10))
    for month in (6, 7, 8, 9, 10):
        held([newcomer], day=date(2025, month, 15))
    assert totals(newcomer, 2025) == Decimal("64.29")  # 2.5 × 12 / 7


def test_somebody_still_on_the_roll_is_counted_to_the_end_of_the_running_year(branch, groups, members, held):
    held(members[:1], day=date(2026, 1, 15))
    assert totals(members[0]) == Decimal("60.50")


def test_a_rebuild_gives_the_same_rows(groups, members, held):
    activity = held(members)
    Attendance.objects.filter(member=members[0]).update(status=AttendanceStatus.UNEXCUSED)
    correct(activity)

    def rows():
        return (
            sorted(MemberItem.objects.values_list("member", "year", "rule_code", "points", "n")),
            sorted(MemberYear.objects.values_list("member", "year", "branch", "organisational", "total")),
            sorted(PointsMonth.objects.values_list("branch", "month", "plus", "minus", "n")),
        )

    before = rows()
    rebuild_rollups(2026)
    assert rows() == before


def test_a_rebuild_gives_everyone_on_the_roll_a_row(members, held):
    held(members[:1])
    rebuild_rollups(2026)
    assert MemberYear.objects.filter(year=2026).count() == 3


def test_many_at_once_is_the_same_as_one_by_one(branch, groups, members):
    activities = [
        factories.make_activity(
            branch,
            day=date(2026, month, 11),
            state=ActivityState.CONFIRMED,
            members=members,
            revision=1,
            confirmed_at=factories.at(date(2026, month, 12)),
        )
        for month in (9, 10)
    ]
    post_many(source_kind="activity", source_ids=[a.pk for a in activities], actor=None)
    assert Entry.objects.count() == 6
    assert set(Entry.objects.values_list("booked_in", flat=True)) == {date(2026, 9, 1), date(2026, 10, 1)}
    post_many(source_kind="activity", source_ids=[a.pk for a in activities], actor=None)
    assert Entry.objects.count() == 6
    assert list(differences()) == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 1), st.lists(st.booleans(), min_size=3, max_size=3)), min_size=1, max_size=5))
def test_whatever_is_corrected_the_sums_follow_the_ledger(branch, members, steps):
    with transaction.atomic():
        records = [
            factories.make_activity(branch, kinds=kinds, state=ActivityState.CONFIRMED, members=members)
            for kinds in ((Kind.THEME_DAY,), (Kind.GENERAL_MEETING, Kind.PARTY_LECTURE))
        ]
        for which, present in steps:
            for member, there in zip(members, present, strict=True):
                status = AttendanceStatus.PRESENT if there else AttendanceStatus.UNEXCUSED
                Attendance.objects.filter(activity=records[which], member=member).update(status=status)
            correct(records[which])
        posted = {records[which].pk for which, _ in steps}
        found = [line for line in differences() if int(line.split()[1]) in posted or not line.startswith("activity")]
        assert found == []
        transaction.set_rollback(True)


# --- cost ---


@pytest.mark.parametrize("people", [1, 40])
def test_posting_takes_ten_statements_whatever_the_number_of_people(branch, groups, people):
    activity = factories.make_activity(
        branch,
        kinds=(Kind.THEME_DAY, Kind.PARTY_LECTURE),
        state=ActivityState.CONFIRMED,
        members=[factories.make_member(branch) for _ in range(people)],
        revision=1,
    )
    actor = User.objects.get(pk=activity.recorder_id)
    with CaptureQueriesContext(connection) as queries:
        post_source(source_kind="activity", source_id=activity.pk, revision=1, actor=actor, is_first=True)
    statements = [query["sql"].split("VALUES")[0][:200] for query in queries]
    batched = [
        one for one, before in zip(statements, ["", *statements], strict=False) if one != before
    ]  # SQLite batches
    assert len(batched) <= 10, "\n".join(batched)
