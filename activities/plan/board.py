"""The board: branch × required activity, one cell each, from plan items alone.

    items = PlanItem.objects.visible_to(user, Capability.ACTIVITY_VIEW).covering(first, last).for_board()
    board = build_board(items, timezone.localdate(), reader=user)

One query for any number of branches, made by the caller's queryset. Shown by templates/activities/_board_table.html.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from activities.access import may_record
from activities.choices import GATHERINGS, CellState, Kind, Period, PlanState, short_label
from activities.models import PlanItem
from activities.plan.periods import period_label
from activities.rules import Cell, CellItem, cell_state, span_of
from branches.models import Branch, User

ORDER: Final = {kind: n for n, kind in enumerate(Kind)}  # columns stand in the order of the duty table
FREQUENCY: Final = {Period.MONTH: 0, Period.QUARTER: 1, Period.HALF_YEAR: 2, Period.YEAR: 3}
TODO_FIRST: Final = (CellState.LATE, CellState.RETURNED, CellState.SOON, CellState.PLAN)


@dataclass(frozen=True)
class Column:
    kind: str
    label: str
    period: str  # 11月, 第四季度; of a pushed item its due day
    key: str = ""  # of its cells: the kind, or one pushed item


@dataclass(frozen=True)
class BoardCell:
    """A cell with what it stands for. `url` is empty where there is nothing to open."""

    column: Column
    cell: Cell
    url: str
    items: tuple[PlanItem, ...]

    @property
    def title(self) -> str:
        return f"{self.column.label}：{self.cell.label}{'，联合' if self.joint else ''}"

    @property
    def joint(self) -> bool:
        """Done by a gathering that branches held jointly."""
        return any(
            item.activity and (item.activity.host_id or getattr(item, "has_parts", False)) for item in self.items
        )


@dataclass(frozen=True)
class Row:
    branch: Branch
    cells: tuple[BoardCell | None, ...]  # None: nothing is owed in this column
    done: int
    required: int
    members: int | None = None


class Counted:
    """What every board sums up, whatever its cells look like: its rows, and its cells by state."""

    rows: tuple[Any, ...]
    counts: Mapping[CellState, int]

    @property
    def required(self) -> int:
        return sum(row.required for row in self.rows)

    @property
    def done(self) -> int:
        return sum(row.done for row in self.rows)

    @property
    def late(self) -> int:
        return self.counts.get(CellState.LATE, 0)

    @property
    def soon(self) -> int:
        return self.counts.get(CellState.SOON, 0)

    @property
    def waiting(self) -> int:
        return self.counts.get(CellState.SENT, 0)


@dataclass(frozen=True)
class Board(Counted):
    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    counts: Mapping[CellState, int] = field(default_factory=dict)


def month_of_board(day: date) -> tuple[date, date]:
    """First and last day of the month of `day`, as `PlanItemQuerySet.covering` takes them."""
    return span_of(Period.MONTH, day)[1:]


def build_board(
    items: Iterable[PlanItem], today: date, *, reader: User | None = None, members: Mapping[int, int] | None = None
) -> Board:
    """Put plan items into rows and columns; the groups of a branch share a cell (2/3组).

    `items` come with branch and group loaded (`for_board`). With a `reader` cells link to the record, to the form for
    those who may write, else to the page of the item. `members`: head counts by branch id, for the row headings.
    """
    columns: dict[str, Column] = {}
    rank: dict[str, tuple[int, int, date]] = {}
    grid: dict[int, dict[str, list[PlanItem]]] = defaultdict(lambda: defaultdict(list))
    branches: dict[int, Branch] = {}
    for item in items:
        key = f"pushed:{item.pushed_id}" if item.pushed_id else item.kind
        columns.setdefault(key, _column(item, key))
        rank.setdefault(
            key, (9 if item.pushed_id else FREQUENCY[Period(item.period)], ORDER[Kind(item.kind)], item.due)
        )
        grid[item.branch_id][key].append(item)
        branches[item.branch_id] = item.branch
    for key in [key for key in columns if key.startswith("pushed:") and _withdrawn(key, grid)]:
        del columns[key]
    ordered = sorted(columns.values(), key=lambda column: rank[column.key])
    counts: Counter[CellState] = Counter()
    rows = []
    for branch in sorted(branches.values(), key=lambda node: node.path):
        writes = reader is not None and may_record(reader, branch)
        cells = tuple(
            _cell(column, found, today, reader=reader, writes=writes)
            if (found := grid[branch.pk].get(column.key))
            else None
            for column in ordered
        )
        states = [one.cell.state for one in cells if one]
        counts.update(states)
        rows.append(
            Row(
                branch=branch,
                cells=cells,
                done=sum(state in (CellState.OK, CellState.OK_LATE) for state in states),
                required=sum(state != CellState.NA for state in states),
                members=members.get(branch.pk) if members is not None else None,
            )
        )
    return Board(tuple(ordered), tuple(rows), counts)


def _column(item: PlanItem, key: str) -> Column:
    if item.pushed_id:
        return Column(item.kind, item.name, f"{item.due.month}月{item.due.day}日前", key)
    return Column(item.kind, short_label(item.kind), period_label(item.period, item.start), key)


def _withdrawn(key: str, grid: Mapping[int, Mapping[str, list[PlanItem]]]) -> bool:
    """A pushed item nobody owes any more needs no column."""
    return all(item.state == PlanState.NOT_APPLICABLE for row in grid.values() for item in row.get(key, ()))


def plan_cell(item: PlanItem, today: date) -> Cell:
    """The cell of a single item: for lists of what is owed."""
    return cell_state([as_cell_item(item)], today)


def as_cell_item(item: PlanItem) -> CellItem:
    return CellItem(item.state, item.due, item.late, item.done_on, item.reason)


def create_url(item: PlanItem, today: date) -> str:
    """The form for what is owed, filled as far as the item says."""
    asked: dict[str, object] = {"kind": item.kind, "branch": item.branch_id}
    if item.group_id:
        asked["group"] = item.group_id
    if item.planned_on and item.planned_on <= today:
        asked["date"] = f"{item.planned_on:%Y-%m-%d}"
    elif not item.start <= today <= item.end:
        asked["date"] = f"{item.end:%Y-%m-%d}"
    return f"{reverse('activities:activity_create')}?{urlencode(asked)}"


def item_url(item: PlanItem, today: date, *, writes: bool) -> str:
    """Where an item leads: its record, the form, or its own page, where what is no gathering is answered."""
    if item.kind not in GATHERINGS:
        return reverse("activities:plan_item", args=[item.pk])
    if item.activity_id:
        return reverse("activities:activity_detail", args=[item.activity_id])
    if writes and item.state == PlanState.OPEN and item.start <= today:
        return create_url(item, today)
    return reverse("activities:plan_item", args=[item.pk])


def items_cell(column: Column, items: list[PlanItem], today: date, *, reader: User | None, writes: bool) -> BoardCell:
    """The cell of one branch for the items of one kind and period, with the page it leads to."""
    return _cell(column, items, today, reader=reader, writes=writes)


def _cell(column: Column, items: list[PlanItem], today: date, *, reader: User | None, writes: bool) -> BoardCell:
    cell = cell_state([as_cell_item(item) for item in items], today)
    url = ""
    if reader is not None and len(items) == 1:
        url = item_url(items[0], today, writes=writes)
    elif reader is not None:
        first = items[0]
        asked = {"kind": first.kind, "branch": first.branch_id, "month": f"{first.start:%Y-%m}"}
        url = f"{reverse('activities:activity_list')}?{urlencode(asked)}"
        todo = [item for item in items if plan_cell(item, today).state in TODO_FIRST]
        if todo:
            url = item_url(todo[0], today, writes=writes)
    return BoardCell(column, cell, url, tuple(items))
