"""A member's own attendance and hours; the same pages of another member for those who run the branch."""

import uuid
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from activities.attendance import hours, leave, make_ups
from activities.attendance.own import CHOICES, OwnAttendance, open_records, parse_day
from activities.choices import StudyState
from activities.forms import uuid_of
from activities.models import StudyHours
from activities.views.sign_in import by_field
from branches.access import may, require
from branches.choices import Capability
from members.models import Member

EARLIEST = 2000


def own_member(request: HttpRequest) -> Member | None:
    found: Member | None = Member.objects.own(request.user).select_related("user", "branch", "group").first()
    return found


@login_required
@require_GET
def my_attendance(request: HttpRequest) -> HttpResponse:
    """Rates, list, leave and make-ups of the reader."""
    member = own_member(request)
    if member is None:
        return render(request, "members/me_nobody.html")
    owed = make_ups.own_make_ups(member)
    extra = {
        "own": True,
        "sees_reasons": True,
        "ahead": _with_leave(member),
        "requests": list(leave.own_requests(member)[:10]),
        "owed": list(make_ups.filtered(owed, "", timezone.localdate()).order_by("due", "pk")),
    }
    return _attendance(request, member, **extra)


def _with_leave(member: Member) -> list[Any]:
    """Gatherings to come, each with the standing request for leave of this member and whether they have signed in."""
    ahead = leave.ahead_of(member)
    standing = leave.own_requests(member).filter(activity__in=[one.pk for one in ahead], state__in=leave.STANDING)
    by_activity = {one.activity_id: one for one in standing}
    rows = member.attendances.filter(activity__in=[one.pk for one in ahead], signed_at__isnull=False)
    signed = set(rows.values_list("activity", flat=True))
    return [(one, by_activity.get(one.pk), one.pk in signed) for one in ahead]


@login_required
@require_GET
def member_attendance(request: HttpRequest, pk: int) -> HttpResponse:
    """Of a member of a branch one reads; why somebody was away, only for those who run it."""
    seen = Member.objects.visible_to(request.user, Capability.ROSTER_VIEW)
    member = get_object_or_404(seen.select_related("user", "branch", "group"), pk=pk)
    require(request.user, Capability.ACTIVITY_VIEW, member)
    return _attendance(request, member, own=False, sees_reasons=may(request.user, Capability.ACTIVITY_WRITE, member))


def _attendance(request: HttpRequest, member: Member, **extra: Any) -> HttpResponse:
    today = timezone.localdate()
    found = OwnAttendance(member, request.GET, today, request.user)
    context = {"member": member, "a": found, "choices": CHOICES, **extra}
    return render(request, "activities/my_attendance.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def my_hours(request: HttpRequest) -> HttpResponse:
    """One's own ledger of a year, and the form that reports a course outside."""
    member = own_member(request)
    if member is None:
        return render(request, "members/me_nobody.html")
    if request.method != "POST":
        return _hours(request, member, own=True)
    try:
        add_from(request, member)
    except ValidationError as error:
        return _hours(request, member, own=True, status=422, problems=by_field(error), typed=request.POST)
    messages.success(request, "已申报，支部审核后计入学时。")
    return redirect("activities:my_hours")


@login_required
@require_GET
def member_hours(request: HttpRequest, pk: int) -> HttpResponse:
    seen = Member.objects.visible_to(request.user, Capability.ROSTER_VIEW)
    member = get_object_or_404(seen.select_related("user", "branch", "group"), pk=pk)
    require(request.user, Capability.ACTIVITY_VIEW, member)
    return _hours(request, member, own=False)


def add_from(request: HttpRequest, member: Member) -> StudyHours:
    """Enter what the form says. Raises ValidationError by field."""
    day = parse_day(request.POST.get("studied_on"))
    if day is None:
        raise ValidationError({"studied_on": "请填写正确的日期，例如2026-11-25。"})
    try:
        amount = Decimal(request.POST.get("hours", "").strip())
    except InvalidOperation as exc:
        raise ValidationError({"hours": "请填写学时，例如4或1.5。"}) from exc
    if not amount.is_finite() or abs(amount) > hours.MOST:
        raise ValidationError({"hours": f"学时为0.5到{hours.MOST}之间，以半小时为单位。"})
    return hours.add_course(
        member=member,
        title=request.POST.get("title", ""),
        studied_on=day,
        hours=amount,
        actor=request.user,
        entry_key=uuid_of(request.POST.get("entry_key", "")),
    )


def year_of(request: HttpRequest, today_year: int) -> int:
    asked = request.GET.get("year", "")
    return int(asked) if asked.isdecimal() and len(asked) == 4 and EARLIEST <= int(asked) <= today_year else today_year


def _hours(request: HttpRequest, member: Member, *, own: bool, status: int = 200, **extra: Any) -> HttpResponse:
    today = timezone.localdate()
    year = year_of(request, today.year)
    entries = list(
        StudyHours.objects.filter(member=member, studied_on__year=year)
        .select_related("activity", "checked_by", "entered_by")
        .order_by("-studied_on", "-pk")
    )
    done = sum((one.hours for one in entries if one.state == StudyState.COUNTED), Decimal(0))
    target = hours.target_of(member, year, today)
    context = {
        "member": member,
        "own": own,
        "year": year,
        "years": [today.year, today.year - 1],
        "entries": entries,
        "open_to_me": open_records(request.user, [one.activity_id for one in entries]),
        "done": done,
        "target": target,
        "missing": max(Decimal(0), target - done),
        "waiting": sum((one.hours for one in entries if one.state == StudyState.ASKED), Decimal(0)),
        "entry_key": uuid.uuid4(),
        "problems": {},
        "typed": {"studied_on": f"{today}"},
        **extra,
    }
    return render(request, "activities/my_hours.html", context, status=status)


@login_required
def hours_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take out an entry made by hand: one's own that waits, or any of one's branch."""
    entry = StudyHours.objects.filter(member__user=request.user, pk=pk).select_related("member__user", "branch").first()
    if entry is None:
        rows = StudyHours.objects.visible_to(request.user, Capability.ACTIVITY_VIEW)
        entry = get_object_or_404(rows.select_related("member__user", "branch"), pk=pk)
        require(request.user, Capability.ACTIVITY_CONFIRM, entry)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    own = entry.member.user_id == request.user.pk
    try:
        hours.remove_course(entry=entry, actor=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, "已删除这条学时。")
    return redirect("activities:my_hours" if own else "activities:hours_list")
