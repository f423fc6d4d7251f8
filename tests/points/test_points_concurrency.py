"""Eight people confirm at once: the sums still follow the ledger. And without the lock they do not."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date

import pytest
from django.db import connection, transaction

from activities.attendance.hours import book_hours
from activities.choices import ActivityState, Kind
from activities.models import Activity
from branches.choices import BranchLevel
from members.models import Member
from points.ledger import posting
from points.ledger.check import differences
from points.ledger.posting import post_source
from points.ledger.rollups import Person, count_members
from points.models import Entry, MemberYear
from points.sources import study
from tests import factories

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

CLIENTS = 8
KINDS = (Kind.THEME_DAY, Kind.GENERAL_MEETING, Kind.PARTY_LECTURE, Kind.GROUP_MEETING)


@pytest.fixture
def records(branch):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")
    factories.make_branch(branch, level=BranchLevel.GROUP)
    members = [factories.make_member(branch) for _ in range(5)]
    return [
        factories.make_activity(
            branch, kinds=(kind,), day=date(2026, 11, day), state=ActivityState.CONFIRMED, members=members, revision=1
        )
        for kind in KINDS
        for day in range(1, 9)
    ]


def post(activity: Activity) -> None:
    try:
        post_source(source_kind="activity", source_id=activity.pk, revision=1, actor=None)
    finally:
        connection.close()


@transaction.atomic
def found() -> list[str]:
    return list(differences())


def test_eight_clients_leave_no_drift(records):
    twice = [record for record in records for _ in range(2)]  # the same record from two sides as well
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(post, twice))
    assert Entry.objects.count() == len(records) * 5
    assert found() == []


def test_without_the_lock_the_sums_drift(records, monkeypatch):
    """The control: were it not for the lock, two confirmations at once would lose one of the two."""
    both_wrote = threading.Barrier(2, timeout=20)

    def look_without_locking(ids, held=False):
        return {
            row.pk: Person(row.branch_id, row.branch.hospital_id, "", True, ())
            for row in Member.objects.filter(pk__in=ids).select_related("branch")
        }

    def count_after_both_wrote(*args):
        both_wrote.wait()
        count_members(*args)

    monkeypatch.setattr(study, "_locked", lambda members: members.order_by("pk"))
    monkeypatch.setattr(posting, "lock_people", look_without_locking)
    monkeypatch.setattr(posting, "count_members", count_after_both_wrote)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(post, [records[0], records[8]]))
    assert MemberYear.objects.filter(year=2026).count() == 5
    assert any(line.startswith("MemberItem 2026") or line.startswith("MemberYear 2026") for line in found())


@pytest.fixture
def hours(branch):
    """Two lectures of four hours each, confirmed by two people in the same moment: together a full unit of study."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")
    factories.make_branch(branch, level=BranchLevel.GROUP)
    member = factories.make_member(branch)
    lectures = [
        factories.make_activity(
            branch,
            kinds=(Kind.PARTY_LECTURE,),
            day=date(2026, 11, day),
            state=ActivityState.CONFIRMED,
            members=[member],
            revision=1,
            hours=4,
        )
        for day in (4, 5)
    ]
    return member, lectures


def confirm_at_once(lectures, both_wrote, patience):
    @transaction.atomic
    def confirm(activity):
        book_hours(activity, activity.recorder)
        with suppress(threading.BrokenBarrierError):
            both_wrote.wait(patience)  # neither has committed its hours
        post_source(source_kind="activity", source_id=activity.pk, revision=1, actor=None)

    def one(activity):
        try:
            confirm(activity)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, lectures))


def test_two_halves_of_a_unit_confirmed_at_once_make_one(hours):
    member, lectures = hours
    confirm_at_once(lectures, threading.Barrier(2), 20)
    assert Entry.objects.standing().filter(member=member, rule_code="B01").count() == 1
    assert found() == []


def test_without_the_lock_on_the_member_neither_sees_the_other_s_hours(hours, monkeypatch):
    """The control: each reads four hours, and the unit is lost."""
    member, lectures = hours
    both_read = threading.Barrier(2)
    read = study._hours_of

    def read_together(keys):
        rows = read(keys)
        both_read.wait(20)
        return rows

    monkeypatch.setattr(study, "_locked", lambda members: members.order_by("pk"))
    monkeypatch.setattr(study, "_hours_of", read_together)
    confirm_at_once(lectures, threading.Barrier(2), 20)
    monkeypatch.undo()
    assert not Entry.objects.standing().filter(member=member, rule_code="B01").exists()
    assert any(line.startswith("study") for line in found())
