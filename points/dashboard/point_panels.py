"""The panels of points, of one hospital: each has rules of its own, so several are never compared."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from django.db.models import Avg, Count, Max, Min, Q, QuerySet, Sum

from branches.models import Branch
from members.models import Exemption, Member, MembershipEvent
from points.dashboard.panels import number, short_name
from points.dashboard.scope import Scope
from points.dashboard.span import Span
from points.ledger.standing import bases_of, members_of_year, ranked, with_year
from points.models import Entry, PointsMonth
from points.rulebook.book import RuleBook
from points.rules import ZERO, round_half_up

WIDE: Final = (None, 60, 65, 70, 75, 80, 85, 90, 95, None)
MOST_BINS: Final = 9
NOTHING: Final[Mapping[str, Any]] = {"plus": ZERO, "minus": ZERO, "n": 0}


@dataclass(frozen=True)
class BranchPointsRow:
    branch: Branch
    members: int
    plus: Decimal
    minus: Decimal
    n: int

    @property
    def net(self) -> Decimal:
        return self.plus - self.minus

    @property
    def per_head(self) -> Decimal | None:
        """By those who take part at the end of the span: a large branch is not the better one."""
        return round_half_up(self.net / self.members) if self.members else None


@dataclass(frozen=True)
class BranchSums:
    rows: tuple[BranchPointsRow, ...]
    plus: Decimal
    minus: Decimal
    n: int

    @property
    def net(self) -> Decimal:
        return self.plus - self.minus

    @property
    def chart(self) -> list[list[Any]]:
        return [[short_name(row.branch), number(row.per_head)] for row in self.rows]


def points_by_branch(scope: Scope, span: Span, people: Mapping[int, int]) -> BranchSums:
    """What was booked for deeds of the span, by the branch of the day; before caps, so never the sum of the years.

    Who takes no part in points at the end of the span is in no sum and no head count. Three statements.
    """
    months = scope.rows(PointsMonth.objects.all()).filter(month__range=(span.first, span.last)).order_by()
    sums = months.values("branch").annotate(plus=Sum("plus"), minus=Sum("minus"), n=Sum("n"))
    touched = MembershipEvent.objects.filter(branch__in=[branch.pk for branch in scope.units])
    outside = Exemption.objects.in_force(span.end).filter(member__in=touched.values("member")).values("member")
    without = _sums_of(outside, scope, span)
    away = Counter(Member.objects.filter(pk__in=outside).on_roll(span.end).values_list("roll_branch_id", flat=True))
    found = {row["branch"]: _less(row, without.get(row["branch"], NOTHING)) for row in sums}
    lines = []
    for branch in scope.units:
        row = found.get(branch.pk, NOTHING)
        heads = people.get(branch.pk, 0) - away[branch.pk]
        lines.append(BranchPointsRow(branch, heads, row["plus"], row["minus"], row["n"]))
    lines.sort(key=lambda line: (-(line.per_head or ZERO), line.branch.path))
    plus, minus = (sum((row[key] for row in found.values()), ZERO) for key in ("plus", "minus"))
    return BranchSums(tuple(lines), plus, minus, sum(row["n"] for row in found.values()))


def _sums_of(members: QuerySet[Any], scope: Scope, span: Span) -> dict[int, dict[str, Any]]:
    """What PointsMonth counts of these members, from their entries, by branch."""
    award = Q(reversal_of__isnull=True)
    raised = Q(award, points__gt=0) | Q(~award, points__lte=0)
    rows = scope.rows(Entry.objects.all()).filter(member__in=members, month__range=(span.first, span.last))
    sums = (
        rows.order_by()
        .values("branch")
        .annotate(
            plus=Sum("points", filter=raised, default=ZERO),
            minus=-Sum("points", filter=~raised, default=ZERO),
            n=Count("pk", filter=award) - Count("pk", filter=~award),
        )
    )
    return {row["branch"]: row for row in sums}


def _less(row: Mapping[str, Any], without: Mapping[str, Any]) -> dict[str, Any]:
    plus, minus = (round_half_up(row[key] - without[key]) for key in ("plus", "minus"))
    return {"plus": plus, "minus": minus, "n": row["n"] - without["n"]}


@dataclass(frozen=True)
class Distribution:
    year: int
    bins: tuple[tuple[str, int], ...]
    people: int
    average: Decimal | None

    @property
    def chart(self) -> list[list[Any]]:
        return [[label, n] for label, n in self.bins] if self.people else []


def bin_edges(least: Decimal | None, most: Decimal | None, scale: Decimal = Decimal(1)) -> list[int | None]:
    """The finest steps that show everybody in at most nine bars; early in a year all stand close together.

    `scale`: of the rules, 10 where points are counted in tens and hundreds.
    """
    wide = [None if edge is None else int(edge * scale) for edge in WIDE]
    if least is None or most is None:
        return wide
    for step in (max(1, int(one * scale)) for one in (1, 2, 5)):
        first, last = int(least // step), int(most // step)
        if last - first < MOST_BINS:
            return [n * step for n in range(first, last + 2)]
    return wide


def distribution(scope: Scope, span: Span) -> Distribution:
    """How the years of those who are ranked are spread; somebody without an entry stands at the base."""
    year, book = span.first.year, RuleBook()
    hospitals = {branch.hospital_id for branch in scope.units}
    bases = bases_of(hospitals, year, book)
    scale = max((book.of_year(one, year).scheme.scale for one in hospitals), default=Decimal(1))
    people = members_of_year([branch.pk for branch in scope.units], year, span.today)
    rows = with_year(ranked(people, year, span.today), year, bases)
    ends = rows.aggregate(least=Min("total"), most=Max("total"))
    conditions, labels = {}, []
    for low, high in pairwise(bin_edges(ends["least"], ends["most"], scale)):
        when = Q(total__isnull=False)
        when &= Q(total__gte=low) if low is not None else Q()
        when &= Q(total__lt=high) if high is not None else Q()
        labels.append(f"{high}以下" if low is None else f"{low}以上" if high is None else f"{low}–{high}")
        conditions[f"bin{len(labels)}"] = Count("pk", filter=when)
    found = rows.aggregate(**conditions, people=Count("pk"), average=Avg("total"))
    counts = [found[f"bin{n}"] for n in range(1, len(labels) + 1)]
    average = found["average"]
    return Distribution(
        year,
        tuple(zip(labels, counts, strict=True)),
        found["people"],
        None if average is None else round_half_up(Decimal(average)),
    )
