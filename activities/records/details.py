"""What a kind of gathering is asked beside the fields all share: the typed fields of `Activity.details`.

One schema gives the fields of the form, the lines of the page and the rows of the paper form. Pure: no database.
Stored as {kind: {name: value}}; a value is text, a whole number, "yes"/"no", a choice, a list of ticks, or an ISO day.
`required` fields count towards the completeness of a record and never keep it from being handed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from activities.choices import Kind

Values = Mapping[str, Any]
Choices = tuple[tuple[str, str], ...]


class FieldType(StrEnum):
    LINE = "line"  # one line of text
    TEXT = "text"  # several
    NUMBER = "number"  # whole, not negative
    YES_NO = "yes_no"
    CHOICE = "choice"
    TICKS = "ticks"
    DAY = "day"


YES_NO: Final[Choices] = (("yes", "是"), ("no", "否"))
LENGTHS: Final = MappingProxyType({FieldType.LINE: 100, FieldType.TEXT: 2000})
MOST: Final = 9999


@dataclass(frozen=True)
class Detail:
    """One field. `label` is what form, page and paper say."""

    name: str
    label: str
    type: FieldType = FieldType.LINE
    required: bool = False
    choices: Choices = ()
    unit: str = ""
    hint: str = ""

    @property
    def length(self) -> int:
        return LENGTHS.get(self.type, 0)

    @property
    def options(self) -> Choices:
        return YES_NO if self.type == FieldType.YES_NO else self.choices


def _line(name: str, label: str, *, required: bool = False, hint: str = "") -> Detail:
    return Detail(name, label, FieldType.LINE, required, hint=hint)


def _text(name: str, label: str, *, required: bool = False, hint: str = "") -> Detail:
    return Detail(name, label, FieldType.TEXT, required, hint=hint)


def _number(name: str, label: str, unit: str, *, required: bool = False) -> Detail:
    return Detail(name, label, FieldType.NUMBER, required, unit=unit)


FLOW: Final[Choices] = (
    ("identity", "亮明身份"),
    ("oath", "重温誓词"),
    ("dues", "交纳党费"),
    ("study", "集中学习"),
    ("discussion", "民主议事"),
    ("volunteer", "志愿服务"),
    ("comment", "点评总结"),
)
FORMS: Final[Choices] = (("general", "支部党员大会"), ("committee", "支委会"), ("group", "党小组会"))
BIRTHDAY: Final[Choices] = (
    ("oath", "重温入党誓词"),
    ("card", "赠送政治生日贺卡"),
    ("story", "交流入党初心"),
    ("talk", "组织谈话寄语"),
)
_PREPARED: Final = (
    Detail("study_on", "会前学习日期", FieldType.DAY, required=True),
    _number("studies", "集中学习", "次"),
    _number("talks", "谈心谈话", "人次", required=True),
    _number("opinions", "征求意见", "条", required=True),
    _text("last_year", "通报上年整改及查摆情况", required=True),
    _line("guide", "上级指导人员"),
    _text("comment", "上级点评"),
)

SCHEMA: Final[Mapping[Kind, tuple[Detail, ...]]] = MappingProxyType(
    {
        Kind.GENERAL_MEETING: (_text("reports", "听取和审议的报告"),),
        Kind.COMMITTEE_MEETING: (
            Detail("first_topic", "第一议题", FieldType.YES_NO, required=True, hint="会议首先学习最新指示精神"),
            _text("first_topic_text", "第一议题学习内容"),
        ),
        Kind.GROUP_MEETING: (
            _text("study", "学习内容", required=True),
            _text("criticism", "批评与自我批评"),
        ),
        Kind.PARTY_LECTURE: (
            _line("lecturer_post", "授课人职务", required=True),
            Detail("lecturer_leads", "授课人是领导干部", FieldType.YES_NO),
            _text("outline", "授课提纲"),
            _number("activists", "入党积极分子参加", "人"),
            _text("feedback", "党员讨论反馈", required=True),
            _line("quiz", "测试情况"),
        ),
        Kind.THEME_DAY: (
            Detail("flow", "活动流程", FieldType.TICKS, required=True, choices=FLOW),
            _number("dues_people", "现场交纳党费", "人"),
            _number("served", "志愿服务", "人次"),
        ),
        Kind.ORG_LIFE_MEETING: (
            Detail("form", "会议形式", FieldType.CHOICE, required=True, choices=FORMS),
            *_PREPARED,
        ),
        Kind.DEMOCRATIC_APPRAISAL: (
            _text("committee_report", "支委会述职情况", required=True),
            _text("rectified", "上年整改落实情况", required=True),
            _text("opinions", "支委会评定意见"),
            Detail("feedback_on", "向党员反馈日期", FieldType.DAY),
        ),
        Kind.POLITICAL_BIRTHDAY: (
            _line("people", "过政治生日的党员", required=True),
            Detail("ways", "形式", FieldType.TICKS, required=True, choices=BIRTHDAY),
            _line("gift", "纪念品", hint="以贺卡、书籍为宜，不得超过规定标准"),
        ),
        Kind.WARNING_EDUCATION: (
            _line("case", "案例或主题", required=True),
            _line("presenter", "主讲人", required=True),
            _number("undertakings", "签订承诺书", "份"),
        ),
        Kind.CENTER_GROUP_STUDY: (
            _text("topics", "学习专题", required=True),
            _text("speakers", "重点发言人及题目", required=True),
        ),
        Kind.DEM_LIFE_MEETING: _PREPARED,
        Kind.REPORT_ASSESSMENT: (
            _number("reporting", "现场述职", "人", required=True),
            _number("in_writing", "书面述职", "人"),
            _text("result", "评议结果", required=True),
        ),
    }
)
NOT_COPIED: Final = frozenset({"study_on", "feedback_on"})  # a day belongs to one meeting


def schema_of(kinds: Sequence[str]) -> list[tuple[Kind, tuple[Detail, ...]]]:
    """The kinds of a gathering that are asked something of their own, in their order."""
    return [(Kind(kind), SCHEMA[Kind(kind)]) for kind in kinds if Kind(kind) in SCHEMA]


def cleaned(detail: Detail, raw: Sequence[str]) -> tuple[Any, str]:
    """The stored value of what was typed (None: nothing was) and what is wrong with it, in Chinese.

    `raw` holds one text, of ticks the ticked ones.
    """
    texts = [text.replace("\r\n", "\n").strip() for text in raw if text.strip()]
    if not texts:
        return None, ""
    if detail.type == FieldType.TICKS:
        return [value for value, _ in detail.choices if value in texts] or None, ""
    text = texts[0]
    if detail.type in (FieldType.CHOICE, FieldType.YES_NO):
        known = text in {value for value, _ in detail.options}
        return (text, "") if known else (None, f"{detail.label}：请选择列出的一项。")
    if detail.type == FieldType.NUMBER:
        if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) <= MOST):
            return None, f"{detail.label}：请填写0至{MOST}的整数。"
        return int(text), ""
    if detail.type == FieldType.DAY:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = None
        if day is None or not 1949 <= day.year < 2100:
            return None, f"{detail.label}：请填写正确的日期，例如2026-11-25。"
        return day.isoformat(), ""
    if len(text) > detail.length:
        return None, f"{detail.label}：请控制在{detail.length}字以内，现有{len(text)}字。"
    return (" ".join(text.split()) if detail.type == FieldType.LINE else text), ""


def shown(detail: Detail, value: Any) -> str:
    """A stored value in words; "" for nothing."""
    if value in (None, "", []):
        return ""
    if detail.type == FieldType.TICKS:
        return "、".join(label for option, label in detail.choices if option in value)
    if detail.type in (FieldType.CHOICE, FieldType.YES_NO):
        return dict(detail.options).get(str(value), "")
    if detail.type == FieldType.NUMBER:
        return f"{value}{detail.unit}"
    if detail.type == FieldType.DAY:
        day = date.fromisoformat(value)
        return f"{day.year}年{day.month}月{day.day}日"
    return str(value)


def rows_of(kinds: Sequence[str], stored: Mapping[str, Values]) -> list[tuple[str, str]]:
    """(label, words) of everything that was filled in, kind by kind: for the page and the paper form."""
    rows = []
    for kind, schema in schema_of(kinds):
        values = stored.get(kind.value, {})
        rows += [(one.label, text) for one in schema if (text := shown(one, values.get(one.name)))]
    return rows


def ticks_of(kinds: Sequence[str], stored: Mapping[str, Values], name: str) -> list[tuple[str, bool]]:
    """(label, ticked) of every box of one field: the paper form prints the empty ones, too."""
    for kind, schema in schema_of(kinds):
        for one in schema:
            if one.name == name and one.options:
                value = stored.get(kind.value, {}).get(name) or []
                return [
                    (label, option in ([value] if isinstance(value, str) else value)) for option, label in one.options
                ]
    return []


def to_copy(kinds: Sequence[str], stored: Mapping[str, Values]) -> dict[str, dict[str, Any]]:
    """What a new record of the same kinds may begin with."""
    return {
        kind.value: {name: value for name, value in stored.get(kind.value, {}).items() if name not in NOT_COPIED}
        for kind, _ in schema_of(kinds)
        if stored.get(kind.value)
    }


@dataclass(frozen=True)
class Completeness:
    """How full a record is: required fields filled, of all required; and what could still be added, in words."""

    filled: int
    required: int
    missing: tuple[str, ...]

    @property
    def score(self) -> float:
        return self.filled / self.required if self.required else 1.0


def completeness(
    kinds: Sequence[str],
    stored: Mapping[str, Values],
    *,
    common: Mapping[str, bool],
    photos: int,
    everyone_said: bool,
) -> Completeness:
    """Filled required fields of all required ones [D].

    `common`: label of a shared field -> is it filled; `everyone_said`: each one expected came, or has a reason.
    """
    parts = [*common.items(), ("现场照片", photos > 0), ("全员出席情况", everyone_said)]
    for kind, schema in schema_of(kinds):
        values = stored.get(kind.value, {})
        parts += [(one.label, values.get(one.name) not in (None, "", [])) for one in schema if one.required]
    return Completeness(
        filled=sum(done for _, done in parts),
        required=len(parts),
        missing=tuple(dict.fromkeys(label for label, done in parts if not done)),
    )
