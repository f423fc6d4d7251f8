"""The days of the cycle: when a month closes, a quarter is published, contradicted, answered and locked.

Pure: dates, and two functions over the calendar of working days that are passed in. No regulation prescribes these
days; they are defaults of this product (docs/domain.md, 6).
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from points.choices import PeriodKind, PeriodState

CLOSES_ON: Final = 5  # day of the next month
PUBLISHED_BY: Final = 10  # days after the quarter, as the duty table has it
OBJECTIONS: Final = 5  # working days, each chained to the end of the one before
ANSWERS: Final = 7
APPEALS: Final = 10
APPEAL_WITHIN: Final = 5  # working days after the answer; our choice
CLAIM_WAITS: Final = 5  # working days a claim may wait before the organisation member is asked
STEPS: Final = (3, 1, 0)  # days before an answer or a decision is due

Next = Callable[[date], date]  # the day itself, or the first working day after it
Later = Callable[[date, int], date]  # the n-th working day after a day


class Windows(NamedTuple):
    """Last days for objections, for the branch's answers and for the decisions on appeals."""

    objections_until: date
    answers_until: date
    appeals_until: date


def month_after(month: date) -> date:
    """First day of the month after the one of `month`."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def months_between(first: date, last: date) -> list[date]:
    """First days of the months from that of `first` to that of `last`, both with it."""
    found, month = [], first.replace(day=1)
    while month <= last:
        found.append(month)
        month = month_after(month)
    return found


def quarter_of(day: date) -> date:
    """First day of the quarter.

    >>> quarter_of(date(2026, 11, 22))
    datetime.date(2026, 10, 1)
    """
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def quarter_end(quarter: date) -> date:
    """Last day of the quarter that begins on `quarter`."""
    return month_after(month_after(month_after(quarter))) - timedelta(days=1)


def month_closes_on(month: date, next_working_day: Next) -> date:
    return next_working_day(month_after(month).replace(day=CLOSES_ON))


def quarter_published_by(quarter: date, next_working_day: Next) -> date:
    return next_working_day(quarter_end(quarter) + timedelta(days=PUBLISHED_BY))


def windows(published_on: date, add_working_days: Later) -> Windows:
    """Chained from the day of publication: 12 January 2026 gives 19 and 28 January and 11 February."""
    objections = add_working_days(published_on, OBJECTIONS)
    answers = add_working_days(objections, ANSWERS)
    return Windows(objections, answers, add_working_days(answers, APPEALS))


def year_locked_by(year: int) -> date:
    """The last day of February of the next year, worked or not."""
    return date(year + 1, 3, 1) - timedelta(days=1)


def answer_due(raised_on: date, answers_until: date | None, add_working_days: Later) -> date:
    """As published; of something that was never published, seven working days after it was raised."""
    return answers_until or add_working_days(raised_on, ANSWERS)


def appeal_until(answered_on: date, add_working_days: Later) -> date:
    return add_working_days(answered_on, APPEAL_WITHIN)


def decide_due(due: date, answered_on: date, add_working_days: Later) -> date:
    """Ten working days after the day the answer was due; after the answer itself, where that came late."""
    return add_working_days(max(due, answered_on), APPEALS)


def may_lock_quarter(state: str, objections_until: date | None, unsettled: int, today: date) -> bool:
    """By hand: published (or nothing to publish), nobody may object any more, nothing is unsettled."""
    return (
        state != PeriodState.LOCKED
        and not unsettled
        and (objections_until is None or (state == PeriodState.PUBLISHED and objections_until < today))
    )


def is_late(
    booked_at: datetime,
    closed_at: datetime | None,
    announced_at: datetime | None = None,
    published_at: datetime | None = None,
) -> bool:
    """Whether an entry is a late booking (补记): it was booked after the month of its deed was closed.

    `announced_at`: of a deduction, when its member was told. Told before the closing it is posted because the month
    closes, however long its notice or an objection holds it up; but once its quarter was published without it
    (`published_at`), nobody would read of it any more, so that it is late after all.
    """
    if closed_at is None or booked_at <= closed_at:
        return False
    if announced_at is None or announced_at > closed_at:
        return True
    return published_at is not None and published_at < booked_at


class Standing(NamedTuple):
    """What a period follows its next step from. `last`: last day of the latest window of its publication."""

    kind: str
    state: str
    ended: bool
    owed: int = 0  # months not closed yet, or quarters not locked yet
    due: date | None = None  # when it closes, is to be published, or is locked
    objections_until: date | None = None
    last: date | None = None
    unsettled: int = 0
    empty: bool = False  # nobody on the roll at the end of the quarter: nothing to publish


class Step(NamedTuple):
    """What comes next, who does it, by when; `act` names the button: close, publish, lock, or none."""

    text: str
    who: str = ""
    due: date | None = None
    act: str = ""


NOTHING: Final = Step("")


def next_step(one: Standing, today: date) -> Step:
    if one.state == PeriodState.LOCKED or not one.ended:
        return NOTHING
    match one.kind:
        case PeriodKind.MONTH:
            if one.state != PeriodState.OPEN:
                return NOTHING
            return Step("关账", "支部书记，到期系统办理", one.due, "close")
        case PeriodKind.QUARTER:
            return _of_quarter(one, today)
        case _:
            if one.owed:
                return Step(f"还有{one.owed}个季度没有锁定", "党委办公室", one.due)
            return Step("锁定年度", "党委办公室，到期系统办理", one.due, "lock")


def _of_quarter(one: Standing, today: date) -> Step:
    if one.owed:
        return Step(f"还有{one.owed}个月没有关账", "支部书记", one.due)
    if one.empty:
        return Step("季末没有在册党员，不需要晾晒，可以锁定", "党委办公室", None, "lock")
    if one.state != PeriodState.PUBLISHED:
        return Step("晾晒积分", "支部书记", one.due, "publish")
    if one.objections_until and today <= one.objections_until:
        return Step("党员可以提出异议", "支部党员", one.objections_until)
    if one.unsettled:
        return Step(f"还有{one.unsettled}项异议没有办结", "支部、党委办公室", one.last)
    return Step("锁定季度", "党委办公室，期满次日系统办理", one.last, "lock")
