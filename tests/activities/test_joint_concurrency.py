"""Two branches at one joint gathering in the same moment. And without the guards it would go wrong."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.utils import timezone

from activities import services
from activities.choices import ActivityState
from activities.models import Activity
from activities.plan.planning import plan_year
from activities.plan.rollups import lock_branches
from activities.records import joint
from tests import factories
from tests.activities.joint_cast import DAY, Cast

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def real_threads(db):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")


@pytest.fixture
def cast(branch, other_branch, secretary, organiser):
    plan_year(branches=[branch, other_branch], year=2026)
    return Cast(branch, other_branch, secretary, organiser)


def both(*acts):
    """Run the acts in threads of their own; returns what each gave, or the error that stopped it."""

    def one(act):
        try:
            return act()
        except (ValidationError, OperationalError) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


# -- The host changes the day while the co-host confirms


@pytest.fixture
def handed_in(cast):
    host = cast.save()
    part = host.parts.get()
    host = cast.hand_in(host)
    cast.hand_in_part(part)
    return Activity.objects.get(pk=host.pk), part


def move(cast, host):
    day = DAY - timedelta(days=1)
    data = cast.data(starts_at=factories.at(day), ends_at=factories.at(day, 18), version=host.version)
    return services.save_draft(activity=host, form_key=uuid.uuid4(), data=data, actor=cast.secretary)


def race(cast, host, part, monkeypatch, *, let_through=False):
    """The host has read its parts and not yet written them when the confirmation comes in.

    `let_through`: the host goes on only when the confirmation is through, which the lock does not allow.
    """
    read, done, original = threading.Event(), threading.Event(), joint.share

    def share(*args):
        read.set()
        if let_through:
            done.wait(10)
        original(*args)

    monkeypatch.setattr(joint, "share", share)

    def confirm():
        read.wait(10)
        try:
            return cast.confirm_part(part)
        finally:
            done.set()

    return both(lambda: move(cast, host), confirm)


def test_a_confirmation_waits_for_the_host_and_then_sees_that_the_part_went_back(cast, handed_in, monkeypatch):
    host, part = handed_in
    moved, confirmed = race(cast, host, part, monkeypatch)
    assert isinstance(moved, Activity)
    assert isinstance(confirmed, ValidationError)
    part.refresh_from_db()
    assert (part.state, timezone.localdate(part.starts_at)) == (ActivityState.DRAFT, DAY - timedelta(days=1))


def test_without_the_lock_on_the_parts_a_confirmation_is_lost(cast, handed_in, monkeypatch):
    """The control: the co-host was told that its part is confirmed, and the host's older copy overwrites it."""
    host, part = handed_in
    monkeypatch.setattr(joint, "hold", lambda host, more=(): list(host.parts.select_related("branch")))
    _, confirmed = race(cast, host, part, monkeypatch, let_through=True)
    assert isinstance(confirmed, Activity)
    part.refresh_from_db()
    assert (confirmed.state, part.state) == (ActivityState.CONFIRMED, ActivityState.DRAFT)


# -- Two branches host each other


@pytest.fixture
def crossed(cast):
    """(a gathering of the host, one of the guest), each held with the other branch."""
    guests_own = cast.data(
        branch=cast.guest,
        cohosts=(cast.host,),
        chair=cast.guest_secretary,
        starts_at=factories.at(DAY, 9),
        ends_at=factories.at(DAY, 11),
    )
    two = services.save_draft(activity=None, form_key=uuid.uuid4(), data=guests_own, actor=cast.guest_secretary)
    return cast.save(), two, guests_own


def change_both(cast, crossed):
    one, two, guests_own = crossed
    mine = cast.data(topic="改过的主题", version=one.version)
    theirs = replace(guests_own, topic="改过的主题", version=two.version)
    return both(
        lambda: services.save_draft(activity=one, form_key=uuid.uuid4(), data=mine, actor=cast.secretary),
        lambda: services.save_draft(activity=two, form_key=uuid.uuid4(), data=theirs, actor=cast.guest_secretary),
    )


def test_two_branches_that_host_each_other_save_at_once(cast, crossed):
    answers = change_both(cast, crossed)
    assert [type(answer) for answer in answers] == [Activity, Activity]
    assert set(Activity.objects.values_list("topic", flat=True)) == {"改过的主题"}


def test_with_the_branches_locked_one_by_one_they_wait_for_each_other(cast, crossed, monkeypatch):
    """The control: each holds its own branch, then asks for the other's; the database ends one of them."""
    holding, original = threading.Barrier(2, timeout=30), joint.hold

    def own_branch_first(host, more=()):
        lock_branches([host.branch_id])
        holding.wait()
        return original(host, more)

    monkeypatch.setattr(joint, "hold", own_branch_first)
    answers = change_both(cast, crossed)
    assert sum(isinstance(answer, OperationalError) for answer in answers) == 1
