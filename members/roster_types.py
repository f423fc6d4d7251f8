"""What reading a roster gives: rows, issues, and the lines that were passed over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeAlias

from members.dates import Cell, Precision

Value: TypeAlias = str | date | bool | None

# Every field a roster may carry, with the title it has in the national layout or, failing that, in ours.
TITLES: Final[Mapping[str, str]] = {
    "name": "姓名",
    "gender": "性别",
    "id_number": "公民身份号码",
    "ethnicity": "民族",
    "birth_date": "出生日期",
    "education": "学历",
    "degree": "学位",
    "member_type": "人员类别",
    "membership_status": "党籍状态",
    "branch": "所在党支部",
    "group": "党小组",
    "joined_on": "加入党组织日期",
    "confirmed_on": "转为正式党员日期",
    "job_post": "工作岗位",
    "staff_category": "人员序列",
    "title_level": "职称",
    "department": "科室",
    "party_post": "党内职务",
    "work_from": "参加工作日期",
    "mobile": "手机号",
    "phone": "固定电话",
    "address": "家庭住址",
    "police_station": "户籍所在派出所",
    "introducers": "入党介绍人",
    "lost_contact": "是否为失联党员",
    "lost_since": "失去联系日期",
    "floating": "是否为流动党员",
    "destination": "外出流向",
    "hardship": "是否困难党员",
    "retired": "是否离退休",
    "staff_no": "工号",
}
PROTECTED: Final = frozenset({"id_number", "mobile", "phone", "address"})  # never in full in a message


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding. UPPER_SNAKE codes are errors and refuse the row, lower_snake codes are warnings.

    `before` and `after` are masked where the field is protected; `row` is the file's own row number, from 1.
    """

    sheet: str
    row: int
    column: str  # letter; "" where the finding is not about one column
    title: str  # the column's title in the file
    field: str
    code: str
    message: str
    before: str = ""
    after: str = ""

    @property
    def is_error(self) -> bool:
        return self.code.isupper()

    @property
    def place(self) -> str:
        """`第88行E列“身份证号”`, for the preview."""
        where = f"第{self.row}行" if self.row else "整张表"
        column = f"{self.column}列" if self.column else ""
        return f"{where}{column}{f'“{self.title}”' if self.title else ''}"

    def as_json(self) -> dict[str, Any]:
        return {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "code": self.code,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Skipped:
    """A line of the file that is not a person, and why it was taken for that."""

    sheet: str
    row: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    index: int  # from 0
    letter: str
    title: str
    field: str  # "" = not imported


@dataclass(slots=True)
class Table:
    """The roster inside one sheet: where its header stands and which column holds which field."""

    sheet: str
    header_rows: tuple[int, ...]  # row numbers, from 1
    columns: tuple[Column, ...]  # every column with a title or with content
    data: list[tuple[int, list[Cell]]]  # (row number, cells) of the rows that are people
    skipped: list[Skipped] = field(default_factory=list)
    by_field: dict[str, Column] = field(default_factory=dict)
    filled: dict[tuple[int, int], Cell] = field(default_factory=dict)  # (row number, column) under a merged cell
    broken: dict[tuple[int, int], str] = field(default_factory=dict)  # (row number, column) -> FORMULA_… code

    def __post_init__(self) -> None:
        self.by_field = {column.field: column for column in self.columns if column.field}

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(name for name in TITLES if name in self.by_field)

    @property
    def ignored(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if not column.field)


@dataclass(slots=True)
class RosterRow:
    """One person's line. `values` has a key for each column the sheet has, None where the cell is empty; a field whose
    cell could not be read is missing from it (and in `errors`)."""

    table: Table
    row: int
    cells: list[Cell]
    raw: dict[str, str]
    values: dict[str, Value] = field(default_factory=dict)
    precision: dict[str, Precision] = field(default_factory=dict)
    errors: list[Issue] = field(default_factory=list)
    warnings: list[Issue] = field(default_factory=list)

    @property
    def sheet(self) -> str:
        return self.table.sheet

    @property
    def ok(self) -> bool:
        return not self.errors

    @property
    def name(self) -> str:
        """For the preview: the name as read, or as it stands in the file."""
        return str(self.values.get("name") or self.raw.get("name", ""))

    def issue(self, name: str, code: str, message: str, *, before: str = "", after: str = "") -> Issue:
        """A finding about one field of this row, placed in its column."""
        column = self.table.by_field.get(name)
        letter, title = (column.letter, column.title) if column else ("", TITLES.get(name, ""))
        return Issue(self.sheet, self.row, letter, title, name, code, message, before, after)

    def add(self, name: str, code: str, message: str, *, before: str = "", after: str = "") -> None:
        issue = self.issue(name, code, message, before=before, after=after)
        (self.errors if issue.is_error else self.warnings).append(issue)


@dataclass(slots=True)
class Roster:
    tables: list[Table]
    rows: list[RosterRow]
    notes: list[Issue] = field(default_factory=list)  # warnings about the file as a whole: columns nobody reads
    other_sheets: list[str] = field(default_factory=list)  # looked at, hold no roster

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns present, in the order of TITLES; what is not here, the file says nothing about."""
        return tuple(name for name in TITLES if any(name in table.by_field for table in self.tables))

    @property
    def skipped(self) -> list[Skipped]:
        return [line for table in self.tables for line in table.skipped]

    @property
    def errors(self) -> list[Issue]:
        return [issue for row in self.rows for issue in row.errors]

    @property
    def warnings(self) -> list[Issue]:
        return self.notes + [issue for row in self.rows for issue in row.warnings]
