"""Stars of one branch settled by many at once: one wins, the others are told. On PostgreSQL, with the control."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from branches.models import AuditEntry, Notice, User
from points.choices import AssessmentState
from points.models import MemberStar, MemberStarSheet
from points.stars.members import deciding
from tests import factories
from tests.points.assessment.help import YEAR, points, polled
from tests.points.stars.member_help import MEETING, graded, honour, version_now

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("on_the_day")]
CLIENTS = 8
DONE = "done"
WORDS = "支委会表决4票赞成"


@pytest.fixture(autouse=True)
def on_postgres(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")


@pytest.fixture
def at_once():
    """at_once([(service, person, fields), …]): each from a connection of its own; what each of them was told."""

    def one(asked):
        service, user, fields = asked
        try:
            service(year=YEAR, actor=User.objects.get(pk=user.pk), **fields)
        except ValidationError as error:
            return error.messages[0]
        finally:
            connection.close()
        return DONE

    def run(asked):
        with ThreadPoolExecutor(CLIENTS) as pool:
            return list(pool.map(one, asked))

    return run


def told(n):
    return Notice.objects.filter(text__contains="党员星级已审定").count() == n


def test_the_committee_confirms_or_returns_but_once(branch, ten, hand_in, leader, office, at_once):
    version = hand_in().version
    asked = [
        (deciding.confirm, leader, {"branch": branch, "meeting": MEETING, "version": version}),
        (deciding.return_sheet, office, {"branch": branch, "comment": "请再核对", "version": version}),
    ] * 4
    said = at_once(asked)
    assert said.count(DONE) == 1
    confirmed = MemberStarSheet.objects.get().state == AssessmentState.CONFIRMED
    assert told(len(ten) if confirmed else 0)
    decided = ["member_stars.confirmed", "member_stars.returned"]
    assert AuditEntry.objects.filter(action__in=decided).count() == 1


def test_without_the_lock_it_is_confirmed_twice(branch, ten, hand_in, leader, at_once, monkeypatch):
    """The control: both read the sheet before either has written."""
    both_read = Barrier(2, timeout=20)
    version = hand_in().version

    def read_without_locking(branches, year):
        rows = MemberStarSheet.objects.filter(branch__in=branches, year=year).select_related("branch")
        found = {row.branch_id: row for row in rows}
        both_read.wait()
        return found

    monkeypatch.setattr(deciding, "_locked", read_without_locking)
    asked = deciding.confirm, leader, {"branch": branch, "meeting": MEETING, "version": version}
    assert at_once([asked, asked]) == [DONE, DONE]
    assert AuditEntry.objects.filter(action="member_stars.confirmed").count() == 2


def test_of_equals_no_more_get_the_star_than_there_are_places(branch, ten, office, secretary, organiser, at_once):
    """From the same page, for two equals at the cut of five; one place is left."""
    points(ten[2], "98")
    points(ten[3], "98")
    graded(branch, office)
    asked = [
        (
            deciding.decide_row,
            secretary if n % 2 else office,
            {"branch": branch, "member": ten[2 + n % 2], "choice": "5", "reason": WORDS, "version": 0},
        )
        for n in range(8)
    ]
    said = at_once(asked)
    assert said.count(DONE) == 1
    assert MemberStar.objects.filter(given=5).count() == 1
    assert MemberStarSheet.objects.get().version == 2


def test_two_that_share_their_places_are_confirmed_from_both_pages_once(
    hospital, organiser, secretary, office, leader, at_once
):
    nodes = []
    for totals in (("99", "90", "80"), ("97", "91", "88")):
        node = factories.make_branch(hospital)
        for total in totals:
            member = factories.make_member(node)
            points(member, total)
            honour(member)
            polled(member, 10, 0, 0, 0, by=organiser)
        nodes.append(node)
    graded(secretary.member.branch, office)
    for node in nodes:
        graded(node, office)
    own = secretary.member.branch
    for node in [*nodes, own]:
        deciding.propose(branch=node, year=YEAR, version=0, actor=secretary)
    asked = [
        (deciding.confirm, leader, {"branch": node, "meeting": MEETING, "version": version_now(node)})
        for node in nodes * 4
    ]
    said = at_once(asked)
    assert said.count(DONE) == 1
    assert MemberStarSheet.objects.filter(state=AssessmentState.CONFIRMED).count() == 3
    assert AuditEntry.objects.filter(action="member_stars.confirmed").count() == 3
