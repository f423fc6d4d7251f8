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
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Table):
                sheet = book.create_sheet(_name(block.title or document.title, book.sheetnames))
                _write(sheet, block, before or [(document.title, "title")], section.page)
                before = []
            elif text := _text(block):
                before.append(text)
    if sheet is None:
        raise ValueError(f"{document.title} holds no table")
    for text, _ in before:  # what stands below the last table
        sheet.append([None])
        _put(sheet, sheet.max_row + 1, 1, text)
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
        return block.text, "title" if block.level == 0 else "line"
    if isinstance(block, Paragraph | Signature):
        return block.text, "line"
    if isinstance(block, Line):
        return "　　".join(part for part in block.parts if part), "line"
    return None


def _write(sheet: Any, table: Table, before: list[tuple[str, str]], page: Page) -> None:
    reach = _reach(table)
    for n, (text, kind) in enumerate(before, start=1):
        cell = _put(sheet, n, 1, text)
        cell.font = Font(bold=kind == "title", size=16 if kind == "title" else 11)
        cell.alignment = Alignment(
            horizontal="center" if kind == "title" else "left", vertical="center", wrap_text=True
        )
        if reach > 1:
            sheet.merge_cells(start_row=n, start_column=1, end_row=n, end_column=reach)
        wide = sum(column.width for column in table.columns[:reach])
        sheet.row_dimensions[n].height = 30 if kind == "title" else 18 * line_count(text, wide, SIZE)
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
                cell.number_format = "0.0%"
            elif column.places is not None:
                cell.number_format = "0" + ("." + "0" * column.places if column.places else "")
    if not table.rows:
        _put(sheet, head + 1, 1, table.empty)
    sheet.freeze_panes = sheet.cell(head + 1, table.keep + 1)
    sheet.print_title_rows = f"{head}:{head}"
    if table.keep:
        sheet.print_title_cols = f"A:{get_column_letter(table.keep)}"
    _page(sheet, page, fits=not table.keep)


def _reach(table: Table) -> int:
    """Over how many columns the lines above the table go: all of them, or those of the first page."""
    if not table.keep:
        return max(1, len(table.columns))
    used, n = 0.0, 0
    while n < len(table.columns) and used + table.columns[n].width <= BESIDE:
        used += table.columns[n].width
        n += 1
    return max(1, n)


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
