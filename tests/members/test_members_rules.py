"""Ages, the roll, and the sum that must balance."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.choices import OFF_ROLL, ON_ROLL, WITHIN_ROLL, EventKind
from members.rules import (
    Interval,
    Movement,
    Reconciliation,
    RollEvent,
    age,
    high_level_basis,
    is_high_level,
    months_on_roll,
    party_standing,
    reconcile,
    roll_intervals,
)

DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))


@pytest.mark.parametrize(
    ("birth", "today", "years"),
    [
        (date(1980, 11, 22), date(2026, 11, 21), 45),
        (date(1980, 11, 22), date(2026, 11, 22), 46),
        (date(2004, 2, 29), date(2026, 2, 28), 21),
        (date(2004, 2, 29), date(2026, 3, 1), 22),
        (date(2027, 1, 1), date(2026, 1, 1), 0),
    ],
)
def test_years_are_counted_when_they_are_complete(birth, today, years):
    assert age(birth, today) == years
    assert party_standing(birth, today) == years


def test_a_probationary_member_has_no_party_standing():
    assert party_standing(None, date(2026, 11, 22)) is None


@pytest.mark.parametrize(
    ("intervals", "months"),
    [
        ([], 0),
        ([(date(2020, 5, 1), None)], 12),
        ([(date(2026, 6, 1), None)], 7),
        ([(date(2026, 6, 30), None)], 7),
        ([(date(2026, 12, 31), None)], 1),
        ([(date(2027, 1, 1), None)], 0),
        ([(date(2020, 5, 1), date(2026, 3, 1))], 2),
        ([(date(2020, 5, 1), date(2026, 3, 2))], 3),
        ([(date(2020, 5, 1), date(2026, 1, 1))], 0),
        ([(date(2026, 5, 10), date(2026, 5, 10))], 0),
        ([(date(2025, 1, 1), date(2026, 3, 15)), (date(2026, 3, 20), date(2026, 4, 2))], 4),
    ],
)
def test_a_month_counts_with_a_single_day_on_the_roll(intervals, months):
    assert months_on_roll(intervals, 2026) == months


@given(DAYS, st.none() | st.integers(0, 1500))
def test_months_on_the_roll_agree_with_a_count_of_days(start, length):
    end = None if length is None else start + timedelta(days=length)
    days = (date(2026, 1, 1) + timedelta(days=n) for n in range(365))
    expected = {day.month for day in days if start <= day and (end is None or day < end)}
    assert months_on_roll([(start, end)], 2026) == len(expected)


def test_stays_on_the_roll_follow_from_the_events():
    events = [
        RollEvent("opening", date(2025, 1, 1)),
        RollEvent("moved", date(2025, 6, 1)),
        RollEvent("suspended", date(2025, 8, 1)),
        RollEvent("transfer_out", date(2026, 3, 2)),
        RollEvent("deceased", date(2026, 3, 3)),
        RollEvent("transfer_in", date(2026, 5, 1)),
        RollEvent("opening", date(2026, 6, 1)),
    ]
    assert roll_intervals(events) == [
        Interval(date(2025, 1, 1), date(2026, 3, 2)),
        Interval(date(2026, 5, 1), None),
    ]


def test_every_kind_of_event_is_on_off_or_within_the_roll():
    assert set(EventKind) == ON_ROLL | OFF_ROLL | WITHIN_ROLL
    assert not (ON_ROLL & OFF_ROLL)
    assert {EventKind.MOVED, EventKind.CONFIRMED, EventKind.SUSPENDED} == WITHIN_ROLL


def test_495_after_474_and_25_admissions_leaves_four_others():
    year = [Movement("admitted")] * 25 + [Movement("transfer_in")] * 3
    year += [Movement("transfer_out")] * 4 + [Movement("deceased")] * 2 + [Movement("removed")]
    result = reconcile(474, year)
    assert (result.end, result.plus, result.minus) == (495, 28, 7)
    assert result.gap(495) == 0
    assert Reconciliation(474, admitted=25).gap(495) == -4


@pytest.mark.parametrize(
    ("came", "went", "change"), [(True, True, 0), (False, False, 0), (False, True, 1), (True, False, -1)]
)
def test_a_move_counts_only_across_the_border_of_the_node(came, went, change):
    assert reconcile(30, [Movement("moved", came, went)]).end == 30 + change


def test_suspension_and_confirmation_keep_their_place_on_the_roll():
    result = reconcile(30, [Movement("suspended"), Movement("confirmed")])
    assert (result.end, result.suspended, result.confirmed) == (30, 1, 1)


@given(st.integers(0, 1000), st.lists(st.sampled_from(sorted(EventKind))))
def test_the_roll_always_balances(start, kinds):
    result = reconcile(start, [Movement(kind) for kind in kinds])
    assert result.end == start + sum(k in ON_ROLL for k in kinds) - sum(k in OFF_ROLL for k in kinds)


@pytest.mark.parametrize(
    ("facts", "basis"),
    [
        ({"title": "senior"}, "副高及以上职称"),
        ({"title": "associate_senior"}, "副高及以上职称"),
        ({"title": "intermediate"}, ""),
        ({"title": "intermediate", "degree": "master"}, "硕士学位且中级职称"),
        ({"title": "junior", "degree": "master"}, ""),
        ({"degree": "doctorate"}, "博士学位"),
        ({"degree": "bachelor", "heads_department": True}, "科室或学科负责人"),
        ({"listed_expert": True}, "入选专家"),
        ({}, ""),
    ],
)
def test_the_highly_educated_group_has_its_reason(facts, basis):
    assert high_level_basis(**facts) == basis
    assert is_high_level(**facts) is bool(basis)
