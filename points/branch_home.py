"""The home page of those who run a branch: what the month owes, what waits for me, what happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from activities.access import may_record, writable_nodes
from activities.choices import GATHERINGS, ActivityState, CellState, PlanState
from activities.models import Activity, ActivityMonth, PlanItem
from activities.plan.board import create_url, item_url, month_of_board, plan_cell
from activities.plan.periods import period_label
from activities.rules import Cell
from branches.choices import COMMITTEE_ROLES, BranchLevel, Capability
from branches.models import Appointment, Branch, User
from config.templatetags.ui import cn_day
from members.choices import MemberType
from members.models import Member
from points.attendance_panels import desk
from points.waiting import overdue_since, sent_back, to_confirm

URGENCY: Final = (CellState.LATE, CellState.RETURNED, CellState.SOON, CellState.PLAN)
STATE_TAGS: Final[dict[str, tuple[str, str]]] = {
    ActivityState.PLANNED: ("is-line", "calendar3"),
    ActivityState.DRAFT: ("is-line", "pencil"),
    ActivityState.SUBMITTED: ("is-sent", "hourglass-split"),
    ActivityState.RETURNED: ("is-soon", "arrow-return-left"),
    ActivityState.CONFIRMED: ("is-ok", "check-lg"),
    ActivityState.ARCHIVED: ("is-ok", "archive"),
}
TICKS: Final = {CellState.OK: 0, CellState.OK_LATE: 0, CellState.SENT: 1, CellState.LATE: 4}
NEXT_SHOWN: Final = 6
TODOS_SHOWN: Final = 12


@dataclass(frozen=True)
class Task:
    """One required action as a line: its cell in words, where it leads, and what the button says."""

    item: PlanItem
    cell: Cell
    title: str
    text: str
    url: str
    button: str
    explain_url: str = ""  # where not holding it can be explained

    @property
    def tag(self) -> str:
        if self.cell.state == CellState.RETURNED:
            return "已退回"
        if self.cell.state == CellState.PLAN:
            return "本月内"
        return self.cell.text


def branches_run_by(user: User) -> QuerySet[Branch]:
    """Branches where a post lets this person write records; of a group leader's group, the branch it belongs to."""
    nodes = writable_nodes(user)
    paths = {path[: -Branch.steplen] for path in nodes.filter(level=BranchLevel.GROUP).values_list("path", flat=True)}
    return Branch.objects.branches().filter(Q(pk__in=nodes.values("pk")) | Q(path__in=paths))


def branch_home(request: HttpRequest, branches: list[Branch], doors: list[Any]) -> HttpResponse:
    asked = request.GET.get("branch", "")
    branch = next((node for node in branches if str(node.pk) == asked), branches[0])
    today = timezone.localdate()
    user = request.user
    visible = PlanItem.objects.visible_to(user, Capability.ACTIVITY_VIEW).filter(branch=branch)
    writes = may_record(user, branch)  # not so the leader of one of its groups
    month = month_of(visible, today, writes=writes)
    confirm, returned = to_confirm(user, today), _beside(sent_back(user), month)
    today_item = _of_today(user, branch, today)
    context = {
        "desk": desk(user, branch, today_item, today),
        "branch": branch,
        "branches": branches,
        "doors": doors,
        "month": month,
        "today_item": today_item,
        "confirm": confirm,
        "returned": returned,
        "mine": len(confirm) + len(returned),
        "recent": _recent(user, branch),
        "facts": _facts(branch, today),
        "create_url": reverse("activities:activity_create") + (f"?branch={branch.pk}" if writes else ""),
        "state_tags": STATE_TAGS,
    }
    return render(request, "points/branch_home.html", context)


class Month:
    """The plan items of a branch sorted into what is to do now, what comes later, and what is done."""

    def __init__(self, items: Iterable[PlanItem], today: date, first: date, last: date, writes: bool) -> None:
        self.month = first
        self.todos: list[Task] = []
        self.later: list[Task] = []
        self.done: list[Task] = []
        ticks: list[CellState] = []
        for item in items:
            cell = plan_cell(item, today)
            if cell.state == CellState.NA:
                continue
            now = item.due <= last
            if cell.state in URGENCY:
                (self.todos if now or cell.state != CellState.PLAN else self.later).append(
                    _task(item, cell, today, writes)
                )
            elif now or (item.done_on and first <= item.done_on <= last) or cell.state == CellState.SENT:
                self.done.append(_task(item, cell, today, writes))
            else:
                continue
            if now or cell.state not in (CellState.PLAN,):
                ticks.append(cell.state)
        self.todos.sort(key=lambda task: (URGENCY.index(task.cell.state), task.item.due, task.item.pk))
        self.later.sort(key=lambda task: (task.item.due, task.item.pk))
        self.done.sort(key=lambda task: task.item.done_on or task.item.due)
        self.ticks = [_tick(state) for state in sorted(ticks, key=lambda state: TICKS.get(state, 2))]
        self.required = len(ticks)
        self.confirmed = sum(state in (CellState.OK, CellState.OK_LATE) for state in ticks)
        self.sent = ticks.count(CellState.SENT)
        self.open = self.required - self.confirmed - self.sent
        self.late = ticks.count(CellState.LATE)
        self.soon = ticks.count(CellState.SOON)
        self.sent_back = ticks.count(CellState.RETURNED)
        self.shown = self.todos[:TODOS_SHOWN]
        self.hidden = len(self.todos) - len(self.shown)


def month_of(items: QuerySet[PlanItem], today: date, *, writes: bool) -> Month:
    """The month of `today` from the items of one node: its own, and what earlier months left open."""
    first, last = month_of_board(today)
    owed = Q(state__in=[PlanState.OPEN, PlanState.DRAFT, PlanState.RETURNED])
    since = Q(due__lt=first, due__gte=overdue_since(today)) & owed
    rows = items.filter(since | Q(start__lte=last, end__gte=first) | Q(due__range=(first, last)))
    shown = rows.select_related("branch", "group", "activity").order_by("due", "pk")
    return Month(shown, today, first, last, writes)


def _tick(state: CellState) -> str:
    if state in (CellState.OK, CellState.OK_LATE):
        return "is-ok"
    return {CellState.SENT: "is-sent", CellState.LATE: "is-late"}.get(
        state, "is-soon" if state != CellState.PLAN else ""
    )


def _form_url(item: PlanItem, today: date, writes: bool) -> str:
    """The filled form; a leader who writes for nothing but the group names the group as the place."""
    url = create_url(item, today)
    return url if writes else url.replace(f"branch={item.branch_id}&", f"branch={item.group_id}&")


def _task(item: PlanItem, cell: Cell, today: date, writes: bool) -> Task:
    where = f"：{item.group.name}" if item.group else ""
    when = "党委布置" if item.pushed_id else period_label(item.period, item.start)
    title = f"{item.name}{where}（{when}）"
    if item.kind not in GATHERINGS and cell.state in URGENCY:
        text = item.review_comment or f"{cn_day(item.due, today)}前{'答复' if item.pushed_id else '提交报告'}。"
    elif cell.state == CellState.LATE:
        text = f"应于{cn_day(item.due, today)}前开展并登记，{_standing(item)}。"
    elif cell.state == CellState.RETURNED:
        comment = item.activity.return_comment if item.activity else ""
        text = comment or "请按退回意见修改后重新提交。"
    elif item.state == PlanState.NOT_HELD_ASKED:
        text = f"已申请不开展，等待审核：{item.reason}"
    elif cell.state in (CellState.OK, CellState.OK_LATE, CellState.SENT):
        text = "" if item.done_on is None else cn_day(item.done_on, today)
    else:
        text = f"{cn_day(item.due, today)}前开展并登记，{_standing(item)}。"
    if item.kind not in GATHERINGS:  # no form takes it: its own page says what fulfils it
        url, button = item_url(item, today, writes=False), "办理" if cell.state in URGENCY else "查看"
    elif item.state == PlanState.OPEN:
        url, button = _form_url(item, today, writes), "补录" if cell.state == CellState.LATE else "登记"
    elif item.activity_id and item.state in (PlanState.DRAFT, PlanState.RETURNED):
        url = reverse("activities:activity_edit", args=[item.activity_id])
        button = "修改记录" if item.state == PlanState.RETURNED else "继续填写"
    else:
        url, button = item_url(item, today, writes=True), "查看"
    explain = (
        cell.state in (CellState.LATE, CellState.SOON) and item.state == PlanState.OPEN and item.kind in GATHERINGS
    )
    plan_page = reverse("activities:plan_item", args=[item.pk])
    return Task(item, cell, title, text, url, button, plan_page if explain else "")


def _standing(item: PlanItem) -> str:
    if item.state == PlanState.DRAFT:
        return "草稿未提交"
    if item.review_comment:
        return f"不开展的申请未同意：{item.review_comment}"
    return f"已开展{item.count}次，应开展{item.at_least}次" if item.count else "尚无记录"


def _of_today(user: User, branch: Branch, today: date) -> Activity | None:
    planned = Activity.objects.visible_to(user, Capability.ACTIVITY_VIEW).filter(
        branch=branch, state__in=[ActivityState.PLANNED, ActivityState.DRAFT], starts_at__date=today
    )
    found: Activity | None = planned.prefetch_related("kinds").order_by("starts_at").first()
    return found


def _beside(records: list[Activity], month: Month) -> list[Activity]:
    """Without those the list of the month already leads to."""
    shown = {task.item.activity_id for task in month.todos}
    return [record for record in records if record.pk not in shown]


def _recent(user: User, branch: Branch) -> list[Activity]:
    rows = Activity.objects.readable_by(user).filter(branch=branch).exclude(state=ActivityState.PLANNED)
    return list(rows.for_list().order_by("-starts_at", "-pk")[:5])


def _facts(branch: Branch, today: date) -> dict[str, Any]:
    roll = Member.objects.current().filter(branch=branch)
    counts = roll.aggregate(n=Count("pk"), probationary=Count("pk", filter=Q(member_type=MemberType.PROBATIONARY)))
    posts = Appointment.objects.current(today).filter(branch=branch, role__in=COMMITTEE_ROLES)
    below = Branch.objects.within([branch.path]).filter(level=BranchLevel.GROUP).open_on(today)
    months = ActivityMonth.objects.filter(branch=branch, month__year=today.year)
    rate = months.aggregate(expected=Sum("expected"), present=Sum("present"))
    return counts | rate | {"committee": posts.values("user").distinct().count(), "groups": below.count()}
