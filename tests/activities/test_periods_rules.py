"""Months, quarters, half-years and years tile the calendar."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.choices import Period
from activities.rules import period_bounds, period_key, period_label, periods, span_of

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
LENGTHS = st.sampled_from(list(Period))


@pytest.mark.parametrize(
    ("period", "day", "bounds"),
    [
        ("month", date(2026, 11, 30), (date(2026, 11, 1), date(2026, 11, 30))),
        ("month", date(2026, 12, 1), (date(2026, 12, 1), date(2026, 12, 31))),
        ("month", date(2028, 2, 29), (date(2028, 2, 1), date(2028, 2, 29))),
        ("quarter", date(2026, 9, 30), (date(2026, 7, 1), date(2026, 9, 30))),
        ("quarter", date(2026, 10, 1), (date(2026, 10, 1), date(2026, 12, 31))),
        ("half_year", date(2026, 6, 30), (date(2026, 1, 1), date(2026, 6, 30))),
        ("half_year", date(2026, 7, 1), (date(2026, 7, 1), date(2026, 12, 31))),
        ("year", date(2026, 1, 1), (date(2026, 1, 1), date(2026, 12, 31))),
    ],
)
def test_a_day_lies_in_its_period_on_both_sides_of_the_edge(period, day, bounds):
    assert period_bounds(period, day) == bounds


@pytest.mark.parametrize(
    ("period", "day", "label", "key"),
    [
        ("month", date(2026, 11, 22), "11月", "2026-11"),
        ("month", date(2026, 1, 31), "1月", "2026-01"),
        ("quarter", date(2026, 3, 31), "第一季度", "2026Q1"),
        ("quarter", date(2026, 4, 1), "第二季度", "2026Q2"),
        ("quarter", date(2026, 12, 31), "第四季度", "2026Q4"),
        ("half_year", date(2026, 6, 30), "上半年", "2026H1"),
        ("half_year", date(2026, 7, 1), "下半年", "2026H2"),
        ("year", date(2026, 5, 1), "2026年", "2026"),
    ],
)
def test_a_period_has_a_name_and_a_key(period, day, label, key):
    assert period_label(period, day) == label
    assert period_key(period, day) == key
    assert (span_of(period, day).label, span_of(period, day).key) == (label, key)


@given(LENGTHS, DAYS)
def test_every_day_lies_in_exactly_one_period_of_its_year(period, day):
    spans = periods(period, day.year)
    assert [span for span in spans if span.start <= day <= span.end] == [span_of(period, day)]
    assert len({span.key for span in spans}) == len(spans)


@given(LENGTHS, st.integers(2000, 2099))
def test_periods_leave_no_gap_and_fill_the_year(period, year):
    spans = periods(period, year)
    assert (spans[0].start, spans[-1].end) == (date(year, 1, 1), date(year, 12, 31))
    assert all(a.end + timedelta(days=1) == b.start for a, b in pairwise(spans))
