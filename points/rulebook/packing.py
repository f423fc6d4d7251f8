"""An edition as plain values that JSON can carry, and back: for a preview that travels in its own form."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from points.catalogue import columns_of
from points.choices import CAPPED, Grade
from points.models import RuleItem
from points.rulebook.book import item_of
from points.rulebook.differences import Plan
from points.rules import Scheme

FIGURES = ("points", "per", "cap", "factor_without_groups")


def pack(plan: Plan) -> dict[str, Any]:
    scheme = plan.scheme
    items = []
    for position, item in enumerate(plan.items):
        row = columns_of(item, position)
        items.append(row | {name: None if row[name] is None else str(row[name]) for name in FIGURES})
    return {
        "name": plan.name,
        "valid_from": plan.valid_from.isoformat(),
        "basis": plan.basis,
        "base": str(scheme.base),
        "scale": str(scheme.scale),
        "points_share": str(scheme.points_share),
        "caps": [str(scheme.caps[category]) for category in CAPPED],
        "excellent_ratio": str(scheme.excellent_ratio),
        "lines": [str(least) for _, least in scheme.thresholds],
        "items": items,
    }


def unpack(said: dict[str, Any]) -> Plan:
    grades = (Grade.EXCELLENT, Grade.QUALIFIED, Grade.BASICALLY_QUALIFIED)
    scheme = Scheme(
        base=Decimal(said["base"]),
        scale=Decimal(said["scale"]),
        points_share=Decimal(said["points_share"]),
        caps={category: Decimal(cap) for category, cap in zip(CAPPED, said["caps"], strict=True)},
        thresholds=tuple((grade, Decimal(least)) for grade, least in zip(grades, said["lines"], strict=True)),
        excellent_ratio=Fraction(said["excellent_ratio"]),
    )
    items = []
    for row in said["items"]:
        figures = {name: None if row[name] is None else Decimal(row[name]) for name in FIGURES}
        items.append(item_of(RuleItem(**{**row, **figures})))
    return Plan(said["name"], date.fromisoformat(said["valid_from"]), said["basis"], scheme, tuple(items))
