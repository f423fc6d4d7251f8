"""What a node owes in a year, and when it does not."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.choices import GATHERINGS, DoneBy, Kind, Per, Period
from activities.plan.duties import TEMPORARY_KINDS, Duty
from activities.rules import (
    DUTIES,
    BranchShape,
    done,
    due_items,
    duty_of,
    is_backfilled,
    is_late,
    on_track,
    percent,
    period_of,
)

OLD = date(2015, 1, 1)


def shape(**changes) -> BranchShape:
    """机关一党支部: 31 members of whom 2 probationers, five on the committee, three groups."""
    facts = {
        "level": "branch",
        "founded_on": OLD,
        "full_members": 29,
        "has_committee": True,
        "group_ids": (11, 12, 13),
        "birthdays_in_month": frozenset({7, 11}),
    }
    return BranchShape(**(facts | changes))


def items(kind, year=2026, **changes):
    return [item for item in due_items(shape(**changes), year) if item.kind == kind]


def owed(kind, year=2026, **changes):
    return [item for item in items(kind, year, **changes) if item.applicable]


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        (Kind.COMMITTEE_MEETING, 12),
        (Kind.GROUP_MEETING, 36),
        (Kind.THEME_DAY, 12),
        (Kind.DUES_COLLECTION, 12),
        (Kind.POLITICAL_BIRTHDAY, 2),
        (Kind.GENERAL_MEETING, 4),
        (Kind.PARTY_LECTURE, 4),
        (Kind.POINTS_PUBLICATION, 4),
        (Kind.WARNING_EDUCATION, 2),
        (Kind.ORG_LIFE_MEETING, 1),
        (Kind.DEMOCRATIC_APPRAISAL, 1),
        (Kind.HEART_TALK, 1),
    ],
)
def test_a_full_branch_owes_this_often_in_a_year(kind, count):
    assert len(owed(kind)) == count


def test_duties_of_the_committee_are_never_demanded_of_a_branch_nor_the_reverse():
    of_branch = {item.kind for item in due_items(shape(), 2026)}
    of_committee = {item.kind for item in due_items(shape(level="committee"), 2026)}
    assert of_committee == {Kind.CENTER_GROUP_STUDY, Kind.DEM_LIFE_MEETING, Kind.REPORT_ASSESSMENT, Kind.RESEARCH}
    assert not of_branch & of_committee
    assert Kind.DOUBLE_ORG_LIFE not in of_branch | of_committee


@pytest.mark.parametrize("level", ["superior", "general_branch", "group"])
def test_other_levels_owe_nothing_of_their_own(level):
    assert due_items(shape(level=level), 2026) == []


@pytest.mark.parametrize(("full_members", "applicable"), [(6, False), (7, True)])
def test_committee_meetings_are_owed_from_seven_full_members(full_members, applicable):
    months = items(Kind.COMMITTEE_MEETING, full_members=full_members, has_committee=False)
    assert [item.applicable for item in months] == [applicable] * 12
    assert {item.reason for item in months} == {"" if applicable else "党员不足7人，不设支委会"}


def test_a_committee_that_exists_meets_even_when_the_branch_has_shrunk():
    assert len(owed(Kind.COMMITTEE_MEETING, full_members=6, has_committee=True)) == 12


def test_every_group_owes_its_own_meeting():
    november = [item for item in items(Kind.GROUP_MEETING) if item.start.month == 11]
    assert [item.group_id for item in november] == [11, 12, 13]
    assert {item.per for item in november} == {Per.GROUP}


def test_without_groups_there_is_one_grey_item_a_month():
    months = items(Kind.GROUP_MEETING, group_ids=())
    assert [(item.group_id, item.applicable, item.reason) for item in months] == [(None, False, "不设党小组")] * 12


def test_a_month_without_an_anniversary_has_no_political_birthday():
    months = items(Kind.POLITICAL_BIRTHDAY)
    assert [item.start.month for item in months if item.applicable] == [7, 11]
    assert {item.reason for item in months if not item.applicable} == {"本月无人"}


def test_a_temporary_branch_owes_only_theme_days_and_lectures():
    year = due_items(shape(kind="temporary"), 2026)
    assert {item.kind for item in year if item.applicable} == TEMPORARY_KINDS
    assert {item.reason for item in year if not item.applicable} == {"临时党支部不作要求"}


@pytest.mark.parametrize(
    ("founded", "kind", "first"),
    [
        (date(2026, 3, 1), Kind.THEME_DAY, date(2026, 3, 1)),
        (date(2026, 3, 2), Kind.THEME_DAY, date(2026, 4, 1)),
        (date(2026, 4, 1), Kind.GENERAL_MEETING, date(2026, 4, 1)),
        (date(2026, 4, 2), Kind.GENERAL_MEETING, date(2026, 7, 1)),
        (date(2026, 1, 1), Kind.ORG_LIFE_MEETING, date(2026, 1, 1)),
        (date(2026, 1, 2), Kind.ORG_LIFE_MEETING, None),
        (date(2026, 7, 1), Kind.WARNING_EDUCATION, date(2026, 7, 1)),
        (date(2026, 7, 2), Kind.WARNING_EDUCATION, None),
    ],
)
def test_a_branch_founded_mid_period_owes_only_whole_periods(founded, kind, first):
    starts = [item.start for item in owed(kind, founded_on=founded)]
    assert (starts[0] if starts else None) == first


def test_the_period_of_founding_is_grey_and_the_ones_before_are_absent():
    quarters = items(Kind.GENERAL_MEETING, founded_on=date(2026, 5, 15))
    assert [(item.start.month, item.applicable) for item in quarters] == [(4, False), (7, True), (10, True)]
    assert quarters[0].reason == "5月15日成立，本季度不足整季"


@pytest.mark.parametrize(("dissolved", "last"), [(date(2026, 6, 30), 6), (date(2026, 6, 29), 5)])
def test_a_dissolved_branch_owes_until_its_last_whole_period(dissolved, last):
    assert owed(Kind.THEME_DAY, dissolved_on=dissolved)[-1].start.month == last
    assert items(Kind.THEME_DAY, dissolved_on=dissolved)[-1].start.month == 6


def test_a_branch_that_did_not_live_in_the_year_owes_nothing():
    assert due_items(shape(dissolved_on=date(2025, 12, 31)), 2026) == []
    assert due_items(shape(founded_on=date(2027, 1, 1)), 2026) == []


def test_a_publication_falls_due_ten_days_after_its_quarter_on_a_working_day():
    def holiday(day):
        return day + timedelta(days=2) if day == date(2027, 1, 10) else day

    year = due_items(shape(), 2026, next_working_day=holiday)
    due = [item.due for item in year if item.kind == Kind.POINTS_PUBLICATION]
    assert due == [date(2026, 4, 10), date(2026, 7, 10), date(2026, 10, 10), date(2027, 1, 12)]
    assert all(item.due == item.end for item in year if item.kind in GATHERINGS)


def test_what_is_no_gathering_says_who_fulfils_it():
    by = {item.kind: item.done_by for item in due_items(shape(), 2026)}
    assert {kind for kind, done_by in by.items() if done_by == DoneBy.SERVICE} == {
        Kind.DUES_COLLECTION,
        Kind.POINTS_PUBLICATION,
        Kind.HEART_TALK,
    }
    assert {duty.kind for duty in DUTIES if duty.done_by == DoneBy.GATHERING} == GATHERINGS


def test_every_kind_has_one_sourced_duty_in_force():
    in_force = Counter(duty.kind for duty in DUTIES if duty.in_force(date(2026, 11, 22)))
    assert in_force == Counter(kind for kind in Kind if kind != Kind.ASSIGNED)  # pushed by people, never by law
    assert all(duty.source for duty in DUTIES)


def test_a_duty_is_in_force_from_its_first_to_its_last_day():
    duty = Duty(
        *(Kind.THEME_DAY, "branch", Period.MONTH, Per.BRANCH, "x"),
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 6, 30),
    )
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1)]
    assert [duty.in_force(day) for day in days] == [False, True, True, False]


def test_before_the_regulations_nobody_owed_a_theme_day():
    assert items(Kind.THEME_DAY, year=2018)[0].start == date(2018, 11, 1)
    assert duty_of(Kind.THEME_DAY, date(2018, 10, 27)) is None
    assert period_of(Kind.THEME_DAY, date(2018, 10, 27)) is None


def test_a_gathering_counts_in_the_period_of_its_day():
    assert period_of(Kind.GENERAL_MEETING, date(2026, 9, 30)).key == "2026Q3"
    assert period_of("general_meeting", date(2026, 10, 1)).key == "2026Q4"


@given(st.integers(0, 20), st.integers(0, 20))
def test_more_than_required_never_counts(required, count):
    assert done(required, count) <= required
    assert done(required, count) == count or count > required


@pytest.mark.parametrize(("submitted", "late"), [(date(2026, 11, 30), False), (date(2026, 12, 1), True)])
def test_timeliness_is_the_day_of_submission(submitted, late):
    assert is_late(submitted, date(2026, 11, 30)) is late


@pytest.mark.parametrize(("submitted", "late"), [(date(2026, 11, 11), False), (date(2026, 11, 12), True)])
def test_a_record_is_backfilled_after_more_than_seven_days(submitted, late):
    assert is_backfilled(date(2026, 11, 4), submitted) is late


def test_on_track_counts_ended_periods_only():
    assert on_track(0, 0) is None
    assert on_track(3, 4) == Decimal("0.75")
    assert on_track(5, 4) == 1


@pytest.mark.parametrize(
    ("part", "whole", "shown"), [(19, 26, "73.08"), (13, 25, "52"), (1, 3, "33.33"), (2, 3, "66.67"), (1, 32, "3.13")]
)
def test_percentages_are_rounded_half_up_to_two_places(part, whole, shown):
    assert percent(part, whole) == Decimal(shown)


def test_an_empty_base_has_no_percentage():
    assert percent(0, 0) is None


@given(
    st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    st.none() | st.integers(0, 900),
    st.integers(0, 40),
    st.sets(st.integers(1, 99), max_size=4),
    st.sampled_from(["regular", "joint", "temporary", "retired", "floating"]),
)
def test_the_calendar_is_unique_and_inside_the_life_of_the_branch(founded, days, full_members, groups, kind):
    dissolved = None if days is None else founded + timedelta(days=days)
    branch = shape(
        founded_on=founded,
        dissolved_on=dissolved,
        full_members=full_members,
        group_ids=tuple(sorted(groups)),
        kind=kind,
    )
    year = due_items(branch, 2026)
    keys = [(item.kind, item.start, item.group_id) for item in year]
    assert len(keys) == len(set(keys))
    for item in year:
        assert item.applicable is not bool(item.reason)
        assert item.due >= item.end
        if item.applicable:
            assert founded <= item.start
            assert dissolved is None or item.end <= dissolved
