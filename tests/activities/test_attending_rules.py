"""Rates, hours and terms: pure, both sides of every edge."""

from datetime import date
from decimal import Decimal

import pytest

from activities.attendance.rules import Tally, hours_of, make_up_term, study_kind, tally, target_hours
from activities.choices import Kind


def test_excused_is_not_present_and_made_up_counts_only_in_the_second_rate():
    rows = [("present", False)] * 6 + [("leave", True), ("official", False), ("unexcused", False), ("unexcused", False)]
    found = tally(rows)
    assert found == Tally(expected=10, present=6, made_up=1, unexcused=2)
    assert found.attendance_rate == Decimal("0.6")
    assert found.with_makeup_rate == Decimal("0.7")
    assert found.unexcused_rate == Decimal("0.2")
    assert found.excused == 2


def test_nobody_expected_has_no_rate():
    assert tally([]).attendance_rate is None
    assert tally([]).with_makeup_rate is None
    assert tally([]).unexcused_rate is None


@pytest.mark.parametrize(
    ("minutes", "hours"),
    [(0, "0.5"), (14, "0.5"), (44, "0.5"), (45, "1.0"), (74, "1.0"), (75, "1.5"), (480, "8.0"), (900, "8.0")],
)
def test_the_length_counts_to_the_half_hour_at_most_a_full_day(minutes, hours):
    assert hours_of(None, minutes) == Decimal(hours)


def test_hours_that_were_entered_stand():
    assert hours_of(Decimal("4.0"), 60) == Decimal("4.0")


def test_the_lecture_gives_the_hours_of_a_theme_day_with_a_lecture_and_business_gives_none():
    assert study_kind([Kind.THEME_DAY, Kind.PARTY_LECTURE]) == Kind.PARTY_LECTURE
    assert study_kind([Kind.GROUP_MEETING]) == Kind.GROUP_MEETING
    assert study_kind([Kind.COMMITTEE_MEETING]) is None


def test_members_owe_32_hours_and_officers_56():
    assert (target_hours(officer=False), target_hours(officer=True)) == (Decimal(32), Decimal(56))


def test_a_make_up_is_due_thirty_days_later():
    assert make_up_term(date(2026, 11, 22)) == date(2026, 12, 22)
