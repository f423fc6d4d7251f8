"""Branch × required activity: the cells of a month, the sums of a quarter or a year."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse

from activities.choices import CellState, Kind, PlanState, short_label
from activities.models import PlanItem
from activities.plan.board import Board, build_board
from activities.plan.cells import CELL_STYLES, CellStyle
from branches.access import may
from branches.choices import Capability
from branches.models import Branch, User
from points.dashboard.panels import OPEN, VIEW
from points.dashboard.span import Span


def month_board(user: User, span: Span, branches: list[Branch], members: Mapping[int, int]) -> Board:
    items = PlanItem.objects.visible_to(user, VIEW).covering(span.first, span.last).filter(branch__in=branches)
    reader = user if may(user, Capability.ACTIVITY_VIEW) else None
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
    branch: Branch
    members: int | None
    cells: tuple[SumCell, ...]

    @property
    def done(self) -> int:
        return sum(cell.done for cell in self.cells)

    @property
    def required(self) -> int:
        return sum(cell.required for cell in self.cells)


@dataclass(frozen=True)
class SumBoard:
    columns: tuple[str, ...]
    rows: tuple[SumRow, ...]


def span_board(user: User, span: Span, branches: list[Branch], members: Mapping[int, int]) -> SumBoard:
    """Branch × kind over a quarter or a year: how many of those that fall due in it are done."""
    items = PlanItem.objects.visible_to(user, VIEW).filter(due__range=(span.first, span.last), branch__in=branches)
    needed = ~Q(state__in=[PlanState.NOT_APPLICABLE, PlanState.NOT_HELD])
    counts = (
        items.order_by()
        .values("branch", "kind")
        .annotate(
            required=Count("pk", filter=needed),
            done=Count("pk", filter=Q(state=PlanState.CONFIRMED)),
            late=Count("pk", filter=Q(state=PlanState.CONFIRMED, late=True)),
            open_late=Count("pk", filter=Q(state__in=OPEN, due__lt=span.today)),
        )
    )
    found: dict[int, dict[str, dict[str, int]]] = defaultdict(dict)
    for row in counts:
        found[row.pop("branch")][row.pop("kind")] = row
    kinds = [kind for kind in Kind if any(kind in cells for cells in found.values())]
    nothing = {"required": 0, "done": 0, "late": 0, "open_late": 0}
    reads = may(user, Capability.ACTIVITY_VIEW)
    lists = reverse("activities:activity_list") if reads else ""
    rows = [
        SumRow(
            branch,
            members.get(branch.pk),
            tuple(
                SumCell(
                    short_label(kind),
                    **found[branch.pk].get(kind, nothing),
                    url=f"{lists}?branch={branch.pk}&kind={kind}" if reads and kind in found[branch.pk] else "",
                )
                for kind in kinds
            ),
        )
        for branch in branches
    ]
    return SumBoard(tuple(short_label(kind) for kind in kinds), tuple(rows))
