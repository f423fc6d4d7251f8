"""When who is reminded of a duty: both sides of each edge, around a holiday too."""

from datetime import date, timedelta

import pytest

from activities.choices import Kind
from activities.reminders.rules import grace_of, is_overdue_for_office, office_day, send_day, step_now
from branches.working_days import WorkCalendar

PLAIN = WorkCalendar({}, frozenset({2026}))
OCTOBER = WorkCalendar(
    {date(2026, 10, day): False for day in range(1, 8)} | {date(2026, 10, 10): True}, frozenset({2026})
)
DUE = date(2026, 11, 27)  # a Friday


@pytest.mark.parametrize(
    ("today", "step"),
    [
        (date(2026, 11, 19), None),
        (date(2026, 11, 20), 7),
        (date(2026, 11, 23), 7),
        (date(2026, 11, 24), 3),
        (date(2026, 11, 25), 3),
        (date(2026, 11, 26), 1),
        (DUE, 0),
        (date(2026, 11, 28), None),
    ],
)
def test_the_last_step_whose_day_has_come_is_in_force(today, step):
    assert step_now(DUE, today, PLAIN) == step


def test_a_step_on_a_day_off_goes_out_on_the_working_day_before():
    due = date(2026, 10, 9)  # 7 days before is the 2nd, 3 before the 6th: both in the holiday
    assert send_day(due, 7, OCTOBER) == date(2026, 9, 30)
    assert send_day(due, 3, OCTOBER) == date(2026, 9, 30)
    assert send_day(due, 1, OCTOBER) == date(2026, 10, 8)
    assert step_now(due, date(2026, 9, 29), OCTOBER) is None
    assert step_now(due, date(2026, 9, 30), OCTOBER) == 3, "of two on one day the nearer one"


def test_on_the_due_day_itself_the_reminder_goes_out_whatever_the_day_is():
    due = date(2026, 10, 4)
    assert step_now(due, due, OCTOBER) == 0
    assert step_now(due, date(2026, 10, 3), OCTOBER) == 1


def test_the_office_hears_after_the_working_days_of_grace():
    assert office_day(DUE, 3, PLAIN) == date(2026, 12, 3)
    assert not is_overdue_for_office(DUE, date(2026, 12, 2), 3, PLAIN)
    assert is_overdue_for_office(DUE, date(2026, 12, 3), 3, PLAIN)
    assert office_day(DUE, 0, PLAIN) == date(2026, 11, 30)
    assert not is_overdue_for_office(DUE, DUE + timedelta(days=61), 3, PLAIN), "after two months only the board asks"
    assert is_overdue_for_office(DUE, DUE + timedelta(days=60), 3, PLAIN)


def test_the_office_sets_the_grace_of_a_kind():
    assert grace_of(Kind.THEME_DAY, {}) == 3
    assert grace_of(Kind.ORG_LIFE_MEETING, {}) == 5
    assert grace_of(Kind.THEME_DAY, {Kind.THEME_DAY: 0}) == 0
