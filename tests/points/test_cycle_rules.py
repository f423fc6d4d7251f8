"""The days of the cycle, over every calendar of working days."""

from datetime import date, timedelta
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branches.working_days import WorkCalendar, add_working_days, is_working_day, load_calendar, next_working_day
from points.choices import PeriodKind, PeriodState
from points.cycle import rules
from points.cycle.rules import Standing, next_step
from tests import factories

PLAIN = WorkCalendar()
DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))
CALENDARS = st.dictionaries(DAYS, st.booleans(), max_size=60).map(lambda days: WorkCalendar(days))


def following(calendar):
    return partial(next_working_day, calendar=calendar)


def later(calendar):
    return partial(add_working_days, calendar=calendar)


class TestDays:
    @pytest.mark.django_db
    def test_the_last_quarter_of_2025(self):
        calendar = load_calendar([2026])
        assert rules.quarter_published_by(date(2025, 10, 1), following(calendar)) == date(2026, 1, 12)
        found = rules.windows(date(2026, 1, 12), later(calendar))
        assert found == (date(2026, 1, 19), date(2026, 1, 28), date(2026, 2, 11))

    @pytest.mark.parametrize(
        ("month", "closes"),
        [
            (date(2026, 10, 1), date(2026, 11, 5)),  # a Thursday
            (date(2026, 11, 1), date(2026, 12, 7)),  # the fifth is a Saturday
            (date(2026, 12, 1), date(2027, 1, 5)),
        ],
    )
    def test_a_month_closes_on_day_five_or_the_next_working_day(self, month, closes):
        assert rules.month_closes_on(month, following(PLAIN)) == closes

    @pytest.mark.parametrize(("year", "day"), [(2026, date(2027, 2, 28)), (2027, date(2028, 2, 29))])
    def test_a_year_is_locked_by_the_end_of_february(self, year, day):
        assert rules.year_locked_by(year) == day

    @given(DAYS, CALENDARS)
    def test_deadlines_are_working_days_and_never_before_their_day(self, day, calendar):
        closes = rules.month_closes_on(day, following(calendar))
        published = rules.quarter_published_by(rules.quarter_of(day), following(calendar))
        assert is_working_day(closes, calendar)
        assert is_working_day(published, calendar)
        assert closes >= rules.month_after(day).replace(day=5)
        assert published >= rules.quarter_end(rules.quarter_of(day)) + timedelta(days=10)
        assert all(not is_working_day(date.fromordinal(n), calendar) for n in _between(day, closes))

    @given(DAYS, CALENDARS)
    def test_each_window_holds_exactly_its_working_days(self, day, calendar):
        found = rules.windows(day, later(calendar))
        edges = (day, *found)
        counts = [
            sum(is_working_day(date.fromordinal(n), calendar) for n in range(a.toordinal() + 1, b.toordinal() + 1))
            for a, b in pairwise(edges)
        ]
        assert counts == [rules.OBJECTIONS, rules.ANSWERS, rules.APPEALS]
        assert all(is_working_day(one, calendar) for one in found)

    @given(DAYS, DAYS, CALENDARS)
    def test_a_late_answer_leaves_the_office_its_ten_days(self, due, answered, calendar):
        decided = rules.decide_due(due, answered, later(calendar))
        assert decided >= rules.appeal_until(answered, later(calendar))
        assert decided > due

    @given(DAYS)
    def test_quarters_part_the_year(self, day):
        start = rules.quarter_of(day)
        assert start <= day <= rules.quarter_end(start)
        assert rules.quarter_of(rules.quarter_end(start)) == start
        assert rules.months_between(start, rules.quarter_end(start))[-1] == rules.quarter_end(start).replace(day=1)


CLOSED = factories.at(date(2026, 10, 8), 9)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("booked", "told", "published", "late"),
    [
        (CLOSED, None, None, False),
        (CLOSED + MINUTE, None, None, True),
        (CLOSED + MINUTE, CLOSED, None, False),  # a deduction that was told of and waited for its month to close
        (CLOSED + MINUTE, CLOSED + MINUTE, None, True),
        (CLOSED + 2 * MINUTE, CLOSED, CLOSED + 2 * MINUTE, False),
        (CLOSED + 2 * MINUTE, CLOSED, CLOSED + MINUTE, True),  # its quarter was published without it
        (CLOSED, CLOSED, CLOSED - MINUTE, False),
    ],
)
def test_late_is_what_was_booked_after_its_month_closed_but_for_what_the_closing_posts(booked, told, published, late):
    assert rules.is_late(booked, CLOSED, told, published) == late
    assert not rules.is_late(booked, None, told, published)


def _between(month: date, closes: date) -> range:
    return range(rules.month_after(month).replace(day=5).toordinal(), closes.toordinal())


class TestNextStep:
    TODAY = date(2026, 10, 20)

    def step(self, **kw):
        fields = {"kind": PeriodKind.QUARTER, "state": PeriodState.OPEN, "ended": True}
        return next_step(Standing(**fields | kw), self.TODAY)

    def test_a_month_that_has_ended_is_closed(self):
        assert self.step(kind=PeriodKind.MONTH).act == "close"
        assert self.step(kind=PeriodKind.MONTH, state=PeriodState.CLOSED).act == ""
        assert self.step(kind=PeriodKind.MONTH, ended=False).act == ""

    def test_a_quarter_waits_for_its_months_then_is_published(self):
        assert self.step(owed=1).text == "还有1个月没有关账"
        assert self.step().act == "publish"
        assert self.step(empty=True).act == "lock"

    @pytest.mark.parametrize(("until", "act"), [(date(2026, 10, 20), ""), (date(2026, 10, 19), "lock")])
    def test_a_published_one_is_locked_once_nobody_may_object(self, until, act):
        assert self.step(state=PeriodState.PUBLISHED, objections_until=until).act == act

    def test_an_unsettled_objection_holds_it_up(self):
        assert self.step(state=PeriodState.PUBLISHED, objections_until=date(2026, 10, 1), unsettled=1).act == ""

    def test_a_year_waits_for_its_quarters(self):
        assert self.step(kind=PeriodKind.YEAR, owed=2).act == ""
        assert self.step(kind=PeriodKind.YEAR).act == "lock"
