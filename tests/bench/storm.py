"""Eight clients who confirm, correct, return, claim, lift and move at once: what drifts (R12), and the control."""

from functools import partial
from typing import Final

import time_machine
from django.db import connection

from activities.models import Activity
from points.catalogue import install_default
from points.ledger.check import awarded_twice
from points.ledger.rebuilding import rebuild_rollups
from points.models import Entry, MemberItem, MemberYear, PointsMonth, RuleItem, RuleVersion
from tests import factories
from tests.bench.measure import say
from tests.points import storm

STEPS: Final = 60  # of each client


def run() -> None:
    if connection.vendor != "postgresql":
        say("storm of 8 clients", "left out", "needs PostgreSQL")
        return
    install_default(RuleVersion, RuleItem)
    with time_machine.travel(factories.at(storm.TODAY, 10), tick=False):
        cast = storm.make_cast(records=40)
        wrong = storm.at_once(partial(_client, cast))
        say(f"errors of 8 clients x {STEPS} deeds", str(len(wrong)), "0")
        say(f"drift of all sums, {Entry.objects.count():,} entries", str(len(storm.drift())), "0")
        say("double standing entries", str(len(list(awarded_twice(None)))), "0")
        before = _sums()
        rebuild_rollups()
        say(
            "rebuilt sums against those kept in the storm",
            "identical" if _sums() == before else "DIFFERENT",
            "identical",
        )
        control = storm.make_cast(records=8)
        first, second = Activity.objects.filter(pk__in=[control.records[0], control.records[4]]).order_by("pk")
        storm.post_without_the_lock(first, second)
        say("drift of two confirmations without the lock (control)", str(len(storm.drift())), "> 0")


def _client(cast: storm.Cast, number: int) -> list[str]:
    return storm.client(cast, number, STEPS, seed=12)


def _sums() -> list[object]:
    return [
        sorted(MemberItem.objects.values_list("member", "year", "rule_code", "points", "n")),
        sorted(MemberYear.objects.values_list("member", "year", "branch", "organisational", "total")),
        sorted(PointsMonth.objects.values_list("branch", "month", "plus", "minus", "n")),
    ]
