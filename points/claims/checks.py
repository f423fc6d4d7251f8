"""The spot check of the Party office (抽查): at least a tenth of each branch's claims of a quarter, marked as seen.

The sample follows from the quarter alone, so that nobody picks it. What turns out wrong is voided, or objected to.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import Final, NamedTuple

from django.db import transaction

from activities.choices import Period
from activities.plan.periods import Span, span_of
from branches.audit import record
from branches.models import AuditEntry, Branch, User
from points.choices import ClaimState
from points.claims.rules import sample_size
from points.models import Claim

CHECKED: Final = "claim.checked"


class Share(NamedTuple):
    """One branch in a quarter: how many were accepted, how many are to be seen, how many were."""

    branch: Branch
    accepted: int
    wanted: int
    seen: int


def quarter_of(day: date) -> Span:
    return span_of(Period.QUARTER, day)


def sample_of(branches: Iterable[Branch], quarter: Span) -> tuple[list[Share], list[int]]:
    """How each branch stands, and the ids of the claims drawn. Three statements for any number of branches."""
    nodes = {branch.pk: branch for branch in branches}
    rows = Claim.objects.filter(
        branch__in=nodes, month__range=(quarter.start, quarter.end), state=ClaimState.ACCEPTED, source_kind=""
    )
    by_branch: dict[int, list[int]] = defaultdict(list)
    for pk, branch in rows.values_list("pk", "branch"):
        by_branch[branch].append(pk)
    drawn = {
        branch: sorted(ids, key=lambda pk: _lot(quarter, pk))[: sample_size(len(ids))]
        for branch, ids in by_branch.items()
    }
    seen = checked([pk for ids in by_branch.values() for pk in ids])
    shares = [
        Share(nodes[pk], len(ids), len(drawn[pk]), len(seen & set(ids)))
        for pk, ids in sorted(by_branch.items(), key=lambda pair: nodes[pair[0]].path)
    ]
    return shares, [pk for ids in drawn.values() for pk in ids]


def checked(ids: Collection[int]) -> set[int]:
    """Which of these claims the office has seen."""
    lines = AuditEntry.objects.filter(target_type=Claim._meta.label_lower, target_id__in=ids, action=CHECKED)
    return set(lines.values_list("target_id", flat=True))


@transaction.atomic
def mark_checked(*, claims: Iterable[Claim], actor: User) -> int:
    """Put on the trail that these were looked at and are right; once for each. One's own are left to a colleague."""
    rows = Claim.objects.filter(pk__in=[claim.pk for claim in claims], state=ClaimState.ACCEPTED)
    locked = list(
        rows.exclude(member__user=actor).select_for_update(of=("self",)).select_related("branch").order_by("pk")
    )
    known = checked([claim.pk for claim in locked])
    fresh = [claim for claim in locked if claim.pk not in known]
    for claim in fresh:
        record(actor=actor, action=CHECKED, target=claim, branch=claim.branch)
    return len(fresh)


def _lot(quarter: Span, pk: int) -> str:
    return hashlib.sha256(f"{quarter.start.isoformat()}|{pk}".encode()).hexdigest()
