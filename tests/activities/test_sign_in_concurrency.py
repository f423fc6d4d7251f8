"""Fifty scans of one account at once are one signature; without the locks there would be more."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from activities.attendance import sign_codes, sign_in
from activities.models import Attendance, SignIn
from branches.models import AuditEntry
from tests.factories import make_activity, make_member

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

CLIENTS, TIMES = 10, 5


@pytest.fixture(autouse=True)
def real_threads(db):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")


@pytest.fixture
def members(branch, secretary):
    return [make_member(branch) for _ in range(CLIENTS)]


@pytest.fixture
def activity(branch, secretary, members):
    now = timezone.now()
    made = make_activity(branch, starts_at=now, ends_at=now + timedelta(hours=1), members=members, recorder=secretary)
    sign_in.open_sign_in(
        activity=made, actor=secretary, opens_at=now - timedelta(minutes=1), closes_at=now + timedelta(hours=1)
    )
    return made


def at_once(act):
    """Run `act(n)` fifty times in ten threads that start together."""
    start = threading.Barrier(CLIENTS, timeout=30)

    def one(n):
        try:
            start.wait()
            return [act(n) for _ in range(TIMES)]
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [answer for answers in pool.map(one, range(CLIENTS)) for answer in answers]


def scan(activity, member):
    return sign_in.sign_by_scan(activity=activity, user=member.user, scanned_at=timezone.now())[1]


def test_fifty_scans_of_one_account_are_one_signature(activity, members):
    answers = at_once(lambda n: scan(activity, members[0]))
    assert sum(answers) == 1
    assert Attendance.objects.filter(activity=activity, signed_at__isnull=False).count() == 1
    assert AuditEntry.objects.filter(action="sign_in.signed").count() == 1


def test_without_the_locks_one_account_would_sign_more_than_once(activity, members, monkeypatch):
    """The control: everybody reads the row before anybody has written it."""
    everybody_read = threading.Barrier(CLIENTS, timeout=30)

    def look_without_locking(activity, member):
        found = Attendance.objects.get(activity=activity, member=member)
        everybody_read.wait()
        return found

    monkeypatch.setattr(
        sign_in, "_locked", lambda activity: SignIn.objects.select_related("activity__branch").get(activity=activity)
    )
    monkeypatch.setattr(sign_in, "row_of", look_without_locking)
    assert sum(at_once(lambda n: scan(activity, members[0]))) > 1


def test_ten_people_at_once_all_sign_and_nobody_is_counted_absent_again(activity, members):
    at_once(lambda n: scan(activity, members[n]))
    rows = Attendance.objects.filter(activity=activity, member__in=members)
    assert set(rows.values_list("status", flat=True)) == {"present"}
    assert rows.filter(signed_at__isnull=False).count() == CLIENTS


def test_nobody_gets_a_sixth_try_by_sending_all_at_once(activity, members):
    sign = SignIn.objects.get()
    wrong = f"{(int(sign_codes.code(sign.secret, sign.pk, timezone.now())) + 7) % 1_000_000:06d}"

    def attempt(n):
        try:
            sign_in.sign_by_code(activity=activity, user=members[0].user, typed=wrong)
        except ValidationError as error:
            return type(error) is ValidationError
        return False

    assert sum(at_once(attempt)) == sign_codes.WRONG_TRIES
    assert AuditEntry.objects.filter(action=sign_in.WRONG_CODE).count() == sign_codes.WRONG_TRIES
