"""What the committee gives to many branches at once: pushed, answered by each, accepted or returned, withdrawn.

A branch answers by its plan item: in words with or without one of its records, or that it cannot, with the reason
(activities.plan.not_held). The item is green once the office accepted the answer.
"""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from activities.choices import Kind, Period, PlanState
from activities.files import keep_file
from activities.models import Activity, PlanItem, PushedFile, PushedItem
from activities.plan.not_held import comment_of, locked
from activities.plan.planning import last_day
from activities.plan.rollups import lock_branches, recount_months
from activities.rules import is_late
from branches.audit import record
from branches.choices import Role, Topic
from branches.inbox import Message, notify, notify_many
from branches.models import Appointment, Branch, User
from config.uploads import CheckedFile

MAX_FILES = 5
ANSWER = 500
WITHDRAWN = "党委已撤回"
ANSWERED_BY = (Role.BRANCH_SECRETARY, Role.DEPUTY_SECRETARY)


@dataclass(frozen=True)
class Order:
    """What is asked; `kind` empty: no gathering."""

    title: str
    starts_on: date
    due: date
    kind: str = ""
    instructions: str = ""


@transaction.atomic
def push_item(
    *,
    giver: Branch,
    order: Order,
    branches: Collection[Branch],
    files: Iterable[CheckedFile] = (),
    form_key: uuid.UUID,
    actor: User,
    today: date | None = None,
) -> PushedItem:
    """Give one item to these branches; the same form sent again gives the item it made the first time."""
    today = today or timezone.localdate()
    standing = PushedItem.objects.filter(form_key=form_key).first()
    if standing is not None:
        return standing
    files = list(files)
    title, instructions = " ".join(order.title.split()), order.instructions.strip()
    problems = {}
    if not title or len(title) > 100:
        problems["title"] = "请填写名称（100字以内）。"
    if len(instructions) > 4000:
        problems["instructions"] = "要求请控制在4000字以内。"
    if order.due < order.starts_on:
        problems["due"] = "截止日期不能早于开始日期。"
    elif order.due < today:
        problems["due"] = "截止日期不能早于今天。"
    if not branches:
        problems["branches"] = "请至少选择一个党支部。"
    elif closed := [branch.name for branch in branches if not branch.is_open(today)]:
        problems["branches"] = f"{closed[0]}已经撤销，请取消勾选。"
    if len(files) > MAX_FILES:
        problems["files"] = f"最多上传{MAX_FILES}个附件。"
    if problems:
        raise ValidationError(problems)
    ids = [branch.pk for branch in branches]
    lock_branches(ids)
    pushed = PushedItem.objects.create(
        branch=giver,
        title=title,
        kind=order.kind,
        starts_on=order.starts_on,
        due=order.due,
        instructions=instructions,
        form_key=form_key,
        pushed_by=actor,
    )
    for file in files:
        row = PushedFile(item=pushed, name=file.name, content_type=file.content_type, size=len(file.data))
        row.file.name = keep_file(file)
        row.save()
    _give(pushed, branches)
    changes = {"title": [None, title], "branches": [None, len(ids)]}
    record(actor=actor, action="plan.pushed", target=pushed, branch=giver, changes=changes)
    _tell(pushed, "pushed", f"党委布置：{title}", ids)
    return pushed


@transaction.atomic
def add_branches(
    *, pushed: PushedItem, branches: Collection[Branch], actor: User, today: date | None = None
) -> list[Branch]:
    """Give an item that runs to further branches, such as one founded since; returns those that were new to it.

    Who has it already keeps it as it stands. ValidationError once it was withdrawn or its last day has passed.
    """
    today = today or timezone.localdate()
    pushed = PushedItem.objects.select_for_update(of=("self",)).select_related("branch").get(pk=pushed.pk)
    if reason := closed_to_more(pushed, today):
        raise ValidationError(reason)
    if not branches:
        raise ValidationError("请先勾选要补充布置的党支部。")
    if shut := [branch.name for branch in branches if not branch.is_open(today)]:
        raise ValidationError(f"{shut[0]}已经撤销，请取消勾选。")
    lock_branches([branch.pk for branch in branches])
    held = set(pushed.items.values_list("branch", flat=True))
    new = [branch for branch in branches if branch.pk not in held]
    if not new:
        return []
    _give(pushed, new)
    named = "、".join(branch.name for branch in new)
    changes = {"branches": [None, len(new)], "text": [None, named[:200]]}
    record(actor=actor, action="plan.pushed", target=pushed, branch=pushed.branch, changes=changes)
    _tell(pushed, "pushed", f"党委布置：{pushed.title}", [branch.pk for branch in new])
    return new


def closed_to_more(pushed: PushedItem, today: date) -> str:
    """Why no further branch can be given the item; "" while it runs, its last day included."""
    if pushed.withdrawn_at is not None:
        return "这一项已经撤回，不能再补充党支部。"
    if pushed.due < today:
        return "这一项已经截止，不能再补充党支部；需要办理的，请另行布置。"
    return ""


def _give(pushed: PushedItem, branches: Iterable[Branch]) -> None:
    """The plan items of these branches, with their roll-ups; a branch owes nothing before it was founded."""
    nodes = list(branches)
    PlanItem.objects.bulk_create(
        [
            PlanItem(
                branch=node,
                kind=Kind.ASSIGNED,
                period=Period.MONTH,
                start=min(max(pushed.starts_on, node.founded_on), pushed.due),
                end=pushed.due,
                due=pushed.due,
                title=pushed.title,
                pushed=pushed,
                key=f"pushed:{pushed.pk}:{node.pk}",
            )
            for node in nodes
        ],
        batch_size=500,
    )
    ids = [node.pk for node in nodes]
    recount_months(branches=ids, months=[pushed.due.replace(day=1)], kinds=[Kind.ASSIGNED])


@transaction.atomic
def withdraw_pushed(*, pushed: PushedItem, actor: User) -> PushedItem:
    """Nobody owes it any more; answers that were accepted stay."""
    pushed = PushedItem.objects.select_for_update().get(pk=pushed.pk)
    if pushed.withdrawn_at is not None:
        raise ValidationError("这一项已经撤回。")
    ids = list(pushed.items.values_list("branch", flat=True))
    lock_branches(ids)
    pushed.withdrawn_at = timezone.now()
    pushed.save(update_fields=["withdrawn_at"])
    open_items = pushed.items.exclude(state=PlanState.CONFIRMED)
    told = list(open_items.values_list("branch", flat=True))
    open_items.update(state=PlanState.NOT_APPLICABLE, reason=WITHDRAWN, activity=None, done_on=None, late=False)
    recount_months(branches=ids, months=[pushed.due.replace(day=1)], kinds=[Kind.ASSIGNED])
    record(actor=actor, action="plan.withdrawn", target=pushed, branch=pushed.branch)
    _tell(pushed, "withdrawn", f"党委已撤回：{pushed.title}", told)
    return pushed


@transaction.atomic
def answer_item(
    *, item: PlanItem, text: str, activity: Activity | None, version: int, actor: User, today: date | None = None
) -> PlanItem:
    """Say that it is done. In time by the day of the first answer; a returned one keeps that day (docs/adr/0008)."""
    today = today or timezone.localdate()
    item = locked(item)
    text = text.strip()
    if not item.pushed_id:
        raise ValidationError("这一项由活动记录完成，不需要答复。")
    if item.state not in (PlanState.OPEN, PlanState.RETURNED):
        raise ValidationError("这一项已经答复，或已由党委撤回。")
    if version != item.version:
        raise ValidationError("这一项刚刚有变动，请核对最新情况后再提交；您写的内容还在。")
    if item.start > today:
        raise ValidationError("这一项的时间还没有开始。")
    if not text:
        raise ValidationError({"answer": "请写明完成情况。"})
    if len(text) > ANSWER:
        raise ValidationError({"answer": f"完成情况请控制在{ANSWER}字以内。"})
    if activity is not None and activity.branch_id != item.branch_id:
        raise ValidationError({"activity": "请选择本支部的活动记录。"})
    if item.answered_at is None:
        item.late = is_late(today, last_day(item))
        item.done_on = today
    item.answer, item.activity, item.review_comment = text, activity, ""
    item.answered_at, item.answered_by = item.answered_at or timezone.now(), actor
    return _decided(item, PlanState.SUBMITTED, actor, "plan.answered", text[:200])


@transaction.atomic
def accept_answer(*, item: PlanItem, actor: User) -> PlanItem:
    item = _answered(item, actor)
    item.count = item.at_least
    return _decided(item, PlanState.CONFIRMED, actor, "plan.answer_accepted", "")


@transaction.atomic
def return_answer(*, item: PlanItem, comment: str, actor: User) -> PlanItem:
    """Send an answer back; also one that was accepted by mistake."""
    item = _answered(item, actor, PlanState.SUBMITTED, PlanState.CONFIRMED)
    item.review_comment, item.count = comment_of(comment, "请写明退回意见，便于支部补充。"), 0
    item = _decided(item, PlanState.RETURNED, actor, "plan.answer_returned", item.review_comment)
    if item.answered_by is not None:
        notify(
            recipient=item.answered_by,
            topic=Topic.DUTY,
            item_key=f"plan:{item.pk}",
            step=f"returned:{item.version}",
            text=f"答复被退回：{item.name}",
            url=reverse("activities:plan_item", args=[item.pk]),
            due=item.due,
            detail=item.review_comment,
        )
    return item


def accept_answers(*, items: Iterable[PlanItem], actor: User) -> tuple[int, list[tuple[PlanItem, str]]]:
    """Accept each answer for itself. Returns how many were, and the others with the reason in words."""
    accepted, left = 0, []
    for item in items:
        try:
            accept_answer(item=item, actor=actor)
        except ValidationError as error:
            left.append((item, error.messages[0]))
        else:
            accepted += 1
    return accepted, left


def _answered(item: PlanItem, actor: User, *states: PlanState) -> PlanItem:
    item = locked(item)
    if not item.pushed_id or item.state not in (states or (PlanState.SUBMITTED,)):
        raise ValidationError("这一项没有待审核的答复，可能已由他人处理。")
    if item.answered_by_id == actor.pk:
        raise ValidationError("不能审核自己提交的答复。")
    return item


def _decided(item: PlanItem, state: PlanState, actor: User, action: str, text: str) -> PlanItem:
    before, item.state = PlanState(item.state).label, state
    item.version += 1
    item.save()
    recount_months(branches=[item.branch_id], months=[item.due.replace(day=1)], kinds=[item.kind])
    changes = {"state": [before, state.label], "text": [None, text]}
    record(actor=actor, action=action, target=item, branch=item.branch, changes=changes)
    return item


def _tell(pushed: PushedItem, step: str, text: str, branches: Collection[int]) -> None:
    """One line into the inbox of those who answer for each branch."""
    posts = Appointment.objects.current(timezone.localdate()).filter(
        branch__in=branches, role__in=ANSWERED_BY, user__is_active=True
    )
    pages = dict(pushed.items.filter(branch__in=branches).values_list("branch", "pk"))
    notify_many(
        Message(
            recipient=user,
            topic=Topic.DUTY,
            item_key=f"plan:{pages[branch]}",
            step=step,
            text=text,
            url=reverse("activities:plan_item", args=[pages[branch]]),
            due=pushed.due,
        )
        for branch, user in posts.values_list("branch", "user")
    )
