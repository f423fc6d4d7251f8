"""Paper forms as data: what stands in which cell. `config.documents.adapting` changes them as a hospital asks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

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
from config.documents.measuring import POINT, balanced, line_count

UNITS: Final = 30  # units of a grid per column of a form: parts of a column can be told
TITLE: Final = 15.6  # mm of a title with the room below it
LINE: Final = 8.5  # mm of a line around the table
PADDING: Final = 1.2  # mm beside and between the texts of cells
SPARE: Final = 30  # mm that the tall row may give so that a form stays on one page
LEAST: Final = 40  # mm of a tall row on the page it begins on
LONG: Final = 300  # characters from which a cell may run over a page, whatever its row says

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
    A list whose label is empty takes the whole width. A hospital cannot hide a row that is `needed`.
    """

    name: str
    slots: tuple[Slot, ...] = ()
    height: float = 0
    splits: bool = False
    optional: bool = False
    label: str = ""
    subs: tuple[Sub, ...] = ()
    blank: int = 2
    needed: bool = False


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
    blocks: list[Block] = [Heading(printed(layout.title, values), 0)]
    if layout.head:
        blocks.append(Line(tuple(printed(part, values) for part in layout.head)))
    blocks.append(_fitted(fill(layout, values), layout))
    if layout.foot:
        blocks.append(Line(tuple(printed(part, values) for part in layout.foot)))
    return Section(tuple(blocks), layout.page, layout.fonts)


def fill(layout: Layout, values: Mapping[str, Filling]) -> Grid:
    rows = [row for form_row in layout.rows for row in _rows(form_row, layout.columns, values)]
    return Grid(layout.columns * UNITS, tuple(rows), layout.repeat)


def _fitted(grid: Grid, layout: Layout) -> Grid:
    """Take from the tall row what would run over: a blank strip, or signatures alone, on a page of their own.

    The first row that may split gives up to SPARE mm where that keeps the form on one page; else it ends with the page.
    """
    tall = next((n for n, row in enumerate(grid.rows) if row.splits and row.height), None)
    if tall is None:
        return grid
    unit, fonts = layout.page.text_width / grid.columns, layout.fonts
    heights = [_height(row, unit, fonts) for row in grid.rows]
    lines = bool(layout.head) + bool(layout.foot)
    room = layout.page.height - layout.page.top - layout.page.bottom - TITLE * fonts.title_size / 22 - LINE * lines
    row, over = grid.rows[tall], sum(heights) - room
    text = _text_height(row, unit, fonts)
    left = room + LINE * bool(layout.foot) - sum(heights[:tall])
    least = row.height
    if 0 < over <= SPARE:
        least = max(text, row.height - over)
    elif over > 0 and LEAST < left < row.height:
        least = max(text, left)
    if least == row.height:
        return grid
    rows = (*grid.rows[:tall], replace(row, height=least), *grid.rows[tall + 1 :])
    return replace(grid, rows=rows)


def _height(row: Row, unit: float, fonts: Fonts) -> float:
    """About how high a row gets; a cell that is several rows high is left to the others."""
    return max(row.height, _text_height(row, unit, fonts))


def _text_height(row: Row, unit: float, fonts: Fonts) -> float:
    line = fonts.cell_size * 5 / 3 * POINT
    lines = 0
    for cell in row.cells:
        width = cell.span * unit - 2 * PADDING
        text = balanced(cell.text, width, fonts.cell_size) if cell.label else cell.text
        here = line_count(text, width, fonts.cell_size, indent=row.splits) + bool(cell.caption)
        lines = max(lines, here if cell.rows == 1 else 0)
    return lines * line + PADDING


def printed(pattern: str, values: Mapping[str, Filling]) -> str:
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
