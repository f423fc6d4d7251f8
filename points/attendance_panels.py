"""What the home pages say of attendance: for the branch what waits, for a member what is next and what is owed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from activities.access import may_record
from activities.attendance import hours, leave, make_ups
from activities.choices import MakeUpState
from activities.models import Activity, MakeUp
from branches.models import Branch, User
from members.models import Member

SHOWN = 4


@dataclass(frozen=True)
class Desk:
    """`signing`: the gathering of today, where the reader may take signatures."""

    leave: int
    reported: int
    late: int
    signing: Activity | None

    @property
    def anything(self) -> bool:
        return bool(self.leave or self.reported or self.late or self.signing)


def desk(user: User, branch: Branch, today_item: Activity | None, today: date) -> Desk:
    """Four statements."""
    rows = make_ups.checkable(user).filter(attendance__activity__branch=branch).exclude(attendance__member__user=user)
    return Desk(
        leave.asked_of(user).filter(activity__branch=branch).count(),
        make_ups.filtered(rows, MakeUpState.REPORTED, today).count(),
        make_ups.filtered(rows, "late", today).count(),
        today_item if today_item is not None and may_record(user, today_item) else None,
    )


@dataclass(frozen=True)
class Own:
    """`ahead`: gatherings to come that expect this member; `owed`: make-ups not done, the next due first."""

    ahead: list[Activity]
    owed: list[MakeUp]
    hours: Decimal
    target: Decimal


def own(member: Member, today: date) -> dict[str, Any]:
    """For the template, as `attendance`."""
    owed = make_ups.filtered(make_ups.own_make_ups(member), "", today).order_by("due", "pk")
    done = hours.sums_of([member.pk], today.year).get(member.pk, Decimal(0))
    target = hours.target_of(member, today.year, today)
    return {"attendance": Own(leave.ahead_of(member)[:SHOWN], list(owed[:SHOWN]), done, target)}
