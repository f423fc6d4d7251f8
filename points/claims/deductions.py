"""What becomes of an announced deduction: posted once its month is closed, or lifted by an upheld objection."""

from collections.abc import Collection
from datetime import date

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from branches.audit import record
from branches.models import User
from points.choices import ClaimState, PeriodKind, PeriodState
from points.ledger.deductions import tell_members
from points.ledger.posting import CLAIM, post_many, post_source
from points.ledger.rollups import lock_people
from points.models import Claim, Objection, PeriodClose


@transaction.atomic
def post_due(*, branch_ids: Collection[int], today: date, actor: User | None) -> int:
    """Post what was announced in months that are closed now, whose day has come and that nobody contradicts.

    Returns how many. Again posts nothing twice: the rows are locked, and only announced ones are taken.
    """
    closed = PeriodClose.objects.filter(
        branch=OuterRef("branch"), kind=PeriodKind.MONTH, start=OuterRef("month")
    ).exclude(state=PeriodState.OPEN)
    contradicted = Objection.objects.filter(claim=OuterRef("pk")).unsettled(today)
    due = Claim.objects.filter(
        Exists(closed),
        ~Exists(contradicted),
        branch__in=branch_ids,
        state=ClaimState.ANNOUNCED,
        postable_from__lte=today,
    )
    if not due.exists():  # as on most days: nobody is locked for nothing
        return 0
    lock_people(due.values("member"))  # before their claims: the order of points.ledger.posting
    claims = list(due.select_for_update(of=("self",)).select_related("branch").order_by("pk"))
    # An objection that was raised while this waited for the lock is seen only now.
    late = set(Objection.objects.filter(claim__in=claims).unsettled(today).values_list("claim", flat=True))
    claims = [claim for claim in claims if claim.pk not in late]
    now = timezone.now()
    for claim in claims:
        claim.state, claim.decided_by, claim.decided_at = ClaimState.ACCEPTED, actor, now
        claim.revision += 1
        claim.version += 1
        claim.save(update_fields=["state", "decided_by", "decided_at", "revision", "version", "updated_at"])
        changes = {"points": [None, claim.points], "code": [None, claim.rule_code]}
        record(actor=actor, action="deduction.posted", target=claim, branch=claim.branch, changes=changes)
    post_many(source_kind=CLAIM, source_ids=[claim.pk for claim in claims], actor=actor)
    tell_members(claims, "posted")
    return len(claims)


@transaction.atomic
def lift_deduction(*, claim: Claim, actor: User) -> Claim:
    """An objection was upheld: the deduction is gone for good, its entry (if posted) is reversed."""
    lock_people([claim.member_id])
    claim = Claim.objects.select_for_update(of=("self",)).select_related("branch").get(pk=claim.pk)
    was_posted = claim.state == ClaimState.ACCEPTED
    claim.state, claim.lifted = ClaimState.WITHDRAWN, True
    claim.revision += 1
    claim.version += 1
    claim.save(update_fields=["state", "lifted", "revision", "version", "updated_at"])
    changes = {"code": [claim.rule_code, None]}
    record(actor=actor, action="deduction.lifted", target=claim, branch=claim.branch, changes=changes)
    if was_posted:
        post_source(source_kind=CLAIM, source_id=claim.pk, revision=claim.revision, actor=actor)
    tell_members([claim], "withdrawn")
    return claim
