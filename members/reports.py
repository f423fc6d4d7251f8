"""The roll as a workbook."""

import io
from datetime import date
from typing import Any

from django.db import transaction
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from branches.access import may
from branches.audit import record
from branches.choices import Capability
from branches.models import Branch, User
from members import facts
from members.models import MemberQuerySet

COLUMNS = (
    "name",
    "branch",
    "group",
    "id_number",
    "gender",
    "ethnicity",
    "birth_date",
    "education",
    "member_type",
    "joined_on",
    "confirmed_on",
    "job_post",
    "mobile",
    "phone",
    "address",
    "membership_status",
    "lost_contact",
    "lost_since",
    "floating",
    "destination",
    "staff_no",
    "department",
    "staff_category",
    "title_level",
    "degree",
    "work_from",
    "retired",
    "hardship",
)

DAY = 'yyyy"年"m"月"d"日"'  # Excel's own Chinese date: sorts and filters as a date
WIDTHS = {
    "name": 12, "group": 14, "id_number": 22, "gender": 6, "ethnicity": 10, "member_type": 12,
    "job_post": 28, "address": 32, "branch": 20, "staff_no": 10, "title_level": 10, "degree": 10,
}  # fmt: skip


@transaction.atomic
def export_roster(*, members: MemberQuerySet, actor: User, purpose: str) -> bytes:
    """Write `members` (scoped before) to a workbook in the titles of the national layout.

    With a `purpose` the protected values stand in full where `actor` may see them. Days are dates, every other cell is
    text, none a formula. The export is logged.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet("党员名册")
    sheet.freeze_panes = "B2"
    for index in range(1, len(COLUMNS) + 1):
        sheet.column_dimensions[get_column_letter(index)].width = WIDTHS.get(COLUMNS[index - 1], 16)
    head = [_cell(sheet, facts.title(name)) for name in COLUMNS]
    for cell in head:
        cell.font = Font(bold=True)
    sheet.append(head)
    in_full: dict[int, bool] = {}
    count = 0
    for member in members:
        if member.branch_id not in in_full:
            in_full[member.branch_id] = bool(may(actor, Capability.PII_VIEW, member.branch))
        sheet.append([_cell(sheet, _value(member, name, in_full[member.branch_id], bool(purpose))) for name in COLUMNS])
        count += 1
    paths = actor.paths_granting(Capability.ROSTER_VIEW)
    record(
        actor=actor,
        action="roster.exported",
        branch=Branch.objects.filter(path=paths[0]).first() if paths else None,
        changes={"rows": [None, count], "purpose": [None, purpose or "已遮盖"]},
    )
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _value(member: Any, name: str, sees: bool, full: bool) -> str | date:
    if name in {"branch", "group"}:
        node = getattr(member, name)
        return node.name if node else ""
    if name == "member_type":
        return str(member.get_member_type_display())
    value = facts.read(member, name)
    if name == "birth_date" and not sees:
        return f"{value.year}年"
    if isinstance(value, date):
        return value
    if name in {"address", "phone"} and not sees:
        return ""
    text = facts.shown(name, value, masked=not (sees and full))
    return "" if text == "空" else text


def _cell(sheet: Any, value: str | date) -> Any:
    if isinstance(value, date):
        cell = WriteOnlyCell(sheet, value=value)
        cell.number_format = DAY
        return cell
    cell = WriteOnlyCell(sheet, value="")
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
    cell.data_type = "s"
    return cell
