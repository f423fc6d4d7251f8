"""The year's admissions against the plan: a line for each node, and who was admitted."""

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from branches.access import may, require
from branches.choices import BranchLevel, Capability
from branches.models import Branch
from members import development as service
from members.models import DevelopmentPlan
from members.rules import high_level_basis

PER_PAGE: Final = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def development(request: HttpRequest) -> HttpResponse:
    """?year=&branch=: the plan is typed by whoever keeps the organisation."""
    require(request.user, Capability.ROSTER_VIEW)
    this = timezone.localdate().year
    asked = request.GET.get("year", "")
    year = int(asked) if asked in {str(this - 1), str(this), str(this + 1)} else this
    if request.method != "POST":
        return _page(request, year)
    pk, typed = request.POST.get("branch", ""), request.POST.get("planned", "").strip()
    nodes = Branch.objects.visible_to(request.user, Capability.ROSTER_VIEW)
    node = get_object_or_404(nodes, pk=int(pk) if pk.isdecimal() and len(pk) < 18 else 0)
    require(request.user, Capability.ORG_MANAGE, node)
    try:
        if not typed.isdecimal() or len(typed) > 4:
            raise ValidationError({"planned": f"请填写0至{service.MOST}之间的人数。"})
        service.set_plan(branch=node, year=year, planned=int(typed), actor=request.user)
    except ValidationError as exc:
        return _page(request, year, status=422, refused=node.pk, typed=typed, error=exc.messages[0])
    messages.success(request, f"{node}{year}年发展计划已登记为{typed}人。")
    return redirect(f"{reverse('members:development')}?year={year}")


def _page(request: HttpRequest, year: int, *, status: int = 200, **extra: Any) -> HttpResponse:
    """Four statements beside the page of names."""
    user, this = request.user, timezone.localdate().year
    seen = Branch.objects.visible_to(user, Capability.ROSTER_VIEW)
    nodes = list(seen.filter(level__in=service.PLANNING, dissolved_on__isnull=True))
    plans = DevelopmentPlan.objects.visible_to(user, Capability.ROSTER_VIEW).filter(year=year).select_related("branch")
    planned = {plan.branch_id: plan.planned for plan in plans}
    events = service.admitted_in(year).visible_to(user, Capability.ROSTER_VIEW)
    found = service.admissions(events)
    chosen = request.GET.get("branch", "")
    shown = events.filter(branch=int(chosen)) if chosen.isdecimal() and len(chosen) < 18 else events
    people = shown.select_related("member__user", "member__branch", "member__group", "branch").order_by(
        "-recorded_on", "-pk"
    )
    page = Paginator(people, PER_PAGE).get_page(request.GET.get("page"))
    for event in page.object_list:
        event.basis = high_level_basis(title=event.member.title_level, degree=event.member.degree)
    context = {
        "year": year,
        "years": range(this - 1, this + 2),
        "lines": [(node, planned.get(node.pk), found.get(node.pk, service.Admissions()), _own(node)) for node in nodes],
        "page": page,
        "chosen": next((node for node in nodes if str(node.pk) == chosen), None),
        "keeps": may(user, Capability.ORG_MANAGE),
        **extra,
    }
    return render(request, "members/development.html", context, status=status)


def _own(node: Branch) -> bool:
    """Only a branch admits; a committee has a plan for all below it."""
    return node.level == BranchLevel.BRANCH
