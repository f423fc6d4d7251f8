"""Points as workbooks."""

from io import BytesIO
from typing import Any

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from branches.audit import record
from members.models import Member
from points.choices import Category
from points.statement.branch import EXEMPT, STATES, UNRATED, BranchPoints

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEAD = ("党支部", "党小组", "姓名", "年度积分", "基础分")
WIDTHS = (24, 16, 12, 10, 8, 10, 10, 10, 10, 10, 8, 8, 16)
LIMIT = 5000


def branch_points_sheet(table: BranchPoints) -> HttpResponse:
    """What the table shows, all its pages; ?items=1 adds what each item came to. The export is put on record."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(f"{table.year}年积分")
    for n, width in enumerate(WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(n)].width = width
    sheet.freeze_panes = "D2"
    rows = list(table.found[:LIMIT])
    by_item = table.items_of(rows) if table.params.get("items") else {}
    codes = sorted({code for items in by_item.values() for code in items if _is_open(table, code)})
    titles = [f"{code}{table.rules.items[code].title}" if table.rules else code for code in codes]
    parts = [column.label for column in table.columns]
    sheet.append([_cell(sheet, name, bold=True) for name in (*HEAD, *parts, "说明", *titles)])
    for member in rows:
        mine = by_item.get(member.pk, {})
        home, group = table.home_of(member), member.group.name if member.group and table.is_running else ""
        base = table.bases.get(home.hospital_id, "")
        values = (home.name, group, member.user.name, member.total, base)
        figures = [getattr(member, f"part_{column.field}") for column in table.columns]
        items = [mine.get(code, "") for code in codes]
        sheet.append([_cell(sheet, value) for value in (*values, *figures, _remark(table, member), *items)])
    sheet.append([])
    day = table.today
    sheet.append([_cell(sheet, f"截至{day.year}年{day.month}月{day.day}日；各类得分已按上限计算")])
    if codes:
        sheet.append([_cell(sheet, "各项目为入账合计，未扣减上限，与各类得分不一定相等")])
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


def _is_open(table: BranchPoints, code: str) -> bool:
    """Deductions stay one sum on a sheet that is passed around, and a veto is no figure."""
    item = table.rules.items.get(code) if table.rules else None
    return item is not None and item.category not in (Category.DED, Category.VETO)


def _remark(table: BranchPoints, member: Member) -> str:
    if member.is_exempt:
        return STATES[EXEMPT]
    return STATES[UNRATED] if member.pk in table.unrated else ""


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
