"""The report centre (报表中心): who asked for what, how far it is, the file."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from branches.access import Refused
from branches.choices import Capability
from branches.models import JobState, Report
from branches.office import services, storage
from branches.office.kinds import KINDS
from branches.office.reading import readable_by, reads_reports
from config.documents.responses import TYPES, safe_name

PER_PAGE = 20
NO_WORD_FOR = timedelta(minutes=1)  # longer than any step takes: its worker may be gone, and the sweep starts it again


@login_required
@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    """?q=&mine=1&page=. With htmx each row that is not finished asks for itself."""
    if not reads_reports(request.user):
        raise Refused(Capability.POINTS_VIEW, None)
    reports = readable_by(request.user)
    query, mine = request.GET.get("q", "").strip()[:50], request.GET.get("mine") == "1"
    if query:
        reports = reports.filter(title__icontains=query)
    if mine:
        reports = reports.filter(requested_by=request.user)
    page = Paginator(reports, PER_PAGE).get_page(request.GET.get("page"))
    for report in page:
        _dress(report)
    context = {
        "page": page,
        "reports": list(page),
        "query": query,
        "mine": mine,
        "keep_days": settings.REPORT_KEEP_DAYS,
    }
    return render(request, "branches/report_list.html", context)


@login_required
@require_safe
def report_state(request: HttpRequest, pk: int) -> HttpResponse:
    """One row, as the list polls it; without htmx the list."""
    report = get_object_or_404(readable_by(request.user), pk=pk)
    if not request.htmx:
        return redirect("branches:reports")
    return render(request, "branches/_report_row.html", {"report": _dress(report)})


@login_required
@require_safe
def report_file(request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The file, once it is built and as long as it is kept; each download is on the trail."""
    report = get_object_or_404(readable_by(request.user), pk=pk)
    if report.expires_at is None or report.expires_at <= timezone.now():
        raise Http404
    try:
        pieces = storage.read(report.stored_name)
    except FileNotFoundError:
        raise Http404 from None
    services.note_download(report=report, actor=request.user)
    response = StreamingHttpResponse(pieces, content_type=TYPES[report.format])
    name = safe_name(f"{report.title}.{report.format}")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    response["Content-Length"] = str(report.size)
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
def report_again(request: HttpRequest, pk: int) -> HttpResponse:
    """The same report with what the records say today; one that failed is tried again."""
    report = get_object_or_404(readable_by(request.user), pk=pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    services.request_report(
        kind=report.kind,
        branch=report.branch,
        year=report.year,
        format=report.format,
        title=report.title,
        actor=request.user,
        again=True,
    )
    messages.success(request, f"已开始生成{report.title}，完成后会通知您。")
    return redirect("branches:reports")


@login_required
def report_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Whoever asked for a report may throw it away."""
    report = get_object_or_404(readable_by(request.user).filter(requested_by=request.user), pk=pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    services.delete_report(report=report, actor=request.user)
    messages.success(request, f"{report.title}已删除。")
    return redirect("branches:reports")


def _dress(report: Report) -> Report:
    """What the row shows beside the report's own fields."""
    state = report.job.state
    report.waiting = report.built_at is None and state in (JobState.QUEUED, JobState.RUNNING)  # type: ignore[attr-defined]
    silent = state == JobState.RUNNING and (report.job.heartbeat or timezone.now()) < timezone.now() - NO_WORD_FOR
    report.silent = report.waiting and silent  # type: ignore[attr-defined]
    report.failed = report.built_at is None and not report.waiting  # type: ignore[attr-defined]
    report.kept = report.expires_at is not None and report.expires_at > timezone.now()  # type: ignore[attr-defined]
    report.label = KINDS[report.kind].label  # type: ignore[attr-defined]
    return report
