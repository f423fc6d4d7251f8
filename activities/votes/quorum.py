"""Quorum, majorities and ballot checks: whole numbers only, every threshold as an inequality.

`eligible` is always the number who SHOULD attend with a vote: full members on the roll of the day, less the
suspended and the exclusions the meeting adopted. Probationers never count.
Sources: 《中国共产党支部工作条例（试行）》第十一、十二条; the election regulations for primary organisations.
"""

from datetime import date
from typing import Final, NamedTuple

from activities.choices import ElectionBase, MotionKind, VoteMethod, VoteResult
from members.rules import months_later

SECRET_ONLY: Final[frozenset[MotionKind]] = frozenset(
    {MotionKind.ADMISSION, MotionKind.CONFIRMATION, MotionKind.ELECTION, MotionKind.APPRAISAL_POLL}
)
WRITTEN_OPINIONS: Final[frozenset[MotionKind]] = frozenset({MotionKind.ADMISSION, MotionKind.CONFIRMATION})


RETRY_AFTER: Final = 6  # months


def is_resubmitted_early(rejected_on: date, on: date) -> bool:
    """An admission voted down is generally not put to the meeting again for six months; that day itself is in time.

    A local rule of several provinces' handbooks, not in the national admission rules: something to look at, no bar.
    """
    return rejected_on <= on < months_later(rejected_on, RETRY_AFTER)


def voting_eligible(full_members: int, suspended: int = 0, excluded: int = 0) -> int:
    """Who should attend with a vote; never below zero."""
    _not_negative(full_members, suspended, excluded)
    return max(0, full_members - suspended - excluded)


def ordinary_quorum(eligible: int) -> int:
    """半数以上: half is enough. Nobody eligible still needs one person."""
    _not_negative(eligible)
    return max(1, -(-eligible // 2))


def admission_quorum(eligible: int) -> int:
    """超过半数: admission and confirmation need strictly more than half."""
    _not_negative(eligible)
    return eligible // 2 + 1


def election_quorum(eligible: int) -> int:
    """Four fifths, that number included."""
    _not_negative(eligible)
    return max(1, -(-eligible * 4 // 5))


def committee_quorum(size: int) -> int:
    return ordinary_quorum(size)


def leading_body_quorum(size: int) -> int:
    """Two thirds of a leading body for its meeting on democratic life."""
    _not_negative(size)
    return max(1, -(-size * 2 // 3))


def ordinary_quorum_met(present: int, eligible: int) -> bool:
    return present >= ordinary_quorum(eligible)


def admission_quorum_met(present: int, eligible: int) -> bool:
    return present >= admission_quorum(eligible)


def election_quorum_met(present: int, eligible: int) -> bool:
    return present >= election_quorum(eligible)


def committee_quorum_met(present: int, size: int) -> bool:
    return present >= committee_quorum(size)


def leading_body_quorum_met(present: int, size: int) -> bool:
    return present >= leading_body_quorum(size)


def votes_to_pass(eligible: int) -> int:
    """More than half of those who should attend, whoever came: resolutions, admission, confirmation."""
    _not_negative(eligible)
    return eligible // 2 + 1


def resolution_passed(yes: int, eligible: int, written_yes: int = 0) -> bool:
    """`written_yes`: opinions filed before the meeting; only admission and confirmation know them."""
    _not_negative(yes, written_yes)
    return yes + written_yes >= votes_to_pass(eligible)


def votes_to_elect(present: int, eligible: int, base: ElectionBase | str = ElectionBase.PRESENT) -> int:
    _not_negative(present, eligible)
    return (present if ElectionBase(base) == ElectionBase.PRESENT else eligible) // 2 + 1


def elected(votes: int, present: int, eligible: int, base: ElectionBase | str = ElectionBase.PRESENT) -> bool:
    """Enough votes; exactly half is not. Ranking until the seats are full is the caller's."""
    return votes >= votes_to_elect(present, eligible, base)


def candidates_needed(seats: int) -> int:
    """At least a fifth more names than committee seats: 3 -> 4, 5 -> 6, 7 -> 9."""
    _not_negative(seats)
    return -(-seats * 6 // 5)


def ballot_problems(
    *,
    motion: MotionKind | str,
    method: VoteMethod | str,
    present_voting: int,
    issued: int = 0,
    returned: int = 0,
    yes: int = 0,
    no: int = 0,
    abstain: int = 0,
    invalid: int = 0,
    written_yes: int = 0,
) -> list[str]:
    """What is wrong with the count of one motion or one candidate, in Chinese; empty when all is well.

    A show of hands has no ballots: `issued`, `returned` and `invalid` stay 0 there.
    """
    motion, method = MotionKind(motion), VoteMethod(method)
    if min(present_voting, issued, returned, yes, no, abstain, invalid, written_yes) < 0:
        return ["票数不能为负数。"]
    problems = []
    if motion in SECRET_ONLY and method != VoteMethod.SECRET:
        problems.append(f"{motion.label}必须采用无记名投票。")
    if written_yes and motion not in WRITTEN_OPINIONS:
        problems.append(f"{motion.label}不计书面意见。")
    votes = yes + no + abstain + invalid
    if method == VoteMethod.SHOW_OF_HANDS:
        if issued or returned or invalid:
            problems.append("举手表决没有选票，请不要填写发出、收回和无效票数。")
        if votes > present_voting:
            problems.append(f"赞成、反对、弃权合计{votes}人，多于到会有表决权的{present_voting}人。")
        return problems
    if issued > present_voting:
        problems.append(f"发出{issued}票，多于到会有表决权的{present_voting}人。")
    if returned > issued:
        void = "选举无效，须重新投票。" if motion == MotionKind.ELECTION else "表决无效，须重新投票。"
        problems.append(f"收回{returned}票，多于发出的{issued}票，{void}")
    if votes != returned:
        problems.append(f"赞成、反对、弃权、无效合计{votes}票，与收回的{returned}票不符。")
    return problems


class MotionOutcome(NamedTuple):
    """What one motion came to. `result` is None while the count is missing or does not add up; then `problems` say why.

    A void vote has its result and its problem.
    """

    result: VoteResult | None
    problems: list[str]
    quorum: int
    needed: int


def motion_quorum(motion: MotionKind | str, eligible: int) -> int:
    """How many with a vote must be present for this matter."""
    motion = MotionKind(motion)
    if motion == MotionKind.ELECTION:
        return election_quorum(eligible)
    return admission_quorum(eligible) if motion in WRITTEN_OPINIONS else ordinary_quorum(eligible)


def quorum_problem(motion: MotionKind | str, present_voting: int, eligible: int) -> str:
    """Why these people cannot vote on this matter, or nothing."""
    motion = MotionKind(motion)
    if present_voting >= motion_quorum(motion, eligible):
        return ""
    short = "没有超过半数" if motion in WRITTEN_OPINIONS else "不足半数"
    what = "表决"
    if motion == MotionKind.ELECTION:
        short, what = "不足五分之四", "选举"
    needed = motion_quorum(motion, eligible)
    return f"应到会有表决权的{eligible}人，到会{present_voting}人，{short}（至少须{needed}人到会），{what}无效。"


def motion_outcome(
    *,
    motion: MotionKind | str,
    method: VoteMethod | str,
    eligible: int,
    present_voting: int,
    issued: int = 0,
    returned: int = 0,
    yes: int = 0,
    no: int = 0,
    abstain: int = 0,
    invalid: int = 0,
    written_yes: int = 0,
) -> MotionOutcome:
    """Judge one motion: quorum, the count, the majority of those who should attend. Source: as the module's."""
    quorum, needed = motion_quorum(motion, eligible), votes_to_pass(eligible)
    problems = ballot_problems(
        motion=motion,
        method=method,
        present_voting=present_voting,
        issued=issued,
        returned=returned,
        yes=yes,
        no=no,
        abstain=abstain,
        invalid=invalid,
        written_yes=written_yes,
    )
    if written_yes > max(0, eligible - present_voting):
        problems.append(f"书面意见{written_yes}份，多于没有到会的{max(0, eligible - present_voting)}人。")
    if short := quorum_problem(motion, present_voting, eligible):
        return MotionOutcome(VoteResult.VOID, [short, *problems], quorum, needed)
    if returned > issued:
        return MotionOutcome(VoteResult.VOID, problems, quorum, needed)
    if problems:
        return MotionOutcome(None, problems, quorum, needed)
    if not (yes or no or abstain or invalid):
        return MotionOutcome(None, ["还没有填写票数。"], quorum, needed)
    passed = resolution_passed(yes, eligible, written_yes)
    return MotionOutcome(VoteResult.PASSED if passed else VoteResult.FAILED, [], quorum, needed)


def _not_negative(*numbers: int) -> None:
    if min(numbers) < 0:
        raise ValueError(f"a head count is never negative: {numbers}")
