"""Points as workbooks."""

from io import BytesIO
from typing import Any

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from branches.audit import record
from points.branch_table import BranchPoints

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEAD = ("党支部", "党小组", "姓名", "年度积分", "基础分")
HEAD_PARTS = ("组织生活", "学习教育", "党员义务", "岗位作为", "志愿服务", "荣誉", "扣分")
WIDTHS = (24, 16, 12, 10, 8, 10, 10, 10, 10, 10, 8, 8)
LIMIT = 5000


def branch_points_sheet(table: BranchPoints) -> HttpResponse:
    """What the table shows, all its pages; the export is put on record."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(f"{table.year}年积分")
    for letter, width in zip("ABCDEFGHIJKL", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, name, bold=True) for name in (*HEAD, *HEAD_PARTS)])
    rows = table.found[:LIMIT]
    for m in rows:
        parts = (m.part_organisational, m.part_study, m.part_duties, m.part_position, m.part_service)
        group = m.group.name if m.group else ""
        values = (m.branch.name, group, m.user.name, m.total, 60, *parts, m.part_honours, m.part_deductions)
        sheet.append([_cell(sheet, value) for value in values])
    sheet.append([])
    day = table.today
    sheet.append([_cell(sheet, f"截至{day.year}年{day.month}月{day.day}日；各类得分已按上限计算")])
    out = BytesIO()
    book.save(out)
    record(
        actor=table.reader,
        action="points.exported",
        branch=table.branch,
        changes={"year": [None, table.year], "rows": [None, len(rows)]},
    )
    response = HttpResponse(out.getvalue(), content_type=XLSX)
    name = f"党员积分{table.year}年_{table.today:%Y-%m-%d}.xlsx"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response


def _cell(sheet: Any, value: Any, *, bold: bool = False) -> Any:
    """Text is written as text, whatever it begins with: a name is never a formula."""
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
    else:
        cell.number_format = "0.00"
    if bold:
        cell.font = Font(bold=True)
    return cell
