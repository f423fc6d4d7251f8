"""The common text of a joint gathering (联合举办): how a part differs from its host and is brought in line.

Called by activities.records.joint alone, which holds the locks and decides what may change.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from activities.attendance.rows import is_signed_for, lock_sign_in, write_rows
from activities.attendance.sittings import seat_everyone
from activities.choices import AttendanceStatus, Kind
from activities.models import Activity, ActivityKind, Session
from activities.records.details import rows_of
from activities.records.drafting import FIELDS, LABELS, Absence, ActivityData, attendance_rows, words
from activities.records.sessions import seated, write_sessions
from branches.models import User
from config.templatetags.ui import clock, cn_date

OWN: Final = ("group", "recorder")
COMMON: Final = tuple(name for name in FIELDS if name not in OWN)

Changes = dict[str, list[str]]


def differing(host: Activity, part: Activity, before: Sequence[str], kinds: Sequence[str]) -> Changes:
    """Label of each common field that differs -> [as the part has it, as the host has it]."""
    told = {}
    if list(before) != list(kinds):
        told[LABELS["kinds"]] = [labels(before), labels(kinds)]
    for name in COMMON:
        if raw(part, name) != raw(host, name):
            old, new = getattr(part, name), getattr(host, name)
            told[LABELS[name]] = [words_of(name, old, before), words_of(name, new, kinds)]
    return told


def raw(activity: Activity, name: str) -> Any:
    """The value without reading the person a key points at."""
    return getattr(activity, Activity._meta.get_field(name).attname)


def words_of(name: str, value: Any, kinds: Sequence[str]) -> str:
    if name == "details":
        return "\n".join(f"{label}：{text}" for label, text in rows_of(kinds, value))
    return words(name, value)


def write_people(part: Activity, kinds: Sequence[str], actor: User) -> None:
    """The rows of everyone the part expects; who was there before keeps what was said of them."""
    lock_sign_in(part)  # or a signature that lands now would be lost
    rows = list(part.attendances.all())
    said = {row.member_id: Absence(row.reason, row.note) for row in rows if row.status != AttendanceStatus.PRESENT}
    data = ActivityData(branch=part.branch, kinds=tuple(kinds), starts_at=part.starts_at, absences=said)
    wanted = attendance_rows(part, data)
    if is_signed_for(part):  # nobody signs by being added to the list
        known = {row.member_id for row in rows}
        for row in wanted:
            row.status = row.status if row.member_id in known else AttendanceStatus.LEAVE
    seated(part, data, wanted, {row.member_id: row for row in rows})
    write_rows(part, wanted, actor)


def write_kinds(part: Activity, kinds: Sequence[str]) -> None:
    ActivityKind.objects.filter(activity=part).delete()
    ActivityKind.objects.bulk_create([ActivityKind(activity=part, kind=kind) for kind in kinds])


def kinds_of(activity: Activity) -> list[str]:
    """As the database holds them, whatever was read before."""
    return list(ActivityKind.objects.filter(activity=activity).values_list("kind", flat=True))


def labels(kinds: Iterable[str]) -> str:
    return "、".join(str(Kind(kind).label) for kind in kinds)


# -- Sittings


class Sittings(NamedTuple):
    """The part's sittings as the host has them, not yet saved; `before` as they are; `gone`: taken out."""

    before: list[Session]
    after: list[Session]
    gone: list[Session]

    @property
    def words(self) -> list[str]:
        return [_told(self.before), _told(self.after)]


def sittings_of(host: Activity, part: Activity) -> Sittings | None:
    """How the part's sittings follow the host's; None where they agree. A kept one is known by beginning and place,
    else by its order: who came to it stays with it."""
    mine, theirs = list(part.sessions.order_by("number")), list(host.sessions.order_by("number"))
    if [_facts(one) for one in mine] == [_facts(one) for one in theirs]:
        return None
    words_before = [Session(number=one.number, **_timed(one)) for one in mine]
    left = {(one.starts_at, one.place): one for one in mine}
    found = [left.pop((one.starts_at, one.place), None) for one in theirs]
    rest = list(left.values())
    after = []
    for number, (one, kept) in enumerate(zip(theirs, found, strict=True), 1):
        row = kept or (rest.pop(0) if rest else Session())
        row.number = number
        for name, value in _timed(one).items():
            setattr(row, name, value)
        after.append(row)
    return Sittings(words_before, after, rest)


def somebody_came(part: Activity, sittings: Iterable[Session]) -> bool:
    return part.attendances.filter(status=AttendanceStatus.PRESENT, session__in=[one.pk for one in sittings]).exists()


def write_sittings(part: Activity, sittings: Sittings) -> None:
    """Save them; who came to one that is gone, or was never asked, is in the first."""
    write_sessions(part, sittings.after)
    seat_everyone(part)


def _timed(one: Session) -> dict[str, Any]:
    return {"starts_at": one.starts_at, "ends_at": one.ends_at, "place": one.place}


def _facts(one: Session) -> tuple[Any, ...]:
    return (one.number, *_timed(one).values())


def _told(sittings: Iterable[Session]) -> str:
    lines = []
    for one in sittings:
        ends = f"至{clock(one.ends_at)}" if one.ends_at else ""
        lines.append(f"{one}：{cn_date(one.starts_at)}{clock(one.starts_at)}{ends}，{one.place}".rstrip("，"))
    return "\n".join(lines)
