"""What the count of an election comes to: who is elected, who is tied, what is left for another vote. Pure.

Source: the election regulations for primary organisations. Enough votes first, then the most votes until the seats are
full; those with as many votes at the last seat are voted on again; too few winners leave seats for another vote.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from activities.choices import ElectionBase, ElectionBody, MotionKind, VoteResult
from activities.votes.quorum import candidates_needed, election_quorum, quorum_problem, votes_to_elect

ONE_FOR_ONE: Final = frozenset({ElectionBody.SECRETARY, ElectionBody.DEPUTY})


class Votes(NamedTuple):
    """What one name got. Of a written-in name only the approvals are counted."""

    name: str
    yes: int
    no: int = 0
    abstain: int = 0
    write_in: bool = False


class ElectionOutcome(NamedTuple):
    """`elected` and `tied` are positions in the votes that were passed in; `left` seats have nobody yet."""

    result: VoteResult | None
    problems: list[str]
    quorum: int
    needed: int
    elected: tuple[int, ...] = ()
    tied: tuple[int, ...] = ()
    left: int = 0


def rank(votes: Sequence[int], *, seats: int, needed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Positions of the elected, most votes first, and of those tied for the last seat.

    >>> rank([20, 18, 15, 15, 9], seats=3, needed=13)
    ((0, 1), (2, 3))
    """
    enough = sorted((n for n, yes in enumerate(votes) if yes >= needed), key=lambda n: -votes[n])
    if len(enough) <= seats:
        return tuple(enough), ()
    last = votes[enough[seats - 1]]
    if votes[enough[seats]] != last:
        return tuple(enough[:seats]), ()
    above = tuple(n for n in enough if votes[n] > last)
    return above, tuple(n for n in enough if votes[n] == last)


def names_problem(body: ElectionBody | str, *, seats: int, candidates: int, again: bool = False) -> str:
    """What is wrong with the number of names on the ballot, or nothing. `again`: a new vote for what was left."""
    body = ElectionBody(body)
    if body in ONE_FOR_ONE:
        return "" if (seats, candidates) == (1, 1) or again else f"{body.label}等额选举，候选人应为1名。"
    if again:
        return "" if candidates >= 1 else "请至少列出1名候选人。"
    needed = candidates_needed(seats)
    if candidates < needed:
        return f"应选{seats}名，候选人应多于应选名额的20%，至少{needed}名，现有{candidates}名。"
    return ""


def election_outcome(
    *,
    seats: int,
    eligible: int,
    present_voting: int,
    votes: Sequence[Votes],
    issued: int = 0,
    returned: int = 0,
    invalid: int = 0,
    base: ElectionBase | str = ElectionBase.PRESENT,
) -> ElectionOutcome:
    """Judge one round: quorum of four fifths, ballots, then the ranking."""
    quorum, needed = election_quorum(eligible), votes_to_elect(present_voting, eligible, base)
    numbers = [issued, returned, invalid, *(n for row in votes for n in (row.yes, row.no, row.abstain))]
    if min(numbers) < 0:
        return ElectionOutcome(None, ["票数不能为负数。"], quorum, needed, left=seats)
    if short := quorum_problem(MotionKind.ELECTION, present_voting, eligible):
        return ElectionOutcome(VoteResult.VOID, [short], quorum, needed, left=seats)
    if returned > issued:
        text = f"收回{returned}票，多于发出的{issued}票，选举无效，须重新投票。"
        return ElectionOutcome(VoteResult.VOID, [text], quorum, needed, left=seats)
    if not issued:
        return ElectionOutcome(None, ["还没有填写票数。"], quorum, needed, left=seats)
    problems = count_problems(
        seats=seats, present_voting=present_voting, votes=votes, issued=issued, returned=returned, invalid=invalid
    )
    if problems:
        return ElectionOutcome(None, problems, quorum, needed, left=seats)
    elected, tied = rank([row.yes for row in votes], seats=seats, needed=needed)
    left = seats - len(elected)
    result = VoteResult.PASSED if elected else VoteResult.FAILED
    return ElectionOutcome(result, [], quorum, needed, elected, tied, left)


def count_problems(
    *, seats: int, present_voting: int, votes: Sequence[Votes], issued: int, returned: int, invalid: int
) -> list[str]:
    """Why the count of the ballots cannot be right, in Chinese."""
    problems = []
    valid = returned - invalid
    if issued > present_voting:
        problems.append(f"发出{issued}票，多于到会有选举权的{present_voting}人。")
    if valid < 0:
        return [*problems, f"无效票{invalid}张，多于收回的{returned}票。"]
    for row in votes:
        if row.write_in and row.yes > valid:
            problems.append(f"另选人{row.name}{row.yes}票，多于有效票{valid}张。")
        elif not row.write_in and row.yes + row.no + row.abstain != valid:
            total = row.yes + row.no + row.abstain
            problems.append(f"{row.name}的赞成、不赞成、弃权合计{total}票，与有效票{valid}张不符。")
    written = sum(row.yes for row in votes if row.write_in)
    against = sum(row.no for row in votes if not row.write_in)
    if written > against:
        problems.append(f"另选人共{written}票，多于不赞成的{against}票：不赞成一名候选人，才能另选一人。")
    if sum(row.yes for row in votes) > seats * valid:
        problems.append(f"赞成票合计多于{valid}张有效票乘应选{seats}名：多于应选人数的选票应计为无效票。")
    return problems
