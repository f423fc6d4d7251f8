"""The board as a workbook: every cell with its colour, its sign and its words."""

from collections.abc import Iterable, Sequence
from datetime import date
from io import BytesIO
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from activities.choices import CellState, Period
from activities.plan.board import Board
from activities.plan.span_board import SpanBoard, SpanColumn
from activities.rules import CELL_STYLES, Cell
from config.documents.content import clean
from config.documents.measuring import line_count
from config.documents.xlsx import MM_PER_CHARACTER

COLOURS: Final = {  # ground and ink, as the page has them
    "is-ok": ("E9F4ED", "246340"),
    "is-sent": ("FFFFFF", "246340"),
    "is-soon": ("FFF3D6", "7F4F00"),
    "is-late": ("FDECE7", "B42D17"),
    "is-plan": ("FFFFFF", "6B655D"),
    "is-na": ("F2F0EC", "6B655D"),
}
LINE: Final = Side(style="thin", color="DDD8D0")
BOX: Final = Border(left=LINE, right=LINE, top=LINE, bottom=LINE)
CENTRE: Final = Alignment(horizontal="center", vertical="center", wrap_text=True)
POINTS: Final = 15  # of a line
PAGE_WIDTH: Final = 250  # characters that can still be read side by side on A3
KEY: Final = "　".join(f"{CELL_STYLES[state].sign}{state.label}" for state in CellState if state != CellState.OK_LATE)


def board_workbook(boards: Sequence[Board | SpanBoard], *, title: str, today: date) -> bytes:
    """One sheet a board. Of a quarter or a year every period has a column of its own."""
    book = Workbook()
    book.remove(book.active)
    for n, board in enumerate(boards or [Board()]):
        name = "党支部" if n == len(boards) - 1 or not boards else "党委"
        _write(book.create_sheet(name), board, title, today)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _write(sheet: Any, board: Board | SpanBoard, title: str, today: date) -> None:
    heads = list(_heads(board))
    last = 2 + sum(len(labels) for _, labels in heads)
    _put(sheet, 1, 1, title, bold=True, size=16)
    _put(sheet, 2, 1, f"截至{today.year}年{today.month}月{today.day}日。{KEY}")
    for row in (1, 2):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=min(max(last, 6), 18))
    sheet.row_dimensions[1].height, sheet.row_dimensions[2].height = 30, 20
    for column, text in ((1, "党组织"), (2, "完成/应完成")):
        _put(sheet, 3, column, text, bold=True, box=True)
        _put(sheet, 4, column, "", box=True)
        sheet.merge_cells(start_row=3, start_column=column, end_row=4, end_column=column)
    at = 3
    widths: list[int] = []  # of the columns of cells, in characters
    for label, labels in heads:
        for n, period in enumerate(labels):
            widths.append(15 if len(labels) == 1 else 10)
            _put(sheet, 3, at + n, label if n == 0 else "", bold=True, box=True)
            _put(sheet, 4, at + n, period, box=True)
            sheet.column_dimensions[get_column_letter(at + n)].width = widths[-1]
        if len(labels) > 1:
            sheet.merge_cells(start_row=3, start_column=at, end_row=3, end_column=at + len(labels) - 1)
        at += len(labels)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 24, 12
    tallest = (_lines(label, 15 if len(labels) == 1 else 10 * len(labels)) for label, labels in heads)
    sheet.row_dimensions[3].height = POINTS * max(tallest, default=1) + 4
    for n, row in enumerate(board.rows, start=5):
        cells = list(_cells(row))
        taken = (_lines(_words(cell), width) for cell, width in zip(cells, widths, strict=True) if cell)
        sheet.row_dimensions[n].height = POINTS * max(taken, default=1) + 4
        _put(sheet, n, 1, row.branch.name, box=True, left=True)
        _put(sheet, n, 2, f"{row.done}/{row.required}", box=True)
        for m, cell in enumerate(cells, start=3):
            _cell(sheet, n, m, cell)
    sheet.freeze_panes = "C5"
    sheet.print_title_rows, sheet.print_title_cols = "3:4", "A:B"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A3 if isinstance(board, SpanBoard) else sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToHeight = 0
    sheet.page_setup.fitToWidth = max(1, round((36 + sum(widths)) / PAGE_WIDTH))


def _lines(text: str, width: int) -> int:
    return line_count(text, width * MM_PER_CHARACTER - 2, 11)


def _heads(board: Board | SpanBoard) -> Iterable[tuple[str, tuple[str, ...]]]:
    for column in board.columns:
        if isinstance(column, SpanColumn):
            months = column.period == Period.MONTH.label
            yield column.label, tuple(f"{label}月" if months else label for label in column.labels)
        else:
            yield column.label, (column.period,)


def _cells(row: Any) -> Iterable[Cell | None]:
    for one in row.cells:
        if one is None:
            yield None
        elif hasattr(one, "marks"):
            yield from (mark.cell if mark else None for mark in one.marks)
        else:
            yield one.cell


def _words(cell: Cell) -> str:
    return f"{cell.sign}{cell.text}" + (f"\n{cell.note}" if cell.note else "")


def _cell(sheet: Any, row: int, column: int, cell: Cell | None) -> None:
    if cell is None:
        _put(sheet, row, column, "", box=True)
        return
    put = _put(sheet, row, column, _words(cell), box=True)
    ground, ink = COLOURS[cell.css]
    put.fill = PatternFill("solid", fgColor=ground)
    put.font = Font(color=ink, bold=cell.css in ("is-soon", "is-late"))


def _put(
    sheet: Any,
    row: int,
    column: int,
    text: str,
    *,
    bold: bool = False,
    box: bool = False,
    left: bool = False,
    size: int = 11,
) -> Any:
    """Text stays text, whatever a branch is called: never a formula."""
    cell = sheet.cell(row, column)
    if text:
        cell.value = clean(text)
        cell.data_type = "s"
        if text[:1] in "=+-@\t":
            cell.quotePrefix = True
    cell.font = Font(bold=bold, size=size)
    cell.alignment = Alignment(vertical="center", wrap_text=True) if left else CENTRE
    if box:
        cell.border = BOX
    return cell
