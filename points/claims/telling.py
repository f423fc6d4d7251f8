"""To-dos and messages about claims. No reason stands in either: it is on the page, behind its rights."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.text import Truncator

from branches.choices import Topic
from branches.inbox import Message, notify, notify_many
from branches.models import Branch, Todo
from branches.todo import close_todo, open_todo
from config.templatetags.ui import cn_day
from members.models import Member
from points.choices import Category, ClaimOrigin, ClaimState
from points.claims.reviewers import Desk
from points.models import Claim

OUTCOMES = {
    ClaimState.ACCEPTED: "{day}的积分申报{what}已通过，{points}分已入账",
    ClaimState.RETURNED: "{day}的积分申报{what}被退回，请按意见修改后重新提交",
    ClaimState.REJECTED: "{day}的积分申报{what}未通过",
    ClaimState.VOIDED: "{day}的积分{what}已作废，相应分值已冲销",
}
SHORT = 30


def key_of(claim: Claim) -> str:
    return f"claim:{claim.pk}"


def page_of(claim: Claim) -> str:
    return reverse("points:claim_detail", args=[claim.pk])


def hand_on(claim: Claim) -> None:
    """Open the to-do of whoever reviews next, and close the one before; of a workbook's claims only its vetoes have
    one each."""
    close_todo(item_key=key_of(claim))
    if claim.batch_id and not claim.is_veto:
        hand_on_batch(claim.batch_id)
    elif holder := Desk([claim]).holder(claim):
        title = "审核一票否决登记" if claim.is_veto else f"审核积分申报：{claim.member}，{claim.rule.title}"
        open_todo(item_key=key_of(claim), title=title, url=page_of(claim), role=holder[0], branch=Branch(pk=holder[1]))


def hand_on_batch(batch: int) -> None:
    """A workbook of forty results is one to-do for each post that reviews some of them, for as long as it does: who
    reviews depends on the member of each. Three statements, and one or two for each post."""
    waiting = Claim.objects.filter(batch=batch, state=ClaimState.DECLARED).exclude(category=Category.VETO)
    claims = list(waiting.select_related("member__group", "branch", "rule"))
    desk, key = Desk(claims), batch_key(batch)
    holders = dict.fromkeys(holder for claim in claims if (holder := desk.holder(claim)))
    standing = Todo.objects.filter(item_key=key, done_at__isnull=True).order_by("pk")
    for role, node in standing.values_list("role", "branch"):
        if (role, node) not in holders:
            close_todo(item_key=key, role=role, branch=Branch(pk=node))
    url = f"{reverse('points:claim_review_list')}?batch={batch}"
    for role, node in holders:
        open_todo(item_key=key, title="审核批量登记的积分", url=url, role=role, branch=Branch(pk=node))


def batch_key(pk: int) -> str:
    return f"points-batch:{pk}"


def settled(claim: Claim) -> None:
    """Nobody has to review this claim any more."""
    close_todo(item_key=key_of(claim))
    if claim.batch_id and not claim.is_veto:
        hand_on_batch(claim.batch_id)


def ask_again(claim: Claim) -> None:
    """The member has something to mend."""
    title = f"修改被退回的积分申报：{claim.rule.title}"
    open_todo(item_key=key_of(claim), title=title, url=page_of(claim), recipient=claim.member.user)


def tell_accepted(claims: Iterable[Claim]) -> None:
    """The same for many that were registered at once: a few statements for any number."""
    claims = list(claims)
    users = dict(Member.objects.filter(pk__in={claim.member_id for claim in claims}).values_list("pk", "user"))
    notify_many(
        Message(
            recipient=users[claim.member_id],
            topic=Topic.POINTS,
            item_key=key_of(claim),
            step=f"{claim.state}:{claim.version}",
            text=_outcome(claim),
            url=page_of(claim),
        )
        for claim in claims
    )


def _outcome(claim: Claim) -> str:
    text = OUTCOMES[ClaimState(claim.state)].format(
        day=cn_day(claim.happened_on), what=_what(claim), points=f"{claim.points:+}"
    )
    return text.replace("积分申报", "积分登记") if claim.origin == ClaimOrigin.IMPORT else text


def _what(claim: Claim) -> str:
    """“在市血站无偿献血”（无偿献血）: so short that the outcome behind it is never cut off."""
    item = Truncator(claim.rule.title.split("（")[0]).chars(SHORT)
    return f"“{Truncator(claim.title).chars(SHORT)}”（{item}）"


def tell_outcome(claim: Claim) -> None:
    """Say to the member what became of a claim; of a veto only that there is something to read."""
    text = "您有一项积分登记已有结果，请登录后查看" if claim.is_confidential else _outcome(claim)
    notify(
        recipient=claim.member.user,
        topic=Topic.POINTS,
        item_key=key_of(claim),
        step=f"{claim.state}:{claim.version}",
        text=text,
        url=page_of(claim),
    )
