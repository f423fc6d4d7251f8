"""The public door of the roster import: a file goes in, typed rows with their findings come out. Nothing is saved here.

    roster = read_roster(data, "名册.xlsx", today=date(2026, 11, 22))

`roster.rows` has every line that is a person, refused ones included; `row.ok` says whether it may be written.
New people: add `missing_required(row)` to the row's errors and write `values_for_new(row)`.
Known people: write `row.values`, which hold only the columns the sheet has, so that a later sheet of nothing but name,
identity number and staff number is legal.
Findings of the database half are added with `row.add(field, code, message)`; refused rows go back to whoever uploaded
them as `write_refused(rows)`.
"""

from datetime import date

from members.roster_checks import assumed_for_new, check_row, check_rows, missing_required, values_for_new
from members.roster_clean import clean_cell
from members.roster_file import Limits, Sheet, UnreadableFile, read_workbook
from members.roster_layout import find_table, find_tables, text_of
from members.roster_refused import write_refused
from members.roster_types import TITLES, Column, Issue, Roster, RosterRow, Skipped, Table, Value

__all__ = [
    "TITLES",
    "Column",
    "Issue",
    "Limits",
    "Roster",
    "RosterRow",
    "Sheet",
    "Skipped",
    "Table",
    "UnreadableFile",
    "Value",
    "assumed_for_new",
    "find_table",
    "find_tables",
    "missing_required",
    "read_roster",
    "read_workbook",
    "values_for_new",
    "write_refused",
]


def read_roster(data: bytes, filename: str, *, today: date, limits: Limits | None = None) -> Roster:
    """Read one roster file. Raises UnreadableFile when the file as a whole is of no use (exit code 2)."""
    sheets = read_workbook(data, filename, limits=limits)
    tables = find_tables(sheets)
    rows = [_read_row(table, number, cells, today) for table in tables for number, cells in table.data]
    check_rows(rows)
    used = {table.sheet for table in tables}
    others = [sheet.name for sheet in sheets if sheet.name not in used]
    return Roster(tables, rows, [note for table in tables for note in _notes(table)], others)


def _read_row(table: Table, number: int, cells: list, today: date) -> RosterRow:
    row = RosterRow(table, number, cells, {})
    for name, column in table.by_field.items():
        cell = cells[column.index] if column.index < len(cells) else ""
        if (number, column.index) in table.filled and text_of(cell) == "":
            cell = table.filled[number, column.index]
            text = text_of(cell).strip()
            row.add(name, "merged_cell", "单元格与上面合并，取合并处的内容。", before="", after=text)
        row.raw[name] = text_of(cell)
        clean_cell(row, name, cell, failed=table.broken.get((number, column.index), ""), today=today)
    check_row(row, today)
    return row


def _notes(table: Table) -> list[Issue]:
    """Columns of the sheet that go nowhere: said once each, because what is in them is not imported."""
    taken = {column.title for column in table.columns if column.field}
    notes = []
    for column in table.ignored:
        if column.title in ("序号", "行号", "编号", "导入问题"):
            continue
        title = column.title or "（没有标题）"
        code, message = "column_unknown", f"{column.letter}列“{title}”不是名册的项目，没有导入。"
        if column.title in taken:
            code, message = "column_repeated", f"{column.letter}列“{title}”与前面的列重复，没有导入。"
        notes.append(Issue(table.sheet, table.header_rows[-1], column.letter, column.title, "", code, message))
    return notes
