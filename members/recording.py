"""What every change of the roll does, by hand or by import: check the person, write the event and all that follows."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q

from branches.audit import record
from branches.choices import BranchLevel, Capability, Role
from branches.models import Branch, User
from branches.services import set_roll_post
from config.templatetags.ui import cn_date
from members import facts
from members.choices import EventKind, MemberType
from members.models import Member, MembershipEvent
from members.roll_months import lock_branches, recount_roll_months
from members.signals import record_confirmed


def locked(member: Member, *homes: Branch) -> Member:
    """The member as it is now, held; before it the branches whose heads a change counts anew (`homes`, and its own)."""
    lock_branches([member.branch_id, *(home.pk for home in homes)])
    found: Member = (
        Member.objects.select_for_update(of=("self",), no_key=True)
        .select_related("user", "branch", "group")
        .get(pk=member.pk)
    )
    return found


def home_on(branch: Branch, day: date, *, field: str = "branch") -> Branch:
    """`branch`, fit to be a home on `day`; else ValidationError."""
    branch = Branch.objects.get(pk=branch.pk)  # as it is now
    if branch.level != BranchLevel.BRANCH:
        raise ValidationError({field: f"“{branch.name}”是{branch.get_level_display()}，党员须编入党支部。"})
    if branch.dissolved_on is not None:
        raise ValidationError({field: f"“{branch.name}”已撤销，不能编入党员。"})
    if day < branch.founded_on:
        raise ValidationError({"recorded_on": f"不能早于“{branch.name}”的成立日期{cn_date(branch.founded_on)}。"})
    return branch


def check_person(member: Member, actor: User | None) -> None:
    """Everything a person's facts must agree on; an ID number or staff number that somebody else has is refused.

    Who has it is told only to an actor who may see that person: a number must not find out a stranger's hospital.
    """
    errors: dict[str, Any] = {}
    same = Member.objects.with_identity(member.id_number).exclude(pk=member.pk)
    known = same.select_related("user", "branch").first()
    if known is not None and not _may_name(known, actor):
        errors["id_number"] = "这个身份号码已在其他党组织的名册中，请核对号码；确需办理的，请联系上级党委。"
    elif known is not None:
        where = f"已离开名册（原在{known.branch.name}）" if known.left_on else f"在{known.branch.name}"
        errors["id_number"] = f"这个身份号码已在名册中：{known.user.name}，{where}。"
    number = member.user.staff_no
    if number and User.objects.filter(Q(staff_no=number) | Q(username=number)).exclude(pk=member.user.pk).exists():
        errors["staff_no"] = "这个工号已有人使用。"
    skipped = (member, ["user", "branch", "group", "id_number_index"]), (member.user, ["password", "username"])
    for model, skip in skipped:
        try:
            model.full_clean(exclude=skip, validate_unique=False)
        except ValidationError as exc:
            errors = {**{_field(name): texts for name, texts in exc.message_dict.items()}, **errors}
    if errors:
        raise ValidationError(errors)


def _may_name(known: Member, actor: User | None) -> bool:
    return actor is None or Member.objects.visible_to(actor, Capability.ROSTER_VIEW).filter(pk=known.pk).exists()


def differences(member: Member, fields: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """field -> (stored, new) for what would change."""
    pairs = {field: (facts.read(member, field), value) for field, value in fields.items()}
    return {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}


def record_change(member: Member, changes: Mapping[str, tuple[Any, Any]], actor: User | None) -> None:
    record(
        actor=actor,
        action="member.changed",
        target=member,
        branch=member.branch,
        changes={field: [facts.shown(field, old), facts.shown(field, new)] for field, (old, new) in changes.items()},
    )


def write_event(
    member: Member,
    kind: EventKind,
    *,
    branch: Branch | None,
    from_branch: Branch | None = None,
    recorded_on: date,
    effective_on: date,
    document_no: str = "",
    note: str = "",
    actor: User | None,
) -> MembershipEvent:
    """The event and what follows from it: roll post, head counts, audit line, and the signal to the rooms above."""
    event = MembershipEvent.objects.create(
        member=member,
        kind=kind,
        branch=branch,
        from_branch=from_branch,
        member_type=member.member_type,
        recorded_on=recorded_on,
        effective_on=effective_on,
        document_no=document_no,
        note=note,
        created_by=actor,
    )
    role = None if branch is None else roll_role(member)
    set_roll_post(user=member.user, branch=branch or member.branch, role=role, on=recorded_on, actor=actor)
    touched: Iterable[Branch] = [node for node in (branch, from_branch) if node is not None]
    recount_roll_months(branches=touched, from_month=recorded_on)
    record(
        actor=actor,
        action=f"member.{kind}",
        target=member,
        branch=branch or from_branch,
        changes={
            "branch": [from_branch.name if from_branch else None, branch.name if branch else None],
            "recorded_on": [None, recorded_on],
        },
    )
    record_confirmed.send(sender=MembershipEvent, source_kind="membership", source_id=event.pk, revision=1, actor=actor)
    return event


def roll_role(member: Member) -> Role:
    return Role.MEMBER if member.member_type == MemberType.FULL else Role.PROBATIONARY


def _field(name: str) -> str:
    """The model's name of a field as the form knows it."""
    return {"home_address": "address", "id_number_index": "id_number"}.get(name, name)
