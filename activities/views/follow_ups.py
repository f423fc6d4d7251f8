"""Matters decided by meetings: the list, and ticking them off; files of a record."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET

from activities.access import require_record, right_to_record
from activities.models import Activity, Attachment
from activities.records import announcing, attachments, follow_ups
from activities.reports.matters import matters_document
from branches.access import may, require
from branches.audit import record
from branches.choices import BranchLevel, Capability
from branches.models import Branch
from config.documents.responses import document_response

PER_PAGE, EXPORT_LIMIT = 30, 5000
STATES = (("open", "未办结"), ("late", "逾期"), ("done", "已办结"), ("", "全部"))


@login_required
@require_GET
def follow_up_list(request: HttpRequest) -> HttpResponse:
    """?state= &branch= &owner= (an id, me, none) &page=; ?format=xlsx is what they find as a workbook."""
    return _list(request, request.GET)


def _list(
    request: HttpRequest, asked: QueryDict, *, status: int = 200, error: str = "", failed: int = 0
) -> HttpResponse:
    today = timezone.localdate()
    state = asked.get("state", "open")
    state = state if state in dict(STATES) else "open"
    levels = [BranchLevel.BRANCH, BranchLevel.COMMITTEE]
    branches = Branch.objects.visible_to(request.user, Capability.ACTIVITY_VIEW).filter(level__in=levels)
    node = asked.get("branch", "")
    branch = branches.filter(pk=int(node)).first() if node.isdecimal() and len(node) < 18 else None
    mine = follow_ups.of_reader(request.user)
    owners = follow_ups.owners_of(mine)
    owner = str(request.user.pk) if asked.get("owner") == "me" else asked.get("owner", "")
    owner = owner if owner in {follow_ups.NOBODY, str(request.user.pk), *dict(owners)} else ""
    rows = follow_ups.found_by(mine, state=state, branch=branch, owner=owner, today=today)
    if asked.get("format") == "xlsx":
        record(actor=request.user, action="activity.exported", changes={"rows": [None, rows.count()]})
        document = matters_document(rows[:EXPORT_LIMIT], today=today)
        return document_response(request, document, "xlsx", f"{document.title}_{today:%Y-%m-%d}", formats=("xlsx",))
    page = Paginator(rows, PER_PAGE).get_page(asked.get("page"))
    lines = [
        {
            "row": row,
            "late": bool(row.due and not row.done_on and row.due < today),
            "finishes": follow_ups.may_finish(request.user, row),
        }
        for row in page.object_list
    ]
    context = {
        "page": page,
        "lines": lines,
        "states": STATES,
        "state": state,
        "branches": list(branches),
        "branch": branch,
        "owners": [one for one in owners if one[0] != str(request.user.pk)],
        "owner": owner,
        "nobody": follow_ups.NOBODY,
        "own": str(request.user.pk),
        "filtered": bool(branch or owner),
        "error": error,
        "failed": failed,
        "back": f"{reverse('activities:follow_ups')}?{asked.urlencode()}",
        "today": today,
    }
    return render(request, "activities/follow_up_list.html", context, status=status)


@login_required
def follow_up_done(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick a matter off with a note, or open it again; then back to where one was."""
    row = get_object_or_404(follow_ups.of_reader(request.user), pk=pk)
    if row.owner_id != request.user.pk:
        require_record(request.user, row.activity)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    back = request.POST.get("next", "")
    asked = QueryDict(back.partition("?")[2][:500])
    try:
        if "reopen" in request.POST:
            follow_ups.reopen(follow_up=row, actor=request.user)
            messages.success(request, "已改为未办结。")
        else:
            follow_ups.finish(follow_up=row, note=request.POST.get("note", ""), actor=request.user)
            messages.success(request, "已记为办结。")
    except ValidationError as error:
        return _list(request, asked, status=422, error=error.messages[0], failed=row.pk)
    if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        return redirect(back)
    return redirect("activities:follow_ups")


@login_required
def attachment_add(request: HttpRequest, pk: int) -> HttpResponse:
    activity = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=pk)
    require(request.user, right_to_record(activity), activity)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    uploads = request.FILES.getlist("files")
    if not uploads:
        messages.warning(request, "请先选择文件。")
    wrong = attachments.take_uploads(
        activity=activity, uploads=uploads, group=request.POST.get("files_group", ""), actor=request.user
    )
    for text in wrong:
        messages.error(request, text)
    if uploads and not wrong:
        messages.success(request, "附件已上传。")
    return redirect(f"{activity_url(activity)}#files")


@login_required
@require_GET
def attachment(request: HttpRequest, pk: int) -> HttpResponse:
    """A file, to those who may read its record; plain members get notices, reading matter and courseware only."""
    found = get_object_or_404(Attachment, pk=pk, activity__in=Activity.objects.readable_by(request.user))
    if found.group not in attachments.FOR_MEMBERS and not may(request.user, Capability.ACTIVITY_VIEW, found.activity):
        raise Http404
    try:
        body = attachments.body_of(found)
    except OSError as exc:
        raise Http404 from exc
    response = HttpResponse(body, content_type=found.content_type)
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=found.name) or "attachment"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
def attachment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Attachment, pk=pk, activity__in=Activity.objects.readable_by(request.user))
    require(request.user, right_to_record(found.activity), found.activity)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        attachments.delete_file(attachment=found, actor=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, "附件已删除。")
    return redirect(f"{activity_url(found.activity)}#files")


@login_required
def activity_announce(request: HttpRequest, pk: int) -> HttpResponse:
    activity = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=pk)
    require(request.user, right_to_record(activity), activity)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        told = announcing.announce(activity=activity, actor=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, f"已通知{told}人。" if told else "时间地点没有变化，应到人员此前已收到通知。")
    return redirect("activities:activity_detail", pk=pk)


def activity_url(activity: Activity) -> str:
    return reverse("activities:activity_detail", args=[activity.pk])
