"""Points of a member's year: what an item is worth, what counts under the caps, the composite and its grade.

Amounts are Decimal; a deduction is a negative amount in the ledger and in the catalogue. What an item is worth
is house policy: rows passed in, of which points/catalogue.py holds the defaults.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from points.choices import EARNING, SCALED, Category, Declarer, Grade, Origin, Reviewer

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
class Variant:
    """What differs for members of one post: None leaves the item's own figure; `off`: no such item for them."""

    points: Decimal | None = None
    cap: Decimal | None = None
    off: bool = False


@dataclass(frozen=True)
class Item:
    """One line of the rule catalogue.

    `points`: per whole `per` units (hours, times, months); ignored where `levels` is filled.
    `cap`: most that counts in a year, None without a limit. `factor_without_groups` multiplies both in a branch
    that has no Party groups; 0 says the item does not exist there. `variants`: by post, before that factor.
    `feed`: the facts that make its entries; "" for what is always claimed. `grade_limit`: of a veto, the best grade it
    leaves in its year; None: as was decided elsewhere.
    """

    code: str
    category: Category
    title: str
    points: Decimal = ZERO
    cap: Decimal | None = None
    per: Decimal = Decimal(1)
    unit: str = "次"
    levels: tuple[Level, ...] = ()
    factor_without_groups: Decimal = Decimal(1)
    variants: Mapping[str, Variant] = field(default_factory=dict)
    points_text: str = ""
    origin: Origin = Origin.MANUAL
    evidence: str = ""
    evidence_required: bool = False
    feed: str = ""
    declared_by: Declarer = Declarer.MEMBER
    reviewed_by: Reviewer = Reviewer.ORGANISER
    grade_limit: Grade | None = None

    def value(self, has_groups: bool = True, post: str = "") -> Decimal:
        variant = self.variants.get(post, Variant())
        if variant.off:
            return ZERO
        points = self.points if variant.points is None else variant.points
        return points if has_groups else round_half_up(points * self.factor_without_groups)  # as the ledger keeps it

    def limit(self, has_groups: bool = True, post: str = "") -> Decimal | None:
        variant = self.variants.get(post, Variant())
        cap = self.cap if variant.cap is None else variant.cap
        return cap if has_groups or cap is None else cap * self.factor_without_groups

    def exists_for(self, has_groups: bool = True, post: str = "") -> bool:
        """Whether members of such a branch and post can have it at all."""
        return not self.variants.get(post, Variant()).off and bool(has_groups or self.factor_without_groups)


@dataclass(frozen=True)
class Scheme:
    """What an edition says of the whole year beside its items.

    `scale`: how many points stand for one of a hundred (10 in a house that counts in tens and hundreds).
    `points_share`: what the points weigh in the composite, 0..1. `thresholds`: least composite, best grade first.
    `excellent_ratio`: how many of the full members of a branch may be 优秀 (一般不超过三分之一, by custom).
    """

    base: Decimal = Decimal(60)
    caps: Mapping[Category, Decimal] = field(
        default_factory=lambda: {
            Category.ORG: Decimal(14),
            Category.STU: Decimal(8),
            Category.DUT: Decimal(4),
            Category.POS: Decimal(8),
            Category.SVC: Decimal(6),
            Category.HON: Decimal(20),
        }
    )
    scale: Decimal = Decimal(1)
    points_share: Decimal = Decimal("0.7")
    thresholds: tuple[tuple[Grade, Decimal], ...] = (
        (Grade.EXCELLENT, Decimal(90)),
        (Grade.QUALIFIED, Decimal(75)),
        (Grade.BASICALLY_QUALIFIED, Decimal(60)),
    )
    excellent_ratio: Fraction = Fraction(1, 3)


DEFAULT_SCHEME: Final = Scheme()


def points_for(
    item: Item,
    quantity: Decimal | int = 1,
    *,
    level: str = "",
    so_far: Decimal | int = 0,
    has_groups: bool = True,
    post: str = "",
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
        worth = item.value(has_groups, post)
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
    post: str = ""


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


def year_points(facts: MemberYearFacts, items: Mapping[str, Item], scheme: Scheme = DEFAULT_SCHEME) -> YearPoints:
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
        cap = item.limit(facts.has_groups, facts.post)
        if item.category in SCALED:
            value = _item_months(amount, cap, months)
        else:
            value = (amount if cap is None else min(cap, amount)) * months
        raw[item.category] += amount
        counted[item.category] += value
        per_item[code] = ItemPoints(amount, round_half_up(value / months), cap)
    for category, limit in scheme.caps.items():
        counted[category] = min(limit * months, counted[category])
    total = (scheme.base * months + sum(counted.values(), ZERO)) / months
    return YearPoints(
        base=scheme.base,
        categories={
            category: CategoryPoints(raw[category], round_half_up(counted[category] / months), scheme.caps[category])
            for category in EARNING
        },
        honours=round_half_up(counted[Category.HON] / months),
        deductions=round_half_up(-counted[Category.DED] / months),
        total=round_half_up(max(ZERO, total)),
        rated=rated,
        items=per_item,
    )


def remaining(
    item: Item,
    so_far: Decimal,
    category_so_far: Decimal | None = None,
    *,
    scheme: Scheme = DEFAULT_SCHEME,
    has_groups: bool = True,
    post: str = "",
) -> Decimal | None:
    """What can still be earned under the item's cap and its category's; None when nothing limits it.

    `so_far`, `category_so_far`: what has counted this year (the second one after item caps).
    """
    room = []
    cap = item.limit(has_groups, post)
    if cap is not None:
        room.append(cap - so_far)
    if category_so_far is not None and item.category in scheme.caps:
        room.append(scheme.caps[item.category] - category_so_far)
    return max(ZERO, min(room)) if room else None


# --- attendance ---

LECTURER: Final = "lecturer"
SELF_CHECK: Final = "org_life.self_check"
UNEXCUSED: Final = "absence.unexcused"
LATE: Final = "attendance.late"
LATE_AFTER: Final = timedelta(minutes=15)
ABSENCE_COUNTS: Final = frozenset(  # 三会一课, theme day, organisational life meeting
    {"general_meeting", "committee_meeting", "group_meeting", "party_lecture", "theme_day", "org_life_meeting"}
)


def attendance_feed(kind: str) -> str:
    """The feed of being at a gathering of this kind."""
    return f"attendance.{kind}"


@dataclass(frozen=True)
class Presence:
    """One person at one gathering. `made_up`: an excused absence was made up; `late`: signed in by code after
    LATE_AFTER and nobody wrote down why; `self_checked`: the own self-criticism is in the record."""

    status: str
    made_up: bool = False
    is_lecturer: bool = False
    late: bool = False
    self_checked: bool = False


def attendance_feeds(kinds: Iterable[str], presence: Presence) -> list[str]:
    """What one person at one gathering is worth or costs, as feeds: one for each kind it counts for, and the rest.

    An excused absence that was made up is worth the same as being there, but nobody led a study while away, or was
    late; an unexcused absence cannot be made up.
    """
    kinds = list(kinds)
    there = presence.status == "present"
    feeds = []
    if there or (presence.made_up and presence.status in ("leave", "official")):
        feeds += [attendance_feed(kind) for kind in kinds]
        if presence.self_checked and "org_life_meeting" in kinds:
            feeds.append(SELF_CHECK)
    if there and presence.is_lecturer:
        feeds.append(LECTURER)
    if there and presence.late and ABSENCE_COUNTS & set(kinds):
        feeds.append(LATE)
    if presence.status == "unexcused" and ABSENCE_COUNTS & set(kinds):
        feeds.append(UNEXCUSED)
    return sorted(set(feeds))


# --- study ---

STUDY_HOURS: Final = Decimal(32)  # a year; 《全国党员教育培训工作规划（2024—2028年）》
STUDY_DONE: Final = "study.hours"
STUDY_SHORT: Final = "study.short"


def study_target(months: int) -> Decimal | None:
    """Hours a member owes in a year of so many months on the roll; None under three, which are not rated.

    >>> study_target(12), study_target(3), study_target(2)
    (Decimal('32'), Decimal('8'), None)
    """
    return STUDY_HOURS * months / FULL_YEAR if months >= RATED_FROM else None


def units_completed(hours: Iterable[tuple[date, Decimal]], per: Decimal) -> list[date]:
    """The day each full unit of `per` hours was completed, over the running total; `hours` in the order they were done.

    >>> units_completed([(date(2026, 1, 5), Decimal(6)), (date(2026, 2, 5), Decimal(11))], Decimal(8))
    [datetime.date(2026, 2, 5), datetime.date(2026, 2, 5)]
    """
    days: list[date] = []
    total = ZERO
    for day, done in hours:
        total += done
        days += [day] * int(_whole(total, per) - len(days))
    return days


# --- the grade ---

POLL_WEIGHTS: Final[Mapping[Grade, int]] = MappingProxyType(
    {Grade.EXCELLENT: 100, Grade.QUALIFIED: 80, Grade.BASICALLY_QUALIFIED: 60, Grade.UNQUALIFIED: 0}
)


def appraisal_index(votes: Mapping[Grade, int]) -> Decimal | None:
    """0..100 from the valid votes of the democratic appraisal, two places; None without a vote."""
    weighed, cast = _poll(votes)
    return round_half_up(Decimal(weighed) / cast) if cast else None


def composite(
    year_total: Decimal | None, votes: Mapping[Grade, int], scheme: Scheme = DEFAULT_SCHEME
) -> Decimal | None:
    """70 % points (at most 100 of them) and 30 % appraisal, rounded once; None without an appraisal.

    `year_total` None: the member is exempt from points, the appraisal alone decides.
    """
    weighed, cast = _poll(votes)
    if not cast:
        return None
    if year_total is None:
        return round_half_up(Decimal(weighed) / cast)
    of_hundred = min(year_total / scheme.scale, Decimal(100))
    share = scheme.points_share
    return round_half_up((share * of_hundred * cast + (1 - share) * weighed) / cast)


def grade(
    value: Decimal | None, thresholds: Iterable[tuple[Grade, Decimal]] = DEFAULT_SCHEME.thresholds
) -> Grade | None:
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
