"""What a confirmed or corrected record brings about in this room, written in the same transaction.

Each effect is a plain function of the record that may run again: it brings its own rows in line with the record as it
stands. The points room hears of the same facts by signal, after these.
"""

from collections.abc import Callable
from typing import Final

from activities.attendance.hours import book_hours
from activities.attendance.make_ups import open_make_ups
from activities.models import Activity
from activities.records.follow_ups import open_todos
from activities.votes.elected import write_elections
from branches.models import User

EFFECTS: Final[tuple[Callable[[Activity, User], None], ...]] = (
    open_make_ups,
    book_hours,
    open_todos,
    write_elections,
)


def settle(activity: Activity, actor: User) -> None:
    """Run every effect of a record that was just confirmed, or corrected after it was."""
    for effect in EFFECTS:
        effect(activity, actor)
