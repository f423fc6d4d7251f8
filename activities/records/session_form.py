"""The fold 分场举行 of the form, and which sitting each person on the roster came to.

The first sitting is the date, time and place on top of the form; the rows are those after it. Each row has a key that
stays while rows come and go: the id of a kept sitting, else a name made up here, which the roster's choices refer to.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_time

from activities.attendance.rows import is_news, signature_of
from activities.choices import AttendanceStatus, SignMethod
from activities.models import Activity, Session
from activities.records.sessions import BY_CODE, FIRST, MOST, SessionLine, moved_text

Row = dict[str, str]
FIELDS: Final = ("date", "starts", "ends", "place")
PLACE_LENGTH: Final = 60
KEY: Final = re.compile(r"n?\d{1,12}")
DAYS: Final = (date(1949, 10, 1), date(2100, 1, 1))


@dataclass
class SessionRows:
    """`rows`: the second sitting and those after it, as typed. `seats`: member -> key of their sitting."""

    rows: list[Row] = field(default_factory=list)
    seats: dict[int, str] = field(default_factory=dict)
    signed: dict[int, tuple[str, str]] = field(default_factory=dict)  # member -> key, how: nothing to choose
    asked: bool = False
    opened: bool = False
    count: int = 0
    more: bool = False  # another row was asked for
    once: bool = False  # ticked: who came to a sitting taken out came to the only one

    @classmethod
    def of_form(cls, data: QueryDict, activity: Activity | None) -> "SessionRows":
        """As posted; `refresh=more-session` asks for an empty row, `refresh=drop-session-0` takes one out."""
        found = cls.of_activity(activity) if activity is not None else cls()
        count = data.get("session-count", "")
        if not (count.isdecimal() and len(count) < 3):
            return found
        refresh = data.get("refresh", "")
        typed = [_typed(data, n) for n in range(min(int(count), MOST - 1)) if refresh != f"drop-session-{n}"]
        found.rows = [row for row in typed if any(row[name] for name in FIELDS)]
        found.asked, found.once = True, "seats-once" in data
        found.opened, found.more = "session" in refresh, refresh == "more-session"
        found.count = len(found.rows) + (2 if refresh == "more-session" else 1)
        found.take_seats(data)
        if activity is not None:
            found.take_news(activity, signature_of(data.get("signatures", "")))
        _name_keys(found.rows)
        return found

    @classmethod
    def of_activity(cls, activity: Activity) -> "SessionRows":
        """As the record has it. One query, and the prefetched attendance."""
        sessions = list(activity.sessions.all())
        if not sessions:
            return cls()
        keys = {one.pk: FIRST if n == 0 else str(one.pk) for n, one in enumerate(sessions)}
        found = cls(rows=[_row(one) for one in sessions[1:]])
        for row in activity.attendances.all():
            if row.status == AttendanceStatus.PRESENT and row.session_id in keys:
                found.seats[row.member_id] = keys[row.session_id]
                if row.signed_at and row.signed_by in BY_CODE:
                    found.signed[row.member_id] = (keys[row.session_id], str(SignMethod(row.signed_by).label))
        return found

    def take_seats(self, data: QueryDict) -> None:
        """Read the roster's choices of a posted form."""
        self.seats |= {
            int(key[5:]): str(value)
            for key, value in data.items()
            if key.startswith("seat-") and key[5:].isdecimal() and len(key) < 16
        }

    def take_news(self, activity: Activity, known: datetime | None) -> None:
        """Whoever signed after the form was made is where they signed, whatever the form had chosen by default."""
        kept = SessionRows.of_activity(activity)
        news = {row.member_id for row in activity.attendances.all() if is_news(row, known)}
        self.seats |= {pk: key for pk, key in kept.seats.items() if pk in news}

    # -- What it says

    def kept_seats(self, sessions: Sequence[Session]) -> dict[int, int]:
        """Member -> id of the kept sitting they came to."""
        ids = {FIRST if n == 0 else str(one.pk): one.pk for n, one in enumerate(sessions)}
        return {member: ids[key] for member, key in self.seats.items() if key in ids}

    def cleaned(
        self, fields: Mapping[str, Any], *, absent: Iterable[int], names: Mapping[int, str]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """(fields for ActivityData, problems by field). `fields`: the cleaned date, starts, ends and place of the form.

        `names`: of everyone on the roster, by member.
        """
        if not self.asked:
            return {}, {}
        problems: dict[str, str] = {}
        day, starts = fields.get("date"), fields.get("starts")
        lines = [self._line(n, row, day, problems) for n, row in enumerate(self.rows)]
        if problems or not isinstance(day, date) or not isinstance(starts, time):
            return {}, problems
        said: list[SessionLine] = []
        if lines:
            ends = fields.get("ends")
            first = SessionLine(FIRST, _at(day, starts), _at(day, ends) if ends else None, fields.get("place", ""))
            said = [first, *(line for line in lines if line)]
        keys = {line.key for line in said} or {FIRST}
        out = set(absent)
        lost = [pk for pk, key in self.seats.items() if key not in keys and pk in names and pk not in out]
        seats = {pk: key for pk, key in self.seats.items() if key in keys}
        if lost and self.once and not said:
            seats |= dict.fromkeys(lost, FIRST)
        elif lost:
            problems["seats"] = moved_text([names[pk] for pk in lost])
        return {"sessions": tuple(said), "seats": seats}, problems

    def _line(self, n: int, row: Row, first: date | None, problems: dict[str, str]) -> SessionLine | None:
        at = f"session-{n}"
        day = _day(row["date"]) if row["date"] else first
        starts, ends = _clock(row["starts"]), _clock(row["ends"])
        if row["date"] and day is None:
            problems[f"{at}-date"] = "请填写正确的日期，例如2026-11-25。"
        if starts is None:
            problems[f"{at}-starts"] = "请填写正确的时间，例如16:30。" if row["starts"] else "请填写这一场的开始时间。"
        if row["ends"] and ends is None:
            problems[f"{at}-ends"] = "请填写正确的时间，例如18:00。"
        elif starts and ends and ends <= starts:
            problems[f"{at}-ends"] = "结束时间应晚于开始时间。"
        if len(row["place"]) > PLACE_LENGTH:
            problems[f"{at}-place"] = f"请控制在{PLACE_LENGTH}字以内，现有{len(row['place'])}字。"
        if problems or day is None or starts is None:
            return None
        return SessionLine(row["key"], _at(day, starts), _at(day, ends) if ends else None, row["place"])

    # -- What the page shows

    def editor(self, problems: Mapping[str, str]) -> dict[str, Any]:
        """The fold: rows with their number and errors, one empty row at the end."""
        count = min(max(self.count, len(self.rows) + 1), MOST - 1)
        used = {row["key"] for row in self.rows}
        spare = [{**dict.fromkeys(FIELDS, ""), "key": ""} for _ in range(count - len(self.rows))]
        _name_keys(spare, used)
        return {
            "count": count,
            "most": MOST - 1,
            "sittings": len(self.rows) + 1 if self.rows else 0,
            "open": bool(self.rows or self.opened) or any(name.startswith("session") for name in problems),
            "rows": [
                {
                    "n": n,
                    "at": f"session-{n}",
                    "number": n + 2,
                    "row": row,
                    "filled": n < len(self.rows),
                    "spare": n >= max(len(self.rows), 1) and not self.more,
                    "errors": {name: problems[at] for name in FIELDS if (at := f"session-{n}-{name}") in problems},
                }
                for n, row in enumerate([*self.rows, *spare])
            ],
        }

    def choices(self) -> list[dict[str, Any]]:
        """The sittings a person may have come to, for the roster; none for a gathering held once."""
        if not self.rows:
            return []
        keys = [FIRST, *(row["key"] for row in self.rows)]
        return [{"key": key, "number": n, "label": f"第{n}场"} for n, key in enumerate(keys, 1)]

    def show_on(self, roster: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
        """Put each one's sitting beside their name (`seat` of the roster's people), and say what the page adds.

        None where nothing is to be shown: held once, and nobody is left over from a sitting taken out.
        """
        choices, lost = self.choices(), []
        labels = {one["key"]: one["label"] for one in choices}
        counts, voters = dict.fromkeys(labels, 0), dict.fromkeys(labels, 0)
        for box in roster:
            for one in box["people"]:
                person = one["person"]
                given = isinstance(person, dict)
                pk = person["member_id"] if given else person.member_id
                key = self.seats.get(pk, FIRST)
                fixed = self.signed.get(pk)
                fixed = fixed if fixed and fixed[0] in labels else None
                key = fixed[0] if fixed else key
                gone = key not in labels and key != FIRST and not one["absent"]
                one["seat"] = {"key": key, "how": fixed[1] if fixed else "", "label": labels.get(key, ""), "lost": gone}
                if gone:
                    lost.append(one)
                elif not one["absent"] and key in counts:
                    counts[key] += 1
                    voters[key] += 0 if given else person.may_vote
        if not choices and not lost:
            return None
        for choice in choices:
            choice |= {"count": counts[choice["key"]], "voters": voters[choice["key"]]}
        return {"choices": choices, "lost": lost, "once": self.once}


def _typed(data: QueryDict, n: int) -> Row:
    row = {name: " ".join(data.get(f"session-{n}-{name}", "").split()) for name in FIELDS}
    return {**row, "key": data.get(f"session-{n}-key", "")}


def _row(one: Session) -> Row:
    starts = timezone.localtime(one.starts_at)
    return {
        "date": f"{starts:%Y-%m-%d}",
        "starts": f"{starts:%H:%M}",
        "ends": f"{timezone.localtime(one.ends_at):%H:%M}" if one.ends_at else "",
        "place": one.place,
        "key": str(one.pk),
    }


def _name_keys(rows: Iterable[Row], used: Iterable[str] = ()) -> None:
    """Give a key to each row without one, or with that of another."""
    taken = set(used)
    waiting = []
    for row in rows:
        if KEY.fullmatch(row["key"]) and row["key"] not in taken:
            taken.add(row["key"])
        else:
            waiting.append(row)
    free = (f"n{n}" for n in range(100))
    for row in waiting:
        row["key"] = next(key for key in free if key not in taken)
        taken.add(row["key"])


def _at(day: date, clock: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, clock))


def _day(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and DAYS[0] <= day <= DAYS[1] else None


def _clock(text: str) -> time | None:
    try:
        return parse_time(text)
    except ValueError:
        return None
