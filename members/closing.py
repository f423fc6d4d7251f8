"""Which months are closed, as a room above says that closes them; with none registered every month is open.

A room that keeps periods calls `register` from its apps.py. Who dates a change of the roll asks here first:
in a closed month it is booked late and said so, a locked quarter or year is opened again before.
"""

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from django.utils import timezone

from branches.models import Branch


class MonthState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"  # its quarter is not locked: booked now, published next time as 补记
    QUARTER_LOCKED = "quarter_locked"  # the Party office opens it again, with a reason
    YEAR_LOCKED = "year_locked"  # the secretary of the Party committee does


class _Source(NamedTuple):
    first_closed_month: Callable[[Branch], date | None]
    month_state: Callable[[Branch, date], MonthState] | None


_SOURCES: Final[list[_Source]] = []


def register(
    first_closed_month: Callable[[Branch], date | None],
    month_state: Callable[[Branch, date], MonthState] | None = None,
) -> None:
    """Tell this room of closed months.

    `first_closed_month(hospital)`: the first day of the first month any branch of the hospital ever closed, else None.
    `month_state(branch, first day of a month)`: its state now. Left out, every ended month from the first closed one
    on counts as closed.
    """
    _SOURCES.append(_Source(first_closed_month, month_state))


def first_closed_month(hospital: Branch) -> date | None:
    """The first day of the first month the hospital ever closed; of several answers the earliest."""
    return min((day for source in _SOURCES if (day := source.first_closed_month(hospital))), default=None)


def has_closed_month(hospital: Branch) -> bool:
    return first_closed_month(hospital) is not None


def month_state(branch: Branch, day: date) -> MonthState:
    """The state of the month of `day` at a branch; of several answers the strictest."""
    month, order = day.replace(day=1), list(MonthState)
    return max((_state(source, branch, month) for source in _SOURCES), key=order.index, default=MonthState.OPEN)


def _state(source: _Source, branch: Branch, month: date) -> MonthState:
    if source.month_state is not None:
        return source.month_state(branch, month)
    first = source.first_closed_month(branch.hospital or branch)
    ended = month < timezone.localdate().replace(day=1)
    return MonthState.CLOSED if first is not None and first <= month and ended else MonthState.OPEN
