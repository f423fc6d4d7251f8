"""What waits for one reader: records to confirm and records sent back; explanations, answers, leave and make-ups to
decide. Set-based reads."""

from datetime import date, timedelta
from typing import Final

from activities.access import confirmable, decidable, recordable
from activities.attendance import leave, make_ups
from activities.choices import ActivityState, MakeUpState, PlanState
from activities.confirming import LEADING, OFFICERS, confirmers_of_each
from activities.models import Activity, LeaveRequest, MakeUp, PlanItem
from branches.choices import Capability
from branches.models import Appointment, User

STILL_ASKED_DAYS: Final = 60  # how long what last year left open is still asked for
CONFIRMING: Final = (Capability.ACTIVITY_CONFIRM, Capability.COMMITTEE_CONFIRM)
LIMIT: Final = 200  # the oldest ones; a list this long is worked off from the top


def overdue_since(today: date) -> date:
    """Due days from which an open duty is called late: this year, and the end of the last one in its first weeks."""
    return min(date(today.year, 1, 1), today - timedelta(days=STILL_ASKED_DAYS))


def to_confirm(user: User, today: date) -> list[Activity]:
    """Submitted records this person may confirm now, the oldest first; two statements for any number of branches."""
    if not any(user.has_anywhere(can) for can in CONFIRMING):
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


def answers(user: User) -> list[PlanItem]:
    """Answers to what the Party office asked of the branches, for those who accept them."""
    rows = PlanItem.objects.visible_to(user, Capability.PLAN_REVIEW)
    given = rows.filter(pushed__isnull=False, state=PlanState.SUBMITTED).exclude(answered_by=user)
    return list(given.select_related("branch", "group").order_by("answered_at", "pk")[:LIMIT])


def leave_asked(user: User) -> list[LeaveRequest]:
    if not any(user.has_anywhere(can) for can in CONFIRMING):
        return []
    return list(leave.asked_of(user)[:LIMIT])


def make_ups_reported(user: User, today: date) -> list[MakeUp]:
    """Reported as made up, by somebody else, where this person is an officer. Others may check them too, unasked."""
    if not any(user.has_anywhere(can) for can in CONFIRMING):
        return []
    posts = Appointment.objects.current(today).filter(user=user, role__in=[*OFFICERS, *LEADING])
    rows = make_ups.checkable(user).filter(
        state=MakeUpState.REPORTED, attendance__activity__branch__in=posts.values("branch")
    )
    return list(rows.exclude(attendance__member__user=user).order_by("due", "pk")[:LIMIT])
