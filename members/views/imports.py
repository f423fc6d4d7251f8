"""Importing a roster: upload, look at the preview, confirm, take back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from branches.access import require
from branches.choices import Capability
from branches.forms import add_errors
from branches.models import JobState
from members.arrivals import WAYS
from members.forms import UploadForm
from members.importing import batches
from members.importing.newcomers import Answer, Answers, asks
from members.models import BatchState, ImportBatch, Member

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FOLD = 4  # rows of a group shown at first, as in a letter
OPEN = 200  # rows on one page of an opened group
ASKED = 200  # new people who can each be answered for in one import
GROUPS = ("refused", "repairs", "hints", "transfers", "changed", "new", "missing", "unchanged", "skipped")
SHOWN_AT_FIRST = {"refused": 20, "repairs": 8, "hints": 8, "transfers": 20}
WORKING = frozenset({BatchState.UPLOADED, BatchState.APPLYING})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_create(request: HttpRequest) -> HttpResponse:
    require(request.user, Capability.ROSTER_IMPORT)
    form = UploadForm(request.POST or None, request.FILES or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            batch = batches.upload_batch(
                organisation=form.cleaned_data["organisation"],
                file_name=file.name,
                data=file.read(),
                actor=request.user,
            )
        except ValidationError as exc:
            add_errors(form, exc)
        else:
            return redirect("members:import_detail", batch.pk)
    past = ImportBatch.objects.visible_to(request.user, Capability.ROSTER_IMPORT).for_list()
    page = Paginator(past, 20).get_page(request.GET.get("page"))
    context = {"form": form, "page": page}
    return render(request, "members/import_create.html", context, status=422 if request.method == "POST" else 200)


def _batch(request: HttpRequest, pk: int) -> ImportBatch:
    visible = ImportBatch.objects.visible_to(request.user, Capability.ROSTER_IMPORT)
    return get_object_or_404(visible.select_related("organisation", "uploaded_by", "job"), pk=pk)


@login_required
@require_safe
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The batch in its present state. htmx asks for the waiting part only, until there is something else to show."""
    batch = _batch(request, pk)
    waiting = batch.state in WORKING and not _failed(batch)
    if request.htmx and waiting:
        return render(request, "members/_import_wait.html", {"batch": batch})
    if request.htmx:
        response = HttpResponse()
        response["HX-Refresh"] = "true"
        return response
    return _show(request, batch)


def _failed(batch: ImportBatch) -> bool:
    return batch.job is not None and batch.job.state in {JobState.FAILED, JobState.CANCELLED}


def _show(
    request: HttpRequest, batch: ImportBatch, *, errors: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    opened = request.GET.get("all", "")
    preview = batches.preview_payload(batch)
    groups: dict[str, dict[str, Any]] = {}
    for name in GROUPS:
        rows = preview.get(name, [])
        first = SHOWN_AT_FIRST.get(name, FOLD)
        first = 0 if name == "unchanged" else first
        if opened == name:
            page = Paginator(rows, OPEN).get_page(request.GET.get("page"))
            groups[name] = {"rows": page.object_list, "count": len(rows), "page": page, "more": 0}
        else:
            groups[name] = {"rows": rows[:first], "count": len(rows), "more": max(0, len(rows) - first)}
    asking = batch.state == BatchState.PREVIEW and bool(preview.get("new")) and asks(batch.organisation)
    context = {
        "batch": batch,
        "asked": _asked(request, preview, errors or {}) if asking else None,
        "waiting": batch.state in WORKING and not _failed(batch),
        "failed": batch.state in WORKING and _failed(batch),
        "preview": preview,
        "groups": groups,
        "sum": batch.summary,
        "good": batch.summary.get("new", 0) + batch.summary.get("changed", 0),
        "opening_on": request.POST.get("opening_on") or batch.summary.get("opening_on") or batches.first_of_year(),
        "skip_errors": bool(request.POST.get("skip_errors")),
        "errors": errors or {},
        "total_after": Member.objects.visible_to(request.user, Capability.ROSTER_IMPORT).current().count()
        + batch.summary.get("new", 0),
        "step": {BatchState.APPLIED: 3, BatchState.ROLLED_BACK: 3, BatchState.UPLOADED: 1}.get(batch.state, 2),
    }
    return render(request, "members/import_detail.html", context, status=status)


def _asked(request: HttpRequest, preview: dict[str, Any], errors: dict[str, Any]) -> dict[str, Any]:
    """What the importer is asked about the new people, with what was answered so far."""
    kept = preview.get("answers")
    answers = Answers.read(request.POST) if request.method == "POST" else None
    answers = answers or (Answers.from_json(kept) if kept else Answers())
    people = [
        {
            **row,
            "answer": answers.rows.get(row["key"], Answer()),
            "errors": {name: errors.get(f"{name}-{row['key']}") for name in ("came_on", "came_from")},
        }
        for row in preview["new"][:ASKED]
    ]
    return {
        "ways": [(kind.value, text) for kind, text in WAYS.items()],
        "everybody": answers.everybody,
        "late": answers.late,
        "people": people,
        "rest": max(0, len(preview["new"]) - ASKED),
        "apart": bool(answers.rows),
    }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    if request.method != "POST":
        return redirect("members:import_detail", batch.pk)
    day = request.POST.get("opening_on", "")
    opening = parse_date(day) if len(day) == 10 else None
    if opening is None:
        return _show(request, batch, errors={"opening_on": "日期无法识别，请重新填写。"}, status=422)
    try:
        batches.confirm_batch(
            batch=batch,
            opening_on=opening,
            skip_errors=bool(request.POST.get("skip_errors")),
            answers=Answers.read(request.POST),
            actor=request.user,
        )
    except ValidationError as exc:
        found = {name: texts[0] for name, texts in exc.message_dict.items()} if hasattr(exc, "error_dict") else {}
        return _show(request, batch, errors=found or {"all": exc.messages[0]}, status=422)
    return redirect("members:import_detail", batch.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    if request.method != "POST":
        return redirect("members:import_detail", batch.pk)
    try:
        batches.cancel_batch(batch=batch, actor=request.user)
    except ValidationError as exc:
        return _show(request, batch, errors={"all": exc.messages[0]}, status=422)
    messages.success(request, "已取消，上传的文件已删除。")
    return redirect("members:import_create")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_roll_back(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    if request.method != "POST":
        return redirect("members:import_detail", batch.pk)
    try:
        batches.roll_back_batch(batch=batch, actor=request.user)
    except ValidationError as exc:
        return _show(request, batch, errors={"all": exc.messages[0]}, status=422)
    messages.success(request, "这次导入已整批撤回。")
    return redirect("members:import_detail", batch.pk)


@login_required
@require_safe
def import_refused(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    try:
        data = batches.refused_workbook(batch)
    except ValidationError as exc:
        messages.error(request, exc.messages[0])
        return redirect("members:import_detail", batch.pk)
    response = HttpResponse(data, content_type=XLSX)
    name = f"不能导入的{batch.summary.get('refused', 0)}行.xlsx"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response
