"""What happened to a claim, from the audit trail, in the words of its page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from branches.models import AuditEntry
from points.choices import ClaimOrigin
from points.models import Claim

WORDS: Final = {
    "claim.drafted": "填写草稿",
    "claim.changed": "修改",
    "claim.declared": "提交审核",
    "claim.withdrawn": "撤回",
    "claim.first_reviewed": "初审，同意",
    "claim.accepted": "审核通过，已入账",
    "claim.returned": "退回修改",
    "claim.rejected": "审核未通过",
    "claim.voided": "作废，已冲销",
    "claim.checked": "党委办公室抽查，属实",
    "claim.imported": "批量登记",
    "deduction.announced": "登记并告知本人",
    "deduction.withdrawn": "撤回扣分",
    "deduction.posted": "月份关账，已入账",
    "deduction.lifted": "异议成立，已撤销",
    "veto.entered": "登记",
    "veto.withdrawn": "撤回登记",
}
OF_VETO: Final = {
    "claim.first_reviewed": "支部审核，同意",
    "claim.accepted": "确认，已生效",
    "claim.rejected": "不予确认",
    "claim.voided": "撤销",
}
SAID: Final = ("comment", "reason")


@dataclass(frozen=True)
class Step:
    at: datetime
    who: str
    text: str
    comment: str = ""


def trail_of(claim: Claim) -> list[Step]:
    """Newest first; of an automatic deduction also when it was made. One query."""
    lines = AuditEntry.objects.filter(target_type=claim._meta.label_lower, target_id=claim.pk).order_by("-pk")[:60]
    words = WORDS | OF_VETO if claim.is_veto else WORDS
    known = [line for line in lines if line.action in words]
    steps = [Step(line.at, line.actor_name, words[line.action], _said(line.changes)) for line in known]
    if claim.origin == ClaimOrigin.SYSTEM:
        steps.append(Step(claim.created_at, "系统", "按记录扣分，告知本人"))
    return steps


def _said(changes: dict[str, list[str]]) -> str:
    return next((str(changes[name][1]) for name in SAID if name in changes and changes[name][1]), "")
