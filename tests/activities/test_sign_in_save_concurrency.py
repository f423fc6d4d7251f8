"""Somebody signs in while the record is being saved or handed in; without the locks the signature would be lost."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from activities import services
from activities.attendance import rows, sign_in
from activities.choices import ActivityState, Kind
from activities.models import Activity, Attendance, SignIn
from activities.records.drafting import Absence, ActivityData
from tests.factories import make_activity, make_member

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def real_threads(db):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")


@pytest.fixture
def members(branch, secretary):
    return [make_member(branch) for _ in range(4)]


@pytest.fixture
def activity(branch, secretary, members):
    """Going on now, one has signed; the others count as absent until they sign, or somebody gives a reason."""
    now = timezone.now()
    made = make_activity(
        branch, starts_at=now - timedelta(minutes=2), ends_at=now, members=members, recorder=secretary, chair=secretary
    )
    sign_in.open_sign_in(activity=made, actor=secretary, opens_at=now, closes_at=now + timedelta(hours=1))
    scan(made, members[0])
    return made


def scan(activity, member):
    return sign_in.sign_by_scan(activity=activity, user=member.user, scanned_at=timezone.now())


def race(write, sign, monkeypatch, *, at, let_through=False):
    """(what the write gave, what the signature gave): the record was read and not yet written when somebody signs.

    `at`: name of the step of services that the write has come to. `let_through`: it goes on only when the signature is
    through, which the lock does not allow.
    """
    read, done, original = threading.Event(), threading.Event(), getattr(services, at)

    def step(*args, **kwargs):
        read.set()
        if let_through:
            done.wait(10)
        return original(*args, **kwargs)

    monkeypatch.setattr(services, at, step)

    def late():
        read.wait(10)
        try:
            return sign()
        finally:
            done.set()

    def one(act):
        try:
            return act()
        except ValidationError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, (write, late)))


@pytest.fixture
def save(activity, branch, secretary, members):
    """The form as it was made: all but one absent."""
    data = ActivityData(
        branch=branch,
        kinds=(Kind.THEME_DAY,),
        starts_at=activity.starts_at,
        ends_at=activity.ends_at,
        topic="换了主题",
        place=activity.place,
        minutes=activity.minutes,
        chair=secretary,
        absences={row.member_id: Absence() for row in activity.attendances.filter(signed_at=None)[1:]},
        version=activity.version,
        last_signature=rows.last_signature(activity.attendances.all()),
    )
    return lambda: services.save_draft(activity=activity, form_key=uuid.uuid4(), data=data, actor=secretary)


def signed(activity, member):
    return Attendance.objects.get(activity=activity, member=member).signed_at is not None


def unlocked(activity):
    return SignIn.objects.filter(activity=activity).first()


def test_a_signature_that_lands_while_the_record_is_saved_is_kept(activity, members, save, monkeypatch):
    saved, found = race(save, lambda: scan(activity, members[3]), monkeypatch, at="_write")
    assert (type(saved), found[1]) == (Activity, True)
    assert signed(activity, members[3])
    assert signed(activity, members[0])


def test_without_the_lock_it_is_lost(activity, members, save, monkeypatch):
    """The control: the person was told that they have signed."""
    monkeypatch.setattr(services, "lock_sign_in", lambda activity: None)
    _, found = race(save, lambda: scan(activity, members[3]), monkeypatch, at="_write", let_through=True)
    assert found[1]
    assert not signed(activity, members[3])


@pytest.fixture
def hand_in(activity, secretary):
    activity.attendances.filter(signed_at=None).update(reason="duty", status="official")
    return lambda: services.submit_activity(activity=activity, actor=secretary)


def test_who_signs_while_the_record_is_handed_in_is_told_that_it_is_too_late(activity, members, hand_in, monkeypatch):
    given, found = race(hand_in, lambda: scan(activity, members[3]), monkeypatch, at="gaps_of")
    assert given.state == ActivityState.SUBMITTED
    assert found.messages == [sign_in.SHUT]
    assert not signed(activity, members[3])


def test_without_the_lock_a_record_that_was_handed_in_would_change(activity, members, hand_in, monkeypatch):
    """The control: what was handed in says that one was on duty who is present by now."""
    monkeypatch.setattr(services, "lock_sign_in", lambda activity: None)
    given, found = race(hand_in, lambda: scan(activity, members[3]), monkeypatch, at="gaps_of", let_through=True)
    assert (given.state, found[1]) == (ActivityState.SUBMITTED, True)
    assert signed(activity, members[3])
