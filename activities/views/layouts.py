"""Paper forms as a hospital prints them: what the Party office changes about each (forms of the record book, lists)."""

import json
from typing import Any, Final, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from activities.models import FormLayout
from activities.reports.layout_changes import CONFLICT, reset_layout, save_layout, words
from activities.reports.layout_form import LayoutForm, moved
from activities.reports.layout_preview import preview, sample_of
from activities.reports.layouts import FORMS, name_of
from branches.access import require
from branches.audit import record
from branches.choices import Capability
from branches.models import Branch, BranchQuerySet, User
from config.documents.adapting import problems
from config.documents.layouts import Layout
from config.documents.responses import document_response, safe_name

MOST: Final = 50_000  # bytes of a file with the changes of one form


class Entry(NamedTuple):
    code: str
    name: str
    row: FormLayout | None
    count: int  # differences


@login_required
@require_safe
def layout_list(request: HttpRequest) -> HttpResponse:
    """?hospital=: the forms, and which of them somebody changed."""
    require(request.user, Capability.ORG_MANAGE)
    hospitals = list(_hospitals(request.user))
    asked = request.GET.get("hospital", "")
    hospital = next((one for one in hospitals if str(one.pk) == asked), hospitals[0] if hospitals else None)
    rows = {row.code: row for row in FormLayout.objects.filter(branch=hospital).select_related("changed_by")}
    entries = [
        Entry(code, name_of(layout), row := rows.get(code), _count(layout, row)) for code, layout in FORMS.items()
    ]
    context = {"hospitals": hospitals, "hospital": hospital, "entries": entries, "changed": len(rows)}
    return render(request, "activities/layouts/layout_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def layout_edit(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """Every button posts the whole form: save, preview, or move a row and show the form again."""
    hospital, layout = _form_of(request, pk, code)
    row = FormLayout.objects.filter(branch=hospital, code=code).select_related("changed_by").first()
    overrides, version = (row.overrides, row.version) if row else ({}, 0)
    context = {"hospital": hospital, "code": code, "name": name_of(layout), "row": row}
    context["said"] = words(layout, overrides)
    if request.method != "POST":
        return _page(request, context, LayoutForm(layout, overrides, version=version))
    action, _, name = request.POST.get("action", "save").partition(":")
    if action == "read":
        given, problem = _read(request, layout)
        form = LayoutForm(layout, given if given is not None else overrides, version=version)
        context |= {"read": given is not None, "problem": problem}
        return _page(request, context, form, 422 if problem else 200)
    data = request.POST.copy()
    form = LayoutForm(layout, overrides, data)
    if action in ("up", "down", "drop", "add"):
        data["order"] = ",".join(moved(form.names, action, name))
        return _page(request, context | {"unsaved": True}, _moved(layout, overrides, data))
    if not form.is_valid():
        return _page(request, context, form, 422)
    if action == "preview":
        document = preview(request.user, hospital, code, form.changed(), today=timezone.localdate())
        response = document_response(request, document, name, f"预览_{name_of(layout)}", formats=("pdf", "docx"))
        if response.status_code == 200:  # it shows a real record
            changes = {"form": [None, name_of(layout)]}
            record(actor=request.user, action="layout.previewed", target=hospital, branch=hospital, changes=changes)
        return response
    try:
        save_layout(
            hospital=hospital,
            code=code,
            overrides=form.changed(),
            version=form.cleaned_data["version"] or 0,
            actor=request.user,
        )
    except ValidationError as error:
        if getattr(error, "code", "") == CONFLICT:
            data["version"] = str(version)  # told once; saving again is then meant
        return _page(
            request, context | {"conflict": " ".join(error.messages)}, LayoutForm(layout, overrides, data), 422
        )
    messages.success(request, f"“{name_of(layout)}”已保存，以后打印和装订工作手册都用这个表样。")
    return redirect("activities:layout_edit", pk=pk, code=code)


@login_required
def layout_reset(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    hospital, layout = _form_of(request, pk, code)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if reset_layout(hospital=hospital, code=code, actor=request.user):
        messages.success(request, f"“{name_of(layout)}”已恢复为系统默认。")
    else:
        messages.info(request, "这个表样没有调整过。")
    return redirect(f"{reverse('activities:layout_list')}?hospital={pk}")


@login_required
@require_safe
def layout_file(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """The saved changes of one form as a file that another hospital can read in."""
    hospital, layout = _form_of(request, pk, code)
    row = FormLayout.objects.filter(branch=hospital, code=code).first()
    body = json.dumps({"form": code, "changes": row.overrides if row else {}}, ensure_ascii=False, indent=1)
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    name = safe_name(f"表样_{name_of(layout)}.json")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response


def _hospitals(user: User) -> BranchQuerySet:
    nodes: BranchQuerySet = Branch.objects.visible_to(user, Capability.ORG_MANAGE)
    return nodes.filter(hospital_id=F("pk"))


def _form_of(request: HttpRequest, pk: int, code: str) -> tuple[Branch, Layout]:
    if code not in FORMS:
        raise Http404
    return get_object_or_404(_hospitals(request.user), pk=pk), FORMS[code]


def _count(layout: Layout, row: FormLayout | None) -> int:
    return len(words(layout, row.overrides)) if row else 0


def _moved(layout: Layout, overrides: dict[str, Any], data: Any) -> LayoutForm:
    """The form after a row was moved; a row that was just added still has no name, which is no mistake yet."""
    fresh = LayoutForm(layout, overrides, data)
    for name in fresh.names:
        if f"height_{name}" not in data:
            data[f"height_{name}"] = fresh.fields[f"height_{name}"].initial
            data[f"own_{name}"] = ""
    form = LayoutForm(layout, overrides, data)
    for name in [key for key in form.errors if key.startswith("own_") and not data.get(key)]:
        del form.errors[name]
        form.fields[name].widget.attrs["class"] = "form-control"
    return form


def _read(request: HttpRequest, layout: Layout) -> tuple[dict[str, Any] | None, str]:
    """The changes of a file of `layout_file`, or why it cannot be used."""
    upload = request.FILES.get("file")
    if upload is None:
        return None, "请选择要读入的文件。"
    if upload.size is None or upload.size > MOST:
        return None, "文件太大，不是从这里导出的表样。"
    try:
        said = json.loads(upload.read().decode("utf-8-sig"))
        code, given = said["form"], said["changes"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, "文件无法识别，请选择从“导出”得到的文件。"
    if code != layout.code:
        other = name_of(FORMS[code]) if isinstance(code, str) and code in FORMS else "其他表样"
        return None, f"这是“{other}”的表样，请到相应的页面读入。"
    if not isinstance(given, dict):
        return None, "文件无法识别，请选择从“导出”得到的文件。"
    wrong = problems(layout, given)
    return (None, " ".join(wrong)) if wrong else (given, "")


def _page(request: HttpRequest, context: dict[str, Any], form: LayoutForm, status: int = 200) -> HttpResponse:
    hospital, code = context["hospital"], context["code"]
    context |= {"form": form, "sample": sample_of(request.user, hospital, code), "bad": len(form.errors)}
    return render(request, "activities/layouts/layout_edit.html", context, status=status)
