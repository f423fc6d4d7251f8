"""Ask for the handbook of a branch and a year; the worker makes it, the report centre hands it out."""

from datetime import date

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from activities.handbook.building import FORMATS, titles
from branches.access import Refused
from branches.choices import Capability
from branches.models import Report
from branches.office.reading import branches_for
from branches.office.services import kept_report, request_report
from config.documents import pdf

HANDBOOK = "handbook"
YEARS = 5  # the present one and those before it


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def handbook(request: HttpRequest) -> HttpResponse:
    """?branch=&year=. A kept one is offered first; `again` makes a new one. Out of scope 404."""
    nodes = branches_for(request.user, HANDBOOK)
    if not request.user.has_anywhere(Capability.POINTS_VIEW):
        raise Refused(Capability.POINTS_VIEW, None)
    today = timezone.localdate()
    years = range(today.year, today.year - YEARS, -1)
    given = request.POST if request.method == "POST" else request.GET
    branches = list(nodes)
    asked, year = given.get("branch", ""), given.get("year", "")
    branch = get_object_or_404(nodes, pk=int(asked[:9])) if asked.isdecimal() else (branches[0] if branches else None)
    chosen = int(year) if year in map(str, years) else today.year
    start = date(chosen, 1, 1)
    format = given.get("format", "")
    kept, error = None, ""
    if request.method == "POST" and branch is not None:
        kept = kept_report(kind=HANDBOOK, branch=branch, start=start, format=format)
        if kept is None or given.get("again") == "1":
            try:
                if format not in FORMATS:
                    raise ValidationError("请选择Word或PDF。")
                if format == "pdf" and not pdf.is_available():
                    raise ValidationError("本机缺少PDF组件，请选择Word，或联系信息管理员安装。")
                report = request_report(
                    kind=HANDBOOK, branch=branch, start=start, format=format, actor=request.user, again=True
                )
            except ValidationError as exc:
                error = exc.messages[0]
            else:
                messages.success(request, f"已开始生成{report.title}，完成后会通知您。")
                return redirect("branches:reports")
    context = {
        "branches": branches,
        "branch": branch,
        "years": years,
        "year": chosen,
        "format": format if format in FORMATS else "docx",
        "formats": [(value, Report.Format(value).label) for value in FORMATS],
        "titles": titles(),
        "kept": kept,
        "error": error,
    }
    return render(request, "activities/handbook.html", context, status=422 if error else 200)
