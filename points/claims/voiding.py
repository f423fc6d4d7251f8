"""An accepted claim is declared void: its entry is taken back, and the claim stays as a record of what was claimed."""

from django.core.exceptions import ValidationError
from django.db import transaction

from branches.audit import record
from branches.models import User
from points.choices import ClaimState
from points.ledger.posting import CLAIM, post_many
from points.models import Claim


@transaction.atomic
def void_claim(*, claim: Claim, reason: str, actor: User) -> Claim:
    """Again changes nothing. Raises ValidationError for a claim that never became an entry."""
    claim = Claim.objects.select_for_update(of=("self",)).select_related("branch").get(pk=claim.pk)
    if claim.state == ClaimState.VOIDED:
        return claim
    if claim.state != ClaimState.ACCEPTED:
        raise ValidationError("这份申报没有入账，不需要作废。")
    claim.state = ClaimState.VOIDED
    claim.revision += 1
    claim.version += 1
    claim.save(update_fields=["state", "revision", "version", "updated_at"])
    changes = {"code": [claim.rule_code, None], "reason": [None, reason[:200]]}
    record(actor=actor, action="claim.voided", target=claim, branch=claim.branch, changes=changes)
    post_many(source_kind=CLAIM, source_ids=[claim.pk], actor=actor)
    return claim
