"""Paper forms as data: what stands in which cell. `config.documents.adapting` changes them as a hospital asks."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from config.documents.content import (
    FONTS,
    RECORD,
    Align,
    Block,
    Cell,
    Column,
    Fonts,
    Grid,
    Heading,
    Line,
    Page,
    PhotoRow,
    Row,
    Section,
    Table,
    Value,
)
from config.documents.measuring import POINT, balanced, line_count

UNITS: Final = 30  # units of a grid per column of a form: parts of a column can be told
TITLE: Final = 15.6  # mm of a title with the room below it
LINE: Final = 8.5  # mm of a line around the table
ABOVE: Final = (10, 16)  # a label above its row: mm, points
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
    """A row with cells, or a list: a label beside `subs` whose rows come from the field `name`. The label of a row with
    cells stands above them, in a line of its own.

    `optional` rows are left out when all they would hold is empty; `blank` lines are printed where a list is empty.
    A list whose label is empty takes the whole width. A hospital cannot hide a row that is `needed`. `below` is a
    second line of the row, `height` each; its cells begin beside the first one, which is as high as both.
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
    below: tuple[Slot, ...] = ()


@dataclass(frozen=True)
class Layout:
    """`head` and `foot` are lines around the table, with {field} where a value belongs.

    `widths`: of the columns, in parts of their sum, where they are not all the same.
    """

    code: str
    title: str
    columns: int
    rows: tuple[FormRow, ...]
    repeat: int = 0
    head: tuple[str, ...] = ()
    foot: tuple[str, ...] = ()
    page: Page = RECORD
    fonts: Fonts = FONTS
    widths: tuple[int, ...] = ()

    @property
    def units(self) -> tuple[int, ...]:
        """How many units of the grid each column takes."""
        return self.widths or (UNITS,) * self.columns


def section(layout: Layout, values: Mapping[str, Filling]) -> Section:
    """The form, filled: title, head line, grid, foot line. A field without a value stays empty, for a pen."""
    blocks: list[Block] = [Heading(printed(layout.title, values), 0)]
    if layout.head:
        blocks.append(Line(tuple(printed(part, values) for part in layout.head)))
    blocks.append(table(layout, values))
    if layout.foot:
        blocks.append(Line(tuple(printed(part, values) for part in layout.foot)))
    return Section(tuple(blocks), layout.page, layout.fonts)


def table(layout: Layout, values: Mapping[str, Filling], *, titled: bool = True) -> Grid:
    """The grid alone, fitted to its page; `titled`: the title stands above it."""
    return _fitted(fill(layout, values), layout, TITLE * layout.fonts.title_size / 22 if titled else 0)


def columns_of(layout: Layout) -> tuple[Column, ...]:
    """Those of a list, as a table has them: `width` of each is in mm then."""
    return tuple(Column(sub.label, sub.width, sub.align) for sub in _list_of(layout).subs)


def listed(
    layout: Layout, rows: Iterable[tuple[Value, ...]], title: str, columns: Sequence[Column] = (), **more: Any
) -> Table:
    """A list as a table that runs over pages and into Excel; whatever a hospital put around it has no place there."""
    columns = tuple(columns or columns_of(layout))
    size = layout.fonts.cell_size
    return Table(columns, tuple(rows), title, size=size, row_height=_list_of(layout).height, **more)


def _list_of(layout: Layout) -> FormRow:
    return next(row for row in layout.rows if row.subs)


def fill(layout: Layout, values: Mapping[str, Filling]) -> Grid:
    rows = [row for form_row in layout.rows for row in _rows(form_row, layout.units, values)]
    return Grid(sum(layout.units), tuple(rows), layout.repeat)


def _fitted(grid: Grid, layout: Layout, title: float) -> Grid:
    """Take from the tall row what would run over: a blank strip, or signatures alone, on a page of their own.

    The first row that may split gives up to SPARE mm where that keeps the form on one page; else it ends with the page.
    """
    tall = next((n for n, row in enumerate(grid.rows) if row.splits and row.height), None)
    if tall is None:
        return grid
    unit, fonts = layout.page.text_width / grid.columns, layout.fonts
    heights = [_height(row, unit, fonts) for row in grid.rows]
    lines = bool(layout.head) + bool(layout.foot)
    room = layout.page.height - layout.page.top - layout.page.bottom - title - LINE * lines
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


def _rows(row: FormRow, units: Sequence[int], values: Mapping[str, Filling]) -> Iterator[Row]:
    if row.subs:
        yield from _list(row, sum(units), values)
        return
    filled = [values.get(slot.field, "") for slot in (*row.slots, *row.below)]
    if row.optional and not any(filled):
        return
    if row.label:
        yield Row((Cell(row.label, span=sum(units), label=True, size=ABOVE[1]),), ABOVE[0])
    cells = _cells(row.slots, units, values)
    if row.below:
        cells = (replace(cells[0], rows=2), *cells[1:])
    yield Row(cells, row.height, row.splits or _is_long(filled))
    if row.below:
        beside = row.slots[0].span
        yield Row(_cells(row.below, units[beside:], values), row.height, row.splits or _is_long(filled))


def _cells(slots: Sequence[Slot], units: Sequence[int], values: Mapping[str, Filling]) -> tuple[Cell, ...]:
    cells, at = [], 0
    for slot in slots:
        value = values.get(slot.field, "")
        cells.append(
            Cell(
                text=value if isinstance(value, str) and slot.field else "" if slot.field else slot.label,
                span=sum(units[at : at + slot.span]),
                label=not slot.field,
                caption=slot.label if slot.field else "",
                sign=slot.sign,
                photos=value if isinstance(value, PhotoRow) else None,
            )
        )
        at += slot.span
    return tuple(cells)


def _list(row: FormRow, width: int, values: Mapping[str, Filling]) -> Iterator[Row]:
    lines = values.get(row.name, ())
    if not lines and row.optional:
        return
    if isinstance(lines, str | PhotoRow) or not lines:
        lines = [[""] * len(row.subs)] * row.blank
    beside = width - sum(sub.width for sub in row.subs)
    label = (Cell(row.label, span=beside, rows=len(lines) + 1, label=True),) if beside else ()
    yield Row((*label, *(Cell(sub.label, span=sub.width, label=True) for sub in row.subs)))
    for line in lines:
        cells = tuple(Cell(text, span=sub.width, align=sub.align) for text, sub in zip(line, row.subs, strict=True))
        yield Row(cells, row.height, row.splits or _is_long(line))


def _is_long(texts: Sequence[object]) -> bool:
    return any(isinstance(text, str) and len(text) > LONG for text in texts)
