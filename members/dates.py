"""Dates as rosters really hold them: spreadsheet serials, 19800301, 198003, 1980.3, 2008年7月 and the rest.

Pure. `read_date` never guesses in silence: whatever is not a full, plainly written date comes back with a note.
"""

import calendar
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from math import isfinite
from typing import Final, TypeAlias

from members.identity import INVISIBLE

Cell: TypeAlias = str | int | float | bool | date | datetime | time | timedelta | None  # what a cell of a file may hold

EPOCH: Final = date(1899, 12, 30)  # day 0 of spreadsheets, as they count from March 1900 on
FIRST_YEAR: Final = 1901  # 1899 and 1900 are what an empty cell becomes when it is formatted as a date
LAST_YEAR: Final = 2100
ADVICE: Final = "请写成“1980-03-01”这样的日期后再导入。"


class Precision(StrEnum):
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class RosterDate:
    day: date  # the first of the month where only the month is known
    precision: Precision = Precision.DAY
    repaired: str = ""  # warning code where the text had to be interpreted
    how: str = ""  # the same in Chinese, for the person who confirms it

    @property
    def latest(self) -> date:
        """The last day it can mean: comparisons must not refuse 1998年3月 for being the 1st."""
        if self.precision == Precision.DAY:
            return self.day
        return self.day.replace(day=calendar.monthrange(self.day.year, self.day.month)[1])


class DateRefused(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def chinese(day: date, precision: Precision = Precision.DAY) -> str:
    """`2008年7月1日`, or `2008年7月` where only the month is known."""
    text = f"{day.year}年{day.month}月"
    return text if precision == Precision.MONTH else f"{text}{day.day}日"


def read_date(value: Cell) -> RosterDate:
    """The date a cell means. Raises DateRefused with an error code and what to do; never called for an empty cell."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return _plausible(RosterDate(value))
    if isinstance(value, time):  # day 0 formatted as a date: an empty cell in disguise
        raise DateRefused("DATE_ZERO", f"这个单元格是0，被显示成1900年的日期。{ADVICE}")
    if isinstance(value, bool | timedelta) or value is None or (isinstance(value, float) and not isfinite(value)):
        raise DateRefused("DATE_INVALID", f"这里应当是日期。{ADVICE}")
    if isinstance(value, int | float):
        return _read_number(value)
    return _read_text(value)


def _read_number(value: int | float) -> RosterDate:
    if value == int(value):
        if value == 0:
            raise DateRefused("DATE_ZERO", f"这个单元格是0，不是日期。{ADVICE}")
        return _read_digits(str(int(value)))
    text = repr(round(value, 4))
    if re.fullmatch(r"\d{5}\.\d+", text):  # a moment of a day
        return _read_digits(text[:5])
    if re.fullmatch(r"\d{4}\.1", text):
        year = text[:4]
        raise DateRefused(
            "DATE_AMBIGUOUS",
            f"数字{text}可能是{year}年1月，也可能是{year}年10月（末尾的0会丢）。请写成“{year}-10-01”这样的日期。",
        )
    if re.fullmatch(r"\d{4}\.\d{4}", text):  # 1980.0301
        return _read_digits(text.replace(".", ""))
    return _read_text(text)


FULL: Final = re.compile(r"(\d{4})([年./\-])(\d{1,2})([月./\-])(\d{1,2})[日号]?")
MONTH: Final = re.compile(r"(\d{4})[年./\-](\d{1,2})[月份]{0,2}")
CLOCK: Final = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?$")


def _read_text(original: str) -> RosterDate:
    text = unicodedata.normalize("NFKC", original)
    half_width = text == original
    text = CLOCK.sub("", text.strip().strip("'’‘`"))
    text = INVISIBLE.sub("", text).replace("。", ".").replace("、", ".").replace("—", "-").replace("–", "-")
    text = text.replace("−", "-").replace("\\", "/").rstrip("./-")
    if text.isdigit():
        return _widened(_read_digits(text), half_width)
    if full := FULL.fullmatch(text):
        found = RosterDate(_real(int(full[1]), int(full[3]), int(full[5])))
    elif month := MONTH.fullmatch(text):
        found = _month(int(month[1]), int(month[2]))
    elif re.fullmatch(r"\d{4}年?", text):
        raise _year_only(text)
    else:
        raise DateRefused("DATE_INVALID", f"认不出这个日期。{ADVICE}")
    return _widened(_plausible(found), half_width)


def _widened(found: RosterDate, half_width: bool) -> RosterDate:
    if half_width or found.repaired:
        return found
    return RosterDate(found.day, found.precision, "date_full_width", "全角数字已改为半角")


def _read_digits(digits: str) -> RosterDate:
    """A run of digits: yyyymmdd, yyyymm, or a spreadsheet's day number."""
    if not digits.strip("0") or len(digits) <= 3:
        raise DateRefused("DATE_ZERO", f"“{digits}”不是日期，多半是空单元格被设成了日期格式。{ADVICE}")
    if len(digits) == 8:
        day = _real(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        return _plausible(RosterDate(day, repaired="date_compact", how="按8位数字识别"))
    if len(digits) == 6:
        return _plausible(_month(int(digits[:4]), int(digits[4:])))
    if len(digits) == 5:
        day = EPOCH + timedelta(days=int(digits))
        return _plausible(RosterDate(day, repaired="date_serial", how="按表格软件的日期序号识别"))
    if len(digits) == 4:
        raise _year_only(digits)
    raise DateRefused("DATE_INVALID", f"认不出这个日期（{len(digits)}位数字）。{ADVICE}")


def _month(year: int, month: int) -> RosterDate:
    return RosterDate(_real(year, month, 1), Precision.MONTH, "date_month_only", "只有年月，按当月1日登记，请核对")


def _real(year: int, month: int, day: int) -> date:
    if year in (1899, 1900):
        raise DateRefused("DATE_ZERO", f"{year}年的日期多半是空单元格被设成了日期格式。{ADVICE}")
    if not 1 <= month <= 12:
        raise DateRefused("DATE_INVALID", f"没有{month}月。{ADVICE}")
    try:
        return date(year, month, day)
    except ValueError:
        raise DateRefused("DATE_INVALID", f"{year}年{month}月没有{day}日。请填写正确的日期后再导入。") from None


def _plausible(found: RosterDate) -> RosterDate:
    if found.day.year in (1899, 1900):
        raise DateRefused("DATE_ZERO", f"{found.day.year}年的日期多半是空单元格被设成了日期格式。{ADVICE}")
    if not FIRST_YEAR <= found.day.year <= LAST_YEAR:
        raise DateRefused("DATE_INVALID", f"{found.day.year}年不可能。{ADVICE}")
    return found


def _year_only(text: str) -> DateRefused:
    return DateRefused("DATE_YEAR_ONLY", f"只有年份（{text}），至少要写到月。{ADVICE}")
