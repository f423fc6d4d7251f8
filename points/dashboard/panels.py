"""The panels of activities. Each takes scope and span, starts from the scope, and answers with plain numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, Q, Sum

from activities.choices import ActivityState, PlanState
from activities.models import Activity, ActivityMonth, PlanItem
from activities.plan.board import item_url, plan_cell
from activities.plan.cells import SOON_DAYS, Cell
from activities.rules import percent
from branches.access import may
from branches.choices import BranchLevel, Capability
from branches.models import Branch, User
from members.choices import MemberType
from members.models import Member, RollMonth
from points.branch_home import Month, month_of
from points.dashboard.scope import MOST_LINES, Scope
from points.dashboard.span import Span
from points.waiting import overdue_since

LISTED: Final = 8
COUNTED: Final = ("required", "done", "late", "present", "expected")
Sums = Mapping[str, int]


@dataclass(frozen=True)
class Heads:
    full: int
    probationary: int
    by_unit: Mapping[int, int]

    @property
    def total(self) -> int:
        return self.full + self.probationary


def heads(scope: Scope, span: Span) -> Heads:
    """Members at the end of the span: the roll of today, or the roll-up of the month; of many hospitals always that."""
    if span.is_now and not scope.by_hospital:
        roll = scope.rows(Member.objects.all()).current().order_by()
        probationary = Count("pk", filter=Q(member_type=MemberType.PROBATIONARY))
        rows = roll.values(scope.key).annotate(n=Count("pk"), probationary=probationary)
        counts = [(row[scope.key], row["n"] - row["probationary"], row["probationary"]) for row in rows]
    else:
        months = scope.rows(RollMonth.objects.all()).filter(month=span.last_month).order_by()
        sums = months.values(scope.key).annotate(f=Sum("full"), p=Sum("probationary"))
        counts = [(row[scope.key], row["f"], row["p"]) for row in sums]
    by_unit = {unit: full + probationary for unit, full, probationary in counts}
    return Heads(sum(row[1] for row in counts), sum(row[2] for row in counts), by_unit)


@dataclass(frozen=True)
class Rate:
    """`of` is what should be: expected people, required actions."""

    n: int
    of: int

    @property
    def percent(self) -> Decimal | None:
        return percent(self.n, self.of)


@dataclass(frozen=True)
class UnitSums:
    """One line of the charts of activities; `late` was done after its day."""

    unit: Branch
    completion: Rate
    late: int
    attendance: Rate
    year: Rate  # attendance since January


@dataclass(frozen=True)
class Activities:
    """All the page says from the roll-up of activities: what fell due, and who came."""

    units: tuple[UnitSums, ...]
    completion: Rate
    late: int
    attendance: Rate
    before: Rate  # attendance of the span before

    @property
    def change(self) -> Decimal | None:
        now, then = self.attendance.percent, self.before.percent
        return None if now is None or then is None else now - then

    @property
    def by_completion(self) -> list[UnitSums]:
        """Who is behind stands first."""
        asked = [row for row in self.units if row.completion.of]
        return sorted(asked, key=lambda row: (row.completion.percent, row.unit.path))[:MOST_LINES]

    @property
    def by_attendance(self) -> list[UnitSums]:
        """In the order of the tree; with more than there is room for, the lowest of the year."""
        met = [row for row in self.units if row.year.of]
        if len(met) <= MOST_LINES:
            return met
        return sorted(met, key=lambda row: (row.year.percent, row.unit.path))[:MOST_LINES]

    @property
    def completion_chart(self) -> list[list[Any]]:
        rows = self.by_completion
        return [
            [short_name(row.unit), number(row.completion.percent), row.completion.n, row.completion.of] for row in rows
        ]

    @property
    def attendance_chart(self) -> list[list[Any]]:
        rows = self.by_attendance
        return [[short_name(row.unit), number(row.attendance.percent), number(row.year.percent)] for row in rows]


def activities(scope: Scope, span: Span) -> Activities:
    """One statement over the months of this year and of the span before, however many are stored."""
    before, year = span.before, date(span.first.year, 1, 1)
    months = scope.rows(ActivityMonth.objects.all()).order_by()
    months = months.filter(branch__level=BranchLevel.BRANCH, month__range=(min(before.first, year), span.last))
    now = Q(month__range=(span.first, span.last))
    spans = {"now": now, "year": Q(month__gte=year), "then": Q(month__range=(before.first, before.last))}
    wanted = [("now", name) for name in COUNTED]
    wanted += [(when, name) for when in ("year", "then") for name in ("present", "expected")]
    sums = {f"{when}_{name}": Sum(name, filter=spans[when], default=0) for when, name in wanted}
    found = {row[scope.key]: row for row in months.values(scope.key).annotate(**sums)}
    lines = tuple(_line(unit, found[unit.pk]) for unit in scope.units if unit.pk in found)
    rows = list(found.values())
    return Activities(
        lines,
        _rate(rows, "now_done", "now_required"),
        sum(row["now_late"] for row in rows),
        _rate(rows, "now_present", "now_expected"),
        _rate(rows, "then_present", "then_expected"),
    )


def _line(unit: Branch, row: Sums) -> UnitSums:
    completion, attendance = _rate([row], "now_done", "now_required"), _rate([row], "now_present", "now_expected")
    return UnitSums(unit, completion, row["now_late"], attendance, _rate([row], "year_present", "year_expected"))


def _rate(rows: Iterable[Sums], n: str, of: str) -> Rate:
    rows = list(rows)
    return Rate(sum(row[n] for row in rows), sum(row[of] for row in rows))


@dataclass(frozen=True)
class Owed:
    """Open today, whatever the span; `late`: the overdue ones by unit, where there are any."""

    overdue: int
    soon: int
    late: Mapping[int, int]


def owed(scope: Scope, today: date) -> Owed:
    """One statement over what is open; it does not grow with what is done."""
    items = scope.rows(PlanItem.objects.all()).owed().filter(branch__level=BranchLevel.BRANCH).order_by()
    until = today + timedelta(days=SOON_DAYS)
    found = items.filter(due__range=(overdue_since(today), until)).values_list(scope.key)
    counts = list(found.annotate(late=Count("pk", filter=Q(due__lt=today)), soon=Count("pk", filter=Q(due__gte=today))))
    late = {unit: n for unit, n, _ in counts if n}
    return Owed(sum(late.values()), sum(soon for *_, soon in counts), late)


@dataclass(frozen=True)
class Overdue:
    item: PlanItem
    cell: Cell
    url: str
    where: str  # the branch, of several hospitals with its own before it


@dataclass(frozen=True)
class OverdueList:
    rows: tuple[Overdue, ...]
    total: int


def overdue(scope: Scope, span: Span) -> OverdueList:
    """What is late or was sent back, the longest first."""
    items = (
        scope.rows(PlanItem.objects.all())
        .owed()
        .filter(
            Q(due__lt=span.today) | Q(state=PlanState.RETURNED),
            due__gte=overdue_since(span.today),
            branch__level=BranchLevel.BRANCH,
        )
    )
    reads = may(scope.reader, Capability.ACTIVITY_VIEW)
    rows = items.select_related("branch__hospital", "group", "activity").order_by("due", "branch__path", "pk")[:LISTED]
    lines = [
        Overdue(
            item,
            plan_cell(item, span.today),
            item_url(item, span.today, writes=False) if reads else "",
            f"{short_name(item.branch.hospital)}，{item.branch}"
            if scope.by_hospital and item.branch.hospital
            else str(item.branch),
        )
        for item in rows
    ]
    return OverdueList(tuple(lines), items.count())


def own_months(user: User, today: date) -> list[tuple[Branch, Month]]:
    """What the committee itself owes this month, for those who enter it."""
    nodes = list(Branch.objects.visible_to(user, Capability.COMMITTEE_RECORD).open_on(today))
    found = [(node, month_of(PlanItem.objects.filter(branch=node), today, writes=True)) for node in nodes]
    return [(node, month) for node, month in found if month.todos or month.later or month.done]


def short_name(unit: Branch) -> str:
    return unit.name.removesuffix("党支部").removesuffix("党委") or unit.name


def number(value: Decimal | None) -> float | None:
    return None if value is None else float(round(value, 1))


def waiting_count(scope: Scope) -> int:
    """Records handed in that wait for somebody, whoever it is."""
    return scope.rows(Activity.objects.all()).filter(state=ActivityState.SUBMITTED).count()
