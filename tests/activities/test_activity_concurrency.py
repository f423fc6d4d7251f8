"""Ten people press the button at once: one record, one confirmation. And without the guard there would be more."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from activities import services
from activities.choices import ActivityState, Kind
from activities.models import Activity, ActivityMonth, Attendance, PlanItem
from activities.plan.planning import plan_year
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
