"""What a person sees first: the most useful page for the posts held today, with a switch to the others."""

from typing import NamedTuple

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from branches.access import may
from branches.choices import Capability
from members.models import Member
from points.branch_home import branch_home, branches_run_by
from points.dashboard.views import dashboard
from points.views.member_home import member_home


class Door(NamedTuple):
    """One of the pages this person may start with; `key` is the value of ?as=."""

    key: str
    label: str
    current: bool


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    user = request.user
    mine = Member.objects.current().own(user).select_related("user", "branch", "group").first()
    run = list(branches_run_by(user)) if may(user, Capability.ACTIVITY_WRITE) else []
    open_doors = {
        "dashboard": "党委总览" if may(user, Capability.DASHBOARD_VIEW) else "",
        "branch": "支部首页" if run else "",
        "me": "我的首页" if mine is not None else "",
    }
    keys = [key for key, label in open_doors.items() if label]
    asked = request.GET.get("as", "")
    chosen = asked if asked in keys else keys[0] if keys else ""
    doors = [Door(key, open_doors[key], key == chosen) for key in keys] if len(keys) > 1 else []
    match chosen:
        case "dashboard":
            return dashboard(request, doors)
        case "branch":
            return branch_home(request, run, doors)
        case "me" if mine is not None:
            return member_home(request, mine, doors)
    if may(user, Capability.ACCOUNTS_MANAGE):
        return redirect("branches:account_list")
    if may(user, Capability.AUDIT_VIEW):
        return redirect("branches:audit_list")
    return render(request, "points/nobody.html")
