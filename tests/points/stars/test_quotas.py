"""From totals to stars: places, cuts, ties, steps up, what was decided elsewhere."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points.stars.quotas import Candidate, decide, places


def one(branch, total, stars, **more):
    return Candidate(branch, Decimal(total), stars, **more)


def outcome(*candidates, **more):
    return {branch: found.stars for branch, found in decide(candidates, **more).decisions.items()}


@pytest.mark.parametrize(
    ("n", "five", "four"),
    [(0, 0, 0), (1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 1, 2), (5, 1, 2), (6, 1, 3), (9, 1, 4), (10, 1, 5), (14, 1, 7),
     (19, 1, 9), (20, 2, 10), (29, 2, 14), (30, 3, 15)],
)  # fmt: skip
def test_how_many_places_there_are(n, five, four):
    assert (places(n).five, places(n).four) == (five, four)


def test_of_fourteen_branches_one_has_five_stars_and_six_have_four():
    stars = outcome(*[one(n, 99 - n, 5) for n in range(14)])
    assert [stars[n] for n in range(14)] == [5, *[4] * 6, *[3] * 7]


def test_whoever_is_cut_from_five_goes_before_those_with_a_lower_total():
    stars = decide([one(1, "95", 5), one(2, "93", 5), one(3, "85", 4), one(4, "84", 4)]).decisions
    assert {branch: found.stars for branch, found in stars.items()} == {1: 5, 2: 4, 3: 3, 4: 3}
    assert (stars[2].cut_from, stars[3].cut_from, stars[1].cut_from) == (5, 4, None)


def test_who_is_cut_twice_tells_of_the_higher_one():
    found = decide([one(1, "95", 5), one(2, "94", 5), one(3, "93", 5)]).decisions
    assert (found[2].stars, found[2].cut_from) == (3, 5)  # three branches: one place in all
    assert (found[3].stars, found[3].cut_from) == (3, 5)


def test_only_who_reaches_the_score_fills_a_place():
    assert outcome(*[one(n, "75", 3) for n in range(20)]) == dict.fromkeys(range(20), 3)


def test_a_place_of_five_that_nobody_fills_is_open_to_four():
    stars = outcome(*[one(n, 89 - n, 4) for n in range(6)])
    assert list(stars.values()) == [4, 4, 4, 3, 3, 3]


def test_equal_totals_go_by_the_year_before():
    ranked = [one(1, "95", 5, previous_total=Decimal(80)), one(2, "95", 5, previous_total=Decimal(81))]
    assert outcome(*ranked, one(3, "60", 2), one(4, "60", 2)) == {1: 4, 2: 5, 3: 2, 4: 2}


def test_a_branch_without_a_year_before_stands_behind_its_equals():
    ranked = [one(1, "95", 5), one(2, "95", 5, previous_total=Decimal(1))]
    assert outcome(*ranked)[2] == 5


def test_equals_at_the_cut_are_left_to_the_committee():
    tied = [one(1, "95", 5), one(2, "95", 5), one(3, "60", 2), one(4, "60", 2)]
    found = decide(tied)
    assert found.tied == [1, 2]
    assert {found.decisions[n].stars for n in (1, 2)} == {4}
    decided = decide(tied, order=[2, 1])
    assert decided.tied == []
    assert (decided.decisions[2].stars, decided.decisions[1].stars) == (5, 4)


def test_equals_who_all_find_a_place_are_no_tie():
    assert decide([one(n, "85", 4) for n in range(2)] + [one(n, "60", 2) for n in range(2, 4)]).tied == []


def test_nobody_rises_more_than_one_star_a_year():
    found = decide([one(1, "95", 5, previous=3)]).decisions[1]
    assert (found.stars, found.held_back) == (4, 5)
    assert outcome(one(1, "95", 5, previous=4)) == {1: 5}


def test_a_document_lifts_the_limit_and_so_does_a_first_rating():
    assert outcome(one(1, "95", 5, previous=2, direct=True)) == {1: 5}
    assert outcome(one(1, "95", 5, previous=None)) == {1: 5}


def test_levels_may_be_skipped_downwards():
    assert outcome(one(1, "62", 2, previous=5)) == {1: 2}
    assert outcome(one(1, "95", 1, veto=True, previous=5)) == {1: 1}


def test_what_was_decided_above_takes_no_place_of_the_hospital():
    stars = outcome(one(1, "70", 3, above=5), one(2, "91", 5), one(3, "90", 5), one(4, "60", 2))
    assert stars == {1: 5, 2: 5, 3: 4, 4: 2}


candidates = st.lists(
    st.tuples(st.integers(0, 11000), st.one_of(st.none(), st.integers(1, 5)), st.booleans()), min_size=1, max_size=40
)


@given(rows=candidates)
def test_places_are_never_exceeded_and_a_higher_total_never_has_fewer_stars(rows):
    def reached(total):
        return next((n for n, least in ((5, 9000), (4, 8000), (3, 7000), (2, 6000)) if total >= least), 1)

    people = [
        Candidate(n, Decimal(total) / 100, reached(total), previous=previous, direct=direct)
        for n, (total, previous, direct) in enumerate(rows)
    ]
    found = decide(people)
    stars = [found.decisions[n].stars for n in range(len(people))]
    assert stars.count(5) <= found.places.five
    assert stars.count(5) + stars.count(4) <= found.places.four
    assert all(one <= person.score_stars for one, person in zip(stars, people, strict=True))
    for a in people:
        for b in people:
            free = a.previous is None or a.direct
            if a.total > b.total and free:
                assert stars[a.branch] >= stars[b.branch]
    assert decide(list(reversed(people))).decisions == found.decisions  # the order they come in says nothing
