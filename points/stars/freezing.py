"""A rating as it is kept and printed: lines with their numbers, so that an old one is explained by what stood then."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from points.models import StarRating
from points.stars.formulas import Gap
from points.stars.quotas import Decision, Places
from points.stars.rules import BranchFacts, CardLine, Line, Rating, decimal


def frozen_lines(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """Exact: amounts are fractions as text."""
    return [
        {
            "code": line.card.code,
            "title": line.card.title,
            "measure": line.card.measure,
            "max": str(line.card.max),
            "tag": line.card.tag,
            "applicable": line.applicable,
            "score": str(line.score),
            "values": {name: _plain(value) for name, value in line.values.items()},
            "evidence": list(line.evidence),
            "door": line.door,
            "gaps": [[gap.text, str(gap.gain)] for gap in line.gaps],
            "formula": line.formula,
            "reason": line.reason,
        }
        for line in lines
    ]


def frozen_facts(facts: BranchFacts) -> dict[str, Any]:
    """What beside the lines went into the rating."""
    return {
        "months": facts.year.months,
        "marks": [{"kind": mark.kind, "level": mark.level, "text": mark.text, "url": mark.url} for mark in facts.marks],
    }


def thawed(row: StarRating) -> Rating:
    """The rating as it was frozen."""
    lines = tuple(_line(one) for one in row.lines)
    applied = [line for line in lines if line.applicable]
    return Rating(
        lines=lines,
        score=sum((line.score for line in applied), Fraction(0)),
        max=sum((line.max for line in applied), Fraction(0)),
        bonus=row.bonus,
        deduction=row.deduction,
        total=row.total if row.total is not None else Decimal(0),
        stars=row.score_stars,
        vetoes=tuple(row.vetoes),
        innovation=bool(row.facts.get("innovation")),
        unrated=row.unrated,
    )


def _line(one: Mapping[str, Any]) -> Line:
    return Line(
        card=CardLine(one["code"], one["title"], one["measure"], Decimal(one["max"]), one["tag"]),
        applicable=one["applicable"],
        score=Fraction(one["score"]),
        values=one["values"],
        evidence=tuple(one["evidence"]),
        door=one["door"],
        kept=tuple(Gap(text, Fraction(gain)) for text, gain in one["gaps"]),
        formula=one["formula"],
        reason=one["reason"],
    )


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def printed(code: str, year: int, rating: Rating, decision: Decision, places: Places) -> dict[str, Any]:
    """One branch as `manage.py rate` prints it. Scores are not rounded: the total is, once."""
    return {
        "branch": code,
        "year": year,
        "total": float(rating.total),
        "stars": decision.stars,
        "bonus": float(rating.bonus),
        "deduction": float(rating.deduction),
        "veto": list(rating.vetoes),
        "lines": [
            {
                "code": line.card.code,
                "title": line.card.title,
                "score": float(line.score),
                "max": float(line.max),
                "applicable": line.applicable,
                "formula": line.formula,
                "reason": line.reason,
                "facts": {name: _plain(value) for name, value in line.values.items()},
                "evidence": list(line.evidence),
                "missing": [
                    {"action": gap.text, "gain": float(decimal(gap.gain)), "url": line.door} for gap in line.gaps
                ],
            }
            for line in rating.lines
        ],
        "quota": {
            "rated": places.rated,
            "max5": places.five,
            "max4": places.four,
            "cut_from": decision.cut_from,
        },
    }
