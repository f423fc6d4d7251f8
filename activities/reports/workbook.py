"""Lists of records as workbooks."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from activities.models import Activity

HEAD = (
    "编号",
    "党支部",
    "党小组",
    "类型",
    "主题",
    "日期",
    "开始",
    "结束",
    "地点",
    "应到",
    "实到",
    "出席率",
    "状态",
    "补录",
    "联合",
)
WIDTHS = (20, 20, 16, 22, 40, 12, 8, 8, 22, 6, 6, 8, 8, 6, 6)


def activity_workbook(activities: Iterable[Activity], *, today: date) -> bytes:
    """One row per record, as the list shows them; rows come from `for_list`."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("活动记录")
    for n, width in enumerate(WIDTHS):
        sheet.column_dimensions["ABCDEFGHIJKLMNO"[n]].width = width
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", Worksheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToHeight = 0
    sheet.oddFooter.center.text = "— &P —"
    sheet.append([_cell(sheet, name, bold=True) for name in HEAD])
    for activity in activities:
        sheet.append([_cell(sheet, value) for value in _row(activity)])
    sheet.append([])
    sheet.append([_cell(sheet, f"导出日期：{today.year}年{today.month}月{today.day}日")])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _row(activity: Activity) -> tuple[Any, ...]:
    starts = timezone.localtime(activity.starts_at)
    return (
        activity.serial or "",
        activity.branch.name,
        activity.group.name if activity.group else "",
        "、".join(row.get_kind_display() for row in activity.kinds.all()),
        activity.topic,
        starts.date(),
        f"{starts:%H:%M}",
        f"{timezone.localtime(activity.ends_at):%H:%M}" if activity.ends_at else "",
        activity.place,
        activity.expected,
        activity.present,
        Decimal(activity.present) / activity.expected if activity.expected else "",
        activity.get_state_display(),
        "是" if activity.backfilled else "",
        ("协办" if activity.host_id else "主办") if activity.is_joint else "",
    )


def _cell(sheet: Any, value: Any, *, bold: bool = False) -> Any:
    """Text is written as text, whatever it begins with: a topic is never a formula."""
    cell = WriteOnlyCell(sheet, value=value)
    words = isinstance(value, str)
    cell.alignment = Alignment("left" if words else "center", "center", wrap_text=words)
    if isinstance(value, str):
        cell.data_type = "s"
    elif isinstance(value, Decimal):
        cell.number_format = "0.0%"
    if bold:
        cell.font = Font(bold=True)
    return cell
