"""Where the roster stands in a workbook: its sheet, header and rows, and everything around it that is no person."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final

from openpyxl.utils import get_column_letter

from members.dates import INVISIBLE, Cell
from members.roster_file import Sheet, UnreadableFile
from members.roster_types import TITLES, Column, Skipped, Table

ALIASES: Final[Mapping[str, str]] = {
    "name": "姓名 党员姓名 名字",
    "gender": "性别",
    "id_number": "公民身份号码 公民身份证号 公民身份证号码 公民身份证 身份证号 身份证号码 身份证 身份号码 居民身份证号 "
    "居民身份证号码 居民身份证 身份证件号码 证件号码 证件号",
    "ethnicity": "民族",
    "birth_date": "出生日期 出生年月 出生年月日 出生时间 生日",
    "education": "学历 文化程度 最高学历 学历代码",
    "degree": "学位 最高学位",
    "member_type": "人员类别 党员类别 党员类型 党员身份 政治面貌",
    "membership_status": "党籍状态 党籍",
    "branch": "所在党支部 党支部 所在支部 支部 支部名称 党支部名称 所属支部 所属党支部 所在党支部名称 "
    "所在党组织 所属党组织 党组织名称 组织关系所在党支部",
    "group": "党小组 所在党小组 所属党小组 党小组名称",
    "joined_on": "加入党组织日期 加入党组织时间 入党日期 入党时间 入党年月 加入中国共产党日期 加入中国共产党时间 "
    "成为预备党员日期 成为预备党员时间 接收为预备党员日期 接收为预备党员时间",
    "confirmed_on": "转为正式党员日期 转为正式党员时间 转正日期 转正时间 转正年月 成为正式党员日期 成为正式党员时间",
    "job_post": "工作岗位 岗位 工作岗位代码 岗位类别",
    "staff_category": "人员序列 岗位序列 序列",
    "title_level": "职称 职称级别 职称等级 专业技术职称 专业技术职务",
    "department": "科室 部门 所在科室 所在部门 工作科室 科室名称 部门名称 所在科室部门",
    "party_post": "党内职务 党内任职 党务职务 支部职务",
    "work_from": "参加工作日期 参加工作时间 参加工作年月 参工时间 工作时间",
    "mobile": "手机号 手机 手机号码 移动电话 移动电话号码 联系手机 本人手机号 本人手机 联系电话手机号 联系电话手机",
    "phone": "固定电话 固话 座机 固定电话号码 座机号 座机号码 办公电话 家庭电话 联系电话固定电话 联系电话固话",
    "address": "家庭住址 住址 家庭地址 现居住地 居住地址 现住址 现居住地址 家庭详细住址 详细住址 居住地",
    "police_station": "户籍所在派出所 户口所在派出所 户籍派出所 所在派出所 派出所",
    "introducers": "入党介绍人 介绍人",
    "lost_contact": "是否为失联党员 是否失联党员 是否失联 失联党员 失联",
    "lost_since": "失去联系日期 失去联系时间 失联日期 失联时间 失去联系年月",
    "floating": "是否为流动党员 是否流动党员 是否流动 流动党员 流动",
    "destination": "外出流向 流向 流动去向 外出去向",
    "hardship": "困难党员 是否困难党员 是否为困难党员 是否困难 困难",
    "retired": "离退休 是否离退休 是否离退休党员 是否为离退休党员 离退休党员 是否退休",
    "staff_no": "工号 职工号 员工编号 员工号 职工编号 职工工号 员工工号 人员编号 工作证号 学工号",
}
EITHER_PHONE: Final = frozenset(
    ["联系电话", "电话", "联系方式", "电话号码", "联系电话号码"]
)  # mobile, unless another column is
NOT_DATA: Final = frozenset(["序号", "行号", "编号", "导入问题"])  # known, and rightly left alone
FIELD_OF: Final = {alias: name for name, aliases in ALIASES.items() for alias in aliases.split()}

HEADER_SEARCH: Final = 60  # rows that are not blank
HEADER_HEIGHT: Final = 3
EXAMPLE_SHEET: Final = re.compile(r"示例|样例|范例|样表|填写说明")
TOTAL: Final = re.compile(r"^(合计|小计|总计|共计|累计|汇总|总人数|人数合计|本页小计)")
NOTE: Final = re.compile(
    r"^(注|备注|说明|填表说明|填写说明|填报说明|附|提示|要求)\d?[:、.\s)]|^[（(]?(注|说明|提示)[:）)]|^[*※★]|^\d+[.、]\s*\S{6,}"
)
SIGNATURE: Final = re.compile(
    r"(填表|填报|制表|审核|汇总|复核|经办|采集|联系|负责|签字|盖章|党支部书记|支部书记|党委书记|信息采集员|单位)"
    r"[人员者日期时间]*([(][^)]*[)])?\s*:|[(](签字|盖章|签章)[)]"
)
INSTRUCTION: Final = re.compile(
    r"必填|选填|可不填|请填|填写|示例|例如|^例|如:|格式|参照|代码表|下拉|文本型|与身份证一致|不得|YYYY|\d+位|^文本$|^日期$|^是/否$|男/女"
)
EXAMPLE_ROW: Final = re.compile(r"示例|样例|^\s*例[:：]?\s*$|^\s*例[:：]")
SECTION: Final = re.compile(r"(党支部|支部|党总支|党委|党小组|科室|科)$")


def letter(index: int) -> str:
    return str(get_column_letter(index + 1))


def text_of(cell: Cell) -> str:
    """The cell as a person sees it: 13800138000.0 without its point, a date as 2008-07-01."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell == cell and abs(cell) < 1e15 and cell == int(cell):
        return str(int(cell))
    if isinstance(cell, float):
        return f"{cell:.5E}" if abs(cell) >= 1e15 else str(cell)
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d") if cell.hour == cell.minute == 0 else cell.strftime("%Y-%m-%d %H:%M")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def bare(cell: Cell) -> str:
    """Text for comparing: half-width, no spaces or line breaks anywhere."""
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", text_of(cell)))


def _title(cell: Cell) -> str:
    text = bare(cell).strip("*★※:").replace("(必填)", "").replace("(选填)", "")
    joined = re.sub(r"[()/、]", "", text)
    return joined if joined in FIELD_OF else re.sub(r"\(.*\)$", "", text).strip("*★※:")


def _field(title: str) -> str:
    return "mobile" if title in EITHER_PHONE else FIELD_OF.get(title, "")


def find_tables(sheets: Iterable[Sheet]) -> list[Table]:
    """Every roster among the sheets (hospitals also keep one sheet per branch). UnreadableFile when there is none."""
    sheets = list(sheets)
    tables = []
    lacking: set[str] = set()
    for sheet in sheets:
        if EXAMPLE_SHEET.search(sheet.name) and len(sheets) > 1:
            continue
        header = _find_header(sheet, lacking)
        if header:
            tables.append(_read_table(sheet, *header))
    visible = {sheet.name for sheet in sheets if sheet.visible}
    chosen = [table for table in tables if table.sheet in visible and table.data] or [t for t in tables if t.data]
    if chosen or tables:
        return chosen or tables[:1]
    if lacking:
        names = "、".join(f"“{TITLES[name]}”" for name in ("name", "id_number") if name in lacking)
        raise UnreadableFile("HEADER_NOT_FOUND", f"找到了表头，但其中没有{names}列。请补上这一列后重新上传。")
    raise UnreadableFile(
        "HEADER_NOT_FOUND", "没有找到名册的表头。表头行至少要有“姓名”和“公民身份号码”两列，请补上后重新上传。"
    )


def find_table(sheets: Iterable[Sheet]) -> Table:
    """The largest roster among the sheets; `read_roster` reads all of them."""
    return max(find_tables(sheets), key=lambda table: len(table.data))


def _find_header(sheet: Sheet, lacking: set[str]) -> tuple[tuple[int, ...], tuple[Column, ...]] | None:
    """(row indexes, columns) of the header: the rows whose titles name most fields, the fewest rows winning a tie."""
    best: tuple[int, tuple[int, ...], tuple[Column, ...]] | None = None
    filled = [index for index, row in enumerate(sheet.rows) if row][:HEADER_SEARCH]
    for first in filled:
        for height in range(1, HEADER_HEIGHT + 1):
            rows = tuple(range(first, min(first + height, len(sheet.rows))))
            if len(rows) < height or (height > 1 and _has_identity(sheet.rows[rows[-1]])):
                break
            columns = _columns(sheet, rows)
            fields = {column.field for column in columns} - {""}
            missing = {"name", "id_number"} - fields
            if missing and len(fields) >= 3:
                lacking |= missing
            if not missing and (best is None or (len(fields), -height) > (best[0], -len(best[1]))):
                best = len(fields), rows, columns
        if best and first > best[1][-1] + HEADER_HEIGHT:
            break
    return best and best[1:]


def _has_identity(row: Iterable[Cell]) -> bool:
    return any(re.search(r"\d{14}", bare(cell)) for cell in row)


def _columns(sheet: Sheet, rows: tuple[int, ...]) -> tuple[Column, ...]:
    """The titles of the columns, the lowest row that says something known deciding; each field is given out once."""
    width = max((len(sheet.rows[row]) for row in rows), default=0)
    above = {
        (row, column): sheet.rows[top][left] if left < len(sheet.rows[top]) else ""
        for (top, left), (bottom, right) in sheet.merged
        if top in rows and right - left < 30
        for row in range(top, min(bottom, rows[-1]) + 1)
        for column in range(left, right + 1)
    }
    found = []
    for column in range(width):
        texts = []
        for row in rows:
            cell = sheet.rows[row][column] if column < len(sheet.rows[row]) else ""
            texts.append(_title(cell) or _title(above.get((row, column), "")))
        texts = [text for index, text in enumerate(texts) if text and text not in texts[:index]]
        known = next((text for text in reversed(texts) if _field(text) or text in NOT_DATA), "")
        joined = "".join(texts)
        title = known or joined
        found.append((column, title))
    exact = {FIELD_OF[title] for _, title in found if title in FIELD_OF}
    taken: set[str] = set()
    columns = []
    for column, title in found:
        if not title:
            continue
        name = _field(title)
        if title in EITHER_PHONE and "mobile" in exact:
            name = "" if "phone" in exact else "phone"
        if name in taken:
            name = ""
        taken.add(name)
        columns.append(Column(column, letter(column), title, name))
    return tuple(columns)


def _read_table(sheet: Sheet, header: tuple[int, ...], columns: tuple[Column, ...]) -> Table:
    numbers = tuple(row + 1 for row in header)
    broken = {(row + 1, column): code for (row, column), code in sheet.broken.items()}
    table = Table(sheet.name, numbers, columns, [], broken=broken)
    by_field = table.by_field
    known = {column.index for column in columns}
    untitled: set[int] = set()
    seen = False
    for index, cells in enumerate(sheet.rows):
        if index in header or not any(map(_filled, cells)):
            continue
        reason = "表头之前的说明" if index < header[0] else _reason_to_skip(cells, by_field, seen)
        if reason:
            text = " ".join(filter(None, (text_of(cell).strip() for cell in cells)))
            table.skipped.append(Skipped(sheet.name, index + 1, reason, text[:80]))
        else:
            seen = True
            table.data.append((index + 1, cells))
            if len(cells) > len(known):
                untitled |= {column for column, cell in enumerate(cells) if column not in known and _filled(cell)}
    _fill_merged(sheet, table)
    table.columns = (*columns, *(Column(index, letter(index), "", "") for index in sorted(untitled)))
    return table


def _filled(cell: Cell) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def _reason_to_skip(cells: list[Cell], by_field: Mapping[str, Column], seen: bool) -> str:
    """Why this line is no person, or "". In doubt it is a person: an error is shown, a dropped line is not."""

    def at(name: str) -> str:
        column = by_field.get(name)
        return bare(cells[column.index]) if column and column.index < len(cells) else ""

    identity, name = at("id_number"), at("name")
    if sum(map(str.isdigit, identity)) >= 10 or re.fullmatch(r"[0-9.]+E\+?[0-9]+", identity):
        return "示例行" if EXAMPLE_ROW.search(name) or EXAMPLE_ROW.search(text_of(cells[0])) else ""
    filled = [text for cell in cells if (text := bare(cell))]
    titles = [text for text in filled if _field(_title(text)) or _title(text) in NOT_DATA]
    if len(titles) == len(filled) and (len(titles) > 1 or not seen):
        return "重复的表头"
    if len(titles) >= 3 and _field(_title(identity)) == "id_number":
        return "重复的表头"
    if any(TOTAL.match(text) for text in filled[:3]):
        return "合计或小计"
    if NOTE.match(text_of(next(cell for cell in cells if bare(cell))).strip().replace("：", ":").replace("）", ")")):
        return "表后的说明"
    if not re.search(r"\d{4}", identity) and any(SIGNATURE.search(text) for text in filled):
        return "填表或签字信息"
    if len(filled) >= 3 and all(re.fullmatch(r"[(]?(\d{1,2}|[A-Z])[)]?", text) for text in filled):
        return "列的编号"
    person = 1 < len(name) <= 30 and not re.search(r"[:;。,0-9]", name)
    if (
        not seen
        and any(INSTRUCTION.search(text) for text in filled)
        and (not person or INSTRUCTION.search(name + identity))
    ):
        return "填写说明"
    if EXAMPLE_ROW.search(name) or EXAMPLE_ROW.search(filled[0]):
        return "示例行"
    known = [text for field in by_field if (text := at(field))]
    if len(filled) == 1 and (not person or SECTION.search(name) or len(name) > 6):
        return "只有一格文字，不是党员"
    if not name and not identity and len(known) < 3:
        return "没有姓名和身份号码"
    return ""


def _fill_merged(sheet: Sheet, table: Table) -> None:
    """A branch, group or department written once in a cell merged down over several people belongs to each of them."""
    wanted = {table.by_field[name].index for name in ("branch", "group", "department") if name in table.by_field}
    people = {number for number, _ in table.data}
    for (top, left), (bottom, right) in sheet.merged:
        if bottom > top and left == right and left in wanted and top >= table.header_rows[-1]:
            cell = sheet.rows[top][left] if top < len(sheet.rows) and left < len(sheet.rows[top]) else ""
            for row in range(top + 1, min(bottom, len(sheet.rows) - 1) + 1):
                if row + 1 in people and cell != "":
                    table.filled[row + 1, left] = cell
