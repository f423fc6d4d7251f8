"""The score card in force for a branch and year: rows of the office read into the Card the pure rules understand."""

from collections.abc import Collection, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Q

from branches.models import Branch
from points.models import Scorecard, ScorecardLine
from points.stars.card_rules import Edition
from points.stars.rules import DEFAULT_MARKS, Card, CardLine


def card_of(row: Scorecard, lines: Iterable[ScorecardLine] | None = None) -> Card:
    """One edition as values; `lines`: its rows, where they are read already."""
    rows = row.lines.all() if lines is None else lines
    return Card(
        lines=tuple(line_of(line) for line in rows),
        thresholds=(row.five_from, row.four_from, row.three_from, row.two_from),
        rated_from=row.rated_from,
        bonus_cap=row.bonus_cap,
        marks={**DEFAULT_MARKS, **{level: Decimal(points) for level, points in row.marks.items()}},
        five_share=Fraction(row.five_share) / 100,
        four_share=Fraction(row.four_share) / 100,
    )


def edition_of(row: Scorecard, lines: Iterable[ScorecardLine] | None = None) -> Edition:
    """One edition with its name, year and basis, as values."""
    return Edition(row.name, row.valid_from, row.basis, card_of(row, lines), general=not row.category)


def line_of(row: ScorecardLine) -> CardLine:
    params = {name: Decimal(value) for name, value in row.params.items()}
    return CardLine(row.code, row.title, row.measure, row.max, row.tag, params)


class CardBook:
    """The published cards of hospitals: a category's own, else the general one; a hospital's own before the default.

    Read with two statements for any number of hospitals.
    """

    def __init__(self, hospitals: Collection[int | None]) -> None:
        own = Q(hospital__in=[one for one in hospitals if one]) | Q(hospital__isnull=True)
        rows = Scorecard.objects.published().filter(own).prefetch_related("lines").order_by("valid_from")
        self._rows: dict[tuple[int | None, str], list[Scorecard]] = {}
        for row in rows:
            self._rows.setdefault((row.hospital_id, row.category), []).append(row)
        self._cards: dict[int, Card] = {}

    def row(self, hospital_id: int | None, category: str, year: int) -> Scorecard:
        """The edition for a branch of this category. Raises LookupError for a year before the first card."""
        for key in ((hospital_id, category), (hospital_id, ""), (None, category), (None, "")):
            fitting = [row for row in self._rows.get(key, ()) if row.valid_from <= year]
            if fitting:
                return fitting[-1]
        raise LookupError(f"{year}年还没有评分表")

    def card(self, row: Scorecard) -> Card:
        if row.pk not in self._cards:
            self._cards[row.pk] = card_of(row, row.lines.all())
        return self._cards[row.pk]

    def of(self, branch: Branch, year: int) -> tuple[Scorecard, Card]:
        row = self.row(branch.hospital_id, branch.category, year)
        return row, self.card(row)

    def quota(self, hospital_id: int | None, year: int) -> dict[str, Any]:
        """The shares of places, from the general card: places are given over all categories together."""
        card = self.card(self.row(hospital_id, "", year))
        return {"five_share": card.five_share, "four_share": card.four_share}
