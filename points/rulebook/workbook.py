"""An edition of the rule book as a workbook: sheets 规则 and 项目, every choice in Chinese words.

points.rulebook.reading reads it back; reading what was written gives the same edition.
"""

from collections.abc import Mapping
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font

from points.choices import CAPPED, Category, PostKind
from points.rulebook.differences import Plan, month_words
from points.rulebook.wording import BY_DECISION, number, ratio_words
from points.rules import Item, Variant

HEAD_SHEET, ITEM_SHEET = "规则", "项目"
HEAD: Final[Mapping[str, str]] = {
    "name": "名称",
    "valid_from": "生效月份",
    "basis": "依据",
    "base": "基础分",
    "scale": "分值倍数",
    "organisational_cap": "组织生活上限",
    "study_cap": "学习教育上限",
    "duties_cap": "党员义务上限",
    "position_cap": "岗位作为上限",
    "service_cap": "志愿服务上限",
    "honours_cap": "荣誉上限",
    "points_share": "积分占比（%）",
    "excellent_from": "优秀候选线",
    "qualified_from": "合格线",
    "basically_from": "基本合格线",
    "excellent_ratio": "优秀比例",
}
CAPS: Final = tuple(list(HEAD)[5:11])
COLUMNS: Final[Mapping[str, str]] = {
    "code": "编号",
    "category": "类别",
    "title": "项目",
    "points": "分值",
    "per": "每满",
    "unit": "单位",
    "levels": "档次",
    "cap": "年度上限",
    "factor_without_groups": "不设党小组的支部系数",
    "variants": "岗位差别",
    "grade_limit": "最高等次",
    "points_text": "计分说明",
    "origin": "记分方式",
    "feed": "自动来源",
    "declared_by": "申报人",
    "reviewed_by": "审核人",
    "evidence": "依据",
    "evidence_required": "必须上传依据",
}
WIDTHS: Final = (8, 10, 30, 8, 8, 8, 40, 10, 12, 30, 12, 34, 12, 26, 12, 30, 22, 12)
OFF: Final = "不适用"


def write(plan: Plan, labels: Mapping[str, str]) -> bytes:
    """`labels`: words of the feeds."""
    book = Workbook(write_only=True)
    head = book.create_sheet(HEAD_SHEET)
    head.column_dimensions["A"].width, head.column_dimensions["B"].width = 18, 50
    head.append([_cell(head, "内容", bold=True), _cell(head, "填写", bold=True)])
    for name, value in _head_values(plan).items():
        head.append([_cell(head, HEAD[name]), _cell(head, value)])
    sheet = book.create_sheet(ITEM_SHEET)
    for at, width in enumerate(WIDTHS):
        sheet.column_dimensions["ABCDEFGHIJKLMNOPQR"[at]].width = width
    sheet.freeze_panes = "D2"
    sheet.append([_cell(sheet, name, bold=True) for name in COLUMNS.values()])
    for item in plan.items:
        sheet.append([_cell(sheet, value) for value in _item_values(item, labels)])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _head_values(plan: Plan) -> dict[str, Any]:
    scheme = plan.scheme
    lines = [least for _, least in scheme.thresholds]
    caps = dict(zip(CAPS, (scheme.caps[category] for category in CAPPED), strict=True))
    return {
        "name": plan.name,
        "valid_from": month_words(plan.valid_from),
        "basis": plan.basis,
        "base": scheme.base,
        "scale": scheme.scale,
        **caps,
        "points_share": scheme.points_share * 100,
        **dict(zip(("excellent_from", "qualified_from", "basically_from"), lines, strict=True)),
        "excellent_ratio": ratio_words(scheme.excellent_ratio),
    }


def _item_values(item: Item, labels: Mapping[str, str]) -> list[Any]:
    return [
        item.code,
        item.category.label,
        item.title,
        None if item.levels else item.points,
        item.per,
        item.unit,
        "；".join(f"{one.label}={_plain(one.points)}" for one in item.levels),
        item.cap,
        item.factor_without_groups,
        "；".join(f"{PostKind(post).label}：{_variant_words(one)}" for post, one in item.variants.items()),
        _limit_word(item),
        item.points_text,
        item.origin.label,
        labels.get(item.feed, item.feed),
        item.declared_by.label,
        item.reviewed_by.label,
        item.evidence,
        "是" if item.evidence_required else "否",
    ]


def _limit_word(item: Item) -> str:
    if item.category != Category.VETO:
        return ""
    return str(item.grade_limit.label) if item.grade_limit else BY_DECISION


def _plain(value: Decimal) -> str:
    return number(value).replace("−", "-")


def _variant_words(one: Variant) -> str:
    if one.off:
        return OFF
    parts = [f"分值{_plain(one.points)}"] if one.points is not None else []
    return "，".join([*parts, *([f"上限{_plain(one.cap)}"] if one.cap is not None else [])])


def _cell(sheet: Any, value: Any, *, bold: bool = False) -> Any:
    """Text is written as text, whatever it begins with, and stays text when typed anew: 1/3 is no day."""
    cell = WriteOnlyCell(sheet, value=value if value != "" else None)
    if isinstance(value, str) and value:
        cell.data_type, cell.number_format = "s", "@"
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    if bold:
        cell.font = Font(bold=True)
    return cell
