"""What a private calendar feed shows of this room: duties that fall due and gatherings ahead, titles and times only."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from django.db.models import Q

from activities.choices import GATHERINGS, ActivityState
from activities.models import Activity, PlanItem
from activities.plan.periods import period_label
from activities.reminders.rules import OWED
from branches.choices import Capability
from branches.feed import FeedEvent, register
from branches.models import User

BEFORE: Final = timedelta(days=30)
AHEAD: Final = timedelta(days=150)
LIMIT: Final = 300


@register
def duties_due(user: User, today: date) -> Iterable[FeedEvent]:
    """Open duties of the nodes this person writes records for. Talks are no gatherings, and never shown."""
    rows = PlanItem.objects.visible_to(user, Capability.ACTIVITY_WRITE)
    rows |= PlanItem.objects.visible_to(user, Capability.COMMITTEE_RECORD)
    rows = rows.filter(state__in=OWED, kind__in=GATHERINGS, due__range=(today - BEFORE, today + AHEAD))
    for item in rows.select_related("branch", "group").order_by("due", "pk")[:LIMIT]:
        what = item.title or str(item.get_kind_display())
        where = f"{item.branch}{item.group or ''}"
        yield FeedEvent(
            f"plan-{item.pk}", f"到期：{what}（{period_label(item.period, item.start)}），{where}", item.due
        )


@register
def gatherings_ahead(user: User, today: date) -> Iterable[FeedEvent]:
    """Announced gatherings that expect this person, and planned ones this person prepares; each sitting of its own."""
    mine = Q(attendances__member__user=user, announced_at__isnull=False) | Q(recorder=user)
    span = (today - BEFORE, today + AHEAD)
    begun = Q(state=ActivityState.DRAFT, sessions__starts_at__date__gte=today)  # of its sittings one is still ahead
    rows = Activity.objects.filter(mine, Q(state=ActivityState.PLANNED) | begun, starts_at__date__range=span)
    for activity in rows.distinct().prefetch_related("sessions").order_by("starts_at", "pk")[:LIMIT]:
        for one in activity.sessions.all():
            yield FeedEvent(f"session-{one.pk}", f"{activity}（{one}）", one.starts_at, one.ends_at)
        if activity.sessions.all():
            continue
        yield FeedEvent(f"activity-{activity.pk}", str(activity), activity.starts_at, activity.ends_at)
