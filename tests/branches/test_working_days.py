"""Which days are worked, and where deadlines and reminders move."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from branches.models import AuditEntry, Holiday
from branches.reminders import keep_holidays, remove_holiday, seed_year, set_holiday
from branches.working_days import (
    WorkCalendar,
    add_working_days,
    is_working_day,
    load_calendar,
    next_working_day,
    previous_working_day,
)

GOLDEN_WEEK = WorkCalendar(
    {date(2026, 10, day): False for day in range(1, 8)} | {date(2026, 10, 10): True}, frozenset({2026})
)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 9, 30), True),
        (date(2026, 10, 1), False),  # Thursday, a holiday
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2026, 10, 10), True),  # Saturday, worked
        (date(2026, 10, 11), False),  # an ordinary Sunday
    ],
)
def test_a_holiday_is_not_worked_and_an_adjusted_saturday_is(day, worked):
    assert is_working_day(day, GOLDEN_WEEK) is worked


def test_a_deadline_moves_to_the_next_working_day_and_a_reminder_to_the_one_before():
    assert next_working_day(date(2026, 10, 5), GOLDEN_WEEK) == date(2026, 10, 8)
    assert next_working_day(date(2026, 10, 10), GOLDEN_WEEK) == date(2026, 10, 10)
    assert previous_working_day(date(2026, 10, 5), GOLDEN_WEEK) == date(2026, 9, 30)
    assert previous_working_day(date(2026, 9, 30), GOLDEN_WEEK) == date(2026, 9, 30)


def test_working_days_are_counted_from_the_day_after():
    assert add_working_days(date(2026, 9, 30), 0, GOLDEN_WEEK) == date(2026, 9, 30)
    assert add_working_days(date(2026, 9, 30), 1, GOLDEN_WEEK) == date(2026, 10, 8)
    assert add_working_days(date(2026, 9, 30), 3, GOLDEN_WEEK) == date(2026, 10, 10)
    assert add_working_days(date(2026, 9, 30), 4, GOLDEN_WEEK) == date(2026, 10, 12)
    with pytest.raises(ValueError, match="negative"):
        add_working_days(date(2026, 9, 30), -1, GOLDEN_WEEK)


def test_the_deadlines_of_the_domain_hold(db):
    """5 May 2026 moves to the 6th, 5 October to the 8th."""
    calendar = load_calendar([2026])
    assert next_working_day(date(2026, 5, 5), calendar) == date(2026, 5, 6)
    assert next_working_day(date(2026, 10, 5), calendar) == date(2026, 10, 8)


def test_the_calendar_costs_one_statement(db, django_assert_num_queries):
    with django_assert_num_queries(1):
        load_calendar([2026])


def test_a_year_nobody_knows_has_its_weekends_only_and_says_so(db):
    calendar = load_calendar([2031])
    assert not calendar.knows(date(2031, 10, 1))
    assert is_working_day(date(2031, 10, 1), calendar)
    assert not is_working_day(date(2031, 10, 4), calendar)
    assert load_calendar([2026]).knows(date(2026, 10, 1))


def test_what_the_office_says_of_a_day_goes_before_the_built_in_calendar(db, office):
    set_holiday(day=date(2026, 11, 23), is_working=False, name=" 院庆 ", actor=office)
    calendar = load_calendar([2026])
    assert not is_working_day(date(2026, 11, 23), calendar)
    assert not is_working_day(date(2026, 10, 1), calendar), "the rest of the year came along"
    assert AuditEntry.objects.filter(action="holiday.set").count() == 1
    remove_holiday(pk=Holiday.objects.get(name="院庆").pk, actor=office)
    assert is_working_day(date(2026, 11, 23), load_calendar([2026]))


def test_a_day_that_is_what_its_weekday_says_is_refused(db, office):
    with pytest.raises(ValidationError, match="本来上班"):
        set_holiday(day=date(2026, 11, 23), is_working=True, name="调休", actor=office)
    with pytest.raises(ValidationError, match="本来休息"):
        set_holiday(day=date(2026, 11, 22), is_working=False, name="周日", actor=office)


def test_seeding_writes_a_year_once_and_an_unknown_year_not_at_all(db, time_machine):
    assert seed_year(2026) > 30
    assert seed_year(2026) == 0
    assert seed_year(2031) == 0
    assert Holiday.objects.get(day=date(2026, 10, 1)).name == "国庆节"
    assert Holiday.objects.get(day=date(2026, 10, 10)).is_working
    time_machine.move_to("2025-06-01 10:00+08:00")
    assert keep_holidays() > 20
    assert keep_holidays() == 0
