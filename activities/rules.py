"""Main door of the activity rules: how gatherings count, and all that the neighbour modules define.

Everything here is pure: no database, no clock, no float.
"""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from activities.choices import ConfirmedBy, status_of
from activities.plan.cells import CELL_STYLES, Cell, CellItem, CellStyle, cell_state, is_late, item_state
from activities.plan.duties import (
    DUTIES,
    SERVICES_READY,
    BranchShape,
    DueItem,
    Duty,
    due_items,
    duty_of,
    is_asked,
    not_asked_yet,
    period_of,
)
from activities.plan.periods import Span, monthly_day, period_bounds, period_key, period_label, periods, span_of
from activities.votes.quorum import (
    admission_quorum,
    admission_quorum_met,
    ballot_problems,
    candidates_needed,
    committee_quorum,
    committee_quorum_met,
    elected,
    election_quorum,
    election_quorum_met,
    leading_body_quorum,
    leading_body_quorum_met,
    ordinary_quorum,
    ordinary_quorum_met,
    resolution_passed,
    votes_to_elect,
    votes_to_pass,
    voting_eligible,
)

__all__ = [
    "CELL_STYLES",
    "DUTIES",
    "SERVICES_READY",
    "BranchShape",
    "Cell",
    "CellItem",
    "CellStyle",
    "ConfirmedBy",
    "Confirmers",
    "DueItem",
    "Duty",
    "Span",
    "admission_quorum",
    "admission_quorum_met",
    "ballot_problems",
    "candidates_needed",
    "cell_state",
    "committee_quorum",
    "committee_quorum_met",
    "confirmers",
    "done",
    "due_items",
    "duty_of",
    "elected",
    "election_quorum",
    "election_quorum_met",
    "is_asked",
    "is_backfilled",
    "is_late",
    "item_state",
    "leading_body_quorum",
    "leading_body_quorum_met",
    "monthly_day",
    "not_asked_yet",
    "on_track",
    "ordinary_quorum",
    "ordinary_quorum_met",
    "percent",
    "period_bounds",
    "period_key",
    "period_label",
    "period_of",
    "periods",
    "resolution_passed",
    "span_of",
    "status_of",
    "votes_to_elect",
    "votes_to_pass",
    "voting_eligible",
]

BACKFILL_DAYS: Final = 7


class Confirmers(NamedTuple):
    """Who may confirm one record, and the office they hold it by."""

    by: ConfirmedBy
    people: frozenset[int]


def confirmers(
    *, officers: Collection[int], leaders: Collection[int], office: Collection[int], hands_on: Collection[int]
) -> Confirmers:
    """People (ids) who may confirm a record that `hands_on` recorded or last edited.

    `officers`: secretary, deputy and organisation member of the branch; when none of them is left, its group
    leaders; when there is none either, the Party office.
    """
    barred = frozenset(hands_on)
    for by, people in ((ConfirmedBy.OFFICERS, officers), (ConfirmedBy.LEADERS, leaders)):
        free = frozenset(people) - barred
        if free:
            return Confirmers(by, free)
    return Confirmers(ConfirmedBy.OFFICE, frozenset(office) - barred)


def done(required: int, count: int) -> int:
    """What counts of `count` gatherings of a kind in one period; the others are shown as extra."""
    return min(required, count)


def is_backfilled(starts_on: date, submitted_on: date) -> bool:
    """Submitted more than seven days after the event: it counts, and carries the mark 补录."""
    return (submitted_on - starts_on).days > BACKFILL_DAYS


def on_track(done_periods: int, due_periods: int) -> Decimal | None:
    """Share 0..1 of the periods that have ended; None while none has."""
    if due_periods == 0:
        return None
    return min(Decimal(1), Decimal(done_periods) / Decimal(due_periods))


def percent(part: int, whole: int) -> Decimal | None:
    """`part` of `whole` in per cent to two places, half up; None for an empty base.

    >>> percent(19, 26)
    Decimal('73.08')
    """
    if whole == 0:
        return None
    hundredths = (part * 20000 + whole) // (2 * whole)
    return Decimal(hundredths) / 100
