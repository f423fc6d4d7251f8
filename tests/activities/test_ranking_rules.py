"""Motions and elections judged: both sides of the edges, ties, and counts that cannot be right."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities.votes.quorum import admission_quorum, motion_outcome, motion_quorum, votes_to_pass
from activities.votes.ranking import Votes, election_outcome, names_problem, rank

# eligible -> quorum of a resolution, of an admission, of an election, votes to pass
EDGES = {31: (16, 16, 25, 16), 30: (15, 16, 24, 16), 10: (5, 6, 8, 6), 7: (4, 4, 6, 4), 6: (3, 4, 5, 4)}


def secret(kind, eligible, present, yes, **more):
    count = {"issued": present, "returned": present, "yes": yes, "no": present - yes} | more
    return motion_outcome(motion=kind, method="secret", eligible=eligible, present_voting=present, **count)


@pytest.mark.parametrize("eligible", EDGES)
def test_each_matter_has_its_quorum_and_one_person_less_makes_the_vote_void(eligible):
    ordinary, admission, election, needed = EDGES[eligible]
    for kind, quorum in (("resolution", ordinary), ("admission", admission), ("confirmation", admission)):
        assert motion_quorum(kind, eligible) == quorum
        assert secret(kind, eligible, quorum, quorum).result in {"passed", "failed"}
        short = secret(kind, eligible, quorum - 1, quorum - 1)
        assert short.result == "void"
        assert f"至少须{quorum}人" in short.problems[0]
    assert motion_quorum("election", eligible) == election
    assert votes_to_pass(eligible) == needed


@pytest.mark.parametrize("eligible", EDGES)
def test_a_motion_passes_with_more_than_half_of_those_who_should_attend(eligible):
    needed = EDGES[eligible][3]
    assert secret("resolution", eligible, eligible, needed).result == "passed"
    assert secret("resolution", eligible, eligible, needed - 1).result == "failed"
    hands = motion_outcome(
        motion="resolution", method="show_of_hands", eligible=eligible, present_voting=eligible, yes=needed
    )
    assert hands.result == "passed"


def test_an_ordinary_quorum_that_cannot_pass_anything_is_still_a_vote():
    """Of 30 half is a quorum, but all 15 of them are not more than half."""
    assert secret("resolution", 30, 15, 15).result == "failed"


def test_written_opinions_carry_an_admission_but_only_of_those_who_stayed_away():
    assert secret("admission", 31, 16, 15).result == "failed"
    assert secret("admission", 31, 16, 15, written_yes=1).result == "passed"
    assert secret("admission", 31, 30, 15, written_yes=1).result == "passed"
    assert "多于没有到会的1人" in secret("admission", 31, 30, 15, written_yes=2).problems[0]
    assert secret("resolution", 31, 16, 15, written_yes=1).result is None


def test_more_ballots_than_were_issued_make_the_vote_void_and_an_empty_count_is_none():
    assert secret("admission", 31, 24, 20, issued=24, returned=25, no=5).result == "void"
    empty = motion_outcome(motion="resolution", method="show_of_hands", eligible=31, present_voting=20)
    assert empty.result is None
    assert empty.problems == ["还没有填写票数。"]


COUNT = st.integers(0, 40)
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no mistake


@patient
@given(
    st.sampled_from(["resolution", "admission", "confirmation"]),
    st.sampled_from(["secret", "open", "show_of_hands"]),
    *[COUNT] * 9,
)
def test_no_accepted_count_breaks_the_chain(
    kind, method, eligible, present, issued, returned, yes, no, abstain, invalid, written
):
    found = motion_outcome(
        motion=kind,
        method=method,
        eligible=eligible,
        present_voting=present,
        issued=issued,
        returned=returned,
        yes=yes,
        no=no,
        abstain=abstain,
        invalid=invalid,
        written_yes=written,
    )
    if found.result in {"passed", "failed"}:
        assert found.problems == []
        assert present >= motion_quorum(kind, eligible)
        if method == "show_of_hands":
            assert yes + no + abstain <= present
            assert not issued + returned + invalid
        else:
            assert yes + no + abstain + invalid == returned <= issued <= present
        assert (found.result == "passed") == ((yes + written) * 2 > eligible)
    else:
        assert found.problems


@patient
@given(st.integers(0, 40), *[COUNT] * 5)
def test_a_count_made_to_add_up_is_accepted(eligible, yes, no, abstain, invalid, lost):
    returned = yes + no + abstain + invalid
    present = returned + lost
    if returned and admission_quorum(eligible) <= present <= eligible:
        found = secret(
            "admission",
            eligible,
            present,
            yes,
            returned=returned,
            issued=present,
            no=no,
            abstain=abstain,
            invalid=invalid,
        )
        assert found.result in {"passed", "failed"}


def elect(eligible, present, yes, seats=1, base="present", issued=None, returned=None, invalid=0):
    returned = present if returned is None else returned
    rows = [Votes(f"候选人{n}", y, returned - invalid - y) for n, y in enumerate(yes)]
    return election_outcome(
        seats=seats,
        eligible=eligible,
        present_voting=present,
        votes=rows,
        issued=present if issued is None else issued,
        returned=returned,
        invalid=invalid,
        base=base,
    )


@pytest.mark.parametrize(
    ("eligible", "present", "base", "needed"),
    [
        (29, 24, "present", 13),
        (29, 24, "should_attend", 15),
        (31, 25, "present", 13),
        (31, 25, "should_attend", 16),
    ],
)
def test_more_than_half_of_the_base_elects_and_exactly_half_does_not(eligible, present, base, needed):
    assert elect(eligible, present, [needed], base=base).elected == (0,)
    assert elect(eligible, present, [needed - 1], base=base).elected == ()
    assert elect(eligible, present, [needed], base=base).needed == needed


def test_two_excluded_of_thirty_one_leave_a_quorum_of_twenty_four():
    assert elect(29, 24, [13]).quorum == 24
    assert elect(29, 23, [13]).result == "void"
    assert elect(31, 24, [13]).result == "void"


def test_twenty_five_ballots_of_twenty_four_make_the_election_void():
    found = elect(29, 24, [20], returned=25)
    assert found.result == "void"
    assert "须重新投票" in found.problems[0]


def test_seats_go_to_the_most_votes():
    found = elect(30, 30, [20, 25, 16, 18], seats=3)
    assert found.elected == (1, 0, 3)
    assert found.left == 0


def test_a_tie_at_the_last_seat_is_voted_on_again_and_those_above_are_elected():
    found = elect(30, 30, [22, 16, 16, 6], seats=2)
    assert (found.elected, found.tied, found.left) == ((0,), (1, 2), 1)
    assert elect(30, 30, [22, 16, 16, 6], seats=3).tied == ()


def test_too_few_winners_leave_seats():
    found = elect(30, 30, [25, 15, 15, 10], seats=3)
    assert (found.result, found.elected, found.left) == ("passed", (0,), 2)
    assert elect(30, 30, [15, 15], seats=1).result == "failed"


@pytest.mark.parametrize(("seats", "names"), [(3, 4), (5, 6), (7, 9)])
def test_a_committee_election_needs_a_fifth_more_names(seats, names):
    assert names_problem("committee", seats=seats, candidates=names) == ""
    assert f"至少{names}名" in names_problem("committee", seats=seats, candidates=names - 1)
    assert names_problem("committee", seats=seats, candidates=seats, again=True) == ""


def test_a_secretary_is_elected_one_for_one():
    assert names_problem("secretary", seats=1, candidates=1) == ""
    assert "等额" in names_problem("secretary", seats=1, candidates=2)


def test_a_written_in_name_needs_a_cross_and_can_win():
    def count(written, no):
        votes = [Votes("甲", 30 - no, no), Votes("乙", written, write_in=True)]
        return election_outcome(seats=1, eligible=30, present_voting=30, votes=votes, issued=30, returned=30)

    assert count(16, 20).elected == (1,)
    assert "才能另选一人" in count(16, 15).problems[0]


def test_more_names_than_seats_on_the_ballots_are_told():
    assert "应计为无效票" in elect(30, 30, [30, 30], seats=1).problems[0]


@patient
@given(st.lists(st.integers(0, 30), min_size=1, max_size=9), st.integers(1, 5))
def test_whoever_is_elected_has_enough_and_no_loser_has_more(votes, seats):
    elected, tied = rank(votes, seats=seats, needed=13)
    assert len(elected) <= seats
    assert all(votes[n] >= 13 for n in elected + tied)
    assert not set(elected) & set(tied)
    losers = [v for n, v in enumerate(votes) if n not in elected and v >= 13]
    if elected and losers:
        assert min(votes[n] for n in elected) > max(losers)
    if not tied:
        assert len(elected) == min(seats, sum(v >= 13 for v in votes))
    else:
        assert len(elected) + len(tied) > seats
