"""Deciding on claims: passed on, accepted into the ledger, returned, rejected; and voided afterwards.

The claim is locked first: of fifty reviews at once one counts, the others are told what became of it.
"""

from collections.abc import Iterable
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from branches.access import may
from branches.audit import record
from branches.choices import Capability
from branches.models import User
from points.choices import ClaimOrigin, ClaimState
from points.claims.declaring import require_month
from points.claims.reviewers import Desk
from points.claims.rules import Step
from points.claims.telling import ask_again, hand_on, settled, tell_outcome
from points.ledger.posting import CLAIM, post_source
from points.models import Claim

REASON: Final = range(2, 201)
DOCUMENT: Final = 60


@transaction.atomic
def accept_claim(*, claim: Claim, comment: str = "", actor: User) -> Claim:
    """The first reviewer passes it on; the last one accepts it, and its entry is written with it."""
    claim = _to_decide(claim, actor)
    comment = _comment(comment)
    require_month(claim.branch, claim.happened_on)
    if Desk([claim]).turn(claim).step == Step.FIRST:
        claim.first_by, claim.first_at = actor, timezone.now()
        claim.version += 1
        claim.save(update_fields=["first_by", "first_at", "version", "updated_at"])
        hand_on(claim)
        _record(claim, "claim.first_reviewed", actor, comment)
        return claim
    claim.revision += 1
    _decide(claim, ClaimState.ACCEPTED, comment, actor)
    post_source(source_kind=CLAIM, source_id=claim.pk, revision=claim.revision, actor=actor)
    settled(claim)
    _record(claim, "claim.accepted", actor, comment)
    tell_outcome(claim)
    return claim


@transaction.atomic
def return_claim(*, claim: Claim, comment: str, actor: User) -> Claim:
    """Back to the member, with what has to be mended."""
    claim = _to_decide(claim, actor)
    if claim.origin != ClaimOrigin.MEMBER:
        raise ValidationError("支部登记和批量导入的不能退回本人修改；有误的请选“不通过”，再重新登记。")
    comment = _comment(comment, "请写明需要补充或修改什么（2至200字）。")
    claim.first_by = claim.first_at = None
    _decide(claim, ClaimState.RETURNED, comment, actor)
    settled(claim)
    ask_again(claim)
    _record(claim, "claim.returned", actor, comment)
    tell_outcome(claim)
    return claim


@transaction.atomic
def reject_claim(*, claim: Claim, comment: str, actor: User) -> Claim:
    """Not counted, for a reason the member reads."""
    claim = _to_decide(claim, actor)
    comment = _comment(comment, "请写明不通过的原因（2至200字）。")
    _decide(claim, ClaimState.REJECTED, comment, actor)
    settled(claim)
    _record(claim, "claim.rejected", actor, comment)
    if not claim.is_veto:
        tell_outcome(claim)
    return claim


def accept_many(*, claims: Iterable[Claim], actor: User) -> tuple[int, list[tuple[Claim, str]]]:
    """Accept each for itself, so that one that cannot be holds up none. Returns how many, and the rest with the why."""
    accepted, left = 0, []
    for claim in claims:
        try:
            accept_claim(claim=claim, actor=actor)
        except ValidationError as error:
            left.append((claim, error.messages[0]))
        else:
            accepted += 1
    return accepted, left


@transaction.atomic
def void_claim(*, claim: Claim, reason: str = "", document_no: str = "", actor: User) -> Claim:
    """Take an accepted claim back (该项作废): the entry is reversed, the deed may be claimed anew.

    A veto takes the number of the document that lifts it. What records made is corrected in the record.
    """
    claim = _locked(claim)
    reason, document_no = " ".join(reason.split()), " ".join(document_no.split())
    if claim.state != ClaimState.ACCEPTED:
        raise ValidationError(f"这条积分{claim.state_words}，不能作废。")
    if claim.member.user_id == actor.pk:
        raise ValidationError("本人的积分由他人办理作废。")
    if claim.source_kind:
        raise ValidationError("这条扣分由记录产生，请更正对应的记录，扣分随之冲销。")
    if not may_void(actor, claim):
        raise ValidationError(f"作废由{who_voids(claim)}办理。")
    if len(document_no) > DOCUMENT:
        raise ValidationError({"document_no": f"文号请控制在{DOCUMENT}字以内。"})
    if claim.is_confidential:
        if not document_no:
            raise ValidationError({"document_no": "请填写撤销决定的文号。"})
        reason = ""  # nothing of the case is kept, only the number of the decision
    elif not document_no and len(reason) not in REASON:
        raise ValidationError({"reason": "请写明作废的原因（2至200字），或填写认定文号。"})
    elif len(reason) > REASON.stop - 1:
        raise ValidationError({"reason": "原因请控制在200字以内。"})
    require_month(claim.branch, claim.happened_on)
    claim.revision += 1
    said = "；".join(part for part in (reason, f"文号：{document_no}" if document_no else "") if part)
    _decide(claim, ClaimState.VOIDED, said[:200], actor)
    post_source(source_kind=CLAIM, source_id=claim.pk, revision=claim.revision, actor=actor)
    _record(claim, "claim.voided", actor, said)
    tell_outcome(claim)
    return claim


def may_void(user: User, claim: Claim) -> bool:
    if claim.member.user_id == user.pk or claim.source_kind:
        return False
    if claim.is_veto:
        return may(user, Capability.VETO_CONFIRM, claim)
    if claim.is_confidential:
        return may(user, Capability.DISCIPLINE_WRITE, claim)
    return may(user, Capability.POINTS_REVIEW, claim) or may(user, Capability.DISCIPLINE_WRITE, claim)


def who_voids(claim: Claim) -> str:
    if claim.is_veto:
        return "党委办公室"
    return "纪检委员" if claim.is_confidential else "支部书记、组织委员或纪检委员"


def _to_decide(claim: Claim, actor: User) -> Claim:
    """The claim, locked, once it is certain that this person decides on it now."""
    claim = _locked(claim)
    if claim.state != ClaimState.DECLARED:
        what = "登记" if claim.is_veto else "申报"
        by = f"已由{claim.decided_by.name}处理" if claim.decided_by else "现在不在审核中"
        raise ValidationError(f"这条{what}{by}（{claim.state_words}）。")
    if claim.member.user_id == actor.pk:
        raise ValidationError("本人的申报由他人审核。")
    desk = Desk([claim])
    if actor.pk in desk.turn(claim).people:
        return claim
    if claim.declared_by_id == actor.pk:
        raise ValidationError("您登记的由他人审核。")
    raise ValidationError(f"这条申报现由{desk.words(claim)}审核。")


def _decide(claim: Claim, state: ClaimState, comment: str, actor: User) -> None:
    claim.state, claim.comment, claim.decided_by, claim.decided_at = state, comment, actor, timezone.now()
    claim.version += 1
    claim.save(
        update_fields=[
            "state",
            "comment",
            "decided_by",
            "decided_at",
            "first_by",
            "first_at",
            "revision",
            "version",
            "updated_at",
        ]
    )


def _comment(comment: str, missing: str = "") -> str:
    comment = " ".join(comment.split())
    if (missing and len(comment) not in REASON) or len(comment) >= REASON.stop:
        raise ValidationError({"comment": missing or "意见请控制在200字以内。"})
    return comment


def _record(claim: Claim, action: str, actor: User, comment: str) -> None:
    changes: dict[str, object] = {"points": [None, claim.points], "code": [None, claim.rule_code]}
    if comment:
        changes["comment"] = [None, comment]
    record(actor=actor, action=action, target=claim, branch=claim.branch, changes=changes)


def _locked(claim: Claim) -> Claim:
    rows = Claim.objects.select_for_update(of=("self",))
    rows = rows.select_related("member__user", "member__group", "member__branch", "branch", "rule")
    found = rows.filter(pk=claim.pk).first()
    if found is None:
        raise ValidationError("这条申报已被本人删除。")
    return found
