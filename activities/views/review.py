"""What may be done with a record: hand it in, confirm it, send it back, check it, correct it, put it on file."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date

from activities import services
from activities.access import may_review, require_record, right_to_confirm, right_to_record
from activities.choices import ActivityState, AttendanceStatus
from activities.confirming import who_confirms
from activities.forms import REASONS, absences_of, parse_absences
from activities.models import Activity, Attendance, Photo
from activities.records import photos, reviewing
from activities.records.drafting import Absence
from activities.records.reviewing import CORRECTABLE, RETURNABLE
from activities.records.session_form import SessionRows
from activities.views.records import detail_page
from branches.access import require
from branches.choices import BranchLevel, Capability
from branches.models import Branch, User


def acted(request: HttpRequest, activity: Activity, act: Any, done: str) -> HttpResponse:
    """Run one service; say what happened on the page of the record, or what kept it from happening (422)."""
    try:
        act()
    except ValidationError as error:
        messages_ = error.messages
        fresh = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=activity.pk)
        return detail_page(request, fresh, status=422, error=messages_[0], typed=request.POST)
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
    return acted(
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
    return acted(
        request,
        activity,
        lambda: services.confirm_activity(activity=activity, actor=request.user),
        f"已确认{points}。",
    )


@login_required
def activity_return(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a record that waits back to its people; by its confirmer, or by the Party office that reads along."""
    activity = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=pk)
    office = may_review(request.user, activity)
    if not office:
        require(request.user, right_to_confirm(activity), activity)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    return acted(
        request,
        activity,
        lambda: reviewing.return_activity(activity=activity, actor=request.user, reviewing=office, **_verdict(request)),
        "已退回，记录人修改后会重新提交。",
    )


def _verdict(request: HttpRequest) -> dict[str, Any]:
    """What a form of sending back says: the comment, comments on fields, and the day it should be back."""
    given = request.POST.get("due", "")
    try:
        due = parse_date(given)
    except ValueError:
        due = None
    if given and due is None:
        raise ValidationError({"due": "没有看懂修改期限，请按2026-11-30的样子填写。"})
    fields = {name: request.POST.get(f"field-{name}", "") for name in RETURNABLE}
    return {"comment": request.POST.get("comment", ""), "fields": fields, "due": due}


@login_required
def activity_check(request: HttpRequest, pk: int) -> HttpResponse:
    """The Party office read a confirmed record (抽查): it is good, or goes back to be mended by a day."""
    activity = _target(request, pk, lambda _: Capability.ACTIVITY_REVIEW)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if request.POST.get("verdict") == "passed":
        comment = request.POST.get("comment", "")
        return acted(
            request,
            activity,
            lambda: reviewing.pass_spot_check(activity=activity, comment=comment, actor=request.user),
            "已记录抽查合格。",
        )
    return acted(
        request,
        activity,
        lambda: reviewing.reopen_activity(activity=activity, actor=request.user, **_verdict(request)),
        "已退回支部整改；重新确认之前，这份记录不计积分和完成情况。",
    )


@login_required
def activity_archive(request: HttpRequest) -> HttpResponse:
    """File the confirmed records of a year that is over, for every branch of the reader."""
    require(request.user, Capability.ACTIVITY_REVIEW)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    asked = request.POST.get("year", "")
    year = int(asked) if asked.isdecimal() and len(asked) == 4 else timezone.localdate().year
    branches = Branch.objects.visible_to(request.user, Capability.ACTIVITY_REVIEW).branches()
    try:
        filed = reviewing.archive_year(branches=branches, year=year, actor=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(
            request, f"{year}年{filed}份已确认的记录已归档。" if filed else f"{year}年没有需要归档的记录。"
        )
    return redirect("activities:activity_list")


@login_required
def activity_correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a confirmed record: a page of its own, because points follow and a revision is kept."""
    activity = _target(request, pk, right_to_confirm)
    require_record(request.user, activity)
    if activity.state != ActivityState.CONFIRMED:
        messages.warning(request, "只有已确认的记录需要更正；其他记录可以直接修改。")
        return redirect("activities:activity_detail", pk=pk)
    rows = list(activity.attendances.all())
    error, status, version = "", 200, str(activity.version)
    typed = parse_absences(request.POST) if request.method == "POST" else None
    sittings = SessionRows.of_activity(activity)
    sittings.take_seats(request.POST)
    texts = {name: getattr(activity, name) for name in CORRECTABLE if not activity.host_id}  # of a part the host's
    if typed is not None:
        version = request.POST.get("version", "")
        texts |= {name: request.POST[name] for name in texts if name in request.POST}
        try:
            reviewing.correct_activity(
                activity=activity,
                people={row.member_id: typed.get(row.member_id) for row in rows},
                texts=texts,
                seats=sittings.kept_seats(activity.sessions.all()),
                reason=request.POST.get("why", ""),
                actor=request.user,
                version=int(version) if version.isdecimal() else -1,
            )
        except ValidationError as exc:
            error, status = exc.messages[0], 422
        else:
            messages.success(request, "已更正，有关积分已重新计算，更正前后都留有记录。")
            return redirect("activities:activity_detail", pk=pk)
    absences = absences_of(activity) if typed is None else typed
    roster = _roster(rows, absences, request.user)
    context = {
        "activity": activity,
        "roster": roster,
        "seats": sittings.show_on(roster),
        "due": len(rows),
        "present": sum(row.member_id not in absences for row in rows),
        "absent": sum(row.member_id in absences for row in rows),
        "reasons": REASONS,
        "texts": texts,
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
        return detail_page(request, activity, status=422, error=error.messages[0])
    messages.success(request, "草稿已删除。")
    return redirect("activities:activity_list")


@login_required
def photo_delete(request: HttpRequest, pk: int) -> HttpResponse:
    readable = Activity.objects.readable_by(request.user)
    found = get_object_or_404(Photo.objects.select_related("activity"), pk=pk, activity__in=readable)
    require_record(request.user, found.activity)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    activity = found.activity
    return acted(request, activity, lambda: photos.delete_photo(photo=found, actor=request.user), "照片已删除。")
