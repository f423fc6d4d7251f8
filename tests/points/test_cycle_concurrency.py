"""Months closed twice, at once, or killed half-way; answers given at once. On PostgreSQL, with the control."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from threading import Barrier

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection
from django.utils import timezone

from activities.choices import AttendanceStatus
from branches.models import AuditEntry
from points.choices import ClaimState, PeriodState
from points.cycle import closing, contesting
from points.cycle.objections import answer_objection, raise_objection
from points.ledger.check import differences
from points.ledger.posting import post_source
from points.models import Claim, Entry, MemberYear, Objection, PeriodClose, PointsMonth
from tests import factories

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
AUGUST = date(2026, 8, 1)


@pytest.fixture(autouse=True)
def on_postgres(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")


@pytest.fixture
def branches(hospital, held):
    """Three branches, each with somebody who stayed away in August."""
    nodes = [factories.make_branch(hospital) for _ in range(3)]
    with time_machine.travel(factories.at(date(2026, 8, 20), 9), tick=True):
        for node in nodes:
            people = [factories.make_member(node) for _ in range(2)]
            record = held(people, day=date(2026, 8, 12), branch=node)
            record.attendances.filter(member=people[0]).update(status=AttendanceStatus.UNEXCUSED)
            record.revision += 1
            record.save()
            post_source(source_kind="activity", source_id=record.pk, revision=record.revision, actor=None)
    return nodes


def close(branches):
    try:
        return closing.close_months(branches=branches, month=AUGUST, actor=None, today=date(2026, 9, 7))
    finally:
        connection.close()


def figures():
    return (
        list(PeriodClose.objects.order_by("branch").values_list("branch", "kind", "start", "state")),
        list(Entry.objects.order_by("member", "rule_code").values_list("member", "rule_code", "points", "month")),
        list(MemberYear.objects.order_by("member").values_list("member", "total")),
        list(PointsMonth.objects.order_by("branch").values_list("branch", "plus", "minus", "n")),
    )


def test_closing_at_once_closes_each_month_once_and_posts_each_deduction_once(branches):
    with ThreadPoolExecutor(8) as pool:
        closed = list(pool.map(close, [branches] * 8))
    assert sorted(closed) == [0] * 7 + [3]
    assert AuditEntry.objects.filter(action="period.closed").count() == 3
    assert AuditEntry.objects.filter(action="deduction.posted").count() == 3
    before = figures()
    assert close(branches) == 0
    assert figures() == before
    assert list(differences()) == []


def test_without_the_lock_two_who_close_at_once_both_say_they_did(branches, monkeypatch):
    """The control: both look before either has written, and the trail tells of every month twice."""
    both_looked, original = Barrier(2, timeout=20), closing._write_closed

    def write_after_both_looked(*args):
        both_looked.wait()
        return original(*args)

    monkeypatch.setattr(closing, "lock_branches", lambda ids: None)
    monkeypatch.setattr(closing, "_write_closed", write_after_both_looked)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(close, [branches] * 2)) == [3, 3]
    assert AuditEntry.objects.filter(action="period.closed").count() == 6


def test_killed_half_way_nothing_is_closed_and_the_next_run_does_it_all(branches, monkeypatch):
    before, original = figures(), closing.post_due

    def die(**kwargs):
        original(**kwargs)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(closing, "post_due", die)
    with suppress(DatabaseError):
        close(branches)
    connection.close()
    assert figures() == before
    assert not AuditEntry.objects.filter(action="period.closed").exists()
    monkeypatch.setattr(closing, "post_due", original)
    assert close(branches) == 3
    assert set(PeriodClose.objects.values_list("state", flat=True)) == {PeriodState.CLOSED}
    assert set(Claim.objects.values_list("state", flat=True)) == {ClaimState.ACCEPTED}


@pytest.fixture
def objection(branch, held, member_user):
    held([member_user.member], day=date(2026, 8, 12))
    today = timezone.localdate()
    target = contesting.of_entry(Entry.objects.get(), today)
    return raise_objection(target=target, text="当天在岗值班", form_key=uuid.uuid4(), actor=member_user, today=today)


def test_of_answers_at_once_one_wins(objection, secretary, organiser):
    def attempt(n):
        try:
            answer_objection(
                objection=Objection.objects.get(pk=objection.pk),
                upheld=n % 2 == 0,
                answer=f"答复之{n}，已核对",
                actor=secretary if n % 2 else organiser,
                today=timezone.localdate(),
            )
        except ValidationError:
            return 0
        else:
            return 1
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1
    assert AuditEntry.objects.filter(action="objection.answered").count() == 1
    objection.refresh_from_db()
    assert Entry.objects.standing().exists() is not objection.upheld


def test_an_objection_and_the_closing_of_its_month_never_both_win(branches):
    """Whichever comes first: a contradicted deduction is not posted, a posted one is not contradicted as announced."""
    with time_machine.travel(factories.at(date(2026, 9, 7), 9), tick=True):
        claims = list(Claim.objects.select_related("member__user", "branch", "member__branch", "rule"))
        today = date(2026, 9, 7)

        def contradict(claim):
            try:
                target = contesting.of_claim(claim, today)
                raise_objection(
                    target=target, text="当天在岗值班", form_key=uuid.uuid4(), actor=claim.member.user, today=today
                )
            except ValidationError:
                pass
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(contradict, claim) for claim in claims] + [pool.submit(close, branches)]
            for job in jobs:
                job.result()
        for claim in Claim.objects.all():
            posted = claim.state == ClaimState.ACCEPTED
            assert posted is not Objection.objects.filter(claim=claim).exists()
