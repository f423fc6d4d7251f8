"""Terms of office: how long, when to ask for the next election, how far it may be moved. Pure.

Reminder days of a term and of a vacant post stand in branches.rules. Sources: the branch regulations
《中国共产党支部工作条例（试行）》, the term rules for primary organisations of 2018, the election regulations.
"""

from datetime import date, timedelta
from typing import Final, NamedTuple

from branches.choices import BranchKind, BranchLevel
from branches.rules import TERM_STEPS

REQUEST_DAYS: Final = 60  # before the end: the request for instructions is due; our choice within "one to two months"
LONGEST_SHIFT: Final = 365  # days; an approved earlier or later election is generally moved by a year at most
USUAL_SHIFT: Final = 30  # days; our choice: held within a month of the end, nobody has to approve the day


class TermLength(NamedTuple):
    """One row of the law: from `since` on a term at `level` lasts `years`."""

    level: BranchLevel
    years: int
    since: date
    source: str


TERM_LENGTHS: Final[tuple[TermLength, ...]] = (
    TermLength(BranchLevel.BRANCH, 3, date(2018, 10, 28), "支部工作条例"),
    TermLength(BranchLevel.GENERAL_BRANCH, 3, date(2018, 10, 28), "关于党的基层组织任期的意见"),
    TermLength(BranchLevel.COMMITTEE, 5, date(2018, 10, 28), "关于党的基层组织任期的意见"),
)


def has_terms(level: BranchLevel | str, kind: BranchKind | str) -> bool:
    """A temporary branch never elects: whoever approved it appoints. A group's leader follows the committee's term."""
    return kind != BranchKind.TEMPORARY and any(row.level == level for row in TERM_LENGTHS)


def term_years(level: BranchLevel | str, on: date) -> int | None:
    """Years of a term that begins on `on`; an older one is measured by the first row. None: the level has no terms."""
    rows = [row for row in TERM_LENGTHS if row.level == level]
    valid = [row for row in rows if row.since <= on] or rows[:1]
    return valid[-1].years if valid else None


def term_end(level: BranchLevel | str, starts_on: date) -> date | None:
    """Last day of a full term.

    >>> term_end("branch", date(2024, 3, 15)), term_end("group", date(2024, 1, 1))
    (datetime.date(2027, 3, 14), None)
    """
    years = term_years(level, starts_on)
    if years is None:
        return None
    if (starts_on.month, starts_on.day) == (2, 29):
        return date(starts_on.year + years, 2, 28)
    return starts_on.replace(year=starts_on.year + years) - timedelta(days=1)


class Standing(NamedTuple):
    """Where a term stands on a day. `left` is negative once it has run out."""

    left: int
    notice_on: date  # the superior reminds
    request_on: date  # the request for instructions is due
    last_day: date  # no approved extension reaches beyond it
    css: str
    text: str


def standing(*, ends_on: date, extended_to: date | None, today: date) -> Standing:
    """Days are counted to the end of the term, or to the approved later day; the hard stop always from the end."""
    due = extended_to or ends_on
    left = (due - today).days
    last_day = ends_on + timedelta(days=LONGEST_SHIFT)
    if today > last_day:
        css, text = "is-late", f"已超过届满日期{(today - ends_on).days}天，不能再延期"
    elif left < 0:
        css, text = "is-late", f"届满已{-left}天，未换届"
    elif left == 0:
        css, text = "is-late", "今天届满"
    elif left <= TERM_STEPS[0]:
        css, text = "is-soon", f"还有{left}天届满"
    else:
        css, text = "is-ok", f"还有{left}天届满"
    notice, request = due - timedelta(days=TERM_STEPS[0]), due - timedelta(days=REQUEST_DAYS)
    return Standing(left, notice, request, last_day, css, text)


def shift_problem(*, ended: date, starts_on: date, approved: bool) -> str:
    """What speaks against a new term from `starts_on` when the one before ends on `ended`; "" for nothing."""
    days = (starts_on - ended).days - 1
    word = "推迟" if days > 0 else "提前"
    if abs(days) > LONGEST_SHIFT:
        return f"比上届届满日期{word}{abs(days)}天，超过1年，不能换届，请先向上级党组织请示。"
    if abs(days) > USUAL_SHIFT and not approved:
        return f"比上届届满日期{word}{abs(days)}天，{word}换届须经上级党组织批准，请填写批复文号。"
    return ""
