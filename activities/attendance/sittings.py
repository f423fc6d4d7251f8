"""Who came to which sitting of a gathering that was held several times. Reads, and keeps everyone present seated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from activities.choices import AttendanceStatus
from activities.models import Activity, Attendance, Session


@dataclass(frozen=True)
class Sat:
    """One sitting and the rows of those who came to it; `session` is None for a gathering held once."""

    session: Session | None
    rows: list[Attendance]

    @property
    def voting(self) -> int:
        return sum(row.may_vote for row in self.rows)


def by_sitting(sessions: Sequence[Session], rows: Iterable[Attendance]) -> list[Sat]:
    """Everyone present, sitting by sitting in their order; the first takes whom nobody said a sitting of. No query."""
    present = [row for row in rows if row.status == AttendanceStatus.PRESENT]
    if not sessions:
        return [Sat(None, present)]
    found: dict[int, list[Attendance]] = {one.pk: [] for one in sessions}
    for row in present:
        found[row.session_id if row.session_id in found else sessions[0].pk].append(row)
    return [Sat(one, found[one.pk]) for one in sessions]


def also_at(sessions: Sequence[Session]) -> str:
    """What a message adds to the time of the first sitting: "，另有11月12日20:30一场", "" for a gathering held once."""
    times = [timezone.localtime(one.starts_at) for one in sessions[1:]]
    said = "、".join(f"{at.month}月{at.day}日{at:%H:%M}" for at in times)
    return f"，另有{said}{'一场' if len(times) == 1 else f'共{len(times)}场'}" if times else ""


def seat_everyone(activity: Activity) -> None:
    """Whoever is present came to one sitting, to the first where nobody said which; who is absent came to none."""
    first = Session.objects.filter(activity=activity).order_by("number").first()
    if first is None:
        return
    rows: Any = Attendance.objects.filter(activity=activity)
    rows.filter(status=AttendanceStatus.PRESENT, session__isnull=True).update(session=first)
    rows.exclude(status=AttendanceStatus.PRESENT).filter(session__isnull=False).update(session=None)
