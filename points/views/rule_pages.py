"""Reading the rule book: the catalogue in force, the editions, one of them, and what it changed."""

from datetime import date
from typing import Any, NamedTuple

from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from branches.access import may, require
from branches.choices import BranchLevel, Capability
from branches.models import Branch, User
from config.documents.responses import TYPES, safe_name
from points.ledger import registry
from points.models import RuleVersion
from points.rulebook.book import RuleBook, edition_of, plan_of, rule_sections
from points.rulebook.differences import differences
from points.rulebook.feeds import feed_labels, feed_words
from points.rulebook.publishing import edition_before
from points.rulebook.workbook import write


@login_required
@require_GET
def rule_list(request: HttpRequest) -> HttpResponse:
    """The catalogue in force today."""
    require(request.user, Capability.RULES_VIEW)
    edition = RuleBook().on(_hospital_of(request.user), timezone.localdate())
    query = request.GET.get("q", "").strip()[:30]
    context = {"edition": edition, "sections": rule_sections(edition, query), "query": query}
    return render(request, "points/rule_list.html", context | catalogue_words())


def catalogue_words() -> dict[str, Any]:
    """What the tables of items need beside the items."""
    return {"feeds": registry.feeds(), "feed_words": feed_words(registry.feeds())}


def _hospital_of(user: User) -> int | None:
    """The hospital whose rules a reader is shown: that of the first post held today."""
    nodes = [post.branch_id for post in user.current_posts]
    first = Branch.objects.filter(pk__in=nodes).order_by("path").values_list("hospital_id", "pk", "level").first()
    if first is None:
        return None
    hospital, pk, level = first
    return hospital or (pk if level == BranchLevel.COMMITTEE else None)


class Line(NamedTuple):
    """An edition in the list; `state` is one of draft, waiting, running, stopped."""

    version: RuleVersion
    state: str


def lines_of(versions: list[RuleVersion], hospital: int | None, today: date) -> list[Line]:
    """The editions of one hospital, its own and the default, newest first."""
    running = RuleBook().on(hospital, today).version
    mine = [one for one in versions if one.hospital_id in (hospital, None)]

    def state(one: RuleVersion) -> str:
        if one.published_at is None:
            return "draft"
        if running is not None and one.pk == running.pk:
            return "running"
        begins_later = one.valid_from > today and (one.hospital_id == hospital or running is None)
        return "waiting" if begins_later else "stopped"

    return [Line(one, state(one)) for one in sorted(mine, key=lambda one: one.valid_from, reverse=True)]


@login_required
@require_GET
def rule_editions(request: HttpRequest) -> HttpResponse:
    """?hospital=: the editions a reader may see, with what the Party office may do."""
    require(request.user, Capability.RULES_VIEW)
    versions = list(RuleVersion.objects.readable_by(request.user).select_related("hospital", "published_by"))
    hospitals = hospitals_of(request.user, versions)
    asked = request.GET.get("hospital", "")
    hospital = next((one for one in hospitals if str(one.pk) == asked), hospitals[0] if hospitals else None)
    context = {
        "hospitals": hospitals,
        "hospital": hospital,
        "lines": lines_of(versions, hospital.pk if hospital else None, timezone.localdate()),
        "writes": hospital is not None and may(request.user, Capability.RULES_WRITE, hospital),
    }
    return render(request, "points/rule_editions.html", context)


def hospitals_of(user: User, versions: list[RuleVersion]) -> list[Branch]:
    """Where the reader may write rules, else whose rules there are to read; in the order of the tree."""
    found = {one.pk: one for one in writable_hospitals(user)}
    own = _hospital_of(user)
    if own is not None and own not in found:
        found |= Branch.objects.in_bulk([own])
    found |= {one.hospital_id: one.hospital for one in versions if one.hospital_id}
    return sorted(found.values(), key=lambda one: one.path)


def writable_hospitals(user: User) -> list[Branch]:
    return list(Branch.objects.visible_to(user, Capability.RULES_WRITE).filter(hospital_id=F("pk")))


def readable_edition(request: HttpRequest, pk: int) -> RuleVersion:
    versions = RuleVersion.objects.readable_by(request.user).select_related("hospital", "published_by")
    return get_object_or_404(versions, pk=pk)


@login_required
@require_GET
def rule_edition(request: HttpRequest, pk: int) -> HttpResponse:
    """One edition, item by item; of a draft, everything that can be done with it."""
    version = readable_edition(request, pk)
    edition = edition_of(version, version.items.all())
    query = request.GET.get("q", "").strip()[:30]
    state = next(
        line.state
        for line in lines_of([version], version.hospital_id or _hospital_of(request.user), timezone.localdate())
    )
    context = {
        "version": version,
        "edition": edition,
        "state": state,
        "query": query,
        "sections": rule_sections(edition, query),
        "writes": version.hospital is not None and may(request.user, Capability.RULES_WRITE, version.hospital),
        "edits": state == "draft" and not query,
    }
    return render(request, "points/rule_edition.html", context | catalogue_words())


@login_required
@require_GET
def rule_compare(request: HttpRequest, pk: int) -> HttpResponse:
    """What an edition changes against the one before."""
    version = readable_edition(request, pk)
    before = edition_before(version)
    found = None
    if before.version is not None:
        old = plan_of(before.version, before.rows.values())
        found = differences(old, plan_of(version), feed_labels(registry.feeds()))
    context = {"version": version, "before": before.version, "found": found}
    return render(request, "points/rule_compare.html", context)


@login_required
@require_GET
def rule_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The edition as a workbook that can be read back into a draft."""
    version = readable_edition(request, pk)
    body = write(plan_of(version), feed_labels(registry.feeds()))
    response = HttpResponse(body, content_type=TYPES["xlsx"])
    name = safe_name(f"{version.name}_{version.valid_from:%Y-%m}.xlsx")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    response["Cache-Control"] = "private, no-store"
    return response
