"""The Party office's spot check of accepted claims, quarter by quarter."""

from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from activities.choices import Period
from activities.plan.periods import Span, periods
from branches.access import require
from branches.choices import Capability
from branches.models import Branch
from points.claims import checks
from points.models import Claim

PER_PAGE: Final = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def claim_check_list(request: HttpRequest) -> HttpResponse:
    """What the lot drew of each branch; those ticked are put on the trail as seen and right."""
    user = request.user
    require(user, Capability.POINTS_CHECK)
    today = timezone.localdate()
    offered = _quarters(today)
    asked = request.POST.get("quarter") or request.GET.get("quarter", "")
    quarter = next((one for one in offered if f"{one.start}" == asked), offered[0])
    branches = list(Branch.objects.visible_to(user, Capability.POINTS_CHECK).branches())
    shares, drawn = checks.sample_of(branches, quarter)
    rows = Claim.objects.readable_by(user).filter(pk__in=drawn).select_related("member__user", "branch", "rule")
    here = f"{reverse('points:claim_check_list')}?quarter={quarter.start}"
    if request.method == "POST":
        ticked = [int(pk) for pk in request.POST.getlist("claim") if pk.isdecimal() and len(pk) < 18]
        done = checks.mark_checked(claims=rows.filter(pk__in=ticked), actor=user)
        if done:
            messages.success(request, f"已记录{done}条抽查属实。")
        else:
            messages.warning(request, "请先勾选没有抽查过的申报；本人的由他人抽查。")
        return redirect(here)
    branch = request.GET.get("branch", "")
    if branch.isdecimal() and len(branch) < 18:
        rows = rows.filter(branch=int(branch))
    page = Paginator(rows.order_by("branch__path", "happened_on", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    seen = checks.checked([claim.pk for claim in page.object_list])
    context: dict[str, Any] = {
        "quarters": [(f"{one.start}", f"{one.start.year}年{one.label}") for one in offered],
        "quarter": f"{quarter.start}",
        "shares": shares,
        "page": page,
        "lines": [(claim, claim.pk in seen, claim.member.user_id == user.pk) for claim in page.object_list],
        "branch": branch,
        "desk": "checks",
    }
    return render(request, "points/claims/check_list.html", context)


def _quarters(today: date) -> list[Span]:
    """This quarter and the seven before, the latest first."""
    found = [one for year in (today.year - 2, today.year - 1, today.year) for one in periods(Period.QUARTER, year)]
    return [one for one in reversed(found) if one.start <= today][:8]
