"""One-vote vetoes (一票否决): the number and the day of a decision made elsewhere, confirmed by three different people.

Entered by the discipline side, reviewed by the secretary, confirmed by the Party office (points.claims.reviewing): then
it is an entry of 0 points, which the annual grade asks for. Until then who entered it may take it back; later it is
lifted by voiding it, with the number of that document.
"""

import uuid
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from branches.access import may
from branches.audit import record
from branches.choices import Capability
from branches.models import User
from members.models import Member
from points.choices import Category, ClaimOrigin, ClaimState
from points.claims.announcing import document_key, document_of
from points.claims.choosing import Terms, terms_on
from points.claims.declaring import Deed, fill, keep, lock_member, of_form, require_month
from points.claims.reviewing import REASON
from points.claims.telling import hand_on, settled
from points.models import Claim, PointsBatch, RuleItem

HUSHED = "一票否决"


@transaction.atomic
def enter_veto(
    *, member: Member, code: str, decided_on: date, document_no: str, form_key: uuid.UUID, actor: User
) -> Claim:
    """Enter a veto for review. The same form sent twice gives one. Raises ValidationError by field."""
    if member.user_id == actor.pk:
        raise ValidationError({"member": "本人的一票否决由他人登记。"})
    if standing := of_form(form_key, member):
        return standing
    try:
        terms = terms_on(member, decided_on)
    except ValidationError as error:
        raise ValidationError({"decided_on": error.messages}) from error
    rule = terms.edition.rows.get(code)
    if rule is None or rule.category != Category.VETO:
        raise ValidationError({"code": "请选择一票否决的情形。"})
    if not may(actor, Capability.DISCIPLINE_WRITE, terms.branch):
        raise ValidationError({"member": f"{terms.branch.name}的一票否决由该支部纪检委员或纪委登记。"})
    require_month(terms.branch, decided_on)
    lock_member(member)
    return of_form(form_key, member) or write_veto(
        member=member,
        rule=rule,
        terms=terms,
        decided_on=decided_on,
        document_no=document_no,
        form_key=form_key,
        actor=actor,
    )


def write_veto(
    *,
    member: Member,
    rule: RuleItem,
    terms: Terms,
    decided_on: date,
    document_no: str,
    form_key: uuid.UUID,
    actor: User,
    batch: PointsBatch | None = None,
) -> Claim:
    """The claim behind a veto, declared; the caller holds the locks on branch and member."""
    document_no = document_of(document_no)
    if not document_no:
        raise ValidationError({"document_no": "请填写决定的文号。"})
    origin = ClaimOrigin.IMPORT if batch else ClaimOrigin.OFFICER
    claim = Claim(member=member, form_key=form_key, origin=origin, document_no=document_no, batch=batch)
    deed = Deed(code=rule.code, happened_on=decided_on, title=HUSHED)
    fill(claim, rule=rule, deed=deed, terms=terms, actor=actor)
    claim.deed = document_key(claim.rule_code, document_no)
    claim.state, claim.declared_at = ClaimState.DECLARED, timezone.now()
    keep(claim)
    changes = {"code": [None, claim.rule_code], "document_no": [None, document_no]}
    record(actor=actor, action="veto.entered", target=claim, branch=claim.branch, changes=changes)
    hand_on(claim)
    return claim


@transaction.atomic
def withdraw_veto(*, claim: Claim, reason: str, actor: User) -> Claim:
    """Take back what one entered, before both have confirmed it; nobody is told, and it may be entered again."""
    rows = Claim.objects.select_for_update(of=("self",)).select_related("branch", "member", "rule")
    claim = rows.get(pk=claim.pk, category=Category.VETO)
    if claim.state != ClaimState.DECLARED:
        raise ValidationError(f"这项一票否决{claim.state_words}，不能撤回。")
    if claim.declared_by_id != actor.pk:
        raise ValidationError("撤回由登记人办理；登记人不能办理的，由审核人选“不予确认”。")
    reason = " ".join(reason.split())
    if len(reason) not in REASON:
        raise ValidationError({"reason": "请写明撤回的原因（2至200字）。"})
    claim.state, claim.comment = ClaimState.WITHDRAWN, reason
    claim.version += 1
    claim.save(update_fields=["state", "comment", "version", "updated_at"])
    settled(claim)
    changes = {"code": [claim.rule_code, None], "reason": [None, reason]}
    record(actor=actor, action="veto.withdrawn", target=claim, branch=claim.branch, changes=changes)
    return claim


def takes_back_veto(user: User, claim: Claim) -> bool:
    return claim.is_veto and claim.state == ClaimState.DECLARED and claim.declared_by_id == user.pk
