"""The folded half of the form: fields of the kinds, and rows of speeches, matters to be done and self-criticism.

Every value is kept as it was typed, so that a refused form shows it again. Rows come with three empty ones: they are
filled without a script; more are asked of the server, or added by the script.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.http import QueryDict

from activities.attendance.people import Expected
from activities.choices import Kind
from activities.models import Activity
from activities.records import details
from activities.records.contents import FollowUpLine, LifeLine, SpeechLine, kept_lines
from branches.models import User

Row = dict[str, str]
SPARE: Final = 3
MOST_ROWS: Final = 60
ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "speech": ("name", "points"),
    "resolution": ("text", "owner", "due"),
    "rectification": ("text", "measure", "owner", "due", "done_on"),
    "life": ("member", "self_criticism", "criticism", "answer"),
}
LENGTHS: Final = {
    "name": 30, "points": 1000, "text": 300, "measure": 300,
    "self_criticism": 1000, "criticism": 1000, "answer": 500,
}  # fmt: skip
PARTS: Final = {
    "speech": "speeches",
    "resolution": "resolutions",
    "rectification": "rectifications",
    "life": "life_entries",
}
LIFE_KINDS: Final = frozenset({Kind.ORG_LIFE_MEETING, Kind.DEM_LIFE_MEETING})


@dataclass
class Contents:
    """What the folds hold: rows by name (None: the form did not ask), raw texts of the kinds' fields, how many rows."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)  # "theme_day-flow" -> what was typed or ticked
    asked_details: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of_form(cls, data: QueryDict) -> "Contents":
        """As posted; `refresh=more-speech` asks for more empty rows."""
        contents = cls(asked_details="details" in data)
        for name in ROWS:
            count = data.get(f"{name}-count", "")
            if not (count.isdecimal() and len(count) < 4):
                continue
            rows = [_typed_row(data, name, n) for n in range(min(int(count), MOST_ROWS))]
            contents.rows[name] = [row for row in rows if any(row.values())]
            more = SPARE if data.get("refresh") == f"more-{name}" else 0
            contents.counts[name] = min(max(len(contents.rows[name]) + SPARE, int(count) + more), MOST_ROWS)
        for key in data:
            if key.startswith("d-"):
                contents.texts[key[2:]] = data.getlist(key)
        return contents

    @classmethod
    def of_activity(cls, activity: Activity) -> "Contents":
        contents = cls.of_details(activity.details)
        contents.rows = {
            "speech": [{"name": one.name, "points": one.points} for one in kept_lines(activity, "speeches")],
            "life": [
                {
                    "member": str(one.member_id),
                    "self_criticism": one.self_criticism,
                    "criticism": one.criticism,
                    "answer": one.answer,
                }
                for one in kept_lines(activity, "life_entries")
            ],
        }
        for name in ("resolution", "rectification"):
            contents.rows[name] = [_follow_up_row(one) for one in kept_lines(activity, PARTS[name])]
        return contents

    @classmethod
    def of_details(cls, stored: Mapping[str, Mapping[str, Any]]) -> "Contents":
        texts = {
            f"{kind}-{name}": [str(one) for one in value] if isinstance(value, list) else [str(value)]
            for kind, values in stored.items()
            for name, value in values.items()
        }
        return cls(texts=texts)

    def cleaned(
        self, kinds: Sequence[str], *, people: Iterable[User], expected: Sequence[Expected]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """(fields for ActivityData, problems by name of the field) of the folds this form asked for."""
        said: dict[str, Any] = {}
        problems: dict[str, str] = {}
        if self.asked_details:
            said["details"] = self._details(kinds, problems)
        owners = {str(user.pk): user.pk for user in people}
        by_name: dict[str, int] = {}
        for person in expected:
            by_name[person.name] = 0 if person.name in by_name else person.member_id
        members = {str(person.member_id): person for person in expected}
        for name, rows in self.rows.items():
            lines: list[Any] = []
            for n, row in enumerate(rows):
                at = f"{name}-{n}"
                _check_lengths(at, row, problems)
                if name == "speech":
                    lines.append(_speech(at, row, by_name, problems))
                elif name == "life":
                    lines.append(_life(at, row, members, problems))
                else:
                    lines.append(_follow_up(at, row, owners, problems))
            if name == "life" and len({line.member_id for line in lines if line}) < len(
                [line for line in lines if line]
            ):
                problems.setdefault("life-0-member", "同一位党员只填一行。")
            said[PARTS[name]] = tuple(line for line in lines if line is not None)
        return said, problems

    def _details(self, kinds: Sequence[str], problems: dict[str, str]) -> dict[str, dict[str, Any]]:
        stored: dict[str, dict[str, Any]] = {}
        for kind, schema in details.schema_of(kinds):
            for one in schema:
                value, problem = details.cleaned(one, self.texts.get(f"{kind.value}-{one.name}", []))
                if problem:
                    problems[f"d-{kind.value}-{one.name}"] = problem
                elif value is not None:
                    stored.setdefault(kind.value, {})[one.name] = value
        return stored

    def folds(self, kinds: Sequence[str], problems: Mapping[str, str]) -> list[dict[str, Any]]:
        """The fields of each kind, ready for the template."""
        found = []
        for kind, schema in details.schema_of(kinds):
            fields = [
                {
                    "name": f"d-{kind.value}-{one.name}",
                    "detail": one,
                    "type": one.type.value,
                    "value": (self.texts.get(f"{kind.value}-{one.name}") or [""])[0],
                    "values": self.texts.get(f"{kind.value}-{one.name}", []),
                    "error": problems.get(f"d-{kind.value}-{one.name}", ""),
                }
                for one in schema
            ]
            filled = sum(any(text.strip() for text in one["values"]) for one in fields)
            found.append(
                {
                    "kind": kind,
                    "fields": fields,
                    "filled": filled,
                    "hint": "、".join(one.label for one in schema[:3]) + ("等" if len(schema) > 3 else ""),
                    "open": bool(filled or any(one["error"] for one in fields)),
                }
            )
        return found

    def editors(self, kinds: Sequence[str], problems: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """The row editors, by name: rows with their number and errors; the first spare row is shown, others wait."""
        found = {}
        life = bool(LIFE_KINDS & set(kinds))
        for name, fields in ROWS.items():
            rows = self.rows.get(name, [])
            if name in ("life", "rectification") and not life and not rows:
                continue
            count = max(self.counts.get(name, 0), len(rows) + SPARE)
            blank = dict.fromkeys(fields, "")
            found[name] = {
                "count": count,
                "filled": len(rows),
                "open": bool(rows) or any(key.startswith(f"{name}-") for key in problems),
                "rows": [
                    {
                        "n": n,
                        "at": f"{name}-{n}",
                        "row": rows[n] if n < len(rows) else blank,
                        "spare": n > len(rows),
                        "errors": {f: problems[f"{name}-{n}-{f}"] for f in fields if f"{name}-{n}-{f}" in problems},
                    }
                    for n in range(count)
                ],
            }
        return found


def _typed_row(data: QueryDict, name: str, n: int) -> Row:
    return {key: data.get(f"{name}-{n}-{key}", "").replace("\r\n", "\n").strip() for key in ROWS[name]}


def _follow_up_row(line: FollowUpLine) -> Row:
    return {
        "text": line.text,
        "measure": line.measure,
        "owner": str(line.owner_id or ""),
        "due": line.due.isoformat() if line.due else "",
        "done_on": line.done_on.isoformat() if line.done_on else "",
    }


def _check_lengths(at: str, row: Row, problems: dict[str, str]) -> None:
    for key, text in row.items():
        if len(text) > LENGTHS.get(key, 20):
            problems[f"{at}-{key}"] = f"请控制在{LENGTHS.get(key, 20)}字以内，现有{len(text)}字。"


def _speech(at: str, row: Row, by_name: Mapping[str, int], problems: dict[str, str]) -> SpeechLine:
    if not row["name"]:
        problems[f"{at}-name"] = "请填写发言人。"
    if not row["points"]:
        problems[f"{at}-points"] = f"请填写{row['name'][:30]}的发言要点，或清空这一行。"
    return SpeechLine(row["name"], row["points"], by_name.get(row["name"]) or None)


def _life(at: str, row: Row, members: Mapping[str, Expected], problems: dict[str, str]) -> LifeLine | None:
    person = members.get(row["member"])
    if person is None:
        problems[f"{at}-member"] = "请选择党员。"
        return None
    return LifeLine(person.member_id, person.name, row["self_criticism"], row["criticism"], row["answer"])


def _follow_up(at: str, row: Row, owners: Mapping[str, int], problems: dict[str, str]) -> FollowUpLine:
    if not row["text"]:
        problems[f"{at}-text"] = "请写明事项，或清空这一行。"
    if row["owner"] and row["owner"] not in owners:
        problems[f"{at}-owner"] = "请从名单中选择责任人。"
    due = _day(f"{at}-due", row["due"], problems)
    done_on = _day(f"{at}-done_on", row.get("done_on", ""), problems)
    return FollowUpLine(row["text"], owners.get(row["owner"]), due, row.get("measure", ""), done_on)


def _day(at: str, text: str, problems: dict[str, str]) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not 1949 <= day.year < 2100:
        problems[at] = "请填写正确的日期，例如2026-11-25。"
        return None
    return day
