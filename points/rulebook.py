"""The rule book in force: rows of the office read into the Items that the pure rules understand."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from points.catalogue import DEFAULTS, with_policy
from points.choices import CATEGORY_CAPS, Category, Origin
from points.models import RuleItem
from points.rules import Item


class Edition(NamedTuple):
    """One version: its items and the rows they came from, by code."""

    valid_from: date
    items: dict[str, Item]
    rows: dict[str, RuleItem]


class RuleBook:
    """All editions, oldest first; read with one statement, then asked any number of times."""

    def __init__(self) -> None:
        self.editions: list[Edition] = []
        rows = RuleItem.objects.select_related("version").order_by("version__valid_from", "position", "code")
        for row in rows:
            if not self.editions or self.editions[-1].valid_from != row.version.valid_from:
                self.editions.append(Edition(row.version.valid_from, {}, {}))
            self.editions[-1].items[row.code] = item_of(row)
            self.editions[-1].rows[row.code] = row

    def on(self, day: date) -> Edition:
        """The edition in force on `day`; before the first one nothing is worth anything."""
        fitting = [edition for edition in self.editions if edition.valid_from <= day]
        return fitting[-1] if fitting else Edition(day, {}, {})

    def of_year(self, year: int) -> Mapping[str, Item]:
        """Caps of a year: the edition in force at its end; a code it dropped keeps the last one that had it."""
        merged: dict[str, Item] = {}
        for edition in self.editions:
            if edition.valid_from <= date(year, 12, 31):
                merged |= edition.items
        return merged


def item_of(row: RuleItem) -> Item:
    """House policy (value, cap) over what the catalogue knows of the item: units, steps, the variant without groups."""
    if row.code in DEFAULTS:
        item = with_policy(row.code, points=row.points, cap=row.cap)
        return replace(item, title=row.title, source_kind=row.source_kind, points_text=row.points_text)
    return Item(
        code=row.code,
        category=Category(row.category),
        title=row.title,
        points=row.points,
        cap=row.cap,
        points_text=row.points_text,
        origin=Origin(row.origin),
        evidence=row.evidence,
        source_kind=row.source_kind,
    )


class Section(NamedTuple):
    """A category of the rule book with its items, as the page lists them."""

    category: Category
    cap: Decimal | None
    rows: list[RuleItem]


def rule_sections(edition: Edition, query: str = "") -> list[Section]:
    """Items by category, those that match `query` (code or words); a category without one is left out."""
    found = []
    for category in Category:
        rows = [
            row
            for row in edition.rows.values()
            if row.category == category and (not query or query.lower() in f"{row.code} {row.title}".lower())
        ]
        if rows:
            found.append(Section(category, CATEGORY_CAPS.get(category), rows))
    return found
