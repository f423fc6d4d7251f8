"""One cell of the board: sign, colour class and words for what stands behind it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from activities.choices import CellState, PlanState

SOON_DAYS: Final = 7


@dataclass(frozen=True)
class CellStyle:
    sign: str  # for print and text-only output
    css: str
    icon: str  # name in the icon font


CELL_STYLES: Final[Mapping[CellState, CellStyle]] = MappingProxyType(
    {
        CellState.OK: CellStyle("✓", "is-ok", "check-lg"),
        CellState.OK_LATE: CellStyle("✓", "is-ok", "check-lg"),
        CellState.SENT: CellStyle("◐", "is-sent", "circle-half"),
        CellState.RETURNED: CellStyle("↩", "is-soon", "arrow-return-left"),
        CellState.SOON: CellStyle("!", "is-soon", "exclamation-lg"),
        CellState.LATE: CellStyle("✗", "is-late", "x-lg"),
        CellState.PLAN: CellStyle("·", "is-plan", "dot"),
        CellState.NA: CellStyle("—", "is-na", "dash-lg"),
    }
)


@dataclass(frozen=True)
class CellItem:
    """One plan item as the board needs it.

    `late`: submitted after the due day. `held_on`: day of the gathering. `reason`: why it is not applicable or
    was not held.
    """

    state: PlanState | str
    due: date
    late: bool = False
    held_on: date | None = None
    reason: str = ""


@dataclass(frozen=True)
class Cell:
    """`text` is the main line, `note` the small one; `days` is days left (late: days over), else None."""

    state: CellState
    text: str
    note: str = ""
    days: int | None = None

    @property
    def style(self) -> CellStyle:
        return CELL_STYLES[self.state]

    @property
    def sign(self) -> str:
        return self.style.sign

    @property
    def css(self) -> str:
        return self.style.css

    @property
    def icon(self) -> str:
        return self.style.icon

    @property
    def label(self) -> str:
        """The whole cell in words, for screen readers and titles."""
        state = str(self.state.label)
        parts = (self.text, self.note) if self.text.startswith(state) else (state, self.text, self.note)
        return "，".join(part for part in parts if part)


GREY: Final = frozenset({PlanState.NOT_APPLICABLE, PlanState.NOT_HELD})
WAITING: Final = frozenset({PlanState.SUBMITTED, PlanState.NOT_HELD_ASKED})
OWED: Final = frozenset({PlanState.OPEN, PlanState.DRAFT, PlanState.RETURNED})


def is_late(submitted_on: date, due: date) -> bool:
    """Timeliness is judged by the day of submission; the due day itself is in time."""
    return submitted_on > due


def item_state(item: CellItem, today: date) -> CellState:
    """State of a single item. A record returned after a submission in time stays yellow, never red."""
    state = PlanState(item.state)
    if state in GREY:
        return CellState.NA
    if state == PlanState.CONFIRMED:
        return CellState.OK_LATE if item.late else CellState.OK
    if state in WAITING:
        return CellState.SENT
    if state == PlanState.RETURNED and (not item.late or today <= item.due):
        return CellState.RETURNED
    left = (item.due - today).days
    if left < 0:
        return CellState.LATE
    return CellState.SOON if left <= SOON_DAYS else CellState.PLAN


# What several items (the groups of a branch) show together: the first of these that any of them is in.
WORST_FIRST: Final = (
    CellState.LATE,
    CellState.RETURNED,
    CellState.SOON,
    CellState.PLAN,
    CellState.SENT,
    CellState.OK_LATE,
    CellState.OK,
)


def cell_state(items: Iterable[CellItem], today: date) -> Cell:
    """The cell of one branch, kind and period; several items are the Party groups of the branch.

    The worst state wins; groups for which it does not apply are left out of the count (2/3组).
    """
    items = list(items)
    live = [(item_state(item, today), item) for item in items]
    live = [(state, item) for state, item in live if state != CellState.NA]
    if not live:
        reasons = list(dict.fromkeys(item.reason for item in items if item.reason))
        held = any(PlanState(item.state) == PlanState.NOT_HELD for item in items)
        return Cell(CellState.NA, "未开展" if held else "不适用", "；".join(reasons))
    state = next(state for state in WORST_FIRST if any(state == one for one, _ in live))
    mine = [item for one, item in live if one == state]
    several = len(live) > 1
    groups = f"{_handed_in(live)}/{len(live)}组" if several else ""
    if state in (CellState.OK, CellState.OK_LATE):
        late = "迟" if state == CellState.OK_LATE else ""
        return Cell(state, _last_day(live) or "已完成", " ".join(part for part in (groups, late) if part))
    if state == CellState.SENT:
        return Cell(state, _last_day(live) or "已提交", _sent_note(mine, several))
    due = min(item.due for item in mine)
    left = (due - today).days
    if state == CellState.LATE:
        returned = any(PlanState(item.state) == PlanState.RETURNED for item in mine)
        return Cell(state, f"逾期{-left}天", groups or ("退回待补" if returned else f"应{_day(due)}"), -left)
    if state == CellState.RETURNED:
        return Cell(state, "退回待补", groups or (f"{_day(due)}前" if left >= 0 else ""), max(left, 0))
    drafted = any(PlanState(item.state) == PlanState.DRAFT for item in mine)
    note = groups or ("草稿" if drafted else "")
    if state == CellState.SOON:
        return Cell(state, f"还有{left}天" if left else "今天到期", note, left)
    return Cell(state, f"{_day(due)}前", note or ("" if due.year == today.year else f"{due.year}年"), left)


def _handed_in(live: list[tuple[CellState, CellItem]]) -> int:
    return sum(state in (CellState.OK, CellState.OK_LATE, CellState.SENT) for state, _ in live)


def _sent_note(waiting: list[CellItem], several: bool) -> str:
    if several:
        return f"{len(waiting)}组待确认"
    if PlanState(waiting[0].state) == PlanState.NOT_HELD_ASKED:
        return "申请不开展"
    return "待确认，迟" if waiting[0].late else "待确认"


def _last_day(live: list[tuple[CellState, CellItem]]) -> str:
    days = [item.held_on for _, item in live if item.held_on]
    return _day(max(days)) if days else ""


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
