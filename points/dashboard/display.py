"""The screen of a meeting room: sums alone, refreshed by itself; its links are made and revoked by the office."""

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from branches.access import require
from branches.choices import BranchLevel, Capability
from branches.displays import HOURS, make_display, revoke_display, standing
from branches.feed import AN_HOUR, PER_ADDRESS, open_link, too_often
from branches.middleware import client_address
from branches.models import AccessLink, Branch
from points.dashboard import panels, roll_panels
from points.dashboard.scope import read_scope
from points.dashboard.span import make_span

PER_LINK: Final = 600  # readings of one link an hour: ten screens that ask every minute
MOST: Final = 28  # lines a screen has room for: two columns
STOP_POLLING: Final = 286  # htmx: swap, and do not ask again


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def display_list(request: HttpRequest) -> HttpResponse:
    """The open links, and the form that makes one and shows its address this once."""
    require(request.user, Capability.ORG_MANAGE)
    if request.method != "POST":
        return _list(request)
    asked = request.POST.get("branch", "")
    nodes = Branch.objects.visible_to(request.user, Capability.ORG_MANAGE)
    node = get_object_or_404(nodes, pk=int(asked) if asked.isdecimal() and len(asked) < 18 else 0)
    try:
        token = make_display(branch=node, actor=request.user)
    except ValidationError as error:
        return _list(request, status=422, error=error.messages[0])
    return _list(request, address=request.build_absolute_uri(reverse("display", args=[token])))


def _list(request: HttpRequest, *, status: int = 200, **extra: Any) -> HttpResponse:
    nodes = Branch.objects.visible_to(request.user, Capability.ORG_MANAGE).exclude(level=BranchLevel.GROUP)
    context = {
        "links": list(standing(request.user).order_by("-pk")),
        "nodes": list(nodes.filter(dissolved_on__isnull=True)[:200]),
        "hours": HOURS,
    }
    return render(request, "points/dashboard/display_list.html", context | extra, status=status)


@login_required
@require_POST
def display_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    link = get_object_or_404(standing(request.user), pk=pk)
    if revoke_display(link=link, actor=request.user):
        messages.success(request, "大屏链接已停用，屏幕将在一分钟内停止显示。")
    return redirect("display_list")


@require_safe
@sensitive_variables("token")
def display(request: HttpRequest, token: str) -> HttpResponse:
    """The page without a log-in; `display_panel` is what it asks for every minute."""
    return _screen(request, token, "points/dashboard/display.html", gone=404)


@require_safe
@sensitive_variables("token")
def display_panel(request: HttpRequest, token: str) -> HttpResponse:
    return _screen(request, token, "points/dashboard/_screen.html", gone=STOP_POLLING)


def _screen(request: HttpRequest, token: str, template: str, *, gone: int) -> HttpResponse:
    link = open_link(AccessLink.Kind.DISPLAY, token)
    key = f"display:{link.pk}" if link else f"address:{client_address(request)}"
    if too_often(key, PER_LINK if link else PER_ADDRESS):
        text = "读取过于频繁，请一小时后再试。"
        headers = {"Retry-After": str(AN_HOUR)}
        return HttpResponse(text, status=429, content_type="text/plain; charset=utf-8", headers=headers)
    try:
        context = _sums(link) if link else None
    except Http404:  # who made it may no longer see it
        context = None
    if context is None:
        return render(request, template, {"gone": True}, status=gone)
    return render(request, template, context | {"panel_url": reverse("display_panel", args=[token])})


def _sums(link: AccessLink) -> dict[str, Any]:
    """Of the present month. Raises Http404. Nothing of it names a person."""
    now, today = timezone.localtime(), timezone.localdate()
    span = make_span("month", today, today)
    scope = read_scope(link.user, Capability.DASHBOARD_VIEW, str(link.branch_id), span)
    shown, owed = panels.activities(scope, span), panels.owed(scope, today)
    lines = sorted(
        shown.units, key=lambda row: (-owed.late.get(row.unit.pk, 0), row.completion.percent or 0, row.unit.path)
    )
    return {
        "place": link.branch,
        "now": now,
        "span": span,
        "scope": scope,
        "activities": shown,
        "owed": owed,
        "heads": panels.heads(scope, span),
        "development": roll_panels.development(scope, span),
        "lines": [(row, panels.short_name(row.unit), owed.late.get(row.unit.pk, 0)) for row in lines[:MOST]],
        "hidden": max(0, len(lines) - MOST),
    }
