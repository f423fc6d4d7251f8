"""Star ratings: all branches of a hospital, and the score card of one."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from branches.access import may, require
from branches.choices import BranchLevel, Capability
from branches.models import Branch, User
from points.stars import card_page
from points.stars.doors import Reader
from points.stars.rules import decimal
from points.stars.standing import Rated, Standing, standing_of
from points.views.pages import FIRST_YEAR, asked_year
from points.views.star_panels import branch_panels, round_panel

VIEW, REVIEW, APPROVE = Capability.STARS_VIEW, Capability.STARS_REVIEW, Capability.STARS_APPROVE


@login_required
@require_GET
def star_list(request: HttpRequest) -> HttpResponse:
    """?year=&hospital=: who stands where; whoever sees one branch goes straight to it."""
    require(request.user, VIEW)
    year = asked_year(request, timezone.localdate().year)
    seen = Branch.objects.visible_to(request.user, VIEW).branches()
    hospitals = _hospitals(request.user)
    chosen = next((one for one in hospitals if str(one.pk) == request.GET.get("hospital")), None)
    if len(hospitals) == 1 and seen.count() == 1:
        return redirect("points:star_detail", seen.values_list("pk", flat=True)[0], year)
    return list_page(request, chosen or (hospitals[0] if hospitals else None), year)


def _hospitals(user: User) -> list[Branch]:
    seen = Branch.objects.visible_to(user, VIEW).branches()
    return list(Branch.objects.filter(pk__in=seen.order_by().values("hospital"), level=BranchLevel.COMMITTEE))


def list_page(
    request: HttpRequest, hospital: Branch | None, year: int, *, status: int = 200, **extra: Any
) -> HttpResponse:
    """All branches of a hospital that the reader sees, with what the office does for the round."""
    today = timezone.localdate()
    seen = Branch.objects.visible_to(request.user, VIEW).branches()
    mine = set(seen.filter(hospital=hospital).values_list("pk", flat=True)) if hospital else set()
    try:
        standing = standing_of(hospital, year, today) if hospital else None
    except LookupError:
        standing = None
    rows = [one for one in standing.rated if one.branch.pk in mine] if standing else []
    rows = [card_page.RowView.of(one) for one in rows]
    context = {
        "year": year,
        "years": [today.year, today.year - 1],
        "hospitals": _hospitals(request.user),
        "hospital": hospital,
        "standing": standing,
        "rows": rows,
        "counts": [(n, card_page.STAR_WORDS[n], sum(one.stars == n for one in rows)) for n in (5, 4, 3, 2, 1)],
        "unrated": sum(one.decision is None for one in rows),
    }
    runs = hospital is not None and any(may(request.user, can, hospital) for can in (REVIEW, APPROVE))
    if runs and standing is not None and hospital is not None:
        context["round_panel"] = round_panel(request.user, hospital, standing, today)
    return render(request, "points/stars/star_list.html", context | extra, status=status)


def rated_of(user: User, pk: int, year: int) -> tuple[Rated, Standing]:
    """A branch of the reader's scope in a year there can be; anything else is unknown."""
    today = timezone.localdate()
    seen = Branch.objects.visible_to(user, VIEW).branches().select_related("hospital")
    branch: Branch = get_object_or_404(seen, pk=pk)
    if not FIRST_YEAR <= year <= today.year or branch.hospital is None:
        raise Http404
    try:
        standing = standing_of(branch.hospital, year, today)
    except LookupError as error:
        raise Http404 from error
    rated = standing.of(branch.pk)
    if rated is None:  # founded later, or dissolved before
        raise Http404
    return rated, standing


@login_required
@require_GET
def star_detail(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    """The score card line by line; ?show=lacking: only what is not full."""
    return detail_page(request, *rated_of(request.user, pk, year))


def detail_page(
    request: HttpRequest, rated: Rated, standing: Standing, *, status: int = 200, **extra: Any
) -> HttpResponse:
    context = detail_context(request, rated, standing)
    context |= branch_panels(request.user, rated, standing, timezone.localdate())
    return render(request, "points/stars/star_detail.html", context | extra, status=status)


def detail_context(request: HttpRequest, rated: Rated, standing: Standing) -> dict[str, Any]:
    today = timezone.localdate()
    lacking = request.GET.get("show") == "lacking"
    lines = rated.rating.lines
    reader = Reader(request.user, rated.branch)
    next_star = rated.stars + 1 if rated.decision and rated.stars < 5 else 0
    actions = card_page.actions_of(rated, reader)
    return {
        "rated": rated,
        "rating": rated.rating,
        "branch": rated.branch,
        "year": rated.year,
        "years": [today.year, today.year - 1],
        "standing": standing,
        "word": card_page.STAR_WORDS[rated.stars],
        "score": decimal(rated.rating.score),
        "most": decimal(rated.rating.max),
        "groups": card_page.groups_of(lines, reader, lacking=lacking),
        "lacking": lacking,
        "n_lines": len(lines),
        "n_lacking": sum(line.applicable and not line.is_full for line in lines),
        "actions": actions,
        "reachable": min(rated.rating.total + sum(one.gain for one in actions), 110),
        "next_word": card_page.STAR_WORDS.get(next_star, "") if next_star else "",
        "short": rated.next_from - rated.rating.total if rated.next_from else None,
        "rungs": card_page.rungs_of(rated),
        "conditions": card_page.conditions_of(rated),
        "how": card_page.decision_words(rated),
        "stages": card_page.stages_of(rated, standing.round, today),
        "marks": card_page.marks_of(rated),
        "several": may(request.user, Capability.DASHBOARD_VIEW),
        "enters": may(request.user, Capability.STARS_REVIEW, rated.branch) and not rated.is_frozen,
    }
