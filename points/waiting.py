"""What waits for one reader: records to confirm, records sent back, explanations to decide. Set-based reads."""

from datetime import date, timedelta
from typing import Final

from activities.access import confirmable, decidable, recordable
from activities.choices import ActivityState, PlanState
from activities.confirming import confirmers_of_each
from activities.models import Activity, PlanItem
from branches.choices import Capability
from branches.models import User

STILL_ASKED_DAYS: Final = 60  # how long what last year left open is still asked for
LIMIT: Final = 200  # the oldest ones; a list this long is worked off from the top


def overdue_since(today: date) -> date:
    """Due days from which an open duty is called late: this year, and the end of the last one in its first weeks."""
    return min(date(today.year, 1, 1), today - timedelta(days=STILL_ASKED_DAYS))


def to_confirm(user: User, today: date) -> list[Activity]:
    """Submitted records this person may confirm now, the oldest first; two statements for any number of branches."""
    if not user.has_anywhere(Capability.ACTIVITY_CONFIRM) and not user.has_anywhere(Capability.COMMITTEE_CONFIRM):
        return []
    waiting = (
        confirmable(Activity.objects.all(), user)
        .filter(state=ActivityState.SUBMITTED)
        .exclude(recorder=user)
        .exclude(editor=user)
        .select_related("branch", "group", "submitted_by")
        .prefetch_related("kinds")
        .order_by("submitted_at", "pk")[:LIMIT]
    )
    records = list(waiting)
    if not records:
        return []
    free = confirmers_of_each(records, today)
    return [record for record in records if user.pk in free[record.pk].people]


def sent_back(user: User) -> list[Activity]:
    """Records and drafts in this person's own hands, the returned ones first."""
    mine = recordable(Activity.objects.all(), user).filter(
        state__in=[ActivityState.RETURNED, ActivityState.DRAFT], editor=user
    )
    return list(
        mine.select_related("branch", "group", "returned_by").prefetch_related("kinds").order_by("-state", "pk")[:20]
    )


def explanations(user: User) -> list[PlanItem]:
    """Required actions whose branch asks to be excused, for those who decide."""
    asked = decidable(PlanItem.objects.all(), user).filter(state=PlanState.NOT_HELD_ASKED)
    return list(asked.select_related("branch", "group").order_by("due", "pk")[:LIMIT])
