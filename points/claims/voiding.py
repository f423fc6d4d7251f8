"""An accepted claim whose entry was contradicted with success is void; voiding by hand is points.claims.reviewing."""

from django.db import transaction

from branches.audit import record
from branches.models import User
from points.choices import ClaimState
from points.ledger.posting import CLAIM, post_source
from points.ledger.rollups import lock_people
from points.models import Claim


@transaction.atomic
def void_upheld(*, claim: Claim, actor: User) -> Claim:
    """Take its entry back, whoever decided on the objection; the deed may be claimed anew. Again changes nothing."""
    lock_people([claim.member_id])  # before the claim: the order of points.ledger.posting
    claim = Claim.objects.select_for_update(of=("self",)).select_related("branch").get(pk=claim.pk)
    if claim.state != ClaimState.ACCEPTED:
        return claim
    claim.state = ClaimState.VOIDED
    claim.revision += 1
    claim.version += 1
    claim.save(update_fields=["state", "revision", "version", "updated_at"])
    changes = {"code": [claim.rule_code, None], "reason": [None, "异议成立"]}
    record(actor=actor, action="claim.voided", target=claim, branch=claim.branch, changes=changes)
    post_source(source_kind=CLAIM, source_id=claim.pk, revision=claim.revision, actor=actor)
    return claim
