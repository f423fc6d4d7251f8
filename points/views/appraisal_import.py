"""Results of the appraisal from a workbook: upload, look at every row, import all of it or nothing."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from branches.access import require
from branches.choices import Capability
from config.documents.responses import document_response
from points.assessment import importing
from points.choices import BatchKind
from points.models import PointsBatch
from points.views.assessment import branch_of

WRITE = Capability.ASSESSMENT_WRITE


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def appraisal_upload(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    branch = branch_of(request, pk, year)
    require(request.user, WRITE, branch)
    context: dict[str, Any] = {"branch": branch, "year": year, "heads": importing.HEAD}
    if request.method != "POST":
        return render(request, "points/appraisal_upload.html", context)
    file = request.FILES.get("file")
    try:
        if file is None:
            raise ValidationError({"file": "请选择文件。"})
        if (file.size or 0) > importing.LIMITS.file_bytes:
            raise ValidationError({"file": "文件超过2MB，请删去图片和无关工作表。"})
        batch = importing.upload(
            branch=branch, year=year, file_name=file.name or "", data=file.read(), actor=request.user
        )
    except ValidationError as error:
        context["problem"] = error.messages[0]
        return render(request, "points/appraisal_upload.html", context, status=422)
    return redirect("points:appraisal_batch", batch.pk)


@login_required
@require_GET
def appraisal_template(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    branch = branch_of(request, pk, year)
    require(request.user, WRITE, branch)
    document = importing.template(branch, year)
    return document_response(request, document, "xlsx", f"{branch}{year}年民主测评结果", formats=("xlsx",))


@login_required
@require_GET
def appraisal_batch(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _batch(request, pk))


@login_required
def appraisal_batch_act(request: HttpRequest, pk: int) -> HttpResponse:
    """`act`: apply or cancel."""
    batch = _batch(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    back = redirect("points:assessment_detail", batch.branch_id, batch.params["year"])
    try:
        if request.POST.get("act") == "cancel":
            importing.cancel(batch=batch, actor=request.user)
            messages.success(request, "已取消，没有写入任何内容。")
            return back
        written = importing.apply(batch=batch, actor=request.user)
    except ValidationError as error:
        return _page(request, batch, error=error.messages[0], status=422)
    messages.success(request, f"已导入{written}人的测评结果。" if written else "这份表此前已导入。")
    return back


def _batch(request: HttpRequest, pk: int) -> PointsBatch:
    rows = PointsBatch.objects.visible_to(request.user, WRITE).filter(kind=BatchKind.APPRAISAL)
    return get_object_or_404(rows.select_related("branch", "uploaded_by"), pk=pk)


def _page(request: HttpRequest, batch: PointsBatch, *, status: int = 200, error: str = "") -> HttpResponse:
    lines = importing.lines_of(batch)
    context = {
        "batch": batch,
        "year": batch.params["year"],
        "sum": batch.summary,
        "wrong": [line for line in lines if line.kind == "wrong"],
        "fine": [line for line in lines if line.kind in ("new", "changed")],
        "own": [line for line in lines if line.kind == "own"],
        "error": error,
    }
    return render(request, "points/appraisal_batch.html", context, status=status)
