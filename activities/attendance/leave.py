"""Leave from one gathering (请假): asked for on the phone, answered by the branch, never by oneself.

Approved leave fills in the absence with its approver; the reason stays between the person and those who run the branch.
"""

from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from activities.attendance.rows import OPEN, ensure_rows, lock_sign_in, row_of
from activities.attendance.sign_in import days_of, restore
from activities.attendance.sittings import seat_everyone
from activities.choices import AbsenceReason, ActivityState, LeaveState, status_of
from activities.confirming import LEADING, OFFICERS
from activities.models import Activity, LeaveRequest
from branches.audit import record
from branches.choices import BranchLevel, Role, Topic
from branches.inbox import notify
from branches.models import Appointment, Branch, User
from branches.todo import close_todo, open_todo
from members.models import Member

REASONS: Final = [(value, label) for value, label in AbsenceReason.choices if value != AbsenceReason.UNEXCUSED]
STANDING: Final = (LeaveState.ASKED, LeaveState.APPROVED)


def why_no_leave(activity: Activity) -> str:
    """Why nobody can ask for leave from this gathering now; empty when they can.

    An announced one until it is handed in; a draft on its day.
    """
    if activity.state not in OPEN:
        return "这次活动的记录已经提交，请假请直接联系支部书记。"
    today = timezone.localdate()
    if activity.state == ActivityState.PLANNED:
        return "" if activity.announced_at else "这次活动还没有通知，通知后可以请假。"
    return "" if today in days_of(activity) else "这份记录不在活动当天，请假请直接联系支部书记。"


def approvers_of(activity: Activity, asker: User) -> list[User]:
    """Who answers: secretary, deputy and organisation member, for a group meeting also its leader; never the asker.

    Where nobody is left, the Party office. Of the committee's own gatherings: its leaders.
    """
    branch = activity.branch
    found = _holding(_answering(branch.pk, activity.group_id), asker)
    if found:
        return found
    above = [branch.path[:end] for end in range(Branch.steplen, len(branch.path) + 1, Branch.steplen)]
    return _holding(Q(role=Role.PARTY_OFFICE, branch__path__in=above), asker)


def _answering(branch: Any, group: Any) -> Q:
    """The posts that answer first: ids, or references to an outer query."""
    committee = Q(branch__level=BranchLevel.COMMITTEE)
    officers = Q(committee, role__in=LEADING) | Q(~committee, role__in=OFFICERS)
    return Q(officers, branch=branch) | Q(branch=group, role=Role.GROUP_LEADER)


def _holding(posts: Q, asker: User) -> list[User]:
    held = Appointment.objects.current(timezone.localdate()).filter(posts, user__is_active=True).exclude(user=asker)
    people = {post.user_id: post.user for post in held.select_related("user").order_by("pk")}
    return list(people.values())


def _nearer_approvers(today: date) -> QuerySet[Appointment]:
    """Of a LeaveRequest, as a sub-select: the posts of those who answer before the Party office is asked."""
    here = _answering(OuterRef("activity__branch"), OuterRef("activity__group"))
    held = Appointment.objects.current(today).filter(here, user__is_active=True)
    return held.exclude(user=OuterRef("member__user"))


@transaction.atomic
def ask_leave(*, activity: Activity, member: Member, reason: str, note: str, actor: User) -> LeaveRequest:
    """Ask for oneself. Raises ValidationError by field."""
    activity = _locked(activity)
    if member.user_id != actor.pk:
        raise ValidationError("请假由本人提出；代为登记的，请书记在活动记录中填写缺席原因。")
    if why := why_no_leave(activity):
        raise ValidationError(why)
    if reason not in dict(REASONS):
        raise ValidationError({"reason": "请选择请假原因。"})
    ensure_rows(activity)
    row = row_of(activity, member)
    if row.signed_at is not None:
        raise ValidationError("您已经签到，不需要请假。")
    note = " ".join(note.split())
    if len(note) > 60:
        raise ValidationError({"note": "说明请控制在60字以内。"})
    try:
        with transaction.atomic():
            made = LeaveRequest.objects.create(activity=activity, member=member, reason=reason, note=note)
    except IntegrityError as exc:
        raise ValidationError("这次活动您已请过假，不用重复提交。") from exc
    day = timezone.localdate(activity.starts_at)
    for person in approvers_of(activity, actor):
        title = f"审批请假：{member}，{day.month}月{day.day}日{activity}"
        open_todo(item_key=key_of(made), title=title, url=reverse("activities:leave_list"), due=day, recipient=person)
    record(actor=actor, action="leave.asked", target=activity, branch=activity.branch)
    return made


@transaction.atomic
def decide_leave(*, leave: LeaveRequest, approve: bool, comment: str, actor: User) -> LeaveRequest:
    """Agree, which fills in the absence, or not, with a word why. Raises ValidationError."""
    leave, activity = _both(leave)
    comment = " ".join(comment.split())
    if leave.state != LeaveState.ASKED:
        raise ValidationError("这份请假已经处理或已撤回。")
    if leave.member.user_id == actor.pk:
        raise ValidationError("本人的请假请由其他支委审批。")
    if actor.pk not in {person.pk for person in approvers_of(activity, leave.member.user)}:
        raise ValidationError("这份请假由支部书记、副书记或组织委员审批，党小组会也可由组长审批。")
    if activity.state not in OPEN:
        raise ValidationError("这次活动的记录已经提交，请在记录中填写缺席原因。")
    if not approve and not comment:
        raise ValidationError({"comment": "不同意的，请写明原因。"})
    if len(comment) > 200:
        raise ValidationError({"comment": "审批意见请控制在200字以内。"})
    leave.state = LeaveState.APPROVED if approve else LeaveState.REFUSED
    leave.decided_at, leave.decided_by, leave.comment = timezone.now(), actor, comment
    leave.save()
    row = activity.attendances.select_for_update(of=("self",)).filter(member=leave.member_id).first()
    if approve and row is not None and row.signed_at is None:
        row.status, row.reason, row.note = status_of(leave.reason), leave.reason, leave.note
        row.approved_by, row.approved_at = actor, leave.decided_at
        row.session = None
        row.save()
    close_todo(item_key=key_of(leave))
    day = timezone.localdate(activity.starts_at)
    notify(
        recipient=leave.member.user,
        topic=Topic.ACTIVITY,
        item_key=key_of(leave),
        step=leave.state,
        text=f"{day.month}月{day.day}日“{activity}”的请假{'已同意' if approve else '未同意'}",
        url=reverse("activities:my_attendance"),
        detail=comment,
    )
    state = [LeaveState.ASKED.label, LeaveState(leave.state).label]
    changes = {"人员": [None, str(leave.member)], "请假": state}
    record(actor=actor, action="leave.decided", target=activity, branch=activity.branch, changes=changes)
    return leave


@transaction.atomic
def withdraw_leave(*, leave: LeaveRequest, actor: User) -> LeaveRequest:
    """Take one's own request back, answered or not, while the record is open: one comes after all."""
    leave, activity = _both(leave)
    if leave.member.user_id != actor.pk:
        raise ValidationError("只能撤回本人的请假。")
    if leave.state not in STANDING:
        raise ValidationError("这份请假已经处理或已撤回。")
    if activity.state not in OPEN:
        raise ValidationError("这次活动的记录已经提交，不能再撤回请假。")
    before = LeaveState(leave.state)
    leave.state = LeaveState.WITHDRAWN
    leave.save(update_fields=["state"])
    row = activity.attendances.select_for_update(of=("self",)).filter(member=leave.member_id).first()
    if row is not None and row.signed_at is None and before == LeaveState.APPROVED:
        restore(row)
        seat_everyone(activity)
    close_todo(item_key=key_of(leave))
    changes = {"请假": [before.label, LeaveState.WITHDRAWN.label]}
    record(actor=actor, action="leave.withdrawn", target=activity, branch=activity.branch, changes=changes)
    return leave


# -- Reads


def asked_of(user: User) -> QuerySet[LeaveRequest]:
    """Requests this person may answer now, the next gathering first."""
    today = timezone.localdate()
    posts = Appointment.objects.current(today).filter(user=user)
    branches = posts.filter(role__in=[*OFFICERS, *LEADING]).values("branch")
    groups = posts.filter(role=Role.GROUP_LEADER).values("branch")
    mine = Q(activity__branch__in=branches) | Q(activity__group__in=groups)
    if office := list(posts.filter(role=Role.PARTY_OFFICE).values_list("branch__path", flat=True)):
        below = Branch.objects.within(office).values("pk")
        mine |= Q(~Exists(_nearer_approvers(today)), activity__branch__in=below)
    rows = LeaveRequest.objects.filter(mine, state=LeaveState.ASKED, activity__state__in=OPEN)
    return (
        rows.exclude(member__user=user)
        .select_related("activity__branch", "activity__group", "member__user")
        .order_by("activity__starts_at", "asked_at", "pk")
    )


def answered_by_branch(user: User) -> QuerySet[LeaveRequest]:
    """What was answered where this person may answer; the latest first."""
    posts = Appointment.objects.current(timezone.localdate()).filter(user=user)
    mine = Q(activity__branch__in=posts.filter(role__in=[*OFFICERS, *LEADING]).values("branch"))
    mine |= Q(activity__group__in=posts.filter(role=Role.GROUP_LEADER).values("branch"))
    rows = LeaveRequest.objects.filter(mine, decided_at__isnull=False)
    return rows.select_related("activity", "member__user", "decided_by").order_by("-decided_at", "-pk")


def own_requests(member: Member) -> QuerySet[LeaveRequest]:
    return LeaveRequest.objects.filter(member=member).select_related("activity", "decided_by")


def ahead_of(member: Member) -> list[Activity]:
    """Gatherings from today on that expect this member and that leave can be asked from, the next first."""
    today = timezone.localdate()
    ahead = Q(starts_at__date__gte=today) | Q(sessions__starts_at__date__gte=today)
    today_only = Q(starts_at__date=today) | Q(sessions__starts_at__date=today)
    planned = Q(state=ActivityState.PLANNED, announced_at__isnull=False) & ahead
    rows = Activity.objects.filter(
        planned | Q(state=ActivityState.DRAFT) & today_only, attendances__member=member
    ).distinct()
    rows = rows.select_related("branch", "group").prefetch_related("kinds", "sessions")
    return list(rows.order_by("starts_at", "pk")[:20])


def key_of(leave: LeaveRequest) -> str:
    return f"leave:{leave.pk}"


def _locked(activity: Activity) -> Activity:
    found = Activity.objects.select_for_update(of=("self",)).select_related("branch", "group").get(pk=activity.pk)
    lock_sign_in(found)
    return found


def _both(leave: LeaveRequest) -> tuple[LeaveRequest, Activity]:
    """Record before request: everybody takes the locks in this order."""
    activity = _locked(leave.activity)
    rows = LeaveRequest.objects.select_for_update(of=("self",)).select_related("member__user")
    return rows.get(pk=leave.pk), activity
