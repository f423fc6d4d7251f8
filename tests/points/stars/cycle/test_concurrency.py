"""A round publicised, approved and reviewed by two at once: one wins, the other is told. On PostgreSQL, with the
control."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from branches.choices import Role
from branches.models import AuditEntry, User
from points.models import StarRating, StarRound
from points.stars import deciding, reviewing, rounds
from tests.points.stars.cycle import help
from tests.points.stars.cycle.help import AFTER, FEBRUARY

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
DONE = "done"


@pytest.fixture(autouse=True)
def on_postgres(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")


@pytest.fixture
def at_once():
    """at_once([call, …]): each from a connection of its own; what each was told."""

    def one(call: Callable[[], object]) -> str:
        try:
            call()
        except ValidationError as error:
            return error.messages[0]
        except ValueError as error:  # what only the control comes to
            return str(error)
        finally:
            connection.close()
        return DONE

    def run(calls):
        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(one, calls))

    return run


@pytest.fixture
def reviewed(on, hospital, rated, secretary, office):
    help.self_rate(rated, secretary)
    on(FEBRUARY)
    help.review(rated, office)
    return rated


def test_two_who_publicise_at_once_display_it_once(hospital, reviewed, office, leader, at_once):
    version = help.round_version(hospital)
    people = [User.objects.get(pk=user.pk) for user in (office, leader)] * 4
    said = at_once([lambda user=user: help.publicise(hospital, user, version=version) for user in people])
    assert said.count(DONE) == 1
    assert set(said) - {DONE} == {rounds.STALE}
    assert AuditEntry.objects.filter(action="star_round.publicised").count() == 1
    assert StarRating.objects.get(branch=reviewed).version == 3


def test_without_the_lock_nobody_is_told_and_they_get_in_each_other_s_way(
    hospital, reviewed, office, leader, at_once, monkeypatch
):
    """The control: both read the round before either has written it."""
    both = Barrier(2, timeout=20)

    def unlocked(hospital, year, *, version=None):
        row = StarRound.objects.get(hospital=hospital, year=year)
        both.wait()
        return row

    monkeypatch.setattr(deciding, "locked_round", unlocked)
    said = at_once([lambda user=user: help.publicise(hospital, user, version=1) for user in (office, leader)])
    assert rounds.STALE not in said
    assert sorted(said) == sorted([DONE, "frozen already: there are no facts to freeze"])


def test_approving_at_once_approves_once(on, hospital, reviewed, office, leader, person, at_once):
    help.publicise(hospital, office)
    on(AFTER)
    version, second = help.round_version(hospital), person(Role.PARTY_COMMITTEE_SECRETARY)
    said = at_once([lambda user=user: help.approve(hospital, user, version=version) for user in (leader, second) * 3])
    assert said.count(DONE) == 1
    assert set(said) - {DONE} == {rounds.STALE}
    assert AuditEntry.objects.filter(action="star_round.approved").count() == 1


def test_a_rating_is_returned_or_the_round_publicised_but_not_both(hospital, reviewed, office, leader, at_once):
    version, row = help.round_version(hospital), help.version_of(reviewed)
    said = at_once(
        [
            lambda: help.publicise(hospital, leader, version=version),
            lambda: reviewing.return_to_branch(
                branch=reviewed, year=help.YEAR, reason="数据有误", version=row, actor=office
            ),
        ]
    )
    assert said.count(DONE) == 1
    state = StarRating.objects.get(branch=reviewed).state
    assert state == ("publicised" if said[0] == DONE else "returned")
