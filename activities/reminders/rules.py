"""When who is reminded of a duty. Pure over plain days and a calendar that is passed in."""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from activities.choices import Kind, PlanState
from branches.working_days import WorkCalendar, add_working_days, previous_working_day

STEPS: Final = (7, 3, 1, 0)  # days before the due day; our choice
MAKE_UP_STEPS: Final = (7, 1, 0)
OVERDUE: Final = "overdue"
LOOK_BACK: Final = 60  # days after the due day; what is older is on the board, and reminds nobody any more
GRACE_DAYS: Final = 3  # working days a kind has after its due day before the Party office hears of it; our choice
GRACE: Final[Mapping[str, int]] = MappingProxyType(
    {
        Kind.ORG_LIFE_MEETING: 5,  # prepared for weeks: talks, opinions, a list of problems
        Kind.DEMOCRATIC_APPRAISAL: 5,
        Kind.CENTER_GROUP_STUDY: 5,
    }
)
OWED: Final = (PlanState.OPEN, PlanState.DRAFT, PlanState.RETURNED)  # nothing handed in, nothing explained


def send_day(due: date, step: int, calendar: WorkCalendar) -> date:
    """The day a reminder `step` days ahead goes out: the working day before where that day is not worked.

    On the due day itself it goes out whatever the day is.
    """
    return due if step == 0 else previous_working_day(due - timedelta(days=step), calendar)


def step_now(due: date, today: date, calendar: WorkCalendar, steps: tuple[int, ...] = STEPS) -> int | None:
    """The reminder in force today: the last whose day has come; None before the first and after the due day.

    What was missed (the server was off) is not sent late: only the last one is.
    """
    if today > due:
        return None
    return min((step for step in steps if send_day(due, step, calendar) <= today), default=None)


def grace_of(kind: str, settings: Mapping[str, int]) -> int:
    """Working days; `settings` is what the office has set, by kind."""
    return settings.get(kind, GRACE.get(kind, GRACE_DAYS))


def office_day(due: date, grace: int, calendar: WorkCalendar) -> date:
    """The first day the Party office hears of it: the working day after `grace` working days have gone by."""
    return add_working_days(due, grace + 1, calendar)


def is_overdue_for_office(due: date, today: date, grace: int, calendar: WorkCalendar) -> bool:
    return office_day(due, grace, calendar) <= today <= due + timedelta(days=LOOK_BACK)
