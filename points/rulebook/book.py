"""The rule book in force: rows of the office read into the Items that the pure rules understand."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Q

from points.choices import CAPPED, Category, Declarer, Grade, Origin, Reviewer
from points.models import RuleItem, RuleVersion
from points.rulebook.differences import Plan
from points.rulebook.rules import CAP_FIELDS
from points.rules import DEFAULT_SCHEME, Item, Level, Scheme, Variant


@dataclass(frozen=True)
class Edition:
    """One version: its items and the rows they came from, by code."""

    valid_from: date
    items: Mapping[str, Item]
    rows: Mapping[str, RuleItem]
    scheme: Scheme = DEFAULT_SCHEME
    version: RuleVersion | None = None

    @cached_property
    def by_feed(self) -> dict[str, Item]:
        return {item.feed: item for item in self.items.values() if item.feed}

    @cached_property
    def has_variants(self) -> bool:
        return any(item.variants for item in self.items.values())


class YearRules(NamedTuple):
    """What a whole year is counted by: caps of the edition in force at its end, items of all its editions."""

    items: Mapping[str, Item]
    scheme: Scheme
    has_variants: bool

    @property
    def group_items(self) -> list[str]:
        """Items of Party groups: whoever has points of one is measured with the caps of a branch with groups."""
        return [item.code for item in self.items.values() if item.feed == "attendance.group_meeting"]


class RuleBook:
    """The published editions of each hospital, oldest first: its own, and before its first one the default.

    A hospital is read when it is first asked for, with one statement; `load` reads many at once.
    """

    def __init__(self, draft: RuleVersion | None = None) -> None:
        """`draft`: what would be, were this unpublished edition the only one of its hospital."""
        self._editions: dict[int | None, list[Edition]] = {}
        self._days: dict[tuple[int | None, date], Edition] = {}
        self._years: dict[tuple[int | None, int], YearRules] = {}
        if draft is not None:
            self._editions[draft.hospital_id] = [edition_of(draft, draft.items.all(), valid_from=date.min)]

    def load(self, hospitals: Collection[int | None]) -> None:
        missing = {one for one in hospitals if one not in self._editions}
        if not missing:
            return
        rows = RuleItem.objects.filter(
            Q(version__hospital__isnull=True) | Q(version__hospital__in=[one for one in missing if one]),
            version__published_at__isnull=False,
        )
        found: dict[int, tuple[RuleVersion, list[RuleItem]]] = {}
        for row in rows.select_related("version").order_by("version__valid_from", "position", "code"):
            found.setdefault(row.version_id, (row.version, []))[1].append(row)
        editions = [(version.hospital_id, edition_of(version, items)) for version, items in found.values()]
        defaults = [edition for hospital, edition in editions if hospital is None]
        for one in missing:
            own = [edition for hospital, edition in editions if one is not None and hospital == one]
            first = own[0].valid_from if own else date.max
            self._editions[one] = [edition for edition in defaults if edition.valid_from < first] + own

    def editions(self, hospital_id: int | None) -> list[Edition]:
        if hospital_id not in self._editions:
            self.load([hospital_id])
        return self._editions[hospital_id]

    def on(self, hospital_id: int | None, day: date) -> Edition:
        """The edition in force on `day`; before the first one nothing is worth anything."""
        if (hospital_id, day) not in self._days:
            fitting = [edition for edition in self.editions(hospital_id) if edition.valid_from <= day]
            self._days[hospital_id, day] = fitting[-1] if fitting else Edition(day, {}, {})
        return self._days[hospital_id, day]

    def of_year(self, hospital_id: int | None, year: int) -> YearRules:
        """The edition in force at the end of a year; a code it dropped keeps the last one that had it."""
        if (hospital_id, year) not in self._years:
            merged: dict[str, Item] = {}
            scheme = DEFAULT_SCHEME
            for edition in self.editions(hospital_id):
                if edition.valid_from <= date(year, 12, 31):
                    merged |= edition.items
                    scheme = edition.scheme
            variants = any(item.variants for item in merged.values())
            self._years[hospital_id, year] = YearRules(merged, scheme, variants)
        return self._years[hospital_id, year]


def edition_of(version: RuleVersion, rows: Any, valid_from: date | None = None) -> Edition:
    rows = list(rows)
    return Edition(
        valid_from or version.valid_from,
        {row.code: item_of(row) for row in rows},
        {row.code: row for row in rows},
        scheme_of(version),
        version,
    )


def scheme_of(version: RuleVersion) -> Scheme:
    return Scheme(
        base=version.base,
        caps={category: getattr(version, CAP_FIELDS[category]) for category in CAPPED},
        scale=version.scale,
        points_share=version.points_share / 100,
        thresholds=(
            (Grade.EXCELLENT, version.excellent_from),
            (Grade.QUALIFIED, version.qualified_from),
            (Grade.BASICALLY_QUALIFIED, version.basically_from),
        ),
        excellent_ratio=Fraction(version.excellent_numerator, version.excellent_denominator),
    )


def plan_of(version: RuleVersion, rows: Any = None) -> Plan:
    """An edition as values; `rows`: its items, where they are read already."""
    rows = version.items.all() if rows is None else rows
    return Plan(
        version.name, version.valid_from, version.basis, scheme_of(version), tuple(item_of(row) for row in rows)
    )


def item_of(row: RuleItem) -> Item:
    return Item(
        code=row.code,
        category=Category(row.category),
        title=row.title,
        points=row.points,
        cap=row.cap,
        per=row.per,
        unit=row.unit,
        levels=tuple(Level(one["code"], one["label"], Decimal(one["points"])) for one in row.levels),
        factor_without_groups=row.factor_without_groups,
        variants={post: _variant(facts) for post, facts in row.variants.items()},
        points_text=row.points_text,
        origin=Origin(row.origin),
        evidence=row.evidence,
        evidence_required=row.evidence_required,
        feed=row.feed,
        declared_by=Declarer(row.declared_by),
        reviewed_by=Reviewer(row.reviewed_by),
        grade_limit=Grade(row.grade_limit) if row.grade_limit else None,
    )


def _variant(facts: Mapping[str, Any]) -> Variant:
    points, cap = facts.get("points"), facts.get("cap")
    return Variant(
        points=None if points is None else Decimal(points),
        cap=None if cap is None else Decimal(cap),
        off=bool(facts.get("off")),
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
            found.append(Section(category, edition.scheme.caps.get(category), rows))
    return found
