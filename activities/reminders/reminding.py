"""Who is reminded of what today: duties, gatherings ahead, make-ups. Reads, and calls the inbox; runs twice unharmed.

A duty is told to those who run its branch, and after a grace period to the Party office as one line a day. Both stop by
themselves once something is handed in or an explanation is asked for.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from activities.attendance.sittings import also_at
from activities.choices import ActivityState, MakeUpState
from activities.models import Activity, Attendance, MakeUp, PlanItem
from activities.plan.periods import period_label
from activities.reminders.rules import (
    LOOK_BACK,
    MAKE_UP_STEPS,
    OVERDUE,
    OWED,
    STEPS,
    grace_of,
    is_overdue_for_office,
    send_day,
    step_now,
)
from branches.choices import BranchLevel, Role, Topic
from branches.inbox import Message, notify_digest, notify_many
from branches.models import GracePeriod
from branches.term_reminders import LEADING, Posts, remind_terms
from branches.working_days import WorkCalendar, load_calendar
from config.templatetags.ui import cn_day

FAR: Final = max(STEPS) + 14  # days ahead to look: the longest holiday moves a reminder by less than two weeks
NAMED: Final = 6  # branches in the line of the office; the others are counted


def remind(*, hospital_id: int, today: date) -> int:
    """Everything of one organisation that is to be said on `today`; returns how many lines were new."""
    calendar = load_calendar([today.year])
    told = remind_duties(hospital_id=hospital_id, today=today, calendar=calendar)
    told += remind_gatherings(hospital_id=hospital_id, today=today, calendar=calendar)
    told += remind_make_ups(hospital_id=hospital_id, today=today, calendar=calendar)
    return told + remind_terms(hospital_id=hospital_id, today=today)


# -- Duties


def remind_duties(*, hospital_id: int, today: date, calendar: WorkCalendar) -> int:
    """7, 3, 1 days before, on the day, and once when it is overdue for the office too."""
    rows = PlanItem.objects.filter(
        branch__hospital=hospital_id,
        state__in=OWED,
        due__range=(today - timedelta(days=LOOK_BACK), today + timedelta(days=FAR)),
    )
    items = list(rows.select_related("branch", "group").order_by("branch__path", "due", "pk"))
    nodes = {node.pk: node for item in items for node in (item.branch, item.group) if node is not None}
    posts = Posts(nodes.values(), today)
    grace = dict(GracePeriod.objects.values_list("kind", "working_days"))
    messages: list[Message] = []
    late: dict[int, list[tuple[PlanItem, Message]]] = defaultdict(list)
    for item in items:
        people = _runs(item, posts)
        step = step_now(item.due, today, calendar)
        if step is not None:
            messages += [_message(user, item, str(step), _ahead(item, today)) for user in people]
        elif is_overdue_for_office(item.due, today, grace_of(item.kind, grace), calendar):
            text = _overdue(item)
            messages += [_message(user, item, OVERDUE, text) for user in people]
            for user in posts.office(item.branch.path):
                if user not in people:
                    late[user].append((item, _message(user, item, OVERDUE, text)))
    told = notify_many(messages)
    for mine in late.values():
        notify_digest(
            topic=Topic.DUTY,
            day=today,
            messages=[message for _, message in mine],
            text="{n}项规定动作逾期未登记，请督促",
            detail=_by_branch(item for item, _ in mine),
            url=reverse("activities:board"),
        )
    return told


def _runs(item: PlanItem, posts: Posts) -> list[int]:
    """Secretary and deputy, for a group's duty its leader too; the committee's own duties are the Party office's."""
    if item.branch.level == BranchLevel.COMMITTEE:
        return posts.holders(item.branch_id, [Role.PARTY_OFFICE])
    people = posts.holders(item.branch_id, LEADING)
    if item.group_id:
        people = list(dict.fromkeys([*people, *posts.holders(item.group_id, [Role.GROUP_LEADER])]))
    return people


def _message(user: int, item: PlanItem, step: str, text: str) -> Message:
    url = reverse("activities:plan_item", args=[item.pk])
    key = f"plan:{item.pk}:{item.due:%Y-%m-%d}"  # a moved item has a new due day, and its reminders
    return Message(user, Topic.DUTY, key, step, text, url, item.due)


def _name(item: PlanItem) -> str:
    what = item.title or str(item.get_kind_display())
    where = f"{item.branch}{item.group or ''}"
    return f"{where}：{what[:40]}（{period_label(item.period, item.start)}）"


def _ahead(item: PlanItem, today: date) -> str:
    left = (item.due - today).days
    return f"{_name(item)}今天到期" if left == 0 else f"{_name(item)}还有{left}天到期，请在{cn_day(item.due)}前登记"


def _overdue(item: PlanItem) -> str:
    return f"{_name(item)}已逾期，应于{cn_day(item.due)}前登记"


def _by_branch(items: Iterable[PlanItem]) -> str:
    counted = Counter(str(item.branch) for item in items)
    shown = "、".join(f"{name}{n}项" for name, n in counted.most_common(NAMED))
    return shown + (f"，另有{len(counted) - NAMED}个支部" if len(counted) > NAMED else "")


# -- Gatherings ahead, and study to make up


def remind_gatherings(*, hospital_id: int, today: date, calendar: WorkCalendar) -> int:
    """The day before an announced gathering, everyone expected; who has leave is not asked again.

    Of several sittings the day before the first, with the times of all: nobody is bound to one before it is held.
    """
    until = datetime.combine(today + timedelta(days=15), time.min)
    ahead = Activity.objects.filter(
        branch__hospital=hospital_id,
        state=ActivityState.PLANNED,
        announced_at__isnull=False,
        starts_at__gte=timezone.make_aware(datetime.combine(today + timedelta(days=1), time.min)),
        starts_at__lt=timezone.make_aware(until),
    )
    ahead = ahead.prefetch_related("sessions")
    soon = {row.pk: row for row in ahead if send_day(timezone.localdate(row.starts_at), 1, calendar) <= today}
    people = Attendance.objects.filter(activity__in=soon, reason="", member__user__is_active=True)
    messages = []
    for activity_id, user in people.values_list("activity", "member__user"):
        activity = soon[activity_id]
        local = timezone.localtime(activity.starts_at)
        when = "明天" if local.date() == today + timedelta(days=1) else cn_day(local.date())
        messages.append(
            Message(
                recipient=user,
                topic=Topic.ACTIVITY,
                item_key=f"activity:{activity.pk}",
                step=f"before {local:%Y-%m-%d %H:%M}",  # moved: said again
                text=f"{when}{local:%H:%M}，{activity.place}{also_at(activity.sessions.all())}：{activity}"[:120],
                url=reverse("activities:activity_detail", args=[activity.pk]),
                due=local.date(),
            )
        )
    return notify_many(messages)


def remind_make_ups(*, hospital_id: int, today: date, calendar: WorkCalendar) -> int:
    """7 days and 1 day before a make-up is due, and on the day; once it is reported it waits for the branch."""
    rows = MakeUp.objects.filter(
        Q(state=MakeUpState.OPEN),
        attendance__branch__hospital=hospital_id,
        attendance__member__user__is_active=True,
        due__range=(today, today + timedelta(days=FAR)),
    )
    messages = []
    for row in rows.select_related("attendance__activity", "attendance__member"):
        step = step_now(row.due, today, calendar, MAKE_UP_STEPS)
        if step is None:
            continue
        left = (row.due - today).days
        messages.append(
            Message(
                recipient=row.attendance.member.user_id,
                topic=Topic.MAKE_UP,
                item_key=f"make_up:{row.pk}:{row.due:%Y-%m-%d}",
                step=str(step),
                text=f"补课“{row.attendance.activity}”{f'还有{left}天到期' if left else '今天到期'}",
                url=reverse("activities:make_up_report", args=[row.pk]),
                due=row.due,
            )
        )
    return notify_many(messages)
