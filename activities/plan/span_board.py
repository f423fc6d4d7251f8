"""The board of a quarter or a year: branch × kind, one small sign for each period (挂图作战).

    items = PlanItem.objects.visible_to(user, Capability.ACTIVITY_VIEW).covering(first, last).for_board()
    board = build_span_board(items, span, timezone.localdate(), reader=user)

As the board of a month: one query, made by the caller's queryset. Signs and states are those of activities.plan.cells.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from activities.access import may_record
from activities.choices import CellState, Kind, Period, PlanState, short_label
from activities.models import PlanItem
from activities.plan.board import FREQUENCY, ORDER, BoardCell, Column, Counted, items_cell
from activities.plan.periods import Span, period_label, span_of
from activities.rules import Cell
from branches.models import Branch, User

DONE: Final = (CellState.OK, CellState.OK_LATE)
SHORT: Final = {
    "上半年": "上半",
    "下半年": "下半",
    "第一季度": "一季",
    "第二季度": "二季",
    "第三季度": "三季",
    "第四季度": "四季",
}
SPANS: Final = {"month": Period.MONTH, "quarter": Period.QUARTER, "year": Period.YEAR}


def board_span(name: str, at: str, today: date) -> Span:
    """The month, quarter or year that `at` (2026-11, 2026) lies in; what cannot be read is the present one."""
    period = SPANS.get(name, Period.MONTH)
    try:
        year, month = (*(int(part) for part in at.split("-")), 1)[:2]
        day = date(year, month, 1) if 1949 < year < 2100 else today
    except ValueError:
        day = today
    return span_of(period, day)


@dataclass(frozen=True)
class Mark:
    """One period of one kind of one branch."""

    label: str  # 11, 四季, 上半
    one: BoardCell

    @property
    def cell(self) -> Cell:
        return self.one.cell

    @property
    def title(self) -> str:
        return f"{self.one.column.label}（{self.one.column.period}）：{self.cell.label}"


@dataclass(frozen=True)
class SpanColumn:
    kind: str
    label: str
    period: str  # 每月
    labels: tuple[str, ...]  # of the periods, in order

    @property
    def size(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Marks:
    """A cell: its marks stand in the order of the column's periods, None where nothing is owed."""

    column: SpanColumn
    marks: tuple[Mark | None, ...]

    @property
    def states(self) -> list[CellState]:
        return [mark.cell.state for mark in self.marks if mark]

    @property
    def required(self) -> int:
        return sum(state != CellState.NA for state in self.states)

    @property
    def done(self) -> int:
        return sum(state in DONE for state in self.states)


@dataclass(frozen=True)
class SpanRow:
    branch: Branch
    cells: tuple[Marks, ...]

    @property
    def required(self) -> int:
        return sum(cell.required for cell in self.cells)

    @property
    def done(self) -> int:
        return sum(cell.done for cell in self.cells)

    @property
    def late(self) -> int:
        return sum(state == CellState.LATE for cell in self.cells for state in cell.states)


@dataclass(frozen=True)
class SpanBoard(Counted):
    columns: tuple[SpanColumn, ...] = ()
    rows: tuple[SpanRow, ...] = ()
    counts: Mapping[CellState, int] = field(default_factory=dict)


def build_span_board(items: Iterable[PlanItem], today: date, *, reader: User | None = None) -> SpanBoard:
    """Put plan items into rows and columns; the groups of a branch share a mark. Items come from `for_board`."""
    grid: dict[int, dict[str, dict[tuple[date, int], list[PlanItem]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    branches: dict[int, Branch] = {}
    periods: dict[str, Period] = {}
    slots: dict[str, dict[tuple[date, int], str]] = defaultdict(dict)
    for item in items:
        if item.pushed_id and item.state == PlanState.NOT_APPLICABLE:
            continue  # withdrawn
        slot = (item.due, item.pushed_id) if item.pushed_id else (item.start, 0)
        grid[item.branch_id][item.kind][slot].append(item)
        branches[item.branch_id] = item.branch
        periods[item.kind] = Period(item.period)
        slots[item.kind][slot] = _label(item)
    kinds = sorted(
        slots, key=lambda kind: (9 if kind == Kind.ASSIGNED else FREQUENCY[periods[kind]], ORDER[Kind(kind)])
    )
    order = {kind: sorted(slots[kind]) for kind in kinds}
    columns = tuple(
        SpanColumn(
            kind,
            short_label(kind),
            "" if kind == Kind.ASSIGNED else str(periods[kind].label),
            tuple(slots[kind][slot] for slot in order[kind]),
        )
        for kind in kinds
    )
    counts: Counter[CellState] = Counter()
    rows = []
    for branch in sorted(branches.values(), key=lambda node: node.path):
        writes = reader is not None and may_record(reader, branch)
        cells = []
        for column in columns:
            found = grid[branch.pk][column.kind]
            marks = tuple(
                _mark(column, slots[column.kind][slot], found[slot], today, reader, writes) if slot in found else None
                for slot in order[column.kind]
            )
            cells.append(Marks(column, marks))
            counts.update(mark.cell.state for mark in marks if mark)
        rows.append(SpanRow(branch, tuple(cells)))
    return SpanBoard(columns, tuple(rows), counts)


def _mark(
    column: SpanColumn, label: str, items: list[PlanItem], today: date, reader: User | None, writes: bool
) -> Mark:
    first = items[0]
    name = first.name if first.pushed_id else column.label
    when = f"{first.due.month}月{first.due.day}日前" if first.pushed_id else period_label(first.period, first.start)
    return Mark(label, items_cell(Column(column.kind, name, when), items, today, reader=reader, writes=writes))


def _label(item: PlanItem) -> str:
    if item.pushed_id:
        return f"{item.due.month}.{item.due.day}"
    if item.period == Period.MONTH:
        return str(item.start.month)
    words = period_label(item.period, item.start)
    return "全年" if item.period == Period.YEAR else SHORT.get(words, words)
