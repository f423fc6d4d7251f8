"""Points an upheld objection found missing (少记): a to-do of the branch, until they are booked."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal

from activities.choices import Period
from activities.plan.periods import span_of
from branches.models import Todo
from branches.todo import close_todo
from points.models import Entry, Objection


def owed_key(objection_id: int) -> str:
    return f"objection-made-up:{objection_id}"


def owed_todo(objection: Objection) -> Todo | None:
    """The to-do an objection left behind, done or not. One statement."""
    return Todo.objects.filter(item_key=owed_key(objection.pk)).order_by("pk").last()


def owed_done(objections: Collection[int]) -> dict[int, bool]:
    """Of these objections those that left a to-do behind, and whether it is done. One statement."""
    keys = {owed_key(pk): pk for pk in objections}
    rows = Todo.objects.filter(item_key__in=keys).order_by("pk")
    return {keys[key]: done is not None for key, done in rows.values_list("item_key", "done_at")}


def close_owed(entries: Iterable[Entry], today: date) -> None:
    """Close the to-dos these new entries answer: something of the member and the quarter was booked that was missing.

    What comes to nothing (an award reversed and given anew) answers none. One statement, and none for entries of the
    running quarter, which is not published yet.
    """
    running = span_of(Period.QUARTER, today).start
    sums: dict[tuple[int, date], Decimal] = defaultdict(Decimal)
    for entry in entries:
        if entry.month < running:
            sums[entry.member_id, span_of(Period.QUARTER, entry.month).start] += entry.points
    booked = {place for place, points in sums.items() if points}
    if not booked:
        return
    members, quarters = ({place[n] for place in booked} for n in (0, 1))
    upheld = Objection.objects.filter(
        member__in=members, quarter__in=quarters, upheld=True, entry__isnull=True, claim__isnull=True
    )
    for pk, member, quarter in upheld.values_list("pk", "member", "quarter"):
        if (member, quarter) in booked:
            close_todo(item_key=owed_key(pk))
