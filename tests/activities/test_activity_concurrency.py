"""Ten people press the button at once: one record, one confirmation. And without the guard there would be more."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction

from activities import services
from activities.choices import ActivityState, Kind
from activities.models import Activity, ActivityMonth, Attendance, PlanItem
from activities.plan.planning import plan_year
from activities.plan.rollups import lock_branches
from activities.records import joint, reviewing
from activities.records.drafting import ActivityData
from branches.choices import Role
from branches.models import AuditEntry
from tests import factories

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

CLIENTS = 10
DAY = date(2026, 11, 11)


@pytest.fixture(autouse=True)
def real_threads(db):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")


@pytest.fixture
def data(branch, secretary):
    for _ in range(5):
        factories.make_member(branch)
    plan_year(branches=[branch], year=2026)
    return ActivityData(
        branch=branch,
        kinds=(Kind.THEME_DAY,),
        starts_at=factories.at(DAY),
        ends_at=factories.at(DAY, 18),
        topic="冬季志愿导诊",
        place="会议室",
        chair=secretary,
        minutes="会议纪要。",
    )


def at_once(act):
    """Run `act(n)` in ten threads that start together; returns what each gave, or the error that stopped it."""
    start = threading.Barrier(CLIENTS, timeout=30)

    def one(n):
        try:
            start.wait()
            return act(n)
        except ValidationError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(one, range(CLIENTS)))


def apart(data, n):
    """The same meeting `n` days earlier: two of a kind at one time would be refused as one."""
    day = timedelta(days=n)
    return replace(data, starts_at=data.starts_at - day, ends_at=data.ends_at - day)


def hand_in(data, key, actor):
    draft = services.save_draft(activity=None, form_key=key, data=data, actor=actor)
    return services.submit_activity(activity=draft, actor=actor)


def test_ten_submissions_of_one_form_are_one_record(data, secretary):
    key = uuid.uuid4()
    answers = at_once(lambda n: hand_in(data, key, secretary))
    assert {answer.pk for answer in answers} == {Activity.objects.get().pk}
    assert Activity.objects.get().state == ActivityState.SUBMITTED
    assert Attendance.objects.count() == 6
    assert AuditEntry.objects.filter(action="activity.submitted").count() == 1


def test_without_the_forms_key_ten_submissions_are_ten_records_with_ten_serials(data, secretary):
    """The control; it also shows that no serial is given twice."""
    answers = at_once(lambda n: hand_in(apart(data, n), uuid.uuid4(), secretary))
    assert Activity.objects.count() == CLIENTS
    assert {answer.serial for answer in answers} == {f"JG01-2026-ZT-{n:03d}" for n in range(1, CLIENTS + 1)}


@pytest.fixture
def officers(branch):
    users = [factories.make_member(branch).user for _ in range(CLIENTS)]
    for user in users:
        factories.appoint(user, branch, Role.ORGANISATION_MEMBER)
    return users


def test_ten_confirmations_are_one(data, secretary, officers):
    record = hand_in(data, uuid.uuid4(), secretary)
    answers = at_once(lambda n: services.confirm_activity(activity=record, actor=officers[n]))
    assert sum(isinstance(answer, Activity) for answer in answers) == 1
    record.refresh_from_db()
    assert (record.state, record.revision) == (ActivityState.CONFIRMED, 1)
    assert AuditEntry.objects.filter(action="activity.confirmed").count() == 1
    assert PlanItem.objects.get(activity=record).count == 1
    assert ActivityMonth.objects.get(month=date(2026, 11, 1), kind=Kind.THEME_DAY).held == 1


def test_without_the_lock_more_than_one_would_confirm(data, secretary, officers, monkeypatch):
    """The control: everybody reads the record before anybody has written it."""
    record = hand_in(data, uuid.uuid4(), secretary)
    everybody_read = threading.Barrier(CLIENTS, timeout=30)

    def look_without_locking(activity):
        found = Activity.objects.select_related("branch", "group", "editor", "recorder").get(pk=activity.pk)
        everybody_read.wait()
        return found

    monkeypatch.setattr(services, "locked", look_without_locking)
    monkeypatch.setattr(services.activity_confirmed, "send", lambda *args, **kwargs: None)
    answers = at_once(lambda n: services.confirm_activity(activity=record, actor=officers[n]))
    assert sum(isinstance(answer, Activity) for answer in answers) > 1


def test_records_of_one_branch_confirmed_together_leave_the_month_right(data, secretary, officers):
    records = [hand_in(apart(data, n), uuid.uuid4(), secretary) for n in range(CLIENTS)]
    at_once(lambda n: services.confirm_activity(activity=records[n], actor=officers[n]))
    month = ActivityMonth.objects.get(month=date(2026, 11, 1), kind=Kind.THEME_DAY)
    assert (month.held, month.done, month.required) == (CLIENTS, 1, 1)
    assert PlanItem.objects.get(kind=Kind.THEME_DAY, start=date(2026, 11, 1)).count == CLIENTS


# -- A year is put on file while one of its records is corrected


@pytest.fixture
def old(branch):
    return factories.make_activity(
        branch,
        day=date(2025, 3, 3),
        state=ActivityState.CONFIRMED,
        members=[factories.make_member(branch)],
        topic="学习条例",
    )


def somebody_waits():
    """Whether another connection waits for a row that the transaction of this one holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))")
        return cursor.fetchone()[0]


def correct_while_filing(old, actor, monkeypatch):
    """The correction holds its record when the filing begins, and asks for the branch when the filing waits for it."""
    holds, original = threading.Event(), joint.hold

    def hold(activity, more=()):
        holds.set()
        end = time.monotonic() + 30
        while not somebody_waits():
            assert time.monotonic() < end, "the filing never came"
        return original(activity, more)

    monkeypatch.setattr(joint, "hold", hold)

    def correct():
        return reviewing.correct_activity(
            activity=old, people={}, texts={"topic": "学习准则"}, reason="笔误", actor=actor
        )

    def put_on_file():
        assert holds.wait(30)
        return reviewing.archive_year(branches=[old.branch], year=2025, actor=actor)

    def answer(act):
        try:
            return act()
        except OperationalError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(answer, (correct, put_on_file)))


def test_a_year_is_put_on_file_after_the_correction_of_one_of_its_records(old, secretary, monkeypatch):
    corrected, filed = correct_while_filing(old, secretary, monkeypatch)
    assert (type(corrected), filed) == (Activity, 1)
    old.refresh_from_db()
    assert (old.state, old.topic) == (ActivityState.ARCHIVED, "学习准则")


def test_with_the_branches_locked_first_the_filing_and_the_correction_wait_for_each_other(old, secretary, monkeypatch):
    """The control: the database ends one of them."""
    original = reviewing.archive_year

    @transaction.atomic
    def branches_first(**asked):
        lock_branches([one.pk for one in asked["branches"]])
        return original(**asked)

    monkeypatch.setattr(reviewing, "archive_year", branches_first)
    answers = correct_while_filing(old, secretary, monkeypatch)
    assert sum(isinstance(one, OperationalError) for one in answers) == 1
