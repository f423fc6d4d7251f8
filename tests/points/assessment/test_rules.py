"""What the figures of a year suggest, what vetoes and the cap leave of it, and what people may do (domain.md 6)."""

from decimal import Decimal as D
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points.assessment.rules import (
    NOT_APPRAISED,
    ORDER,
    PROBATIONARY,
    TOO_SHORT,
    Cap,
    Cut,
    Facts,
    Veto,
    choices,
    excellent_cap,
    judge,
    limited,
    needs_reason,
    veto_limit,
)
from points.catalogue import CATALOGUE
from points.choices import VETO_LIMITS, Category, Grade
from points.rules import Scheme

EXCELLENT, QUALIFIED, BASICALLY, UNQUALIFIED = ORDER
ALL_EXCELLENT = {EXCELLENT: 10}


def person(member=1, points="100", votes=None, **fields) -> Facts:
    year_points = None if points is None else D(points)
    return Facts(member, year_points, ALL_EXCELLENT if votes is None else votes, **fields)


def one(facts: Facts, *others: Facts):
    """What is suggested for somebody in a branch large enough for the cap not to matter."""
    return judge([facts, *others, *(person(1000 + n, "60", {QUALIFIED: 1}) for n in range(5))]).lines[0]


class TestThresholds:
    @pytest.mark.parametrize(
        ("points", "value", "grade"),
        [
            ("85.71", "90.00", EXCELLENT),  # 0.7 × 85.71 = 59.997, rounded up with 30
            ("85.70", "89.99", QUALIFIED),
            ("64.29", "75.00", QUALIFIED),
            ("64.27", "74.99", BASICALLY),
            ("42.86", "60.00", BASICALLY),
            ("42.84", "59.99", UNQUALIFIED),
        ],
    )
    def test_each_threshold_compares_the_value_rounded_to_a_cent(self, points, value, grade):
        line = one(person(points=points))
        assert (line.composite, line.suggested) == (D(value), grade)

    def test_85_points_and_a_unanimous_poll_are_not_enough_88_5_and_93_5_are(self):
        assert one(person(points="85")).composite == D("89.50")
        assert one(person(points="88.5", votes={EXCELLENT: 27, QUALIFIED: 13})).composite == D("90.00")

    def test_a_hospital_has_its_own_thresholds_and_scale(self):
        scheme = Scheme(
            scale=D(10), thresholds=((EXCELLENT, D(95)), (QUALIFIED, D(80)), (BASICALLY, D(60))), points_share=D("0.5")
        )
        facts = [person(points="900"), *(person(n, "600") for n in range(2, 6))]
        assert judge(facts, scheme).lines[0].suggested == EXCELLENT
        assert judge([person(points="890"), *facts[1:]], scheme).lines[0].suggested == QUALIFIED


class TestWhoIsNotGraded:
    def test_probationers_get_no_grade_whatever_their_points(self):
        line = one(person(is_full=False))
        assert (line.suggested, line.ungraded, line.index) == (None, PROBATIONARY, None)

    @pytest.mark.parametrize(("months", "ungraded"), [(2, TOO_SHORT), (3, "")])
    def test_under_three_months_on_the_roll_nothing_is_decided(self, months, ungraded):
        line = one(person(months=months))
        assert line.ungraded == ungraded
        assert (line.suggested is None) == bool(ungraded)

    def test_without_an_appraisal_there_is_no_grade(self):
        line = one(person(votes={}))
        assert (line.composite, line.suggested, line.ungraded, line.is_open) == (None, None, "", False)
        assert choices(line) == ()

    def test_who_is_exempt_is_judged_by_the_appraisal_alone(self):
        line = one(person(points=None, votes={EXCELLENT: 2, QUALIFIED: 1}))
        assert (line.year_points, line.composite, line.suggested) == (None, D("93.33"), EXCELLENT)


class TestVetoes:
    @pytest.mark.parametrize("limit", [QUALIFIED, BASICALLY, UNQUALIFIED])
    def test_it_leaves_at_most_what_its_item_says_whatever_its_code(self, limit):
        assert one(person(vetoes=(Veto("V31", limit),))).suggested == limit

    def test_the_default_rules_say_what_each_leaves(self):
        said = {item.code: item.grade_limit for item in CATALOGUE if item.category == Category.VETO}
        assert [code for code, limit in said.items() if limit == BASICALLY] == ["V01", "V04"]
        assert [code for code, limit in said.items() if limit == UNQUALIFIED] == ["V02", "V03", "V06", "V07"]
        assert said["V05"] is None

    def test_the_graver_of_two_holds(self):
        assert veto_limit([Veto("V01", BASICALLY), Veto("V02", UNQUALIFIED)]) == (UNQUALIFIED, False)

    def test_a_limit_never_lifts_anybody(self):
        line = one(person(points="0", votes={UNQUALIFIED: 1}, vetoes=(Veto("V01", BASICALLY),)))
        assert line.suggested == UNQUALIFIED

    def test_of_one_decided_elsewhere_people_say_within_the_limits_of_the_others(self):
        line = one(person(vetoes=(Veto("V05"), Veto("V04", BASICALLY))))
        assert (line.suggested, line.by_hand, line.is_open) == (None, True, True)
        assert choices(line) == (BASICALLY, UNQUALIFIED)

    def test_no_hand_goes_beyond_the_limit(self):
        line = one(person(vetoes=(Veto("V01", BASICALLY),)))
        assert choices(line) == (BASICALLY, UNQUALIFIED)


class TestCap:
    @pytest.mark.parametrize(
        ("full", "probationers", "most"), [(31, 0, 10), (30, 0, 10), (29, 0, 9), (29, 2, 9), (3, 0, 1), (2, 5, 0)]
    )
    def test_a_third_of_the_full_members_rounded_down(self, full, probationers, most):
        people = [person(n) for n in range(full)] + [person(100 + n, is_full=False) for n in range(probationers)]
        cap = judge(people).cap
        assert (cap.base, cap.most) == (full, most)

    def test_its_arithmetic_can_be_shown(self):
        assert Cap(29, 9).words == "29人×1/3＝9.67，取9人"
        assert Cap(29, 4, ratio=Fraction(3, 20)).words == "29人×15%＝4.35，取4人"

    @pytest.mark.parametrize(
        ("ratio", "full", "most"),
        [
            (Fraction(3, 20), 20, 3),
            (Fraction(3, 20), 19, 2),
            (Fraction(2, 10), 5, 1),
            (Fraction(29, 100), 100, 29),  # 100 × 0.29 is 28.999… in binary
            (Fraction(1), 7, 7),
        ],
    )
    def test_a_hospital_settles_another_ratio_and_no_seat_is_lost_to_rounding(self, ratio, full, most):
        scheme = Scheme(excellent_ratio=ratio)
        cap = judge([person(n) for n in range(full)], scheme).cap
        assert (cap.most, excellent_cap(full, ratio)) == (most, most)

    def test_those_beyond_it_fall_to_qualified_by_composite_then_points(self):
        people = [person(1, "99", {EXCELLENT: 1}), person(2, "98"), person(3, "97")]
        assert [line.suggested for line in judge(people).lines] == [EXCELLENT, QUALIFIED, QUALIFIED]
        # all above 100 count as 100 in the composite: the points of the year go on
        people = [person(1, "101"), person(2, "103"), person(3, "102")]
        assert [line.suggested for line in judge(people).lines] == [QUALIFIED, EXCELLENT, QUALIFIED]

    def test_equal_at_the_cut_is_left_to_people(self):
        people = [person(1, "99"), person(2, "98"), person(3, "98"), *(person(n, "60") for n in range(4, 7))]
        outcome = judge(people)
        assert [line.cut for line in outcome.lines[:3]] == [Cut.WITHIN, Cut.TIED, Cut.TIED]
        assert [line.suggested for line in outcome.lines[:3]] == [EXCELLENT, None, None]
        assert outcome.cap.seats == 1
        assert choices(outcome.lines[1]) == (EXCELLENT, QUALIFIED)
        assert needs_reason(outcome.lines[1], QUALIFIED)

    def test_equals_that_all_fit_are_no_tie(self):
        people = [person(1, "99"), person(2, "99"), *(person(n, "60") for n in range(3, 7))]
        assert [line.cut for line in judge(people).lines[:2]] == [Cut.WITHIN] * 2

    def test_equals_behind_the_cut_are_no_tie(self):
        people = [person(1, "99"), person(2, "98"), person(3, "98")]
        assert [line.cut for line in judge(people).lines] == [Cut.WITHIN, Cut.BEYOND, Cut.BEYOND]

    def test_a_cent_of_composite_decides(self):
        low = {EXCELLENT: 999, QUALIFIED: 1}  # 99.98
        people = [person(1, "99"), person(2, "99", low), person(3, "99", low)]
        assert [line.cut for line in judge(people).lines] == [Cut.WITHIN, Cut.BEYOND, Cut.BEYOND]

    def test_who_is_exempt_stands_in_no_ranking(self):
        people = [person(1, "99"), person(2, "98"), person(3, None), *(person(n, "60") for n in range(4, 7))]
        outcome = judge(people)
        assert [line.cut for line in outcome.lines[:3]] == [Cut.WITHIN, Cut.TIED, Cut.TIED]
        assert outcome.cap.seats == 1
        assert judge([*people, person(7, "60"), person(8, "60"), person(9, "60")]).lines[2].cut == Cut.WITHIN

    def test_in_a_branch_too_small_nobody_is_suggested_as_excellent(self):
        assert {line.suggested for line in judge([person(1), person(2, None)]).lines} == {QUALIFIED}


class TestPeople:
    def test_one_step_up_or_down_with_a_reason(self):
        line = one(person(points="70"))
        assert line.suggested == QUALIFIED
        assert choices(line) == (EXCELLENT, QUALIFIED, BASICALLY)
        assert [needs_reason(line, grade) for grade in choices(line)] == [True, False, True]

    def test_the_ends_of_the_scale_have_one_neighbour(self):
        assert choices(one(person())) == (EXCELLENT, QUALIFIED)
        assert choices(one(person(points="0", votes={UNQUALIFIED: 1}))) == (BASICALLY, UNQUALIFIED)


votes = st.dictionaries(st.sampled_from(ORDER), st.integers(0, 40), max_size=4)
facts = st.builds(
    Facts,
    member=st.just(0),
    year_points=st.none() | st.integers(0, 12_000).map(lambda n: D(n) / 100),
    votes=votes,
    is_full=st.booleans(),
    months=st.integers(0, 12),
    vetoes=st.lists(
        st.builds(Veto, st.sampled_from(["V01", "V05", "V31"]), st.sampled_from([None, *VETO_LIMITS])), max_size=2
    ).map(tuple),
)
branches = st.lists(facts, max_size=40).map(
    lambda people: [Facts(n, *list(vars(one).values())[1:]) for n, one in enumerate(people)]
)


@given(branches)
def test_the_program_never_suggests_more_than_the_cap_nor_better_than_a_veto(people):
    outcome = judge(people)
    assert sum(line.suggested == EXCELLENT for line in outcome.lines) <= outcome.cap.most
    for line in outcome.lines:
        if line.suggested is not None:
            assert limited(line.suggested, line.limit) == line.suggested
        for chosen in choices(line):
            assert limited(chosen, line.limit) == chosen
        assert not (line.ungraded and line.suggested)


@given(branches)
def test_open_seats_are_fewer_than_those_who_contend_for_them(people):
    outcome = judge(people)
    tied = [line for line in outcome.lines if line.cut == Cut.TIED]
    within = sum(line.cut == Cut.WITHIN for line in outcome.lines)
    if tied:
        assert 0 < outcome.cap.seats < len(tied)
        assert within + outcome.cap.seats == outcome.cap.most


@given(branches, st.randoms())
def test_the_order_of_the_list_decides_nothing(people, random):
    before = {line.member: line for line in judge(people).lines}
    shuffled = list(people)
    random.shuffle(shuffled)
    assert {line.member: line for line in judge(shuffled).lines} == before


@given(branches)
def test_equal_figures_are_treated_equally(people):
    seen = {}
    for line in judge(people).lines:
        key = (line.composite, line.year_points, line.limit, line.by_hand, line.ungraded)
        assert seen.setdefault(key, (line.suggested, line.cut)) == (line.suggested, line.cut)


def test_the_words_fit_their_column():
    assert max(map(len, (PROBATIONARY, TOO_SHORT, NOT_APPRAISED))) <= 60
    assert Grade("excellent") in ORDER
