"""Which days are worked. Pure over a calendar that is passed in; `load_calendar` reads it in one statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar

from branches.models import Holiday

SATURDAY = 5
NAMES = {  # of the library, in the words of the State Council's notice
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}


@dataclass(frozen=True)
class WorkCalendar:
    """Days that are not what their weekday says (True: worked), and the years whose holidays are known."""

    exceptions: Mapping[date, bool] = field(default_factory=dict)
    known_years: frozenset[int] = frozenset()

    def knows(self, day: date) -> bool:
        """False: of this year nobody has said the holidays yet, and Monday to Friday count as worked."""
        return day.year in self.known_years


def is_working_day(day: date, calendar: WorkCalendar) -> bool:
    return calendar.exceptions.get(day, day.weekday() < SATURDAY)


def next_working_day(day: date, calendar: WorkCalendar) -> date:
    """`day` itself, or the first working day after it: where a deadline moves."""
    while not is_working_day(day, calendar):
        day += timedelta(days=1)
    return day


def previous_working_day(day: date, calendar: WorkCalendar) -> date:
    """`day` itself, or the last working day before it: where a reminder moves."""
    while not is_working_day(day, calendar):
        day -= timedelta(days=1)
    return day


def add_working_days(day: date, n: int, calendar: WorkCalendar) -> date:
    """The n-th working day after `day`; with n = 0 `day` itself, worked or not. Raises ValueError for n < 0."""
    if n < 0:
        raise ValueError(f"n must not be negative: {n}")
    for _ in range(n):
        day = next_working_day(day + timedelta(days=1), calendar)
    return day


def load_calendar(years: Iterable[int]) -> WorkCalendar:
    """The holidays of `years`, and of the years beside them: one statement.

    A year without rows takes what the built-in calendar says of it; a year that it does not know either has its
    weekends only.
    """
    asked = {near for year in years for near in (year - 1, year, year + 1)}
    rows = Holiday.objects.filter(day__gte=date(min(asked), 1, 1), day__lte=date(max(asked), 12, 31))
    exceptions = dict(rows.values_list("day", "is_working"))
    kept = {day.year for day in exceptions}
    built_in = {year for year in asked - kept if year in built_in_years()}
    for year in built_in:
        exceptions |= {day: is_working for day, is_working, _ in built_in_days(year)}
    return WorkCalendar(exceptions, frozenset(kept | built_in))


@lru_cache(maxsize=1)
def built_in_years() -> frozenset[int]:
    return frozenset(day.year for day in chinese_calendar.holidays)


def built_in_days(year: int) -> list[tuple[date, bool, str]]:
    """(day, worked, name) as the built-in calendar has them; empty for a year it does not know."""
    found = [(day, False, name) for day, name in chinese_calendar.holidays.items() if day.year == year]
    found += [(day, True, name) for day, name in chinese_calendar.workdays.items() if day.year == year]
    return sorted((day, worked, NAMES.get(name, "节假日") + ("调休" if worked else "")) for day, worked, name in found)
