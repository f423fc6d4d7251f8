"""The workbooks of batch entry: the template with the roster, and the refused rows to correct."""

from collections.abc import Iterable
from datetime import date
from io import BytesIO
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from branches.models import Branch
from members.models import Member
from points.claims.batch_reading import HEAD, Line
from points.claims.batches import items_for_batches
from points.models import RuleItem

BAD: Final = PatternFill("solid", fgColor="FDECE7")
HEAD_FILL: Final = PatternFill("solid", fgColor="F2F0EC")
PROBLEMS: Final = "登记问题"
WIDTHS: Final = (12, 12, 24, 12, 14, 12, 8, 12, 36, 24)
RULE_HEAD: Final = ("项目编号", "项目", "计分", "档次", "数量单位", "文号")


def template(branch: Branch, today: date) -> bytes:
    """One row for each member of the node today; the second sheet says which items there are."""
    book = Workbook(write_only=True)
    sheet = _sheet(book, "批量登记", HEAD, WIDTHS)
    people = Member.objects.within([branch.path]).current().for_list()
    for one in people:
        filled = {"工号": one.user.staff_no or "", "姓名": one.user.name, "党支部": one.branch.name}
        sheet.append([_cell(sheet, filled.get(name, "")) for name in HEAD])
    rules = _sheet(book, "可登记的项目", RULE_HEAD, (12, 40, 40, 36, 10, 14))
    for rule in items_for_batches(branch.hospital or branch, today):
        rules.append([_cell(rules, text) for text in _rule(rule)])
    return _bytes(book)


def _rule(rule: RuleItem) -> tuple[str, ...]:
    levels = "、".join(one["label"] for one in rule.levels)
    needs = "必填" if rule.category == "VETO" else "选填"
    return rule.code, rule.title, rule.points_text, levels, rule.unit if rule.per != 1 else "", needs


def refused(lines: Iterable[Line]) -> bytes:
    """The rows that could not be registered, the bad cell coloured and commented; to be corrected and sent again."""
    book = Workbook(write_only=True)
    sheet = _sheet(book, "不能登记的行", (*HEAD, PROBLEMS), (*WIDTHS, 60))
    for line in lines:
        cells = [_cell(sheet, line.cells.get(name, ""), line.problem if name == line.column else "") for name in HEAD]
        sheet.append([*cells, _cell(sheet, f"原第{line.row}行。{line.column}：{line.problem}")])
    return _bytes(book)


def _sheet(book: Workbook, title: str, heads: Iterable[str], widths: Iterable[int]) -> Any:
    sheet = book.create_sheet(title)
    for n, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(n)].width = width
    sheet.freeze_panes = "A2"
    row = [_cell(sheet, name) for name in heads]
    for cell in row:
        cell.font, cell.fill = Font(bold=True), HEAD_FILL
    sheet.append(row)
    return sheet


def _cell(sheet: Any, text: str, problem: str = "") -> Any:
    """Text is written as text, whatever it begins with: a name is never a formula."""
    cell = WriteOnlyCell(sheet, value="")
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)[:32_000]
    cell.data_type, cell.number_format = "s", "@"
    if problem:
        cell.fill, cell.comment = BAD, Comment(problem, "登记检查", width=320, height=100)
    return cell


def _bytes(book: Workbook) -> bytes:
    out = BytesIO()
    book.save(out)
    return out.getvalue()
