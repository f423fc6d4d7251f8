"""Reading score cards: which one is in force for whom, the editions, one of them, and what it changed."""

from django.contrib.auth.decorators import login_required
from django.db.models import Count, F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from branches.access import may, require
from branches.choices import BranchLevel, Capability
from branches.models import Branch, User
from config.documents.responses import document_response
from points.choices import MarkKind
from points.models import Scorecard
from points.stars.card_editing import category_words
from points.stars.card_publishing import edition_before
from points.stars.card_reading import card_paper, groups_of, listed, marks_of, rule_words, running
from points.stars.card_rules import differences, sum_problem, total_of
from points.stars.cards import CardBook, edition_of

VIEW, WRITE = Capability.STARS_VIEW, Capability.STARS_REVIEW


def writable_hospitals(user: User) -> list[Branch]:
    return list(Branch.objects.visible_to(user, WRITE).filter(hospital_id=F("pk")))


def hospitals_of(user: User) -> list[Branch]:
    """Whose cards a reader may see, in the order of the tree."""
    seen = Branch.objects.visible_to(user, VIEW).order_by().values("hospital")
    return list(Branch.objects.filter(pk__in=seen, level=BranchLevel.COMMITTEE).order_by("path"))


@login_required
@require_GET
def star_cards(request: HttpRequest) -> HttpResponse:
    """?hospital=: which card branches of each category are rated by, and all editions."""
    require(request.user, VIEW)
    year = timezone.localdate().year
    hospitals = hospitals_of(request.user)
    asked = request.GET.get("hospital", "")
    hospital = next((one for one in hospitals if str(one.pk) == asked), hospitals[0] if hospitals else None)
    lines, cards = [], list[Scorecard]()
    if hospital is not None:
        nodes = Branch.objects.branches().filter(hospital=hospital, dissolved_on__isnull=True).order_by()
        counts = dict(nodes.values("category").annotate(n=Count("pk")).values_list("category", "n"))
        lines = running(hospital.pk, CardBook([hospital.pk]), counts, year)
        seen = Scorecard.objects.readable_by(request.user).select_related("published_by")
        cards = [one for one in seen if one.hospital_id in (hospital.pk, None)]
    context = {
        "hospitals": hospitals,
        "hospital": hospital,
        "year": year,
        "next_year": year + 1,
        "lines": lines,
        "editions": listed(cards, lines, year),
        "writes": hospital is not None and may(request.user, WRITE, hospital),
    }
    return render(request, "points/stars/card_list.html", context)


def readable_card(request: HttpRequest, pk: int) -> Scorecard:
    cards = Scorecard.objects.readable_by(request.user).select_related("hospital", "published_by")
    return get_object_or_404(cards.prefetch_related("lines"), pk=pk)


@login_required
@require_GET
def star_card(request: HttpRequest, pk: int) -> HttpResponse:
    """One edition, line by line; of a draft, everything that can be done with it. ?format=docx, pdf or xlsx."""
    card = readable_card(request, pk)
    if format := request.GET.get("format"):
        return document_response(request, card_paper(card), format, f"{card.name}_{card.valid_from}年")
    edition = edition_of(card)
    total = total_of(edition.card.lines)
    context = {
        "card": card,
        "category": category_words(card.category),
        "groups": groups_of(card.lines.all()),
        "total": total,
        "wrong_sum": sum_problem(total),
        "rules": rule_words(edition.card, general=not card.category),
        "bonuses": marks_of(edition.card, MarkKind.BONUS),
        "deductions": marks_of(edition.card, MarkKind.DEDUCTION),
        "edits": card.published_at is None,
    }
    return render(request, "points/stars/card_detail.html", context)


@login_required
@require_GET
def star_card_compare(request: HttpRequest, pk: int) -> HttpResponse:
    """What an edition changes against the one before."""
    card = readable_card(request, pk)
    before = edition_before(card)
    found = differences(edition_of(before), edition_of(card)) if before else None
    return render(request, "points/stars/card_compare.html", {"card": card, "before": before, "found": found})
