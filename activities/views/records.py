"""One record, and its photos."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from activities import services
from activities.access import (
    may_confirm,
    may_record,
    may_review,
)
from activities.attendance.sign_in import days_of
from activities.attendance.sittings import by_sitting
from activities.choices import ActivityState, AttendanceStatus, Kind
from activities.confirming import confirmers_of, who_confirms
from activities.models import SEEN_BY_MEMBERS, Activity, Attendance, Photo, Session
from activities.records.reviewing import RETURNABLE, returned_fields
from activities.records.trail import trail_of
from activities.rules import committee_quorum, leading_body_quorum, ordinary_quorum
from activities.views.contents import contents_of
from activities.views.joint import joint_of
from activities.votes import summary as vote_summary
from branches.access import may
from branches.choices import BranchLevel, Capability
from config.templatetags.ui import percent


@login_required
@require_GET
def activity_detail(request: HttpRequest, pk: int) -> HttpResponse:
    activity = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=pk)
    return detail_page(request, activity)


def detail_page(request: HttpRequest, activity: Activity, *, status: int = 200, **extra: Any) -> HttpResponse:
    """The page of one record; plain members see who came, not why others did not."""
    rows = list(activity.attendances.all())
    present = [row for row in rows if row.status == AttendanceStatus.PRESENT]
    absent = [row for row in rows if row.status != AttendanceStatus.PRESENT]
    sees_reasons = may(request.user, Capability.ACTIVITY_VIEW, activity) and may(
        request.user, Capability.ROSTER_VIEW, activity
    )  # a superior reads what was held, not who was ill
    sessions = list(activity.sessions.all())
    waiting, records = activity.state == ActivityState.SUBMITTED, may_record(request.user, activity)
    confirmers = confirmers_of(activity).people if waiting else frozenset()
    joint = joint_of(request.user, activity, reads=may(request.user, Capability.ACTIVITY_VIEW, activity))
    held_up = bool(joint and joint.get("why"))  # a part waits for the common text
    context = {
        "activity": activity,
        "kinds": [Kind(row.kind) for row in activity.kinds.all()],
        "rows": rows,
        "present": present,
        "absent": absent,
        "rate": percent(len(present), len(rows)),
        "quorum": None if sessions else _quorum(activity, rows, present),
        "sittings": _sittings(activity, rows, sessions),
        "sits_today": timezone.localdate() in days_of(activity),
        "sees_reasons": sees_reasons,
        "confirms": request.user.pk in confirmers and may_confirm(request.user, activity) and not held_up,
        "reviews": waiting and may_review(request.user, activity),
        "who_confirms": who_confirms(activity) if waiting else "",
        "edits": activity.state in services.EDITABLE and records,
        "corrects": activity.state == ActivityState.CONFIRMED and records and may_confirm(request.user, activity),
        "deletes": activity.state in (ActivityState.PLANNED, ActivityState.DRAFT)
        and not (activity.serial or activity.host_id)
        and records,
        "of_committee": activity.branch.level == BranchLevel.COMMITTEE,  # no points are awarded for its records
        "checks": activity.state in SEEN_BY_MEMBERS and may_review(request.user, activity),
        "spot_checks": list(activity.spot_checks.select_related("checked_by")) if sees_reasons else [],
        "revisions": list(activity.revisions.select_related("made_by")) if sees_reasons else [],
        "returnable": _returnable(extra.get("typed") or {}, in_sittings=bool(sessions)),
        "returned_fields": returned_fields(activity),
        "trail": trail_of(activity) if sees_reasons else [],
        "photos": list(activity.photos.all()),
        "votes": vote_summary.page_of(activity),
        "joint": joint,
        **contents_of(
            request.user, activity, sees_all=sees_reasons, reads=may(request.user, Capability.ACTIVITY_VIEW, activity)
        ),
        **extra,
    }
    return render(request, "activities/activity_detail.html", context, status=status)


def _returnable(typed: Mapping[str, str], *, in_sittings: bool) -> list[tuple[str, str, str]]:
    """Fields a comment may be tied to: name, label, and what was typed before the service refused."""
    offered = {name: label for name, label in RETURNABLE.items() if name != "sessions" or in_sittings}
    return [(name, label, typed.get(f"field-{name}", "")) for name, label in offered.items()]


def _sittings(activity: Activity, rows: list[Attendance], sessions: list[Session]) -> list[dict[str, Any]]:
    """Each sitting with who came, and where something is voted on whether enough of them may vote."""
    found = []
    for sat in by_sitting(sessions, rows) if sessions else []:
        quorum = _quorum(activity, rows, sat.rows)
        found.append({"session": sat.session, "rows": sat.rows, "quorum": quorum})
    return found


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
