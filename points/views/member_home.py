"""The home page of a member without a post: own points, what the branch held, what is still to come."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from activities.choices import AUDIENCES, Audience, CellState
from activities.models import SEEN_BY_MEMBERS, Activity, Attendance, PlanItem
from activities.plan.board import month_of_board, plan_cell
from members.models import Member
from points.attendance_panels import own
from points.branch_home import STATE_TAGS
from points.statement.own import summary

FOR_ALL = [kind for kind, audience in AUDIENCES.items() if audience in (Audience.ROLL, Audience.GROUP)]


def member_home(request: HttpRequest, member: Member, doors: list[Any]) -> HttpResponse:
    today = timezone.localdate()
    first, last = month_of_board(today)
    held = list(
        Activity.objects.readable_by(request.user)
        .filter(branch=member.branch_id, kinds__kind__in=FOR_ALL, state__in=SEEN_BY_MEMBERS)
        .distinct()
        .select_related("branch", "group")
        .prefetch_related("kinds")
        .order_by("-starts_at", "-pk")[:5]
    )
    mine = Attendance.objects.filter(member=member, activity__in=held)
    by_activity = {row.activity_id: row for row in mine}
    for activity in held:
        activity.mine = by_activity.get(activity.pk)
    items = PlanItem.objects.covering(first, last).filter(branch=member.branch_id, kind__in=FOR_ALL).for_board()
    ahead = [
        (item, cell)
        for item in items
        if (item.group_id is None or item.group_id == member.group_id)
        and (cell := plan_cell(item, today)).state != CellState.NA
    ]
    ahead.sort(key=lambda pair: (pair[0].due, pair[0].pk))
    context = {
        "member": member,
        "doors": doors,
        "s": summary(member=member, year=today.year, today=today),
        "held": held,
        "ahead": ahead,
        "state_tags": STATE_TAGS,
        **own(member, today),
    }
    return render(request, "points/member_home.html", context)
