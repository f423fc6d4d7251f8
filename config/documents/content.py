"""What a printed thing consists of, as plain values; the writers beside this module turn it into files.

    Document.of("党课记录", Heading("党课记录", 0), Grid(4, (Row((label("党课题目"), Cell("…", span=3))),)))

Nothing here reads or writes anything. Lengths are millimetres, sizes are points, page rules follow GB/T 9704-2012.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal

Align = Literal["", "left", "center", "right"]
Value = str | int | Decimal | date | None

SIGN_HEIGHT: Final = 9  # mm kept for a signature line at the bottom of a cell
TOGETHER: Final = 12  # so many rows beside one cell stay on one page
SIGN: Final = "签字（盖章）：　　　　　年　　月　　日"
PAGES: Final = "\ue000"  # in a Line: the number of pages of the whole file
TICK, BOX = "☑", "□"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Page:
    """One kind of page. A4; `numbered` pages carry "— 1 —" at the outer edge; one that `restarts` is page 1 itself."""

    top: float = 37
    right: float = 26
    bottom: float = 35
    left: float = 28
    landscape: bool = False
    numbered: bool = True
    restarts: bool = False

    @property
    def width(self) -> float:
        return 297 if self.landscape else 210

    @property
    def height(self) -> float:
        return 210 if self.landscape else 297

    @property
    def text_width(self) -> float:
        return self.width - self.left - self.right


OFFICIAL: Final = Page()  # official documents
RECORD: Final = Page(25, 20, 25, 20)  # record forms
LANDSCAPE: Final = Page(20, 20, 20, 20, landscape=True)


@dataclass(frozen=True)
class Fonts:
    """Names as Word knows them, each writer adds what stands in where one is not installed; sizes in points."""

    title: str = "方正小标宋简体"
    body: str = "仿宋_GB2312"
    heading: str = "黑体"
    subheading: str = "楷体_GB2312"
    label: str = "黑体"
    cell: str = "仿宋_GB2312"
    page_number: str = "宋体"
    title_size: float = 22
    cell_size: float = 12  # of labels and content of a form


FONTS: Final = Fonts()


@dataclass(frozen=True)
class Heading:
    """`level` 0 is the title of a page (centred), 1 and 2 are headings and go into the outline.

    A title with an `anchor` goes there too, and a table of contents may point at it.
    """

    text: str
    level: int = 1
    anchor: str = ""


@dataclass(frozen=True)
class Paragraph:
    """Running text; each line of `text` is a paragraph. `small`: 12 pt for notes under a table."""

    text: str
    align: Align = ""
    indent: bool = True  # first line by two characters
    small: bool = False


@dataclass(frozen=True)
class Line:
    """Parts of one line spread over the width, as the head and foot of a table have them."""

    parts: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """A table of contents. Entries: text, anchor of the title, its page; None: of this file, each writer finds it."""

    entries: tuple[tuple[str, str, int | None], ...]


@dataclass(frozen=True)
class Signature:
    """A line at the right edge, outside any table."""

    text: str = SIGN


@dataclass(frozen=True)
class PageBreak:
    pass


@dataclass(frozen=True)
class Photo:
    """A JPEG or PNG with its size in pixels, so that no writer has to open it."""

    data: bytes = field(repr=False)
    width: int
    height: int
    caption: str = ""

    def fitted(self, width: float, height: float) -> tuple[float, float]:
        """Width and height in mm inside a box, proportions kept."""
        scale = min(width / self.width, height / self.height)
        return self.width * scale, self.height * scale


@dataclass(frozen=True)
class PhotoRow:
    """Photos side by side, each at most `height` high."""

    photos: tuple[Photo, ...]
    height: float = 60


@dataclass(frozen=True)
class Cell:
    """One cell of a form. `span` counts units of the grid, `rows` the rows it is high.

    `caption` is a printed label at the head of a cell that has no label cell beside it; `sign` stands at the bottom
    right. Cells below one that is more rows high leave its place out. `size`: points, where not those of the form.
    """

    text: str = ""
    span: int = 1
    rows: int = 1
    label: bool = False
    caption: str = ""
    sign: str = ""
    align: Align = ""
    photos: PhotoRow | None = None
    size: float = 0


@dataclass(frozen=True)
class Row:
    """`height` is the least, in mm. Only a row that `splits` may run over the end of a page."""

    cells: tuple[Cell, ...]
    height: float = 0
    splits: bool = False


@dataclass(frozen=True)
class Grid:
    """A form: rows of cells over `columns` equal units. The first `repeat` rows stand on every page."""

    columns: int
    rows: tuple[Row, ...]
    repeat: int = 0


@dataclass(frozen=True)
class Column:
    """`width` in mm: an exact share where a table fills the page, the real width where it runs over several."""

    label: str
    width: float = 20
    align: Align = ""
    percent: bool = False  # a Decimal between 0 and 1
    places: int | None = None  # decimals of a Decimal; None: as it is


@dataclass(frozen=True)
class Table:
    """A list. Its header stands on every page; `keep` leading columns on every part of one that is too wide.

    `title` names the sheet of a workbook; `size` is of the text in points; `numbers` are right-aligned by themselves.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    title: str = ""
    keep: int = 0
    size: float = 12
    row_height: float = 0
    empty: str = "无"  # printed in place of rows


Block = Heading | Paragraph | Line | Contents | Signature | PageBreak | PhotoRow | Grid | Table


@dataclass(frozen=True)
class Section:
    """Blocks on one kind of page; a new section begins a new page. `fonts`: where they are not the document's."""

    blocks: tuple[Block, ...]
    page: Page = OFFICIAL
    fonts: Fonts | None = None


@dataclass(frozen=True)
class Document:
    """`title` is what the file says of itself; what stands on the paper is a Heading of level 0."""

    title: str
    sections: tuple[Section, ...]
    fonts: Fonts = FONTS

    @classmethod
    def of(cls, title: str, *blocks: Block, page: Page = OFFICIAL, fonts: Fonts | None = None) -> "Document":
        return cls(title, (Section(blocks, page, fonts),), fonts or FONTS)

    @property
    def blocks(self) -> Iterator[Block]:
        for section in self.sections:
            yield from section.blocks


def label(text: str, span: int = 1, rows: int = 1) -> Cell:
    """A printed label."""
    return Cell(text, span=span, rows=rows, label=True)


def ticked(choices: Iterable[tuple[str, bool]]) -> str:
    """☑亮明身份　□重温誓词"""
    return "　".join(f"{TICK if on else BOX}{name}" for name, on in choices)


def clean(text: str) -> str:
    """Without the characters that no XML, hence neither Word nor Excel, can hold."""
    return _NOT_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def shown(value: Value, column: Column) -> str:
    """One value as print shows it; nothing is shown for None."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        if column.percent:
            return f"{value * 100:.{1 if column.places is None else column.places}f}%"
        return f"{value:f}" if column.places is None else f"{value:.{column.places}f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    return clean(str(value))


def is_number(value: Value) -> bool:
    return isinstance(value, int | Decimal)


def in_parts(table: Table, width: float) -> list[Table]:
    """The table cut into tables that fit `width`, the kept columns in front of each. One that fits stays whole."""
    head, rest = table.columns[: table.keep], table.columns[table.keep :]
    room = width - sum(column.width for column in head)
    if not table.keep or not rest or sum(column.width for column in rest) <= room + 0.01:
        return [table]
    cuts, used = [0], 0.0
    for n, column in enumerate(rest):
        if used and used + column.width > room + 0.01:
            cuts.append(n)
            used = 0.0
        used += column.width
    cuts.append(len(rest))
    return [
        replace(
            table,
            columns=head + rest[a:b],
            rows=tuple(row[: table.keep] + row[table.keep + a : table.keep + b] for row in table.rows),
        )
        for a, b in pairwise(cuts)
    ]


# -- Where the cells of a form come to lie; both page writers build on it.


@dataclass(frozen=True)
class Placed:
    """A cell at its place: `column` and `colspan` count the columns between `Laid.edges`."""

    cell: Cell
    column: int
    colspan: int
    rowspan: int
    open_top: bool = False  # no line towards the cell above: the lower part of a cell with a signature
    open_bottom: bool = False


@dataclass(frozen=True)
class LaidRow:
    cells: tuple[Placed, ...]
    height: float
    splits: bool
    keep_next: bool  # stays on the page of the row below


@dataclass(frozen=True)
class Laid:
    edges: tuple[int, ...]  # units of the grid at which some cell begins or ends
    rows: tuple[LaidRow, ...]
    repeat: int


def lay_out(grid: Grid) -> Laid:
    """Place every cell; a row with signatures becomes two, its text above and the signature lines below.

    Raises ValueError when a row does not fill the grid exactly.
    """
    placed: list[list[tuple[Cell, int]]] = []
    busy: dict[int, int] = {}  # unit -> first row in which it is free again
    for n, row in enumerate(grid.rows):
        at, here = 0, []
        for cell in row.cells:
            while busy.get(at, 0) > n:
                at += 1
            if at + cell.span > grid.columns or any(busy.get(unit, 0) > n for unit in range(at, at + cell.span)):
                raise ValueError(f"row {n + 1}: the cells do not fit the grid of {grid.columns}")
            here.append((cell, at))
            for unit in range(at, at + cell.span):
                busy[unit] = n + cell.rows
            at += cell.span
        while busy.get(at, 0) > n:
            at += 1
        if at != grid.columns:
            raise ValueError(f"row {n + 1} fills {at} of {grid.columns} columns")
        placed.append(here)
    edges = sorted({0, grid.columns} | {end for row in placed for cell, at in row for end in (at, at + cell.span)})
    index = {edge: n for n, edge in enumerate(edges)}
    signed = [any(cell.sign for cell in row.cells) for row in grid.rows]
    together = {
        n + k for n, row in enumerate(grid.rows) for cell in row.cells for k in range(min(cell.rows, TOGETHER) - 1)
    }
    if len(grid.rows) > 1 and not grid.rows[-2].splits:
        together.add(len(grid.rows) - 2)  # a form does not end with one row alone on a page
    rows: list[LaidRow] = []
    for n, (row, here) in enumerate(zip(grid.rows, placed, strict=True)):
        upper, lower = [], []
        for cell, at in here:
            column, colspan = index[at], index[at + cell.span] - index[at]
            high = cell.rows + sum(signed[n : n + cell.rows])
            if cell.sign:
                upper.append(Placed(cell, column, colspan, 1, open_bottom=True))
                lower.append(Placed(Cell(cell.sign, align="right"), column, colspan, 1, open_top=True))
            else:
                upper.append(Placed(cell, column, colspan, high))
        height = max(0.0, row.height - SIGN_HEIGHT) if signed[n] else row.height
        rows.append(LaidRow(tuple(upper), height, row.splits, signed[n] or n in together))
        if signed[n]:
            rows.append(LaidRow(tuple(lower), SIGN_HEIGHT, False, n in together))
    return Laid(tuple(edges), tuple(rows), grid.repeat + sum(signed[: grid.repeat]))


def shares(widths: Sequence[float], total: float) -> list[float]:
    """Widths in mm that together make `total`."""
    whole = sum(widths) or 1
    return [width * total / whole for width in widths]
