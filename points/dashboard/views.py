"""The committee's page, put together from its panels; a branch has the same of itself."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from branches.access import may, require
from branches.choices import Capability
from points.dashboard import boards, panels, point_panels, roll_panels, star_panel
from points.dashboard.scope import Scope, choices_of, read_scope
from points.dashboard.span import Span, read_span
from points.dashboard.work import work_of
from points.ledger.nightly import proof


def dashboard(request: HttpRequest, doors: list[Any]) -> HttpResponse:
    """?span=month|quarter|year&month=YYYY-MM&branch=… The caller has asked for the capability."""
    return _page(request, Capability.DASHBOARD_VIEW, doors)


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The same for those who read the points of a branch: its secretary, who has no committee's page."""
    require(request.user, Capability.POINTS_VIEW)
    return _page(request, Capability.POINTS_VIEW, [])


def _page(request: HttpRequest, can: Capability, doors: list[Any]) -> HttpResponse:
    user, today = request.user, timezone.localdate()
    span = read_span(request.GET.get("span", ""), request.GET.get("month", ""), today)
    scope = read_scope(user, can, request.GET.get("branch", ""), span)
    work = work_of(user, today)
    context = figures(scope, span) | {
        "doors": doors,
        "choices": choices_of(scope),
        "overdue": panels.overdue(scope, span),
        "waiting": panels.waiting_count(scope),
        "work": work,
        "kept": [(name, request.GET.get(name, "")) for name in ("as", "span", "month")],
        "proof": proof(user),
        "own": panels.own_months(user, today) if can == Capability.DASHBOARD_VIEW else [],
        "makes_displays": may(user, Capability.ORG_MANAGE),
        "reads": may(user, Capability.ACTIVITY_VIEW),
        "sees_points": may(user, Capability.POINTS_VIEW),
        "sees_roster": may(user, Capability.ROSTER_VIEW),
    }
    return render(request, "points/dashboard.html", context)


def figures(scope: Scope, span: Span) -> dict[str, Any]:
    """What stands in the panels: sums alone, the name of nobody."""
    heads = panels.heads(scope, span)
    one_month = span.key == "month" and not scope.by_hospital
    compared = not scope.by_hospital
    return {
        "scope": scope,
        "span": span,
        "now": timezone.now(),
        "heads": heads,
        "activities": panels.activities(scope, span),
        "owed": panels.owed(scope, span.today),
        "points": point_panels.points_by_branch(scope, span, heads.by_unit) if compared else None,
        "spread": point_panels.distribution(scope, span) if compared else None,
        "headcount": roll_panels.headcount(scope, span, heads.total),
        "development": roll_panels.development(scope, span),
        "stars": star_panel.stars(scope, span),
        "bars": roll_panels.composition_of(scope, span.today) if compared else [],
        "board": boards.month_board(scope, span, heads.by_unit) if one_month else None,
        "sums": None if one_month else boards.span_board(scope, span, heads.by_unit),
    }
