"""What every measurement shares: interleaved rounds, the statements of a block, and one line of outcome."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext


class _UndoneError(Exception):
    """Raised to roll a round back."""


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def undone(work: Callable[[], Any]) -> float:
    """Seconds of `work` up to its end; all it wrote is rolled back, so that every round meets the same database."""
    taken = 0.0
    try:
        with transaction.atomic():
            taken = seconds(work)
            raise _UndoneError
    except _UndoneError:
        return taken


def paired(ours: Callable[[], Any], floor: Callable[[], Any], *, rounds: int = 7) -> tuple[float, float]:
    """Median ratio ours/floor of interleaved rounds, and floor/floor taken the same way: the noise of the machine."""
    ratios, noise = [], []
    for _ in range(rounds):
        base, mine, again = undone(floor), undone(ours), undone(floor)
        ratios.append(mine / ((base + again) / 2))
        noise.append(again / base)
    return statistics.median(ratios), statistics.median(noise)


@contextmanager
def statements() -> Iterator[CaptureQueriesContext]:
    with CaptureQueriesContext(connection) as captured:
        yield captured


def say(what: str, figure: str, goal: str) -> None:
    print(f"{what:<64} {figure:>22}   goal {goal}", flush=True)  # noqa: T201
