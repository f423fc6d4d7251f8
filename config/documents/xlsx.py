"""Tables as workbooks: one sheet a table, with the lines of text around it. Forms and photos have no place there."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter

from config.documents.content import (
    Block,
    Document,
    Heading,
    Line,
    Page,
    Paragraph,
    Signature,
    Table,
    Value,
    clean,
    is_number,
    shown,
)
from config.documents.measuring import POINT, line_count

MM_PER_CHARACTER: Final = 2.1  # of the default font
SIZE, LINE = 11, 15  # points of the default font and of a line of it
TITLE_SIZE: Final = 16
ABOVE: Final = 6  # lines that may stand above a table
TEXT_SHEET: Final = "正文"
BESIDE: Final = 240  # mm that the lines above a table too wide for a page may take
_LINE = Side(style="thin")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_BAD_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", "-"))


def render(document: Document) -> bytes:
    """The tables of `document`. Raises ValueError when it has none."""
    book = Workbook()
    book.remove(book.active)
    book.properties.title, book.properties.creator = document.title, ""
    before: list[tuple[str, str]] = []
    sheet: Any = None
    last: Table | None = None
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Table):
                if len(before) > ABOVE:
                    before = _text_sheet(book, before, section.page)
                sheet = book.create_sheet(_name(block.title or document.title, book.sheetnames))
                _write(sheet, block, before or [(document.title, "title")], section.page)
                before, last = [], block
            elif text := _text(block):
                before.append(text)
    if last is None:
        raise ValueError(f"{document.title} holds no table")
    for n, (text, kind) in enumerate(before, start=sheet.max_row + 2):  # what stands below the last table
        _line(sheet, n, text, kind, _wide(last))
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _name(text: str, taken: list[str]) -> str:
    """A sheet name: at most 31 characters, without those Excel forbids, not twice."""
    base = clean(text).translate(_BAD_IN_NAMES).replace("\n", " ").strip()[:31] or "表"
    name, n = base, 2
    while name.lower() in {one.lower() for one in taken}:
        name, n = f"{base[:28]}-{n}", n + 1
    return name


def _text(block: Block) -> tuple[str, str] | None:
    if isinstance(block, Heading):
        return block.text, "title" if block.level == 0 else "heading"
    if isinstance(block, Paragraph | Signature):
        return block.text, "line"
    if isinstance(block, Line):
        return "　　".join(part for part in block.parts if part), "line"
    return None


def _write(sheet: Any, table: Table, before: list[tuple[str, str]], page: Page) -> None:
    for n, (text, kind) in enumerate(before, start=1):
        _line(sheet, n, text, kind, _wide(table))
    head = len(before) + 1
    for n, column in enumerate(table.columns, start=1):
        cell = _put(sheet, head, n, column.label)
        cell.font, cell.border = Font(bold=True), _BOX
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        sheet.column_dimensions[get_column_letter(n)].width = max(5, round(column.width / MM_PER_CHARACTER, 1))
    sheet.row_dimensions[head].height = _height([column.label for column in table.columns], table)
    for r, row in enumerate(table.rows, start=head + 1):
        sheet.row_dimensions[r].height = _height(row, table)
        for n, (value, column) in enumerate(zip(row, table.columns, strict=True), start=1):
            cell = _put(sheet, r, n, value)
            cell.border = _BOX
            align = column.align or ("right" if is_number(value) else "left")
            cell.alignment = Alignment(horizontal=align, vertical="center", wrap_text=isinstance(value, str))
            if column.percent:
                cell.number_format = _decimals(1 if column.places is None else column.places) + "%"
            elif column.places is not None:
                cell.number_format = _decimals(column.places)
    if not table.rows:
        _put(sheet, head + 1, 1, table.empty)
    sheet.freeze_panes = sheet.cell(head + 1, table.keep + 1)
    sheet.print_title_rows = f"{head}:{head}"
    if table.keep:
        sheet.print_title_cols = f"A:{get_column_letter(table.keep)}"
    _page(sheet, page, fits=not table.keep or sum(column.width for column in table.columns) <= page.text_width)


def _decimals(places: int) -> str:
    return "0" + ("." + "0" * places if places else "")


def _text_sheet(book: Any, lines: list[tuple[str, str]], page: Page) -> list[tuple[str, str]]:
    """A text as long as a letter has a sheet of its own: the header of a table is frozen, with all that is above it.

    Returns what stays with the table: the headings right above it, below the title.
    """
    end = len(lines)
    while end and lines[end - 1][1] == "heading":
        end -= 1
    sheet = book.create_sheet(_name(TEXT_SHEET, book.sheetnames))
    sheet.column_dimensions["A"].width = round(page.text_width / MM_PER_CHARACTER, 1)
    for n, (text, kind) in enumerate(lines[:end], start=1):
        _line(sheet, n, text, kind, [page.text_width])
    _page(sheet, page, fits=True)
    return [line for line in lines[:1] if line[1] == "title"] + lines[end:]


def _line(sheet: Any, n: int, text: str, kind: str, widths: Sequence[float]) -> None:
    """A line of text in row `n`, wrapped over the columns of these widths: what runs beyond them shrinks the print."""
    cell = _put(sheet, n, 1, text)
    cell.font = Font(bold=kind != "line", size=TITLE_SIZE if kind == "title" else SIZE)
    cell.alignment = Alignment(horizontal="center" if kind == "title" else "left", vertical="center", wrap_text=True)
    if len(widths) > 1:
        sheet.merge_cells(start_row=n, start_column=1, end_row=n, end_column=len(widths))
    size = TITLE_SIZE if kind == "title" else SIZE
    lines = line_count(text, sum(widths), size)
    sheet.row_dimensions[n].height = 30 * lines if kind == "title" else 18 * lines


def _wide(table: Table) -> list[float]:
    """Of the columns that the lines around the table go over: all of them, or those of the first page."""
    widths = [column.width for column in table.columns]
    if not table.keep:
        return widths
    used, n = 0.0, 0
    while n < len(widths) and used + widths[n] <= BESIDE:
        used += widths[n]
        n += 1
    return widths[: max(1, n)]


def _height(values: Sequence[Value], table: Table) -> float:
    """Points of a row: what its texts take, at least what the table asks for. Not every reader works it out."""
    lines = [
        line_count(shown(value, column), max(column.width, 5 * MM_PER_CHARACTER) - 1, SIZE)
        for value, column in zip(values, table.columns, strict=True)
    ]
    return round(max(LINE * max(lines, default=1) + 1, table.row_height / POINT), 1)


def _page(sheet: Any, page: Page, *, fits: bool) -> None:
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "landscape" if page.landscape else "portrait"
    if fits:
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.page_setup.fitToHeight = 0
    for side in ("top", "right", "bottom", "left"):
        setattr(sheet.page_margins, side, getattr(page, side) / 25.4)
    if page.numbered:
        sheet.HeaderFooter.differentOddEven = True
        sheet.oddFooter.right.text = sheet.evenFooter.left.text = "— &P —"


def _put(sheet: Any, row: int, column: int, value: Value) -> Any:
    """Text stays text whatever it begins with: what a person typed is never a formula."""
    cell = sheet.cell(row, column)
    if isinstance(value, str):
        cell.value = clean(value)
        cell.data_type = "s"
        if value[:1] in "=+-@\t":
            cell.quotePrefix = True  # Excel keeps it text when the cell is edited
    else:
        cell.value = value
    return cell
