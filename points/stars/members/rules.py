"""Stars of members: the conditions of each star, the places of a branch, who is within them. Pure.

The program orders by composite and points and never decides between equals: whoever is equal at a cut is left open
until a meeting says who gets the higher star. Everything else follows from the figures.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from points.choices import Grade
from points.rules import RATED_FROM, ZERO, round_half_up

TOP: Final = 5
LEAST: Final = 1
PROBATIONARY_TOP: Final = 4
GRADE_ORDER: Final = tuple(Grade)  # the best first
GRADE_OF: Final[Mapping[int, Grade]] = {
    5: Grade.EXCELLENT,
    4: Grade.QUALIFIED,
    3: Grade.QUALIFIED,
    2: Grade.BASICALLY_QUALIFIED,
}

EXEMPT: Final = "不参加积分，不评定"
TOO_SHORT: Final = f"在册不足{RATED_FROM}个月，不评定"
NOT_APPRAISED: Final = "未参加民主测评，不评定"
LEFT_OUT: Final = "经支部大会决定不评定"


@dataclass(frozen=True)
class Terms:
    """What a hospital asks for in a year. Points stand in hundreds; `scale` says how many of the house make one.

    `thresholds`: least points of 5, 4, 3 and 2 stars. Shares: of the rated members, 0..1; `four_share` of those with
    four or five. `least_rated`: with fewer rated members a branch has no places of its own. `worst`: the largest single
    deduction five stars allow. `deeds`: items that count as a deed beside all honours.
    """

    thresholds: tuple[Decimal, Decimal, Decimal, Decimal] = (Decimal(95), Decimal(85), Decimal(75), Decimal(60))
    five_share: Fraction = Fraction(1, 5)
    four_share: Fraction = Fraction(1, 2)
    least_rated: int = 5
    worst: Decimal = Decimal(3)
    deeds: tuple[str, ...] = ("D01", "D02")
    scale: Decimal = Decimal(1)

    def least(self, stars: int) -> Decimal:
        """Least points of so many stars, as the house counts."""
        return self.thresholds[TOP - stars] * self.scale if stars > LEAST else ZERO

    @property
    def most_deducted(self) -> Decimal:
        return self.worst * self.scale


@dataclass(frozen=True)
class Facts:
    """One member at the end of the year.

    `points` None: takes no part in points. `grade` None: not known yet, or none at all. `worst`: the largest single
    deduction, a positive number. `deeds`: codes of the items that count for five stars. `unrated`: why there is no star
    at all. `given`: the star a meeting gave to somebody equal at a cut.
    """

    member: int
    branch: int
    points: Decimal | None
    composite: Decimal | None = None
    grade: Grade | None = None
    worst: Decimal = ZERO
    deeds: tuple[str, ...] = ()
    is_full: bool = True
    unrated: str = ""
    vetoed: bool = False
    given: int | None = None

    @property
    def is_rated(self) -> bool:
        """Whether the caps count this member: probationers stand outside, a veto takes the star alone."""
        return self.is_full and not self.unrated

    @property
    def competes(self) -> bool:
        return self.is_rated and not self.vetoed


class Need(StrEnum):
    POINTS = "points"
    GRADE = "grade"
    DEDUCTION = "deduction"
    DEED = "deed"


@dataclass(frozen=True)
class Condition:
    """`met` None: not known yet. `least`: points or deduction it is measured against; `grade`: the least grade."""

    need: Need
    met: bool | None
    least: Decimal = ZERO
    grade: Grade | None = None


@dataclass(frozen=True)
class Standing:
    """What follows for one member. `stars` None: none at all (`unrated`, a veto).

    `reached`: what the own figures allow, before the caps. `cut_from`: the highest star that was missed for want of a
    place. `tied`: the star at whose cut equals are still undecided; until then `stars` is what they have at least.
    `options`: the stars a meeting may choose between for an equal at a cut, decided or not.
    """

    member: int
    reached: int
    stars: int | None
    cut_from: int | None = None
    tied: int | None = None
    options: tuple[int, ...] = ()


@dataclass(frozen=True)
class Pool:
    """Who share places. `base`: rated members; at most `five` with five stars, `four` with four or five.

    `branches`: more than one, or one that is too small, where `level` says so. `spare`: of a pool too small for a place
    of its own, how many places of the hospital rounding left over.
    """

    branches: tuple[int, ...]
    base: int
    five: int
    four: int
    level: str = "branch"  # branch, general_branch or hospital
    spare: int = 0


@dataclass(frozen=True)
class Outcome:
    standings: Mapping[int, Standing] = field(default_factory=dict)  # by member
    pools: Mapping[int, Pool] = field(default_factory=dict)  # by branch


# --- the conditions of one member ---


def unrated_words(*, is_exempt: bool, is_short: bool, is_unappraised: bool, is_left_out: bool) -> str:
    """Why a member gets no star at all; "" for everybody else. `is_short`: too few months on the roll.
    `is_unappraised`: the year is graded, this member without a poll."""
    if is_exempt:
        return EXEMPT
    if is_short:
        return TOO_SHORT
    if is_unappraised:
        return NOT_APPRAISED
    return LEFT_OUT if is_left_out else ""


def conditions(facts: Facts, stars: int, terms: Terms) -> tuple[Condition, ...]:
    """What `stars` asks of this member; nothing for one star."""
    if stars <= LEAST:
        return ()
    least = terms.least(stars)
    found = [Condition(Need.POINTS, round_half_up(facts.points or ZERO) >= least, least)]
    if facts.is_full:
        asked = GRADE_OF[stars]
        known = None if facts.grade is None else GRADE_ORDER.index(facts.grade) <= GRADE_ORDER.index(asked)
        found.append(Condition(Need.GRADE, known, grade=asked))
    if stars == TOP:
        found.append(Condition(Need.DEDUCTION, facts.worst <= terms.most_deducted, terms.most_deducted))
        found.append(Condition(Need.DEED, bool(facts.deeds)))
    return tuple(found)


def top_of(facts: Facts) -> int:
    return TOP if facts.is_full else PROBATIONARY_TOP


def reach(facts: Facts, terms: Terms) -> int:
    """The most stars no condition speaks against; what is not known yet does not.

    >>> reach(Facts(1, 1, Decimal("94.99"), grade=Grade.EXCELLENT, deeds=("F01",)), Terms())
    4
    """
    for stars in range(top_of(facts), LEAST, -1):
        if all(one.met is not False for one in conditions(facts, stars, terms)):
            return stars
    return LEAST


# --- places ---


def places(rated: int, terms: Terms) -> tuple[int, int]:
    """How many may have five stars, and how many four or five; both rounded down.

    >>> [places(n, Terms()) for n in (4, 5, 9, 10)]
    [(0, 2), (1, 2), (1, 4), (2, 5)]
    """
    return _share(terms.five_share, rated), _share(terms.four_share, rated)


def _share(share: Fraction, rated: int) -> int:
    return rated * share.numerator // share.denominator


def pools(rated: Mapping[int, int], parents: Mapping[int, int | None], terms: Terms) -> dict[int, Pool]:
    """Which branches of a hospital share places. `parents`: the general branch of each, None without one.

    A branch with enough rated members has places of its own. The smaller ones of a general branch are counted together;
    where they are still too few, with those of the hospital. Too few there as well: one place for five stars, if
    rounding left the hospital one.
    """
    found: dict[int, Pool] = {}
    under: dict[int, list[int]] = defaultdict(list)
    rest: list[int] = []
    for branch, n in rated.items():
        parent = parents.get(branch)
        if n >= terms.least_rated:
            found[branch] = Pool((branch,), n, *places(n, terms))
        elif parent is not None:
            under[parent].append(branch)
        else:
            rest.append(branch)
    for branches in under.values():
        base = sum(rated[one] for one in branches)
        if base >= terms.least_rated:
            found |= dict.fromkeys(branches, Pool(tuple(branches), base, *places(base, terms), "general_branch"))
        else:
            rest += branches
    if rest:
        found |= dict.fromkeys(rest, _last_pool(rest, rated, set(found.values()), terms))
    return found


def _last_pool(branches: Sequence[int], rated: Mapping[int, int], others: Iterable[Pool], terms: Terms) -> Pool:
    base = sum(rated[one] for one in branches)
    five, four = places(base, terms)
    spare = 0
    if 0 < base < terms.least_rated and not five:
        settled = list(others)
        all_five, all_four = places(sum(rated.values()), terms)
        left_of_five = all_five - sum(pool.five for pool in settled)
        left_of_four = all_four - sum(pool.four for pool in settled)
        spare = min(1, left_of_five, left_of_four)
    return Pool(tuple(branches), base, five + spare, max(four, spare), "hospital", spare)


# --- who is within them ---

Key = tuple[Decimal, Decimal]


def decide(facts: Sequence[Facts], parents: Mapping[int, int | None], terms: Terms) -> Outcome:
    """The stars of all members of a hospital, or of one branch that has places of its own."""
    rated: dict[int, int] = {one.branch: 0 for one in facts}
    for one in facts:
        rated[one.branch] += one.is_rated
    shared = pools(rated, parents, terms)
    standings = {one.member: _alone(one, terms) for one in facts}
    for pool in set(shared.values()):
        within = [one for one in facts if one.branch in pool.branches and one.competes]
        _place(within, pool, standings)
    return Outcome(standings, shared)


def _alone(facts: Facts, terms: Terms) -> Standing:
    reached = reach(facts, terms)
    return Standing(facts.member, reached, None if facts.unrated or facts.vetoed else reached)


def _place(people: Sequence[Facts], pool: Pool, standings: dict[int, Standing]) -> None:
    """Five stars first, then what is left of four and five together. Of the equals at the cut of five who are undecided
    some will take the places left there; as many as will not compete for four."""
    key = _key_of(people)
    runners = [one for one in people if standings[one.member].reached == TOP]
    five = _cut(runners, min(pool.five, pool.four), TOP, key)
    waiting = five.open[five.seats_open :]  # which of them does not matter: they are equal
    runners = [one for one in people if standings[one.member].reached == TOP - 1] + [*five.lost, *waiting]
    four = _cut(runners, pool.four - len(five.won) - five.seats_open, TOP - 1, key)
    for one in runners:
        now = standings[one.member]
        missed = TOP if one in five.lost else None
        if one in four.won:
            standings[one.member] = replace(now, stars=TOP - 1, cut_from=missed)
        elif one in four.open:
            standings[one.member] = replace(now, stars=TOP - 2, cut_from=missed, tied=TOP - 1)
        else:
            standings[one.member] = replace(now, stars=TOP - 2, cut_from=missed or TOP - 1)
    lower = _left_to(waiting or [one for one in five.equal if one in five.lost], four)
    for one in five.open:
        standings[one.member] = replace(standings[one.member], stars=min(lower), cut_from=None, tied=TOP)
    _offer(four.equal, {TOP - 1, TOP - 2}, standings)
    _offer(five.equal, {TOP, *lower}, standings)


def _left_to(losers: Iterable[Facts], four: "_Cut") -> set[int]:
    """The stars there are for those equals who do not get five."""
    found: set[int] = set()
    for one in losers:
        found |= {TOP - 1, TOP - 2} if one in four.equal else {TOP - 1} if one in four.won else {TOP - 2}
    return found


def _offer(equal: Iterable[Facts], stars: set[int], standings: dict[int, Standing]) -> None:
    for one in equal:
        now = standings[one.member]
        standings[one.member] = replace(now, options=tuple(sorted({*now.options, *stars}, reverse=True)))


def _key_of(people: Sequence[Facts]) -> Callable[[Facts], Key]:
    """By composite, then points; by points alone while somebody has no composite yet (a preview)."""
    if all(one.composite is not None for one in people):
        return lambda one: (one.composite or ZERO, one.points or ZERO)
    return lambda one: (one.points or ZERO, ZERO)


@dataclass(frozen=True)
class _Cut:
    won: tuple[Facts, ...]
    lost: tuple[Facts, ...] = ()
    open: tuple[Facts, ...] = ()  # equals at the cut nobody decided about
    seats_open: int = 0  # places left for them
    equal: tuple[Facts, ...] = ()  # all equals at the cut


def _cut(runners: Sequence[Facts], seats: int, stars: int, key: Callable[[Facts], Key]) -> _Cut:
    if len(runners) <= seats:
        return _Cut(tuple(runners))
    ordered = sorted(runners, key=key, reverse=True)
    if seats <= 0 or key(ordered[seats - 1]) != key(ordered[seats]):
        return _Cut(tuple(ordered[: max(0, seats)]), tuple(ordered[max(0, seats) :]))
    edge = key(ordered[seats])
    sure = tuple(one for one in ordered if key(one) > edge)
    equal = tuple(one for one in ordered if key(one) == edge)
    behind = tuple(one for one in ordered if key(one) < edge)
    left = seats - len(sure)
    up, down = _chosen(equal, left, stars)
    undecided = tuple(one for one in equal if one not in up and one not in down)
    return _Cut(sure + up, down + behind, undecided, left - len(up), equal)


def _chosen(equal: Sequence[Facts], left: int, stars: int) -> tuple[tuple[Facts, ...], tuple[Facts, ...]]:
    """Of the equals, who was given the star and who was not. What was said of other figures counts no more."""
    up = tuple(one for one in equal if one.given is not None and one.given >= stars)
    down = tuple(one for one in equal if one.given is not None and one.given < stars)
    if len(up) > left or len(down) > len(equal) - left:
        return (), ()
    if len(up) == left:
        return up, tuple(one for one in equal if one not in up)
    if len(down) == len(equal) - left:
        return tuple(one for one in equal if one not in down), down
    return up, down


# --- after it was fixed ---


def is_removed(year: int, next_year: int | None, veto_years: Iterable[int]) -> bool:
    """Whether a veto takes the star of `year`: one of that year, or of the time until the star of `next_year` follows.

    >>> is_removed(2025, None, [2026]), is_removed(2024, 2025, [2026]), is_removed(2025, None, [2024])
    (True, False, False)
    """
    return any(year <= one and (next_year is None or one <= next_year) for one in veto_years)
