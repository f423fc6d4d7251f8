"""Nothing was held: explained by the node, accepted or refused by the office above it."""

from collections.abc import Iterable
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from activities.choices import PlanState
from activities.models import PlanItem
from activities.plan.planning import follow_records
from activities.plan.rollups import lock_branches, recount_months
from branches.audit import record
from branches.models import User

REASON, COMMENT = 200, 200


@transaction.atomic
def explain_not_held(*, item: PlanItem, reason: str, actor: User, today: date | None = None) -> PlanItem:
    """Say why a gathering was not held; the cell turns grey once the Party office accepts the reason."""
    item = locked(item)
    reason = " ".join(reason.split())
    open_states = (PlanState.OPEN, PlanState.RETURNED) if item.pushed_id else (PlanState.OPEN,)
    if item.state not in open_states:
        raise ValidationError("这一项已有记录或说明，不需要再说明未召开。")
    if item.start > (today or timezone.localdate()):
        raise ValidationError("这一项的时间还没有开始，不能说明未召开。")
    if len(reason) < 4:
        raise ValidationError({"reason": "请写明未召开的原因（至少4个字）。"})
    if len(reason) > REASON:
        raise ValidationError({"reason": f"原因请控制在{REASON}字以内。"})
    item.reason, item.reason_by, item.review_comment = reason, actor, ""
    return _decide(item, PlanState.NOT_HELD_ASKED, actor, "plan.explained", reason)


@transaction.atomic
def accept_not_held(*, item: PlanItem, actor: User) -> PlanItem:
    item = _asked(item, actor)
    return _decide(item, PlanState.NOT_HELD, actor, "plan.accepted", item.reason)


@transaction.atomic
def refuse_not_held(*, item: PlanItem, comment: str, actor: User) -> PlanItem:
    item = _asked(item, actor)
    item.review_comment = comment_of(comment, "请写明不同意的意见，便于支部处理。")
    return _decide(item, PlanState.OPEN, actor, "plan.refused", item.review_comment)


def accept_many(*, items: Iterable[PlanItem], actor: User) -> tuple[int, list[tuple[PlanItem, str]]]:
    """Accept each explanation for itself. Returns how many were, and the others with the reason in words."""
    accepted, left = 0, []
    for item in items:
        try:
            accept_not_held(item=item, actor=actor)
        except ValidationError as error:
            left.append((item, error.messages[0]))
        else:
            accepted += 1
    return accepted, left


def comment_of(comment: str, missing: str) -> str:
    """A reviewer's comment in one line; raises ValidationError where it says nothing or too much."""
    comment = " ".join(comment.split())
    if not comment:
        raise ValidationError({"comment": missing})
    if len(comment) > COMMENT:
        raise ValidationError({"comment": f"意见请控制在{COMMENT}字以内。"})
    return comment


def locked(item: PlanItem) -> PlanItem:
    """The item as it stands now, with its branch held: nobody else writes the plan until the end of the transaction."""
    lock_branches([item.branch_id])
    return PlanItem.objects.select_for_update().get(pk=item.pk)


def _asked(item: PlanItem, actor: User) -> PlanItem:
    item = locked(item)
    if item.state != PlanState.NOT_HELD_ASKED:
        raise ValidationError("这一项没有待审核的说明，可能已由他人处理。")
    if item.reason_by_id == actor.pk:
        raise ValidationError("不能审核自己提交的说明。")
    return item


def _decide(item: PlanItem, state: PlanState, actor: User, action: str, text: str) -> PlanItem:
    before, item.state = PlanState(item.state).label, state
    item.version += 1
    item.save(update_fields=["state", "reason", "reason_by", "review_comment", "version"])
    if state == PlanState.OPEN:
        follow_records(item)
    recount_months(branches=[item.branch_id], months=[item.due.replace(day=1)], kinds=[item.kind])
    changes = {"state": [before, state.label], "text": [None, text]}
    record(actor=actor, action=action, target=item, branch=item.branch, changes=changes)
    return item
