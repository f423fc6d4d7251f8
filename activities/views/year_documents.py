"""Year plans and summaries: the list of a year with its states, and one of them to write, hand in and decide."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from activities.choices import YearDocumentKind, YearDocumentState
from activities.models import YearDocument
from activities.plan import year_documents
from activities.plan.forms import year_of
from activities.plan.year_texts import document_of, first_text
from branches.access import may, require
from branches.choices import BranchLevel, Capability
from branches.models import Branch
from config.documents.responses import document_response

PER_PAGE = 50
STATES = (("", "全部"), ("missing", "未编写"), *YearDocumentState.choices)
TAGS = {
    YearDocumentState.DRAFT: ("is-line", "pencil"),
    YearDocumentState.SUBMITTED: ("is-sent", "hourglass-split"),
    YearDocumentState.RETURNED: ("is-soon", "arrow-return-left"),
    YearDocumentState.APPROVED: ("is-ok", "check-lg"),
}


@login_required
@require_GET
def year_document_list(request: HttpRequest) -> HttpResponse:
    """?year=&state=: branch by branch, both documents; a state is met where either of the two is in it."""
    require(request.user, Capability.ACTIVITY_VIEW)
    today = timezone.localdate()
    year, state = year_of(request.GET.get("year", ""), today), request.GET.get("state", "")
    scope = Branch.objects.visible_to(request.user, Capability.ACTIVITY_VIEW).filter(level=BranchLevel.BRANCH)
    scope = scope.filter(founded_on__year__lte=year).exclude(dissolved_on__year__lt=year)
    text = request.GET.get("q", "").strip()[:60]
    if text:
        scope = scope.filter(name__icontains=text)
    written = YearDocument.objects.filter(year=year)
    if state == "missing":
        plans, summaries = (written.filter(kind=kind).values("branch") for kind in YearDocumentKind)
        scope = scope.exclude(pk__in=plans) | scope.exclude(pk__in=summaries)
    elif state in YearDocumentState.values:
        scope = scope.filter(pk__in=written.filter(state=state).values("branch"))
    page = Paginator(scope, PER_PAGE).get_page(request.GET.get("page"))
    found = {(one.branch_id, one.kind): one for one in written.filter(branch__in=[node.pk for node in page])}
    rows = [(node, [(kind, found.get((node.pk, kind))) for kind in YearDocumentKind]) for node in page]
    context = {
        "rows": rows,
        "page": page,
        "year": year,
        "q": text,
        "state": state,
        "states": STATES,
        "tags": TAGS,
        "kinds": YearDocumentKind,
    }
    return render(request, "activities/year_document_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def year_document(request: HttpRequest, pk: int, year: int, kind: str) -> HttpResponse:
    """Of branch `pk`: ?format=docx|pdf is the paper; ?fill=1 shows the first text again beside what was written."""
    if kind not in YearDocumentKind.values or not 2000 <= year <= 2100:
        raise Http404
    branches = Branch.objects.visible_to(request.user, Capability.ACTIVITY_VIEW).filter(level=BranchLevel.BRANCH)
    branch = get_object_or_404(branches, pk=pk)
    standing = _standing(branch, year, kind)
    if request.method == "GET" and (file_format := request.GET.get("format")):
        if standing is None:
            raise Http404
        paper = document_of(standing)
        return document_response(request, paper, file_format, paper.title, formats=("docx", "pdf"))
    problems: dict[str, str] = {}
    conflict: YearDocument | None = None
    if request.method == "POST":
        action = request.POST.get("action", "")
        decides = action in ("approve", "return")
        require(request.user, Capability.PLAN_REVIEW if decides else Capability.ACTIVITY_WRITE, branch)
        try:
            done = _act(request, branch, year, kind, standing, action)
        except year_documents.Changed as changed:
            conflict, problems = changed.document, {"text": changed.messages[0]}
        except ValidationError as error:
            found = getattr(error, "message_dict", None) or {"all": error.messages}
            problems = {field: texts[0] for field, texts in found.items()}
        else:
            messages.success(request, done)
            return redirect("activities:year_document", pk=pk, year=year, kind=kind)
        standing = _standing(branch, year, kind)
    context = _context(request, branch, year, kind, standing, problems, conflict)
    return render(request, "activities/year_document.html", context, status=422 if problems else 200)


def _standing(branch: Branch, year: int, kind: str) -> YearDocument | None:
    rows = YearDocument.objects.filter(branch=branch, year=year, kind=kind)
    return rows.select_related("branch", "written_by", "decided_by").first()


def _context(
    request: HttpRequest,
    branch: Branch,
    year: int,
    kind: str,
    standing: YearDocument | None,
    problems: dict[str, str],
    conflict: YearDocument | None,
) -> dict[str, Any]:
    open_state = standing is None or standing.state in year_documents.OPEN
    writes = open_state and may(request.user, Capability.ACTIVITY_WRITE, branch)
    filled = ""
    if writes and (standing is None or request.GET.get("fill")):
        filled = first_text(branch=branch, year=year, kind=kind, today=timezone.localdate())
    typed = request.POST.get("text") if "text" in request.POST else None
    decides = may(request.user, Capability.PLAN_REVIEW, branch)
    return {
        "branch": branch,
        "year": year,
        "kind": YearDocumentKind(kind),
        "document": standing,
        "look": TAGS[YearDocumentState(standing.state)] if standing else None,
        "writes": writes,
        "text": typed if typed is not None else standing.text if standing else filled,
        "filled": filled if standing is not None else "",
        "version": standing.version if standing else 0,
        "decides": decides
        and standing is not None
        and standing.state == YearDocumentState.SUBMITTED
        and standing.written_by_id != request.user.pk,
        "reopens": decides and standing is not None and standing.state == YearDocumentState.APPROVED,
        "problems": problems,
        "conflict": conflict,
        "typed": request.POST,
    }


def _act(request: HttpRequest, branch: Branch, year: int, kind: str, standing: YearDocument | None, action: str) -> str:
    if action in ("approve", "return"):
        if standing is None:
            raise ValidationError("这份文稿还没有编写。")
        if action == "approve":
            year_documents.approve_document(document=standing, actor=request.user)
            return "已同意。"
        comment = request.POST.get("comment", "")
        year_documents.return_document(document=standing, comment=comment, actor=request.user)
        return "已退回，支部会看到您的意见。"
    version = request.POST.get("version", "")
    document = year_documents.save_document(
        branch=branch,
        year=year,
        kind=kind,
        text=request.POST.get("text", ""),
        version=int(version) if version.isdecimal() and len(version) < 10 else 0,
        actor=request.user,
    )
    if action == "submit":
        year_documents.submit_document(document=document, actor=request.user)
        return "已提交，等待党委办公室审批。"
    return "已保存草稿。"
