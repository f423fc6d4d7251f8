"""Fifty reviews of one claim at once: one outcome, one entry. Without the lock there would be more."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from branches.choices import Role
from branches.models import AuditEntry, User
from points.choices import ClaimState
from points.claims import reviewing
from points.claims.reviewing import accept_claim, reject_claim, return_claim
from points.ledger.check import differences
from points.models import Claim, Entry
from tests import factories
from tests.points.claims_help import declare, written

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("on_the_day")]

CLIENTS = 8


@pytest.fixture
def claim(branch, members, organiser):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")
    return written(members[0])


def review(what, claim, user, **kw) -> str:
    try:
        what(claim=Claim.objects.get(pk=claim.pk), actor=User.objects.get(pk=user.pk), **kw)
    except ValidationError as error:
        return error.messages[0]
    finally:
        connection.close()
    return "done"


def test_fifty_reviews_of_one_claim_have_one_outcome(claim, organiser, person):
    people = [organiser, person(Role.BRANCH_SECRETARY), person(Role.DEPUTY_SECRETARY)]
    ways = [(accept_claim, {}), (reject_claim, {"comment": "不属实"}), (return_claim, {"comment": "请补材料"})]
    asked = [(*ways[n % 3], people[n % len(people)]) for n in range(50)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        said = list(pool.map(lambda one: review(one[0], claim, one[2], **one[1]), asked))
    claim.refresh_from_db()
    assert said.count("done") == 1
    assert all("已由" in text for text in said if text != "done")
    assert Entry.objects.count() == (1 if claim.state == ClaimState.ACCEPTED else 0)
    decided = AuditEntry.objects.filter(action__in=["claim.accepted", "claim.rejected", "claim.returned"])
    assert decided.count() == 1
    assert list(differences()) == []


def test_without_the_lock_two_people_decide_on_one_claim(claim, organiser, person, monkeypatch):
    """The control: both read the claim before either has decided."""
    secretary, both_read = person(Role.BRANCH_SECRETARY), threading.Barrier(2, timeout=20)

    def read_without_locking(asked):
        found = Claim.objects.select_related("member__user", "member__group", "branch", "rule").get(pk=asked.pk)
        both_read.wait()
        return found

    monkeypatch.setattr(reviewing, "_locked", read_without_locking)
    asked = [(reject_claim, organiser, {"comment": "不属实"}), (return_claim, secretary, {"comment": "请补材料"})]
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda one: review(one[0], claim, one[1], **one[2]), asked))
    assert said == ["done", "done"]


def test_one_deed_declared_eight_times_at_once_is_one_claim(claim):
    member = factories.make_member(claim.branch)

    def send(n: int) -> str:
        try:
            declare(member, title="在市血站献血")
        except ValidationError as error:
            return error.messages[0]
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(CLIENTS) as pool:
        said = list(pool.map(send, range(8)))
    assert said.count("done") == 1
    assert Claim.objects.filter(member=member).count() == 1
