"""The calendar of the duties: months, quarters, half-years and years, their names and their keys."""

from datetime import date, timedelta
from typing import Final, NamedTuple

from activities.choices import Period

MONTHS_IN: Final[dict[Period, int]] = {Period.MONTH: 1, Period.QUARTER: 3, Period.HALF_YEAR: 6, Period.YEAR: 12}
QUARTER_NAMES: Final = ("第一季度", "第二季度", "第三季度", "第四季度")


class Span(NamedTuple):
    """One period; both ends belong to it."""

    period: Period
    start: date
    end: date

    @property
    def key(self) -> str:
        return period_key(self.period, self.start)

    @property
    def label(self) -> str:
        return period_label(self.period, self.start)


def period_bounds(period: Period | str, day: date) -> tuple[date, date]:
    """First and last day of the period that `day` lies in.

    >>> period_bounds("quarter", date(2026, 11, 22))
    (datetime.date(2026, 10, 1), datetime.date(2026, 12, 31))
    """
    length = MONTHS_IN[Period(period)]
    first = (day.month - 1) // length * length + 1
    last = first + length - 1
    after = date(day.year + 1, 1, 1) if last == 12 else date(day.year, last + 1, 1)
    return date(day.year, first, 1), after - timedelta(days=1)


def span_of(period: Period | str, day: date) -> Span:
    return Span(Period(period), *period_bounds(period, day))


def periods(period: Period | str, year: int) -> list[Span]:
    """All periods of one length in a calendar year, in order."""
    return [span_of(period, date(year, month, 1)) for month in range(1, 13, MONTHS_IN[Period(period)])]


def period_label(period: Period | str, day: date) -> str:
    """Chinese name within its year: 11月, 第四季度, 下半年; only a year names itself.

    >>> period_label("half_year", date(2026, 7, 1)), period_label("year", date(2026, 7, 1))
    ('下半年', '2026年')
    """
    match Period(period):
        case Period.MONTH:
            return f"{day.month}月"
        case Period.QUARTER:
            return QUARTER_NAMES[(day.month - 1) // 3]
        case Period.HALF_YEAR:
            return "上半年" if day.month <= 6 else "下半年"
        case _:
            return f"{day.year}年"


def period_key(period: Period | str, day: date) -> str:
    """Stable text key, unique over all lengths: 2026-11, 2026Q4, 2026H2, 2026.

    >>> [period_key(p, date(2026, 11, 22)) for p in Period]
    ['2026-11', '2026Q4', '2026H2', '2026']
    """
    match Period(period):
        case Period.MONTH:
            return f"{day.year}-{day.month:02d}"
        case Period.QUARTER:
            return f"{day.year}Q{(day.month + 2) // 3}"
        case Period.HALF_YEAR:
            return f"{day.year}H{1 if day.month <= 6 else 2}"
        case _:
            return str(day.year)


LAST: Final = 5  # which weekday of a month: 1 to 4, or the last one


def monthly_day(month: date, *, day: int = 0, which: int = 0, weekday: int = 0) -> date:
    """The fixed day in the month of `month`: the `day`-th, or the `which`-th `weekday` (0 is Monday; LAST is the last).

    A day a short month does not have is its last one.

    >>> monthly_day(date(2026, 11, 1), which=2, weekday=2), monthly_day(date(2026, 2, 1), day=31)
    (datetime.date(2026, 11, 11), datetime.date(2026, 2, 28))
    """
    first, last = period_bounds(Period.MONTH, month)
    if day:
        return first.replace(day=min(day, last.day))
    if which == LAST:
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))
