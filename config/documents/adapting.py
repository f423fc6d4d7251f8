"""What a hospital changed about a paper form: a small JSON object beside our Layout.

    {"title": "…", "labels": {"主持人": "会议主持人"}, "heights": {"minutes": 150}, "hide": ["observers"],
     "order": ["type", "time"], "add": [{"name": "seal", "label": "盖章", "after": "minutes", "height": 20}],
     "margins": [25, 20, 25, 20], "fonts": {"cell": "仿宋"}, "sizes": {"title": 20, "cell": 10.5}}

`problems` says in Chinese what is wrong with such an object; `adapt` applies what fits and leaves out the rest, so that
a download never fails over an old one.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from config.documents.content import Fonts
from config.documents.layouts import FormRow, Layout, Slot

KEYS: Final = ("title", "labels", "heights", "hide", "order", "add", "margins", "fonts", "sizes")
MARGINS: Final = (10, 50)  # mm
HEIGHTS: Final = (0, 220)  # mm
SIZES: Final[Mapping[str, tuple[float, float]]] = {"title": (14, 30), "cell": (9, 16)}  # points
TITLE_LENGTH: Final = 40
LABEL_LENGTH: Final = 20
CAPTION_LENGTH: Final = 40  # of a label with the whole width to itself
ADDED: Final = 5  # rows of a hospital's own
OWN: Final = re.compile(r"[a-z]\w{0,39}", re.ASCII)  # their names: own1 …, or what a file says
SIDES: Final = ("top", "right", "bottom", "left")
_LINE = re.compile(r"^(.+?)：\{")  # a line around the table: its label, then a field


Layouts = Mapping[str, Mapping[str, Any]]  # a hospital's differences by the code of the form


def adapted(layout: Layout, layouts: Layouts | None) -> Layout:
    """The layout as the hospital prints it."""
    return adapt(layout, (layouts or {}).get(layout.code))


def adapt(layout: Layout, overrides: Mapping[str, Any] | None) -> Layout:
    """The layout with a hospital's differences; what does not fit it is left out."""
    given = overrides or {}
    good = {key: value for key, value in given.items() if not problems(layout, {key: value})}
    if isinstance(given.get("order"), list) and "order" not in good:  # a row of its own may stand anywhere
        both = {"order": given["order"], "add": good.get("add", [])}
        good |= {} if problems(layout, both) else {"order": given["order"]}
    if not good:
        return layout
    rows = [_adapted(row, good) for row in layout.rows if row.name not in good.get("hide", ())]
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
        page = replace(page, **dict(zip(SIDES, map(float, margins), strict=True)))
    fonts = replace(fonts, **good.get("fonts", {}))
    fonts = replace(fonts, **{f"{name}_size": float(size) for name, size in good.get("sizes", {}).items()})
    labels = good.get("labels", {})
    return replace(
        layout,
        title=good.get("title", layout.title),
        rows=tuple(rows),
        repeat=_repeated(layout, rows),
        head=tuple(_relabelled(part, labels) for part in layout.head),
        foot=tuple(_relabelled(part, labels) for part in layout.foot),
        page=page,
        fonts=fonts,
    )


def _adapted(row: FormRow, good: Mapping[str, Any]) -> FormRow:
    labels = good.get("labels", {})
    return replace(
        row,
        label=labels.get(row.label, row.label),
        slots=tuple(replace(slot, label=labels.get(slot.label, slot.label)) for slot in row.slots),
        below=tuple(replace(slot, label=labels.get(slot.label, slot.label)) for slot in row.below),
        subs=tuple(replace(sub, label=labels.get(sub.label, sub.label)) for sub in row.subs),
        height=float(good.get("heights", {}).get(row.name, row.height)),
    )


def _repeated(layout: Layout, rows: list[FormRow]) -> int:
    """How many rows stand on every page: those of our head, as far as they are still in front."""
    head = {row.name for row in layout.rows[: layout.repeat]}
    return next((n for n, row in enumerate(rows) if row.name not in head), len(rows))


def _relabelled(part: str, labels: Mapping[str, str]) -> str:
    found = _LINE.match(part)
    return labels.get(found[1], found[1]) + part[found.end(1) :] if found else part


def line_labels(layout: Layout) -> list[str]:
    """The labels in the lines above and below the table: 党组织, 散会."""
    return [found[1] for part in (*layout.head, *layout.foot) if (found := _LINE.match(part))]


def row_labels(row: FormRow) -> list[str]:
    """The labels of one row, each once, in the order of print."""
    said = [row.label, *(slot.label for slot in (*row.slots, *row.below)), *(sub.label for sub in row.subs)]
    return list(dict.fromkeys(label for label in said if label))


def label_length(row: FormRow, label: str) -> int:
    """How many characters may stand in place of `label`."""
    alone = any(slot.label == label and slot.field for slot in (*row.slots, *row.below))
    return CAPTION_LENGTH if alone else LABEL_LENGTH


def problems(layout: Layout, overrides: Mapping[str, Any]) -> list[str]:
    """What is wrong with a hospital's differences, in Chinese; empty when they fit."""
    found = [f"不能识别的设置：{key}。" for key in overrides if key not in KEYS]
    names = {row.name for row in layout.rows}
    room = {label: label_length(row, label) for row in layout.rows for label in row_labels(row)}
    room |= dict.fromkeys(line_labels(layout), LABEL_LENGTH)
    if "title" in overrides and not _is_text(overrides["title"], TITLE_LENGTH):
        found.append(f"标题应为1至{TITLE_LENGTH}个字。")
    found += _pairs(overrides, "labels", room, lambda key, value: _is_text(value, room[key]), "栏目名称")
    found += _pairs(
        overrides,
        "heights",
        names,
        lambda key, value: _is_number(value, *HEIGHTS),
        f"行高（{HEIGHTS[0]}至{HEIGHTS[1]}毫米）",
    )
    additions = _additions(overrides.get("add", []), names)
    own = set() if additions else {row["name"] for row in overrides.get("add", [])}
    for key, known, word in (("hide", names, "隐藏的行"), ("order", names | own, "行的顺序")):
        value = overrides.get(key, [])
        if not isinstance(value, list) or not all(isinstance(name, str) and name in known for name in value):
            found.append(f"{word}里有表样中没有的行。")
    if "hide" in overrides and not found:
        hidden = set(overrides["hide"])
        found += [
            f"“{heading(row)}”是记录必需的内容，不能隐藏。" for row in layout.rows if row.needed and row.name in hidden
        ]
        if hidden >= names:
            found.append("不能隐藏所有的行。")
    found += additions
    margins = overrides.get("margins", [20] * 4)
    if not isinstance(margins, list) or len(margins) != 4 or not all(_is_number(one, *MARGINS) for one in margins):
        found.append(f"页边距应为上、右、下、左四个数，每个{MARGINS[0]}至{MARGINS[1]}毫米。")
    faces = {field.name for field in fields(Fonts) if field.type is str}
    found += _pairs(overrides, "fonts", faces, lambda key, value: _is_text(value, 40), "字体")
    found += _pairs(overrides, "sizes", SIZES, lambda key, value: _is_number(value, *SIZES[key]), "字号")
    return found


def heading(row: FormRow) -> str:
    """What a row is called where people speak of it: its first label, or those it has."""
    labels = row_labels(row)
    return labels[0] if row.label or len(labels) == 1 else "、".join(labels[:4])


def _pairs(overrides: Mapping[str, Any], key: str, known: Any, good: Any, word: str) -> list[str]:
    value = overrides.get(key, {})
    if isinstance(value, dict) and all(name in known and name and good(name, one) for name, one in value.items()):
        return []
    return [f"{word}的设置不正确。"]


def _additions(value: Any, names: set[str]) -> list[str]:
    def fits(row: Any) -> bool:
        return (
            isinstance(row, dict)
            and set(row) <= {"name", "label", "after", "height"}
            and _is_text(row.get("name"), 40)
            and OWN.fullmatch(row["name"]) is not None
            and row["name"] not in names
            and _is_text(row.get("label"), LABEL_LENGTH)
            and row.get("after", "") in names | {""}
            and _is_number(row.get("height", 0), *HEIGHTS)
        )

    good = isinstance(value, list) and len(value) <= ADDED and all(map(fits, value))
    if good and len({row["name"] for row in value}) == len(value):
        return []
    return [f"增加的行不正确：需要名称、栏目名称和位置，最多{ADDED}行。"]


def _is_text(value: Any, limit: int) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= limit


def _is_number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
