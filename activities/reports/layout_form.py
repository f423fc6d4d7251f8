"""The form in which a hospital changes one printed form: a field for each label, height and margin."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django import forms
from django.forms.boundfield import BoundField

from activities.reports.layout_changes import FACES, SIZES
from config.documents import adapting
from config.documents.adapting import HEIGHTS, LABEL_LENGTH, MARGINS, SIDES, heading
from config.documents.layouts import Layout

FONTS: Final = ("方正小标宋简体", "华文中宋", "宋体", "黑体", "仿宋_GB2312", "仿宋", "楷体_GB2312", "楷体")
SIDE_WORDS: Final = dict(zip(SIDES, ("上", "右", "下", "左"), strict=True))


class Line(NamedTuple):
    """One row of the printed form, as the page shows it."""

    name: str
    heading: str
    labels: list[BoundField]
    height: BoundField
    hide: BoundField | None
    own: bool
    first: bool
    last: bool


class LayoutForm(forms.Form):
    """Filled with `overrides`; `changed()` gives the differences that were typed, once the form is valid."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    order = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, layout: Layout, overrides: Mapping[str, Any], data: Mapping[str, Any] | None = None, *, version: int = 0
    ) -> None:
        self.layout = layout
        super().__init__(data, initial={"version": version})
        own = {row["name"]: row for row in overrides.get("add", ())}
        self.names = self._order(data.get("order", "")) if data is not None else _order_of(layout, overrides)
        self.initial["order"] = ",".join(self.names)
        self._text("title", "标题", overrides.get("title", layout.title), adapting.TITLE_LENGTH)
        said = overrides.get("labels", {})
        self.labels: dict[str, str] = {}  # our label -> the name of its field
        for label, room in _labels(layout):
            self.labels[label] = f"label_{len(self.labels)}"
            self._text(self.labels[label], label, said.get(label, label), room)
        for row in layout.rows:
            self._height(row.name, overrides.get("heights", {}).get(row.name, row.height))
            if not row.needed:
                hidden = row.name in overrides.get("hide", ())
                self.fields[f"hide_{row.name}"] = forms.BooleanField(label="不印这一行", required=False, initial=hidden)
        for name in self.names:
            if name not in {row.name for row in layout.rows}:
                self._text(f"own_{name}", "栏目名称", own.get(name, {}).get("label", ""), LABEL_LENGTH)
                self._height(name, own.get(name, {}).get("height", 15))
        margins = overrides.get("margins") or [getattr(layout.page, side) for side in SIDES]
        for side, value in zip(SIDES, margins, strict=True):
            self._number(f"margin_{side}", SIDE_WORDS[side], value, MARGINS, "毫米")
        for name, word in FACES.items():
            self._face(name, word, overrides.get("fonts", {}).get(name, getattr(layout.fonts, name)))
        for name, word in SIZES.items():
            value = overrides.get("sizes", {}).get(name, getattr(layout.fonts, f"{name}_size"))
            self._number(f"size_{name}", word, value, adapting.SIZES[name], "磅")
        for name, field in self.fields.items():
            kind = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            kind = "form-check-input" if isinstance(field, forms.BooleanField) else kind
            bad = " is-invalid" if data is not None and name in self.errors else ""
            field.widget.attrs["class"] = kind + bad

    # -- fields

    def _text(self, name: str, label: str, value: str, room: int) -> None:
        errors = {"required": "请填写名称，不能空着。", "max_length": f"不能超过{room}个字。"}
        self.fields[name] = forms.CharField(label=label, max_length=room, initial=value, error_messages=errors)

    def _height(self, name: str, value: float) -> None:
        self._number(f"height_{name}", "高度", value, HEIGHTS, "毫米")

    def _number(self, name: str, label: str, value: float, limits: tuple[float, float], unit: str) -> None:
        said = f"应为{limits[0]:g}至{limits[1]:g}{unit}。"
        keys = ("min_value", "max_value", "invalid", "required", "max_digits", "max_decimal_places", "max_whole_digits")
        self.fields[name] = forms.DecimalField(
            label=label,
            min_value=Decimal(str(limits[0])),
            max_value=Decimal(str(limits[1])),
            max_digits=4,
            decimal_places=1,
            initial=f"{value:g}",
            error_messages=dict.fromkeys(keys, said),
            widget=forms.NumberInput(attrs={"inputmode": "decimal"}),
        )

    def _face(self, name: str, word: str, value: str) -> None:
        faces = FONTS if value in FONTS else (value, *FONTS)
        self.fields[f"face_{name}"] = forms.ChoiceField(
            label=word,
            choices=[(face, face) for face in faces],
            initial=value,
            error_messages={"invalid_choice": "请选择列出的字体。", "required": "请选择字体。"},
        )

    def _order(self, said: str) -> list[str]:
        """What was posted, as far as it is known; rows that are missing follow at the end."""
        known = [row.name for row in self.layout.rows]
        asked = [name for name in dict.fromkeys(said.split(",")) if name in known or adapting.OWN.fullmatch(name)]
        own = [name for name in asked if name not in known][: adapting.ADDED]
        return [name for name in asked if name in known or name in own] + [n for n in known if n not in asked]

    # -- for the page

    def lines(self) -> list[Line]:
        rows = {row.name: row for row in self.layout.rows}
        shown: set[str] = set()
        found = []
        for n, name in enumerate(self.names):
            row = rows.get(name)
            labels = [label for label in adapting.row_labels(row) if label not in shown] if row else []
            shown |= set(labels)
            found.append(
                Line(
                    name,
                    heading(row) if row else "",
                    [self[self.labels[label]] for label in labels] if row else [self[f"own_{name}"]],
                    self[f"height_{name}"],
                    self[f"hide_{name}"] if row and not row.needed else None,
                    row is None,
                    n == 0,
                    n == len(self.names) - 1,
                )
            )
        return found

    def around(self) -> list[BoundField]:
        """The labels of the lines above and below the table."""
        return [self[self.labels[label]] for label in adapting.line_labels(self.layout)]

    def margins(self) -> list[BoundField]:
        return [self[f"margin_{side}"] for side in SIDES]

    def faces(self) -> list[BoundField]:
        return [self["face_title"], self["size_title"], self["face_label"], self["face_cell"], self["size_cell"]]

    @property
    def may_add(self) -> bool:
        return len(self.names) - len(self.layout.rows) < adapting.ADDED

    # -- what was typed

    def changed(self) -> dict[str, Any]:
        """The differences from our form, in the shape of `config.documents.adapting`."""
        data, layout = self.cleaned_data, self.layout
        known = [row.name for row in layout.rows]
        own = [name for name in self.names if name not in known]
        found: dict[str, Any] = {
            "title": data["title"] if data["title"] != layout.title else "",
            "labels": {label: data[name] for label, name in self.labels.items() if data[name] != label},
            "heights": {
                row.name: _plain(data[f"height_{row.name}"])
                for row in layout.rows
                if data[f"height_{row.name}"] != Decimal(str(row.height))
            },
            "hide": [name for name in known if data.get(f"hide_{name}")],
            "add": [
                {"name": name, "label": data[f"own_{name}"], "height": _plain(data[f"height_{name}"])} for name in own
            ],
            "order": self.names if self.names != known else [],
            "fonts": {name: data[f"face_{name}"] for name in FACES},
            "sizes": {name: _plain(data[f"size_{name}"]) for name in SIZES},
        }
        found["fonts"] = {name: face for name, face in found["fonts"].items() if face != getattr(layout.fonts, name)}
        found["sizes"] = {
            name: size for name, size in found["sizes"].items() if size != getattr(layout.fonts, f"{name}_size")
        }
        margins = [_plain(data[f"margin_{side}"]) for side in SIDES]
        found["margins"] = margins if margins != [getattr(layout.page, side) for side in SIDES] else []
        return {key: value for key, value in found.items() if value}


def moved(names: list[str], action: str, name: str) -> list[str]:
    """The order after a button: up, down, drop (a row of its own), add."""
    names = list(names)
    if action == "add":
        free = next((f"own{n}" for n in range(1, 10) if f"own{n}" not in names), "")
        at = len(names) - 1 if names and names[-1] == "signed" else len(names)  # signatures stay at the foot
        return [*names[:at], free, *names[at:]] if free else names
    if name not in names:
        return names
    at = names.index(name)
    if action == "drop" and adapting.OWN.fullmatch(name):
        names.pop(at)
    elif action in ("up", "down"):
        to = at - 1 if action == "up" else at + 1
        if 0 <= to < len(names):
            names[at], names[to] = names[to], names[at]
    return names


def _labels(layout: Layout) -> list[tuple[str, int]]:
    """Each label of the form once, with the room it has."""
    found: dict[str, int] = {}
    for row in layout.rows:
        for label in adapting.row_labels(row):
            found.setdefault(label, adapting.label_length(row, label))
    for label in adapting.line_labels(layout):
        found.setdefault(label, LABEL_LENGTH)
    return list(found.items())


def _order_of(layout: Layout, overrides: Mapping[str, Any]) -> list[str]:
    """All rows in the order of print, those that are not printed at their place too."""
    names = [row.name for row in layout.rows]
    for extra in overrides.get("add", ()):
        at = names.index(extra["after"]) + 1 if extra.get("after") in names else len(names)
        names.insert(at, extra["name"])
    place = {name: n for n, name in enumerate(overrides.get("order", ()))}
    return sorted(names, key=lambda name: place.get(name, len(place)))


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
