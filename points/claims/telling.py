"""To-dos and messages about claims. No reason stands in either: it is on the page, behind its rights."""

from django.urls import reverse

from branches.choices import Topic
from branches.inbox import notify
from branches.models import Branch
from branches.todo import close_todo, open_todo
from config.templatetags.ui import cn_day
from points.choices import ClaimOrigin, ClaimState
from points.claims.reviewers import Desk
from points.models import Claim

OUTCOMES = {
    ClaimState.ACCEPTED: "{day}的积分申报（{code}）已通过，{points}分已入账",
    ClaimState.RETURNED: "{day}的积分申报（{code}）被退回，请按意见修改后重新提交",
    ClaimState.REJECTED: "{day}的积分申报（{code}）未通过",
    ClaimState.VOIDED: "{day}的积分（{code}）已作废，相应分值已冲销",
}


def key_of(claim: Claim) -> str:
    return f"claim:{claim.pk}"


def page_of(claim: Claim) -> str:
    return reverse("points:claim_detail", args=[claim.pk])


def hand_on(claim: Claim) -> None:
    """Open the to-do of whoever reviews next, and close the one before."""
    close_todo(item_key=key_of(claim))
    if claim.batch_id:
        _hand_on_batch(claim)
        return
    holder = Desk([claim]).holder(claim)
    if holder is None:
        return
    role, node = holder
    title = "审核一票否决登记" if claim.is_veto else f"审核积分申报：{claim.member}，{claim.rule.title}"
    open_todo(item_key=key_of(claim), title=title, url=page_of(claim), role=role, branch=Branch(pk=node))


def _hand_on_batch(claim: Claim) -> None:
    """A workbook of forty results is one to-do for each post that reviews some of them."""
    if claim.is_veto:  # goes on alone, to other people
        if holder := Desk([claim]).holder(claim):
            open_todo(
                item_key=key_of(claim),
                title="审核一票否决登记",
                url=page_of(claim),
                role=holder[0],
                branch=Branch(pk=holder[1]),
            )
        return
    if holder := Desk([claim]).holder(claim):
        role, node = holder
        open_todo(
            item_key=batch_key(claim.batch_id or 0),
            title="审核批量登记的积分",
            url=f"{reverse('points:claim_review_list')}?batch={claim.batch_id}",
            role=role,
            branch=Branch(pk=node),
        )


def batch_key(pk: int) -> str:
    return f"points-batch:{pk}"


def settled(claim: Claim) -> None:
    """Nobody has to review this claim any more."""
    close_todo(item_key=key_of(claim))
    if claim.batch_id and not Claim.objects.filter(batch=claim.batch_id, state=ClaimState.DECLARED).exists():
        close_todo(item_key=batch_key(claim.batch_id))


def ask_again(claim: Claim) -> None:
    """The member has something to mend."""
    title = f"修改被退回的积分申报：{claim.rule.title}"
    open_todo(item_key=key_of(claim), title=title, url=page_of(claim), recipient=claim.member.user)


def tell_outcome(claim: Claim) -> None:
    """Say to the member what became of a claim; of a veto only that there is something to read."""
    if claim.is_confidential:
        text = "您有一项积分登记已有结果，请登录后查看"
    else:
        text = OUTCOMES[ClaimState(claim.state)].format(
            day=cn_day(claim.happened_on), code=claim.rule_code, points=f"{claim.points:+}"
        )
        if claim.origin == ClaimOrigin.IMPORT:
            text = text.replace("积分申报", "积分登记")
    notify(
        recipient=claim.member.user,
        topic=Topic.POINTS,
        item_key=key_of(claim),
        step=f"{claim.state}:{claim.version}",
        text=text,
        url=page_of(claim),
    )
