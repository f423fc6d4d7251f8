"""Eight people do everything at once, some of them are shot: the sums equal the ledger, and the ledger its records.

The control, the same without the lock, is in test_points_concurrency: there the sums do drift.
"""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from activities.choices import ActivityState
from activities.models import Activity
from activities.services import confirm_activity
from activities.signals import activity_confirmed
from branches.models import AuditEntry
from points.models import Entry
from tests.points import storm

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("on_the_day")]

STEPS = 25
ROOT = Path(__file__).parents[2]


@pytest.fixture
def cast(hospital):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")
    return storm.make_cast()


@pytest.mark.parametrize("seed", [1, 2])
def test_eight_clients_doing_everything_leave_no_drift_and_no_error(cast, seed):
    assert storm.at_once(lambda number: storm.client(cast, number, STEPS, seed)) == []
    assert Entry.objects.filter(reversal_of__isnull=False).exists()
    assert Entry.objects.filter(lifted_by__isnull=False).exists()
    assert storm.drift() == []


def test_fifty_confirmations_give_one_set_of_entries_and_forty_nine_clear_answers(cast):
    record = Activity.objects.get(pk=cast.records[0])
    actor = cast.organiser

    def confirm(number: int) -> list[str]:
        try:
            confirm_activity(activity=record, actor=actor)
        except ValidationError as refusal:
            return refusal.messages
        finally:
            connection.close()
        return []

    answers = storm.at_once(confirm, clients=50)
    assert len(answers) == 49
    assert set(answers) == {"只有待确认的记录可以确认，这份记录可能已由他人处理。"}
    assert sorted(Entry.objects.values_list("member", flat=True)) == cast.members
    assert AuditEntry.objects.filter(action="activity.confirmed").count() == 1
    assert storm.drift() == []


def test_clients_that_are_killed_half_way_leave_nothing_half_done(cast):
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
        "DATABASE_URL": "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format_map(connection.settings_dict),
    }
    command = [sys.executable, "-W", "ignore", "-m", "tests.points.storm", storm.as_argument(cast)]
    started = [
        subprocess.Popen([*command, str(number)], env=env, cwd=ROOT, stdout=subprocess.PIPE) for number in range(3)
    ]
    try:
        for number, process in enumerate(started):
            assert len(process.stdout.read(10 + 7 * number)) == 10 + 7 * number  # at work, and alive
            process.kill()
    finally:
        for process in started:
            process.kill()
            process.wait()
            process.stdout.close()
    assert Entry.objects.exists()
    assert storm.drift() == []
    assert storm.at_once(partial(_work_on, cast)) == []  # nobody holds a lock any more
    assert storm.drift() == []


def _work_on(cast: storm.Cast, number: int) -> list[str]:
    return storm.client(cast, number, 3, seed=7)


def test_when_the_points_fail_nothing_is_confirmed(cast):
    def fail(**kwargs: object) -> None:
        raise RuntimeError("no")

    activity_confirmed.connect(fail)
    try:
        wrong = storm.at_once(lambda number: _confirm_each(cast, number))
    finally:
        activity_confirmed.disconnect(fail)
    assert wrong == ["RuntimeError"] * len(cast.records)
    assert not Activity.objects.exclude(state=ActivityState.SUBMITTED).exists()
    assert not Entry.objects.exists()
    assert storm.drift() == []


def _confirm_each(cast: storm.Cast, number: int) -> list[str]:
    wrong = []
    actor = cast.organiser
    for pk in cast.records[number :: storm.CLIENTS]:
        try:
            confirm_activity(activity=Activity.objects.get(pk=pk), actor=actor)
        except RuntimeError as exc:
            wrong.append(type(exc).__name__)
    connection.close()
    return wrong
