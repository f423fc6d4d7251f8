"""What a filled form says about a record, how it differs from the one kept, and what it still lacks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, NamedTuple

from django.core.exceptions import ValidationError
from django.utils import timezone

from activities.attendance.people import Expected, expected_people
from activities.attendance.rows import NOBODY, is_news, let_signatures_stand, told_apart
from activities.choices import AttendanceStatus, Kind, status_of
from activities.models import Activity, Attendance, Session
from activities.records.contents import PARTS, FollowUpLine, LifeLine, SpeechLine, kept_lines, words_of
from activities.records.details import rows_of
from activities.records.sessions import SessionLine, change_of, seated
from branches.models import Branch, User

TEXTS: Final = ("topic", "place", "observers", "minutes", "guest_lecturer")
FIELDS: Final = ("group", *TEXTS, "starts_at", "ends_at", "chair", "recorder", "lecturer", "hours", "agenda", "details")
LABELS: Final = {
    "kinds": "活动类型",
    "group": "党小组",
    "topic": "主题",
    "starts_at": "开始时间",
    "ends_at": "结束时间",
    "place": "地点",
    "chair": "主持人",
    "recorder": "记录人",
    "lecturer": "主讲人",
    "guest_lecturer": "院外主讲人",
    "hours": "学时",
    "observers": "列席人员",
    "minutes": "纪要",
    "agenda": "议题",
    "details": "补充内容",
    "speeches": "发言要点",
    "resolutions": "议定事项",
    "rectifications": "整改清单",
    "life_entries": "批评与自我批评",
    "absences": "缺席人员",
    "cohosts": "联合举办单位",
    "sessions": "分场举行",
}
CONFIDENTIAL: Final = ("absences", "life_entries")  # the trail knows only that they changed


class Absence(NamedTuple):
    """One person who did not come; `reason` is empty while nobody has given one."""

    reason: str = ""
    note: str = ""

    @property
    def status(self) -> AttendanceStatus:
        return status_of(self.reason) if self.reason else AttendanceStatus.LEAVE


@dataclass(frozen=True)
class ActivityData:
    """Everything a form says. `kinds`: the main one first. `version`: of the record the form was made from."""

    branch: Branch
    kinds: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime | None = None
    group: Branch | None = None
    topic: str = ""
    place: str = ""
    chair: User | None = None
    recorder: User | None = None
    lecturer: User | None = None
    guest_lecturer: str = ""
    hours: Decimal | None = None
    observers: str = ""
    minutes: str = ""
    absences: Mapping[int, Absence] = field(default_factory=dict)
    version: int | None = None
    agenda: str | None = None  # here and below None: not asked, stays as it is
    details: Mapping[str, Mapping[str, Any]] | None = None
    speeches: tuple[SpeechLine, ...] | None = None
    resolutions: tuple[FollowUpLine, ...] | None = None
    rectifications: tuple[FollowUpLine, ...] | None = None
    life_entries: tuple[LifeLine, ...] | None = None
    sessions: tuple[SessionLine, ...] | None = None  # () for a gathering held once
    seats: Mapping[int, str] = field(default_factory=dict)  # member -> key of the sitting they came to
    last_signature: datetime | None = None  # the last one when the form was made (rows.last_signature); None: not said
    cohosts: tuple[Branch, ...] | None = None  # branches that hold it jointly: activities.records.joint

    @property
    def parts(self) -> dict[str, tuple[Any, ...]]:
        """The parts of the record this form asked for, by name."""
        return {name: lines for name in PARTS if (lines := getattr(self, name)) is not None}

    @property
    def learning_hours(self) -> Decimal | None:
        """Hours of a lecture: as given, else its length to the half hour."""
        if Kind.PARTY_LECTURE not in self.kinds or self.hours is not None or self.ends_at is None:
            return self.hours if Kind.PARTY_LECTURE in self.kinds else None
        halves = Decimal(int((self.ends_at - self.starts_at).total_seconds())) / 1800
        return max(Decimal("0.5"), halves.quantize(Decimal(1), ROUND_HALF_UP) / 2)


class FieldConflict(NamedTuple):
    name: str
    label: str
    theirs: str
    mine: str


class Conflict(ValidationError):
    """Somebody else saved the record meanwhile: both texts of every field that differs, and nothing is lost."""

    def __init__(self, activity: Activity, fields: list[FieldConflict]) -> None:
        when = timezone.localtime(activity.updated_at)
        super().__init__(
            f"{activity.editor.name}在{when:%H:%M}保存了这份记录。您的修改没有丢失，请核对后选择保留哪一份。"
        )
        self.activity = activity
        self.fields = fields


class Incomplete(ValidationError):
    """What is missing, by field; `people` are the members without a reason. The draft itself is kept."""

    def __init__(self, problems: dict[str, str], people: frozenset[int]) -> None:
        super().__init__({name: [text] for name, text in problems.items()})
        self.problems = problems
        self.people = people


class Difference(NamedTuple):
    """The record as it would become: changed fields as [old, new] words, attendance rows to write, its sittings."""

    changes: dict[str, list[str]]
    rows: list[Attendance]
    sittings: list[Session]


def difference(activity: Activity, data: ActivityData) -> Difference:
    """Compare a kept record with a form. Reads the roll of the day and the attendance rows."""
    changes = {}
    for name in FIELDS:
        old, new = getattr(activity, name), value_of(data, name, activity)
        if old != new:
            changes[name] = [_field_words(activity, data, name, old), _field_words(activity, data, name, new)]
    for name, lines in data.parts.items():
        kept = kept_lines(activity, name)
        if kept != lines:
            changes[name] = [words_of(name, kept), words_of(name, lines)]
    kinds = [row.kind for row in activity.kinds.all()] if activity.pk else []
    if kinds != list(data.kinds):
        changes["kinds"] = [_kind_words(kinds), _kind_words(data.kinds)]
    if data.cohosts is not None:
        held_with, asked = cohosts_of(activity), sorted(data.cohosts, key=lambda one: one.path)
        if held_with != asked:
            changes["cohosts"] = ["、".join(one.name for one in held_with), "、".join(one.name for one in asked)]
    rows = attendance_rows(activity, data)
    before = {row.member_id: row for row in activity.attendances.all()} if activity.pk else {}
    if _absent(before.values()) != _absent(rows) or (before and set(before) != {row.member_id for row in rows}):
        names = told_apart([*before.values(), *rows])
        changes["absences"] = [
            _absent_words(before.values(), names) or f"无（应到{len(before)}人）",
            _absent_words(rows, names) or f"无（应到{len(rows)}人）",
        ]
    sittings = seated(activity, data, rows, before)
    if told := change_of(activity, sittings, rows, before):
        changes["sessions"] = told
    return Difference(changes, rows, sittings)


def cohosts_of(activity: Activity) -> list[Branch]:
    """The branches that hold it jointly with its own, in the order of the tree. One query."""
    return list(Branch.objects.filter(activities__host=activity)) if activity.pk else []


def value_of(data: ActivityData, name: str, activity: Activity) -> Any:
    if name == "group":
        return data.group if data.kinds[0] == Kind.GROUP_MEETING else None
    if name == "hours":
        return data.learning_hours
    if name == "recorder":
        return data.recorder or (activity.recorder if activity.recorder_id else None)
    value = getattr(data, name)
    if value is None and name in ("agenda", "details"):
        return getattr(activity, name)
    return value.strip() if isinstance(value, str) else value


def words(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        local = timezone.localtime(value)
        return f"{local.year}年{local.month}月{local.day}日{local:%H:%M}"
    return "" if value is None else str(value)


def _field_words(activity: Activity, data: ActivityData, name: str, value: Any) -> str:
    if name == "details":
        kinds = [row.kind for row in activity.kinds.all()] if activity.pk else []
        told = rows_of(list(dict.fromkeys([*kinds, *data.kinds])), value)
        return "\n".join(f"{label}：{text}" for label, text in told)
    return words(name, value)


def attendance_rows(activity: Activity, data: ActivityData) -> list[Attendance]:
    """One unsaved row per expected person, as of the day, with what the form says about them."""
    day = timezone.localdate(data.starts_at)
    people = expected_people(branch=data.branch, kind=data.kinds[0], day=day, group=data.group)
    kept = {row.member_id: row for row in activity.attendances.all()} if activity.pk else {}
    said = caught_up(data.absences, kept, data.last_signature, [person.member_id for person in people])
    rows = [_row(activity, person, said.get(person.member_id)) for person in people]
    let_signatures_stand(rows, kept)
    return rows


def caught_up(
    absences: Mapping[int, Absence], kept: Mapping[int, Attendance], known: datetime | None, people: Iterable[int]
) -> dict[int, Absence]:
    """What a form says of `people`, as it would have been said with the signatures given since it was made.

    `known`: the last signature when it was made. Where nobody had signed by then, its "present" meant nothing but the
    default: who has not signed since is absent, with the reason kept or none. A reason that the form gives stays.
    """
    found = dict(absences)
    if known is None or not any(row.signed_at for row in kept.values()):
        return found
    for pk in people:
        row = kept.get(pk)
        if row is not None and row.signed_at is not None:
            if is_news(row, known) and pk in found and not found[pk].reason:
                del found[pk]
        elif known == NOBODY and pk not in found:
            away = row is not None and row.status != AttendanceStatus.PRESENT
            found[pk] = Absence(row.reason, row.note) if row is not None and away else Absence()
    return found


def _row(activity: Activity, person: Expected, absence: Absence | None) -> Attendance:
    return Attendance(
        activity=activity,
        member_id=person.member_id,
        branch_id=person.branch_id,
        name=person.name,
        group_name=person.group_name,
        member_type=person.member_type,
        may_vote=person.may_vote,
        status=absence.status if absence else AttendanceStatus.PRESENT,
        reason=absence.reason if absence else "",
        note=" ".join(absence.note.split())[:60] if absence else "",
    )


def missing(activity: Activity, rows: list[Attendance]) -> tuple[dict[str, str], frozenset[int]]:
    """What keeps a record from being submitted, by field, and the people without a reason. Photos never do."""
    kinds = {row.kind for row in activity.kinds.all()}
    problems = {
        name: text
        for name, text in {
            "topic": "请填写主题。",
            "place": "请填写地点。",
            "ends_at": "请填写结束时间。",
            "chair": "请选择主持人。",
            "minutes": "请填写纪要。",
        }.items()
        if not getattr(activity, name)
    }
    if Kind.PARTY_LECTURE in kinds and not (activity.lecturer_id or activity.guest_lecturer):
        problems["lecturer"] = "计作党课的活动请选择主讲人，或填写院外主讲人。"
    if not rows:
        problems["absences"] = "没有应到人员，请检查活动类型、党小组和日期。"
    without = [row for row in rows if row.status != AttendanceStatus.PRESENT and not row.reason]
    if without:
        names = "、".join(row.name for row in without[:5]) + ("等" if len(without) > 5 else "")
        problems["absences"] = f"{names}缺席，还没有填写原因。"
    present = sum(row.status == AttendanceStatus.PRESENT for row in rows)
    if rows and not present:
        problems["absences"] = "没有人到会，不能作为已开展的活动提交。"
    return problems, frozenset(row.member_id for row in without)


def _kind_words(kinds: Any) -> str:
    return "、".join(str(Kind(kind).label) for kind in kinds)


def _absent(rows: Iterable[Attendance]) -> dict[int, tuple[str, str, str]]:
    away = [row for row in rows if row.status != AttendanceStatus.PRESENT]
    return {row.member_id: (row.status, row.reason, row.note) for row in away}


def _absent_words(rows: Iterable[Attendance], names: Mapping[int, str]) -> str:
    """Names, with reasons only as far as a reader of both texts must tell them apart."""
    absent = sorted((row for row in rows if row.status != AttendanceStatus.PRESENT), key=lambda row: row.member_id)
    return "、".join(
        f"{names[row.member_id]}（{row.get_reason_display() or '未填原因'}{'，' if row.note else ''}{row.note}）"
        for row in absent
    )
