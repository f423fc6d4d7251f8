"""Makes roster files for tests: the national layout as it is exported, one-row sheets, CSV. All people are invented."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from struct import pack
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font

from members import identity
from members.roster import Issue, Roster, RosterRow, read_roster

NATIONAL = (
    "姓名",
    "所在党支部",
    "公民身份证号",
    "性别",
    "民族",
    "出生日期",
    "学历",
    "人员类别",
    "加入党组织日期",
    "转为正式党员日期",
    "工作岗位",
    "手机号",
    "固定电话",
    "家庭住址",
    "党籍状态",
    "是否为\n失联党员",
    "失去联\n系日期",
    "是否为\n流动党员",
    "外 出\n流 向",
)
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
GIVEN = "安宁平和清源明远思齐若兰子衿"


def id_number(n: int, *, birth: str = "19800301", female: bool = False) -> str:
    """The n-th fictitious number of a birth date (n up to 498)."""
    first = f"990000{birth}{n * 2 + (2 if female else 1):03d}"
    return first + identity.check_digit(first)


def person(n: int = 0, **changes: Any) -> dict[str, Any]:
    """One clean row of the national layout, by title without spaces; `changes` by the same titles."""
    female = n % 2 == 1
    row = {
        "姓名": SURNAMES[n % 20] + GIVEN[n // 20 % 14] + GIVEN[n // 280 % 14],
        "所在党支部": "内科第一党支部",
        "公民身份证号": id_number(n % 400, birth=f"19{80 + n // 400 % 10}0301", female=female),
        "性别": "女" if female else "男",
        "民族": "01 汉族",
        "出生日期": f"19{80 + n // 400 % 10}-03-01",
        "学历": "21 大学",
        "人员类别": "正式党员",
        "加入党组织日期": "2010-06-01",
        "转为正式党员日期": "2011-06-01",
        "工作岗位": "0212 事业单位专业技术岗位",
        "手机号": f"139{n:08d}",
        "固定电话": "",
        "家庭住址": "江州市人民路1号",
        "党籍状态": "正常",
        "是否为失联党员": "否",
        "失去联系日期": "",
        "是否为流动党员": "否",
        "外出流向": "",
    }
    assert set(changes) <= set(row), changes
    return row | changes


def national(
    people: Sequence[Mapping[str, Any]],
    *,
    code_sheets: bool = True,
    footnotes: bool = True,
    added: Sequence[str] = (),
) -> bytes:
    """The national summary sheet as exported: title lines, header of two merged rows, footnotes, code sheets.

    `added`: columns a hospital put at the right end.
    """
    titles = (*NATIONAL, *added)
    book = Workbook()
    sheet = book.active
    sheet.title = "党员基本信息汇总表"
    sheet.merge_cells("A1:S1")
    sheet["A1"] = "党员基本信息汇总表"
    sheet["A2"] = "基层党委：江州市人民医院党委"
    sheet["P2"] = "汇总日期：2026年11月1日"
    for index, title in enumerate(titles, start=1):
        if title in ("手机号", "固定电话"):
            sheet.cell(4, index, title)
        else:
            sheet.cell(3, index, title)
            sheet.merge_cells(start_row=3, end_row=4, start_column=index, end_column=index)
    sheet["L3"] = "联系电话"
    sheet.merge_cells("L3:M3")
    for row, one in enumerate(people, start=5):
        for index, title in enumerate(titles, start=1):
            value = one["".join(title.split())]
            if value not in ("", None):
                cell = sheet.cell(row, index, value)
                if isinstance(value, str) and not value.startswith("#"):
                    cell.data_type = "s"
    after = 5 + len(people)
    if footnotes:
        sheet.cell(after + 1, 1, "注：1.本表由基层党委汇总，一式两份。")
        sheet.cell(after + 2, 1, "2.“学历”“工作岗位”请参照代码表填写。")
        sheet.cell(after + 3, 1, "填表人：")
        sheet.cell(after + 3, 8, "审核人：")
        sheet.cell(after + 3, 14, "联系电话：0571-88880000")
    sheet.cell(3000, 60).font = Font(bold=True)
    sheet.column_dimensions["E"].hidden = True
    if code_sheets:
        for name, rows in (("民族代码", ("01 汉族", "02 蒙古族")), ("学历代码", ("11 博士研究生", "21 大学"))):
            codes = book.create_sheet(name)
            codes.append(["代码", "名称"])
            for line in rows:
                codes.append(line.split(" "))
    return save(book)


def simple(rows: Iterable[Sequence[Any]], *, sheet: str = "Sheet1") -> bytes:
    """A workbook of one sheet, exactly these rows; texts stay texts."""
    book = Workbook()
    page = book.active
    page.title = sheet
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            if value not in ("", None):
                cell = page.cell(number, column, value)
                if isinstance(value, str) and not value.startswith("#"):
                    cell.data_type = "s"
    return save(book)


def one_row_header(people: Sequence[Mapping[str, Any]], renamed: Mapping[str, str] | None = None) -> list[list[Any]]:
    """Header and rows as lists, with some titles renamed."""
    titles = ["".join(title.split()) for title in NATIONAL]
    renamed = renamed or {}
    return [[renamed.get(title, title) for title in titles], *([one[title] for title in titles] for one in people)]


def as_csv(rows: Iterable[Sequence[Any]], encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding)


def save(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def old_xls(rows: Sequence[Sequence[str | float]]) -> bytes:
    """A smallest possible .xls (BIFF8 in an OLE container) of one sheet; good enough for any reader."""
    records = [
        _record(0x0203, pack("<HHHd", r, c, 0, v))
        for r, row in enumerate(rows)
        for c, v in enumerate(row)
        if not isinstance(v, str)
    ]
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if isinstance(value, str) and value:
                text = value.encode("utf-16-le")
                records.append(_record(0x0204, pack("<HHHHB", r, c, 0, len(text) // 2, 1) + text))
    sheet = (
        _record(0x0809, pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6)) + b"".join(records) + _record(0x0A, b"")
    )
    name = "名册".encode("utf-16-le")
    globals_ = _record(0x0809, pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)) + _record(0x42, pack("<H", 1200))
    offset = len(globals_) + 4 + 8 + len(name) + 4
    globals_ += _record(0x85, pack("<IBBBB", offset, 0, 0, len(name) // 2, 1) + name) + _record(0x0A, b"")
    stream = (globals_ + sheet).ljust(4096, b"\0")
    stream = stream.ljust(-(-len(stream) // 512) * 512, b"\0")
    sectors = len(stream) // 512
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + sectors), 0xFFFFFFFE]
    fat = pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")
    assert len(fat) == 512, "too many rows for this small container"
    header = (
        bytes.fromhex("D0CF11E0A1B11AE1")
        + bytes(16)
        + pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    )
    header += b"\xff" * (512 - len(header))
    folder = _entry("Root Entry", 5, child=1, start=0xFFFFFFFE, size=0) + _entry(
        "Workbook", 2, child=-1, start=2, size=len(stream)
    )
    return header + fat + folder.ljust(512, b"\0") + stream


def _record(kind: int, data: bytes) -> bytes:
    return pack("<HH", kind, len(data)) + data


def _entry(name: str, kind: int, *, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    return text.ljust(64, b"\0") + pack("<HBBiii36xIQ", len(text), kind, 1, -1, -1, child, start, size)


TODAY = date(2026, 11, 22)
HR = ["姓名", "公民身份号码", "工号"]  # the later sheet of the personnel office


def read(data: bytes, filename: str = "名册.xlsx", **options: Any) -> Roster:
    return read_roster(data, filename, today=TODAY, **options)


def read_one(n: int = 0, **changes: Any) -> RosterRow:
    """The single row of a sheet in the national columns that holds one person, changed as given."""
    rows = read(simple(one_row_header([person(n, **changes)]))).rows
    assert len(rows) == 1
    return rows[0]


def codes(issues: Iterable[Issue]) -> list[str]:
    return [issue.code for issue in issues]
