"""A member's own claim: written as a draft, declared, taken back; mended after it was returned.

Its worth is what the rule says, never what anybody typed. Locks, as everywhere: the claim, the branch (so that no claim
slips into a period that is being locked), the member (so that one deed and one file end up in one claim).
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, transaction
from django.utils import timezone

from activities.files import forget_file
from activities.plan.closed_periods import require_open
from branches.audit import record
from branches.models import Branch, User
from branches.todo import close_todo
from config.templatetags.ui import cn_date
from config.uploads import CheckedFile
from members.models import Member, month_of
from points.choices import ClaimOrigin, ClaimState
from points.claims.choosing import Terms, may_claim, terms_on
from points.claims.evidence import EDITABLE, add_evidence, named
from points.claims.rules import deed_digest, worth
from points.claims.telling import hand_on, key_of
from points.models import Claim, RuleItem

TITLE: Final = 100
DETAIL: Final = 1000
_is_link = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True)
class Deed:
    """What was done, as typed. `points`: what a form says it is worth, where it says so: must be what the rule says."""

    code: str
    happened_on: date
    title: str
    level: str = ""
    quantity: Decimal = Decimal(1)
    detail: str = ""
    link: str = ""
    points: Decimal | None = None


def deed_of(claim: Claim) -> Deed:
    return Deed(
        code=claim.rule_code,
        happened_on=claim.happened_on,
        title=claim.title,
        level=claim.level,
        quantity=claim.quantity,
        detail=claim.detail,
        link=claim.link,
    )


@transaction.atomic
def save_claim(
    *,
    member: Member,
    deed: Deed,
    files: Iterable[CheckedFile] = (),
    claim: Claim | None = None,
    version: int = 0,
    declare: bool = False,
    form_key: uuid.UUID,
    actor: User,
) -> Claim:
    """Keep a new claim, or change one that is a draft or was returned; with `declare` hand it in for review.

    The same form sent twice gives one claim. Raises ValidationError by field.
    """
    if member.user_id != actor.pk:
        raise ValidationError("积分由本人申报。")
    if claim is not None:
        claim = _locked(claim)
        _require_editable(claim, version)
    elif standing := of_form(form_key, member):
        return standing
    terms = terms_on(member, deed.happened_on)
    rule = _rule_of(terms, deed)
    require_month(terms.branch, deed.happened_on)
    lock_member(member)
    if claim is None:
        if standing := of_form(form_key, member):
            return standing
        claim = Claim(member=member, form_key=form_key, origin=ClaimOrigin.MEMBER)
    fill(claim, rule=rule, deed=deed, terms=terms, actor=actor)
    files, is_new = list(files), claim.pk is None
    claim.version += 0 if is_new else 1
    if declare:
        if rule.evidence_required and not files and (is_new or not claim.evidence.exists()):
            raise ValidationError({"files": f"这一项须上传依据：{rule.evidence or '照片或文件'}。"})
        claim.state, claim.declared_at = ClaimState.DECLARED, timezone.now()
        claim.first_by = claim.first_at = None
    keep(claim)
    added = add_evidence(claim=claim, files=files, actor=actor)
    if declare:
        hand_on(claim)
    changes: dict[str, object] = {"code": [None, claim.rule_code], "points": [None, claim.points]}
    if added:
        changes["依据"] = ["", f"{added}个文件"]
    action = "claim.declared" if declare else "claim.drafted" if is_new else "claim.changed"
    record(actor=actor, action=action, target=claim, branch=claim.branch, changes=changes)
    return claim


@transaction.atomic
def withdraw_claim(*, claim: Claim, actor: User) -> Claim | None:
    """Take one's own claim back before it is decided. A draft is thrown away: None."""
    claim = _locked(claim)
    if claim.member.user_id != actor.pk or claim.origin != ClaimOrigin.MEMBER:
        raise ValidationError("只能撤回本人的申报。")
    if claim.state == ClaimState.DRAFT:
        for row in claim.evidence.all():
            forget_file(row.file.name)
        record(actor=actor, action="claim.dropped", branch=claim.branch, changes={"code": [claim.rule_code, None]})
        claim.delete()
        return None
    if claim.state not in (ClaimState.DECLARED, ClaimState.RETURNED):
        raise ValidationError(f"这条申报{claim.get_state_display()}，不能撤回。")
    before = claim.get_state_display()
    claim.state = ClaimState.WITHDRAWN
    claim.version += 1
    claim.save(update_fields=["state", "version", "updated_at"])
    close_todo(item_key=key_of(claim))
    changes = {"state": [before, claim.get_state_display()]}
    record(actor=actor, action="claim.withdrawn", target=claim, branch=claim.branch, changes=changes)
    return claim


# -- What every way of entering a claim shares


def of_form(form_key: uuid.UUID, member: Member) -> Claim | None:
    """What this form made the first time it was sent. Raises ValidationError where that was about somebody else."""
    standing = Claim.objects.select_related("branch", "rule", "member__user").filter(form_key=form_key).first()
    if standing is not None and standing.member_id != member.pk:
        raise ValidationError("这张表单已经用过，请重新打开页面填写。")
    return standing


def lock_member(member: Member) -> None:
    """Two claims of one member are written one after the other."""
    list(Member.objects.filter(pk=member.pk).select_for_update(of=("self",), no_key=True).values_list("pk"))


def fill(claim: Claim, *, rule: RuleItem, deed: Deed, terms: Terms, actor: User) -> None:
    """Write a deed into a claim, with what the rule says it is worth. Raises ValidationError by field."""
    title, detail, link = " ".join(deed.title.split()), deed.detail.strip(), deed.link.strip()
    problems = {}
    if not 2 <= len(title) <= TITLE:
        problems["title"] = f"请写明是什么事（2至{TITLE}字）。"
    if len(detail) > DETAIL:
        problems["detail"] = f"说明请控制在{DETAIL}字以内。"
    if link:
        try:
            _is_link(link)
        except ValidationError:
            problems["link"] = "链接请以http://或https://开头。"
        if len(link) > 300:
            problems["link"] = "链接请控制在300个字符以内。"
    item = terms.edition.items[rule.code]
    points = Decimal(0)
    try:
        points = worth(item, level=deed.level, quantity=deed.quantity, has_groups=terms.has_groups, post=terms.post)
    except ValueError as error:
        problems["level" if item.levels else "quantity"] = str(error)
    else:
        if deed.points is not None and deed.points != points:
            problems["points"] = f"分值按规则计算，这一项为{points}分，不能另填。"
    if problems:
        raise ValidationError(problems)
    claim.rule, claim.rule_code, claim.category = rule, rule.code, rule.category
    claim.level, claim.quantity, claim.points = deed.level, deed.quantity, points
    claim.branch, claim.happened_on, claim.month = terms.branch, deed.happened_on, month_of(deed.happened_on)
    claim.title, claim.detail, claim.link = title, detail, link
    claim.deed = deed_digest(category=rule.category, code=rule.code, day=deed.happened_on, title=title)
    claim.declared_by = actor


def keep(claim: Claim) -> None:
    """Save a claim unless its deed is in another living one; that one is named."""
    twin = Claim.objects.alive().filter(member=claim.member_id, deed=claim.deed).exclude(pk=claim.pk).first()
    if twin is not None:
        kind = "一票否决登记" if twin.is_veto else "扣分登记" if twin.is_deduction else "申报"
        raise ValidationError({"title": f"这件事已有一条{kind}：{named(twin)}。一件事只记一次，改报请先撤回那一条。"})
    try:
        with transaction.atomic():
            claim.save()
    except IntegrityError as error:  # the last guard: another writer without the lock on the member
        raise ValidationError({"title": "这件事已经登记过，一件事只记一次。"}) from error


def require_month(branch: Branch, day: date) -> None:
    """The quarter and the year of a deed are not locked; takes the lock of the branch, before that of the member."""
    try:
        require_open(branch, day)
    except ValidationError as error:
        raise ValidationError({"happened_on": error.messages}) from error


def _rule_of(terms: Terms, deed: Deed) -> RuleItem:
    rule = terms.edition.rows.get(deed.code)
    if rule is None:
        raise ValidationError(
            {"happened_on": f"{cn_date(deed.happened_on)}执行的规则里没有这一项，请核对日期或另选项目。"}
        )
    if not may_claim(rule):
        raise ValidationError({"item": "这一项由系统自动记分或由支部登记，不用本人申报。"})
    return rule


def _require_editable(claim: Claim, version: int) -> None:
    if claim.origin != ClaimOrigin.MEMBER or claim.state not in EDITABLE:
        raise ValidationError(f"这条申报{claim.get_state_display()}，不能修改。")
    if version != claim.version:
        raise ValidationError("这条申报刚在别处改过，下面是您填写的内容；请对照已保存的内容后再提交。", code="conflict")


def _locked(claim: Claim) -> Claim:
    rows = Claim.objects.select_for_update(of=("self",)).select_related(
        "member__user", "member__group", "branch", "rule"
    )
    found = rows.filter(pk=claim.pk).first()
    if found is None:
        raise ValidationError("这条草稿已删除。")
    return found
