"""Objections (异议): raised by a member, answered by the branch, appealed to the Party office, decided there.

Nobody answers or decides about their own points or their own objection, and nobody decides what they answered. One
that is upheld takes the entry back, or the deduction; of something left out it leaves the branch a to-do, until it is
booked.
Order of locks: the objection, the branch, its claim, members, months (points.ledger.posting).
"""

import uuid
from datetime import date
from functools import partial
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from activities.plan.closed_periods import require_open
from branches.audit import record
from branches.choices import Role, Topic
from branches.inbox import Message, notify_many
from branches.models import User
from branches.todo import close_todo, open_todo
from branches.working_days import add_working_days, load_calendar
from points.choices import ClaimState, ObjectionState
from points.claims.deductions import lift_deduction
from points.claims.voiding import void_upheld
from points.cycle import rules
from points.cycle.contesting import Target
from points.cycle.people import answerers, deciders, own_member
from points.ledger.owed import owed_key
from points.ledger.posting import CLAIM, lift_entry
from points.models import Claim, Entry, Objection

SHORT, LONG = 4, 500
TAKEN: Final = "这一项已有异议在处理或已答复，请在“积分异议”中查看。"


def key_of(objection: Objection) -> str:
    return f"objection:{objection.pk}"


@transaction.atomic
def raise_objection(*, target: Target, text: str, form_key: uuid.UUID, actor: User, today: date) -> Objection:
    """Contradict an entry, an announced deduction, a published line, or say that something is missing.

    The same form twice is one objection. Raises ValidationError by field.
    """
    standing = Objection.objects.filter(form_key=form_key, raised_by=actor).first()
    if standing is not None:
        return standing
    text = checked(text, "text", "异议内容")
    if target.why_not:
        raise ValidationError(target.why_not)
    if own_member(actor) is None:
        raise ValidationError("异议由在册党员提出。")
    require_open(target.branch, target.quarter)
    if target.claim is not None:
        claim = Claim.objects.select_for_update(of=("self",)).get(pk=target.claim.pk)
        if claim.state != ClaimState.ANNOUNCED:
            raise ValidationError("这项扣分刚刚入账或已取消，请刷新后查看。")
    calendar = load_calendar([today.year])
    try:
        with transaction.atomic():
            made = Objection.objects.create(
                member=target.member,
                branch=target.branch,
                entry=target.entry,
                claim=target.claim,
                quarter=target.quarter,
                raised_by=actor,
                text=text,
                answer_due=rules.answer_due(today, target.answers_until, partial(add_working_days, calendar=calendar)),
                form_key=form_key,
            )
    except IntegrityError as exc:
        raise ValidationError(TAKEN) from exc
    record(actor=actor, action="objection.raised", target=made, branch=made.branch)
    _ask(made, answerers(made), "raised", "请答复积分异议", made.answer_due)
    return made


@transaction.atomic
def withdraw_objection(*, objection: Objection, actor: User) -> Objection:
    """By whoever raised it, while it waits for an answer or a decision."""
    objection = _locked(objection)
    if objection.raised_by_id != actor.pk:
        raise ValidationError("只能撤回本人提出的异议。")
    if objection.state not in (ObjectionState.RAISED, ObjectionState.APPEALED):
        raise ValidationError("这项异议已经办结或已撤回。")
    _move(objection, ObjectionState.WITHDRAWN, actor, "objection.withdrawn")
    return objection


@transaction.atomic
def answer_objection(*, objection: Objection, upheld: bool | None, answer: str, actor: User, today: date) -> Objection:
    """The branch says whether it holds and why; upheld takes effect at once, refused may be appealed against."""
    objection = _locked(objection)
    if objection.state != ObjectionState.RAISED:
        raise ValidationError("这项异议已经答复或已撤回。")
    require_free(objection, actor)
    if actor.pk not in answerers(objection):
        raise ValidationError(
            "这项异议由支部书记、副书记或组织委员（纪律扣分由支部书记）答复；支部没有其他人可以答复的，由党委办公室答复。"
        )
    answer = checked(answer, "answer", "答复")
    if upheld is None:
        raise ValidationError({"upheld": "请选择异议是否成立。"})
    calendar = load_calendar([today.year])
    objection.answer, objection.upheld = answer, upheld
    objection.answered_by, objection.answered_at = actor, timezone.now()
    if not upheld:
        objection.appeal_until = rules.appeal_until(today, partial(add_working_days, calendar=calendar))
    _move(objection, ObjectionState.ANSWERED, actor, "objection.answered")
    if upheld:
        _uphold(objection, actor)
    _tell(objection, "answered", f"您提出的积分异议已答复：{'成立' if upheld else '不成立'}", objection.appeal_until)
    return objection


@transaction.atomic
def appeal_objection(*, objection: Objection, appeal: str, actor: User, today: date) -> Objection:
    """Whoever raised it is not content with the answer: the Party office decides."""
    objection = _locked(objection)
    if objection.raised_by_id != actor.pk:
        raise ValidationError("申诉由提出异议的党员本人提出。")
    if objection.state != ObjectionState.ANSWERED or objection.upheld or objection.appeal_until is None:
        raise ValidationError("这项异议现在不能申诉。")
    if today > objection.appeal_until:
        raise ValidationError("申诉期已过，支部的答复为最终结果。")
    objection.appeal, objection.appealed_at = checked(appeal, "appeal", "申诉理由"), timezone.now()
    answered_on = timezone.localdate(objection.answered_at)
    calendar = load_calendar([today.year, answered_on.year])
    objection.decide_due = rules.decide_due(
        objection.answer_due, answered_on, partial(add_working_days, calendar=calendar)
    )
    _move(objection, ObjectionState.APPEALED, actor, "objection.appealed")
    _ask(objection, deciders(objection), "appealed", "请裁定积分申诉", objection.decide_due)
    return objection


@transaction.atomic
def decide_objection(*, objection: Objection, upheld: bool | None, decision: str, actor: User) -> Objection:
    """The Party office has the last word."""
    objection = _locked(objection)
    if objection.state != ObjectionState.APPEALED:
        raise ValidationError("这项申诉已经裁定或已撤回。")
    require_free(objection, actor)
    if actor.pk == objection.answered_by_id:
        raise ValidationError("答复这项异议的人不能裁定申诉，请由其他同志裁定。")
    if actor.pk not in deciders(objection):
        raise ValidationError("申诉由党委办公室裁定。")
    decision = checked(decision, "decision", "裁定理由")
    if upheld is None:
        raise ValidationError({"upheld": "请选择异议是否成立。"})
    objection.decision, objection.upheld = decision, upheld
    objection.decided_by, objection.decided_at = actor, timezone.now()
    _move(objection, ObjectionState.DECIDED, actor, "objection.decided")
    if upheld:
        _uphold(objection, actor)
    _tell(objection, "decided", f"您提出的积分申诉已裁定：{'成立' if upheld else '不成立'}", None)
    return objection


@transaction.atomic
def close_missing(*, objection: Objection, actor: User) -> Objection:
    """What an upheld objection found missing is settled, though nothing was booked since: it had been booked before the
    answer, or took no points. What is booked later closes the to-do by itself (points.ledger.owed)."""
    objection = _locked(objection)
    if actor.pk not in answerers(objection):
        raise ValidationError("补正由支部书记、副书记或组织委员办理，本人的由其他同志办理。")
    if not close_todo(item_key=owed_key(objection.pk)):
        raise ValidationError("这项异议没有待补正的积分，或已经补正。")
    record(action="objection.made_up", actor=actor, target=objection, branch=objection.branch)
    _tell(objection, "made_up", "您反映的积分问题支部已补正", None)
    return objection


def require_free(objection: Objection, actor: User) -> None:
    if actor.pk in (objection.member.user_id, objection.raised_by_id):
        raise ValidationError("涉及本人积分或由本人提出的异议，请由其他同志办理。")


def checked(text: str, name: str, label: str) -> str:
    """Raises ValidationError under the field where a text is missing or too long."""
    text = text.strip()
    if len(text) < SHORT:
        raise ValidationError({name: f"请填写{label}（至少{SHORT}个字）。"})
    if len(text) > LONG:
        raise ValidationError({name: f"{label}请控制在{LONG}字以内。"})
    return text


def _locked(objection: Objection) -> Objection:
    rows = Objection.objects.select_for_update(of=("self",)).select_related("branch", "member__user", "raised_by")
    return rows.get(pk=objection.pk)


def _move(objection: Objection, state: ObjectionState, actor: User, action: str) -> None:
    before = ObjectionState(objection.state)
    objection.state = state
    objection.save()
    close_todo(item_key=key_of(objection))
    changes: dict[str, object] = {"state": [before.label, state.label]}
    if state in (ObjectionState.ANSWERED, ObjectionState.DECIDED):
        changes["upheld"] = [None, "成立" if objection.upheld else "不成立"]
    record(actor=actor, action=action, target=objection, branch=objection.branch, changes=changes)


def _uphold(objection: Objection, actor: User) -> None:
    """What an upheld objection does; whatever a correction undid before stays undone."""
    _lock_entered(objection)
    for branch in {objection.branch, *([objection.entry.branch] if objection.entry else [])}:
        require_open(branch, objection.quarter)
    if objection.claim_id:
        lift_deduction(claim=objection.claim, actor=actor)
    elif objection.entry_id:
        _take_back(objection.entry, objection, actor)
    else:
        open_todo(
            item_key=owed_key(objection.pk),
            title=f"异议成立，请补正{objection.member}的积分",
            url=reverse("points:objection_detail", args=[objection.pk]),
            role=Role.BRANCH_SECRETARY,
            branch=objection.branch,
        )
    if objection.member.user_id != objection.raised_by_id and (objection.claim_id or objection.entry_id):
        _say(objection, [objection.member.user_id], "changed", "您的一项积分因异议成立已更正", None, "points:my_points")


def _lock_entered(objection: Objection) -> None:
    """A claim somebody entered comes before branch and members, as in every other writer (points.ledger.posting)."""
    entry = objection.entry
    pk = objection.claim_id or (entry.source_id if entry is not None and entry.source_kind == CLAIM else None)
    entered = Claim.objects.filter(pk=pk, source_id__isnull=True)
    list(entered.select_for_update(of=("self",)).values_list("pk"))


def _take_back(entry: Entry, objection: Objection, actor: User) -> None:
    if entry.source_kind != CLAIM:
        lift_entry(entry=entry, objection=objection, actor=actor)
        return
    claim = Claim.objects.get(pk=entry.source_id)
    if claim.is_deduction:
        lift_deduction(claim=claim, actor=actor)
    else:
        void_upheld(claim=claim, actor=actor)


def _ask(objection: Objection, people: list[int], step: str, title: str, due: date) -> None:
    """A to-do and a message for each of those who may act; what it is about stands on the page only."""
    url = reverse("points:objection_detail", args=[objection.pk])
    users = {user.pk: user for user in User.objects.filter(pk__in=people)}
    for pk in people:
        open_todo(item_key=key_of(objection), title=title, url=url, due=due, recipient=users[pk])
    _say(objection, people, step, f"{objection.branch}：{title}", due)


def _tell(objection: Objection, step: str, text: str, due: date | None) -> None:
    _say(objection, [objection.raised_by_id], step, text, due)


def _say(objection: Objection, people: list[int], step: str, text: str, due: date | None, to: str = "") -> None:
    url = reverse(to) if to else reverse("points:objection_detail", args=[objection.pk])
    notify_many(Message(user, Topic.POINTS, key_of(objection), step, text, url, due) for user in people)
