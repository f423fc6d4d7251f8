"""How people new to the system came onto the roll: 启用时在册 while no month was closed, else the importer says."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_date

from branches.choices import BranchLevel
from branches.models import Branch
from members.arrivals import ORIGIN, WAYS, Entry, Refused, entry_of, late_text, locked_text
from members.choices import EventKind
from members.closing import MonthState, first_closed_month, month_state
from members.importing.compare import Line

FIELDS: Final[Mapping[str, str]] = {"on": "came_on", "origin": "came_from"}  # of arrivals.Refused, on the page


class Person(NamedTuple):
    """What matters of one new person; `branch` is None where the branch is founded with the import."""

    key: str
    name: str
    joined_on: date
    branch: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    kind: str = ""
    on: str = ""  # as typed
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """One answer for everybody, and what differs for some rows; `late`: closed months were pointed out and accepted."""

    everybody: Answer = Answer()
    rows: Mapping[str, Answer] = field(default_factory=dict)
    late: bool = False

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> "Answers":
        """From the fields `came`, `came_on`, `came_from`, and the same with `-<key>` for one row."""

        def one(tail: str) -> Answer:
            kind, on, origin = (sent.get(name + tail, "").strip() for name in ("came", "came_on", "came_from"))
            return Answer(kind if kind in WAYS else "", on[:20], " ".join(origin.split())[:ORIGIN])

        keys = {name.partition("-")[2] for name in sent if name.startswith(("came-", "came_on-", "came_from-"))}
        rows = {key: answer for key in keys if (answer := one(f"-{key}")) != Answer()}
        return cls(one(""), rows, sent.get("late") == "1")

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Answers":
        rows = {key: Answer(**answer) for key, answer in kept["rows"].items()}
        return cls(Answer(**kept["everybody"]), rows, kept["late"])

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def of(self, key: str) -> Answer:
        """The row's own answer; what it leaves open is everybody's, where the kind is the same."""
        own, rest = self.rows.get(key, Answer()), self.everybody
        if own.kind and own.kind != rest.kind:
            return own
        return Answer(rest.kind, own.on or rest.on, own.origin or rest.origin)


def asks(organisation: Branch) -> bool:
    """Must the importer say how new people came? Yes from the first month on that a hospital here has closed."""
    return _first_closed(organisation) is not None


def person_of(line: Line) -> Person:
    joined: Any = line.row.values["joined_on"]
    return Person(line.key, line.row.name, joined, line.branch.pk if line.branch else None)


def entries_at_opening(people: Iterable[Person], *, organisation: Branch, opening_on: date) -> dict[str, Entry]:
    """On the roll since `opening_on`, or since the admission or the founding of the branch where that is later."""
    people = list(people)
    founded = _founding_days(people, organisation, opening_on)
    days = {p.key: max(opening_on, p.joined_on, founded[p.branch]) for p in people}
    return {p.key: Entry(EventKind.OPENING, day := days[p.key], min(p.joined_on, day)) for p in people}


def entries_as_answered(
    people: Iterable[Person], answers: Answers, *, organisation: Branch, today: date
) -> dict[str, Entry]:
    """Each person's first event as the importer answered. ValidationError by the names of the fields.

    Only the state of the first month is looked at: months close and lock in their order.
    """
    people = list(people)
    branches = Branch.objects.select_related("hospital").in_bulk({p.branch for p in people if p.branch})
    first = _first_closed(organisation)
    refused = _Refusals(answers)
    entries: dict[str, Entry] = {}
    states: dict[tuple[int, date], MonthState] = {}
    closed: set[date] = set()
    for person in people:
        answer = answers.of(person.key)
        home = branches[person.branch] if person.branch else organisation
        if not answer.kind:
            refused.all["came"] = "请选择新增的人是怎样进入名册的。"
            continue
        try:
            entry = _entry(person, answer, home, first, today)
        except Refused as exc:
            refused.add(person, FIELDS[exc.field], exc.message)
            continue
        place = (home.pk, entry.on.replace(day=1))
        state = states[place] = states.get(place) or month_state(home, entry.on)
        if text := locked_text(state, entry.on):
            refused.add(person, "came_on", text)
        elif state == MonthState.CLOSED:
            closed.add(place[1])
            entry = entry.booked_late
        entries[person.key] = entry
    refused.raise_if_any()
    if closed and not answers.late:
        raise ValidationError({"late": late_text(closed)})
    return entries


def _entry(person: Person, answer: Answer, home: Branch, first: date | None, today: date) -> Entry:
    day = parse_date(answer.on) if len(answer.on) == 10 and _is_day(answer.on) else None
    if answer.on and day is None:
        raise Refused("on", "日期无法识别，请重新填写")
    return entry_of(
        EventKind(answer.kind),
        on=day,
        origin=answer.origin,
        joined_on=person.joined_on,
        home=home,
        first=first,
        today=today,
    )


class _Refusals:
    """Reasons beside the fields they belong to; the same reason for several people is said once, with their names."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.all: dict[str, str] = {}
        self.found: dict[tuple[str, str], list[str]] = defaultdict(list)

    def add(self, person: Person, name: str, message: str) -> None:
        own = self.answers.rows.get(person.key)
        self.found[f"{name}-{person.key}" if own else name, message].append(person.name)

    def raise_if_any(self) -> None:
        for (name, message), who in self.found.items():
            names = f"{'、'.join(who[:3])}等{len(who)}人" if len(who) > 3 else "、".join(who)
            text = f"{names}：{message}。"
            self.all[name] = self.all.get(name, "") + text
        if self.all:
            raise ValidationError(self.all)


def _is_day(text: str) -> bool:
    try:
        return parse_date(text) is not None
    except ValueError:
        return False


def _first_closed(organisation: Branch) -> date | None:
    """Of the hospital of `organisation`; of a superior organisation the earliest of all hospitals below it."""
    hospitals = [organisation.hospital or organisation]
    if organisation.level == BranchLevel.SUPERIOR:
        below = Branch.objects.within([organisation.path]).values("hospital")
        hospitals = list(Branch.objects.filter(pk__in=below))
    return min((day for hospital in hospitals if (day := first_closed_month(hospital))), default=None)


def _founding_days(people: list[Person], organisation: Branch, opening_on: date) -> dict[int | None, date]:
    rows = Branch.objects.filter(pk__in={p.branch for p in people if p.branch}).values_list("pk", "founded_on")
    return {**dict(rows), None: max(opening_on, organisation.founded_on)}
