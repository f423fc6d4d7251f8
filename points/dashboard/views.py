"""The committee's page, put together from its panels."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from branches.access import may
from branches.choices import Capability
from points.dashboard import boards, panels
from points.dashboard.span import read_span
from points.ledger.nightly import proof
from points.waiting import explanations, to_confirm


def dashboard(request: HttpRequest, doors: list[Any]) -> HttpResponse:
    """?span=month|quarter|year&month=YYYY-MM. The caller has asked for the capability."""
    user, today = request.user, timezone.localdate()
    span = read_span(request.GET.get("span", ""), request.GET.get("month", ""), today)
    branches = panels.branches_of(user, span)
    heads = panels.heads(user, span)
    is_month = span.key == "month"
    asked = explanations(user)
    confirm = to_confirm(user, today)
    context = {
        "doors": doors,
        "span": span,
        "now": timezone.now(),
        "branches": branches,
        "heads": heads,
        "duties": panels.duties(user, span),
        "attendance": panels.attendance(user, span, branches),
        "points": panels.points_by_branch(user, span, branches, heads.by_branch),
        "spread": panels.distribution(user, span, branches),
        "headcount": panels.headcount(user, span, heads.total),
        "overdue": panels.overdue(user, span),
        "waiting": panels.waiting_count(user),
        "asked": asked,
        "confirm": confirm,
        "mine": len(asked) + len(confirm),
        "proof": proof(user),
        "own": panels.own_months(user, today),
        "board": boards.month_board(user, span, branches, heads.by_branch) if is_month else None,
        "sums": None if is_month else boards.span_board(user, span, branches, heads.by_branch),
        "reads": may(user, Capability.ACTIVITY_VIEW),
        "sees_points": may(user, Capability.POINTS_VIEW),
        "sees_roster": may(user, Capability.ROSTER_VIEW),
    }
    return render(request, "points/dashboard.html", context)
