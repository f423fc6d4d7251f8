"""Make-up study: the branch's list, the page on which one is reported, and the branch's answers."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from activities.attendance import make_ups
from activities.attendance.own import parse_day
from activities.choices import MakeUpState
from activities.models import MakeUp
from activities.views.leave import answers
from activities.views.sign_in import by_field
from branches.access import require
from branches.choices import Capability
from branches.models import Branch

PER_PAGE = 50
FILTERS = (
    ("", "待办"),
    (MakeUpState.REPORTED.value, "待审核"),
    ("late", "已逾期"),
    (MakeUpState.DONE.value, "已补课"),
    (MakeUpState.WAIVED.value, "免补"),
    ("all", "全部"),
)


def _require(request: HttpRequest) -> None:
    if not answers(request.user):
        require(request.user, Capability.ACTIVITY_CONFIRM)


@login_required
@require_GET
def make_up_list(request: HttpRequest) -> HttpResponse:
    _require(request)
    return _list(request)


def _list(request: HttpRequest, *, status: int = 200, **extra: Any) -> HttpResponse:
    today = timezone.localdate()
    rows = make_ups.checkable(request.user)
    branches = list(Branch.objects.branches().filter(pk__in=rows.order_by().values("attendance__activity__branch")))
    asked = request.GET.get("branch", "")
    chosen = next((branch for branch in branches if str(branch.pk) == asked), None)
    if chosen:
        rows = rows.filter(attendance__activity__branch=chosen)
    state, text = request.GET.get("state", ""), request.GET.get("q", "").strip()[:30]
    found = make_ups.filtered(rows, state, today, text).order_by("due", "pk")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "state": state if state in dict(FILTERS) else "",
        "filters": FILTERS,
        "text": text,
        "branches": branches,
        "chosen": chosen,
        "late": make_ups.filtered(rows, "late", today).count(),
        "reported": make_ups.filtered(rows, MakeUpState.REPORTED, today).count(),
        "may_bulk": any(_waits_for(request, row) for row in page.object_list),
        "desk": "make_ups",
        **extra,
    }
    return render(request, "activities/make_up_list.html", context, status=status)


def _waits_for(request: HttpRequest, row: MakeUp) -> bool:
    row.mine = row.attendance.member.user_id == request.user.pk
    return row.state == MakeUpState.REPORTED and not row.mine


@login_required
def make_up_check(request: HttpRequest) -> HttpResponse:
    """Accept all chosen ones."""
    _require(request)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    ids = [int(pk) for pk in request.POST.getlist("make_up") if pk.isdecimal()]
    chosen = list(make_ups.checkable(request.user).filter(pk__in=ids))
    if not chosen:
        return _list(request, status=422, error="请先选择要通过的补课。")
    done, problems = make_ups.check_many(make_ups=chosen, actor=request.user)
    for text in problems:
        messages.warning(request, text)
    if done:
        messages.success(request, f"已通过{done}项补课，积分和学时已重新计算。")
    return redirect("activities:make_up_list")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def make_up_report(request: HttpRequest, pk: int) -> HttpResponse:
    """One make-up: the member reports it, the branch enters, checks or waives it."""
    own = MakeUp.objects.filter(attendance__member__user=request.user)
    rows = make_ups.checkable(request.user) | own.select_related(
        "attendance__activity", "attendance__member__user", "attendance__branch"
    )
    make_up = get_object_or_404(rows, pk=pk)
    if request.method != "POST":
        return _page(request, make_up)
    done_on = parse_day(request.POST.get("done_on"))
    is_own = make_up.attendance.member.user_id == request.user.pk
    try:
        if done_on is None:
            raise ValidationError({"done_on": "请填写正确的补课日期，例如2026-11-25。"})
        make_ups.report_make_up(
            make_up=make_up,
            way=request.POST.get("way", ""),
            note=request.POST.get("note", ""),
            done_on=done_on,
            actor=request.user,
        )
    except ValidationError as error:
        return _page(request, make_up, status=422, problems=by_field(error), typed=request.POST)
    messages.success(request, "已申报，等待支部审核。" if is_own else "补课已登记，积分和学时已重新计算。")
    return redirect("activities:my_attendance" if is_own else "activities:make_up_list")


@login_required
def make_up_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept, send back or waive one; `answer` says which."""
    make_up = get_object_or_404(make_ups.checkable(request.user), pk=pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    comment, answer = request.POST.get("comment", ""), request.POST.get("answer", "")
    try:
        if answer == "waive":
            make_ups.waive_make_up(make_up=make_up, comment=comment, actor=request.user)
            done = "已免补。"
        elif answer == "accept":
            make_ups.check_make_up(make_up=make_up, accept=True, comment=comment, actor=request.user)
            done = "补课已通过，积分和学时已重新计算。"
        else:
            make_ups.check_make_up(make_up=make_up, accept=False, comment=comment, actor=request.user)
            done = "已退回本人补充。"
    except ValidationError as error:
        return _page(request, make_up, status=422, refusal=error.messages[0], answer=answer, comment=comment)
    messages.success(request, done)
    return redirect("activities:make_up_list")


def _page(request: HttpRequest, make_up: MakeUp, *, status: int = 200, **extra: Any) -> HttpResponse:
    own = make_up.attendance.member.user_id == request.user.pk
    open_ = make_up.state in make_ups.TO_DO
    context = {
        "make_up": make_up,
        "row": make_up.attendance,
        "activity": make_up.attendance.activity,
        "own": own,
        "reports": open_ and (own or make_up.state == MakeUpState.OPEN),
        "decides": open_ and not own,
        "problems": {},
        "typed": {"way": make_up.way, "note": make_up.note, "done_on": f"{make_up.done_on or timezone.localdate()}"},
        **extra,
    }
    return render(request, "activities/make_up_report.html", context, status=status)
