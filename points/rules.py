"""Points of a member's year: what an item is worth, what counts under the caps, the composite and its grade.

Amounts are Decimal; a deduction is a negative amount in the ledger and in the catalogue. What an item is worth
is house policy: rows passed in, of which points/catalogue.py holds the defaults.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Final

from points.choices import CATEGORY_CAPS, EARNING, SCALED, Category, Grade, Origin

BASE: Final = Decimal(60)
FULL_YEAR: Final = 12
RATED_FROM: Final = 3  # months on the roll from which a year is rated
CENT: Final = Decimal("0.01")
ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Level:
    """One step of an item that is worth more or less by rank, length or gravity."""

    code: str
    label: str
    points: Decimal


@dataclass(frozen=True)
class Item:
    """One line of the rule catalogue.

    `points`: per whole `per` units (hours, times, months); ignored where `levels` is filled.
    `cap`: most that counts in a year, None without a limit. `factor_without_groups` multiplies both in a branch
    that has no Party groups; 0 says the item does not exist there.
    """

    code: str
    category: Category
    title: str
    points: Decimal = ZERO
    cap: Decimal | None = None
    per: Decimal = Decimal(1)
    levels: tuple[Level, ...] = ()
    factor_without_groups: Decimal = Decimal(1)
    points_text: str = ""
    origin: Origin = Origin.MANUAL
    evidence: str = ""
    source_kind: str = ""  # "" = nothing in the system feeds it yet, so it is not in the totals

    def value(self, has_groups: bool = True) -> Decimal:
        return self.points if has_groups else self.points * self.factor_without_groups

    def limit(self, has_groups: bool = True) -> Decimal | None:
        return self.cap if has_groups or self.cap is None else self.cap * self.factor_without_groups


def points_for(
    item: Item, quantity: Decimal | int = 1, *, level: str = "", so_far: Decimal | int = 0, has_groups: bool = True
) -> Decimal:
    """What `quantity` more units of an item are worth, before any cap.

    Only whole units count, over the running total: with 6 of 8 hours `so_far`, 3 more hours complete one unit.
    Raises ValueError for a negative quantity or a level the item does not have.
    """
    quantity, so_far = Decimal(quantity), Decimal(so_far)
    if quantity < 0 or so_far < 0:
        raise ValueError("quantities are never negative")
    if item.levels:
        worth = next((step.points for step in item.levels if step.code == level), None)
        if worth is None:
            raise ValueError(f"{item.code} has no level {level!r}")
    elif level:
        raise ValueError(f"{item.code} has no levels")
    else:
        worth = item.value(has_groups)
    return worth * (_whole(so_far + quantity, item.per) - _whole(so_far, item.per))


def _whole(quantity: Decimal, per: Decimal) -> Decimal:
    return (quantity / per).to_integral_value(ROUND_FLOOR)


def item_total(entries: Iterable[Decimal], cap: Decimal | None, months: int = FULL_YEAR) -> Decimal:
    """What an item counts after scaling to a full year and its cap; not rounded."""
    return _item_months(sum(entries, ZERO), cap, months) / months


def _item_months(raw: Decimal, cap: Decimal | None, months: int) -> Decimal:
    """The item's total times `months`: kept undivided so that only the end of a sum divides and rounds."""
    scaled = raw * FULL_YEAR
    return scaled if cap is None else min(cap * months, scaled)


@dataclass(frozen=True)
class MemberYearFacts:
    """A member's ledger of one year, summed per item code; signs as in the ledger."""

    sums: Mapping[str, Decimal]
    months_on_roll: int = FULL_YEAR
    has_groups: bool = True


@dataclass(frozen=True)
class ItemPoints:
    raw: Decimal
    counted: Decimal  # scaled and capped, two places for display
    cap: Decimal | None


@dataclass(frozen=True)
class CategoryPoints:
    raw: Decimal
    counted: Decimal  # scaled and capped, two places for display
    cap: Decimal | None


@dataclass(frozen=True)
class YearPoints:
    """`total` is the only figure that is rounded once; the parts are rounded for display and may differ by a cent.

    `rated` is False under three months on the roll: the total is shown, nothing is decided on it.
    """

    base: Decimal
    categories: Mapping[Category, CategoryPoints]
    honours: Decimal
    deductions: Decimal  # as a positive number
    total: Decimal
    rated: bool
    items: Mapping[str, ItemPoints] = field(default_factory=dict)


def year_points(facts: MemberYearFacts, items: Mapping[str, Item]) -> YearPoints:
    """Apply item caps, category caps, the scaling of a part year and the floor, in that order.

    Raises KeyError for a sum whose item is not among `items`, ValueError for months outside 0..12.
    """
    if not 0 <= facts.months_on_roll <= FULL_YEAR:
        raise ValueError(f"months on the roll: {facts.months_on_roll}")
    rated = facts.months_on_roll >= RATED_FROM
    months = facts.months_on_roll if rated else FULL_YEAR
    per_item: dict[str, ItemPoints] = {}
    raw: dict[Category, Decimal] = dict.fromkeys((*EARNING, Category.HON, Category.DED), ZERO)
    counted = dict(raw)  # everything times `months`
    for code, amount in facts.sums.items():
        item = items[code]
        if item.category not in raw:
            continue  # a veto carries no points
        cap = item.limit(facts.has_groups)
        if item.category in SCALED:
            value = _item_months(amount, cap, months)
        else:
            value = (amount if cap is None else min(cap, amount)) * months
        raw[item.category] += amount
        counted[item.category] += value
        per_item[code] = ItemPoints(amount, round_half_up(value / months), cap)
    for category, limit in CATEGORY_CAPS.items():
        counted[category] = min(limit * months, counted[category])
    total = (BASE * months + sum(counted.values(), ZERO)) / months
    return YearPoints(
        base=BASE,
        categories={
            category: CategoryPoints(raw[category], round_half_up(counted[category] / months), CATEGORY_CAPS[category])
            for category in EARNING
        },
        honours=round_half_up(counted[Category.HON] / months),
        deductions=round_half_up(-counted[Category.DED] / months),
        total=round_half_up(max(ZERO, total)),
        rated=rated,
        items=per_item,
    )


def remaining(
    item: Item, so_far: Decimal, category_so_far: Decimal | None = None, *, has_groups: bool = True
) -> Decimal | None:
    """What can still be earned under the item's cap and its category's; None when nothing limits it.

    `so_far`, `category_so_far`: what has counted this year (the second one after item caps).
    """
    room = []
    cap = item.limit(has_groups)
    if cap is not None:
        room.append(cap - so_far)
    if category_so_far is not None and item.category in CATEGORY_CAPS:
        room.append(CATEGORY_CAPS[item.category] - category_so_far)
    return max(ZERO, min(room)) if room else None


# --- attendance ---

ATTENDANCE_ITEMS: Final[Mapping[str, str]] = MappingProxyType(
    {"general_meeting": "A01", "theme_day": "A02", "party_lecture": "A03", "group_meeting": "A04"}
)  # kind of gathering -> item for being there
LECTURER_ITEM: Final = "A07"


def attendance_awards(
    kinds: Iterable[str],
    status: str,
    *,
    items: Mapping[str, Item],
    has_groups: bool = True,
    is_lecturer: bool = False,
    made_up: bool = False,
) -> list[tuple[str, Decimal]]:
    """(rule code, points) of one person at one gathering: one award per kind it counts for, plus A07.

    An excused absence that was made up is worth the same as being there, but nobody led a study while away;
    an unexcused absence cannot be made up. Items missing from `items` (not in force) award nothing.
    """
    attended = status == "present" or (made_up and status in ("leave", "official"))
    codes = [ATTENDANCE_ITEMS[kind] for kind in kinds if kind in ATTENDANCE_ITEMS] if attended else []
    if is_lecturer and status == "present":
        codes.append(LECTURER_ITEM)
    worth = ((code, items[code].value(has_groups)) for code in sorted(set(codes)) if code in items)
    return [(code, points) for code, points in worth if points]


# --- the grade ---

POLL_WEIGHTS: Final[Mapping[Grade, int]] = MappingProxyType(
    {Grade.EXCELLENT: 100, Grade.QUALIFIED: 80, Grade.BASICALLY_QUALIFIED: 60, Grade.UNQUALIFIED: 0}
)
GRADE_FROM: Final[tuple[tuple[Grade, Decimal], ...]] = (
    (Grade.EXCELLENT, Decimal(90)),
    (Grade.QUALIFIED, Decimal(75)),
    (Grade.BASICALLY_QUALIFIED, Decimal(60)),
)


def appraisal_index(votes: Mapping[Grade, int]) -> Decimal | None:
    """0..100 from the valid votes of the democratic appraisal, two places; None without a vote."""
    weighed, cast = _poll(votes)
    return round_half_up(Decimal(weighed) / cast) if cast else None


def composite(year_total: Decimal | None, votes: Mapping[Grade, int]) -> Decimal | None:
    """70 % points (at most 100 of them) and 30 % appraisal, rounded once; None without an appraisal.

    `year_total` None: the member is exempt from points, the appraisal alone decides.
    """
    weighed, cast = _poll(votes)
    if not cast:
        return None
    if year_total is None:
        return round_half_up(Decimal(weighed) / cast)
    return round_half_up((7 * min(year_total, Decimal(100)) * cast + 3 * weighed) / (10 * cast))


def grade(value: Decimal | None, thresholds: Iterable[tuple[Grade, Decimal]] = GRADE_FROM) -> Grade | None:
    """The grade a composite suggests; None without a composite."""
    if value is None:
        return None
    value = round_half_up(value)
    return next((name for name, least in thresholds if value >= least), Grade.UNQUALIFIED)


def _poll(votes: Mapping[Grade, int]) -> tuple[int, int]:
    if min(votes.values(), default=0) < 0:
        raise ValueError("votes are never negative")
    return sum(POLL_WEIGHTS[name] * count for name, count in votes.items()), sum(votes.values())


def round_half_up(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)
