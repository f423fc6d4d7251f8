"""One required action: what stands behind it, answers and reports, why nothing was held, and the list of reasons."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods

from activities.access import decidable, may_record, right_to_decide, right_to_record
from activities.choices import GATHERINGS, PlanState
from activities.files import read_file
from activities.models import Activity, FiledReport, PlanItem
from activities.plan import fulfilling, not_held, pushing
from activities.plan.board import create_url, plan_cell
from activities.plan.forms import posted_key
from activities.rules import duty_of, period_label
from branches.access import may, require
from branches.choices import BranchLevel, Capability
from config.uploads import ATTACHMENTS_ACCEPT, check_attachment

DECIDES = ("accept", "refuse", "accept_answer", "return_answer")
REVIEWS_PER_PAGE = 50


@login_required
@require_http_methods(["GET", "POST"])
def plan_item(request: HttpRequest, pk: int) -> HttpResponse:
    visible = PlanItem.objects.visible_to(request.user, Capability.ACTIVITY_VIEW)
    loaded = visible.select_related("branch", "group", "activity", "reason_by", "answered_by", "pushed__pushed_by")
    item = get_object_or_404(loaded, pk=pk)
    problems: dict[str, str] = {}
    if request.method == "POST":
        action = request.POST.get("action", "")
        require(request.user, right_to_decide(item) if action in DECIDES else right_to_record(item), item)
        try:
            done = _act(request, item, action)
        except ValidationError as error:
            found = getattr(error, "message_dict", None) or {"all": error.messages}
            problems = {field: texts[0] for field, texts in found.items()}
            item = loaded.get(pk=pk)
        else:
            messages.success(request, done)
            return redirect("activities:plan_item", pk=pk)
    return render(
        request, "activities/plan_item.html", _context(request, item, problems), status=422 if problems else 200
    )


def _context(request: HttpRequest, item: PlanItem, problems: dict[str, str]) -> dict[str, Any]:
    today = timezone.localdate()
    writes = may_record(request.user, item)
    begun = item.start <= today
    decides = may(request.user, right_to_decide(item), item)
    reports = fulfilling.takes_reports(item)
    records = Activity.objects.readable_by(request.user).filter(branch=item.branch)
    if item.pushed_id:
        linked = records.filter(pk=item.activity_id)
        offered = records.filter(starts_at__date__range=(item.start, max(item.end, today))).order_by("-starts_at")[:30]
    else:
        linked = records.filter(kinds__kind=item.kind, starts_at__date__range=(item.start, item.end))
        linked = linked.filter(group=item.group) if item.group_id else linked
        offered = records.none()
    return {
        "item": item,
        "cell": plan_cell(item, today),
        "period": period_label(item.period, item.start),
        "duty": duty_of(item.kind, item.start) if not item.pushed_id else None,
        "records": linked.distinct().for_list().order_by("starts_at"),
        "offered": offered,
        "answers": bool(item.pushed_id) and writes and begun and item.state in (PlanState.OPEN, PlanState.RETURNED),
        "decides_answer": bool(item.pushed_id) and decides and item.answered_by_id != request.user.pk,
        "explains": writes
        and begun
        and not reports
        and (item.state == PlanState.OPEN or (bool(item.pushed_id) and item.state == PlanState.RETURNED)),
        "create_url": create_url(item, today)
        if writes and begun and item.state == PlanState.OPEN and item.kind in GATHERINGS
        else "",
        "files_reports": reports and writes and begun,
        "reports": item.reports.select_related("filed_by") if not item.pushed_id else (),
        "reviews": item.state == PlanState.NOT_HELD_ASKED and item.reason_by_id != request.user.pk and decides,
        "of_committee": item.branch.level == BranchLevel.COMMITTEE,
        "problems": problems,
        "typed": request.POST,
        "form_key": posted_key(request.POST.get("form_key", "")) if problems else uuid.uuid4(),
        "accept": ATTACHMENTS_ACCEPT,
    }


def _act(request: HttpRequest, item: PlanItem, action: str) -> str:
    post, user = request.POST, request.user
    match action:
        case "accept":
            not_held.accept_not_held(item=item, actor=user)
            return "已同意，这一项显示为未开展并注明原因。"
        case "refuse":
            not_held.refuse_not_held(item=item, comment=post.get("comment", ""), actor=user)
            return "已退回说明，支部会看到您的意见。"
        case "accept_answer":
            pushing.accept_answer(item=item, actor=user)
            return "已同意答复，这一项已完成。"
        case "return_answer":
            pushing.return_answer(item=item, comment=post.get("comment", ""), actor=user)
            return "已退回答复，支部会看到您的意见。"
        case "answer":
            return _answer(request, item)
        case "report":
            return _report(request, item)
        case _:
            not_held.explain_not_held(item=item, reason=post.get("reason", ""), actor=user)
            committee = item.branch.level == BranchLevel.COMMITTEE
            return f"说明已提交，等待{'党委书记或党委委员' if committee else '党委办公室'}审核。"


def _answer(request: HttpRequest, item: PlanItem) -> str:
    asked, version = request.POST.get("activity", ""), request.POST.get("version", "")
    activity = None
    if asked:
        mine = Activity.objects.readable_by(request.user).filter(branch=item.branch)
        activity = mine.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 18 else None
        if activity is None:
            raise ValidationError({"activity": "请从列出的活动记录中选择。"})
    pushing.answer_item(
        item=item,
        text=request.POST.get("answer", ""),
        activity=activity,
        version=int(version) if version.isdecimal() and len(version) < 10 else 0,
        actor=request.user,
    )
    return "答复已提交，等待党委办公室审核。"


def _report(request: HttpRequest, item: PlanItem) -> str:
    upload = request.FILES.get("file")
    try:
        file = check_attachment(upload, limit=settings.ATTACHMENT_FILE_LIMIT) if upload else None
    except ValidationError as error:
        raise ValidationError({"file": error.messages[0]}) from error
    fulfilling.file_report(
        item=item,
        report=fulfilling.Report(
            title=request.POST.get("title", ""),
            authors=request.POST.get("authors", ""),
            summary=request.POST.get("summary", ""),
            file=file,
        ),
        form_key=posted_key(request.POST.get("form_key", "")),
        actor=request.user,
    )
    return "报告已提交，这一项已完成。"


@login_required
@require_GET
def report_file(request: HttpRequest, pk: int) -> HttpResponse:
    visible = PlanItem.objects.visible_to(request.user, Capability.ACTIVITY_VIEW)
    report = get_object_or_404(FiledReport.objects.filter(item__in=visible).exclude(file=""), pk=pk)
    return attachment_response(report)


def attachment_response(row: Any, *, inline: bool = False) -> HttpResponse:
    """An attachment as a download, with `inline` in the page; `row` has file, name and content_type. A file gone from
    disk is a 404."""
    try:
        body = read_file(row.file)
    except FileNotFoundError as error:
        raise Http404 from error
    response = HttpResponse(body, content_type=row.content_type)
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment=not inline, filename=row.name) or "attachment"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
@require_http_methods(["GET", "POST"])
def plan_reviews(request: HttpRequest) -> HttpResponse:
    """Explanations that wait, for those who decide; the ticked ones are accepted together."""
    if not may(request.user, Capability.COMMITTEE_CONFIRM):
        require(request.user, Capability.PLAN_REVIEW)
    waiting = decidable(PlanItem.objects.all(), request.user).filter(state=PlanState.NOT_HELD_ASKED)
    waiting = waiting.select_related("branch", "group", "reason_by").order_by("due", "branch__path", "pk")
    if request.method == "POST":
        ticked = {int(pk) for pk in request.POST.getlist("item") if pk.isdecimal() and len(pk) < 18}
        if not ticked:
            messages.warning(request, "请先勾选要同意的说明。")
            return redirect("activities:plan_reviews")
        accepted, left = not_held.accept_many(items=waiting.filter(pk__in=ticked), actor=request.user)
        gone = len(ticked) - accepted - len(left)
        if accepted:
            messages.success(request, f"已同意{accepted}项说明。")
        for item, why in left:
            messages.warning(request, f"{item.branch.name}{item.name}：{why}")
        if gone:
            messages.warning(request, f"另有{gone}项已由他人处理。")
        return redirect("activities:plan_reviews")
    text = request.GET.get("q", "").strip()[:60]
    if text:
        waiting = waiting.filter(branch__name__icontains=text)
    page = Paginator(waiting, REVIEWS_PER_PAGE).get_page(request.GET.get("page"))
    rows = [(item, period_label(item.period, item.start), item.reason_by_id != request.user.pk) for item in page]
    return render(request, "activities/plan_reviews.html", {"page": page, "rows": rows, "q": text})
