"""The year of a node: its required actions by month, days and topics set ahead, and generating them again."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods

from activities.access import may_record, require_record
from activities.choices import GATHERINGS, CellState, Kind, Period, PlanState, YearDocumentKind
from activities.models import PlanItem
from activities.plan.board import FREQUENCY, ORDER, item_url, plan_cell
from activities.plan.forms import FixedDayForm, posted_key, year_of
from activities.plan.periods import period_label
from activities.plan.planning import LEVELS, Left, replan
from activities.plan.scheduling import Changed, fix_day, schedule_item
from activities.plan.year_texts import months_of
from activities.rules import Cell, not_asked_yet
from activities.tasks import REPLAN
from branches import jobs
from branches.access import may, require
from branches.choices import BranchLevel, Capability
from branches.models import Branch, Job, JobState
from branches.working_days import WorkCalendar, is_working_day, load_calendar

CLOSED = (CellState.OK, CellState.OK_LATE, CellState.NA)


@dataclass(frozen=True)
class PlanRow:
    """One item of the year view; `problems` and `typed` after a refused save."""

    item: PlanItem
    cell: Cell
    when: str
    url: str
    editable: bool
    rest_day: bool
    problems: dict[str, str]
    typed: dict[str, str]
    saved: bool = False

    @property
    def planned(self) -> str:
        return self.typed.get("planned_on", f"{self.item.planned_on:%Y-%m-%d}" if self.item.planned_on else "")

    @property
    def topic(self) -> str:
        return self.typed.get("topic", self.item.topic)


def _row(
    request: HttpRequest,
    item: PlanItem,
    today: date,
    calendar: WorkCalendar,
    *,
    writes: bool,
    problems: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    saved: bool = False,
) -> PlanRow:
    return PlanRow(
        item=item,
        cell=plan_cell(item, today),
        when=f"{item.due.month}月{item.due.day}日前" if item.pushed_id else period_label(item.period, item.start),
        url=item_url(item, today, writes=False),
        editable=writes
        and not item.pushed_id
        and item.kind in GATHERINGS
        and item.state == PlanState.OPEN
        and item.end >= today,
        rest_day=bool(item.planned_on and not is_working_day(item.planned_on, calendar)),
        problems=problems or {},
        typed=typed or {},
        saved=saved,
    )


@login_required
@require_GET
def plan_list(request: HttpRequest) -> HttpResponse:
    """?branch=&year=; a node of one's own comes first."""
    require(request.user, Capability.ACTIVITY_VIEW)
    return _plan_page(request)


def _plan_page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    today = timezone.localdate()
    asked = request.POST if request.method == "POST" else request.GET
    year = year_of(asked.get("year", ""), today)
    nodes = list(Branch.objects.visible_to(request.user, Capability.ACTIVITY_VIEW).filter(level__in=LEVELS))
    node = _node(request, nodes, asked.get("branch", ""))
    visible = PlanItem.objects.visible_to(request.user, Capability.ACTIVITY_VIEW).filter(start__year=year)
    if node is not None:
        visible = visible.filter(branch=node)
    items = list(visible.select_related("branch", "group").order_by("due", "period", "kind", "group__path"))
    items.sort(key=lambda item: (item.due, FREQUENCY[Period(item.period)], ORDER[Kind(item.kind)]))
    items = [item for item in items if not (item.pushed_id and item.state == PlanState.NOT_APPLICABLE)]
    calendar = load_calendar([year])
    writes = node is not None and may_record(request.user, node)
    rows = {
        item.pk: _row(
            request, item, today, calendar, writes=writes or (node is None and may_record(request.user, item))
        )
        for item in items
    }
    live = [item for item in items if item.state != PlanState.NOT_APPLICABLE]
    done = sum(item.state == PlanState.CONFIRMED for item in live)
    monthly = list(
        dict.fromkeys(row.item.kind for row in rows.values() if row.editable and row.item.period == Period.MONTH)
    )
    monthly.sort(key=lambda kind: kind != Kind.THEME_DAY)
    context = {
        "node": node,
        "nodes": nodes,
        "year": year,
        "today": today,
        "months": [
            _month(month, [rows[item.pk] for item in of_month if item.state != PlanState.NOT_APPLICABLE], year, today)
            for month, of_month in months_of(items).items()
        ],
        "left_out": _left_out(items),
        "not_yet": not_asked_yet(node.level, node.kind, year) if node is not None else [],
        "live": len(live),
        "done": done,
        "writes": writes,
        "generates": (writes or (node is not None and may(request.user, Capability.PLAN_REVIEW, node)))
        and year >= today.year,
        "whole": may(request.user, Capability.PLAN_REVIEW) and year >= today.year and year <= today.year + 1,
        "fixed_form": FixedDayForm(kinds=monthly) if writes and monthly else None,
        "has_documents": node is not None and node.level == BranchLevel.BRANCH,
        "documents": YearDocumentKind.choices,
        "form_key": uuid.uuid4(),
        **more,
    }
    return render(request, "activities/plan_list.html", context, status=status)


def _month(month: int, rows: list[PlanRow], year: int, today: date) -> tuple[int, list[PlanRow], bool]:
    """A month, its rows, and whether it is folded: over, with nothing left to do in it."""
    over = (year, month) < (today.year, today.month) and all(row.cell.state in CLOSED for row in rows)
    return month, rows, over


def _node(request: HttpRequest, nodes: list[Branch], asked: str) -> Branch | None:
    """The node asked for; else one the reader keeps records of; else the first branch."""
    if asked:
        found = next((node for node in nodes if str(node.pk) == asked), None)
        if found is None:
            raise Http404
        return found
    own = [node for node in nodes if node.level == BranchLevel.BRANCH and may_record(request.user, node)]
    return next(iter([*own, *(node for node in nodes if node.level == BranchLevel.BRANCH), *nodes]), None)


def _left_out(items: list[PlanItem]) -> list[tuple[str, str]]:
    """What does not apply, once a kind and reason: 支部委员会会议（1至12月）, 党员不足7人."""
    found: dict[tuple[str, str], list[PlanItem]] = {}
    for item in items:
        if item.state == PlanState.NOT_APPLICABLE:
            found.setdefault((item.name, item.reason), []).append(item)
    lines = []
    for (name, reason), rows in found.items():
        when = "、".join(dict.fromkeys(period_label(item.period, item.start) for item in rows))
        lines.append((f"{name}（{'全年各月' if len(rows) == 12 else when}）", reason))
    return lines


# -- Days and topics


@login_required
@require_http_methods(["GET", "POST"])
def plan_schedule(request: HttpRequest, pk: int) -> HttpResponse:
    """Save day and topic of one item; htmx gets the row, everybody else the year again at that row."""
    visible = PlanItem.objects.visible_to(request.user, Capability.ACTIVITY_VIEW)
    item = get_object_or_404(visible.select_related("branch", "group"), pk=pk)
    require_record(request.user, item)
    if request.method != "POST":
        return redirect(f"{_back(item.branch_id, item.start.year)}#item-{item.pk}")
    typed = {name: request.POST.get(name, "") for name in ("planned_on", "topic")}
    problems: dict[str, str] = {}
    day: date | None = None
    try:
        day = parse_date(typed["planned_on"]) if typed["planned_on"] else None
        if typed["planned_on"] and day is None:
            raise ValueError
        version = request.POST.get("version", "")
        schedule_item(
            item=item,
            planned_on=day,
            topic=typed["topic"],
            version=int(version) if version.isdecimal() and len(version) < 10 else 0,
            actor=request.user,
        )
    except ValueError:
        problems = {"planned_on": "日期无法识别，请按“2026-11-22”的样式填写。"}
    except Changed as changed:
        now = changed.item
        stands = f"{now.planned_on.month}月{now.planned_on.day}日" if now.planned_on else "未排定日期"
        problems = {"all": f"{changed.messages[0]}现在是：{stands}，{now.topic or '没有主题'}。"}
    except ValidationError as error:
        problems = {field: texts[0] for field, texts in getattr(error, "message_dict", {"all": error.messages}).items()}
    item = visible.select_related("branch", "group").get(pk=pk)
    if request.htmx:
        row = _row(
            request,
            item,
            timezone.localdate(),
            load_calendar([item.start.year]),
            writes=True,
            problems=problems,
            typed=typed if problems else None,
            saved=not problems,
        )
        return render(request, "activities/_plan_row.html", {"row": row}, status=422 if problems else 200)
    if problems:
        messages.error(request, f"{item.name}：{'；'.join(problems.values())}")
    else:
        messages.success(request, f"已保存：{item.name}。")
    return redirect(f"{_back(item.branch_id, item.start.year)}#item-{item.pk}")


@login_required
@require_http_methods(["GET", "POST"])
def plan_fix(request: HttpRequest, pk: int) -> HttpResponse:
    """One day of each month for the rest of the year."""
    node = get_object_or_404(Branch.objects.visible_to(request.user, Capability.ACTIVITY_VIEW), pk=pk)
    require_record(request.user, node)
    year = year_of(request.POST.get("year", ""), timezone.localdate())
    if request.method != "POST":
        return redirect(_back(node.pk, year))
    kinds = [kind.value for kind in Kind if kind in GATHERINGS]
    form = FixedDayForm(request.POST, kinds=kinds)
    if not form.is_valid():
        messages.error(request, "没有保存：" + "；".join(error for errors in form.errors.values() for error in errors))
        return redirect(f"{_back(node.pk, year)}#fixed")
    fixed = fix_day(branch=node, kind=form.cleaned_data["kind"], year=year, rule=form.rule, actor=request.user)
    days = "、".join(
        dict.fromkeys(f"{item.planned_on.month}月{item.planned_on.day}日" for item in fixed.moved if item.planned_on)
    )
    if fixed.moved:
        messages.success(request, f"{fixed.moved[0].name}已排定：{days}。遇休息日的已顺延到工作日。")
    if fixed.left:
        words = "；".join(f"{item.start.month}月{why}" for item, why in fixed.left)
        messages.warning(request, f"未改动{len(fixed.left)}项：{words}。")
    if not fixed.moved and not fixed.left:
        messages.warning(request, "这个项目在本年没有可以排定的月份。")
    return redirect(_back(node.pk, year))


def _back(branch: int, year: int) -> str:
    return f"{reverse('activities:plan_list')}?branch={branch}&year={year}"


# -- Generating again


@login_required
@require_http_methods(["GET", "POST"])
def plan_generate(request: HttpRequest) -> HttpResponse:
    """Of one node at once, with the list of what was left; of the whole organisation in the background."""
    require(request.user, Capability.ACTIVITY_VIEW)
    if request.method != "POST":
        return redirect("activities:plan_list")
    today = timezone.localdate()
    year = year_of(request.POST.get("year", ""), today)
    if not today.year <= year <= today.year + 1:
        messages.error(request, "只能生成今年和明年的计划。")
        return redirect("activities:plan_list")
    if request.POST.get("whole"):
        require(request.user, Capability.PLAN_REVIEW)
        nodes = Branch.objects.visible_to(request.user, Capability.PLAN_REVIEW).filter(level__in=LEVELS).open_on(today)
        job = jobs.enqueue(
            task=REPLAN,
            business_key=f"{request.user.pk}:{posted_key(request.POST.get('form_key', ''))}",
            params={"year": year, "branches": list(nodes.values_list("pk", flat=True)), "actor": request.user.pk},
            requested_by=request.user,
        )
        return redirect("activities:plan_job", pk=job.pk)
    asked = request.POST.get("branch", "")
    nodes = Branch.objects.visible_to(request.user, Capability.ACTIVITY_VIEW).filter(level__in=LEVELS)
    if not (asked.isdecimal() and len(asked) < 18):
        return redirect("activities:plan_list")
    node = get_object_or_404(nodes, pk=int(asked))
    if not may(request.user, Capability.PLAN_REVIEW, node):
        require_record(request.user, node)
    result = replan(branches=[node], year=year, actor=request.user)
    return _plan_page(request, result=result, left=_left_lines(result.left))


def _left_lines(left: list[Left]) -> list[tuple[str, str]]:
    """Each item that was left, in words: 主题党日（12月）, 已排定12月9日."""
    items = {
        item.pk: item for item in PlanItem.objects.filter(pk__in=[one.item.pk for one in left]).select_related("group")
    }
    lines = []
    for one in left:
        item = items.get(one.item.pk, one.item)
        group = f"，{item.group.name}" if item.group else ""
        lines.append((f"{item.name}（{period_label(item.period, item.start)}{group}）", one.why))
    return lines


@login_required
@require_GET
def plan_job(request: HttpRequest, pk: int) -> HttpResponse:
    """How far one's own job is, then what it did. htmx asks for the waiting part until there is something else."""
    job = get_object_or_404(Job.objects.filter(task=REPLAN, requested_by=request.user), pk=pk)
    waiting = job.state in (JobState.QUEUED, JobState.RUNNING)
    if request.htmx:
        if waiting:
            return render(request, "activities/_plan_job_wait.html", {"job": job})
        response = HttpResponse()
        response["HX-Refresh"] = "true"
        return response
    result = job.params.get("result", {})
    why = dict(result.get("left", []))
    items = (
        PlanItem.objects.visible_to(request.user, Capability.ACTIVITY_VIEW)
        .filter(pk__in=why)
        .select_related("branch", "group")
        .order_by("branch__path", "start", "kind")
    )
    context = {
        "job": job,
        "waiting": waiting,
        "failed": job.state in (JobState.FAILED, JobState.CANCELLED),
        "result": result,
        "left": [(item, period_label(item.period, item.start), why[item.pk]) for item in items],
    }
    return render(request, "activities/plan_job.html", context)
