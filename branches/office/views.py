"""The report centre (报表中心): who asked for what, how far it is, the file."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from branches.access import Refused
from branches.choices import Capability
from branches.forms import add_errors
from branches.models import Branch, JobState, Report
from branches.office import services, storage
from branches.office.forms import ReportForm
from branches.office.kinds import KINDS
from branches.office.reading import branches_for, kinds_for, readable_by, reads_reports
from branches.office.rules import why_failed
from branches.office.services import kept_report
from config.documents.responses import TYPES, safe_name

PER_PAGE = 20
NO_WORD_FOR = timedelta(minutes=1)  # longer than any step takes: its worker may be gone, and the sweep starts it again


@login_required
@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    """?q=&kind=&branch=&year=&mine=1&page=. With htmx each row that is not finished asks for itself."""
    if not reads_reports(request.user):
        raise Refused(Capability.POINTS_VIEW, None)
    found = readable_by(request.user)
    branches = list(Branch.objects.filter(pk__in=found.order_by().values("branch")))
    years = [str(year) for year in found.order_by("-year").values_list("year", flat=True).distinct()]
    query, mine = request.GET.get("q", "").strip()[:50], request.GET.get("mine") == "1"
    kind = request.GET.get("kind", "") if request.GET.get("kind") in KINDS else ""
    branch = request.GET.get("branch", "")
    branch = branch if branch in {str(one.pk) for one in branches} else ""
    year = request.GET.get("year", "") if request.GET.get("year") in years else ""
    chosen = {"title__icontains": query, "kind": kind, "branch": branch, "year": year}
    reports = found.filter(**{name: value for name, value in chosen.items() if value})
    if mine:
        reports = reports.filter(requested_by=request.user)
    page = Paginator(reports, PER_PAGE).get_page(request.GET.get("page"))
    for report in page:
        _dress(report)
    context = {
        "page": page,
        "reports": list(page),
        "query": query,
        "kind": kind,
        "kinds": KINDS.values(),
        "branch": branch,
        "branches": branches,
        "year": year,
        "years": years,
        "mine": mine,
        "filtered": mine or any(chosen.values()),
        "keep_days": settings.REPORT_KEEP_DAYS,
    }
    return render(request, "branches/report_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def report_new(request: HttpRequest) -> HttpResponse:
    """?kind=&branch=. The kinds there are, then the form of one. A kept file is offered; `again` makes it anew."""
    if not reads_reports(request.user):
        raise Refused(Capability.POINTS_VIEW, None)
    key = request.GET.get("kind", "")
    if not key:
        return render(request, "branches/report_kinds.html", {"kinds": kinds_for(request.user)})
    if key not in KINDS:
        raise Http404
    kind, today = KINDS[key], timezone.localdate()
    nodes = branches_for(request.user, key)
    first = {"branch": request.GET.get("branch", "")[:9]}
    form = ReportForm(request.POST or None, kind=kind, nodes=nodes, today=today, initial=first)
    kept: list[Report] = []
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        period = {"kind": key, "branch": asked["branch"], "start": asked["start"]}
        again = request.POST.get("again") == "1"
        kept = [] if again else [one for f in asked["formats"] if (one := kept_report(**period, format=f))]
        if not kept:
            try:
                with transaction.atomic():
                    for one in asked["formats"]:
                        services.request_report(**period, format=one, actor=request.user, again=True)
            except ValidationError as exc:
                add_errors(form, exc)
            else:
                title = services.title_of(kind, asked["branch"], asked["start"])
                messages.success(request, f"已开始生成{title}，完成后会通知您。")
                return redirect("branches:reports")
    context = {"kind": kind, "form": form, "kept": kept, "any_node": nodes.exists()}
    return render(request, "branches/report_new.html", context, status=422 if form.errors else 200)


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
        start=report.start,
        format=report.format,
        actor=request.user,
        again=True,
    )
    messages.success(request, f"已开始生成{report.title}，完成后会通知您。")
    return redirect("branches:reports")


@login_required
def report_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Whoever asked for a report may think better of it while it waits or is made."""
    report = get_object_or_404(readable_by(request.user).filter(requested_by=request.user), pk=pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        services.cancel_report(report=report, actor=request.user)
    except ValidationError as exc:
        messages.error(request, exc.messages[0])
    else:
        messages.success(request, f"已取消生成{report.title}。")
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
    report.cancelled = report.built_at is None and state == JobState.CANCELLED  # type: ignore[attr-defined]
    report.failed = report.built_at is None and not report.waiting and not report.cancelled  # type: ignore[attr-defined]
    report.why = why_failed(report.job.error)  # type: ignore[attr-defined]
    report.kept = report.expires_at is not None and report.expires_at > timezone.now()  # type: ignore[attr-defined]
    report.label = KINDS[report.kind].label  # type: ignore[attr-defined]
    return report
