"""A hospital with a card of one line, its office, and the days of the yearly round."""

from collections.abc import Callable, Iterator
from datetime import date

import pytest
import time_machine

from branches.choices import Role
from branches.models import Branch, User
from points.stars.standing import standing_of
from tests import factories
from tests.points.stars.cycle import help


@pytest.fixture
def on() -> Iterator[Callable[[date], None]]:
    """on(day): from now on it is nine o'clock of that day."""
    with time_machine.travel(factories.at(help.JANUARY, 9), tick=False) as clock:

        def move(day: date) -> None:
            clock.move_to(factories.at(day, 9))

        yield move


@pytest.fixture
def card(hospital: Branch):
    return help.make_card(hospital)


@pytest.fixture
def rated(hospital: Branch, card) -> Branch:
    """A branch of 85 points."""
    return help.rated_branch(hospital, "85", "门诊党支部")


@pytest.fixture
def secretary(person, rated: Branch) -> User:
    return person(Role.BRANCH_SECRETARY, rated)


@pytest.fixture
def office(person) -> User:
    return person(Role.PARTY_OFFICE)


@pytest.fixture
def leader(person) -> User:
    return person(Role.PARTY_COMMITTEE_SECRETARY)


@pytest.fixture
def displayed(on, hospital, rated, secretary, office):
    """displayed(): the round is on display since the second of February."""

    def run():
        help.self_rate(rated, secretary)
        on(help.FEBRUARY)
        for one in standing_of(hospital, help.YEAR, help.FEBRUARY).rated:
            if one.decision is not None and not one.is_frozen:
                help.review(one.branch, office, comment="" if one.branch == rated else "没有提交自评")
        return help.publicise(hospital, office)

    return run
