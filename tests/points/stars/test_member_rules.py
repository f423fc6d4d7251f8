"""Stars of members: conditions on both sides of every edge, places, cuts, equals, and what a veto takes."""

from collections import Counter
from decimal import Decimal as D
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.choices import Grade
from points.stars.members.rules import (
    EXEMPT,
    LEFT_OUT,
    NOT_APPRAISED,
    TOO_SHORT,
    Facts,
    Need,
    Terms,
    conditions,
    decide,
    is_removed,
    places,
    pools,
    reach,
    unrated_words,
)

EXCELLENT, QUALIFIED, BASICALLY, UNQUALIFIED = Grade
TERMS = Terms()
B = 1  # a branch


def one(points="96", grade=EXCELLENT, *, member=1, composite="95", worst="0", deeds=("F01",), **fields):
    value = None if composite is None else D(composite)
    return Facts(
        member, fields.pop("branch", B), D(points), value, grade, worst=D(worst), deeds=deeds, **fields
    )  # fmt: skip


def stars(people, parents=None, terms=TERMS):
    found = decide(people, parents or {}, terms).standings
    return [found[person.member].stars for person in people]


class TestConditions:
    @pytest.mark.parametrize(
        ("points", "found"),
        [("95", 5), ("94.99", 4), ("85", 4), ("84.99", 3), ("75", 3), ("74.99", 2), ("60", 2), ("59.99", 1)],
    )
    def test_points_on_both_sides_of_each_line(self, points, found):
        assert reach(one(points), TERMS) == found

    def test_points_are_compared_as_rounded_to_two_places(self):
        assert reach(one("94.995"), TERMS) == 5
        assert reach(one("94.994"), TERMS) == 4

    @pytest.mark.parametrize(("grade", "found"), [(EXCELLENT, 5), (QUALIFIED, 4), (BASICALLY, 2), (UNQUALIFIED, 1)])
    def test_the_grade_limits_the_star(self, grade, found):
        assert reach(one("120", grade), TERMS) == found

    @pytest.mark.parametrize(("worst", "found"), [("3", 5), ("3.01", 4), ("0", 5)])
    def test_one_deduction_above_three_forbids_five(self, worst, found):
        assert reach(one(worst=worst), TERMS) == found

    def test_five_takes_a_deed(self):
        assert reach(one(deeds=()), TERMS) == 4
        assert reach(one(deeds=("D02",)), TERMS) == 5

    def test_a_house_that_counts_in_hundreds_is_measured_in_its_own_scale(self):
        large = Terms(scale=D(10))
        assert reach(one("950", worst="30"), large) == 5
        assert reach(one("949.99", worst="30"), large) == 4
        assert reach(one("950", worst="30.01"), large) == 4

    def test_what_is_not_known_yet_speaks_against_nothing_and_is_told(self):
        early = one(grade=None, composite=None)
        assert reach(early, TERMS) == 5
        assert [(c.need, c.met) for c in conditions(early, 5, TERMS)] == [
            (Need.POINTS, True),
            (Need.GRADE, None),
            (Need.DEDUCTION, True),
            (Need.DEED, True),
        ]
        assert conditions(early, 1, TERMS) == ()

    def test_probationers_need_no_grade_and_reach_four_at_most(self):
        young = one("120", None, composite=None, is_full=False)
        assert reach(young, TERMS) == 4
        assert [c.need for c in conditions(young, 4, TERMS)] == [Need.POINTS]
        assert reach(one("84.99", None, composite=None, is_full=False), TERMS) == 3

    def test_why_there_is_no_star(self):
        words = {"is_exempt": False, "is_short": False, "is_unappraised": False, "is_left_out": False}
        assert unrated_words(**words) == ""
        assert unrated_words(**words | {"is_exempt": True, "is_short": True}) == EXEMPT
        assert unrated_words(**words | {"is_short": True, "is_left_out": True}) == TOO_SHORT
        assert unrated_words(**words | {"is_unappraised": True}) == NOT_APPRAISED
        assert unrated_words(**words | {"is_left_out": True}) == LEFT_OUT


class TestPlaces:
    @pytest.mark.parametrize(
        ("rated", "found"), [(0, (0, 0)), (4, (0, 2)), (5, (1, 2)), (9, (1, 4)), (10, (2, 5)), (11, (2, 5))]
    )
    def test_they_are_rounded_down(self, rated, found):
        assert places(rated, TERMS) == found

    def test_small_branches_of_a_general_branch_are_counted_together(self):
        found = pools({1: 10, 2: 3, 3: 4}, {1: 9, 2: 9, 3: 9}, TERMS)
        assert (found[1].base, found[1].five, found[1].level) == (10, 2, "branch")
        assert found[2] == found[3]
        assert (found[2].base, found[2].five, found[2].four, found[2].level) == (7, 1, 3, "general_branch")

    def test_too_few_there_as_well_they_are_counted_in_the_hospital(self):
        found = pools({1: 2, 2: 2, 3: 4}, {1: 9, 2: 9, 3: None}, TERMS)
        assert set(found[1].branches) == {1, 2, 3}
        assert (found[1].base, found[1].five, found[1].four, found[1].level) == (8, 1, 4, "hospital")

    def test_four_rated_are_pooled_and_five_are_not(self):
        found = pools({1: 5, 2: 4, 3: 3}, {}, TERMS)
        assert found[1].level == "branch"
        assert set(found[2].branches) == {2, 3}

    def test_the_last_small_branch_gets_a_place_only_where_rounding_left_the_hospital_one(self):
        left = pools({1: 9, 2: 4}, {}, TERMS)[2]  # 13 rated: two places, one is taken
        assert (left.five, left.four, left.spare) == (1, 2, 1)
        none = pools({1: 10, 2: 4}, {}, TERMS)[2]  # 14 rated: two places, both are taken
        assert (none.five, none.four, none.spare) == (0, 2, 0)
        alone = pools({1: 10, 2: 4, 3: 9}, {}, TERMS)[2]  # 23 rated: four places, three are taken
        assert (alone.five, alone.spare) == (1, 1)

    def test_a_place_for_five_is_one_of_the_places_for_four_as_well(self):
        found = pools({1: 14, 2: 1}, {}, TERMS)[2]  # 15 rated: one five is left over, no four
        assert (found.five, found.four) == (0, 0)


def people(*rows, **fields):
    """(points, composite) of each; conditions of five met."""
    return [one(points, member=n, composite=value, **fields) for n, (points, value) in enumerate(rows, start=1)]


class TestCuts:
    def test_over_the_cap_it_goes_by_composite_then_points(self):
        rows = [("99", "91"), ("96", "95"), ("97", "95"), ("98", "90"), ("95", "89")]
        assert stars(people(*rows)) == [3, 4, 5, 3, 3]

    def test_whoever_is_cut_from_five_competes_for_four_by_composite(self):
        cut = one("99", member=2, composite="91")
        below = one("90", QUALIFIED, member=3, composite="90")
        rest = [one("50", UNQUALIFIED, member=20 + n, composite="40") for n in range(2)]
        assert stars([one("99", member=1, composite="95"), cut, below, *rest]) == [5, 4, 3, 1, 1]
        above = one("90", QUALIFIED, member=3, composite="92")
        assert stars([one("99", member=1, composite="95"), cut, above, *rest]) == [5, 3, 4, 1, 1]

    def test_fewer_than_the_places_get_what_their_figures_say(self):
        rest = [one("70", BASICALLY, member=10 + n, composite="70") for n in range(4)]
        assert stars([one(), *rest]) == [5, 2, 2, 2, 2]

    def test_probationers_take_no_place_and_count_for_none(self):
        young = [one("120", None, member=50 + n, composite=None, is_full=False) for n in range(5)]
        full = people(*[(f"{99 - n}", f"{99 - n}") for n in range(4)])
        assert stars(full + young, {B: None})[:4] == stars(full)
        assert stars(full + young)[4:] == [4] * 5

    def test_unrated_members_count_for_no_place(self):
        full = people(*[(f"{99 - n}", f"{99 - n}") for n in range(5)])
        assert stars(full)[0] == 5
        frail = [*full[:4], one(member=5, composite="50", unrated=LEFT_OUT)]
        assert stars(frail)[0] == 4
        assert stars(frail)[4] is None

    def test_a_veto_takes_the_star_and_its_place_goes_on_but_the_base_stays(self):
        full = people(*[(f"{99 - n}", f"{99 - n}") for n in range(5)])
        struck = [one("99", composite="99", vetoed=True), *full[1:]]
        assert stars(struck) == [None, 5, 4, 3, 3]


class TestEquals:
    def tie(self, *given_stars):
        rows = [("99", "95"), ("99", "95"), ("97", "90"), ("96", "90"), ("96", "89")]
        found = people(*rows)
        return [
            Facts(**{**vars(person), "given": choice})
            for person, choice in zip(found, [*given_stars, *[None] * 5], strict=False)
        ]

    def test_at_the_cut_of_five_it_is_left_open_and_has_at_least_four(self):
        outcome = decide(self.tie(), {}, TERMS).standings
        assert [(outcome[n].tied, outcome[n].stars, outcome[n].options) for n in (1, 2)] == [(5, 4, (5, 4))] * 2
        assert outcome[3].stars == 3

    def test_the_meeting_says_who_and_the_other_follows(self):
        assert stars(self.tie(5)) == [5, 4, 3, 3, 3]
        assert stars(self.tie(4)) == [4, 5, 3, 3, 3]

    def test_more_than_there_are_places_counts_as_nothing_said(self):
        outcome = decide(self.tie(5, 5), {}, TERMS).standings
        assert outcome[1].tied == outcome[2].tied == 5

    def test_at_the_cut_of_four(self):
        rows = [("99", "95"), ("90", "90"), ("90", "90"), ("80", "80"), ("80", "79")]
        found = people(*rows)
        outcome = decide(found, {}, TERMS).standings
        assert [(outcome[n].tied, outcome[n].stars, outcome[n].options) for n in (2, 3)] == [(4, 3, (4, 3))] * 2
        decided = [Facts(**{**vars(p), "given": 4 if p.member == 3 else None}) for p in found]
        assert stars(decided) == [5, 3, 4, 3, 3]

    def test_three_equals_for_one_five_and_one_four_are_decided_step_by_step(self):
        found = people(*[("99", "95")] * 3, ("70", "70"), ("70", "69"))
        outcome = decide(found, {}, TERMS).standings
        assert {outcome[n].options for n in (1, 2, 3)} == {(5, 4, 3)}
        said = [Facts(**{**vars(p), "given": {1: 5, 2: 4}.get(p.member)}) for p in found]
        assert stars(said)[:3] == [5, 4, 3]

    def test_a_preview_without_composites_goes_by_points(self):
        rows = [one(f"{99 - n}", None, member=n, composite=None) for n in range(5)]
        assert stars(rows) == [5, 4, 3, 3, 3]


class TestVetoes:
    @pytest.mark.parametrize(
        ("year", "following", "vetoes", "removed"),
        [
            (2025, None, [], False),
            (2025, None, [2025], True),
            (2025, None, [2026], True),
            (2025, None, [2027], True),
            (2025, None, [2024], False),
            (2024, 2025, [2025], True),
            (2024, 2025, [2026], False),
        ],
    )
    def test_it_takes_the_star_of_its_year_and_the_one_held_then(self, year, following, vetoes, removed):
        assert is_removed(year, following, vetoes) is removed


AMOUNTS = st.integers(min_value=55, max_value=105)
PERSON = st.tuples(
    st.integers(min_value=1, max_value=6),  # branch
    AMOUNTS,
    st.one_of(st.none(), st.integers(min_value=80, max_value=99)),
    st.sampled_from([*Grade, None]),
    st.booleans(),  # a deed
    st.sampled_from([True, True, True, False]),  # full
    st.sampled_from(["", "", "", LEFT_OUT]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([None, None, 5, 4, 3]),
)
PARENTS = st.dictionaries(st.integers(min_value=1, max_value=6), st.sampled_from([None, 90, 91]))


@settings(max_examples=300, deadline=None)
@given(st.lists(PERSON, max_size=60), PARENTS)
def test_caps_hold_and_order_is_kept_whatever_the_figures(rows, parents):
    everybody = [
        Facts(
            member=n, branch=branch, points=D(points), composite=None if value is None else D(value), grade=grade,
            deeds=("F01",) if deed else (), is_full=full, unrated=unrated, vetoed=vetoed, given=choice,
        )
        for n, (branch, points, value, grade, deed, full, unrated, vetoed, choice) in enumerate(rows)
    ]  # fmt: skip
    outcome = decide(everybody, parents, TERMS)
    found = outcome.standings
    counted = [one for one in everybody if one.competes]
    for pool in set(outcome.pools.values()):
        people_in = [one for one in counted if one.branch in pool.branches]
        n = Counter(found[one.member].stars for one in people_in)
        assert n[5] <= pool.five
        assert n[5] + n[4] <= pool.four
        known = all(one.composite is not None for one in people_in)
        for better in people_in:
            for worse in people_in:
                a, b = found[better.member], found[worse.member]
                ahead = (
                    (better.composite, better.points) > (worse.composite, worse.points)
                    if known
                    else (better.points > worse.points)
                )
                if ahead and a.reached >= b.reached:
                    assert a.stars >= b.stars
    rated = sum(one.is_rated for one in everybody)
    n = Counter(found[one.member].stars for one in counted)
    assert n[5] <= rated * Fraction(1, 5)
    assert n[5] + n[4] <= rated * Fraction(1, 2)
    for one_of_them in everybody:
        standing = found[one_of_them.member]
        assert standing.stars is None or standing.stars <= standing.reached
        assert (standing.stars is None) == bool(one_of_them.unrated or one_of_them.vetoed)


@settings(max_examples=150, deadline=None)
@given(st.integers(min_value=5, max_value=14), st.integers(min_value=1, max_value=3), st.data())
def test_deciding_one_after_another_always_ends_and_never_exceeds(n, kinds, data):
    """Equals in abundance: whoever is open is given one of the options that keeps something said, until nobody is."""
    chosen = {m: data.draw(st.integers(min_value=0, max_value=kinds - 1)) for m in range(n)}
    everybody = [one("99", member=m, composite=str(90 + chosen[m])) for m in range(n)]
    for _ in range(2 * n):
        found = decide(everybody, {}, TERMS).standings
        waiting = [m for m in range(n) if found[m].tied]
        if not waiting:
            break
        who = waiting[0]
        for option in found[who].options:
            tried = [Facts(**{**vars(p), "given": option if p.member == who else p.given}) for p in everybody]
            after = decide(tried, {}, TERMS).standings
            if after[who].stars == option and not after[who].tied:
                everybody = tried
                break
        else:
            raise AssertionError("none of the options decides anything")
    result = decide(everybody, {}, TERMS).standings
    assert not any(one.tied for one in result.values())
    assert sum(one.stars == 5 for one in result.values()) == n // 5
    assert sum(one.stars >= 4 for one in result.values()) == n // 2
