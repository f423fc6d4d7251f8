"""What the calendar moves every day: terms that lapse, months that close, deductions that fall due, periods that lock.

Each step is a transaction of its own and may run again; a day on which nothing ran is caught up by the next.
"""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Final

from django.core.exceptions import ValidationError

from activities.attendance.make_ups import lapse_make_ups
from activities.choices import Period
from activities.plan.periods import Span, periods, span_of
from branches.choices import BranchLevel
from branches.models import Branch, User
from branches.working_days import WorkCalendar, add_working_days, load_calendar, next_working_day
from points.choices import PeriodKind, PeriodState
from points.claims.deductions import post_due
from points.cycle import closing, rules
from points.cycle.agenda import quarters_to_lock
from points.cycle.closing import lived_in
from points.cycle.reminding import remind
from points.cycle.timetable import first_month
from points.models import PeriodClose, Publication

Tell = Callable[[int, str], None]
LOOK_BACK: Final = 2  # years whose quarters and years are still moved


def move(
    *, hospital_id: int, today: date, tell: Callable[[int, str], None] = lambda step, words: None
) -> dict[str, int]:
    """Everything of one hospital that is due on `today`; returns how much of each was done.

    `tell(step of 5, words)` is called between the steps: the worker is still alive.
    """
    branches = list(Branch.objects.filter(hospital=hospital_id, level=BranchLevel.BRANCH).order_by("path"))
    calendar = load_calendar([today.year])
    done: dict[str, int] = {}
    tell(0, "清点逾期未补的课")
    done["lapsed"] = lapse_make_ups(hospital_id=hospital_id, today=today)
    tell(1, "月份关账")
    done["closed"] = close_due(hospital_id=hospital_id, branches=branches, today=today, calendar=calendar)
    tell(2, "扣分入账")
    done["posted"] = post_due(branch_ids=[branch.pk for branch in branches], today=today, actor=None)
    tell(3, "锁定到期的季度和年度")
    done["locked"] = sum(lock_due(branch=branch, today=today, calendar=calendar) for branch in branches)
    tell(4, "提醒")
    done["told"] = remind(hospital_id=hospital_id, branches=branches, today=today, calendar=calendar)
    return done


def close_due(*, hospital_id: int, branches: list[Branch], today: date, calendar: WorkCalendar) -> int:
    """Close every month whose day has come, the oldest first; none before the house came to this site."""
    first = first_month(hospital_id)
    if first is None:
        return 0
    following = partial(next_working_day, calendar=calendar)
    due = [m for m in rules.months_between(first, today) if rules.month_closes_on(m, following) <= today]
    closed = set(
        PeriodClose.objects.filter(branch__in=branches, kind=PeriodKind.MONTH, start__gte=first)
        .exclude(state=PeriodState.OPEN)
        .values_list("branch", "start")
    )
    done = 0
    for month in due:
        span = span_of(Period.MONTH, month)
        mine = [branch for branch in branches if lived_in(branch, span) and (branch.pk, month) not in closed]
        if mine:
            done += closing.close_months(branches=mine, month=month, actor=None, today=today)
    return done


def lock_due(*, branch: Branch, today: date, calendar: WorkCalendar) -> int:
    """Lock what is over: quarters after the last of their windows, then years. Returns how many."""
    done = 0
    for year in range(today.year - LOOK_BACK, today.year + 1):
        rows = {(row.kind, row.start): row for row in PeriodClose.objects.filter(branch=branch, start__year=year)}
        whole = rows.get((PeriodKind.YEAR, date(year, 1, 1)))
        if not rows or (whole and whole.state == PeriodState.LOCKED):
            continue
        for span in periods(Period.QUARTER, year):
            row = rows.get((PeriodKind.QUARTER, span.start))
            if span.end < today and lived_in(branch, span) and _is_over(branch, span, row, today, calendar):
                done += _lock(branch, PeriodKind.QUARTER, span.start, today, None)
        span = span_of(Period.YEAR, date(year, 1, 1))
        if span.end < today and _year_is_over(branch, span, whole, today):
            done += _lock(branch, PeriodKind.YEAR, span.start, today, None)
    return done


def _is_over(branch: Branch, span: Span, row: PeriodClose | None, today: date, calendar: WorkCalendar) -> bool:
    state = row.state if row else PeriodState.OPEN
    if state == PeriodState.PUBLISHED:
        shown = Publication.objects.filter(branch=branch, quarter=span.start).order_by("-number")
        return (shown.values_list("appeals_until", flat=True).first() or today) < today
    if state != PeriodState.OPEN or closing.months_missing(branch, span):
        return False
    by = rules.quarter_published_by(span.start, partial(next_working_day, calendar=calendar))
    last = rules.windows(by, partial(add_working_days, calendar=calendar)).appeals_until
    return last < today and closing.nobody_to_publish(branch, span)


def _year_is_over(branch: Branch, span: Span, row: PeriodClose | None, today: date) -> bool:
    """When its quarters are locked, else at the end of February; one that was opened again by hand waits until a
    quarter of it was locked anew."""
    locked = PeriodClose.objects.filter(
        branch=branch, kind=PeriodKind.QUARTER, start__year=span.start.year, state=PeriodState.LOCKED
    )
    whole = not closing.quarters_missing(branch, span)
    if row is not None and row.reason:
        return whole and locked.filter(changed_at__gt=row.changed_at).exists()
    return whole or today >= rules.year_locked_by(span.start.year)


def lock_ready(*, branches: Sequence[Branch], actor: User, today: date) -> int:
    """The Party office locks by hand every quarter whose terms are over. Returns how many."""
    ready = quarters_to_lock(branches, today)
    return sum(_lock(branch, PeriodKind.QUARTER, line.span.start, today, actor) for branch, line in ready)


def _lock(branch: Branch, kind: PeriodKind, start: date, today: date, actor: User | None) -> int:
    """An objection that is not settled holds it up, and is reminded of elsewhere."""
    try:
        closing.lock_period(branch=branch, kind=kind, start=start, actor=actor, today=today)
    except ValidationError:
        return 0
    return 1
