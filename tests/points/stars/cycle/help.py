"""A hospital whose score card has one line, so that a test names the total of a branch."""

import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal as D
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from branches.models import Branch, User
from points.choices import MarkKind, MarkLevel, RatingState
from points.models import LineRecord, Scorecard, ScorecardLine, StarMark, StarObjection, StarRating, StarRound
from points.stars import deciding, objecting, reviewing, self_rating
from points.stars.standing import standing_of
from tests import factories

YEAR = 2025
JANUARY = date(2026, 1, 8)
FEBRUARY = date(2026, 2, 2)  # a Monday; with the spring festival of 2026 the fifth working day is the 9th
AFTER = date(2026, 3, 2)


def queries_of(visit: Callable[[], Any]) -> int:
    """How many statements a visit costs, once everything is warm."""
    visit()
    with CaptureQueriesContext(connection) as seen:
        visit()
    return len(seen)


def make_card(hospital: Branch, name: str = "一项评分表", valid_from: int = YEAR, **fields: Any) -> Scorecard:
    card = Scorecard.objects.create(hospital=hospital, name=name, valid_from=valid_from, **fields)
    ScorecardLine.objects.create(card=card, code="9.1", title="综合评分", measure="given", max=100)
    Scorecard.objects.filter(pk=card.pk).update(published_at=timezone.now())
    return Scorecard.objects.get(pk=card.pk)


def rated_branch(hospital: Branch, total: str, name: str = "", **fields: Any) -> Branch:
    """A branch with this total for YEAR, and an innovation, so that five stars are open to it."""
    data = {"founded_on": date(2015, 1, 1), "owes_from": date(2030, 1, 1), **({"name": name} if name else {})}
    node = factories.make_branch(hospital, **(data | fields))
    score(node, total)
    mark(node, MarkKind.INNOVATION)
    return node


def score(branch: Branch, total: str, year: int = YEAR) -> None:
    row = LineRecord.objects.filter(branch=branch, year=year, fact="given:9.1").first()
    row = row or LineRecord(branch=branch, year=year, fact="given:9.1", source="台账")
    row.values = {"points": total, "out_of": 100}
    row.save()


def mark(branch: Branch, kind: str, level: str = "", year: int = YEAR, **fields: Any) -> StarMark:
    data = {"title": "事项", "decided_by": "市委组织部", "document_no": f"组〔{year}〕{uuid.uuid4().hex[:6]}号"}
    if kind == MarkKind.VETO:
        level = level or MarkLevel.BRIBERY
    return StarMark.objects.create(
        branch=branch, year=year, kind=kind, level=level, happened_on=date(year, 6, 1), **(data | fields)
    )


def approved_before(branch: Branch, stars: int, total: str = "85", year: int = YEAR - 1) -> StarRating:
    card = Scorecard.objects.get(hospital__isnull=True, category="")
    return StarRating.objects.create(
        branch=branch, hospital=branch.hospital, year=year, state=RatingState.APPROVED, card=card, stars=stars,
        total=D(total), reviewed_at=factories.at(date(year + 1, 2, 1)),
    )  # fmt: skip


def row_of(branch: Branch) -> StarRating:
    return StarRating.objects.get(branch=branch, year=YEAR)


def version_of(branch: Branch) -> int:
    row = StarRating.objects.filter(branch=branch, year=YEAR).first()
    return row.version if row else 0


def round_version(hospital: Branch) -> int:
    row = StarRound.objects.filter(hospital=hospital, year=YEAR).first()
    return row.version if row else 0


def total_of(branch: Branch) -> D:
    rated = standing_of(branch.hospital, YEAR, timezone.localdate()).of(branch.pk)
    assert rated is not None
    return rated.rating.total


def self_rate(branch: Branch, actor: User, **fields: Any) -> StarRating:
    data: dict[str, Any] = {"comments": {}, "comment": "", "version": version_of(branch)}
    return self_rating.self_rate(branch=branch, year=YEAR, actor=actor, **(data | fields))


def review(branch: Branch, actor: User, **fields: Any) -> StarRating:
    data: dict[str, Any] = {"comment": "", "seen": total_of(branch), "version": version_of(branch)}
    return reviewing.review(branch=branch, year=YEAR, actor=actor, **(data | fields))


def publicise(hospital: Branch, actor: User, **fields: Any) -> StarRound:
    return deciding.publicise(
        hospital=hospital, year=YEAR, actor=actor, **({"version": round_version(hospital)} | fields)
    )


def approve(hospital: Branch, actor: User, **fields: Any) -> StarRound:
    data = {"meeting": "3月2日党委会", "order": [], "tie_reason": "", "version": round_version(hospital)}
    return deciding.approve(hospital=hospital, year=YEAR, actor=actor, **(data | fields))


def object_to(branch: Branch, actor: User, text: str = "活动次数有误", key: uuid.UUID | None = None) -> StarObjection:
    return objecting.raise_objection(rating=row_of(branch), text=text, form_key=key or uuid.uuid4(), actor=actor)
