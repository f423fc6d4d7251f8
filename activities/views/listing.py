"""The list of records: found, sorted, exported as shown, and the sets of filters a user keeps."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from activities.access import may_record
from activities.choices import ActivityState
from activities.forms import SORTS, ActivityFilterForm
from activities.models import Activity
from activities.reports.workbook import activity_workbook
from activities.search import drop_filter, found_by, save_filter
from branches.access import Refused, may
from branches.audit import record
from branches.choices import BranchLevel, Capability
from branches.models import Branch

PER_PAGE = 30
EXPORT_LIMIT = 5000


@login_required
@require_GET
def activity_list(request: HttpRequest) -> HttpResponse:
    reads = may(request.user, Capability.ACTIVITY_VIEW)
    if not reads and not may(request.user, Capability.BRANCH_ACTIVITIES_VIEW):
        raise Refused(Capability.ACTIVITY_VIEW, None)
    branches = Branch.objects.visible_to(request.user, Capability.ACTIVITY_VIEW).filter(
        level__in=[BranchLevel.BRANCH, BranchLevel.COMMITTEE, BranchLevel.GENERAL_BRANCH]
    )
    filters = ActivityFilterForm(request.GET, branches=branches)
    rows = found_by(Activity.objects.readable_by(request.user), filters.cleaned_data, timezone.localdate())
    sort = filters.cleaned_data.get("sort") or "-date"
    rows = rows.for_list().order_by(*SORTS[sort])
    if request.GET.get("format") == "xlsx":
        record(actor=request.user, action="activity.exported", changes={"rows": [None, rows.count()]})
        body = activity_workbook(rows[:EXPORT_LIMIT], today=timezone.localdate())
        response = HttpResponse(body, content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
        name = f"活动记录_{timezone.localdate():%Y-%m-%d}.xlsx"
        response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
        return response
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "activities": page.object_list,
        "filters": filters,
        "branches": list(branches),
        "reads": reads,
        "kind_choices": filters.fields["kind"].choices,
        "state_choices": filters.fields["state"].choices,
        "span_choices": filters.fields["span"].choices,
        "saved": list(request.user.saved_filters.all()),
        "waiting": Activity.objects.visible_to(request.user, Capability.ACTIVITY_VIEW)
        .filter(state=ActivityState.SUBMITTED)
        .count(),
        "sort": sort,
        "archives": timezone.localdate().year - 1 if may(request.user, Capability.ACTIVITY_REVIEW) else None,
        "writes": may_record(request.user),
    }
    template = "activities/_activity_table.html" if request.htmx else "activities/activity_list.html"
    return render(request, template, context)


@login_required
def filter_save(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    query = request.POST.get("query", "")
    try:
        kept = save_filter(user=request.user, name=request.POST.get("name", ""), query=query)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        query = kept.query
        messages.success(request, f"已保存常用筛选“{kept.name}”。")
    return redirect(f"{reverse('activities:activity_list')}?{QueryDict(query).urlencode()}")


@login_required
def filter_delete(request: HttpRequest, pk: int) -> HttpResponse:
    kept = get_object_or_404(request.user.saved_filters, pk=pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    drop_filter(kept)
    messages.success(request, "已删除这组常用筛选。")
    return redirect("activities:activity_list")
