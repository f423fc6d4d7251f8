"""Deductions entered by hand: the member is told at once, and they are posted when the month closes.

Not before three working days after the notice, and not while somebody contradicts. What the discipline side enters
holds the number of a decision made elsewhere and nothing of the case.
"""

import uuid
from datetime import date
from decimal import Decimal
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from branches.access import may
from branches.audit import record
from branches.choices import Capability
from branches.models import User
from branches.working_days import add_working_days, load_calendar
from members.models import Member
from points.choices import Category, ClaimOrigin, ClaimState, Declarer
from points.claims.choosing import terms_on
from points.claims.declaring import Deed, fill, keep, lock_member, of_form, require_month
from points.claims.rules import NOTICE_DAYS
from points.ledger.deductions import tell_members
from points.ledger.registry import is_automatic
from points.models import Claim, RuleItem
from points.rules import Item

HUSHED: Final = "纪律扣分"  # all the ledger and the trail say of it
DOCUMENT: Final = 60


def right_for(rule: Item | RuleItem) -> Capability:
    """Which right entering this item takes."""
    return Capability.DISCIPLINE_WRITE if rule.declared_by == Declarer.DISCIPLINE else Capability.POINTS_DEDUCT


def may_deduct(rule: Item | RuleItem) -> bool:
    """A deduction that people enter, not records."""
    return rule.category == Category.DED and not is_automatic(rule)


@transaction.atomic
def announce_deduction(
    *,
    member: Member,
    code: str,
    happened_on: date,
    level: str = "",
    title: str = "",
    detail: str = "",
    document_no: str = "",
    form_key: uuid.UUID,
    actor: User,
) -> Claim:
    """Enter a deduction and tell the member. The same form sent twice gives one. Raises ValidationError by field."""
    if member.user_id == actor.pk:
        raise ValidationError({"member": "本人的扣分由其他支委登记。"})
    if standing := of_form(form_key, member):
        return standing
    terms = terms_on(member, happened_on)
    rule = terms.edition.rows.get(code)
    if rule is None or not may_deduct(rule):
        raise ValidationError({"code": "请选择扣分项目；由记录自动扣分的项目不用登记。"})
    if not may(actor, right_for(rule), terms.branch):
        raise ValidationError({"code": f"{terms.branch.name}的这一项由{who_enters(rule)}登记。"})
    require_month(terms.branch, happened_on)
    lock_member(member)
    if standing := of_form(form_key, member):
        return standing
    document_no = document_of(document_no)
    hushed = rule.declared_by == Declarer.DISCIPLINE
    if hushed:
        if not document_no:
            raise ValidationError({"document_no": "请填写决定的文号；案情不在这里登记。"})
        title, detail = HUSHED, ""
    today = timezone.localdate()
    claim = Claim(member=member, form_key=form_key, origin=ClaimOrigin.OFFICER, document_no=document_no)
    deed = Deed(code=code, happened_on=happened_on, title=title, level=level, quantity=Decimal(1), detail=detail)
    fill(claim, rule=rule, deed=deed, terms=terms, actor=actor)
    if hushed:  # two decisions of one day are two deeds, the same document is one
        claim.deed = document_key(claim.rule_code, document_no)
    claim.state, claim.declared_at = ClaimState.ANNOUNCED, timezone.now()
    claim.announced_on, claim.postable_from = today, first_postable(today)
    keep(claim)
    changes: dict[str, object] = {"points": [None, claim.points], "code": [None, claim.rule_code]}
    if document_no:
        changes["document_no"] = [None, document_no]
    record(actor=actor, action="deduction.announced", target=claim, branch=claim.branch, changes=changes)
    tell_members([claim], "announced")
    return claim


@transaction.atomic
def withdraw_deduction(*, claim: Claim, reason: str, actor: User) -> Claim:
    """Take back a deduction entered by hand before it is posted."""
    rows = Claim.objects.select_for_update(of=("self",)).select_related("member", "branch", "rule")
    claim = rows.get(pk=claim.pk)
    reason = " ".join(reason.split())
    if claim.state != ClaimState.ANNOUNCED:
        raise ValidationError(f"这项扣分{claim.get_state_display()}，不能撤回；已入账的请办理作废。")
    if claim.source_kind:
        raise ValidationError("这项扣分由记录产生，请更正对应的记录，扣分随之取消。")
    if not takes_back(actor, claim):
        raise ValidationError(f"撤回由{who_enters(claim.rule)}办理；本人的由其他支委办理。")
    if not 2 <= len(reason) <= 200:
        raise ValidationError({"reason": "请写明撤回的原因（2至200字）。"})
    claim.state = ClaimState.WITHDRAWN
    if not claim.is_confidential:
        claim.comment = reason
    claim.decided_by, claim.decided_at = actor, timezone.now()
    claim.revision += 1
    claim.version += 1
    claim.save()
    changes: dict[str, object] = {"code": [claim.rule_code, None]}
    if not claim.is_confidential:
        changes["reason"] = [None, reason]
    record(actor=actor, action="deduction.withdrawn", target=claim, branch=claim.branch, changes=changes)
    tell_members([claim], "withdrawn")
    return claim


def first_postable(today: date) -> date:
    return add_working_days(today, NOTICE_DAYS, load_calendar([today.year]))


def document_of(text: str) -> str:
    text = " ".join(text.split())
    if len(text) > DOCUMENT:
        raise ValidationError({"document_no": f"文号请控制在{DOCUMENT}字以内。"})
    return text


def document_key(code: str, document_no: str) -> str:
    """One decision counts once under an item, whatever day it was entered for."""
    return f"{code}|{document_no}"[:64]


def who_enters(rule: Item | RuleItem) -> str:
    return "纪检委员" if rule.declared_by == Declarer.DISCIPLINE else "支部书记、副书记或组织委员"


def takes_back(user: User, claim: Claim) -> bool:
    """Whether this person may withdraw a deduction that was announced by hand and is not posted yet."""
    announced = claim.is_deduction and claim.state == ClaimState.ANNOUNCED and not claim.source_kind
    return announced and claim.member.user_id != user.pk and may(user, right_for(claim.rule), claim.branch)
