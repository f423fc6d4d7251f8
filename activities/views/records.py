"""The list of records, one record, and what may be done with it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from activities import photos, services
from activities.access import (
    may_confirm,
    may_record,
    may_review,
    require_record,
    right_to_confirm,
    right_to_record,
)
from activities.choices import ActivityState, AttendanceStatus, Kind
from activities.confirming import confirmers_of, who_confirms
from activities.drafting import Absence
from activities.forms import REASONS, SORTS, ActivityFilterForm, absences_of, parse_absences
from activities.models import Activity, Attendance, Photo
from activities.reports.workbook import activity_workbook
from activities.rules import committee_quorum, leading_body_quorum, ordinary_quorum
from activities.trail import trail_of
from activities.views.contents import contents_of
from branches.access import Refused, may, require
from branches.audit import record
from branches.choices import BranchLevel, Capability
from branches.models import Branch, User
from config.templatetags.ui import percent

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
    rows = Activity.objects.readable_by(request.user).found_by(filters.cleaned_data)
    if filters.cleaned_data.get("backfilled"):
        rows = rows.backfilled_only()
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
        "waiting": Activity.objects.visible_to(request.user, Capability.ACTIVITY_VIEW)
        .filter(state=ActivityState.SUBMITTED)
        .count(),
        "sort": sort,
        "writes": may_record(request.user),
    }
    template = "activities/_activity_table.html" if request.htmx else "activities/activity_list.html"
    return render(request, template, context)


@login_required
@require_GET
def activity_detail(request: HttpRequest, pk: int) -> HttpResponse:
    activity = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=pk)
    return _detail(request, activity)


def _detail(request: HttpRequest, activity: Activity, *, status: int = 200, **extra: Any) -> HttpResponse:
    """The page of one record; plain members see who came, not why others did not."""
    rows = list(activity.attendances.all())
    present = [row for row in rows if row.status == AttendanceStatus.PRESENT]
    absent = [row for row in rows if row.status != AttendanceStatus.PRESENT]
    sees_reasons = may(request.user, Capability.ACTIVITY_VIEW, activity) and may(
        request.user, Capability.ROSTER_VIEW, activity
    )  # a superior reads what was held, not who was ill
    waiting, records = activity.state == ActivityState.SUBMITTED, may_record(request.user, activity)
    confirmers = confirmers_of(activity).people if waiting else frozenset()
    context = {
        "activity": activity,
        "kinds": [Kind(row.kind) for row in activity.kinds.all()],
        "rows": rows,
        "present": present,
        "absent": absent,
        "rate": percent(len(present), len(rows)),
        "quorum": _quorum(activity, rows, present),
        "sees_reasons": sees_reasons,
        "confirms": request.user.pk in confirmers and may_confirm(request.user, activity),
        "reviews": waiting and may_review(request.user, activity),
        "who_confirms": who_confirms(activity) if waiting else "",
        "edits": activity.state in services.EDITABLE and records,
        "corrects": activity.state == ActivityState.CONFIRMED and records and may_confirm(request.user, activity),
        "deletes": activity.state in (ActivityState.PLANNED, ActivityState.DRAFT) and not activity.serial and records,
        "of_committee": activity.branch.level == BranchLevel.COMMITTEE,  # no points are awarded for its records
        "trail": trail_of(activity) if sees_reasons else [],
        "photos": list(activity.photos.all()),
        **contents_of(
            request.user, activity, sees_all=sees_reasons, reads=may(request.user, Capability.ACTIVITY_VIEW, activity)
        ),
        **extra,
    }
    return render(request, "activities/activity_detail.html", context, status=status)


def _quorum(activity: Activity, rows: list[Any], present: list[Any]) -> dict[str, Any] | None:
    kinds = {row.kind for row in activity.kinds.all()}
    if Kind.GENERAL_MEETING in kinds:
        base, came = sum(row.may_vote for row in rows), sum(row.may_vote for row in present)
        need, who = ordinary_quorum(base), "有表决权"
    elif Kind.COMMITTEE_MEETING in kinds:
        base, came, need, who = len(rows), len(present), committee_quorum(len(rows)), "支委"
    elif Kind.DEM_LIFE_MEETING in kinds:
        base, came, need, who = len(rows), len(present), leading_body_quorum(len(rows)), "班子成员"
    else:
        return None
    if not base:
        return None
    return {
        "base": base,
        "came": came,
        "need": need,
        "who": who,
        "met": came >= need,
        "width": came * 100 // base,
        "mark": need * 100 // base,
    }


def _acted(request: HttpRequest, activity: Activity, act: Any, done: str) -> HttpResponse:
    """Run one service; say what happened on the page of the record, or what kept it from happening (422)."""
    try:
        act()
    except ValidationError as error:
        messages_ = error.messages
        fresh = Activity.objects.readable_by(request.user).for_detail().get(pk=activity.pk)
        return _detail(request, fresh, status=422, error=messages_[0], typed=request.POST)
    messages.success(request, done)
    return redirect("activities:activity_detail", pk=activity.pk)


def _target(request: HttpRequest, pk: int, right: Callable[[Activity], Capability]) -> Activity:
    """Out of scope 404, in scope without the right 403."""
    activity = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=pk)
    require(request.user, right(activity), activity)
    return activity


@login_required
def activity_submit(request: HttpRequest, pk: int) -> HttpResponse:
    activity = _target(request, pk, right_to_record)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    return _acted(
        request,
        activity,
        lambda: services.submit_activity(activity=activity, actor=request.user),
        f"已提交，等待{who_confirms(activity)}确认。",
    )


@login_required
def activity_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    activity = _target(request, pk, right_to_confirm)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    present = sum(row.status == AttendanceStatus.PRESENT for row in activity.attendances.all())
    points = "" if activity.branch.level == BranchLevel.COMMITTEE else f"，{present}人的积分已入账"
    return _acted(
        request,
        activity,
        lambda: services.confirm_activity(activity=activity, actor=request.user),
        f"已确认{points}。",
    )


@login_required
def activity_return(request: HttpRequest, pk: int) -> HttpResponse:
    activity = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=pk)
    reviewing = may_review(request.user, activity)
    if not reviewing:
        require(request.user, right_to_confirm(activity), activity)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    return _acted(
        request,
        activity,
        lambda: services.return_activity(
            activity=activity, comment=request.POST.get("comment", ""), actor=request.user, reviewing=reviewing
        ),
        "已退回，记录人修改后会重新提交。",
    )


@login_required
def activity_correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct who came to a confirmed record: a page of its own, because points follow."""
    activity = _target(request, pk, right_to_confirm)
    require_record(request.user, activity)
    if activity.state != ActivityState.CONFIRMED:
        messages.warning(request, "只有已确认的记录需要更正出席；其他记录可以直接修改。")
        return redirect("activities:activity_detail", pk=pk)
    rows = list(activity.attendances.all())
    error, status, version = "", 200, str(activity.version)
    typed = parse_absences(request.POST) if request.method == "POST" else None
    if typed is not None:
        version = request.POST.get("version", "")
        try:
            services.correct_attendance(
                activity=activity,
                changes={row.member_id: typed.get(row.member_id) for row in rows},
                reason=request.POST.get("why", ""),
                actor=request.user,
                version=int(version) if version.isdecimal() else -1,
            )
        except ValidationError as exc:
            error, status = exc.messages[0], 422
        else:
            messages.success(request, "出席已更正，有关积分已重新计算。")
            return redirect("activities:activity_detail", pk=pk)
    absences = absences_of(activity) if typed is None else typed
    context = {
        "activity": activity,
        "roster": _roster(rows, absences, request.user),
        "due": len(rows),
        "present": sum(row.member_id not in absences for row in rows),
        "absent": sum(row.member_id in absences for row in rows),
        "reasons": REASONS,
        "error": error,
        "why": request.POST.get("why", ""),
        "version": version,
    }
    return render(request, "activities/activity_correct.html", context, status=status)


def _roster(rows: list[Attendance], absences: dict[int, Absence], reader: User) -> list[dict[str, Any]]:
    """The rows as the picker of the form shows people: by group, as of the day."""
    groups: dict[str, dict[str, Any]] = {}
    for row in rows:
        box = groups.setdefault(row.group_name, {"id": len(groups) + 1, "name": row.group_name, "people": []})
        absence = absences.get(row.member_id)
        person = {
            "member_id": row.member_id,
            "name": row.name,
            "mark": "本人" if row.member.user_id == reader.pk else "",
            "find": row.member.user.search_keys,
            "may_vote": row.may_vote,
        }
        box["people"].append(
            {
                "person": person,
                "absent": absence is not None,
                "reason": absence.reason if absence else "",
                "note": absence.note if absence else "",
            }
        )
    return list(groups.values())


@login_required
def activity_delete(request: HttpRequest, pk: int) -> HttpResponse:
    activity = _target(request, pk, right_to_record)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        photos.delete_draft_with_photos(activity=activity, actor=request.user)
    except ValidationError as error:
        return _detail(request, activity, status=422, error=error.messages[0])
    messages.success(request, "草稿已删除。")
    return redirect("activities:activity_list")


@login_required
@require_GET
def photo(request: HttpRequest, pk: int, size: str) -> HttpResponse:
    """A photo, to those who may read its record. `size`: image or thumb."""
    readable = Activity.objects.readable_by(request.user)
    found = get_object_or_404(Photo, pk=pk, activity__in=readable)
    file = found.image if size == "image" else found.thumbnail
    try:
        with file.open("rb") as opened:
            body = opened.read()  # re-encoded and small: nothing is gained by streaming it
    except OSError as exc:
        raise Http404 from exc
    response = HttpResponse(body, content_type="image/jpeg")
    response["Content-Disposition"] = f'inline; filename="photo-{pk}.jpg"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
def photo_delete(request: HttpRequest, pk: int) -> HttpResponse:
    readable = Activity.objects.readable_by(request.user)
    found = get_object_or_404(Photo.objects.select_related("activity"), pk=pk, activity__in=readable)
    require_record(request.user, found.activity)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    activity = found.activity
    return _acted(request, activity, lambda: photos.delete_photo(photo=found, actor=request.user), "照片已删除。")
