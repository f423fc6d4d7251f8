"""Every write to the roll, one person at a time: admit, change, transfer, confirm, leave."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from branches.audit import record
from branches.choices import ROLL_ROLES, BranchLevel
from branches.models import Appointment, Branch, User
from branches.rules import subtree_end
from branches.services import end_appointment
from config.templatetags.ui import cn_date
from members import facts
from members.arrivals import note_by_hand
from members.choices import OFF_ROLL, ON_ROLL, EventKind, MembershipStatus, MemberType
from members.models import Member
from members.recording import check_person, differences, home_on, locked, record_change, write_event

PURPOSES = ("核对身份", "联系本人", "填报材料", "其他工作需要")  # why somebody asks for protected facts


class Conflict(ValidationError):
    """Somebody saved first. `differences` has (field, title, theirs, mine) for each field the two texts disagree on."""

    def __init__(self, current: Member, fields: Mapping[str, Any]) -> None:
        super().__init__(f"{current.user.name}的资料刚被其他人修改过，请核对后再保存。", code="conflict")
        self.current = current
        self.differences = [
            (field, facts.title(field), facts.read(current, field), value)
            for field, value in fields.items()
            if facts.read(current, field) != value
        ]


@transaction.atomic
def admit_member(
    *,
    branch: Branch,
    kind: EventKind | str = EventKind.OPENING,
    member_type: MemberType | str = MemberType.FULL,
    recorded_on: date,
    effective_on: date | None = None,
    group: Branch | None = None,
    user: User | None = None,
    document_no: str = "",
    origin: str = "",
    late: bool = False,
    actor: User | None,
    **fields: Any,
) -> Member:
    """Put a person on the roll. `fields` by the names of `members.facts`; `user` is a person known already (a clerk).

    `effective_on` is the vote of an admission, `recorded_on` its approval: the roll counts from the latter. Once a
    month was closed, `origin` says where somebody comes from and `late` that a closed month may be booked late.
    """
    kind = _kind(kind, ON_ROLL - {EventKind.REINSTATED})
    member = Member(member_type=MemberType(member_type))
    effective_on = _give_home(member, branch, group, recorded_on, effective_on)
    if user is not None and Member.objects.filter(user=user).exists():
        raise ValidationError(f"{user.name}已在党员名册中。")
    member.user = user or User()
    _fill(member, {field: facts.blank(field) for field in facts.FIELDS if user is None or field in facts.OF_MEMBER})
    _fill(member, {"membership_status": MembershipStatus.NORMAL, **fields})
    if kind == EventKind.ADMITTED and "joined_on" not in fields:
        member.joined_on = effective_on
    check_person(member, actor)
    note = note_by_hand(
        kind,
        on=recorded_on,
        joined_on=member.joined_on,
        home=member.branch,
        origin=" ".join(origin.split()),
        late=late,
        today=timezone.localdate(),
    )
    if user is None:
        member.user.set_unusable_password()
    member.user.save()
    member.user = member.user  # its key is known only now
    member.save()
    write_event(
        member,
        kind,
        branch=member.branch,
        recorded_on=recorded_on,
        effective_on=effective_on,
        document_no=document_no,
        note=note,
        actor=actor,
    )
    return member


@transaction.atomic
def readmit_member(
    *,
    member: Member,
    branch: Branch,
    kind: EventKind | str = EventKind.TRANSFER_IN,
    recorded_on: date,
    effective_on: date | None = None,
    group: Branch | None = None,
    document_no: str = "",
    note: str = "",
    actor: User | None,
) -> Member:
    """Put somebody who left back on the roll: 转入 again, or 恢复党籍."""
    kind = _kind(kind, frozenset({EventKind.TRANSFER_IN, EventKind.REINSTATED}))
    member = locked(member, branch)
    if member.left_on is None:
        raise ValidationError(f"{member.user.name}已在名册中。")
    if member.events.filter(kind=EventKind.DECEASED).exists():
        raise ValidationError("该同志已登记为去世。登记有误的，请联系信息管理员更正。")
    effective_on = _give_home(member, branch, group, recorded_on, effective_on)
    _save(member)
    write_event(
        member,
        kind,
        branch=member.branch,
        recorded_on=recorded_on,
        effective_on=effective_on,
        document_no=document_no,
        note=note,
        actor=actor,
    )
    return member


@transaction.atomic
def change_member(*, member: Member, version: int, fields: Mapping[str, Any], actor: User | None) -> Member:
    """Correct facts of a person. `version` is the one the form was filled from, else Conflict."""
    member = locked(member)
    if member.version != version:
        raise Conflict(member, fields)
    changes = differences(member, fields)
    if not changes:
        return member
    _fill(member, {field: new for field, (_, new) in changes.items()})
    check_person(member, actor)
    member.user.save()
    _save(member)
    record_change(member, changes, actor)
    if "membership_status" in changes and member.membership_status == MembershipStatus.SUSPENDED:
        today = timezone.localdate()
        kind, home = EventKind.SUSPENDED, member.branch
        write_event(member, kind, branch=home, recorded_on=today, effective_on=today, actor=actor)
    return member


@transaction.atomic
def transfer_member(
    *,
    member: Member,
    to: Branch,
    group: Branch | None = None,
    recorded_on: date,
    document_no: str = "",
    note: str = "",
    actor: User | None,
) -> Member:
    """Move somebody to another branch of the hospital: counts there from `recorded_on`, that day included."""
    member = _on_roll(member, to)
    old = member.branch
    if to.pk == old.pk:
        raise ValidationError({"to": f"{member.user.name}已在“{old.name}”。"})
    to = home_on(to, recorded_on, field="to")
    if to.hospital_id != old.hospital_id:
        raise ValidationError({"to": "只能在本单位的党支部之间调整；转往其他单位请办理转出。"})
    _checked_dates(recorded_on, None, member)
    _end_posts(member.user, below=old, on=recorded_on, actor=actor)
    member.branch, member.group = to, _group_of(to, group)
    _save(member)
    write_event(
        member,
        EventKind.MOVED,
        branch=to,
        from_branch=old,
        recorded_on=recorded_on,
        effective_on=recorded_on,
        document_no=document_no,
        note=note,
        actor=actor,
    )
    return member


@transaction.atomic
def confirm_member(
    *,
    member: Member,
    recorded_on: date,
    effective_on: date | None = None,
    document_no: str = "",
    note: str = "",
    actor: User | None,
) -> Member:
    """A probationary member becomes a full one: standing from `effective_on`, rights from `recorded_on`."""
    member = _on_roll(member)
    if member.member_type != MemberType.PROBATIONARY:
        raise ValidationError(f"{member.user.name}已是正式党员。")
    effective_on = _checked_dates(recorded_on, effective_on, member)
    if effective_on < member.joined_on:
        raise ValidationError({"effective_on": "转正日期不能早于加入党组织日期。"})
    member.member_type, member.confirmed_on = MemberType.FULL, effective_on
    _save(member)
    write_event(
        member,
        EventKind.CONFIRMED,
        branch=member.branch,
        recorded_on=recorded_on,
        effective_on=effective_on,
        document_no=document_no,
        note=note,
        actor=actor,
    )
    return member


@transaction.atomic
def leave_roll(
    *,
    member: Member,
    kind: EventKind | str,
    recorded_on: date,
    document_no: str = "",
    note: str = "",
    actor: User | None,
) -> Member:
    """Take somebody off the roll; `recorded_on` is the first day off it. All posts end."""
    kind = _kind(kind, OFF_ROLL)
    member = _on_roll(member)
    if kind == EventKind.CANCELLED and member.member_type != MemberType.PROBATIONARY:
        raise ValidationError({"kind": "只有预备党员可以取消预备党员资格。"})
    _checked_dates(recorded_on, None, member)
    _end_posts(member.user, below=None, on=recorded_on, actor=actor)
    member.left_on = recorded_on
    _save(member)
    if kind == EventKind.DECEASED:
        member.user.is_active = False
        member.user.save(update_fields=["is_active"])
    write_event(
        member,
        kind,
        branch=None,
        from_branch=member.branch,
        recorded_on=recorded_on,
        effective_on=recorded_on,
        document_no=document_no,
        note=note,
        actor=actor,
    )
    return member


@transaction.atomic
def assign_group(*, member: Member, group: Branch | None, actor: User | None) -> Member:
    """Put somebody into a group of the home branch, or into none."""
    member = _on_roll(member)
    group = _group_of(member.branch, group)
    if member.group_id == (group.pk if group else None):
        return member
    before = member.group
    member.group = group
    _save(member)
    record(
        actor=actor,
        action="member.grouped",
        target=member,
        branch=member.branch,
        changes={"group": [before.name if before else None, group.name if group else None]},
    )
    return member


@transaction.atomic
def reveal_pii(*, member: Member, purpose: str, actor: User) -> dict[str, str]:
    """Protected facts of one person in full, and the line in the audit trail that says who asked and why."""
    if not purpose.strip():
        raise ValidationError({"purpose": "请选择用途。"})
    record(
        actor=actor,
        action="member.pii_revealed",
        target=member,
        branch=member.branch,
        changes={"purpose": [None, purpose.strip()[:100]]},
    )
    return {field: str(facts.read(member, field) or "") for field in ("id_number", "mobile", "phone", "address")}


# -- Inside


def _kind(kind: EventKind | str, allowed: frozenset[EventKind]) -> EventKind:
    if kind not in allowed:
        raise ValidationError({"kind": "请选择变动类别。"})
    return EventKind(kind)


def _on_roll(member: Member, *homes: Branch) -> Member:
    member = locked(member, *homes)
    if member.left_on is not None:
        raise ValidationError(f"{member.user.name}已不在名册中。")
    return member


def _checked_dates(recorded_on: date, effective_on: date | None, member: Member | None = None) -> date:
    """The roll has no future and no change before the last one; the standing never begins after the roll."""
    effective_on = effective_on or recorded_on
    if recorded_on > timezone.localdate():
        raise ValidationError({"recorded_on": "变动日期不能晚于今天。"})
    if effective_on > recorded_on:
        raise ValidationError({"effective_on": "生效日期不能晚于变动日期。"})
    last = member.events.order_by("-recorded_on", "-pk").first() if member is not None else None
    if last is not None and recorded_on < last.recorded_on:
        kind, day = last.get_kind_display(), cn_date(last.recorded_on)
        raise ValidationError({"recorded_on": f"不能早于上一次变动（{kind}，{day}）。"})
    return effective_on


def _give_home(
    member: Member, branch: Branch, group: Branch | None, recorded_on: date, effective_on: date | None
) -> date:
    """Put somebody who is on no roll into a branch, in memory; returns the day from which the standing counts."""
    home = home_on(branch, recorded_on)
    effective_on = _checked_dates(recorded_on, effective_on, member if member.pk else None)
    member.branch, member.group, member.left_on = home, _group_of(home, group), None
    return effective_on


def _group_of(branch: Branch, group: Branch | None) -> Branch | None:
    if group is None:
        return None
    inside = branch.path <= group.path < subtree_end(branch.path)
    if group.level != BranchLevel.GROUP or not inside or group.dissolved_on is not None:
        raise ValidationError({"group": f"“{group.name}”不是“{branch.name}”的党小组。"})
    return group


def _fill(member: Member, fields: Mapping[str, Any]) -> None:
    unknown = set(fields) - set(facts.FIELDS)
    if unknown:
        raise TypeError(f"not facts of a person: {sorted(unknown)}")
    for field, value in fields.items():
        facts.write(member, field, value)


def _save(member: Member) -> None:
    member.version += 1
    member.save()


def _end_posts(user: User, *, below: Branch | None, on: date, actor: User | None) -> None:
    """End the posts held at `below` and its groups (everywhere: None), by hand given ones only."""
    held = Appointment.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on), user=user)
    held = held.exclude(role__in=ROLL_ROLES)
    for post in held.within([below.path]) if below is not None else held:
        end_appointment(appointment=post, on=max(on, post.starts_on), actor=actor)
