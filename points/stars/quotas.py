"""From scores to stars: steps up, places and cuts, what was decided elsewhere. Pure.

The places of a hospital are cumulative: so many may have five stars, so many four or five. A place goes by total, then
by the total of the year before; who is equal at a cut is for the committee to order. Whoever is cut loses one star.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Final

UNKNOWN: Final = Decimal(-1)  # of a branch without a rating of the year before: behind everybody equal to it


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rated branch before the places are given.

    `score_stars`: what its total says, conditions and vetoes included. `previous`: its stars of the year before; None:
    its first rating, or the first after a merger. `direct`: a document lets it rise more than one star. `above`: the
    stars somebody above the hospital decided; such a branch takes none of the hospital's places.
    """

    branch: int
    total: Decimal
    score_stars: int
    veto: bool = False
    previous: int | None = None
    previous_total: Decimal | None = None
    direct: bool = False
    above: int | None = None


@dataclass(frozen=True)
class Places:
    """Of `rated` branches: at most `five` with five stars, at most `four` with four or five."""

    rated: int
    five: int
    four: int


@dataclass(frozen=True, slots=True)
class Decision:
    """`stars`: the outcome. `cut_from`: the stars a branch reached and found no place for, the highest; else None.

    `tied`: its place depends on an order among equals that the committee has not given; it stands as if cut.
    `held_back`: the stars its score says, where the limit of one step up kept it below.
    """

    branch: int
    stars: int
    cut_from: int | None = None
    tied: bool = False
    held_back: int | None = None


@dataclass(frozen=True)
class Outcome:
    places: Places
    decisions: Mapping[int, Decision] = field(default_factory=dict)

    @property
    def tied(self) -> list[int]:
        return [one.branch for one in self.decisions.values() if one.tied]


def places(rated: int, five_share: Fraction = Fraction(1, 10), four_share: Fraction = Fraction(1, 2)) -> Places:
    """How many of the rated branches may have five stars, and four or five.

    >>> [(places(n).five, places(n).four) for n in (1, 4, 6, 14, 20)]
    [(1, 1), (1, 2), (1, 3), (1, 7), (2, 10)]
    """
    if not rated:
        return Places(0, 0, 0)
    five = max(1, floor(five_share * rated))
    four = max(five, floor(four_share * rated), 2 if rated >= 4 else 0)
    return Places(rated, five, four)


def step_limit(candidate: Candidate) -> int:
    """The most stars it may have: one more than the year before, unless a document or a new start lifts that."""
    if candidate.previous is None or candidate.direct:
        return 5
    return candidate.previous + 1


def decide(
    candidates: Sequence[Candidate],
    *,
    five_share: Fraction = Fraction(1, 10),
    four_share: Fraction = Fraction(1, 2),
    order: Sequence[int] = (),
) -> Outcome:
    """The stars of all rated branches of a hospital. `order`: branches equal at a cut, as the committee ranked them."""
    quota = places(len(candidates), five_share, four_share)
    standing = {one.branch: _start(one) for one in candidates}
    mine = [one for one in candidates if one.above is None]
    rank = {branch: n for n, branch in enumerate(order)}
    taken = _cut(mine, standing, 5, quota.five, rank)
    _cut(mine, standing, 4, max(0, quota.four - taken), rank)
    return Outcome(quota, standing)


def _start(one: Candidate) -> Decision:
    if one.above is not None:
        return Decision(one.branch, one.above)
    most = step_limit(one)
    stars = min(one.score_stars, most)
    return Decision(one.branch, stars, held_back=one.score_stars if stars < one.score_stars else None)


def _cut(
    mine: Sequence[Candidate], standing: dict[int, Decision], stars: int, seats: int, rank: Mapping[int, int]
) -> int:
    """Give the places of one level; whoever finds none drops one star. Returns how many were taken."""
    runners = [one for one in mine if standing[one.branch].stars == stars]
    keys = {one.branch: _key(one, rank) for one in runners}
    runners.sort(key=lambda one: keys[one.branch])
    for place, one in enumerate(runners):
        if place < seats and not _shares_cut(runners, keys, seats, one):
            continue
        now = standing[one.branch]
        tied = _shares_cut(runners, keys, seats, one)
        standing[one.branch] = replace(now, stars=stars - 1, cut_from=now.cut_from or stars, tied=now.tied or tied)
    return sum(standing[one.branch].stars == stars for one in runners)


def _key(one: Candidate, rank: Mapping[int, int]) -> tuple[Decimal, Decimal, int]:
    before = UNKNOWN if one.previous_total is None else one.previous_total
    return -one.total, -before, rank.get(one.branch, len(rank))


def _shares_cut(
    runners: Sequence[Candidate], keys: Mapping[int, tuple[Decimal, Decimal, int]], seats: int, one: Candidate
) -> bool:
    """Whether the last place is between this branch and others equal to it in everything."""
    same = [other for other in runners if keys[other.branch] == keys[one.branch]]
    before = sum(keys[other.branch] < keys[one.branch] for other in runners)
    return before < seats < before + len(same)
