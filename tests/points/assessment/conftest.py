"""A branch of six full members with points and votes, and the two ways an assessment takes."""

import pytest

from points.assessment import deciding
from tests import factories
from tests.points.assessment.help import YEAR, points, polled, version_now


@pytest.fixture
def people(branch, secretary, organiser):
    """Secretary and organiser, and four more: six full members, two of whom may be 优秀."""
    found = [secretary.member, organiser.member]
    found += [factories.make_member(branch, name=name) for name in ("林晓雯", "周晓", "王丽", "何平")]
    for member, total in zip(found, ("99", "95", "92", "80", "70", "50"), strict=True):
        points(member, total)
        polled(member, 10, 0, 0, 0, by=organiser)
    return found


@pytest.fixture
def propose(branch, secretary, people):
    def act(**fields):
        data = {"branch": branch, "year": YEAR, "cap_reason": "", "actor": secretary}
        return deciding.propose(**(data | {"version": version_now(branch)} | fields))

    return act


@pytest.fixture
def decide(branch):
    """decide(deciding.confirm, actor=…, meeting=…): with the version of this moment."""

    def act(service, actor, **fields):
        return service(branch=branch, year=YEAR, version=version_now(branch), actor=actor, **fields)

    return act
