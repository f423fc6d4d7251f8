"""The proof of the ledger: nothing to say of a true one, one line for each difference, an alarm each night."""

from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.choices import AttendanceStatus, Kind
from activities.models import ActivityMonth, Attendance, StudyHours
from activities.plan.rollups import rebuild_activity_months
from branches.choices import BranchLevel, Role
from branches.models import AuditEntry, Job, JobState, Notice
from branches.services import dissolve_branch, found_branch
from members.models import MembershipEvent, RollMonth
from members.roll_months import recount_roll_months
from points.ledger import check, reading, sources_check
from points.ledger.check import differences
from points.ledger.posting import post_many
from points.ledger.rebuilding import rebuild_rollups
from points.models import Entry, LedgerCheck, MemberItem, MemberYear, PointsMonth
from points.tasks import queue_ledger_check
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]


def verify(*args: str) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("verify_ledger", *args, stdout=out)
    except SystemExit as stop:
        return out.getvalue(), int(stop.code)
    return out.getvalue(), 0


@pytest.fixture
def counted(branch, groups, members, held):
    """Three members at one theme day, and every sum of it, those of the rooms below as well."""
    activity = held(members)
    rebuild_activity_months(branches=[branch], year=2026)
    recount_roll_months(branches=[branch], from_month=date(2026, 1, 1))
    return activity


def test_a_true_ledger_gives_one_line(counted):
    assert verify() == ("3 entries, 0 differences\n", 0)
    assert verify("--year", "2025") == ("0 entries, 0 differences\n", 0)


BREAKS = {
    "item": lambda: MemberItem.objects.filter(pk=MemberItem.objects.first().pk).update(points=9),
    "item missing": lambda: MemberItem.objects.filter(pk=MemberItem.objects.first().pk).delete(),
    "year": lambda: MemberYear.objects.filter(pk=MemberYear.objects.first().pk).update(total=99),
    "year missing": lambda: MemberYear.objects.filter(pk=MemberYear.objects.first().pk).delete(),
    "month": lambda: PointsMonth.objects.update(minus=1),
    "month missing": lambda: PointsMonth.objects.all().delete(),
    "month of nothing": lambda: PointsMonth.objects.create(
        branch_id=PointsMonth.objects.get().branch_id, month="2026-01-01"
    ),
    "activities": lambda: ActivityMonth.objects.update(present=1),
    "activities missing": lambda: ActivityMonth.objects.all().delete(),
    "heads": lambda: RollMonth.objects.filter(month="2026-11-01").update(full=1),
    "heads missing": lambda: RollMonth.objects.filter(month="2026-11-01").delete(),
}


@pytest.mark.parametrize("what", BREAKS)
def test_every_sum_that_is_wrong_is_a_line_and_the_command_fails(counted, what):
    BREAKS[what]()
    out, code = verify("--year", "2026")
    assert code == 1
    assert out.endswith("3 entries, 1 differences\n")
    assert len(out.splitlines()) == 2


def test_a_record_that_changed_behind_the_ledger_is_found(counted, members):
    Attendance.objects.filter(member=members[0]).update(status=AttendanceStatus.UNEXCUSED)
    found = [line.split(":")[0] for line in differences()]
    mine = f"activity {counted.pk} {members[0].pk}"
    assert found == [f"{mine} A02", f"{mine} G01"]  # the award that is not due, and the deduction that is


def test_lines_name_nobody(counted, members):
    MemberYear.objects.all().delete()
    out, _ = verify()
    assert out.count("MemberYear 2026") == 3
    assert not [member for member in members if member.user.name in out]


def test_reading_in_small_steps_finds_the_same(counted, branch, held, members, monkeypatch):
    for day in (1, 2, 3, 4):
        held(members, day=date(2026, 10, day))
    MemberYear.objects.filter(member=members[2]).update(total=1)
    Attendance.objects.filter(member=members[0], activity=counted).update(status=AttendanceStatus.UNEXCUSED)
    at_once = list(differences())
    for module in (reading, sources_check):
        monkeypatch.setattr(module, "BATCH", 1)
    monkeypatch.setattr(reading, "CHUNK", 1)
    assert list(differences()) == at_once
    assert len(at_once) == 3


def test_each_unit_of_study_is_compared_once_however_the_steps_fall(branch, members, monkeypatch):
    for member in members:
        for day in (1, 2, 3):
            StudyHours.objects.create(
                member=member, branch=branch, studied_on=date(2026, 3, day), hours=Decimal(8), title="学习",
                entered_by=member.user,
            )  # fmt: skip
    ids = [member.pk * 1_000_000 + 2026 * 100 for member in members]
    post_many(source_kind="study", source_ids=ids, actor=None)
    assert Entry.objects.count() == 9
    StudyHours.objects.filter(member=members[0]).delete()
    for size in (1, 2, 3, 100):
        monkeypatch.setattr(sources_check, "BATCH", size)
        assert len(list(differences())) == 3


# --- facts no entry tells of ---


def test_groups_founded_or_dissolved_leave_no_drift(branch, members, held, office):
    for day in range(1, 13):
        held(members, day=date(2026, 10, day))
    assert MemberYear.objects.first().total == Decimal("69.00")  # 12 × 0.75
    group = found_branch(
        parent=branch, name="第一党小组", level=BranchLevel.GROUP, founded_on=date(2026, 11, 1), actor=office
    )
    assert MemberYear.objects.first().total == Decimal("66.00")  # the cap of a branch with groups
    assert not [line for line in differences() if line.startswith("Member")]
    dissolve_branch(branch=group, on=date(2026, 11, 22), actor=office)
    assert MemberYear.objects.first().total == Decimal("69.00")
    with time_machine.travel(factories.at(date(2026, 11, 25)), tick=False):
        assert not [line for line in differences() if line.startswith("Member")]


def test_a_year_that_is_over_stays_with_the_branch_where_it_ended(branch, other_branch, members, held):
    with time_machine.travel(factories.at(date(2025, 6, 12)), tick=False):
        held(members[:1], day=date(2025, 6, 11))
    mover = members[0]
    MembershipEvent.objects.create(
        member=mover, kind="moved", branch=other_branch, from_branch=branch, member_type=mover.member_type,
        recorded_on=date(2026, 3, 1), effective_on=date(2026, 3, 1),
    )  # fmt: skip
    mover.branch = other_branch
    mover.save()
    assert list(differences()) == []
    held([mover], day=date(2025, 7, 1), branch=branch)  # a late record of the old year
    assert MemberYear.objects.get(member=mover, year=2025).branch == branch
    rebuild_rollups()
    assert MemberYear.objects.get(member=mover, year=2025).branch == branch
    assert list(differences()) == []


# --- each night ---


@pytest.fixture
def night(django_capture_on_commit_callbacks):
    """night(): beat fires, and the worker does what it queued."""

    def fall() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            queue_ledger_check()

    return fall


def break_one(members) -> None:
    MemberYear.objects.filter(member=members[0]).update(total=99)


def test_each_night_writes_what_was_found_of_both_years(counted, night, members):
    night()
    assert list(LedgerCheck.objects.order_by("year").values_list("year", "differences")) == [(2025, 0), (2026, 0)]
    assert Job.objects.get(task="points.tasks.check_ledger").state == JobState.DONE
    night()  # beat twice
    assert LedgerCheck.objects.count() == 2


def test_drift_is_an_alarm_of_the_committee_and_is_never_mended(counted, night, members, hospital, as_user, office):
    night()
    page = as_user(office).get(reverse("home")).content.decode()
    assert "合计与明细一致" in page
    assert "汇总与明细不一致" not in page
    break_one(members)
    with time_machine.travel(factories.at(date(2026, 11, 23), 3), tick=False):
        night()
        page = as_user(office).get(reverse("home")).content.decode()
    assert "积分核对：2026年汇总与明细不一致" in page
    assert "1处" in page
    assert f"党员编号{members[0].pk}" in page
    assert "合计与明细一致" not in page
    assert MemberYear.objects.get(member=members[0]).total == 99


def test_drift_is_no_matter_of_another_hospital(counted, night, members, as_user):
    break_one(members)
    night()
    stranger = factories.UserFactory()
    factories.appoint(stranger, factories.make_branch(name="另一医院党委"), Role.PARTY_OFFICE)
    assert "汇总与明细不一致" not in as_user(stranger).get(reverse("home")).content.decode()


def test_who_keeps_the_system_is_told_once_a_day(counted, night, members, person):
    admin = person(Role.SYSTEM_ADMIN)
    elsewhere = factories.UserFactory()
    factories.appoint(elsewhere, factories.make_branch(name="另一医院党委"), Role.SYSTEM_ADMIN)
    night()
    assert not Notice.objects.filter(item_key="ledger-check").exists()
    break_one(members)
    for day in (23, 23, 24):
        with time_machine.travel(factories.at(date(2026, 11, day), 3), tick=False):
            Job.objects.all().delete()  # as if beat had fired twice for two jobs
            night()
    told = Notice.objects.filter(item_key="ledger-check")
    assert list(told.order_by("step").values_list("recipient", "step")) == [
        (admin.pk, "2026-11-23"),
        (admin.pk, "2026-11-24"),
    ]


def test_a_rebuild_says_what_it_changed_leaves_a_trace_and_ends_the_alarm(
    counted, night, members, hospital, as_user, office
):
    break_one(members)
    ActivityMonth.objects.update(held=7)
    RollMonth.objects.filter(month=date(2026, 11, 1)).update(full=7)
    night()
    out = StringIO()
    call_command("rebuild_rollups", "--year", "2026", stdout=out)
    assert out.getvalue().splitlines()[-1] == "2026: ActivityMonth 1, MemberYear 1, RollMonth 1 changed"
    assert verify()[1] == 0
    line = AuditEntry.objects.get(action="ledger.rebuilt")
    assert (line.branch, line.changes["rows"]) == (hospital, [None, 3])
    assert "汇总与明细不一致" not in as_user(office).get(reverse("home")).content.decode()
    out = StringIO()
    call_command("rebuild_rollups", stdout=out)
    assert out.getvalue() == "2026: nothing changed\n"


def test_a_comparison_costs_no_more_statements_for_more_entries(counted, held, members, django_assert_num_queries):
    def run() -> None:
        for part in check.sums(2026):
            assert list(part()) == []

    with CaptureQueriesContext(connection) as few:
        run()
    for day in range(1, 9):
        held(members, day=date(2026, 10, day), kinds=(Kind.THEME_DAY, Kind.PARTY_LECTURE))
    with django_assert_num_queries(len(few)):
        run()
