"""Reports that are made by themselves (定期报表): which, when, for whom. Kept by the Party office."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from branches.access import require
from branches.choices import BranchLevel, Capability
from branches.forms import add_errors
from branches.models import Branch, Report, ReportSchedule
from branches.office import schedules
from branches.office.forms import DAYS, ScheduleForm
from branches.office.kinds import KINDS, ReportKind
from branches.office.reading import able_to_read, branches_for, kinds_for, posts_along, schedules_of

C = Capability.REPORTS_SCHEDULE
PER_PAGE = 20


@login_required
@require_safe
def schedule_list(request: HttpRequest) -> HttpResponse:
    """?kind=&page=."""
    require(request.user, C)
    rows = schedules_of(request.user).prefetch_related("recipients")
    kind = request.GET.get("kind", "") if request.GET.get("kind") in KINDS else ""
    page = Paginator(rows.filter(kind=kind) if kind else rows, PER_PAGE).get_page(request.GET.get("page"))
    for row in page:
        row.label, row.span = KINDS[row.kind].label, KINDS[row.kind].span  # type: ignore[attr-defined]
        row.files = "、".join(str(Report.Format(one).label) for one in row.formats)  # type: ignore[attr-defined]
    context = {"page": page, "rows": list(page), "kind": kind, "kinds": KINDS.values()}
    return render(request, "branches/schedule_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def schedule_new(request: HttpRequest) -> HttpResponse:
    """?kind=&branch=. First the kind and the node, then the rest: who may be told depends on both."""
    require(request.user, C)
    key, asked = request.GET.get("kind", ""), request.GET.get("branch", "")[:9]
    nodes = Branch.objects.visible_to(request.user, C).exclude(level=BranchLevel.GROUP)
    if not key and not asked:
        context = {"kinds": kinds_for(request.user), "nodes": nodes}
        return render(request, "branches/schedule_choose.html", context)
    if key not in KINDS or not asked.isdecimal():
        raise Http404
    node = get_object_or_404(nodes, pk=int(asked))
    kind = KINDS[key]
    if not branches_for(request.user, key).filter(pk=node.pk).exists():
        error = f"{kind.label}不按{node.get_level_display()}生成，请另选党组织。"
        context = {"kinds": kinds_for(request.user), "nodes": nodes, "kind": kind, "node": node, "error": error}
        return render(request, "branches/schedule_choose.html", context, status=422)
    return _form(request, kind, node, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def schedule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    schedule = get_object_or_404(schedules_of(request.user), pk=pk)
    return _form(request, KINDS[schedule.kind], schedule.branch, schedule)


def _form(request: HttpRequest, kind: ReportKind, node: Branch, schedule: ReportSchedule | None) -> HttpResponse:
    people = able_to_read(kind.key, node, timezone.localdate())
    initial: dict[str, Any] = {"formats": [kind.formats[0]]}
    lost: list[str] = []
    if schedule is not None:
        chosen = list(schedule.recipients.all())
        able = {one.pk for one in people}
        lost = [one.name for one in chosen if one.pk not in able]
        initial = {
            "formats": schedule.formats,
            "day_of_month": schedule.day_of_month,
            "recipients": [one.pk for one in chosen],
        }
    posts = posts_along(node, timezone.localdate())
    form = ScheduleForm(request.POST or None, kind=kind, people=people, posts=posts, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            schedules.save_schedule(
                kind=kind.key, branch=node, actor=request.user, schedule=schedule, **form.cleaned_data
            )
        except ValidationError as exc:
            add_errors(form, exc)
        else:
            messages.success(request, f"{node.name}的定期{kind.label}已保存。")
            return redirect("branches:schedules")
    context = {"form": form, "kind": kind, "node": node, "schedule": schedule, "lost": lost, "days": DAYS[kind.span]}
    return render(request, "branches/schedule_form.html", context, status=422 if form.errors else 200)


@login_required
def schedule_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """active=1 resumes, anything else pauses."""
    schedule = get_object_or_404(schedules_of(request.user), pk=pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    active = request.POST.get("active") == "1"
    schedules.switch_schedule(schedule=schedule, active=active, actor=request.user)
    messages.success(request, "已恢复，从下一次到期起生成。" if active else "已暂停，暂停期间到期的不再补做。")
    return redirect("branches:schedules")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def schedule_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks first."""
    schedule = get_object_or_404(schedules_of(request.user), pk=pk)
    kind = KINDS[schedule.kind]
    if request.method == "POST":
        schedules.delete_schedule(schedule=schedule, actor=request.user)
        messages.success(request, f"{schedule.branch.name}的定期{kind.label}已删除。")
        return redirect("branches:schedules")
    return render(request, "branches/schedule_delete.html", {"schedule": schedule, "kind": kind})
