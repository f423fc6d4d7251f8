"""From what a cell holds to the value it means, field by field. Every repair leaves a warning with before and after."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache, partial
from typing import Final

from members import identity
from members.codes import EDUCATION, ETHNICITY, JOB_POST, CodeList, CodeRefused, find_code
from members.dates import Cell, DateRefused, chinese, read_date
from members.roster_layout import text_of
from members.roster_types import RosterRow, Value
from members.roster_words import (
    DEGREE,
    GENDER,
    MEMBER_TYPE,
    MEMBERSHIP_STATUS,
    PARTY_POSTS,
    STAFF_CATEGORY,
    TITLE_LEVEL,
    YES_NO,
    WordRefused,
    Words,
    find_word,
)

EMPTY: Final = frozenset(("", "无", "—", "——", "-", "--", "/", "\\", "暂无", "NULL", "NONE", "N/A", "空", "、", "."))
NONE_IS_A_VALUE: Final = frozenset(
    ("degree", "title_level", "lost_contact", "floating", "hardship", "retired")
)  # 无 says something here
FAILED_FORMULA: Final = re.compile(
    r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|GETTING_DATA)", re.I
)
PINYIN: Final = re.compile(r"(?<=[\u4e00-\u9fff])[(（][a-z\u00e0-\u01dc]+[)）]")
LENGTHS: Final = {
    "branch": 60,
    "group": 60,
    "department": 60,
    "party_post": 60,
    "address": 200,
    "police_station": 60,
    "introducers": 60,
    "destination": 100,
    "phone": 40,
}


class Refused(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def show(name: str, text: str) -> str:
    """How a value may be shown in a message: identity numbers, phones and addresses masked."""
    if name == "id_number":
        return text if re.fullmatch(r"[0-9.]+E\+?[0-9]+", text.strip()) else identity.mask(text)
    if name in ("mobile", "phone"):
        return identity.mask_phone(text)
    return identity.mask(text) if name == "address" else text


def clean_cell(row: RosterRow, name: str, cell: Cell, *, failed: str, today: date) -> None:
    """Put the value of one cell into `row.values`, or what is wrong with it into `row.errors`."""
    text = text_of(cell)
    try:
        if failed == "FORMULA_NO_VALUE":
            raise Refused(failed, "公式还没有算出结果。请用Excel或WPS打开保存一次，或直接填写数值。")
        if failed or (text.startswith("#") and FAILED_FORMULA.fullmatch(text.strip())):
            raise Refused("FORMULA_ERROR", "公式出错，没有结果。请直接填写内容后再导入。")
        plain = "".join(unicodedata.normalize("NFKC", text).split()).upper() if len(text) < 20 else text
        if (
            not plain.strip()
            or (plain in EMPTY and name not in NONE_IS_A_VALUE)
            or (plain in EMPTY - {"无"} and name in ("degree", "title_level"))
        ):
            row.values[name] = None
        else:
            row.values[name] = CLEANERS[name](row, name, cell, today)
    except (Refused, WordRefused, DateRefused) as refused:
        row.add(name, refused.code, refused.message, before=show(name, text))


def _tidy(text: str) -> str:
    """One line, without control and zero-width characters, single spaces."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    text = re.sub(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+", " ", text)
    text = re.sub(r"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060\ufeff]", "", text)
    return re.sub(r"[ \u00a0\u2000-\u200a\u3000]+", " ", text).strip()


def _text(row: RosterRow, name: str, cell: Cell, today: date) -> str:
    text = text_of(cell)
    tidy = _tidy(text)
    if "\ufffd" in tidy:
        raise Refused("TEXT_GARBLED", "文字已成乱码。请对照原表重新填写。")
    if ("(" in tidy or "（" in tidy) and PINYIN.search(tidy):
        before, tidy = tidy, PINYIN.sub("", tidy)
        row.add(
            name, "pinyin_removed", "已去掉文字中夹带的拼音注音。", before=show(name, before), after=show(name, tidy)
        )
    if name in ("branch", "group", "department") and _looks_traditional(tidy):
        row.add(name, "traditional_text", "含有繁体字或生僻字，未作改动，请核对。", before=tidy, after=tidy)
    if len(tidy) > LENGTHS.get(name, 200):
        raise Refused("VALUE_TOO_LONG", f"超过{LENGTHS.get(name, 200)}个字。请缩短后再导入。")
    return tidy


@lru_cache(maxsize=4096)
def _looks_traditional(text: str) -> bool:
    """In Big5 but not in GB 2312: a traditional form, or (seldom) a rare character; therefore only a hint."""
    return any(
        "\u4e00" <= char <= "\u9fff" and _encodes(char, "big5") and not _encodes(char, "gb2312") for char in text
    )


def _encodes(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _place(row: RosterRow, name: str, cell: Cell, today: date) -> str:
    """A branch or group: no spaces inside."""
    text = _text(row, name, cell, today)
    joined = text.replace(" ", "")
    if joined != text:
        row.add(name, "spaces_removed", "已去掉名称中的空格。", before=text, after=joined)
    return joined


def _name(row: RosterRow, name: str, cell: Cell, today: date) -> str:
    original = text_of(cell)
    text = _tidy(unicodedata.normalize("NFKC", original))
    if "\ufffd" in text or "?" in text:
        raise Refused("NAME_INVALID", "姓名中有乱码或问号，多半是生僻字丢失。请对照身份证重新填写。")
    if PINYIN.search(text):
        text = PINYIN.sub("", text)
    text = re.sub(r"(?<=[\u3400-\u9fff])\s*[•‧・･∙⋅.]\s*(?=[\u3400-\u9fff])", "·", text)
    if re.search(r"[\u3400-\u9fff]", text):
        text = text.replace(" ", "")
    if text != original:
        row.add(name, "name_tidied", "已去掉姓名中的空格等多余字符。", before=original, after=text)
    if re.search(r"[\ue000-\uf8ff\U000f0000-\U0010fffd]", text):
        row.add(
            name, "name_rare_character", "姓名中有自造的生僻字，别的电脑可能显示不出，请核对。", before=text, after=text
        )
    elif not re.fullmatch(r"[\u3400-\u9fff\U00020000-\U0003ffff〇·]+|[A-Za-z][A-Za-z .'\-·]*", text) or text.startswith(
        "·"
    ):
        raise Refused("NAME_INVALID", "姓名只能是汉字（少数民族姓名可用“·”）或字母，请去掉括号、数字等说明文字。")
    if not 2 <= len(text) <= 30:
        raise Refused("NAME_LENGTH", f"姓名应为2至30个字，现为{len(text)}个字。请与身份证核对后改正。")
    return text


def _identity(row: RosterRow, name: str, cell: Cell, today: date) -> str:
    original = text_of(cell)
    number = cell if isinstance(cell, int | float) and not isinstance(cell, bool) else original
    check = identity.check_id(number, today=today)
    for problem in check.warnings:
        row.add(name, problem.code, problem.message, before=show(name, original), after=show(name, check.number))
    if check.errors:
        raise Refused(check.errors[0].code, check.errors[0].message)
    return check.number


def _code(codes: CodeList, row: RosterRow, name: str, cell: Cell, today: date) -> str:
    text = text_of(cell)
    try:
        match = find_code(codes, text, number=isinstance(cell, int | float) and not isinstance(cell, bool))
    except CodeRefused as refused:
        code = {"heading": "CODE_HEADING", "mismatch": "CODE_MISMATCH"}.get(refused.reason, "CODE_AMBIGUOUS")
        raise Refused(code, f"{refused.message}。") from None
    if match is None:
        raise Refused(
            "CODE_UNKNOWN", f"{codes.title}代码表中没有“{_tidy(text)}”。请从代码表中选填，如“{codes.example}”。"
        )
    if match.repaired:
        row.add(name, "code_mapped", f"已对应到{codes.title}代码表。", before=_tidy(text), after=match.label)
    return match.code


def _word(words: Words, row: RosterRow, name: str, cell: Cell, today: date) -> str:
    text = _tidy(unicodedata.normalize("NFKC", text_of(cell)))
    value, guessed = find_word(words, text)
    if guessed:
        row.add(name, "word_mapped", "已按意思对应，请核对。", before=text, after=words.label(value))
    return str(value)


def _yes_no(row: RosterRow, name: str, cell: Cell, today: date) -> bool:
    return _word(YES_NO, row, name, cell, today) == "yes"


def _date(row: RosterRow, name: str, cell: Cell, today: date) -> date:
    found = read_date(cell)
    row.precision[name] = found.precision
    if found.repaired and not (name == "lost_since" and found.repaired == "date_month_only"):
        after = chinese(found.day)
        row.add(name, found.repaired, f"{found.how}。", before=_tidy(text_of(cell)), after=after)
    return found.day


MOBILE: Final = re.compile(r"(?<!\d)(?:(?:\+|00)?86[- ]?)?(1[3-9]\d(?:[- ]?\d){8})(?!\d)")
LANDLINE: Final = re.compile(r"\(?0\d{2,3}\)?[- ]?\d{7,8}([- ]?\d{1,6})?|\d{7,8}(-\d{1,6})?")


def _mobile(row: RosterRow, name: str, cell: Cell, today: date) -> str | None:
    original = text_of(cell)
    text = re.sub(r"[‐-―−]", "-", _tidy(unicodedata.normalize("NFKC", original)).strip("'"))
    found = MOBILE.findall(text)
    if not found:
        column = row.table.by_field[name]
        if LANDLINE.fullmatch(text) and "手机" not in column.title and "phone" not in row.table.by_field:
            row.values["phone"] = text
            row.add(
                name,
                "landline_in_mobile",
                "这是固定电话，已登记为固定电话。",
                before=show("phone", text),
                after=show("phone", text),
            )
            return None
        raise Refused("MOBILE_INVALID", "手机号应为1开头的11位数字。请改正；固定电话请填在“固定电话”列。")
    number = re.sub(r"\D", "", found[0])
    if len(found) > 1 or len(re.sub(r"\D", "", text)) > 13:
        message = "单元格里有多个号码，只取第一个作手机号，其余请另行登记。"
        row.add(name, "several_numbers", message, before=show(name, text), after=show(name, number))
    elif number != original:
        row.add(
            name, "mobile_tidied", "已去掉号码中的空格、横线等。", before=show(name, text), after=show(name, number)
        )
    return number


def _phone(row: RosterRow, name: str, cell: Cell, today: date) -> str:
    text = _text(row, name, unicodedata.normalize("NFKC", text_of(cell)), today)
    if not LANDLINE.fullmatch(text) and not MOBILE.fullmatch(text):
        row.add(
            name, "phone_odd", "不像电话号码，已照原样登记，请核对。", before=show(name, text), after=show(name, text)
        )
    return text


def _party_post(row: RosterRow, name: str, cell: Cell, today: date) -> str:
    text = _text(row, name, cell, today)
    parts = [part for part in re.split(r"[、,，;；/兼\s]+", text) if part]
    known = [PARTY_POSTS.get(part) for part in parts]
    joined = "、".join(post or part for post, part in zip(known, parts, strict=True))
    if None in known:
        row.add(name, "party_post_unknown", "有认不出的党内职务，已照原样登记，请核对。", before=text, after=joined)
    elif joined != text:
        row.add(name, "word_mapped", "已按意思对应，请核对。", before=text, after=joined)
    return joined


def _introducers(row: RosterRow, name: str, cell: Cell, today: date) -> str:
    text = _text(row, name, cell, today)
    people = [person.replace(" ", "") for person in re.split(r"[、,，;；/]+", text) if person.strip()]
    if len(people) == 1:
        people = text.split()
    joined = "、".join(people)
    if joined != text or len(people) != 2:
        message = "入党介绍人一般为两人，请核对。" if len(people) != 2 else "已统一为顿号分隔。"
        row.add(name, "introducers_tidied", message, before=text, after=joined)
    return joined


def _staff_no(row: RosterRow, name: str, cell: Cell, today: date) -> str:
    original = text_of(cell)
    text = re.sub(r"\s", "", _tidy(unicodedata.normalize("NFKC", original)).strip("'"))
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z_\-]{0,29}", text):
        raise Refused("STAFF_NO_INVALID", "工号只能是字母和数字，最长30位。请改正后再导入。")
    if text != original:
        row.add(name, "staff_no_tidied", "已去掉工号中的空格等多余字符。", before=original, after=text)
    return text


Cleaner = Callable[[RosterRow, str, Cell, date], Value]
CLEANERS: Final[Mapping[str, Cleaner]] = {
    "name": _name,
    "gender": partial(_word, GENDER),
    "id_number": _identity,
    "ethnicity": partial(_code, ETHNICITY),
    "birth_date": _date,
    "education": partial(_code, EDUCATION),
    "degree": partial(_word, DEGREE),
    "member_type": partial(_word, MEMBER_TYPE),
    "membership_status": partial(_word, MEMBERSHIP_STATUS),
    "branch": _place,
    "group": _place,
    "joined_on": _date,
    "confirmed_on": _date,
    "job_post": partial(_code, JOB_POST),
    "staff_category": partial(_word, STAFF_CATEGORY),
    "title_level": partial(_word, TITLE_LEVEL),
    "department": _text,
    "party_post": _party_post,
    "work_from": _date,
    "mobile": _mobile,
    "phone": _phone,
    "address": _text,
    "police_station": _text,
    "introducers": _introducers,
    "lost_contact": _yes_no,
    "lost_since": _date,
    "floating": _yes_no,
    "destination": _text,
    "hardship": _yes_no,
    "retired": _yes_no,
    "staff_no": _staff_no,
}
