"""Accepted claims, and deductions that were announced and are posted."""

from collections.abc import Collection, Iterable
from typing import Final

from django.urls import reverse
from django.utils import timezone

from branches.models import User
from points.choices import ClaimState
from points.ledger.posting import CLAIM
from points.ledger.registry import Award, Awards, Booked, Source, register
from points.models import Claim
from points.rulebook.book import RuleBook

KIND: Final = CLAIM


def awards_of(ids: Collection[int], book: RuleBook) -> Awards:
    """As decided: a later edition does not change what was accepted. One statement."""
    result: Awards = {pk: [] for pk in ids}
    rows = Claim.objects.filter(pk__in=ids, state=ClaimState.ACCEPTED).select_related("rule").order_by("pk")
    for claim in rows:
        award = Award(claim.member_id, claim.branch_id, claim.happened_on, claim.rule, claim.points, _reason(claim))
        result[claim.pk].append(award)
    return result


def lock(ids: Collection[int]) -> None:
    list(Claim.objects.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk").values_list("pk"))


def _reason(claim: Claim) -> str:
    """What the ledger says for good: of what the discipline side entered not even the item."""
    if claim.source_kind or claim.is_confidential:
        return claim.title
    return f"{claim.rule.title}：{claim.title}"[:120]


def links(ids: Collection[int], reader: User) -> dict[int, str]:
    """The pages of claims this reader may open. One statement."""
    seen = Claim.objects.readable_by(reader).filter(pk__in=ids).values_list("pk", flat=True)
    return {pk: reverse("points:claim_detail", args=[pk]) for pk in seen}


def booked(ids: Collection[int]) -> dict[int, Booked]:
    rows = Claim.objects.filter(pk__in=ids).values_list("pk", "revision", "decided_at")
    now = timezone.now()
    return {pk: Booked(max(1, revision), timezone.localdate(at or now)) for pk, revision, at in rows}


def worth_asking(year: int | None) -> Iterable[int]:
    accepted = Claim.objects.filter(state=ClaimState.ACCEPTED)
    of_year = accepted.filter(month__year=year) if year else accepted
    return of_year.order_by("pk").values_list("pk", flat=True).iterator()


register(Source(KIND, "申报", {}, awards_of, booked, worth_asking, lock=lock, links=links))
