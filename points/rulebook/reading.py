"""A workbook of the rule book, read back into an edition: every mistake is named by sheet, row and column.

Nothing is written here: who asked sees the differences first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeVar

from django.db.models import TextChoices

from members.roster_file import Limits, UnreadableFile, read_workbook
from points.choices import CAPPED, VETO_LIMITS, Category, Declarer, Grade, Origin, PostKind, Reviewer
from points.rulebook.differences import Plan
from points.rulebook.rules import MOST_LEVELS, item_problems, number_problem, scheme_problems
from points.rulebook.wording import BY_DECISION, points_text, read_ratio
from points.rulebook.workbook import CAPS, COLUMNS, HEAD, HEAD_SHEET, ITEM_SHEET, OFF
from points.rules import Item, Level, Scheme, Variant

LIMIT_WORDS: Final = {"": None, BY_DECISION: None} | {str(grade.label): grade for grade in VETO_LIMITS}
YES_NO: Final = {"是": True, "否": False, "": False}
LIMITS: Final = Limits(file_bytes=5 * 2**20, unpacked_bytes=20 * 2**20, rows=1000, cells=100_000)
MOST_FAULTS: Final = 100
C = TypeVar("C", bound=TextChoices)


class Fault(NamedTuple):
    """What cannot be used, and where it stands: `row` as Excel counts, 0 for the sheet as a whole."""

    sheet: str
    row: int
    column: str
    text: str


@dataclass
class Read:
    """What was read, or why not."""

    plan: Plan | None
    faults: list[Fault]


class _Bad(ValueError):
    """A cell that cannot be used; the message is Chinese."""


def read(data: bytes, file_name: str, before: Plan, labels: Mapping[str, str]) -> Read:
    """The edition a workbook says; `before`: the draft it is read into, whose steps keep their keys by their names."""
    try:
        sheets = {sheet.name.strip(): sheet for sheet in read_workbook(data, file_name, limits=LIMITS)}
    except UnreadableFile as error:
        return Read(None, [Fault(file_name, 0, "", error.message)])
    absent = [name for name in (HEAD_SHEET, ITEM_SHEET) if name not in sheets]
    if absent:
        text = "没有这张工作表。请用“导出Excel”得到的文件修改后再读入。"
        return Read(None, [Fault(name, 0, "", text) for name in absent])
    faults: list[Fault] = []
    head = _read_head(sheets[HEAD_SHEET].rows, faults)
    items = _read_items(sheets[ITEM_SHEET].rows, before, labels, faults)
    if faults or head is None:
        return Read(None, faults[:MOST_FAULTS])
    return Read(replace(head, items=tuple(items)), [])


def _read_head(rows: Sequence[Sequence[Any]], faults: list[Fault]) -> Plan | None:
    places = {label: name for name, label in HEAD.items()}
    said: dict[str, tuple[int, Any]] = {}
    for at, row in enumerate(rows[1:], start=2):
        label = _text(row[0]) if row else ""
        if label and label not in places:
            faults.append(Fault(HEAD_SHEET, at, "内容", f"没有“{label}”这一项。"))
        elif label:
            said[places[label]] = at, row[1] if len(row) > 1 else ""
    values: dict[str, Any] = {}
    for name, label in HEAD.items():
        at, cell = said.get(name, (0, ""))
        if name not in said:
            faults.append(Fault(HEAD_SHEET, 0, label, "缺少这一行。"))
            continue
        try:
            values[name] = _head_value(name, cell)
        except _Bad as error:
            faults.append(Fault(HEAD_SHEET, at, label, str(error)))
    if len(values) < len(HEAD):
        return None
    scheme = Scheme(
        base=values["base"],
        caps={category: values[name] for category, name in zip(CAPPED, CAPS, strict=True)},
        scale=values["scale"],
        points_share=values["points_share"] / 100,
        thresholds=(
            (Grade.EXCELLENT, values["excellent_from"]),
            (Grade.QUALIFIED, values["qualified_from"]),
            (Grade.BASICALLY_QUALIFIED, values["basically_from"]),
        ),
        excellent_ratio=values["excellent_ratio"],
    )
    wrong = scheme_problems(scheme)
    faults += [Fault(HEAD_SHEET, said[name][0], HEAD[name], text) for name, text in wrong.items()]
    return Plan(values["name"], values["valid_from"], values["basis"], scheme)


def _head_value(name: str, cell: Any) -> Any:
    if name in ("name", "basis"):
        text = _text(cell)
        if name == "name" and not text:
            raise _Bad("请填写名称。")
        most = 60 if name == "name" else 120
        if len(text) > most:
            raise _Bad(f"不超过{most}字。")
        return text
    if name == "excellent_ratio":
        return _ratio(cell)
    return _month_of(cell) if name == "valid_from" else _amount(cell)


def _ratio(cell: Any) -> Fraction:
    """A fraction or a percentage; a number where Excel made one of it."""
    try:
        return read_ratio(_text(cell))
    except ValueError as error:  # 1/3 typed into a cell that is not text has become a day
        raise _Bad("比例请写成1/3或15%，单元格格式设为文本。") from error


def _read_items(
    rows: Sequence[Sequence[Any]], before: Plan, labels: Mapping[str, str], faults: list[Fault]
) -> list[Item]:
    header = [_text(cell) for cell in rows[0]] if rows else []
    at = {name: header.index(label) for name, label in COLUMNS.items() if label in header}
    for name, label in COLUMNS.items():
        if name not in at:
            faults.append(Fault(ITEM_SHEET, 1, label, "缺少这一列。"))
    if len(at) < len(COLUMNS):
        return []
    items: list[Item] = []
    codes: dict[str, int] = {}
    feeds: dict[str, int] = {}
    for line, row in enumerate(rows[1:], start=2):
        if not any(_text(cell) for cell in row):
            continue
        cells = {name: row[place] if place < len(row) else "" for name, place in at.items()}
        item = _read_item(cells, line, before, labels, faults)
        if item is None:
            continue
        for name, key, seen in (("code", item.code, codes), ("feed", item.feed, feeds)):
            if key and key in seen:
                faults.append(Fault(ITEM_SHEET, line, COLUMNS[name], f"与第{seen[key]}行重复。"))
            seen.setdefault(key, line)
        items.append(item)
    if too_many := number_problem(len(items)):
        faults.append(Fault(ITEM_SHEET, 0, "", too_many))
    return items


def _read_item(
    cells: Mapping[str, Any], line: int, before: Plan, labels: Mapping[str, str], faults: list[Fault]
) -> Item | None:
    code = _text(cells["code"])
    known = before.by_code.get(code)
    by_label = {label: feed for feed, label in labels.items()}
    readers: dict[str, Any] = {
        "category": lambda cell: _choice(cell, Category),
        "points": lambda cell: _amount(cell) if _text(cell) else Decimal(0),
        "per": lambda cell: _amount(cell) if _text(cell) else Decimal(1),
        "unit": lambda cell: _text(cell) or "次",
        "levels": lambda cell: _levels(cell, known.levels if known else ()),
        "cap": lambda cell: _amount(cell) if _text(cell) else None,
        "factor_without_groups": lambda cell: _amount(cell) if _text(cell) else Decimal(1),
        "variants": _variants,
        "grade_limit": lambda cell: _one_of(cell, LIMIT_WORDS),
        "origin": lambda cell: _choice(cell, Origin),
        "feed": lambda cell: _one_of(cell, {"": "", **by_label}),
        "declared_by": lambda cell: _choice(cell, Declarer),
        "reviewed_by": lambda cell: _choice(cell, Reviewer),
        "evidence_required": lambda cell: _one_of(cell, YES_NO),
    }
    values: dict[str, Any] = {}
    for name in COLUMNS:
        try:
            values[name] = readers.get(name, _text)(cells[name])
        except _Bad as error:
            faults.append(Fault(ITEM_SHEET, line, COLUMNS[name], str(error)))
    if len(values) < len(COLUMNS):
        return None
    item = Item(**values)
    if not item.points_text:
        item = replace(item, points_text=points_text(item))
    wrong = item_problems(item)
    faults += [Fault(ITEM_SHEET, line, COLUMNS[name], text) for name, text in wrong.items()]
    return item


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join(str(cell if cell is not None else "").split())


def _amount(cell: Any) -> Decimal:
    text = _text(cell).replace("−", "-").replace("，", "").replace(",", "").removesuffix("分").removesuffix("%")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _Bad(f"“{_text(cell)[:20]}”不是数字。" if text else "请填写数字。") from None
    if not value.is_finite() or abs(value) >= 1_000_000:
        raise _Bad("数字太大。")
    if value != round(value, 2):
        raise _Bad("最多两位小数。")
    return value


def _month_of(cell: Any) -> date:
    if isinstance(cell, datetime | date):
        return date(cell.year, cell.month, 1)
    text = _text(cell)
    digits = text.replace("年", "-").replace("/", "-").replace(".", "-").removesuffix("月").split("-")
    try:
        return date(int(digits[0]), int(digits[1]), 1)
    except (ValueError, IndexError):
        raise _Bad("请按“2027年1月”的样式填写。") from None


def _choice(cell: Any, choices: type[C]) -> C:
    return choices(_one_of(cell, {one.label: one.value for one in choices}))


def _one_of(cell: Any, words: Mapping[str, Any]) -> Any:
    text = _text(cell)
    if text not in words:
        shown = "、".join(word for word in words if word)
        raise _Bad(f"“{text[:20]}”无法识别，请填写：{shown}。" if len(shown) < 80 else f"“{text[:30]}”无法识别。")
    return words[text]


def _parts(cell: Any) -> list[str]:
    return [part for part in (one.strip() for one in _text(cell).replace(";", "；").split("；")) if part]


def _levels(cell: Any, known: Sequence[Level]) -> tuple[Level, ...]:
    """国家级=10；省级=6. A step of the same name keeps its key, a new one gets the next free one."""
    parts = _parts(cell)
    if len(parts) > MOST_LEVELS:
        raise _Bad(f"最多{MOST_LEVELS}个档次。")
    keys = {level.label: level.code for level in known}
    taken = set(keys.values())
    found = []
    for part in parts:
        label, sign, points = part.replace("＝", "=").rpartition("=")
        if not sign:
            raise _Bad(f"“{part[:20]}”应写成“名称=分值”，各档用分号隔开。")
        label = label.strip()
        found.append(Level(keys.get(label) or next_key(taken), label, _amount(points)))
    return tuple(found)


def next_key(taken: set[str]) -> str:
    """A key for a new step; `taken` grows by it."""
    key = next(one for n in range(1, 1000) if (one := f"s{n}") not in taken)
    taken.add(key)
    return key


def _variants(cell: Any) -> dict[str, Variant]:
    """临床：分值1，上限3；离退休：不适用."""
    posts = {post.label: post.value for post in PostKind}
    found: dict[str, Variant] = {}
    for part in _parts(cell):
        name, _, said = part.replace(":", "：").partition("：")
        if name.strip() not in posts:
            raise _Bad(f"岗位类别“{name[:10]}”无法识别，请填写：{'、'.join(posts)}。")
        if posts[name.strip()] in found:
            raise _Bad(f"{name}写了两次。")
        found[posts[name.strip()]] = _variant(said.strip())
    return found


def _variant(said: str) -> Variant:
    if said == OFF:
        return Variant(off=True)
    figures: dict[str, Decimal] = {}
    for part in said.replace(",", "，").split("，"):
        name = next((one for one in ("分值", "上限") if part.strip().startswith(one)), None)
        if name is None:
            raise _Bad("岗位差别写成“临床：分值1，上限3”或“离退休：不适用”。")
        figures[name] = _amount(part.strip().removeprefix(name))
    return Variant(points=figures.get("分值"), cap=figures.get("上限"))
