"""A gathering held in several sittings (分场举行), because the wards cannot all leave at once (night shift).

The first sitting is the record's own time and place: the record begins with it and counts in its period. Everyone
present came to one sitting; the union is the attendance. Votes belong to one sitting (activities.votes).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone

from activities.attendance.rows import is_news, told_apart
from activities.attendance.sittings import by_sitting
from activities.choices import AttendanceStatus, Kind, SignMethod
from activities.models import Activity, Attendance, Election, Motion, Session
from activities.plan.duties import period_of

if TYPE_CHECKING:
    from activities.records.drafting import ActivityData

FIRST: Final = "first"  # the key of the first sitting, whatever its row
MOST: Final = 10
SPREAD: Final = timedelta(days=7)  # after it a record is filed late (补录), and it cannot be before its last sitting
ASIDE: Final = 1000  # numbers rows take while they change places
BY_CODE: Final = (SignMethod.QR, SignMethod.CODE)
NAMED: Final = 5


class SessionLine(NamedTuple):
    """One sitting as a form says it. `key`: FIRST, the id of a kept one, or a name that form made up."""

    key: str
    starts_at: datetime
    ends_at: datetime | None = None
    place: str = ""


# -- What a form may say


def problem_of(data: "ActivityData") -> str:
    """What is wrong with the sittings, in Chinese; "" when nothing is, or none were asked for.

    Two may be held at once in two places. All lie in the period that the record counts for, and within a week.
    """
    lines = in_order(data.sessions or ())
    if not lines:
        return ""
    if len(lines) < 2 or lines[0].key != FIRST:
        return "分场举行至少有两场；只举行一次的，不用填写分场。"
    if len(lines) > MOST:
        return f"一次活动最多分{MOST}场。"
    first = lines[0]
    if (first.starts_at, first.ends_at) != (data.starts_at, data.ends_at):
        return "第1场的时间就是活动的开始和结束时间，两处应当一致。"
    for line in lines[1:]:
        if problem := _alone(line, first, data):
            return problem
    placed = sorted(lines, key=lambda line: (line.place or data.place, line.starts_at))
    for before, line in pairwise(placed):
        same = (before.place or data.place) == (line.place or data.place)
        if same and (line.starts_at == before.starts_at or (before.ends_at and line.starts_at < before.ends_at)):
            late = max(before, line, key=lambda one: (one.starts_at, one.key != FIRST))
            return f"{_name(late)}与另一场在同一地点、时间重叠，请核对时间或地点。"
    return ""


def _alone(line: SessionLine, first: SessionLine, data: "ActivityData") -> str:
    """What is wrong with one sitting after the first."""
    if line.ends_at and line.ends_at <= line.starts_at:
        return f"{_name(line)}的结束时间应晚于开始时间。"
    if line.starts_at < first.starts_at:
        return f"{_name(line)}早于第1场。请把最早的一场填在基本情况里。"
    day, began = timezone.localdate(line.starts_at), timezone.localdate(first.starts_at)
    for kind in data.kinds:
        mine, own = period_of(kind, began), period_of(kind, day)
        if mine and own and mine != own:
            return (
                f"{_name(line)}在{own.label}，而{Kind(kind).label}按第1场计入{mine.label}。"
                f"各场须在同一周期内，{own.label}的请另行登记。"
            )
    if day - began > SPREAD:
        return f"{_name(line)}距第1场超过{SPREAD.days}天。间隔较长的，请另行登记一次活动。"
    if not data.branch.is_open(day):
        return f"{_name(line)}时{data.branch.name}已经撤销。"
    return ""


def with_first(activity: Activity, data: "ActivityData") -> "ActivityData":
    """What a form says that does not ask for sittings, where there are some: the first moves with the record.

    Raises ValidationError where that cannot be. A part's sittings are its host's: it stays as it is.
    """
    kept = [] if activity.host_id or data.sessions is not None else _kept(activity)
    said = (data.starts_at, data.ends_at, " ".join(data.place.split()))
    if not kept or (kept[0].starts_at, kept[0].ends_at, kept[0].place) == said:
        return data
    later = [SessionLine(str(one.pk), one.starts_at, one.ends_at, one.place) for one in kept[1:]]
    data = replace(data, sessions=(SessionLine(FIRST, *said), *later))
    if problem := problem_of(data):
        raise ValidationError({"sessions": problem})
    return data


def in_order(lines: Iterable[SessionLine]) -> list[SessionLine]:
    """The first one first, the others as they begin."""
    return sorted(lines, key=lambda line: (line.key != FIRST, line.starts_at))


def _name(line: SessionLine) -> str:
    local = timezone.localtime(line.starts_at)
    return f"{local.month}月{local.day}日{local:%H:%M}的一场"


# -- The record as it would become


def seated(
    activity: Activity, data: "ActivityData", rows: Collection[Attendance], before: Mapping[int, Attendance]
) -> list[Session]:
    """The sittings as the form leaves them, not yet saved; each of `rows` that is present gets one of them.

    `before`: the kept rows by member. Who has scanned or typed the code stays with the sitting they signed in to; so
    does whoever was entered by hand after the form was made.
    """
    kept = _kept(activity)
    said = _as_said(kept, data)
    alive = {one.pk: one for one in said.values() if one.pk}
    for row in rows:
        old = before.get(row.member_id)
        held = alive.get(old.session_id) if old is not None and old.session_id else None
        if not said or row.status != AttendanceStatus.PRESENT:
            row.session = None
        elif held and old is not None and old.signed_at and (old.signed_by in BY_CODE or _is_news(old, data)):
            row.session = held
        else:
            row.session = said.get(data.seats.get(row.member_id, "")) or held or said[FIRST]
    return list(said.values())


def _is_news(row: Attendance, data: "ActivityData") -> bool:
    return is_news(row, data.last_signature)


def _as_said(kept: Sequence[Session], data: "ActivityData") -> dict[str, Session]:
    known = {FIRST if n == 0 else str(one.pk): one for n, one in enumerate(kept)}
    if data.sessions is None:
        return known
    found = {}
    for number, line in enumerate(in_order(data.sessions), 1):
        one = known.get(line.key) or Session()
        one.number, one.starts_at, one.ends_at = number, line.starts_at, line.ends_at
        one.place = " ".join((data.place if line.key == FIRST else line.place).split())
        found[line.key] = one
    return found


def _kept(activity: Activity) -> list[Session]:
    return list(activity.sessions.order_by("number")) if activity.pk else []


def change_of(
    activity: Activity, sittings: Sequence[Session], rows: Collection[Attendance], before: Mapping[int, Attendance]
) -> list[str]:
    """Before and after in words where they differ, else nothing. Only people of later sittings are named."""
    kept = _kept(activity)
    numbers = {one.pk: one.number for one in kept}
    old = {row.member_id: numbers.get(row.session_id or 0, 1) for row in _present(before.values())}
    new = {row.member_id: row.session.number if row.session else 1 for row in _present(rows)}
    if _facts(kept) == _facts(sittings) and _later(old) == _later(new):
        return []
    names = told_apart([*before.values(), *rows])
    dated = len({timezone.localtime(one.starts_at).year for one in [*kept, *sittings]}) > 1
    return [_words(*one, names, dated=dated) for one in ((kept, old), (sittings, new))]


def _facts(sittings: Sequence[Session]) -> list[tuple[Any, ...]]:
    return [(one.number, one.starts_at, one.ends_at, one.place) for one in sittings]


def _later(people: Mapping[int, int]) -> dict[int, int]:
    return {member: number for member, number in people.items() if number > 1}


def _present(rows: Iterable[Attendance]) -> list[Attendance]:
    here = [row for row in rows if row.status == AttendanceStatus.PRESENT]
    return sorted(here, key=lambda row: row.member_id)


def _words(
    sittings: Sequence[Session], people: Mapping[int, int], names: Mapping[int, str], *, dated: bool = False
) -> str:
    """`people`: member -> number of their sitting. `dated`: with the year, where the texts differ in it."""
    lines = []
    for one in sittings:
        starts = timezone.localtime(one.starts_at)
        ends = f"至{timezone.localtime(one.ends_at):%H:%M}" if one.ends_at else ""
        came = [names[member] for member, number in people.items() if number == one.number > 1]
        year = f"{starts.year}年" if dated else ""
        told = (f"{year}{starts.month}月{starts.day}日{starts:%H:%M}{ends}", one.place, "、".join(came))
        lines.append(f"{one}：{'，'.join(filter(None, told))}")
    return "\n".join(lines)


def refuse_silent_moves(activity: Activity, data: "ActivityData", rows: Collection[Attendance]) -> None:
    """Raise ValidationError for people of a sitting that is taken out, unless the form says where they were."""
    if data.sessions is None:
        return
    keys = {line.key for line in data.sessions} or {FIRST}
    known = {FIRST if n == 0 else str(one.pk): one.pk for n, one in enumerate(_kept(activity))}
    if not (gone := {pk for key, pk in known.items() if key not in keys}):
        return
    left = {
        row.member_id: row for row in activity.attendances.filter(session__in=gone, status=AttendanceStatus.PRESENT)
    }
    lost = [
        row.name
        for row in _present(rows)
        if (old := left.get(row.member_id)) and (data.seats.get(row.member_id) not in keys or _is_news(old, data))
    ]
    if lost:
        raise ValidationError({"seats": moved_text(lost)})


def moved_text(names: Sequence[str]) -> str:
    who = "、".join(names[:NAMED]) + (f"等{len(names)}人" if len(names) > NAMED else "")
    return f"{who}原来登记在去掉的场次，请重新选择场次，没有到会的登记缺席。"


def write_sessions(activity: Activity, sittings: Sequence[Session]) -> None:
    """Bring the rows in line with `sittings`. Part of a transaction that seats the people anew.

    Raises ValidationError for a sitting that has votes and is taken out.
    """
    kept = list(Session.objects.select_for_update().filter(activity=activity).order_by("number"))
    gone = [one for one in kept if one.pk not in {row.pk for row in sittings}]
    if gone:
        _let_votes_go(gone, once=kept[0] if not sittings else None)
    Session.objects.filter(activity=activity).update(number=F("number") + ASIDE)
    for one in sittings:
        one.activity = activity
        one.full_clean(exclude=["activity"], validate_unique=False)
        one.save()
    Session.objects.filter(pk__in=[one.pk for one in gone]).delete()


def _let_votes_go(gone: Sequence[Session], *, once: Session | None) -> None:
    """`once`: the first sitting, where the gathering becomes one that was held once; its votes stay with the record."""
    for model in (Motion, Election):
        votes = model._default_manager.filter(session__in=[one.pk for one in gone]).select_related("session")
        for vote in votes:
            if once is None or vote.session_id != once.pk:
                text = f"{vote.session}登记了表决或选举，请先改到其他场次或删除，再去掉这一场。"
                raise ValidationError({"sessions": text})
        votes.update(session=None)


# -- Handed in, and corrected afterwards


def sitting_gaps(activity: Activity, rows: Collection[Attendance]) -> dict[str, str]:
    """What keeps the sittings from being handed in: each has begun, has its end, and somebody came."""
    sessions = list(activity.sessions.all())
    found = []
    for sat in by_sitting(sessions, rows) if sessions else []:
        if sat.session is None:
            continue
        if sat.session.starts_at > timezone.now():
            found.append(f"{sat.session}还没有开始，全部开展之后才能提交。")
        elif sat.session.ends_at is None:
            found.append(f"请填写{sat.session}的结束时间。")
        elif not sat.rows:
            found.append(f"{sat.session}没有人到会，请核对到会人员的场次，没有举行的请去掉这一场。")
    return {"sessions": found[0]} if found else {}


def seat_after(
    row: Attendance, sessions: Sequence[Session], asked: int | None, *, present: bool
) -> tuple[Session | None, Session | None]:
    """The sitting of a row before and after a correction. `asked`: the id of another.

    Who came after all is in the first. Both are None where the person is absent, or the gathering was held once.
    """
    known = {one.pk: one for one in sessions}
    was = sessions and row.status == AttendanceStatus.PRESENT
    old = (known.get(row.session_id or 0) or sessions[0]) if was else None
    new = (known.get(asked or 0) or old or sessions[0]) if sessions and present else None
    return old, new


def keep_first_place(activity: Activity) -> None:
    """The place of the record is that of its first sitting: a correction changes both."""
    Session.objects.filter(activity=activity, number=1).update(place=activity.place)
