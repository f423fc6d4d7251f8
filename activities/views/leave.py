"""Leave: asked for by the member, answered by the branch."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from activities.attendance import leave
from activities.models import Activity, LeaveRequest
from activities.views.sign_in import by_field
from branches.access import may, require
from branches.choices import Capability
from branches.models import User
from members.models import Member

PER_PAGE = 30
ANSWERS = (Capability.ACTIVITY_CONFIRM, Capability.COMMITTEE_CONFIRM)


def answers(user: User) -> bool:
    return any(may(user, can) for can in ANSWERS)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """For those whom the gathering expects; anybody else has no such page."""
    member = Member.objects.own(request.user).first()
    rows = Activity.objects.filter(attendances__member=member) if member else Activity.objects.none()
    activity = get_object_or_404(rows.select_related("branch", "group").prefetch_related("kinds"), pk=pk)
    if member is None:
        raise Http404
    standing = leave.own_requests(member).filter(activity=activity).first()
    context: dict[str, Any] = {
        "activity": activity,
        "standing": standing if standing and standing.state in leave.STANDING else None,
        "earlier": standing if standing and standing.state not in leave.STANDING else None,
        "why_not": leave.why_no_leave(activity),
        "reasons": leave.REASONS,
        "approvers": leave.approvers_of(activity, request.user),
        "typed": request.POST,
        "problems": {},
    }
    if request.method != "POST":
        return render(request, "activities/leave_ask.html", context)
    try:
        leave.ask_leave(
            activity=activity,
            member=member,
            reason=request.POST.get("reason", ""),
            note=request.POST.get("note", ""),
            actor=request.user,
        )
    except ValidationError as error:
        context["problems"] = by_field(error)
        return render(request, "activities/leave_ask.html", context, status=422)
    messages.success(request, "请假已提交，审批后会告诉您。")
    return redirect("activities:my_attendance")


@login_required
@require_GET
def leave_list(request: HttpRequest) -> HttpResponse:
    return _list(request)


def _list(request: HttpRequest, *, status: int = 200, **extra: Any) -> HttpResponse:
    """What waits for this person, and what was answered."""
    if not answers(request.user):
        require(request.user, Capability.ACTIVITY_CONFIRM)
    answered = Paginator(leave.answered_by_branch(request.user), PER_PAGE).get_page(request.GET.get("page"))
    context = {"waiting": list(leave.asked_of(request.user)[:100]), "page": answered, "desk": "leave", **extra}
    return render(request, "activities/leave_list.html", context, status=status)


@login_required
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    asked = _in_reach(request.user, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    approve = request.POST.get("answer") == "approve"
    try:
        leave.decide_leave(leave=asked, approve=approve, comment=request.POST.get("comment", ""), actor=request.user)
    except ValidationError as error:
        return _list(request, status=422, refused=pk, error=error.messages[0], typed=request.POST)
    messages.success(
        request, f"{asked.member}的请假{'已同意，活动记录中预选为缺席' if approve else '未同意，已告知本人'}。"
    )
    return redirect("activities:leave_list")


def _in_reach(user: User, pk: int) -> LeaveRequest:
    """A request of a gathering whose records this person may confirm; the service says who of them answers."""
    rows = Activity.objects.visible_to(user, ANSWERS[0]) | Activity.objects.visible_to(user, ANSWERS[1])
    found = LeaveRequest.objects.filter(activity__in=rows.values("pk")).select_related("activity", "member__user")
    return get_object_or_404(found, pk=pk)


@login_required
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    mine = LeaveRequest.objects.filter(member__user=request.user).select_related("activity", "member__user")
    asked = get_object_or_404(mine, pk=pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        leave.withdraw_leave(leave=asked, actor=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        day = timezone.localdate(asked.activity.starts_at)
        messages.success(request, f"已撤回{day.month}月{day.day}日的请假，请按时参加。")
    return redirect("activities:my_attendance")
