"""Quorum and majorities on both sides of every edge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.choices import AbsenceReason, AttendanceStatus, ElectionBase
from activities.rules import (
    ConfirmedBy,
    admission_quorum,
    admission_quorum_met,
    ballot_problems,
    candidates_needed,
    committee_quorum,
    committee_quorum_met,
    confirmers,
    elected,
    election_quorum,
    election_quorum_met,
    leading_body_quorum,
    leading_body_quorum_met,
    ordinary_quorum,
    ordinary_quorum_met,
    resolution_passed,
    status_of,
    votes_to_elect,
    votes_to_pass,
    voting_eligible,
)

# eligible: ordinary, admission, election, to pass, elected at exactly the election quorum (present, should attend)
TABLE = [
    (31, 16, 16, 25, 16, 13, 16),
    (30, 15, 16, 24, 16, 13, 16),
    (29, 15, 15, 24, 15, 13, 15),
    (10, 5, 6, 8, 6, 5, 6),
    (7, 4, 4, 6, 4, 4, 4),
    (6, 3, 4, 5, 4, 3, 4),
]


@pytest.mark.parametrize(("eligible", "ordinary", "admission", "election", "to_pass", "present", "attend"), TABLE)
def test_the_table_of_quorums_holds_on_both_sides(eligible, ordinary, admission, election, to_pass, present, attend):
    for needed, met, number in (
        (ordinary_quorum, ordinary_quorum_met, ordinary),
        (admission_quorum, admission_quorum_met, admission),
        (election_quorum, election_quorum_met, election),
    ):
        assert needed(eligible) == number
        assert met(number, eligible)
        assert not met(number - 1, eligible)
    assert votes_to_pass(eligible) == to_pass
    assert resolution_passed(to_pass, eligible)
    assert not resolution_passed(to_pass - 1, eligible)
    for base, votes in ((ElectionBase.PRESENT, present), (ElectionBase.SHOULD_ATTEND, attend)):
        assert votes_to_elect(election, eligible, base) == votes
        assert elected(votes, election, eligible, base)
        assert not elected(votes - 1, election, eligible, base)


@pytest.mark.parametrize(("entitled", "excluded", "eligible"), [(31, 2, 29), (31, 0, 31), (1, 2, 0)])
def test_adopted_exclusions_leave_the_denominator(entitled, excluded, eligible):
    assert voting_eligible(entitled, excluded=excluded) == eligible
    assert voting_eligible(entitled, suspended=excluded) == eligible


def test_elections_of_31_with_25_present_need_13_or_16():
    assert votes_to_elect(25, 31) == 13
    assert votes_to_elect(25, 31, "should_attend") == 16


def test_exactly_half_of_those_present_is_not_elected():
    assert not elected(12, 24, 29)
    assert elected(13, 24, 29)


@pytest.mark.parametrize(("seats", "names"), [(0, 0), (1, 2), (3, 4), (5, 6), (7, 9)])
def test_a_committee_election_has_a_fifth_more_candidates_than_seats(seats, names):
    assert candidates_needed(seats) == names


@pytest.mark.parametrize(("size", "needed"), [(3, 2), (4, 2), (5, 3), (7, 4)])
def test_a_committee_meets_with_half_of_its_members(size, needed):
    assert committee_quorum(size) == needed
    assert committee_quorum_met(needed, size)
    assert not committee_quorum_met(needed - 1, size)


@pytest.mark.parametrize(("size", "needed"), [(5, 4), (6, 4), (7, 5), (9, 6)])
def test_a_leading_body_meets_with_two_thirds(size, needed):
    assert leading_body_quorum(size) == needed
    assert leading_body_quorum_met(needed, size)
    assert not leading_body_quorum_met(needed - 1, size)


def test_written_opinions_count_towards_an_admission():
    assert not resolution_passed(15, 31)
    assert resolution_passed(15, 31, written_yes=1)


@pytest.mark.parametrize("needed", [ordinary_quorum, admission_quorum, election_quorum, leading_body_quorum])
def test_an_empty_roll_never_has_a_quorum_and_a_negative_one_is_a_mistake(needed):
    assert needed(0) == 1
    with pytest.raises(ValueError, match="never negative"):
        needed(-1)


@given(st.integers(1, 2000), st.integers(0, 2000))
def test_every_threshold_is_its_inequality(eligible, present):
    assert ordinary_quorum_met(present, eligible) == (present * 2 >= eligible)
    assert admission_quorum_met(present, eligible) == (present * 2 > eligible)
    assert election_quorum_met(present, eligible) == (present * 5 >= eligible * 4)
    assert leading_body_quorum_met(present, eligible) == (present * 3 >= eligible * 2)
    assert resolution_passed(present, eligible) == (present * 2 > eligible)
    assert elected(present, eligible, eligible) == (present * 2 > eligible)


GOOD = {
    "motion": "admission",
    "method": "secret",
    "present_voting": 24,
    "issued": 24,
    "returned": 23,
    "yes": 20,
    "no": 1,
    "abstain": 1,
    "invalid": 1,
}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, None),
        ({"returned": 24, "yes": 21}, None),
        ({"yes": 19}, "合计22票，与收回的23票不符"),
        ({"issued": 25}, "发出25票，多于到会有表决权的24人"),
        ({"returned": 25, "yes": 22}, "表决无效"),
        ({"motion": "election", "returned": 25, "yes": 22}, "选举无效"),
        ({"motion": "election", "written_yes": 1}, "选举不计书面意见"),
        ({"written_yes": 2}, None),
        ({"method": "open"}, "接收预备党员必须采用无记名投票"),
        ({"motion": "resolution", "method": "open"}, None),
        ({"no": -1, "yes": 22}, "票数不能为负数"),
    ],
)
def test_a_count_of_ballots_must_add_up(changes, problem):
    problems = ballot_problems(**(GOOD | changes))
    if problem is None:
        assert problems == []
    else:
        assert len(problems) == 1
        assert problem in problems[0]


@pytest.mark.parametrize("motion", ["admission", "confirmation", "election", "appraisal_poll"])
def test_a_show_of_hands_is_refused_where_the_ballot_is_secret(motion):
    problems = ballot_problems(motion=motion, method="show_of_hands", present_voting=10, yes=10)
    assert len(problems) == 1
    assert "无记名" in problems[0]


@pytest.mark.parametrize(("yes", "issued", "count"), [(10, 0, 0), (11, 0, 1), (10, 10, 1)])
def test_a_show_of_hands_has_no_ballots_and_no_more_hands_than_people(yes, issued, count):
    problems = ballot_problems(motion="resolution", method="show_of_hands", present_voting=10, yes=yes, issued=issued)
    assert len(problems) == count


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("leave_personal", "leave"),
        ("leave_sick", "leave"),
        ("maternity", "leave"),
        ("floating", "leave"),
        ("retired_frail", "leave"),
        ("official", "official"),
        ("duty", "official"),
        ("emergency", "official"),
        ("deployment", "official"),
        ("unexcused", "unexcused"),
    ],
)
def test_an_absence_reason_stands_for_a_status(reason, status):
    assert status_of(reason) == status


def test_every_reason_is_an_absence():
    assert AttendanceStatus.PRESENT not in {status_of(reason) for reason in AbsenceReason}
    with pytest.raises(ValueError, match="holiday"):
        status_of("holiday")


@pytest.mark.parametrize(
    ("officers", "leaders", "by", "people"),
    [
        ({1, 2, 3}, {4}, ConfirmedBy.OFFICERS, {2, 3}),
        ({1}, {1, 4}, ConfirmedBy.LEADERS, {4}),
        ({1}, {1}, ConfirmedBy.OFFICE, {8, 9}),
        (set(), set(), ConfirmedBy.OFFICE, {8, 9}),
    ],
)
def test_whoever_wrote_a_record_never_confirms_it(officers, leaders, by, people):
    found = confirmers(officers=officers, leaders=leaders, office={1, 8, 9}, hands_on={1})
    assert found == (by, people)
