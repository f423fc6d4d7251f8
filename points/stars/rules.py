"""The score card of a branch: `rate(facts, card)`. Pure; amounts are exact fractions until the total is rounded once.

What a line measures, and how, stands in points/stars/measures.py; what a hospital lets a line weigh is its card.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from points.choices import MarkKind, MarkLevel
from points.stars.formulas import Gap, Value, Year
from points.stars.measures import MEASURES

GIVEN: Final = "given"  # the measure of a line the hospital added
TOP: Final = Fraction(110)
NONE: Final = Fraction(0)
ALL: Final = Fraction(1)
NOTHING: Final[Mapping[str, Value]] = MappingProxyType({})
STARS: Final = (5, 4, 3, 2, 1)
NO_REGISTER: Final = "系统还没有这项台账，党办登记数据后计分"
NO_DATA: Final = "没有可以计算的数据"


@dataclass(frozen=True, slots=True)
class CardLine:
    """One line of a card: what is measured, and at most how many points it gives."""

    code: str
    title: str
    measure: str
    max: Decimal
    tag: str = ""  # 五化: O L M S P
    params: Mapping[str, Decimal] = field(default_factory=dict)  # figures of the measure that differ from its own
    exact: Fraction = field(init=False, repr=False, compare=False)  # `max`, once for all branches that are rated by it

    def __post_init__(self) -> None:
        object.__setattr__(self, "exact", Fraction(self.max))

    @property
    def fact(self) -> str:
        """Under which name its facts are kept: a line of the hospital's own has its own, whatever others there are."""
        return f"{GIVEN}:{self.code}" if self.measure == GIVEN else self.measure


@dataclass(frozen=True)
class Card:
    """One edition of a score card.

    `thresholds`: least total of 5, 4, 3 and 2 stars. `rated_from`: least applicable maximum of a rated branch.
    `bonus`: points of a kind of honour; `deductions`: of a fault; shares: of the rated branches, 0..1.
    """

    lines: tuple[CardLine, ...]
    thresholds: tuple[Decimal, Decimal, Decimal, Decimal] = (Decimal(90), Decimal(80), Decimal(70), Decimal(60))
    rated_from: Decimal = Decimal(60)
    bonus_cap: Decimal = Decimal(10)
    marks: Mapping[str, Decimal] = field(default_factory=lambda: DEFAULT_MARKS)
    five_share: Fraction = Fraction(1, 10)
    four_share: Fraction = Fraction(1, 2)


DEFAULT_MARKS: Final[Mapping[str, Decimal]] = {
    MarkLevel.NATIONAL: Decimal(10),
    MarkLevel.PROVINCIAL: Decimal(6),
    MarkLevel.CITY: Decimal(4),
    MarkLevel.COUNTY: Decimal(2),
    MarkLevel.INNOVATION_ADOPTED: Decimal(2),
    MarkLevel.FALSE_RECORD: Decimal(10),
    MarkLevel.OVERDUE_INSTRUCTION: Decimal(1),
    MarkLevel.PUBLICITY_INCIDENT: Decimal(2),
}


class Measured(NamedTuple):
    """What the records say of one measure. `absent`: why it does not apply (then `values` may be empty).

    `evidence`: pages of the records behind it; `door`: where what is missing can be mended.
    """

    values: Mapping[str, Value] = NOTHING
    evidence: tuple[str, ...] = ()
    absent: str = ""
    door: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A plus, a minus or a veto somebody entered with its document."""

    kind: MarkKind
    level: str
    text: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class BranchFacts:
    """All that a rating is worked out from. `vetoes`: words of what the records themselves show."""

    year: Year
    measures: Mapping[str, Measured]
    marks: tuple[Mark, ...] = ()
    vetoes: tuple[str, ...] = ()
    unrated: str = ""  # why there is no rating at all: dissolved in the year, no data


class Line(NamedTuple):
    """One line as it came out. `formula`: in words; `reason`: why it is not applicable."""

    card: CardLine
    applicable: bool
    score: Fraction
    values: Mapping[str, Value] = NOTHING
    evidence: tuple[str, ...] = ()
    door: str = ""
    formula: str = ""
    reason: str = ""
    year: Year | None = None
    kept: tuple[Gap, ...] | None = None  # of a frozen one

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What would raise it, in points of the line; worked out when it is asked for."""
        if self.kept is not None or self.year is None or not self.applicable or self.is_full:
            return self.kept or ()
        measure, most = MEASURES[self.card.measure], self.max
        found = measure.gaps(self.values, {**measure.params, **self.card.params}, self.year)
        return tuple(Gap(gap.text, min(gap.gain * most, self.lacking)) for gap in found if gap.gain > 0)

    @property
    def max(self) -> Fraction:
        return self.card.exact

    @property
    def lacking(self) -> Fraction:
        return self.max - self.score if self.applicable else Fraction(0)

    @property
    def is_full(self) -> bool:
        return self.applicable and self.score == self.max


@dataclass(frozen=True, slots=True)
class Rating:
    """`total` is rounded half up to 0.01; `stars` is what the score says, before steps, quotas and committee.

    Not rated: `stars` 0 and `unrated` says why.
    """

    lines: tuple[Line, ...]
    score: Fraction
    max: Fraction
    bonus: Decimal
    deduction: Decimal
    total: Decimal
    stars: int
    vetoes: tuple[str, ...]
    innovation: bool
    unrated: str = ""

    @property
    def factor(self) -> Fraction:
        """What one point of a line is worth in the total."""
        return 100 / self.max if self.max else Fraction(0)

    @property
    def is_rated(self) -> bool:
        return not self.unrated


def rate(facts: BranchFacts, card: Card) -> Rating:
    """Work out a branch's score: every line of `card`, the marks, the total, and the stars the score alone says."""
    lines = tuple(_line(line, facts) for line in card.lines)
    applied = [line for line in lines if line.applicable]
    score = _summed(line.score for line in applied)
    most = Fraction(sum((line.card.max for line in applied), Decimal(0)))
    bonus = min(card.bonus_cap, _sum(facts, card, MarkKind.BONUS))
    deduction = _sum(facts, card, MarkKind.DEDUCTION)
    vetoes = (*facts.vetoes, *(mark.text for mark in facts.marks if mark.kind == MarkKind.VETO))
    innovation = _has_innovation(facts)
    unrated = facts.unrated
    if not unrated and most < Fraction(card.rated_from):
        unrated = f"适用满分{decimal(most)}分，不足{card.rated_from.normalize():f}分，未评定"
    total = total_of(score, most, bonus, deduction)
    stars = 0 if unrated else stars_for(total, card, veto=bool(vetoes), innovation=innovation)
    return Rating(lines, score, most, bonus, deduction, total, stars, vetoes, innovation, unrated)


def total_of(score: Fraction, most: Fraction, bonus: Decimal, deduction: Decimal) -> Decimal:
    """The total to 0.01, half up, 0..110.

    >>> total_of(Fraction(7794, 100), Fraction(98), Decimal(2), Decimal(0))
    Decimal('81.53')
    """
    raw = (100 * score / most if most else Fraction(0)) + Fraction(bonus) - Fraction(deduction)
    return decimal(max(Fraction(0), min(TOP, raw)))


def stars_for(total: Decimal, card: Card, *, veto: bool, innovation: bool) -> int:
    """The stars a total says by itself: a veto leaves one, five need an innovation or a brand."""
    if veto:
        return 1
    found = next((stars for stars, least in zip(STARS, card.thresholds, strict=False) if total >= least), 1)
    return 4 if found == 5 and not innovation else found


def decimal(value: Fraction) -> Decimal:
    """Exact half-up rounding to two places.

    >>> decimal(Fraction(17999, 200)), decimal(Fraction(1, 3))
    (Decimal('90.00'), Decimal('0.33'))
    """
    hundredths = (value.numerator * 200 + value.denominator) // (2 * value.denominator)
    return Decimal(hundredths).scaleb(-2)


def _sum(facts: BranchFacts, card: Card, kind: MarkKind) -> Decimal:
    return sum((card.marks.get(mark.level, Decimal(0)) for mark in facts.marks if mark.kind == kind), Decimal(0))


def _has_innovation(facts: BranchFacts) -> bool:
    """An innovation or a brand: entered with its document, or a brand the register knows."""
    if any(mark.level == MarkLevel.INNOVATION_ADOPTED or mark.kind == MarkKind.INNOVATION for mark in facts.marks):
        return True
    brand = facts.measures.get("brand")
    return brand is not None and bool(brand.values.get("brand"))


def _line(line: CardLine, facts: BranchFacts) -> Line:
    measure, found = MEASURES.get(line.measure), facts.measures.get(line.fact)
    if measure is None or found is None:
        return Line(line, False, NONE, formula=measure.words(line.params) if measure else "", reason=NO_REGISTER)
    share = None
    if not found.absent:
        params = {**measure.params, **line.params} if line.params else measure.params
        share = measure.score(found.values, params, facts.year)
    return Line(
        line,
        applicable=share is not None,
        score=NONE if share is None else _clamped(share) * line.exact,
        values=found.values,
        evidence=found.evidence,
        door=found.door,
        formula=measure.words(line.params),
        reason="" if share is not None else found.absent or measure.nothing or NO_DATA,
        year=facts.year,
    )


def _summed(scores: Iterable[Fraction]) -> Fraction:
    """Their sum, those of one denominator first: most scores of a card share a few."""
    numerators: dict[int, int] = defaultdict(int)
    for score in scores:
        numerators[score.denominator] += score.numerator
    return sum((Fraction(above, below) for below, above in numerators.items()), Fraction(0))


def _clamped(share: Fraction) -> Fraction:
    """0..1. Read off its two numbers: comparing fractions multiplies them, and a province has a million shares."""
    if share.numerator <= 0:
        return NONE
    return ALL if share.numerator > share.denominator else share
