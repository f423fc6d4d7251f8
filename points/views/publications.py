"""Publications (晾晒): the list, one of them on the page and on paper, and a quarter to look at and publish."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods

from activities.choices import Period
from activities.plan.periods import span_of
from branches.access import may, require
from branches.audit import record
from branches.choices import Capability
from branches.models import Branch, User
from config.documents.responses import document_response
from config.templatetags.ui import cn_day
from points.choices import ClaimState
from points.cycle import publishing
from points.cycle.paper import publication_paper, quarter_label
from points.cycle.people import own_member
from points.cycle.rules import quarter_of
from points.cycle.table import build, digest_of
from points.models import Claim, Publication
from points.views.pages import asked_year

PER_PAGE = 30
READS = (Capability.POINTS_VIEW, Capability.POINTS_PUBLISHED_VIEW)


def readable(user: User) -> Any:
    """Publications of the branches whose points one oversees, and of one's own."""
    rows = Publication.objects.all()
    return rows.visible_to(user, READS[0]) | rows.visible_to(user, READS[1])


@login_required
@require_GET
def publication_list(request: HttpRequest) -> HttpResponse:
    """?year=&branch=: the latest first; each number of a quarter that was opened again is a line."""
    if not any(may(request.user, can) for can in READS):
        require(request.user, Capability.POINTS_PUBLISHED_VIEW)
    today = timezone.localdate()
    year, mine = asked_year(request, today.year), readable(request.user)
    rows = mine.filter(quarter__year=year).defer("table").select_related("branch", "published_by").with_newest()
    branches = Branch.objects.filter(pk__in=mine.order_by().values("branch")).order_by("path")
    chosen = request.GET.get("branch", "")
    if chosen.isdecimal() and len(chosen) < 10:
        rows = rows.filter(branch=int(chosen))
    page = Paginator(rows.order_by("-quarter", "branch__path", "-number"), PER_PAGE).get_page(request.GET.get("page"))
    for one in page.object_list:
        one.label, one.until_text = quarter_label(one.quarter), cn_day(one.objections_until, today)
        one.replaced = f"已被第{one.newest}次晾晒替代" if one.newest > one.number else ""
    context = {
        "page": page,
        "year": year,
        "years": [today.year, today.year - 1],
        "branches": list(branches),
        "chosen": chosen,
        "oversees": may(request.user, Capability.POINTS_VIEW),
    }
    return render(request, "points/publication_list.html", context)


@login_required
@require_GET
def publication_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """?format=xlsx|docx|pdf is the table as a file."""
    rows = readable(request.user).select_related("branch", "published_by")
    publication = get_object_or_404(rows, pk=pk)
    if file_format := request.GET.get("format"):
        paper = publication_paper(publication)
        answer = document_response(request, paper, file_format, paper.title)
        changes = {"period": [None, quarter_label(publication.quarter)], "rows": [None, len(publication.table["rows"])]}
        if answer.status_code == 200:
            record(
                actor=request.user,
                action="points.exported",
                target=publication,
                branch=publication.branch,
                changes=changes,
            )
        return answer
    today = timezone.localdate()
    member = own_member(request.user)
    newer = publishing.standing(publication)
    context = {
        "publication": publication,
        "label": quarter_label(publication.quarter),
        "newer": newer,
        "intact": digest_of(publication.table) == publication.digest,
        "mine": publishing.rows_of(publication, member.pk) if member else None,
        "objects": bool(
            member
            and newer is None
            and today <= publication.objections_until
            and may(request.user, Capability.POINTS_PUBLISHED_VIEW, publication)
        ),
        "own": member.pk if member else None,
        "handles": may(request.user, Capability.OBJECTION_ANSWER, publication)
        or may(request.user, Capability.OBJECTION_DECIDE, publication),
    }
    return render(request, "points/publication_detail.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def publication_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Of branch `pk`, ?quarter= its first day: what would be displayed; confirming freezes exactly that."""
    branch = get_object_or_404(Branch.objects.visible_to(request.user, Capability.POINTS_VIEW).branches(), pk=pk)
    if not publishing.may_publish(request.user, branch):
        require(request.user, Capability.POINTS_PUBLISH, branch)
        raise Http404
    today = timezone.localdate()
    quarter = _quarter(request, today)
    error, status = "", 200
    if request.method == "POST":
        try:
            made = publishing.publish_quarter(
                branch=branch,
                quarter=quarter,
                digest=request.POST.get("digest", ""),
                actor=request.user,
                today=today,
            )
        except ValidationError as problem:
            error, status = problem.messages[0], 422
        else:
            messages.success(request, f"{quarter_label(made.quarter)}积分已晾晒，已告知支部党员。")
            return redirect("points:publication_detail", pk=made.pk)
    reason = publishing.why_not(branch, quarter, today)
    table: dict[str, Any] = {"rows": [], "late": []} if reason else build(branch, quarter)
    waiting = Claim.objects.filter(branch=branch, month__range=(quarter, span_of(Period.QUARTER, quarter).end))
    context = {
        "branch": branch,
        "quarter": quarter,
        "label": quarter_label(quarter),
        "reason": reason,
        "error": error,
        "table": table,
        "digest": digest_of(table),
        "windows": publishing.windows_from(today),
        "announced": 0 if reason else waiting.filter(state=ClaimState.ANNOUNCED).count(),
        "declared": 0 if reason else waiting.filter(state=ClaimState.DECLARED).count(),
        "earlier": Publication.objects.filter(branch=branch, quarter=quarter).count(),
    }
    return render(request, "points/publication_create.html", context, status=status)


def _quarter(request: HttpRequest, today: date) -> date:
    """The quarter of the address; without one, the last that has ended."""
    try:
        asked = parse_date(request.GET.get("quarter", ""))
    except ValueError:
        asked = None
    if asked is not None and 2000 <= asked.year <= 2100:
        return quarter_of(asked)
    this = quarter_of(today)
    return date(this.year - 1, 10, 1) if this.month == 1 else date(this.year, this.month - 3, 1)
