"""Paper forms as data: what stands in which cell, and what a hospital changed about it.

A Layout is ours, in code. A hospital's differences are a small JSON object beside it:

    {"title": "…", "labels": {"主持人": "会议主持人"}, "heights": {"minutes": 150}, "hide": ["observers"],
     "order": ["type", "time"], "add": [{"name": "seal", "label": "盖章", "after": "minutes", "height": 20}],
     "margins": [25, 20, 25, 20], "fonts": {"body": "仿宋"}}

`problems` says in Chinese what is wrong with such an object; `adapt` applies what fits and leaves out the rest, so that
a download never fails over an old one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from config.documents.content import (
    FONTS,
    RECORD,
    Align,
    Block,
    Cell,
    Fonts,
    Grid,
    Heading,
    Line,
    Page,
    PhotoRow,
    Row,
    Section,
)

UNITS: Final = 30  # units of a grid per column of a form: parts of a column can be told
LONG: Final = 300  # characters from which a cell may run over a page, whatever its row says
KEYS: Final = ("title", "labels", "heights", "hide", "order", "add", "margins", "fonts")

Filling = str | PhotoRow | Sequence[Sequence[str]]


@dataclass(frozen=True)
class Slot:
    """One cell: a printed `label`, a `field` to fill, or both (the label then stands above the text)."""

    label: str = ""
    field: str = ""
    span: int = 1  # columns of the form
    sign: str = ""


@dataclass(frozen=True)
class Sub:
    """One column of a list inside a form. `width` in units: 30 make a column of the form."""

    label: str
    width: int
    align: Align = ""


@dataclass(frozen=True)
class FormRow:
    """A row with cells, or a list: a label beside `subs` whose rows come from the field `name`.

    `optional` rows are left out when all they would hold is empty; `blank` lines are printed where a list is empty.
    A list whose label is empty takes the whole width.
    """

    name: str
    slots: tuple[Slot, ...] = ()
    height: float = 0
    splits: bool = False
    optional: bool = False
    label: str = ""
    subs: tuple[Sub, ...] = ()
    blank: int = 2


@dataclass(frozen=True)
class Layout:
    """`head` and `foot` are lines around the table, with {field} where a value belongs."""

    code: str
    title: str
    columns: int
    rows: tuple[FormRow, ...]
    repeat: int = 0
    head: tuple[str, ...] = ()
    foot: tuple[str, ...] = ()
    page: Page = RECORD
    fonts: Fonts = FONTS


def section(layout: Layout, values: Mapping[str, Filling]) -> Section:
    """The form, filled: title, head line, grid, foot line. A field without a value stays empty, for a pen."""
    blocks: list[Block] = [Heading(_text(layout.title, values), 0)]
    if layout.head:
        blocks.append(Line(tuple(_text(part, values) for part in layout.head)))
    blocks.append(fill(layout, values))
    if layout.foot:
        blocks.append(Line(tuple(_text(part, values) for part in layout.foot)))
    return Section(tuple(blocks), layout.page)


def fill(layout: Layout, values: Mapping[str, Filling]) -> Grid:
    rows = [row for form_row in layout.rows for row in _rows(form_row, layout.columns, values)]
    return Grid(layout.columns * UNITS, tuple(rows), layout.repeat)


def _text(pattern: str, values: Mapping[str, Filling]) -> str:
    """Replace {field}; never str.format, whose fields reach into objects."""
    return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], "")), pattern)


def _rows(row: FormRow, columns: int, values: Mapping[str, Filling]) -> Iterator[Row]:
    if row.subs:
        yield from _list(row, columns, values)
        return
    filled = [values.get(slot.field, "") for slot in row.slots]
    if row.optional and not any(filled):
        return
    cells = []
    for slot, value in zip(row.slots, filled, strict=True):
        cells.append(
            Cell(
                text=value if isinstance(value, str) and slot.field else "" if slot.field else slot.label,
                span=slot.span * UNITS,
                label=not slot.field,
                caption=slot.label if slot.field else "",
                sign=slot.sign,
                photos=value if isinstance(value, PhotoRow) else None,
            )
        )
    yield Row(tuple(cells), row.height, row.splits or _is_long(filled))


def _list(row: FormRow, columns: int, values: Mapping[str, Filling]) -> Iterator[Row]:
    lines = values.get(row.name, ())
    if not lines and row.optional:
        return
    if isinstance(lines, str | PhotoRow) or not lines:
        lines = [[""] * len(row.subs)] * row.blank
    beside = columns * UNITS - sum(sub.width for sub in row.subs)
    label = (Cell(row.label, span=beside, rows=len(lines) + 1, label=True),) if beside else ()
    yield Row((*label, *(Cell(sub.label, span=sub.width, label=True) for sub in row.subs)))
    for line in lines:
        cells = tuple(Cell(text, span=sub.width, align=sub.align) for text, sub in zip(line, row.subs, strict=True))
        yield Row(cells, row.height, row.splits or _is_long(line))


def _is_long(texts: Sequence[object]) -> bool:
    return any(isinstance(text, str) and len(text) > LONG for text in texts)


# -- What a hospital may change


def adapt(layout: Layout, overrides: Mapping[str, Any] | None) -> Layout:
    """The layout with a hospital's differences; what does not fit it is left out."""
    good = {key: value for key, value in (overrides or {}).items() if not problems(layout, {key: value})}
    if not good:
        return layout
    rows = [row for row in layout.rows if row.name not in good.get("hide", ())]
    rows = [_adapted(row, good) for row in rows]
    for extra in good.get("add", ()):
        slots = (Slot(extra["label"]), Slot(field=extra["name"], span=layout.columns - 1))
        new = FormRow(extra["name"], slots, float(extra.get("height", 0)))
        names = [row.name for row in rows]
        at = names.index(extra["after"]) + 1 if extra.get("after") in names else len(rows)
        rows.insert(at, new)
    if order := good.get("order"):
        place = {name: n for n, name in enumerate(order)}
        rows.sort(key=lambda row: place.get(row.name, len(place)))
    page, fonts = layout.page, layout.fonts
    if margins := good.get("margins"):
        page = replace(page, **dict(zip(("top", "right", "bottom", "left"), map(float, margins), strict=True)))
    if names_ := good.get("fonts"):
        fonts = replace(fonts, **names_)
    kept = sum(row.name not in good.get("hide", ()) for row in layout.rows[: layout.repeat])
    repeat = 0 if "order" in good else kept  # rows that were moved are no head any more
    return replace(
        layout, title=good.get("title", layout.title), rows=tuple(rows), repeat=repeat, page=page, fonts=fonts
    )


def _adapted(row: FormRow, good: Mapping[str, Any]) -> FormRow:
    labels = good.get("labels", {})
    return replace(
        row,
        label=labels.get(row.label, row.label),
        slots=tuple(replace(slot, label=labels.get(slot.label, slot.label)) for slot in row.slots),
        subs=tuple(replace(sub, label=labels.get(sub.label, sub.label)) for sub in row.subs),
        height=float(good.get("heights", {}).get(row.name, row.height)),
    )


def problems(layout: Layout, overrides: Mapping[str, Any]) -> list[str]:
    """What is wrong with a hospital's differences, in Chinese; empty when they fit."""
    found = [f"不能识别的设置：{key}。" for key in overrides if key not in KEYS]
    names = {row.name for row in layout.rows}
    labels = {slot.label for row in layout.rows for slot in row.slots} | {row.label for row in layout.rows}
    labels |= {sub.label for row in layout.rows for sub in row.subs}
    if "title" in overrides and not _is_text(overrides["title"], 40):
        found.append("标题应为1至40个字。")
    if "labels" in overrides:
        found += _pairs(overrides["labels"], labels, lambda value: _is_text(value, 20), "栏目名称")
    if "heights" in overrides:
        found += _pairs(overrides["heights"], names, lambda value: _is_number(value, 0, 220), "行高（0至220毫米）")
    for key, word in (("hide", "隐藏的行"), ("order", "行的顺序")):
        value = overrides.get(key, [])
        if not isinstance(value, list) or not all(isinstance(name, str) and name in names for name in value):
            found.append(f"{word}里有表样中没有的行。")
    if "hide" in overrides and not found and set(overrides["hide"]) >= names:
        found.append("不能隐藏所有的行。")
    found += _additions(overrides.get("add", []), names)
    margins = overrides.get("margins", [20] * 4)
    if not isinstance(margins, list) or len(margins) != 4 or not all(_is_number(value, 10, 50) for value in margins):
        found.append("页边距应为上、右、下、左四个数，每个10至50毫米。")
    if "fonts" in overrides:
        known = {field.name for field in fields(Fonts)}
        found += _pairs(overrides["fonts"], known, lambda value: _is_text(value, 40), "字体")
    return found


def _pairs(value: Any, known: set[str], good: Any, word: str) -> list[str]:
    if isinstance(value, dict) and all(key in known and key and good(one) for key, one in value.items()):
        return []
    return [f"{word}的设置不正确。"]


def _additions(value: Any, names: set[str]) -> list[str]:
    def fits(row: Any) -> bool:
        return (
            isinstance(row, dict)
            and set(row) <= {"name", "label", "after", "height"}
            and _is_text(row.get("name"), 40)
            and row["name"] not in names
            and _is_text(row.get("label"), 20)
            and row.get("after", "") in names | {""}
            and _is_number(row.get("height", 0), 0, 220)
        )

    return [] if isinstance(value, list) and all(map(fits, value)) else ["增加的行不正确：需要名称、栏目名称和位置。"]


def _is_text(value: Any, limit: int) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= limit


def _is_number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
