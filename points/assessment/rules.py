"""The grade of a year: what the figures suggest, what vetoes and the cap on 优秀 leave of it, what people may do.

The program suggests and never decides: equal figures at the cut, and vetoes whose weight somebody else decided, are
left open. The cap is a warning with a reason, not a bar; the limit of a veto is a bar.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from points.choices import Grade
from points.rulebook.wording import ratio_words
from points.rules import DEFAULT_SCHEME, RATED_FROM, Scheme, appraisal_index, composite, grade, round_half_up

ORDER: Final = tuple(Grade)  # the best first
PROBATIONARY: Final = "预备党员，不定等次"
TOO_SHORT: Final = "在册不足3个月，不评定"
NOT_APPRAISED: Final = "未参加测评"


class Cut(StrEnum):
    """Where a candidate for 优秀 stands at the cap."""

    NONE = ""  # no candidate
    WITHIN = "within"
    BEYOND = "beyond"
    TIED = "tied"  # people decide


@dataclass(frozen=True)
class Veto:
    """`limit`: the best grade it leaves, as its item says in the edition of its day; None: decided elsewhere."""

    code: str
    limit: Grade | None = None


@dataclass(frozen=True)
class Facts:
    """One member of the branch at the end of the year. `year_points` None: exempt from points."""

    member: int
    year_points: Decimal | None
    votes: Mapping[Grade, int] = field(default_factory=dict)
    is_full: bool = True
    months: int = 12
    vetoes: tuple[Veto, ...] = ()


@dataclass(frozen=True)
class Judged:
    """What follows from the figures of one member.

    `suggested` None: no grade (see `ungraded`), none yet (no composite), or left to people (`is_open`).
    `by_hand`: a veto whose weight is not in the rule book.
    """

    member: int
    year_points: Decimal | None
    index: Decimal | None = None
    composite: Decimal | None = None
    limit: Grade | None = None
    by_hand: bool = False
    suggested: Grade | None = None
    cut: Cut = Cut.NONE
    ungraded: str = ""
    vetoes: tuple[str, ...] = ()  # codes

    @property
    def is_open(self) -> bool:
        """People have to say: equal at the cut, or a veto decided elsewhere."""
        return self.composite is not None and self.suggested is None and not self.ungraded


@dataclass(frozen=True)
class Cap:
    """How many may be 优秀. `base`: full members of the branch, probationers left out."""

    base: int
    most: int
    candidates: int = 0
    seats: int = 0  # left for those who are equal at the cut
    ratio: Fraction = DEFAULT_SCHEME.excellent_ratio

    @property
    def quotient(self) -> Decimal:
        """`base` × the ratio, two places, for the arithmetic shown."""
        return round_half_up(Decimal(self.base * self.ratio.numerator) / self.ratio.denominator)

    @property
    def ratio_words(self) -> str:
        return ratio_words(self.ratio)

    @property
    def words(self) -> str:
        """29人×1/3＝9.67，取9人"""
        return f"{self.base}人×{self.ratio_words}＝{self.quotient}，取{self.most}人"

    @property
    def is_exceeded(self) -> bool:
        return self.candidates > self.most


@dataclass(frozen=True)
class Outcome:
    lines: tuple[Judged, ...]  # in the order of the facts
    cap: Cap


def excellent_cap(base: int, ratio: Fraction) -> int:
    """Rounded down, exact.

    >>> [excellent_cap(n, Fraction(1, 3)) for n in (31, 30, 29, 2, 0)]
    [10, 10, 9, 0, 0]
    """
    return base * ratio.numerator // ratio.denominator


def veto_limit(vetoes: Iterable[Veto]) -> tuple[Grade | None, bool]:
    """The best grade all vetoes together leave, and whether one of them says nothing of it."""
    found = [veto.limit for veto in vetoes]
    limits = [limit for limit in found if limit is not None]
    return (max(limits, key=ORDER.index) if limits else None), None in found


def limited(value: Grade, limit: Grade | None) -> Grade:
    """The worse of the two."""
    return value if limit is None else max(value, limit, key=ORDER.index)


def judge(facts: Iterable[Facts], scheme: Scheme = DEFAULT_SCHEME) -> Outcome:
    """Suggest a grade for everybody of one branch, in the order of domain.md 6: figures, vetoes, cap."""
    people = list(facts)
    base = sum(one.is_full for one in people)
    lines = [_by_figures(one, scheme) for one in people]
    most = excellent_cap(base, scheme.excellent_ratio)
    candidates = [line for line in lines if line.suggested == Grade.EXCELLENT]
    cuts = cut_at(candidates, most)
    lines = [_after_cap(line, cuts.get(line.member, Cut.NONE)) for line in lines]
    within = sum(cut == Cut.WITHIN for cut in cuts.values())
    return Outcome(tuple(lines), Cap(base, most, len(candidates), max(0, most - within), scheme.excellent_ratio))


def _by_figures(one: Facts, scheme: Scheme) -> Judged:
    limit, by_hand = veto_limit(one.vetoes)
    codes = tuple(dict.fromkeys(veto.code for veto in one.vetoes))
    blank = Judged(one.member, one.year_points, limit=limit, by_hand=by_hand, vetoes=codes)
    if not one.is_full:
        return replace(blank, ungraded=PROBATIONARY)
    if one.months < RATED_FROM:
        return replace(blank, ungraded=TOO_SHORT)
    value = composite(one.year_points, one.votes, scheme)
    found = grade(value, scheme.thresholds)
    return replace(
        blank,
        index=appraisal_index(one.votes),
        composite=value,
        suggested=None if found is None or by_hand else limited(found, limit),
    )


def cut_at(candidates: Sequence[Judged], most: int) -> dict[int, Cut]:
    """Where each candidate stands when at most `most` may be 优秀.

    Ordered by composite, then points of the year; equals share a place. Whoever is exempt from points stands in no
    ranking: over the cap they are for people to decide, and so is everybody whose place depends on them.
    """
    if len(candidates) <= most:
        return {one.member: Cut.WITHIN for one in candidates}
    unranked = sum(one.year_points is None for one in candidates)
    ranked = [_rank(one) for one in candidates if one.year_points is not None]
    cuts = {}
    for one in candidates:
        if one.year_points is None:
            cuts[one.member] = Cut.TIED if most else Cut.BEYOND
            continue
        mine = _rank(one)
        before = sum(other > mine for other in ranked)
        equal = ranked.count(mine)
        if before + equal + unranked <= most:
            cuts[one.member] = Cut.WITHIN
        else:
            cuts[one.member] = Cut.BEYOND if before >= most else Cut.TIED
    return cuts


def _rank(one: Judged) -> tuple[Decimal, Decimal]:
    return one.composite or Decimal(0), one.year_points or Decimal(0)


def _after_cap(line: Judged, cut: Cut) -> Judged:
    if cut == Cut.BEYOND:
        return replace(line, suggested=Grade.QUALIFIED, cut=cut)
    return replace(line, suggested=None if cut == Cut.TIED else line.suggested, cut=cut)


def choices(line: Judged) -> tuple[Grade, ...]:
    """The grades people may give: one step from what is suggested, never better than a veto allows.

    Equal at the cut: 优秀 or 合格. A veto decided elsewhere: any grade within the other limits.
    """
    if line.ungraded or line.composite is None:
        return ()
    if line.suggested is not None:
        at = ORDER.index(line.suggested)
        near = ORDER[max(0, at - 1) : at + 2]
    else:
        near = ORDER if line.by_hand else (Grade.EXCELLENT, Grade.QUALIFIED)
    return tuple(one for one in near if limited(one, line.limit) == one)


def needs_reason(line: Judged, given: Grade | None) -> bool:
    """Whoever departs from the figures says why; what was left open is decided in writing too."""
    return given != line.suggested
