"""All branches of hospitals in one year: worked out anew while the round is open, as frozen once it was reviewed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from branches.models import Branch, BranchQuerySet
from config.collector import collector_resting
from points.choices import MarkKind, RatingState
from points.models import Scorecard, StarMark, StarRating, StarRound
from points.stars.cards import CardBook
from points.stars.facts import branch_facts
from points.stars.freezing import thawed
from points.stars.quotas import Candidate, Decision, Outcome, Places, decide
from points.stars.rules import BranchFacts, Card, Rating, rate

FROZEN: Final = (RatingState.REVIEWED, RatingState.PUBLICISED, RatingState.APPROVED)
LOT: Final = 50  # hospitals
SETTLED: Final = (RatingState.PUBLICISED, RatingState.APPROVED)  # their stars are written down


@dataclass(frozen=True)
class Rated:
    """One branch of a year. `row` None: nobody rated it yet; `facts` None: frozen. `decision` None: not rated."""

    branch: Branch
    year: int
    card_row: Scorecard
    card: Card
    rating: Rating
    row: StarRating | None
    facts: BranchFacts | None
    candidate: Candidate | None
    decision: Decision | None
    places: Places

    @property
    def is_frozen(self) -> bool:
        return self.facts is None

    @property
    def settled(self) -> StarRating | None:
        """The row, once its stars are on display: what cards, quotas and marks became since changes them no more."""
        return self.row if self.row is not None and self.row.state in SETTLED else None

    @property
    def stars(self) -> int:
        if self.settled is not None:
            return self.settled.stars or 0
        return self.decision.stars if self.decision else 0

    @property
    def next_from(self) -> Any:
        """The least total of the next star the score could reach; None at the top."""
        above = [least for least in self.card.thresholds if least > self.rating.total]
        return min(above, default=None)


@dataclass(frozen=True)
class Standing:
    """All branches of one hospital, the best first; who is not rated comes last."""

    rated: tuple[Rated, ...]
    outcome: Outcome
    round: StarRound | None

    @property
    def places(self) -> Places:
        return self.outcome.places

    def of(self, branch: int) -> Rated | None:
        return next((one for one in self.rated if one.branch.pk == branch), None)


def rated_branches(hospital_id: int, year: int) -> list[Branch]:
    """The branches of a hospital that there were in a year, in the order of the tree."""
    return list(_of_year(year).filter(hospital=hospital_id))


def _of_year(year: int) -> BranchQuerySet:
    nodes = Branch.objects.branches().filter(founded_on__lte=date(year, 12, 31))
    return nodes.exclude(dissolved_on__lt=date(year, 1, 1)).prefetch_related("hospital")  # one for all its branches


def standing_of(hospital: Branch, year: int, today: date) -> Standing:
    """One hospital; a fixed number of statements."""
    found = standings(rated_branches(hospital.pk, year), year, today)
    empty = Standing((), Outcome(Places(0, 0, 0)), None)
    return found.get(hospital.pk, empty)


def standings_by_lot(hospitals: Collection[int], year: int, today: date) -> Iterator[Standing]:
    """Any number of hospitals, in the order of their keys. LOT of them are worked out at a time: a province takes no
    more memory than a thousand branches do.

    Raises LookupError for a year before the first card.
    """
    keys = sorted(hospitals)
    for start in range(0, len(keys), LOT):
        with collector_resting():
            found = standings(list(_of_year(year).filter(hospital__in=keys[start : start + LOT])), year, today)
        yield from (found[pk] for pk in sorted(found, key=lambda pk: pk or 0))


def standings(branches: Sequence[Branch], year: int, today: date) -> dict[int | None, Standing]:
    """By hospital, for any number of them. `branches` are all of each hospital: places are given among them.

    Raises LookupError for a year before the first card.
    """
    hospitals = {branch.hospital_id for branch in branches}
    book = CardBook(hospitals)
    rows = {row.branch_id: row for row in _rows(hospitals, year)}
    open_ = [branch for branch in branches if not _is_frozen(rows.get(branch.pk))]
    facts = branch_facts(open_, year, today, {one.pk: book.of(one, year)[1] for one in open_}) if open_ else {}
    before = _before(hospitals, year)
    marks = _decisions(hospitals, year)
    rounds = {one.hospital_id: one for one in StarRound.objects.filter(hospital__in=hospitals, year=year)}
    by_hospital: dict[int | None, list[tuple[Branch, Scorecard, Rating]]] = defaultdict(list)
    for branch in branches:
        row = rows.get(branch.pk)
        card_row, card = book.of(branch, year)
        if row is not None and _is_frozen(row):
            rating = thawed(row)
            card_row = row.card
        else:
            rating = rate(facts[branch.pk], card)
        by_hospital[branch.hospital_id].append((branch, card_row, rating))
    found = {}
    for hospital, mine in by_hospital.items():
        candidates = {
            branch.pk: _candidate(branch.pk, rating, before.get(branch.pk), marks.get(branch.pk, {}))
            for branch, _, rating in mine
            if rating.is_rated or MarkKind.ABOVE in marks.get(branch.pk, {})
        }
        round_ = rounds.get(hospital)
        order = round_.tie_order if round_ else ()
        outcome = decide(list(candidates.values()), order=order, **book.quota(hospital, year))
        outcome = replace(outcome, places=_places_shown(rows, mine) or outcome.places)
        lines = [
            Rated(
                branch=branch,
                year=year,
                card_row=card_row,
                card=book.card(card_row),
                rating=rating,
                row=rows.get(branch.pk),
                facts=facts.get(branch.pk),
                candidate=candidates.get(branch.pk),
                decision=outcome.decisions.get(branch.pk),
                places=outcome.places,
            )
            for branch, card_row, rating in mine
        ]
        lines.sort(key=lambda one: (not one.rating.is_rated, -one.stars, -one.rating.total, one.branch.path))
        found[hospital] = Standing(tuple(lines), outcome, round_)
    return found


def _places_shown(rows: Mapping[int, StarRating], mine: Iterable[tuple[Branch, Scorecard, Rating]]) -> Places | None:
    """The places as they were when the ratings went on display."""
    settled = (rows[branch.pk] for branch, _, _ in mine if branch.pk in rows and rows[branch.pk].state in SETTLED)
    shown = next((row.facts["places"] for row in settled), None)
    return Places(*shown) if shown else None


def _is_frozen(row: StarRating | None) -> bool:
    return row is not None and row.state in FROZEN


def _rows(hospitals: Iterable[int | None], year: int) -> Iterable[StarRating]:
    rows = StarRating.objects.filter(hospital__in=[one for one in hospitals if one], year=year)
    return rows.select_related("card", "self_rated_by", "reviewed_by").prefetch_related("card__lines")


def _before(hospitals: Iterable[int | None], year: int) -> dict[int, StarRating]:
    """The approved ratings of the year before."""
    rows = StarRating.objects.filter(
        hospital__in=[one for one in hospitals if one], year=year - 1, state=RatingState.APPROVED
    )
    return {row.branch_id: row for row in rows.only("branch", "total", "stars")}


def _decisions(hospitals: Iterable[int | None], year: int) -> dict[int, dict[str, StarMark]]:
    """Direct gradings, decisions from above and mergers of the year, the newest of each kind."""
    rows = StarMark.objects.standing().filter(
        branch__hospital__in=[one for one in hospitals if one],
        year=year,
        kind__in=[MarkKind.DIRECT, MarkKind.ABOVE, MarkKind.MERGER],
    )
    found: dict[int, dict[str, StarMark]] = defaultdict(dict)
    for mark in rows.order_by("happened_on", "pk"):
        found[mark.branch_id][mark.kind] = mark
    return found


def _candidate(pk: int, rating: Rating, before: StarRating | None, marks: Mapping[str, StarMark]) -> Candidate:
    first = before is None or MarkKind.MERGER in marks
    above = marks.get(MarkKind.ABOVE)
    return Candidate(
        branch=pk,
        total=rating.total,
        score_stars=rating.stars,
        veto=bool(rating.vetoes),
        previous=None if first or before is None else before.stars,
        previous_total=before.total if before else None,
        direct=MarkKind.DIRECT in marks,
        above=None if above is None else (1 if rating.vetoes else above.stars),
    )
