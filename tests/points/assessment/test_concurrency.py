"""Grades of one branch decided by many at once: one wins, the others are told. On PostgreSQL, with the control."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from branches.models import AuditEntry, Notice, User
from points.assessment import deciding
from points.assessment.figures import VOTES, votes_of
from points.assessment.results import Given, enter_results
from points.choices import AssessmentState, Grade
from points.models import AppraisalResult, Assessment, AssessmentLine
from points.rules import appraisal_index
from tests.points.assessment.help import YEAR, grades

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("on_the_day")]

CLIENTS = 8
DONE = "done"
REASON = "群众反映好，支委会研究"


@pytest.fixture(autouse=True)
def on_postgres(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")


@pytest.fixture
def at_once(branch):
    """at_once([(service, person, fields), …]): each from a connection of its own; what each of them was told."""

    def one(asked):
        service, user, fields = asked
        try:
            service(branch=branch, year=YEAR, actor=User.objects.get(pk=user.pk), **fields)
        except ValidationError as error:
            return error.messages[0]
        finally:
            connection.close()
        return DONE

    def run(asked):
        with ThreadPoolExecutor(CLIENTS) as pool:
            return list(pool.map(one, asked))

    return run


def moving(member, grade, user, version=0):
    return deciding.set_grade, user, {"member": member, "grade": grade, "reason": REASON, "version": version}


def proposing(user, version=0):
    return deciding.propose, user, {"cap_reason": "", "version": version}


def test_of_many_who_begin_and_move_grades_at_once_one_wins(branch, people, organiser, secretary, at_once):
    """From the same page, of three members; nobody had begun the assessment."""
    asked = [moving(people[2 + n % 3], Grade.BASICALLY_QUALIFIED, organiser if n % 2 else secretary) for n in range(24)]
    said = at_once(asked)
    assert said.count(DONE) == 1
    assert set(said) - {DONE} == {deciding.STALE}
    assert Assessment.objects.get().version == 2
    (line,) = AssessmentLine.objects.all()
    assert grades(branch)[line.name] == line.grade
    assert AuditEntry.objects.filter(action="assessment.moved").count() == 1


def test_a_grade_is_moved_or_the_grades_are_proposed_but_not_both_from_one_page(
    branch, people, organiser, secretary, at_once
):
    said = at_once([moving(people[5], Grade.QUALIFIED, organiser), proposing(secretary)])
    assert sorted(said) == sorted([DONE, deciding.STALE])
    proposed = said[1] == DONE
    assert Assessment.objects.get().state == (AssessmentState.PROPOSED if proposed else AssessmentState.OPEN)
    assert AssessmentLine.objects.count() == (len(people) if proposed else 1)
    assert (grades(branch)["何平"] == Grade.QUALIFIED) is not proposed


def test_votes_that_come_while_the_grades_are_proposed_are_in_them_or_refused(people, organiser, secretary, at_once):
    given = {people[5].pk: Given((0, 0, 0, 10), 1)}
    said = at_once([(enter_results, organiser, {"given": given}), proposing(secretary)])
    assert said[1] == DONE
    assert said[0] == DONE or "退回后才能修改测评结果" in said[0]
    votes = AppraisalResult.objects.get(member=people[5])
    assert (votes.unqualified == 10) is (said[0] == DONE)
    counted = dict(zip(VOTES, votes_of(votes), strict=True))
    assert AssessmentLine.objects.get(member=people[5]).index == appraisal_index(counted)


def test_the_committee_confirms_or_returns_and_moves_nothing_after(people, propose, leader, office, at_once):
    version = propose().version
    asked = [
        (deciding.confirm, leader, {"meeting": "1月20日党委会", "version": version}),
        (deciding.return_assessment, office, {"comment": "请核对何平同志的票数", "version": version}),
        moving(people[3], Grade.BASICALLY_QUALIFIED, leader, version),
    ] * 4
    said = at_once(asked)
    assert said.count(DONE) == 1
    assert set(said) - {DONE} == {deciding.STALE}
    confirmed = Assessment.objects.get().state == AssessmentState.CONFIRMED
    assert Notice.objects.filter(text__contains="考核等次已审定").count() == (len(people) if confirmed else 0)
    decided = ["assessment.confirmed", "assessment.returned", "assessment.moved"]
    assert AuditEntry.objects.filter(action__in=decided).count() == 1


def test_without_the_lock_two_move_a_grade_unseen_by_each_other(
    branch, people, organiser, secretary, monkeypatch, at_once
):
    """The control: both read the assessment before either has written."""
    both_read = Barrier(2, timeout=20)
    Assessment.objects.create(branch=branch, year=YEAR)

    def read_without_locking(node, year):
        found = Assessment.objects.get(branch=node, year=year)
        both_read.wait()
        return found

    monkeypatch.setattr(deciding, "locked_assessment", read_without_locking)
    said = at_once([
        moving(people[5], Grade.QUALIFIED, organiser, 1),
        moving(people[4], Grade.BASICALLY_QUALIFIED, secretary, 1),
    ])  # fmt: skip
    assert said == [DONE, DONE]
    assert Assessment.objects.get().version == 2  # the second was never told of the first


def test_without_the_lock_votes_come_after_the_figures_were_frozen(
    branch, people, organiser, secretary, monkeypatch, at_once
):
    """The control: the votes are written while the grades are proposed from the votes before."""
    looked, written = Barrier(2, timeout=20), Barrier(2, timeout=20)
    Assessment.objects.create(branch=branch, year=YEAR)

    def look_before_the_votes(node, year, *args):
        found = original(node, year, *args)
        looked.wait()
        written.wait()
        return found

    def enter(**fields):
        looked.wait()
        enter_results(**fields)
        written.wait()

    original = deciding.board
    monkeypatch.setattr(deciding, "board", look_before_the_votes)
    monkeypatch.setattr(deciding, "locked_assessment", lambda *which: Assessment.objects.get())
    given = {people[5].pk: Given((0, 0, 0, 10), 1)}
    assert at_once([(enter, organiser, {"given": given}), proposing(secretary, 1)]) == [DONE, DONE]
    assert AppraisalResult.objects.get(member=people[5]).unqualified == 10
    assert AssessmentLine.objects.get(member=people[5]).index == 100
