"""The board of a month, and the page of one required action with its explanation."""

from datetime import date

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from activities import not_held
from activities.access import decidable, may_record, right_to_decide, right_to_record
from activities.board import build_board, create_url, month_of_board, plan_cell
from activities.choices import PlanState
from activities.models import Activity, PlanItem
from activities.rules import duty_of, period_label
from branches.access import may, require
from branches.choices import BranchLevel, Capability
from branches.models import Branch

BRANCHES_PER_PAGE = 50


@login_required
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """?month=YYYY-MM; what cannot be read is this month. The branches of that time, dissolved ones included."""
    require(request.user, Capability.ACTIVITY_VIEW)
    today = timezone.localdate()
    first, last = month_of_board(_month(request.GET.get("month", ""), today))
    scope = Branch.objects.visible_to(request.user, Capability.ACTIVITY_VIEW)
    branches = scope.filter(level=BranchLevel.BRANCH, founded_on__lte=last).exclude(dissolved_on__lt=first)
    if text := request.GET.get("q", "").strip()[:60]:
        branches = branches.filter(name__icontains=text)
    page = Paginator(branches, BRANCHES_PER_PAGE).get_page(request.GET.get("page"))
    visible = PlanItem.objects.visible_to(request.user, Capability.ACTIVITY_VIEW)
    own_group_only = not page.object_list
    items = visible.covering(first, last)
    if not own_group_only:
        items = items.filter(branch__in=[branch.pk for branch in page.object_list])
    table = build_board(items.for_board(), today, reader=request.user)
    own = visible.covering(first, last).filter(branch__level=BranchLevel.COMMITTEE)
    context = {
        "board": table,
        "own": build_board(own.for_board(), today, reader=request.user),
        "page": page,
        "q": text,
        "month": first,
        "before": date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1),
        "after": date(first.year + (first.month == 12), first.month % 12 + 1, 1),
        "is_now": first == today.replace(day=1),
        "asked": decidable(PlanItem.objects.all(), request.user)
        .filter(state=PlanState.NOT_HELD_ASKED)
        .select_related("branch", "group")
        .order_by("due")[:20],
    }
    return render(request, "activities/board.html", context)


def _month(text: str, today: date) -> date:
    try:
        year, month = (int(part) for part in text.split("-"))
        return date(year, month, 1) if 1949 < year < 2100 else today
    except ValueError:
        return today


@login_required
@require_http_methods(["GET", "POST"])
def plan_item(request: HttpRequest, pk: int) -> HttpResponse:
    """One required action: what stands behind it, and why nothing was held."""
    visible = PlanItem.objects.visible_to(request.user, Capability.ACTIVITY_VIEW)
    item = get_object_or_404(visible.select_related("branch", "group", "activity", "reason_by"), pk=pk)
    error, status = "", 200
    if request.method == "POST":
        action = request.POST.get("action", "")
        require(request.user, right_to_decide(item) if action in ("accept", "refuse") else right_to_record(item), item)
        try:
            done = _act(request, item, action)
        except ValidationError as exc:
            error, status = exc.messages[0], 422
            item.refresh_from_db()
        else:
            messages.success(request, done)
            return redirect("activities:plan_item", pk=pk)
    today = timezone.localdate()
    duty = duty_of(item.kind, item.start)
    records = Activity.objects.readable_by(request.user).filter(
        branch=item.branch, kinds__kind=item.kind, starts_at__date__range=(item.start, item.end)
    )
    if item.group_id:
        records = records.filter(group=item.group)
    writes = may_record(request.user, item)
    context = {
        "item": item,
        "cell": plan_cell(item, today),
        "period": period_label(item.period, item.start),
        "duty": duty,
        "records": records.distinct().for_list().order_by("starts_at"),
        "explains": writes and item.state == PlanState.OPEN and item.start <= today,
        "create_url": create_url(item, today)
        if writes and item.state == PlanState.OPEN and item.start <= today
        else "",
        "reviews": item.state == PlanState.NOT_HELD_ASKED
        and item.reason_by_id != request.user.pk
        and may(request.user, right_to_decide(item), item),
        "of_committee": item.branch.level == BranchLevel.COMMITTEE,
        "error": error,
        "typed": request.POST,
    }
    return render(request, "activities/plan_item.html", context, status=status)


def _act(request: HttpRequest, item: PlanItem, action: str) -> str:
    if action == "accept":
        not_held.accept_not_held(item=item, actor=request.user)
        return "已同意，这一项显示为未开展并注明原因。"
    if action == "refuse":
        not_held.refuse_not_held(item=item, comment=request.POST.get("comment", ""), actor=request.user)
        return "已退回说明，支部会看到您的意见。"
    not_held.explain_not_held(item=item, reason=request.POST.get("reason", ""), actor=request.user)
    committee = item.branch.level == BranchLevel.COMMITTEE
    return f"说明已提交，等待{'党委书记或党委委员' if committee else '党委办公室'}审核。"
