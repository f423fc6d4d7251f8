"""Results entered from a workbook: upload, look at every row, register all of it or the good rows alone."""

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from activities.views.sign_in import by_field
from branches.access import require
from branches.choices import BranchLevel, Capability
from branches.models import Branch, BranchQuerySet, User
from config.documents.responses import safe_name
from points.choices import BatchKind
from points.claims import batch_papers, batches
from points.claims.batch_reading import GOOD, KNOWN, LEFT, LIMITS, WRONG
from points.models import PointsBatch
from points.views.claims import day_of

IMPORTS: Final = Capability.POINTS_IMPORT
PER_PAGE: Final = 20
SHOWN: Final = {WRONG: 200, GOOD: 100, LEFT: 50, KNOWN: 50}
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def batch_list(request: HttpRequest) -> HttpResponse:
    """The form to upload one, and those before."""
    user = request.user
    require(user, IMPORTS)
    nodes = _nodes(user)
    first = nodes.first()
    context: dict[str, Any] = {
        "nodes": nodes,
        "items": batches.items_for_batches(first.hospital or first, timezone.localdate()) if first else [],
        "limit_mb": LIMITS.file_bytes // 2**20,
        "problems": {},
        "typed": {"branch": f"{first.pk}" if first else ""},
        "latest": timezone.localdate(),
        "desk": "batches",
    }
    status = 200
    if request.method == "POST":
        try:
            return redirect("points:batch_detail", _upload(request, nodes).pk)
        except ValidationError as error:
            context |= {"problems": by_field(error), "typed": request.POST}
            status = 422
    seen = PointsBatch.objects.visible_to(user, IMPORTS).filter(kind=BatchKind.CLAIMS)
    past = seen.select_related("branch", "uploaded_by")
    context["page"] = Paginator(past, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "points/claims/batch_list.html", context, status=status)


def _upload(request: HttpRequest, nodes: BranchQuerySet) -> PointsBatch:
    file, post = request.FILES.get("file"), request.POST
    node = _node(nodes, post.get("branch", ""))
    if node is None:
        raise ValidationError({"branch": "请选择党支部。"})
    if file is None:
        raise ValidationError({"file": "请选择文件。"})
    if (file.size or 0) > LIMITS.file_bytes:
        raise ValidationError({"file": f"文件超过{LIMITS.file_bytes // 2**20} MB，请删去图片和无关工作表。"})
    day = day_of(post.get("day", ""))
    if post.get("day") and day is None:
        raise ValidationError({"day": "日期无法识别，请重新填写。"})
    return batches.upload_batch(
        branch=node,
        file_name=file.name or "",
        data=file.read(),
        item=post.get("item", "")[:8],
        day=day,
        actor=request.user,
    )


def _nodes(user: User) -> BranchQuerySet:
    """Where this person enters results: the hospital or one of its branches, never a group."""
    nodes = Branch.objects.visible_to(user, IMPORTS).open_on(timezone.localdate())
    return nodes.exclude(level=BranchLevel.GROUP).order_by("path")


def _node(nodes: BranchQuerySet, asked: str) -> Branch | None:
    return nodes.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 18 else None


@login_required
@require_safe
def batch_template(request: HttpRequest) -> HttpResponse:
    """The roster of a branch with empty columns; a second sheet says which items there are."""
    require(request.user, IMPORTS)
    nodes = _nodes(request.user)
    node = _node(nodes, request.GET.get("branch", "")) or nodes.first()
    if node is None:
        messages.error(request, "没有可以登记的党支部。")
        return redirect("points:batch_list")
    return _workbook(batch_papers.template(node, timezone.localdate()), f"积分批量登记_{node.name}.xlsx")


@login_required
@require_GET
def batch_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _batch(request, pk))


def _page(request: HttpRequest, batch: PointsBatch, *, status: int = 200, **extra: Any) -> HttpResponse:
    lines = batches.lines_of(batch)
    groups = {kind: [line for line in lines if line.kind == kind] for kind in SHOWN}
    context = {
        "batch": batch,
        "sum": batch.summary,
        "groups": {
            kind: {"lines": found[: SHOWN[kind]], "more": len(found[SHOWN[kind] :])} for kind, found in groups.items()
        },
        "forgotten": not batch.payload,
        "problems": {},
        **extra,
    }
    return render(request, "points/claims/batch_detail.html", context, status=status)


@login_required
def batch_apply(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    good_only = bool(request.POST.get("good_only"))
    try:
        done = batches.apply_batch(batch=batch, good_only=good_only, actor=request.user)
    except ValidationError as error:
        return _page(request, batch, status=422, problems=by_field(error), good_only=good_only)
    if done.stale:
        messages.warning(request, "核对期间情况有变化，还没有登记。下面是重新核对的结果，请再看一遍。")
    elif done.entered or done.waiting:
        parts = [f"{done.entered}条已入账"] if done.entered else []
        parts += [f"{done.waiting}条待审核"] if done.waiting else []
        messages.success(request, f"已登记，{'，'.join(parts)}。")
    return redirect("points:batch_detail", pk)


@login_required
def batch_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    batches.cancel_batch(batch=batch, actor=request.user)
    messages.success(request, "已取消，没有登记任何内容。")
    return redirect("points:batch_list")


@login_required
@require_safe
def batch_refused(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    wrong = [line for line in batches.lines_of(batch) if line.kind == WRONG]
    if not wrong:
        messages.error(request, "没有不能登记的行，或逐行内容已到期删除。")
        return redirect("points:batch_detail", pk)
    return _workbook(batch_papers.refused(wrong), f"不能登记的{len(wrong)}行.xlsx")


def _batch(request: HttpRequest, pk: int) -> PointsBatch:
    rows = PointsBatch.objects.visible_to(request.user, IMPORTS).filter(kind=BatchKind.CLAIMS)
    return get_object_or_404(rows.select_related("branch", "uploaded_by"), pk=pk)


def _workbook(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type=XLSX)
    header = content_disposition_header(as_attachment=True, filename=safe_name(name))
    response["Content-Disposition"] = header or "attachment"
    response["Cache-Control"] = "private, no-store"
    return response
