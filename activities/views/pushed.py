"""What the committee gives to many branches: the list, a new one, who has answered."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from activities.choices import PlanState
from activities.models import PlanItem, PushedFile, PushedItem
from activities.plan import pushing
from activities.plan.board import plan_cell
from activities.plan.forms import PushForm, posted_key
from activities.views.plan_item import attachment_response
from branches.access import require
from branches.choices import BranchCategory, BranchLevel, Capability
from branches.forms import add_errors
from branches.models import Branch, BranchQuerySet
from config.documents.content import LANDSCAPE, Column, Document, Heading, Paragraph, Table
from config.documents.responses import document_response
from config.uploads import ATTACHMENTS_ACCEPT, CheckedFile, check_attachment

PER_PAGE = 20
STATES = (
    ("", "全部"),
    ("open", "未答复"),
    ("late", "逾期未答复"),
    ("sent", "待审核"),
    ("returned", "已退回"),
    ("done", "已完成"),
    ("excused", "不办理"),
)
OWED = (PlanState.OPEN, PlanState.DRAFT)
BY_STATE = {
    "sent": Q(state__in=[PlanState.SUBMITTED, PlanState.NOT_HELD_ASKED]),
    "returned": Q(state=PlanState.RETURNED),
    "done": Q(state=PlanState.CONFIRMED),
    "excused": Q(state__in=[PlanState.NOT_HELD, PlanState.NOT_APPLICABLE]),
    "open": Q(state__in=OWED),
}


@login_required
@require_GET
def pushed_list(request: HttpRequest) -> HttpResponse:
    require(request.user, Capability.PLAN_REVIEW)
    found = PushedItem.objects.visible_to(request.user, Capability.PLAN_REVIEW)
    text = request.GET.get("q", "").strip()[:60]
    if text:
        found = found.filter(title__icontains=text)
    found = found.select_related("pushed_by").annotate(
        n=Count("items"),
        n_done=Count("items", filter=Q(items__state=PlanState.CONFIRMED)),
        n_sent=Count("items", filter=Q(items__state__in=[PlanState.SUBMITTED, PlanState.NOT_HELD_ASKED])),
        n_open=Count("items", filter=Q(items__state__in=[*OWED, PlanState.RETURNED])),
    )
    page = Paginator(found.order_by("-pushed_at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "activities/pushed_list.html", {"page": page, "q": text, "today": timezone.localdate()})


@login_required
@require_http_methods(["GET", "POST"])
def pushed_create(request: HttpRequest) -> HttpResponse:
    require(request.user, Capability.PLAN_REVIEW)
    today = timezone.localdate()
    branches = _branches(request)
    form = PushForm(request.POST or None, branches=branches, initial={"starts_on": f"{today:%Y-%m-%d}"})
    key = posted_key(request.POST.get("form_key", "")) if request.method == "POST" else uuid.uuid4()
    if request.method == "POST" and form.is_valid():
        giver = _giver(request)
        try:
            pushed = pushing.push_item(
                giver=giver,
                order=form.order,
                branches=form.chosen,
                files=_files(request),
                form_key=key,
                actor=request.user,
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"已布置给{pushed.items.count()}个党支部。")
            return redirect("activities:pushed_detail", pk=pushed.pk)
    counts = dict(branches.order_by().values_list("category").annotate(n=Count("pk")))
    context = {
        "form": form,
        "branches": branches,
        "ticked": {str(pk) for pk in request.POST.getlist("branches")},
        "categories": [
            (value, label, counts[value], value in request.POST.getlist("categories"))
            for value, label in BranchCategory.choices
            if value in counts
        ],
        "total": sum(counts.values()),
        "form_key": key,
        "accept": ATTACHMENTS_ACCEPT,
        "lost_files": request.method == "POST" and bool(request.FILES),
        "max_files": pushing.MAX_FILES,
    }
    return render(request, "activities/pushed_form.html", context, status=422 if request.method == "POST" else 200)


def _branches(request: HttpRequest) -> BranchQuerySet:
    scope = Branch.objects.visible_to(request.user, Capability.PLAN_REVIEW)
    found: BranchQuerySet = scope.filter(level=BranchLevel.BRANCH).open_on(timezone.localdate())
    return found


def _giver(request: HttpRequest) -> Branch:
    """The node in whose name it is given: the highest one where this person reviews plans."""
    scope = Branch.objects.visible_to(request.user, Capability.PLAN_REVIEW)
    return scope.filter(path=request.user.paths_granting(Capability.PLAN_REVIEW)[0]).get()


def _files(request: HttpRequest) -> list[CheckedFile]:
    uploads = request.FILES.getlist("files")[: pushing.MAX_FILES + 1]
    try:
        return [check_attachment(upload, limit=settings.ATTACHMENT_FILE_LIMIT) for upload in uploads]
    except ValidationError as error:
        raise ValidationError({"files": error.messages}) from error


@login_required
@require_http_methods(["GET", "POST"])
def pushed_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Who has answered; ?state= filters, ?format=xlsx is the list as a workbook."""
    found = PushedItem.objects.visible_to(request.user, Capability.PLAN_REVIEW).select_related("branch", "pushed_by")
    pushed = get_object_or_404(found, pk=pk)
    if request.method == "POST":
        if request.POST.get("action") == "add":
            _add(request, pushed)
        else:
            _decide(request, pushed)
        return redirect("activities:pushed_detail", pk=pk)
    today = timezone.localdate()
    items = PlanItem.objects.visible_to(request.user, Capability.PLAN_REVIEW).filter(pushed=pushed)
    state = request.GET.get("state", "")
    late = Q(state__in=OWED, due__lt=today)
    counts = items.aggregate(
        late=Count("pk", filter=late), **{name: Count("pk", filter=wanted) for name, wanted in BY_STATE.items()}
    )
    if state == "late":
        items = items.filter(late)
    elif state in BY_STATE:
        items = items.filter(BY_STATE[state])
    rows = [
        (item, plan_cell(item, today), item.state == PlanState.SUBMITTED and item.answered_by_id != request.user.pk)
        for item in items.select_related("branch", "activity", "answered_by", "reason_by").order_by("branch__path")
    ]
    if request.GET.get("format") == "xlsx":
        document = _as_document(pushed, rows)
        return document_response(request, document, "xlsx", document.title, formats=("xlsx",))
    context = {
        "pushed": pushed,
        "files": pushed.files.all(),
        "rows": rows,
        "state": state if state in dict(STATES) else "",
        "states": [(value, label, counts.get(value)) for value, label in STATES],
        "total": pushed.items.count(),
        "counts": counts,
        "bulk": any(acceptable for _, _, acceptable in rows),
        "further": [] if pushing.closed_to_more(pushed, today) else list(_further(request, pushed)),
        "today": today,
    }
    return render(request, "activities/pushed_detail.html", context)


def _further(request: HttpRequest, pushed: PushedItem) -> BranchQuerySet:
    """Branches below its giver, in this person's scope, that were not given the item: often founded since."""
    return _branches(request).within([pushed.branch.path]).exclude(plan_items__pushed=pushed)


def _add(request: HttpRequest, pushed: PushedItem) -> None:
    ticked = [int(pk) for pk in request.POST.getlist("branches") if pk.isdecimal() and len(pk) < 18]
    chosen = list(_further(request, pushed).filter(pk__in=ticked))
    try:
        new = pushing.add_branches(pushed=pushed, branches=chosen, actor=request.user)
    except ValidationError as error:
        messages.warning(request, error.messages[0])
    else:
        messages.success(request, f"已补充布置给{len(new)}个党支部。")


def _decide(request: HttpRequest, pushed: PushedItem) -> None:
    if request.POST.get("action") == "withdraw":
        try:
            pushing.withdraw_pushed(pushed=pushed, actor=request.user)
        except ValidationError as error:
            messages.error(request, error.messages[0])
        else:
            messages.success(request, "已撤回，未完成的党支部不再需要办理。")
        return
    ticked = [int(pk) for pk in request.POST.getlist("item") if pk.isdecimal() and len(pk) < 18]
    items = PlanItem.objects.visible_to(request.user, Capability.PLAN_REVIEW).filter(pushed=pushed, pk__in=ticked)
    if not ticked:
        messages.warning(request, "请先勾选要同意的答复。")
        return
    accepted, left = pushing.accept_answers(items=items.select_related("branch"), actor=request.user)
    if accepted:
        messages.success(request, f"已同意{accepted}个党支部的答复。")
    for item, why in left:
        messages.warning(request, f"{item.branch.name}：{why}")


def _as_document(pushed: PushedItem, rows: list[Any]) -> Document:
    columns = (
        Column("党支部", 40),
        Column("状态", 24),
        Column("完成情况", 80),
        Column("关联记录", 40),
        Column("答复人", 20),
        Column("答复日期", 24),
        Column("审核意见", 40),
    )
    table = tuple(
        (
            item.branch.name,
            f"{cell.sign}{cell.text}",
            item.reason if item.state in (PlanState.NOT_HELD, PlanState.NOT_HELD_ASKED) else item.answer,
            str(item.activity) if item.activity else "",
            item.answered_by.name if item.answered_by else "",
            timezone.localdate(item.answered_at) if item.answered_at else None,
            item.review_comment,
        )
        for item, cell, _ in rows
    )
    due = f"{pushed.due.year}年{pushed.due.month}月{pushed.due.day}日"
    return Document.of(
        f"{pushed.title}答复情况",
        Heading(f"{pushed.title}答复情况", 0),
        Paragraph(f"截止日期：{due}"),
        Table(columns, table, title="答复情况"),
        page=LANDSCAPE,
    )


@login_required
@require_GET
def pushed_file(request: HttpRequest, pk: int) -> HttpResponse:
    """For those who gave the item and for everybody who sees that a branch owes it."""
    given = PushedItem.objects.visible_to(request.user, Capability.PLAN_REVIEW)
    owed = PlanItem.objects.visible_to(request.user, Capability.ACTIVITY_VIEW).filter(pushed__isnull=False)
    files = PushedFile.objects.filter(Q(item__in=given) | Q(item__in=owed.values("pushed")))
    return attachment_response(get_object_or_404(files, pk=pk))
