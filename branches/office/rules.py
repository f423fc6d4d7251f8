"""The periods of reports: months, quarters, years; which one ended last, and when a schedule falls due."""

from datetime import date, timedelta
from typing import Final

from branches.choices import Span

MONTHS: Final = {Span.MONTH: 1, Span.QUARTER: 3, Span.YEAR: 12}
OFFERED: Final = {Span.MONTH: 24, Span.QUARTER: 12, Span.YEAR: 5}  # periods a form lists, the present one first
QUARTERS: Final = "一二三四"
FAILURES: Final = {
    "PdfMissing": "本机缺少PDF组件，请改用Word，或联系信息管理员安装",
    "NothingToReport": "这一期间没有数据，没有可以生成的内容",
    "WorkerLost": "生成多次中断，请稍后重试；仍不成功请联系信息管理员",
}


def first_day(span: Span, day: date) -> date:
    """Of the period that `day` lies in.

    >>> first_day(Span.QUARTER, date(2026, 11, 22))
    datetime.date(2026, 10, 1)
    """
    length = MONTHS[span]
    return date(day.year, (day.month - 1) // length * length + 1, 1)


def after(span: Span, start: date) -> date:
    """First day of the next period."""
    month = start.month + MONTHS[span]
    return date(start.year + (month > 12), month - 12 if month > 12 else month, 1)


def last_day(span: Span, start: date) -> date:
    return after(span, start) - timedelta(days=1)


def before(span: Span, day: date) -> date:
    """First day of the period that ended last before `day`."""
    return first_day(span, first_day(span, day) - timedelta(days=1))


def offered(span: Span, today: date) -> list[date]:
    starts = [first_day(span, today)]
    while len(starts) < OFFERED[span]:
        starts.append(before(span, starts[-1]))
    return starts


def label(span: Span, start: date) -> str:
    """>>> label(Span.QUARTER, date(2026, 10, 1)), label(Span.YEAR, date(2026, 1, 1))
    ('2026年第四季度', '2026年')
    """
    if span == Span.MONTH:
        return f"{start.year}年{start.month}月"
    if span == Span.QUARTER:
        return f"{start.year}年第{QUARTERS[(start.month - 1) // 3]}季度"
    return f"{start.year}年"


def why_failed(error: str) -> str:
    """The kind of the error of a job, as whoever asked for the report is told it: without a full stop."""
    return FAILURES.get(error, "系统内部出错，请重试；仍不成功请联系信息管理员")


def falls_due(span: Span, day_of_month: int, since: date, today: date) -> date | None:
    """The period a schedule has to make today: it ended, its day has come, and not before the schedule was there.

    The day lies in the month after the period: of a quarter or a year in the first month of the next one.
    """
    start = before(span, today)
    due = after(span, start).replace(day=day_of_month)
    return start if since <= due <= today else None
