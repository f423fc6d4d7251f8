"""The branch's page of hours: the table, entering a course for somebody, and checking what members reported."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from activities.attendance import hours
from activities.attendance.hours_table import EXPORT_LIMIT, HoursTable
from activities.choices import StudyState
from activities.models import StudyHours
from activities.views.own import add_from, year_of
from activities.views.sign_in import by_field
from branches.access import may, require
from branches.audit import record
from branches.choices import Capability
from config.documents.responses import document_response
from members.models import Member

SHOWN = 50


@login_required
@require_GET
def hours_list(request: HttpRequest) -> HttpResponse:
    require(request.user, Capability.ACTIVITY_VIEW)
    require(request.user, Capability.ROSTER_VIEW)
    return _list(request)


def _list(request: HttpRequest, *, status: int = 200, **extra: Any) -> HttpResponse:
    today = timezone.localdate()
    table = HoursTable(request.user, request.GET, year_of(request, today.year), today)
    if request.GET.get("format") == "xlsx":
        response = document_response(request, table.document(), "xlsx", table.title, formats=("xlsx",))
        changes = {"year": [None, table.year], "rows": [None, min(EXPORT_LIMIT, table.found.count())]}
        record(actor=request.user, action="hours.exported", branch=table.branch, changes=changes)
        return response
    reported = StudyHours.objects.visible_to(request.user, Capability.ACTIVITY_CONFIRM).filter(state=StudyState.ASKED)
    context = {
        "table": table,
        "years": [today.year, today.year - 1],
        "reported": list(reported.select_related("member__user", "branch").order_by("studied_on", "pk")[:SHOWN]),
        "enters": may(request.user, Capability.ACTIVITY_CONFIRM),
        "desk": "hours",
        **extra,
    }
    return render(request, "activities/hours_list.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def hours_create(request: HttpRequest) -> HttpResponse:
    """Enter one course outside for one member; it counts at once."""
    require(request.user, Capability.ACTIVITY_CONFIRM)
    people = Member.objects.visible_to(request.user, Capability.ACTIVITY_CONFIRM).current().exclude(user=request.user)
    people = people.select_related("user", "branch").order_by("branch__path", "user__search_keys")
    context: dict[str, Any] = {
        "people": people,
        "entry_key": uuid.uuid4(),
        "problems": {},
        "typed": {"studied_on": f"{timezone.localdate()}", "member": request.GET.get("member", "")},
    }
    if request.method != "POST":
        return render(request, "activities/hours_create.html", context)
    try:
        asked = request.POST.get("member", "")
        member = people.filter(pk=int(asked)).first() if asked.isdecimal() else None
        if member is None:
            raise ValidationError({"member": "请选择党员。"})
        add_from(request, member)
    except ValidationError as error:
        context |= {"problems": by_field(error), "typed": request.POST}
        return render(request, "activities/hours_create.html", context, status=422)
    messages.success(request, f"已登记{member}的学时。")
    return redirect("activities:hours_list")


@login_required
def hours_check(request: HttpRequest, pk: int) -> HttpResponse:
    rows = StudyHours.objects.visible_to(request.user, Capability.ACTIVITY_VIEW)
    entry = get_object_or_404(rows.select_related("member__user", "branch"), pk=pk)
    require(request.user, Capability.ACTIVITY_CONFIRM, entry)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    accept = request.POST.get("answer") == "accept"
    try:
        hours.check_course(entry=entry, accept=accept, comment=request.POST.get("comment", ""), actor=request.user)
    except ValidationError as error:
        return _list(request, status=422, refused=pk, error=error.messages[0], typed=request.POST)
    messages.success(request, f"{entry.member}的学时{'已计入' if accept else '未计入，已告知本人'}。")
    return redirect("activities:hours_list")
