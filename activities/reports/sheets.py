"""Sign-in sheet (F16), attendance of a year, and the list of what a branch owes in a year."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

from django.utils import timezone

from activities.attendance.rows import expected_at
from activities.attendance.sittings import by_sitting
from activities.choices import AttendanceStatus, CellState, Kind, PlanState, short_label
from activities.models import SEEN_BY_MEMBERS, Activity, Attendance, PlanItem, Session
from activities.plan.board import plan_cell
from activities.plan.cells import Cell
from activities.plan.periods import period_label
from activities.reports import wording
from activities.reports.layouts import ATTENDANCE, PLAN_LIST, SIGN_IN
from branches.models import Branch
from config.documents.adapting import Layouts, adapted
from config.documents.content import Column, Document, Heading, Line, Paragraph, Value
from config.documents.layouts import columns_of, listed, printed

ABREAST: Final = 2  # people side by side on the sign-in sheet
MARKS: Final = {
    AttendanceStatus.PRESENT: "√",
    AttendanceStatus.LEAVE: "假",
    AttendanceStatus.OFFICIAL: "公",
    AttendanceStatus.UNEXCUSED: "缺",
}
NOT_DUE: Final = frozenset({PlanState.NOT_HELD_ASKED, PlanState.NOT_HELD, PlanState.NOT_APPLICABLE})
MADE_UP: Final = "补"
LEGEND: Final = "√ 到会　假 请假　公 因公　缺 无故缺席　补 缺席后已补课　空白：当日不在应到范围"


def sign_in_sheet(
    activity: Activity, *, filled: bool, layouts: Layouts | None = None, session: Session | None = None
) -> Document:
    """The sheet to be signed, or what was signed (F16). `activity` comes from `for_detail`.

    Names come from the attendance of the record; before there is one, from the people expected on its day. The sheet
    of one sitting names everyone before it is held, and filled those who came to it.
    """
    everyone: list[Attendance] = list(activity.attendances.all())
    sessions = list(activity.sessions.all())
    rows = everyone
    if session is not None and filled:
        rows = list(next(sat.rows for sat in by_sitting(sessions, everyone) if sat.session == session))
    if everyone:
        people = [(row.name, _signed(row) if filled else "") for row in rows]
    else:
        people = [(one.name, "") for one in expected_at(activity)]
    lines: list[tuple[Value, ...]] = []
    for start in range(0, len(people), ABREAST):
        pair = [(start + n + 1, *person) for n, person in enumerate(people[start : start + ABREAST])]
        pair += [(None, "", "")] * (ABREAST - len(pair))  # type: ignore[list-item]
        lines.append(tuple(value for person in pair for value in person))
    layout = adapted(SIGN_IN, layouts)
    columns = columns_of(layout) * ABREAST
    present = sum(row.status == AttendanceStatus.PRESENT for row in rows)
    excused = sum(row.status in (AttendanceStatus.LEAVE, AttendanceStatus.OFFICIAL) for row in everyone)
    counted = filled and bool(everyone)
    values = {
        "name": f"{activity}（{session}）" if session else str(activity),
        "time": wording.span(session.starts_at, session.ends_at) if session else wording.times(activity, sessions),
        "place": (session and session.place) or activity.place,
        "expected": f"{len(everyone) or len(people)}人",
        "present": f"{present}人" if counted else "　　人",
        "excused": f"{excused}人" if counted else "　　人",
    }
    head = tuple(printed(part, values) for part in layout.head)
    return Document.of(
        f"{activity}{session or ''}签到表",
        Heading(printed(layout.title, values), 0),
        Line(head[:1]),
        Line(head[1:]),
        listed(layout, lines, "签到表", columns),
        Line(tuple(printed(part, values) for part in layout.foot)),
        page=layout.page,
        fonts=layout.fonts,
    )


def _state_words(cell: Cell) -> str:
    """On paper nobody sees when it was handed in: say what was late."""
    return "已完成（迟交）" if cell.state == CellState.OK_LATE else str(cell.state.label)


def _signed(row: Attendance) -> str:
    if row.status != AttendanceStatus.PRESENT:
        return str(row.get_status_display())
    if row.signed_at is None:
        return "到会"
    return f"{timezone.localtime(row.signed_at):%H:%M}（{row.get_signed_by_display() or '签到'}）"


@dataclass(frozen=True)
class _Held:
    """One gathering as a column of the year."""

    pk: int
    day: date
    kind: str

    @property
    def label(self) -> str:
        """11月 / 11日 / 主题 / 党日: two characters a line, so that a year fits on few pages."""
        name = short_label(self.kind)
        parts = [name[n : n + 2] for n in range(0, len(name), 2)]
        return "\n".join((f"{self.day.month}月", f"{self.day.day}日", *parts))


def attendance_of_year(branch: Branch, year: int, *, layouts: Layouts | None = None) -> Document:
    """Members × confirmed gatherings of one branch in a year, with each one's rate. Three queries."""
    first, last = (timezone.make_aware(datetime.combine(date(year + n, 1, 1), time.min)) for n in (0, 1))
    activities = Activity.objects.filter(
        branch=branch, state__in=SEEN_BY_MEMBERS, starts_at__gte=first, starts_at__lt=last
    ).prefetch_related("kinds")
    held = [
        _Held(one.pk, timezone.localdate(one.starts_at), kinds[0].kind if (kinds := list(one.kinds.all())) else "")
        for one in activities.order_by("starts_at", "pk")
    ]
    rows = Attendance.objects.filter(activity__in=[one.pk for one in held]).select_related("member__group")
    rows = rows.defer("member__id_number", "member__phone", "member__home_address")  # not printed, so not decrypted
    marks: dict[int, dict[int, Attendance]] = {}
    for row in rows:
        marks.setdefault(row.member_id, {})[row.activity_id] = row
    people = sorted(marks.values(), key=_order)
    layout = adapted(ATTENDANCE, layouts)
    name, group, expected, came, rate = columns_of(layout)
    gatherings = (Column(one.label, 8.5, "center") for one in held)
    columns = (name, group, *gatherings, expected, came, replace(rate, percent=True))
    lines = (_attended(row, held) for row in people)
    values = {"year": str(year), "organisation": branch.name, "times": f"{len(held)}次"}
    return Document.of(
        f"{branch.name}{year}年出席汇总表",
        Heading(printed(layout.title, values), 0),
        Line(tuple(printed(part, values) for part in layout.head)),
        listed(layout, lines, "出席汇总", columns, keep=2, empty="本年度没有已确认的活动"),
        Paragraph(LEGEND, indent=False, small=True),
        page=layout.page,
        fonts=layout.fonts,
    )


def _order(row: dict[int, Attendance]) -> tuple[str, str, int]:
    one = next(iter(row.values()))
    return (one.member.group.path if one.member.group else "~", one.name, one.member_id)


def _attended(row: dict[int, Attendance], held: Sequence[_Held]) -> tuple[Value, ...]:
    latest = list(row.values())[-1]
    came = sum(one.status == AttendanceStatus.PRESENT for one in row.values())
    return (
        latest.name,
        latest.group_name,
        *(_mark(row.get(one.pk)) for one in held),
        len(row),
        came,
        Decimal(came) / len(row),
    )


def _mark(row: Attendance | None) -> str:
    if row is None:
        return ""
    if row.made_up_on and row.status != AttendanceStatus.PRESENT:
        return MADE_UP
    return MARKS[AttendanceStatus(row.status)]


def plan_of_year(
    branch: Branch, year: int, items: Iterable[PlanItem], *, today: date, layouts: Layouts | None = None
) -> Document:
    """The list of required actions of one branch (规定动作计划清单). `items` come scoped, with their groups."""
    rows = []
    for n, item in enumerate(sorted(items, key=lambda one: (one.due, one.start, one.kind, one.pk)), start=1):
        cell = plan_cell(item, today)
        rows.append(
            (
                n,
                period_label(item.period, item.start),
                item.title or Kind(item.kind).label,
                item.group.name if item.group else "",
                item.topic,
                item.due,
                item.get_state_display() if item.state in NOT_DUE else _state_words(cell),
                item.done_on,
                "" if item.state == PlanState.CONFIRMED else item.reason,
            )
        )
    layout = adapted(PLAN_LIST, layouts)
    values = {"year": str(year), "organisation": branch.name, "day": wording.day(today)}
    return Document.of(
        f"{branch.name}{year}年规定动作计划清单",
        Heading(printed(layout.title, values), 0),
        Line(tuple(printed(part, values) for part in layout.head)),
        listed(layout, rows, "计划清单", empty="本年度还没有生成计划"),
        page=layout.page,
        fonts=layout.fonts,
    )
