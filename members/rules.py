"""People over time: ages, the roll, and the sum that must balance. Pure: no database, no clock."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final, NamedTuple

from members.choices import OFF_ROLL, ON_ROLL, Degree, EventKind, TitleLevel


def full_years(since: date, today: date) -> int:
    """Completed years, never below zero; somebody of 29 February turns on 1 March in other years."""
    years = today.year - since.year - ((today.month, today.day) < (since.month, since.day))
    return max(0, years)


def years_before(today: date, years: int) -> date:
    """The last day whose years are completed by `today`: full_years(day, today) >= years is day <= this.

    >>> years_before(date(2026, 11, 22), 31), years_before(date(2024, 2, 29), 5)
    (datetime.date(1995, 11, 22), datetime.date(2019, 2, 28))
    """
    try:
        return today.replace(year=today.year - years)
    except ValueError:  # 29 February in a year that has none
        return today.replace(year=today.year - years, day=28)


def age(birth: date, today: date) -> int:
    return full_years(birth, today)


def party_standing(confirmed_on: date | None, today: date) -> int | None:
    """党龄: completed years since full membership; None for a probationary member."""
    return None if confirmed_on is None else full_years(confirmed_on, today)


def months_later(day: date, months: int) -> date:
    """The same day of the month, or its last day where there is none; our reading of 满六个月, 满一年.

    >>> months_later(date(2026, 8, 31), 6), months_later(date(2024, 2, 29), 12)
    (datetime.date(2027, 2, 28), datetime.date(2025, 2, 28))
    """
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
    return date(year, month, min(day.day, last))


AGES: Final = (31, 36, 41, 46, 51, 56, 61)  # the bands of the yearly Party statistics begin with these ages
STANDINGS: Final = (5, 10, 20, 30, 40, 50)


def band_labels(edges: Sequence[int], *, unit: str) -> list[str]:
    """The names of the bands between `edges`, each the first number of its band.

    >>> band_labels((31, 36), unit="岁")
    ['30岁及以下', '31–35岁', '36岁及以上']
    """
    between = [f"{low}–{high - 1}{unit}" for low, high in pairwise(edges)]
    return [f"{edges[0] - 1}{unit}及以下", *between, f"{edges[-1]}{unit}及以上"]


def band_of(value: int, edges: Sequence[int]) -> int:
    """Which of the bands `value` lies in, from 0.

    >>> band_of(30, (31, 36)), band_of(31, (31, 36)), band_of(36, (31, 36))
    (0, 1, 2)
    """
    return bisect_right(edges, value)


LEADS_FROM: Final = 12  # months of full membership


def is_new_to_lead(confirmed_on: date | None, on: date) -> bool:
    """Less than a year of full membership on the day of election or appointment; the anniversary is a year.

    A branch secretary or deputy has generally been a full member for a year: local standards of branch work (五化),
    custom and not in the 2018 branch regulations. Something to look at, never a bar.
    """
    return confirmed_on is None or on < months_later(confirmed_on, LEADS_FROM)


class Interval(NamedTuple):
    """A stay on the roll; `end` is the first day off it, None while it lasts."""

    start: date
    end: date | None


class RollEvent(NamedTuple):
    kind: EventKind | str
    recorded_on: date  # the day from which it counts for the roll


def roll_intervals(events: Iterable[RollEvent]) -> list[Interval]:
    """The stays of one person on the hospital's roll, from the events in order of time; moves inside change nothing.

    A second arrival without a departure, or the reverse, is ignored: the first one stands.
    """
    stays: list[Interval] = []
    start: date | None = None
    for event in events:
        kind = EventKind(event.kind)
        if kind in ON_ROLL and start is None:
            start = event.recorded_on
        elif kind in OFF_ROLL and start is not None:
            stays.append(Interval(start, event.recorded_on))
            start = None
    if start is not None:
        stays.append(Interval(start, None))
    return stays


def months_on_roll(intervals: Iterable[tuple[date, date | None]], year: int) -> int:
    """Months (0..12) of the year with at least one day on the roll.

    A stay that has not ended counts to December, so that a running year is not scaled up month by month.
    """
    months: set[int] = set()
    for start, end in intervals:
        for month in range(1, 13):
            first = date(year, month, 1)
            after = date(year + 1, 1, 1) if month == 12 else date(year, month + 1, 1)
            if max(start, first) < (after if end is None else min(end, after)):
                months.add(month)
    return len(months)


@dataclass(frozen=True)
class Movement:
    """One event as a node sees it. `came_from_inside`, `went_inside`: is the branch before, after it below the node."""

    kind: EventKind | str
    came_from_inside: bool = False
    went_inside: bool = False


@dataclass(frozen=True)
class Reconciliation:
    """end = start + opening + admitted + in + reinstated − out − deceased − removed − cancelled.

    `confirmed` and `suspended` are columns of their own: they change nobody's place on the roll.
    """

    start: int
    opening: int = 0
    admitted: int = 0
    transferred_in: int = 0
    reinstated: int = 0
    transferred_out: int = 0
    deceased: int = 0
    removed: int = 0
    cancelled: int = 0
    confirmed: int = 0
    suspended: int = 0

    @property
    def plus(self) -> int:
        return self.opening + self.admitted + self.transferred_in + self.reinstated

    @property
    def minus(self) -> int:
        return self.transferred_out + self.deceased + self.removed + self.cancelled

    @property
    def end(self) -> int:
        return self.start + self.plus - self.minus

    def gap(self, counted: int) -> int:
        """What the head count says more (or less, negative) than the events; 0 when it balances."""
        return counted - self.end


_COLUMN = {
    EventKind.OPENING: "opening",
    EventKind.ADMITTED: "admitted",
    EventKind.TRANSFER_IN: "transferred_in",
    EventKind.REINSTATED: "reinstated",
    EventKind.TRANSFER_OUT: "transferred_out",
    EventKind.DECEASED: "deceased",
    EventKind.REMOVED: "removed",
    EventKind.CANCELLED: "cancelled",
    EventKind.CONFIRMED: "confirmed",
    EventKind.SUSPENDED: "suspended",
}


def reconcile(start: int, movements: Iterable[Movement]) -> Reconciliation:
    """Add up the events of one node and period. A move counts only when it crosses the border of the node."""
    counts = dict.fromkeys(_COLUMN.values(), 0)
    for movement in movements:
        kind = EventKind(movement.kind)
        if kind != EventKind.MOVED:
            counts[_COLUMN[kind]] += 1
        elif movement.went_inside and not movement.came_from_inside:
            counts["transferred_in"] += 1
        elif movement.came_from_inside and not movement.went_inside:
            counts["transferred_out"] += 1
    return Reconciliation(start, **counts)


def high_level_basis(
    *,
    title: TitleLevel | str = "",
    degree: Degree | str = "",
    heads_department: bool = False,
    listed_expert: bool = False,
) -> str:
    """Why somebody belongs to the highly educated group (高知识群体), in Chinese; empty when not.

    No national definition exists: this is the product's default, judged on the day of admission and frozen.
    """
    if title in (TitleLevel.SENIOR, TitleLevel.ASSOCIATE_SENIOR):
        return "副高及以上职称"
    if degree == Degree.DOCTORATE:
        return "博士学位"
    if degree == Degree.MASTER and title == TitleLevel.INTERMEDIATE:
        return "硕士学位且中级职称"
    if heads_department:
        return "科室或学科负责人"
    return "入选专家" if listed_expert else ""


def is_high_level(
    *,
    title: TitleLevel | str = "",
    degree: Degree | str = "",
    heads_department: bool = False,
    listed_expert: bool = False,
) -> bool:
    basis = high_level_basis(title=title, degree=degree, heads_department=heads_department, listed_expert=listed_expert)
    return bool(basis)
