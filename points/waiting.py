"""What waits for one reader: records to confirm, records sent back, explanations to decide. Set-based reads."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Final

from activities.access import confirmable, decidable, recordable
from activities.choices import ActivityState, PlanState
from activities.confirming import LEADING, OFFICERS, officers_at
from activities.models import Activity, PlanItem
from activities.rules import confirmers
from branches.choices import BranchLevel, Capability, Role
from branches.models import Appointment, Branch, User

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
    officers, leaders, office = _posts({record.branch for record in records}, today)
    found = []
    for record in records:
        path = record.branch.path
        above = [path[:end] for end in range(Branch.steplen, len(path) + 1, Branch.steplen)]
        if record.branch.level == BranchLevel.COMMITTEE:
            above = [path]
        free = confirmers(
            officers=officers[path],
            leaders=leaders[path],
            office={person for node in above for person in office[node]},
            hands_on=[record.recorder_id, record.editor_id],
        )
        if user.pk in free.people:
            found.append(record)
    return found


def _posts(branches: set[Branch], today: date) -> tuple[dict[str, set[int]], dict[str, set[int]], dict[str, set[int]]]:
    """Officers and group leaders by path of the branch, office people by path of their own node."""
    officers: dict[str, set[int]] = defaultdict(set)
    leaders: dict[str, set[int]] = defaultdict(set)
    office: dict[str, set[int]] = defaultdict(set)
    paths = {branch.path for branch in branches}
    held = Appointment.objects.current(today).filter(
        role__in=[*OFFICERS, *LEADING, Role.GROUP_LEADER, Role.PARTY_OFFICE],
        branch__path__gte=min(paths)[: Branch.steplen],
        branch__path__lte=max(paths) + "ZZZZ",
        user__is_active=True,
    )
    for user_id, role, path, level in held.values_list("user", "role", "branch__path", "branch__level"):
        if role == Role.PARTY_OFFICE:
            office[path].add(user_id)
        elif role == Role.GROUP_LEADER:
            leaders[path[: -Branch.steplen] if level == BranchLevel.GROUP else path].add(user_id)
        elif role in officers_at(level):
            officers[path].add(user_id)
    return officers, leaders, office


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
