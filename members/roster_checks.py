"""What must agree inside one row and between the rows of one file."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from members import identity
from members.choices import MemberType
from members.dates import Precision, RosterDate, chinese
from members.roster_types import TITLES, Issue, RosterRow, Value

NO_PROBATION: Final = (date(1969, 4, 1), date(1977, 8, 18))  # people admitted then had no probation
REQUIRED: Final = (
    "name",
    "gender",
    "id_number",
    "ethnicity",
    "birth_date",
    "education",
    "member_type",
    "membership_status",
    "branch",
    "joined_on",
    "job_post",
    "mobile",
    "address",
    "lost_contact",
    "floating",
)
# What a sheet without the column means for somebody new; the identity number knows gender and birth date.
DEFAULTS: Final[Mapping[str, Value]] = {"membership_status": "normal", "lost_contact": False, "floating": False}
FROM_IDENTITY: Final = ("gender", "birth_date")


def years_after(day: date, years: int) -> date:
    """The same day `years` later, 28 February for the 29th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _dated(row: RosterRow, name: str) -> RosterDate | None:
    day = row.values.get(name)
    return RosterDate(day, row.precision.get(name, Precision.DAY)) if isinstance(day, date) else None


def check_row(row: RosterRow, today: date) -> None:
    """Add what the cells of one row say against each other. Only what is in the row is compared."""
    for name in ("name", "id_number"):
        if name in row.values and row.values[name] is None:
            row.add(name, "REQUIRED", f"缺少{TITLES[name]}。请补上后再导入。")
    number = row.values.get("id_number")
    if isinstance(number, str):
        _check_against_identity(row, number)
    _check_dates(row, today)
    lost, since = row.values.get("lost_contact"), row.values.get("lost_since", "unread")
    if lost and since is None:
        row.add("lost_since", "LOST_SINCE_MISSING", "失联党员必须填写失去联系日期（至少到月）。请补上后再导入。")
    if row.values.get("lost_contact") is False and row.values.get("lost_since"):
        row.add(
            "lost_since",
            "lost_since_unused",
            "不是失联党员，却填了失去联系日期，请核对。",
            before=row.raw["lost_since"],
        )
    if row.values.get("floating") is False and row.values.get("destination"):
        row.add(
            "destination", "destination_unused", "不是流动党员，却填了外出流向，请核对。", before=row.raw["destination"]
        )


def _check_against_identity(row: RosterRow, number: str) -> None:
    gender, by_digit = row.values.get("gender"), identity.gender(number)
    if gender and gender != by_digit:
        words = {"male": "男", "female": "女"}
        message = f"性别填的是{words[str(gender)]}，身份号码第17位表示{words[by_digit]}。请对照身份证改正其中一项。"
        row.add("gender", "GENDER_MISMATCH", message, before=row.raw.get("gender", ""))
    born, by_number = _dated(row, "birth_date"), identity.birth_date(number)
    if born and not born.day <= by_number <= born.latest:
        message = "出生日期与身份号码中的不同，按填写的（档案）日期登记，请核对。"
        row.add(
            "birth_date", "birth_differs", message, before=chinese(by_number), after=chinese(born.day, born.precision)
        )


def _check_dates(row: RosterRow, today: date) -> None:
    born, joined, confirmed = (_dated(row, name) for name in ("birth_date", "joined_on", "confirmed_on"))
    number = row.values.get("id_number")
    if born is None and isinstance(number, str):
        born = RosterDate(identity.birth_date(number))
    for name, code in (
        ("birth_date", "BIRTH_FUTURE"),
        ("joined_on", "JOINED_FUTURE"),
        ("confirmed_on", "CONFIRMED_FUTURE"),
        ("work_from", "WORK_FROM_FUTURE"),
        ("lost_since", "LOST_SINCE_FUTURE"),
    ):
        found = _dated(row, name)
        if found and found.day > today:
            row.add(name, code, f"日期{chinese(found.day)}晚于今天。请改正后再导入。", before=row.raw.get(name, ""))
    if born and joined and joined.latest < years_after(born.day, 18):
        message = (
            f"入党时不满18周岁（出生{chinese(born.day, born.precision)}）。请核对出生日期和入党日期，改正后再导入。"
        )
        row.add("joined_on", "JOINED_UNDER_18", message, before=row.raw.get("joined_on", ""))
    kind = row.values.get("member_type")
    if kind == MemberType.PROBATIONARY and confirmed:
        message = "预备党员不应有转正日期。已转正的请把人员类别改为正式党员，否则请清空转正日期。"
        row.add("confirmed_on", "CONFIRMED_NOT_BLANK", message, before=row.raw.get("confirmed_on", ""))
        return
    no_probation = bool(joined and NO_PROBATION[0] <= joined.day <= NO_PROBATION[1])
    if kind == MemberType.FULL and "confirmed_on" in row.values and not confirmed:
        if no_probation:
            row.add("confirmed_on", "confirmed_missing", "没有转正日期；入党时不设预备期，可与入党日期相同，请核对。")
        else:
            row.add("confirmed_on", "CONFIRMED_MISSING", "正式党员必须有转正日期。请对照入党志愿书补上后再导入。")
    if joined and confirmed:
        if confirmed.latest < joined.day:
            message = f"转正日期早于入党日期（{chinese(joined.day, joined.precision)}）。请对照入党志愿书改正后再导入。"
            row.add("confirmed_on", "CONFIRMED_BEFORE_JOINED", message, before=row.raw.get("confirmed_on", ""))
        elif not no_probation and confirmed.latest < years_after(joined.day, 1) - timedelta(days=31):
            message = f"预备期不满一年（{chinese(joined.day)}入党，{chinese(confirmed.day)}转正），请核对。"
            row.add("confirmed_on", "short_probation", message, before=row.raw.get("confirmed_on", ""))


def check_rows(rows: Iterable[RosterRow]) -> None:
    """People or staff numbers that stand twice in the file: every one of their rows is refused, naming the others."""
    rows = list(rows)
    several = len({row.sheet for row in rows}) > 1
    for name, code, what in (
        ("id_number", "DUPLICATE_ID", "公民身份号码"),
        ("staff_no", "DUPLICATE_STAFF_NO", "工号"),
    ):
        for same in _groups(rows, name):
            if name == "staff_no" and len({row.values.get("id_number") for row in same}) == 1:
                continue  # the same person twice: said once, by the identity number
            for row in same:
                others = "、".join(_where(other, several) for other in same if other is not row)
                message = f"{what}与{others}重复。同一人只能保留一行，请删去或改正其余的行。"
                row.add(
                    name, code, message, before=identity.mask(row.raw[name]) if name == "id_number" else row.raw[name]
                )
    for same in _groups(rows, "name"):
        if len({row.values.get("id_number") for row in same}) == len(same):
            for row in same:
                others = "、".join(_where(other, several) for other in same if other is not row)
                row.add(
                    "name",
                    "same_name",
                    f"与{others}同名，身份号码不同，请确认不是同一人。",
                    before=row.name,
                    after=row.name,
                )


def _groups(rows: list[RosterRow], name: str) -> list[list[RosterRow]]:
    found: dict[Value, list[RosterRow]] = defaultdict(list)
    for row in rows:
        if row.values.get(name):
            found[row.values[name]].append(row)
    return [same for same in found.values() if len(same) > 1]


def _where(row: RosterRow, with_sheet: bool) -> str:
    branch = row.values.get("branch")
    return f"{f'工作表“{row.sheet}”' if with_sheet else ''}第{row.row}行{f'（{branch}）' if branch else ''}"


def values_for_new(row: RosterRow) -> dict[str, Value]:
    """`row.values` for somebody the system does not know: what the sheet has no column for is taken as DEFAULTS, gender
    and birth date from the identity number. A cell left empty in a column that exists stays empty."""
    values: dict[str, Value] = dict(DEFAULTS)
    number = row.values.get("id_number")
    if isinstance(number, str):
        values |= {"gender": identity.gender(number), "birth_date": identity.birth_date(number)}
    return {name: value for name, value in values.items() if name not in row.table.by_field} | row.values


def missing_required(row: RosterRow) -> list[Issue]:
    """Errors for what a person new to the system must have and this row lacks (a field in error is not named twice)."""
    values = values_for_new(row)
    named = {issue.field for issue in row.errors}
    missing = [name for name in REQUIRED if values.get(name) is None and name not in named]
    if "mobile" in missing and values.get("phone"):
        missing.remove("mobile")  # many retired members have a landline only
    if values.get("lost_contact") and not values.get("lost_since") and "lost_since" not in named:
        missing.append("lost_since")
    joined = values.get("joined_on")
    no_probation = isinstance(joined, date) and NO_PROBATION[0] <= joined <= NO_PROBATION[1]
    if (
        values.get("member_type") == MemberType.FULL
        and not values.get("confirmed_on")
        and not no_probation
        and "confirmed_on" not in named
    ):
        missing.append("confirmed_on")
    issues = []
    for name in missing:
        absent = name not in row.table.by_field
        message = f"表中没有“{TITLES[name]}”列，新党员必须有这一项。请加上这一列后再导入。"
        if not absent:
            message = f"缺少{TITLES[name]}，新党员必须有这一项。请补上后再导入。"
        issues.append(row.issue(name, "REQUIRED", message))
    return issues


def assumed_for_new(rows: Iterable[RosterRow]) -> list[Issue]:
    """One warning per sheet and missing column that `values_for_new` had to fill in for these rows."""
    tables = {id(row.table): row.table for row in rows}
    words = {"membership_status": "正常", "lost_contact": "否", "floating": "否"}
    issues = []
    for table in tables.values():
        for name in (*FROM_IDENTITY, *DEFAULTS):
            if name not in table.by_field:
                how = "已按公民身份号码推算" if name in FROM_IDENTITY else f"一律按“{words[name]}”登记"
                message = f"表中没有“{TITLES[name]}”列，新党员{how}，请核对。"
                issues.append(
                    Issue(table.sheet, table.header_rows[-1], "", TITLES[name], name, "column_absent", message)
                )
    return issues
