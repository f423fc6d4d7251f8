"""The preview of the stars, and how far it moved since the quarter before: read from the roll-up of the months."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from activities.choices import Period
from activities.plan.periods import period_bounds
from branches.choices import Capability
from branches.models import Branch
from members.models import month_of
from points.dashboard.scope import Scope
from points.dashboard.span import Span
from points.models import StarMonth

LEVELS: Final = (5, 4, 3, 2, 1)


@dataclass(frozen=True)
class StarLine:
    """A branch now and at the end of the quarter before; None: there was no preview."""

    unit: Branch
    stars: int
    total: Decimal | None
    before: int | None
    total_before: Decimal | None

    @property
    def moved(self) -> int:
        """Stars up or down; 0 where one of the two is not rated."""
        return self.stars - self.before if self.stars and self.before else 0

    @property
    def change(self) -> Decimal | None:
        both = self.total is not None and self.total_before is not None
        return self.total - self.total_before if both else None  # type: ignore[operator]


@dataclass(frozen=True)
class HospitalLine:
    """How the branches of a hospital are spread."""

    unit: Branch
    counts: tuple[int, ...]  # in the order of LEVELS
    unrated: int


@dataclass(frozen=True)
class StarPanel:
    """`month`: of the newest preview in the span; None: there is none yet."""

    month: date | None
    since: date  # the month at whose end the quarter before was over
    counts: Mapping[int, int]
    lines: tuple[StarLine, ...]
    hospitals: tuple[HospitalLine, ...]

    @property
    def spread(self) -> list[tuple[int, int]]:
        return [(level, self.counts.get(level, 0)) for level in LEVELS]

    @property
    def unrated(self) -> int:
        return self.counts.get(0, 0)

    @property
    def risen(self) -> int:
        return sum(line.moved > 0 for line in self.lines)

    @property
    def fallen(self) -> int:
        return sum(line.moved < 0 for line in self.lines)


def stars(scope: Scope, span: Span) -> StarPanel | None:
    """Two statements; None for a reader who may see no stars at the place."""
    if not scope.reader.paths_granting(Capability.STARS_VIEW):
        return None
    quarter, _ = period_bounds(Period.QUARTER, span.end)
    since = month_of(quarter - timedelta(days=1))
    rows = scope.rows(StarMonth.objects.all()).order_by()
    here = rows.filter(month__range=(quarter, span.last_month))
    month = here.order_by("-month").values_list("month", flat=True).first()
    if month is None:
        return StarPanel(None, since, {}, (), ())
    found: dict[date, dict[int, tuple[int, Decimal | None]]] = {month: {}, since: {}}
    hospital: dict[int, int] = {}
    wanted = rows.filter(month__in=[month, since])
    for at, branch, home, level, total in wanted.values_list("month", "branch", "branch__hospital", "stars", "total"):
        found[at][branch] = level, total
        hospital[branch] = home
    now, then = found[month], found[since]
    counts = Counter(level for level, _ in now.values())
    if scope.by_hospital:
        return StarPanel(month, since, counts, (), _hospitals(scope, now, hospital))
    lines = [_line(unit, now[unit.pk], then.get(unit.pk)) for unit in scope.units if unit.pk in now]
    lines.sort(key=lambda line: (-line.stars, -(line.total or 0), line.unit.path))
    return StarPanel(month, since, counts, tuple(lines), ())


def _line(unit: Branch, now: tuple[int, Decimal | None], then: tuple[int, Decimal | None] | None) -> StarLine:
    before, total_before = then or (None, None)
    return StarLine(unit, now[0], now[1], before, total_before)


def _hospitals(
    scope: Scope, now: Mapping[int, tuple[int, Decimal | None]], hospital: Mapping[int, int]
) -> tuple[HospitalLine, ...]:
    by_hospital: dict[int, Counter[int]] = {}
    for branch, (level, _) in now.items():
        by_hospital.setdefault(hospital[branch], Counter())[level] += 1
    found: list[Any] = []
    for unit in scope.units:
        counts = by_hospital.get(unit.pk)
        if counts:
            found.append(HospitalLine(unit, tuple(counts[level] for level in LEVELS), counts[0]))
    return tuple(found)
