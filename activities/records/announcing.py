"""A gathering before it is held: planned, then announced to those it expects."""

from collections.abc import Sequence
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from activities.attendance.sittings import also_at
from activities.choices import ActivityState
from activities.models import Activity, Session
from activities.plan.planning import refresh_items
from activities.records import joint
from branches.audit import record
from branches.choices import Topic
from branches.inbox import Message, notify_many
from branches.models import Notice, User


@transaction.atomic
def plan_activity(*, activity: Activity, actor: User) -> Activity:
    """Make a draft that lies ahead a planned gathering; one that is planned already stays so."""
    activity = _locked(activity)
    if activity.state == ActivityState.PLANNED:
        return activity
    if activity.state != ActivityState.DRAFT or activity.serial:
        raise ValidationError("提交过的记录不能改为计划。")
    _require_ahead(activity)
    parts = joint.hold(activity)
    activity.state = ActivityState.PLANNED
    activity.version += 1
    activity.save(update_fields=["state", "version", "updated_at"])
    refresh_items(
        branch=activity.branch,
        kinds=[row.kind for row in activity.kinds.all()],
        days=[timezone.localdate(activity.starts_at)],
    )
    joint.follow_plan(parts)
    changes = {"状态": [ActivityState.DRAFT.label, ActivityState.PLANNED.label]}
    record(actor=actor, action="activity.planned", target=activity, branch=activity.branch, changes=changes)
    return activity


@transaction.atomic
def announce(*, activity: Activity, actor: User) -> int:
    """Tell everyone expected when and where, once for each new time and place; from then on the branch sees the plan.

    Returns how many people were told.
    """
    activity = _locked(activity)
    if activity.state != ActivityState.PLANNED:
        raise ValidationError("只有计划中的活动可以通知。")
    _require_ahead(activity)
    problems = {name: text for name, text in (("topic", "主题"), ("place", "地点")) if not getattr(activity, name)}
    if problems:
        raise ValidationError(f"请先填写{'和'.join(problems.values())}，再通知。")
    activity.announced_at = timezone.now()
    activity.save(update_fields=["announced_at", "updated_at"])
    local = timezone.localtime(activity.starts_at)
    sessions = list(activity.sessions.all())
    when = f"{local.month}月{local.day}日{local:%H:%M}"
    url = reverse("activities:activity_detail", args=[activity.pk])
    people = activity.attendances.filter(member__user__is_active=True).exclude(member__user=actor)
    users = list(people.values_list("member__user", flat=True))
    item = f"activity:{activity.pk}"
    step = _step(item, users, activity, sessions)
    told = notify_many(
        Message(
            recipient=user,
            topic=Topic.ACTIVITY,
            item_key=item,
            step=step,
            text=f"{when}，{activity.place}{also_at(sessions)}：{activity.topic}"[:120],
            url=url,
            due=local.date(),
        )
        for user in users
    )
    record(
        actor=actor,
        action="activity.announced",
        target=activity,
        branch=activity.branch,
        changes={"通知人数": [None, told]},
    )
    return told


def _step(item: str, users: Sequence[int], activity: Activity, sessions: Sequence[Session]) -> str:
    """The step of the last announcement where times and places are still those, else a new one: a gathering that was
    moved there and back is announced three times."""
    held = [(activity.starts_at, activity.place), *((one.starts_at, one.place) for one in sessions)]
    digest = sha256(repr([(at.timestamp(), place) for at, place in held]).encode()).hexdigest()[:16]
    said = Notice.objects.filter(recipient__in=users, item_key=item, step__startswith="announced ")
    steps = list(said.values("step").annotate(last=Max("pk")).order_by("last").values_list("step", flat=True))
    if steps and steps[-1].endswith(f" {digest}"):
        return str(steps[-1])
    return f"announced {len(steps) + 1} {digest}"


def _locked(activity: Activity) -> Activity:
    return Activity.objects.select_for_update(of=("self",)).select_related("branch").get(pk=activity.pk)


def _require_ahead(activity: Activity) -> None:
    if activity.starts_at <= timezone.now():
        raise ValidationError({"date": "计划的时间应晚于现在；已经开展的活动请直接登记。"})
