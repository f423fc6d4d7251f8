"""The answers to requests that are refused."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from branches.access import Refused
from branches.audit import record
from branches.models import Appointment
from branches.rules import AT_NODE_ONLY, roles_granting


def _holders(request: HttpRequest, refusal: Refused) -> str:
    """Who could do it: at the node or above it; without a node, above the reader's own posts."""
    paths = [refusal.branch.path] if refusal.branch else [post.path for post in request.user.current_posts]
    chain = {path[:n] for path in paths for n in range(4, len(path) + 1, 4)}
    if refusal.branch and refusal.capability in AT_NODE_ONLY:
        chain = {refusal.branch.path}
    holders = Appointment.objects.current(timezone.localdate()).filter(
        role__in=roles_granting(refusal.capability), branch__path__in=chain, user__is_active=True
    )
    names = holders.order_by("-branch__path", "role").values_list("user__name", flat=True)
    return "、".join(list(dict.fromkeys(names))[:6])


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: names the capability that is missing, the roles that hold it, and who has them here."""
    context = {"capability": "打开这个页面", "roles": "", "people": ""}
    if isinstance(exception, Refused):
        roles = roles_granting(exception.capability)
        context["capability"] = exception.capability.label
        context["roles"] = "、".join(role.label for role in roles)
        context["people"] = _holders(request, exception)
    if not request.user.is_authenticated:
        return render(request, "404.html", status=404)
    if isinstance(exception, Refused):
        record(
            actor=request.user,
            action="access.refused",
            target=exception.branch,
            branch=exception.branch,
            changes={"capability": [None, exception.capability.label], "path": [None, request.path[:200]]},
        )
    return render(request, "403.html", context, status=403)


def expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token no longer fits: an old tab, or cookies switched off."""
    return render(request, "expired.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)
