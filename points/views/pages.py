"""The pages of points: one's own, another member's, and a branch's."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from branches.access import may, require
from branches.choices import Capability
from members.models import Member
from points.assessment.panels import own_grades, veto_words
from points.reports import branch_points_sheet
from points.stars.members.panels import own_star
from points.statement.branch import STATES, BranchPoints
from points.statement.own import statement

FIRST_YEAR = 2000
ASSESSES = (Capability.ASSESSMENT_WRITE, Capability.ASSESSMENT_CONFIRM)


@login_required
@require_GET
def my_points(request: HttpRequest) -> HttpResponse:
    member = Member.objects.own(request.user).select_related("user", "branch", "group").first()
    if member is None:
        return render(request, "points/no_member.html")
    return _statement(request, member, is_own=True)


@login_required
@require_GET
def member_points(request: HttpRequest, pk: int) -> HttpResponse:
    seen = Member.objects.visible_to(request.user, Capability.ROSTER_VIEW)
    seen |= Member.objects.visible_to(request.user, Capability.POINTS_VIEW)
    member = get_object_or_404(seen.select_related("user", "branch", "group"), pk=pk)
    require(request.user, Capability.POINTS_VIEW, member)
    return _statement(request, member, is_own=member.user_id == request.user.pk)


def _statement(request: HttpRequest, member: Member, *, is_own: bool) -> HttpResponse:
    today = timezone.localdate()
    shown = statement(
        member=member,
        year=asked_year(request, today.year),
        reader=request.user,
        today=today,
        page=request.GET.get("page"),
        only=request.GET,
    )
    decides = any(may(request.user, can, member) for can in ASSESSES)
    grades = own_grades(member) if is_own or decides else []
    sees_discipline = is_own or may(request.user, Capability.DISCIPLINE_VIEW, member)
    context = {
        "member": member,
        "s": shown,
        "is_own": is_own,
        "grades": grades,
        "star": own_star(member, shown.own) if is_own or decides else None,
        "veto": veto_words(member, shown.own.year) if sees_discipline else "",
    }
    return render(request, "points/my_points.html", context)


def asked_year(request: HttpRequest, this_year: int) -> int:
    """The year of the address; anything that is no past year is this one."""
    asked = request.GET.get("year", "")
    return int(asked) if asked.isdecimal() and FIRST_YEAR <= int(asked) <= this_year else this_year


@login_required
@require_GET
def branch_points(request: HttpRequest) -> HttpResponse:
    require(request.user, Capability.POINTS_VIEW)
    today = timezone.localdate()
    table = BranchPoints(request.user, request.GET, asked_year(request, today.year), today)
    if request.GET.get("format") == "xlsx":
        return branch_points_sheet(table)
    return render(request, "points/branch_points.html", {"table": table, "states": STATES})
