"""All votes of a record at once: what is missing, freezing them, the lines of its page and of its printed sheet."""

from dataclasses import dataclass
from typing import Any, Final

from activities.choices import VoteMethod, VoteResult
from activities.models import Activity, Election, Motion
from activities.votes.elected import first_rounds, winners
from activities.votes.elections import bodies_of, election_gaps, freeze_elections, title_of
from activities.votes.elections import outcome_of as election_outcome_of
from activities.votes.quorum import MotionOutcome
from activities.votes.ranking import ElectionOutcome
from activities.votes.voting import (
    COUNTS,
    freeze_motions,
    is_open,
    matters_of,
    motion_gaps,
    name_of,
    outcome_of,
    voters_of,
)

RESULT_STYLES: Final = {
    VoteResult.PASSED: ("is-ok", "check-lg"),
    VoteResult.FAILED: ("is-na", "x-lg"),
    VoteResult.VOID: ("is-late", "exclamation-circle-fill"),
}


@dataclass(frozen=True)
class MotionLine:
    motion: Motion
    outcome: MotionOutcome
    eligible: int
    present: int
    css: str
    icon: str
    text: str  # of the result

    @property
    def name(self) -> str:
        return name_of(self.motion)

    @property
    def counted(self) -> bool:
        return any(getattr(self.motion, name) for name in COUNTS)


@dataclass(frozen=True)
class ElectionLine:
    election: Election
    outcome: ElectionOutcome
    eligible: int
    present: int
    candidates: list[Any]
    title: str
    valid: int
    last: bool  # no later round followed
    waits: bool  # elected and confirmed, not yet approved


@dataclass(frozen=True)
class VotePage:
    """The section 表决和选举 of a record's page."""

    motions: list[MotionLine]
    elections: list[ElectionLine]
    open: bool  # its votes may still be entered
    offers: bool  # this kind of meeting votes or elects


def page_of(activity: Activity) -> VotePage:
    return VotePage(motion_lines(activity), election_lines(activity), is_open(activity), may_vote_here(activity))


def gaps(activity: Activity) -> dict[str, str]:
    """What keeps the votes from being handed in, by field of the form; empty when all is well."""
    found = [*motion_gaps(activity), *election_gaps(activity)]
    return {"votes": " ".join(found[:5])} if found else {}


def freeze(activity: Activity) -> None:
    """Fix voters and results of a record that is being handed in."""
    freeze_motions(activity)
    freeze_elections(activity)


def may_vote_here(activity: Activity) -> bool:
    return bool(matters_of(activity) or bodies_of(activity))


def motion_lines(activity: Activity) -> list[MotionLine]:
    lines, live = [], is_open(activity)
    for motion in activity.motions.select_related("session"):
        motion.activity = activity
        outcome = outcome_of(motion)
        voters = voters_of(activity, motion.kind, motion.session_id) if live else None
        css, icon = RESULT_STYLES[outcome.result] if outcome.result else ("is-soon", "exclamation-triangle")
        text = str(VoteResult(outcome.result).label) if outcome.result else "未完成"
        eligible = voters.eligible if voters else motion.eligible
        present = voters.present if voters else motion.present_voting
        lines.append(MotionLine(motion, outcome, eligible, present, css, icon, text))
    return lines


def election_lines(activity: Activity) -> list[ElectionLine]:
    """Four queries a round at most; a record has few of them."""
    lines, live = [], is_open(activity)
    waiting = {
        one.pk
        for one in (first_rounds(activity) if not live and activity.confirmed_at else [])
        if one.applied_at is None and winners(one)
    }
    for election in activity.elections.prefetch_related("candidates", "rounds").select_related("session"):
        election.activity = activity
        voters = voters_of(activity, "election", election.session_id) if live else None
        lines.append(
            ElectionLine(
                election,
                election_outcome_of(election),
                voters.eligible if voters else election.eligible,
                voters.present if voters else election.present_voting,
                list(election.candidates.all()),
                title_of(election),
                election.returned - election.invalid,
                not election.rounds.all(),
                election.pk in waiting,
            )
        )
    return lines


def vote_rows(activity: Activity) -> list[tuple[str, ...]]:
    """Row 8 of the printed record, one line a vote, as text; of an election one line a name.

    Columns: 议题, 方式, 发出票, 收回票, 有效票, 赞成, 反对, 弃权, 书面意见, 结果. A show of hands has no ballots.
    """
    rows: list[tuple[str, ...]] = []
    for line in motion_lines(activity):
        m = line.motion
        hands = m.method == VoteMethod.SHOW_OF_HANDS
        ballots = ("", "", "") if hands else (str(m.issued), str(m.returned), str(m.returned - m.invalid))
        counts = (str(m.yes), str(m.no), str(m.abstain), str(m.written_yes) if m.written_yes else "")
        if not line.counted:  # of a draft: nobody has voted yet
            ballots, counts = ("",) * 3, ("",) * 4
        name = f"{line.name}（{m.session}）" if m.session else line.name
        rows.append((name, m.get_method_display(), *ballots, *counts, line.text))
    for one in election_lines(activity):
        e = one.election
        counted = bool(e.issued)  # of a draft: nobody has voted yet
        ballots = (str(e.issued), str(e.returned), str(one.valid)) if counted else ("",) * 3
        for row in one.candidates:
            yes, no, abstain = (str(row.yes), str(row.no), str(row.abstain)) if counted else ("", "", "")
            no, abstain = ("", "") if row.write_in else (no, abstain)
            result = "当选" if row.elected else "无效" if one.outcome.result == VoteResult.VOID else "未当选"
            which = f"（{e.session}）" if e.session else ""
            name = f"{one.title}{which}：{row.name}{'（另选人）' if row.write_in else ''}"
            rows.append((name, VoteMethod.SECRET.label, *ballots, yes, no, abstain, "", result if counted else ""))
    return rows
