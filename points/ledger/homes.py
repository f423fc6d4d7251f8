"""The branch a member belonged to on a day: entries keep it for good."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date

from members.models import MembershipEvent


def homes_on(wanted: Collection[tuple[int, date]]) -> dict[tuple[int, date], int]:
    """(member, day) -> id of the home branch; nothing for who was on no roll that day. One statement."""
    events: dict[int, list[tuple[date, int | None]]] = defaultdict(list)
    rows = MembershipEvent.objects.filter(member__in={member for member, _ in wanted}).order_by("recorded_on", "pk")
    for member, day, branch in rows.values_list("member_id", "recorded_on", "branch_id"):
        events[member].append((day, branch))
    found: dict[tuple[int, date], int] = {}
    for member, day in wanted:
        branch = next((home for since, home in reversed(events[member]) if since <= day), None)
        if branch is not None:
            found[member, day] = branch
    return found


def last_homes(members: Collection[int], day: date) -> dict[int, int]:
    """Member -> the branch last belonged to by `day`; of who came later, the first. One statement."""
    rows = MembershipEvent.objects.filter(member__in=members, branch__isnull=False).order_by("recorded_on", "pk")
    found: dict[int, int] = {}
    for member, since, branch in rows.values_list("member_id", "recorded_on", "branch_id"):
        if since <= day or member not in found:
            found[member] = branch
    return found
