"""Resident identity numbers (GB 11643-1999): tidy, check, read the birth date and gender out of them, mask them.

Pure: no clock, no database. A number is never changed silently: `check_id` says what it had to tidy up.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final

WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS: Final = "10X98765432"
PROVINCES: Final = frozenset(
    f"{first}{last}"
    for first, lasts in zip(
        "123456789", ("12345", "123", "1234567", "123456", "01234", "12345", "1", "123", "1"), strict=True
    )
    for last in lasts
)
FICTITIOUS_AREA: Final = "990000"  # belongs to nobody: demonstrations, training and tests use it
INVISIBLE: Final = re.compile(r"[\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
APOSTROPHES: Final = "'\"`´‘’＇"


@dataclass(frozen=True, slots=True)
class Problem:
    """UPPER_SNAKE codes are errors: the number cannot be used. lower_snake codes are warnings."""

    code: str
    message: str

    @property
    def is_error(self) -> bool:
        return self.code.isupper()


@dataclass(frozen=True, slots=True)
class IdCheck:
    number: str  # tidied; only to be used when `ok`
    problems: tuple[Problem, ...]
    suggestion: str = ""  # an old 15-digit number written with 18 digits, to ask about, never to store unasked

    @property
    def ok(self) -> bool:
        return not self.errors

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.is_error)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if not p.is_error)


def check_digit(first17: str) -> str:
    """The 18th character for 17 digits.

    >>> check_digit("99000019790301002")
    '5'
    """
    return CHECK_DIGITS[sum(int(d) * w for d, w in zip(first17, WEIGHTS, strict=True)) % 11]


def normalise(text: str) -> str:
    """Without spaces, zero-width characters and apostrophes, half-width, with a capital X; letters O are left alone."""
    text = INVISIBLE.sub("", unicodedata.normalize("NFKC", INVISIBLE.sub("", text)))
    return text.strip(APOSTROPHES).upper()


def check_id(value: str | int | float, *, today: date) -> IdCheck:
    """Check one number as it came out of a file or a form. A float or an int has lost digits: spreadsheets keep 15."""
    if isinstance(value, int | float):
        return _check_number(value)
    number = normalise(value)
    problems = []
    if number != value:
        problems.append(Problem("id_tidied", "已去掉号码中的空格等多余字符，并统一为半角大写"))
    if re.fullmatch(r"\d(\.\d+)?E\+?\d+", number):
        return IdCheck(number, (Problem("ID_FLOAT", FLOAT_MESSAGE),))
    if "O" in number:
        number = number.replace("O", "0")
        problems.append(Problem("id_letter_o", "号码中的字母O已改为数字0"))
    if re.fullmatch(r"\d{15}", number):
        return _check_old(number, problems, today)
    if len(number) != 18:
        message = f"公民身份号码应为18位，现为{len(number)}位。请对照身份证补正后再导入。"
        return IdCheck(number, (*problems, Problem("ID_LENGTH", message)))
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", number):
        message = "公民身份号码只能是17位数字加1位数字或X。请对照身份证改正后再导入。"
        return IdCheck(number, (*problems, Problem("ID_CHARACTERS", message)))
    expected = check_digit(number[:17])
    if number.endswith("000") and number[17] != expected:
        return IdCheck(number, (*problems, Problem("ID_FLOAT", FLOAT_MESSAGE)))
    problem = _date_problem(number[6:14], today)
    if problem:
        problems.append(problem)
    if number[17] != expected:
        message = "公民身份号码的校验位不对，至少有一位写错了。请对照身份证改正后再导入。"
        problems.append(Problem("ID_CHECK", message))
    if number[:2] not in PROVINCES and number[:6] != FICTITIOUS_AREA:
        problems.append(Problem("id_area_unknown", f"号码开头的地区代码{number[:2]}查不到，请核对"))
    return IdCheck(number, tuple(problems))


FLOAT_MESSAGE: Final = "号码被表格软件当作数字保存，末尾几位已经丢失。请把该列设为文本后，对照身份证重新填写。"


def _check_number(value: int | float) -> IdCheck:
    """15 digits survive in a spreadsheet's number, 18 do not."""
    whole = 0 <= value < 1e18 and value == int(value)
    digits = str(int(value)) if whole else str(value)
    if whole and len(digits) == 15:
        return _check_old(digits, [], None)
    if abs(value) >= 1e15:
        return IdCheck(digits, (Problem("ID_FLOAT", FLOAT_MESSAGE),))
    message = f"公民身份号码应为18位，现为{len(digits)}位。请把该列设为文本后，对照身份证补正。"
    return IdCheck(digits, (Problem("ID_LENGTH", message),))


def _check_old(number: str, problems: list[Problem], today: date | None) -> IdCheck:
    first17 = f"{number[:6]}19{number[6:]}"
    suggestion = first17 + check_digit(first17)
    if today and (problem := _date_problem(suggestion[6:14], today)):
        return IdCheck(number, (*problems, problem))
    message = f"这是15位旧号码。请改填身份证上的18位号码（换算应为{mask(suggestion)}，请本人核对）。"
    return IdCheck(number, (*problems, Problem("ID_OLD", message)), suggestion)


def _date_problem(digits: str, today: date) -> Problem | None:
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    advice = "请对照身份证改正后再导入。"
    if not 1 <= month <= 12:
        return Problem("ID_DATE", f"号码中的出生月份是{month:02d}，不可能。{advice}")
    try:
        born = date(year, month, day)
    except ValueError:
        return Problem("ID_DATE", f"号码中的出生日期不存在（{year}年{month}月没有{day}日）。{advice}")
    if born.year < 1900 or born > today:
        return Problem("ID_DATE", f"号码中的出生日期{year}年{month}月{day}日超出了可能的范围。{advice}")
    return None


def birth_date(number: str) -> date:
    """The birth date inside a number that passed `check_id`."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def gender(number: str) -> str:
    """ "male" or "female", from the 17th digit of a number that passed `check_id`."""
    return "male" if int(number[16]) % 2 else "female"


def mask(text: str) -> str:
    """Six characters in front, four behind; a shorter text keeps at most a third of itself.

    >>> mask("990000197903012318")
    '990000********2318'
    """
    if len(text) >= 15:
        return text[:6] + "*" * (len(text) - 10) + text[-4:]
    keep = len(text) // 3
    return text[:keep] + "*" * (len(text) - keep)


def mask_phone(text: str) -> str:
    """Digits between the first three and the last four are hidden, separators stay; short numbers keep only two.

    >>> mask_phone("139 0000 2107")
    '139 **** 2107'
    """
    count = sum(char.isdigit() for char in text)
    front, back = (3, 4) if count >= 11 else (0, 2 if count > 4 else 0)
    masked, seen = [], 0
    for char in text:
        seen += char.isdigit()
        hidden = char.isalnum() if not char.isdigit() else front < seen <= count - back
        masked.append("*" if hidden else char)
    return "".join(masked)
