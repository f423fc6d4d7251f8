"""Stands for the room that closes months."""

from datetime import date
from typing import Final

from branches.models import Branch
from members.closing import MonthState

FIRST_CLOSED: Final = date(2026, 1, 1)


class Periods:
    """None closed yet, and what each month is when it is not open."""

    def __init__(self) -> None:
        self.first: date | None = None
        self.states: dict[date, MonthState] = {}

    def first_closed_month(self, hospital: Branch) -> date | None:
        return self.first

    def month_state(self, branch: Branch, month: date) -> MonthState:
        return self.states.get(month, MonthState.OPEN)
