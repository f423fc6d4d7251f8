"""The year's formula, its caps and its edges."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.choices import AttendanceStatus, Kind
from points.catalogue import CATALOGUE, DEFAULTS
from points.choices import Category, Grade
from points.rules import (
    ABSENCE_COUNTS,
    DEFAULT_SCHEME,
    MemberYearFacts,
    Presence,
    Scheme,
    Variant,
    appraisal_index,
    attendance_feeds,
    composite,
    grade,
    item_total,
    points_for,
    remaining,
    study_target,
    units_completed,
    year_points,
)

D = Decimal


def total(months=12, has_groups=True, **sums):
    facts = MemberYearFacts({code: D(value) for code, value in sums.items()}, months, has_groups)
    return year_points(facts, DEFAULTS).total


PERFECT = {"A01": "2", "A02": "6", "A03": "2", "A04": "3", "A05": "1", "A06": "1", "A07": "2"}
DUTIFUL = {"A01": "2", "A02": "6", "A03": "2", "A04": "3", "A05": "1", "B01": "4", "B02": "2", "B03": "1"} | {
    "C01": "3",
    "C02": "1",
}


@pytest.mark.parametrize(
    ("months", "sums", "shown"),
    [
        (7, {"A02": "2.5", "C01": "1.75", "D02": "2"}, "69.29"),
        (3, {"F01": "10"}, "70.00"),
        (12, {"G01": "-40"}, "20.00"),
        (12, {"G01": "-65"}, "0.00"),
        (12, DUTIFUL, "85.00"),
        (12, DUTIFUL | {"D02": "2", "E01": "1.5"}, "88.50"),
        (12, {}, "60.00"),
        (12, {"G01": "-60"}, "0.00"),
        (12, {"G01": "-59.5"}, "0.50"),
    ],
)
def test_the_published_examples_come_out(months, sums, shown):
    assert str(total(months, **sums)) == shown


def test_nobody_has_more_than_86_without_visible_service_nor_more_than_120_at_all():
    earned = {item.code: str(item.cap) for item in CATALOGUE if item.cap is not None}
    assert total(**earned) == 120
    assert total(**{code: cap for code, cap in earned.items() if code[0] in "ABC"}) == 86


def test_perfect_attendance_is_worth_14_with_or_without_groups():
    assert total(**PERFECT) == 74
    without = {code: value for code, value in PERFECT.items() if code != "A04"} | {"A02": "9"}
    assert total(has_groups=False, **without) == 74
    assert total(has_groups=True, **without) == 60 + 14  # 2 + 6 + 2 + 1 + 1 + 2


@pytest.mark.parametrize(("has_groups", "shown"), [(True, 6), (False, 9)])
def test_theme_days_are_capped_higher_where_there_are_no_groups(has_groups, shown):
    assert total(has_groups=has_groups, A02="9.75") == 60 + shown
    assert sum(DEFAULTS[f"A0{n}"].limit(has_groups) for n in range(1, 8)) == 17


@pytest.mark.parametrize(
    ("months", "rated", "shown"), [(0, False, "60.50"), (2, False, "60.50"), (3, True, "62.00"), (12, True, "60.50")]
)
def test_a_part_year_is_scaled_from_three_months_on_and_not_rated_below(months, rated, shown):
    year = year_points(MemberYearFacts({"A01": D("0.5")}, months), DEFAULTS)
    assert (year.rated, str(year.total)) == (rated, shown)


def test_posts_service_honours_and_deductions_are_never_scaled():
    sums = {"D01": "0.5", "E01": "0.5", "F06": "0.5", "G02": "-0.5"}
    assert total(3, **sums) == total(12, **sums) == 61


def test_scaled_sevenths_that_add_up_to_a_whole_are_not_lost_by_rounding():
    assert total(7, A01="0.5", A03="0.25", B02="1", B03="0.25") == D("63.43")
    assert total(7, A01="0.5", A03="0.08625") == D("61.01")  # 1.005 exactly: 6/7 and a bit


def test_the_parts_are_shown_with_their_caps():
    year = year_points(MemberYearFacts({"A02": D("6.5"), "D03": D("3"), "G01": D("-2"), "F01": D("12")}), DEFAULTS)
    assert (year.items["A02"].raw, year.items["A02"].counted, year.items["A02"].cap) == (D("6.5"), 6, 6)
    assert (year.categories[Category.ORG].raw, year.categories[Category.ORG].counted) == (D("6.5"), 6)
    assert (year.categories[Category.POS].counted, year.categories[Category.POS].cap) == (2, 8)
    assert (year.base, year.honours, year.deductions, year.total) == (60, 10, 2, 76)


def test_a_veto_carries_no_points_and_an_unknown_item_is_a_mistake():
    assert total(V01="0") == 60
    with pytest.raises(KeyError):
        total(Z99="1")
    with pytest.raises(ValueError, match="months"):
        total(13)


AMOUNTS = st.dictionaries(
    st.sampled_from(sorted(DEFAULTS)), st.integers(0, 400).map(lambda n: D(n) / 4), max_size=len(DEFAULTS)
)


@given(AMOUNTS, st.integers(0, 12), st.booleans())
def test_no_sum_leaves_the_floor_the_caps_or_two_places(amounts, months, has_groups):
    sums = {code: -value if code[0] == "G" else value for code, value in amounts.items()}
    year = year_points(MemberYearFacts(sums, months, has_groups), DEFAULTS)
    assert 0 <= year.total <= 120
    assert year.total == year.total.quantize(D("0.01"))
    assert 0 <= year.honours <= 20
    for category, part in year.categories.items():
        assert 0 <= part.counted <= DEFAULT_SCHEME.caps[category]
    for points in year.items.values():
        assert points.cap is None or points.counted <= points.cap


@given(AMOUNTS, st.sampled_from([item.code for item in CATALOGUE if item.cap is not None]))
def test_one_more_award_never_lowers_the_year(amounts, code):
    sums = {key: -value if key[0] == "G" else value for key, value in amounts.items()}
    more = sums | {code: sums.get(code, D(0)) + 1}
    before, after = (year_points(MemberYearFacts(each), DEFAULTS).total for each in (sums, more))
    assert after >= before


@pytest.mark.parametrize(
    ("code", "quantity", "level", "so_far", "worth"),
    [
        ("A01", 1, "", 0, "0.5"),
        ("B01", D("7.9"), "", 0, "0"),
        ("B01", 8, "", 0, "1"),
        ("B01", 3, "", 6, "1"),
        ("B01", 1, "", 6, "0"),
        ("E01", D("3.9"), "", 0, "0.5"),
        ("E01", 4, "", 0, "1"),
        ("D02", 1, "short", 0, "1"),
        ("D02", 1, "long", 0, "2"),
        ("F01", 1, "national", 0, "10"),
        ("F03", 2, "hospital", 0, "1"),
        ("G01", 2, "", 0, "-4"),
        ("G04", 1, "third", 0, "-3"),
    ],
)
def test_an_item_is_worth_its_whole_units(code, quantity, level, so_far, worth):
    assert points_for(DEFAULTS[code], quantity, level=level, so_far=so_far) == D(worth)


def test_what_cannot_be_counted_is_refused():
    for code, quantity, level in (("A01", -1, ""), ("F01", 1, "galaxy"), ("F01", 1, ""), ("A01", 1, "national")):
        with pytest.raises(ValueError, match=r"negative|level"):
            points_for(DEFAULTS[code], quantity, level=level)


def test_item_totals_are_scaled_before_they_are_capped():
    assert item_total([D("0.5")] * 5, D(6), 7).quantize(D("0.0001")) == D("4.2857")
    assert item_total([D("0.25")] * 7, D(3), 7) == 3
    assert item_total([D("0.25")] * 8, D(3), 7) == 3
    assert item_total([D(40)], None) == 40


@pytest.mark.parametrize(
    ("so_far", "category", "left"),
    [
        ("0", None, "2"),
        ("1.5", None, "0.5"),
        ("2", None, "0"),
        ("2.5", None, "0"),
        ("0", "13.5", "0.5"),
        ("0", "14", "0"),
    ],
)
def test_what_is_left_is_the_smaller_room(so_far, category, left):
    assert remaining(DEFAULTS["A01"], D(so_far), D(category) if category else None) == D(left)


def test_without_groups_the_room_is_the_variants():
    assert remaining(DEFAULTS["A02"], D(6), has_groups=False) == 3
    assert remaining(DEFAULTS["A04"], D(0), has_groups=False) == 0
    assert remaining(DEFAULTS["G01"], D(0)) is None


BOTH = ["theme_day", "party_lecture"]
DAY, LECTURE, MEETING = "attendance.theme_day", "attendance.party_lecture", "attendance.general_meeting"


@pytest.mark.parametrize(
    ("kinds", "presence", "feeds"),
    [
        (["general_meeting"], Presence("present"), [MEETING]),
        (BOTH, Presence("present"), [LECTURE, DAY]),
        (["general_meeting"], Presence("present", is_lecturer=True), [MEETING, "lecturer"]),
        (["general_meeting"], Presence("leave"), []),
        (["general_meeting"], Presence("leave", made_up=True), [MEETING]),
        (["general_meeting"], Presence("official", made_up=True, is_lecturer=True), [MEETING]),
        (["general_meeting"], Presence("unexcused", made_up=True), ["absence.unexcused"]),
        (BOTH, Presence("unexcused"), ["absence.unexcused"]),
        (["political_birthday"], Presence("unexcused"), []),
        (["general_meeting"], Presence("present", late=True), [MEETING, "attendance.late"]),
        (["general_meeting"], Presence("leave", late=True), []),
        (["political_birthday"], Presence("present", late=True), ["attendance.political_birthday"]),
        (
            ["org_life_meeting"],
            Presence("present", self_checked=True),
            ["attendance.org_life_meeting", "org_life.self_check"],
        ),
        (["org_life_meeting"], Presence("present"), ["attendance.org_life_meeting"]),
        (["theme_day"], Presence("present", self_checked=True), [DAY]),
    ],
)
def test_attendance_is_worth_one_feed_a_kind_and_what_the_presence_adds(kinds, presence, feeds):
    assert attendance_feeds(kinds, presence) == feeds


def test_a_variant_of_the_post_goes_before_the_factor_of_a_branch_without_groups():
    item = replace(
        DEFAULTS["A02"],
        variants={
            "retired": Variant(points=D(1), cap=D(4)),
            "clinical": Variant(off=True),
            "administration": Variant(),
        },
    )
    assert (item.value(post="retired"), item.value(False, "retired"), item.limit(False, "retired")) == (1, D("1.5"), 6)
    assert (item.value(post="clinical"), item.exists_for(post="clinical")) == (0, False)
    assert (item.value(post="administration"), item.value(post="unheard of")) == (D("0.5"), D("0.5"))
    assert not DEFAULTS["A04"].exists_for(has_groups=False)


def test_a_scheme_of_ten_times_the_points_judges_the_same_year_the_same():
    tenfold = Scheme(base=D(600), caps={name: cap * 10 for name, cap in DEFAULT_SCHEME.caps.items()}, scale=D(10))
    large = {
        code: replace(item, points=item.points * 10, cap=item.cap and item.cap * 10) for code, item in DEFAULTS.items()
    }
    facts = {code: D(value) for code, value in DUTIFUL.items()}
    small = year_points(MemberYearFacts(facts, 7), DEFAULTS).total
    big = year_points(MemberYearFacts({code: value * 10 for code, value in facts.items()}, 7), large, tenfold).total
    votes = {Grade.EXCELLENT: 3, Grade.QUALIFIED: 1}
    assert big == small * 10 == 850
    assert composite(big, votes, tenfold) == composite(small, votes)


@pytest.mark.parametrize(
    ("hours", "days"),
    [
        ([("2026-01-05", "7.5")], []),
        ([("2026-01-05", "8")], ["2026-01-05"]),
        ([("2026-01-05", "6"), ("2026-02-05", "1.5"), ("2026-03-05", "0.5")], ["2026-03-05"]),
        ([("2026-01-05", "7.5"), ("2026-02-05", "8.5")], ["2026-02-05", "2026-02-05"]),
    ],
)
def test_a_unit_of_study_is_complete_on_the_day_its_last_half_hour_was_done(hours, days):
    done = [(date.fromisoformat(day), D(value)) for day, value in hours]
    assert units_completed(done, D(8)) == [date.fromisoformat(day) for day in days]


@pytest.mark.parametrize(("months", "target"), [(12, "32"), (11, "29.333"), (3, "8"), (2, None)])
def test_a_part_year_owes_its_part_of_the_hours(months, target):
    owed = study_target(months)
    assert owed == target if target is None else owed.quantize(D("0.001")) == D(target).quantize(D("0.001"))


def test_the_house_can_change_value_and_cap_and_the_variant_follows():
    item = replace(DEFAULTS["A02"], points=D(1), cap=D(12))
    assert (item.value(), item.value(has_groups=False), item.limit(has_groups=False)) == (1, D("1.5"), 18)


def test_the_words_of_attendance_are_those_of_the_activities_room():
    assert {Kind(kind) for kind in ABSENCE_COUNTS} <= set(Kind)
    assert {"present", "leave", "official", "unexcused"} == set(AttendanceStatus)


def test_the_catalogue_is_complete_and_adds_up():
    assert len(DEFAULTS) == len(CATALOGUE) == 51
    caps = dict.fromkeys(DEFAULT_SCHEME.caps, D(0))
    for item in CATALOGUE:
        assert item.title
        assert item.points_text
        assert item.evidence
        if item.category in caps:
            caps[item.category] += item.cap
        if item.category == Category.DED:
            assert item.points < 0 or all(level.points < 0 for level in item.levels)
    assert list(caps.values()) == [17, 9, 7, 14, 13, 28]
    feeds = [item.feed for item in CATALOGUE if item.feed]
    assert len(feeds) == len(set(feeds))


E, Q, B, U = Grade.EXCELLENT, Grade.QUALIFIED, Grade.BASICALLY_QUALIFIED, Grade.UNQUALIFIED


@pytest.mark.parametrize(
    ("points", "votes", "value", "suggested"),
    [
        ("85", {E: 31}, "89.50", Q),
        ("88.5", {E: 27, Q: 13}, "90.00", E),
        ("88.5", {E: 26, Q: 14}, "89.85", Q),
        ("86", {E: 29, Q: 1}, "90.00", E),
        ("120", {E: 1}, "100.00", E),
        ("0", {U: 3}, "0.00", U),
        (None, {E: 1, Q: 1, B: 1, U: 1}, "60.00", B),
        ("86.45", {E: 1, U: 2}, "70.52", B),
    ],
)
def test_the_composite_is_seven_parts_points_and_three_parts_poll(points, votes, value, suggested):
    found = composite(None if points is None else D(points), votes)
    assert str(found) == value
    assert grade(found) == suggested


@pytest.mark.parametrize(
    ("value", "suggested"),
    [
        ("90.00", E),
        ("89.995", E),
        ("89.99", Q),
        ("75.00", Q),
        ("74.99", B),
        ("60.00", B),
        ("59.99", U),
        ("0", U),
    ],
)
def test_grades_change_exactly_at_their_thresholds(value, suggested):
    assert grade(D(value)) == suggested


def test_without_an_appraisal_there_is_no_grade():
    assert composite(D(90), {}) is None
    assert appraisal_index({E: 0}) is None
    assert grade(None) is None
    with pytest.raises(ValueError, match="negative"):
        appraisal_index({E: -1})


def test_the_index_weighs_the_four_grades():
    assert appraisal_index({E: 27, Q: 13}) == D("93.5")
    assert appraisal_index({E: 1, U: 2}) == D("33.33")
