"""A branch of ten full members with points, votes and honours; its grades confirmed; the ways stars take."""

import pytest

from points.stars.members import deciding
from tests import factories
from tests.points.assessment.help import YEAR, points, polled
from tests.points.stars.member_help import graded, honour, version_now

NAMES = ("林晓雯", "周晓", "王丽", "何平", "高敏", "徐静", "马强", "孙宁")
TOTALS = ("99", "98", "97", "96", "90", "89", "88", "80", "70", "50")


@pytest.fixture
def ten(branch, secretary, organiser):
    """Secretary and organiser, and eight more; two may have five stars, five of them four or five."""
    found = [secretary.member, organiser.member, *(factories.make_member(branch, name=name) for name in NAMES)]
    for member, total in zip(found, TOTALS, strict=True):
        points(member, total)
        polled(member, 10, 0, 0, 0, by=organiser)
        honour(member)
    return found


@pytest.fixture
def grades(branch, office, ten):
    return graded(branch, office)


@pytest.fixture
def hand_in(branch, secretary, grades):
    def act(node=branch, actor=secretary, **fields):
        return deciding.propose(
            **({"branch": node, "year": YEAR, "version": version_now(node), "actor": actor} | fields)
        )

    return act


@pytest.fixture
def settle(branch):
    """settle(deciding.confirm, actor, meeting=…): with the version of this moment."""

    def act(service, actor, node=branch, **fields):
        return service(branch=node, year=YEAR, version=version_now(node), actor=actor, **fields)

    return act
