"""Branch × required activity: the cells of a month, the sums of a quarter or a year."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Sum
from django.urls import reverse

from activities.choices import CellState, Kind, short_label
from activities.models import ActivityMonth, PlanItem
from activities.plan.board import Board, build_board
from activities.plan.cells import CELL_STYLES, CellStyle
from branches.access import may
from branches.choices import BranchLevel, Capability
from branches.models import Branch
from points.dashboard.scope import MOST_LINES, Scope
from points.dashboard.span import Span

PARTS: Final = ("required", "done", "late", "open_late")
NOTHING: Final = dict.fromkeys(PARTS, 0)


def month_board(scope: Scope, span: Span, members: Mapping[int, int]) -> Board:
    """The cells of one hospital or less; of several, `span_board` adds the month up."""
    items = scope.rows(PlanItem.objects.all()).covering(span.first, span.last).filter(branch__in=scope.units)
    reader = scope.reader if may(scope.reader, Capability.ACTIVITY_VIEW) else None
    return build_board(items.for_board(), span.today, reader=reader, members=members)


@dataclass(frozen=True)
class SumCell:
    """One kind of a branch over several months."""

    label: str
    done: int
    required: int
    late: int
    open_late: int
    url: str

    @property
    def style(self) -> CellStyle:
        """The look of one cell that says as much."""
        if not self.required:
            return CELL_STYLES[CellState.NA]
        if self.open_late:
            return CELL_STYLES[CellState.LATE]
        return CELL_STYLES[CellState.OK if self.done == self.required else CellState.PLAN]

    @property
    def css(self) -> str:
        return self.style.css

    @property
    def icon(self) -> str:
        return self.style.icon

    @property
    def note(self) -> str:
        if self.open_late:
            return f"逾期{self.open_late}项"
        return f"迟{self.late}项" if self.late else ""


@dataclass(frozen=True)
class SumRow:
    unit: Branch
    members: int | None
    cells: tuple[SumCell, ...]

    @property
    def done(self) -> int:
        return sum(cell.done for cell in self.cells)

    @property
    def required(self) -> int:
        return sum(cell.required for cell in self.cells)

    @property
    def open_late(self) -> int:
        return sum(cell.open_late for cell in self.cells)


@dataclass(frozen=True)
class SumBoard:
    columns: tuple[str, ...]
    rows: tuple[SumRow, ...]


def span_board(scope: Scope, span: Span, members: Mapping[int, int]) -> SumBoard:
    """Unit × kind: how many of those that fall due in the span are done, and how many of them are still owed.

    Two statements: the roll-up, and what is open. With more units than there is room for, those that are behind.
    """
    key = scope.key
    months = scope.rows(ActivityMonth.objects.all()).filter(branch__level=BranchLevel.BRANCH).order_by()
    sums = months.filter(month__range=(span.first, span.last)).values(key, "kind")
    items = scope.rows(PlanItem.objects.all()).owed().filter(branch__level=BranchLevel.BRANCH).order_by()
    open_ = items.filter(due__range=(span.first, span.last), due__lt=span.today).values(key, "kind")
    found: dict[int, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: dict.fromkeys(PARTS, 0)))
    for row in sums.annotate(required=Sum("required"), done=Sum("done"), late=Sum("late")):
        if row["required"]:
            found[row.pop(key)][row.pop("kind")] |= row
    for unit, kind, n in open_.values_list(key, "kind", Count("pk")):
        found[unit][kind]["open_late"] = n
    kinds = [kind for kind in Kind if any(kind in cells for cells in found.values())]
    lists = _links(scope)
    rows = [
        SumRow(
            unit,
            members.get(unit.pk),
            tuple(
                SumCell(
                    short_label(kind),
                    **found[unit.pk].get(kind, NOTHING),
                    url=f"{lists}?branch={unit.pk}&kind={kind}" if lists and kind in found[unit.pk] else "",
                )
                for kind in kinds
            ),
        )
        for unit in scope.units
    ]
    if len(rows) > MOST_LINES:
        rows = sorted(rows, key=lambda row: (-row.open_late, row.unit.path))[:MOST_LINES]
    return SumBoard(tuple(short_label(kind) for kind in kinds), tuple(rows))


def _links(scope: Scope) -> str:
    """The list of records takes a branch, not a hospital."""
    if scope.by_hospital or not may(scope.reader, Capability.ACTIVITY_VIEW):
        return ""
    return reverse("activities:activity_list")
