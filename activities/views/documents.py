"""Records, sign-in sheets and lists of a year as files to print and to keep."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from activities.models import Activity, PlanItem
from activities.reports.record_forms import layouts_of, record_document
from activities.reports.sheets import attendance_of_year, plan_of_year, sign_in_sheet
from branches.access import may, require
from branches.audit import record
from branches.choices import BranchLevel, Capability
from branches.models import Branch, BranchQuerySet, User
from config.documents.responses import document_response

YEARS = 5  # the present one and those before it


@login_required
@require_GET
def record_file(request: HttpRequest, pk: int) -> HttpResponse:
    """?format=docx|pdf: the sheets of one record."""
    activity = _activity(request, pk)
    sees_reasons = may(request.user, Capability.ROSTER_VIEW, activity)
    document = record_document(activity, sees_reasons=sees_reasons, layouts=layouts_of(activity.branch))
    response = document_response(
        request, document, _format(request, "docx"), _named(activity, "记录"), formats=("docx", "pdf")
    )
    return _logged(request, response, "activity.printed", target=activity, branch=activity.branch)


@login_required
@require_GET
def sign_in_file(request: HttpRequest, pk: int) -> HttpResponse:
    """?format=docx|pdf|xlsx, ?filled=1 for what was signed: names of a roll, for those who may see it.

    ?session=2: the sheet of one sitting, by its number.
    """
    activity = _activity(request, pk)
    require(request.user, Capability.ROSTER_VIEW, activity)
    asked = request.GET.get("session", "")
    session = get_object_or_404(activity.sessions, number=int(asked)) if asked.isdecimal() and len(asked) < 4 else None
    filled, layouts = request.GET.get("filled") == "1", layouts_of(activity.branch)
    document = sign_in_sheet(activity, filled=filled, layouts=layouts, session=session)
    name = _named(activity, f"{session or ''}签到表")
    response = document_response(request, document, _format(request, "docx"), name)
    return _logged(request, response, "activity.printed", target=activity, branch=activity.branch)


@login_required
@require_GET
def year_files(request: HttpRequest) -> HttpResponse:
    """Choose a branch and a year, then a list of it."""
    require(request.user, Capability.ACTIVITY_VIEW)
    today = timezone.localdate()
    context = {
        "branches": list(_branches(request.user)),
        "chosen": request.GET.get("branch", ""),
        "years": range(today.year + 1, today.year - YEARS, -1),
        "year": _year(request),
        "names": may(request.user, Capability.ROSTER_VIEW),
    }
    return render(request, "activities/year_files.html", context)


@login_required
@require_GET
def attendance_file(request: HttpRequest) -> HttpResponse:
    """?branch=&year=&format=xlsx|docx|pdf. Without a branch: the page that asks for one."""
    require(request.user, Capability.ACTIVITY_VIEW)
    require(request.user, Capability.ROSTER_VIEW)
    branch = _branch(request)
    if branch is None:
        return redirect("activities:year_files")
    require(request.user, Capability.ROSTER_VIEW, branch)
    year = _year(request)
    document = attendance_of_year(branch, year, layouts=layouts_of(branch))
    response = document_response(request, document, _format(request, "xlsx"), document.title)
    return _logged(request, response, "attendance.exported", branch=branch, changes={"year": [None, year]})


@login_required
@require_GET
def plan_file(request: HttpRequest) -> HttpResponse:
    """?branch=&year=&format=xlsx|docx|pdf. Without a branch: the page that asks for one."""
    require(request.user, Capability.ACTIVITY_VIEW)
    branch = _branch(request)
    if branch is None:
        return redirect("activities:year_files")
    year = _year(request)
    visible = PlanItem.objects.visible_to(request.user, Capability.ACTIVITY_VIEW)
    items = visible.filter(branch=branch, start__year=year).select_related("group")
    document = plan_of_year(branch, year, items, today=timezone.localdate(), layouts=layouts_of(branch))
    response = document_response(request, document, _format(request, "xlsx"), document.title)
    return _logged(request, response, "plan.exported", branch=branch, changes={"year": [None, year]})


def _activity(request: HttpRequest, pk: int) -> Activity:
    """Out of scope 404; of one's own branch without the right to its records 403."""
    activity = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=pk)
    require(request.user, Capability.ACTIVITY_VIEW, activity)
    return activity


def _branches(user: User) -> BranchQuerySet:
    nodes: BranchQuerySet = Branch.objects.visible_to(user, Capability.ACTIVITY_VIEW)
    return nodes.filter(level__in=[BranchLevel.BRANCH, BranchLevel.COMMITTEE])


def _branch(request: HttpRequest) -> Branch | None:
    """The branch asked for, or the only one there is; None when nobody said which. Out of scope 404."""
    asked = request.GET.get("branch", "")
    nodes = _branches(request.user)
    if asked.isdecimal():
        return get_object_or_404(nodes, pk=int(asked[:9]))
    found = list(nodes[:2])
    return found[0] if len(found) == 1 else None


def _year(request: HttpRequest) -> int:
    text = request.GET.get("year", "")
    return int(text) if text.isdecimal() and 1949 < int(text[:5]) < 2100 else timezone.localdate().year


def _format(request: HttpRequest, usual: str) -> str:
    return str(request.GET.get("format", usual))


def _named(activity: Activity, what: str) -> str:
    return f"{timezone.localdate(activity.starts_at):%Y-%m-%d}_{activity}_{what}"


def _logged(request: HttpRequest, response: HttpResponse, action: str, **line: Any) -> HttpResponse:
    """A file that left the house is on the trail; a page that says why there is none is not."""
    if response.status_code == 200:
        record(actor=request.user, action=action, **line)
    return response
