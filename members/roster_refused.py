"""The refused rows as a workbook to correct: the original cells as text, the bad ones coloured and commented."""

import io
from collections.abc import Iterable
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from members.roster_layout import text_of
from members.roster_types import TITLES, RosterRow, Table

BAD: Final = PatternFill("solid", fgColor="FDECE7")
HEAD: Final = PatternFill("solid", fgColor="F2F0EC")
AUTHOR: Final = "导入检查"
PROBLEMS: Final = "导入问题"


def write_refused(rows: Iterable[RosterRow]) -> bytes:
    """An .xlsx with one sheet for each sheet of the file, ready to be corrected and uploaded again.

    Cells are text, so nothing in them ever becomes a formula. Fields a row lacks because the sheet had no such column
    get a column of their own. The last column says where each row stood and what is wrong; reading ignores it.
    """
    by_table: dict[int, tuple[Table, list[RosterRow]]] = {}
    for row in rows:
        by_table.setdefault(id(row.table), (row.table, []))[1].append(row)
    book = Workbook(write_only=True)
    for table, members in by_table.values():
        _write_sheet(book, table, members)
    if not by_table:
        book.create_sheet("没有被拒绝的行")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write_sheet(book: Workbook, table: Table, rows: list[RosterRow]) -> None:
    sheet = book.create_sheet("".join(char for char in table.sheet if char not in "[]:*?/\\'")[:31] or "名册")
    columns = [column for column in table.columns if column.title and column.title != PROBLEMS]
    absent = [
        name for name in TITLES if name not in table.by_field and any(i.field == name for r in rows for i in r.errors)
    ]
    titles = [column.title for column in columns] + [TITLES[name] for name in absent]
    sheet.freeze_panes = "A2"
    for index in range(len(titles)):
        sheet.column_dimensions[get_column_letter(index + 1)].width = 18
    sheet.column_dimensions[get_column_letter(len(titles) + 1)].width = 80
    head = [_cell(sheet, title) for title in (*titles, PROBLEMS)]
    for cell in head:
        cell.font, cell.fill = Font(bold=True), HEAD
    sheet.append(head)
    for row in rows:
        wrong: dict[str, list[str]] = {}
        for issue in row.errors:
            wrong.setdefault(issue.field, []).append(issue.message)
        line = []
        for column in columns:
            value = row.cells[column.index] if column.index < len(row.cells) else ""
            text = row.raw.get(column.field, "") if column.field else text_of(value)
            line.append(_cell(sheet, text, wrong.get(column.field, []) if column.field else []))
        line += [_cell(sheet, "", wrong.get(name, [])) for name in absent]
        messages = "；".join(f"{issue.title or '整行'}：{issue.message}" for issue in row.errors)
        last = _cell(sheet, f"原第{row.row}行。{messages}")
        last.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.append([*line, last])


def _cell(sheet: Any, text: str, wrong: Iterable[str] = ()) -> Any:
    cell = WriteOnlyCell(sheet, value="")
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)[:32_000]
    cell.data_type = "s"
    cell.number_format = "@"
    messages = "\n".join(wrong)
    if messages:
        cell.fill = BAD
        cell.comment = Comment(messages, AUTHOR, width=320, height=120)
    return cell
