"""Elections of a meeting: set up, counted, voted again, removed. What one brings about: activities.votes.elected."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from activities.choices import ElectionBody, Kind, MotionKind, VoteResult
from activities.models import Activity, Attendance, Candidate, Election
from activities.votes.ranking import ONE_FOR_ONE, ElectionOutcome, Votes, election_outcome, names_problem
from activities.votes.strokes import stroke_key
from activities.votes.voting import is_open, lock_open, touch, voters_of
from branches.audit import record
from branches.choices import BranchKind, BranchLevel, Role
from branches.models import User
from branches.term_rules import shift_problem, term_end
from branches.terms import current_term

BODIES: Final = {
    Kind.GENERAL_MEETING: tuple(ElectionBody),
    Kind.COMMITTEE_MEETING: (ElectionBody.SECRETARY, ElectionBody.DEPUTY),
}
POSTS: Final = (Role.ORGANISATION_MEMBER, Role.PUBLICITY_MEMBER, Role.DISCIPLINE_MEMBER)  # divided among the elected
NEVER: Final = "临时党支部的负责人由批准成立它的党组织指派，不进行选举；换届和党代表选举请在原党支部参加。"


@dataclass(frozen=True)
class ElectionData:
    """What the set-up of an election says. `candidates`: user id -> post meant for the person, or ""."""

    body: str
    seats: int
    candidates: Mapping[int, str]
    by_election: bool = False
    session_id: int | None = None
    term_number: int | None = None
    term_from: date | None = None
    term_to: date | None = None
    approval: str = ""


@dataclass(frozen=True)
class CountData:
    """What the count of an election says. `votes`: candidate id -> (yes, no, abstain); `written`: user id -> yes."""

    issued: int
    returned: int
    invalid: int
    votes: Mapping[int, tuple[int, int, int]]
    written: Mapping[int, int]
    scrutineers: str = ""
    tellers: str = ""
    fewer_seats: bool = False


def bodies_of(activity: Activity) -> tuple[ElectionBody, ...]:
    """What this meeting may elect: nothing in a temporary branch, nor where no branch meets."""
    if activity.branch.kind == BranchKind.TEMPORARY or activity.branch.level != BranchLevel.BRANCH:
        return ()
    kinds = {row.kind for row in activity.kinds.all()}
    found = [body for kind, bodies in BODIES.items() if kind in kinds for body in bodies]
    return tuple(dict.fromkeys(found))


def electable(activity: Activity) -> list[Attendance]:
    """Who may stand and be written in: full members with their rights, in the order of a ballot."""
    rows = activity.attendances.filter(may_vote=True).select_related("member__user")
    return sorted(rows, key=lambda row: stroke_key(row.name))


def votes_in(election: Election) -> list[Votes]:
    return [Votes(row.name, row.yes, row.no, row.abstain, row.write_in) for row in election.candidates.all()]


def outcome_of(election: Election, votes: Sequence[Votes] | None = None, **counts: int) -> ElectionOutcome:
    """Judge a round: by the frozen voters once the record was handed in, else by its attendance as it stands."""
    eligible, present = election.eligible, election.present_voting
    if is_open(election.activity):
        voters = voters_of(election.activity, MotionKind.ELECTION, election.session_id)
        eligible, present = voters.eligible, voters.present
    numbers = {name: getattr(election, name) for name in ("issued", "returned", "invalid")} | counts
    return election_outcome(
        seats=election.seats,
        eligible=eligible,
        present_voting=present,
        votes=votes_in(election) if votes is None else votes,
        base=election.base,
        **numbers,
    )


@transaction.atomic
def save_election(
    *,
    activity: Activity,
    data: ElectionData,
    actor: User,
    election: Election | None = None,
    form_key: uuid.UUID | None = None,
    version: int | None = None,
) -> Election:
    """Set up an election with its names in the order of the ballot; changing the names discards a count."""
    activity = lock_open(activity)
    if election is None and form_key and (kept := Election.objects.filter(form_key=form_key).first()):
        return kept
    if election is not None:
        election = _locked(election, version)
        if election.follows_id or election.rounds.exists():
            raise ValidationError("已进行下一轮投票的选举不能改候选人，请先删除后一轮。")
    people = {row.member.user_id: row.name for row in electable(activity)}
    _check(activity, data, people)
    made = election is None
    if election is None:
        number = (activity.elections.aggregate(n=Max("number"))["n"] or 0) + 1
        election = Election(activity=activity, number=number, form_key=form_key, base=settings.ELECTION_PASS_BASE)
    else:
        election.version += 1
    for name in ("body", "seats", "by_election", "session_id", "term_number", "term_from", "term_to"):
        setattr(election, name, getattr(data, name))
    election.approval = data.approval.strip()
    before = {row.user_id: row.post for row in election.candidates.filter(write_in=False)} if not made else {}
    if set(before) != set(data.candidates):
        election.issued = election.returned = election.invalid = 0
        election.result = ""
    election.full_clean(exclude=["activity", "session", "follows"], validate_unique=False)
    election.save()
    if set(before) != set(data.candidates):
        election.candidates.all().delete()
        _write_names(election, {pk: people[pk] for pk in data.candidates}, data.candidates)
    else:
        for row in election.candidates.filter(write_in=False):
            row.post = data.candidates[row.user_id]
            row.save(update_fields=["post"])
    touch(activity, actor)
    told = {"seats": [None, election.seats], "candidates": [None, "、".join(people[pk] for pk in data.candidates)]}
    action = "election.added" if made else "election.changed"
    record(actor=actor, action=action, target=election, branch=activity.branch, changes=told)
    return election


def _write_names(election: Election, people: Mapping[int, str], posts: Mapping[int, str]) -> None:
    ordered = sorted(people, key=lambda pk: stroke_key(people[pk]))
    Candidate.objects.bulk_create(
        Candidate(election=election, user_id=pk, name=people[pk], order=n, post=posts.get(pk, ""))
        for n, pk in enumerate(ordered, 1)
    )


def _check(activity: Activity, data: ElectionData, people: Mapping[int, str]) -> None:
    if activity.branch.kind == BranchKind.TEMPORARY:
        raise ValidationError(NEVER)
    bodies = bodies_of(activity)
    if not bodies:
        raise ValidationError("只有支部党员大会和支部委员会会议进行选举。")
    problems = {}
    if data.body not in bodies:
        problems["body"] = "支部委员会委员和党代表由支部党员大会选举。"
    elif problem := names_problem(data.body, seats=data.seats, candidates=len(data.candidates)):
        problems["candidates"] = problem
    if set(data.candidates) - set(people):
        problems["candidates"] = "候选人应是本次会议应到的正式党员；预备党员和被停止党籍的没有被选举权。"
    posts = [post for post in data.candidates.values() if post]
    if data.body == ElectionBody.COMMITTEE and set(posts) - set(POSTS):
        problems["candidates"] = "拟任职务只能是组织委员、宣传委员、纪检委员；书记、副书记另行选举。"
    if data.session_id not in ({one.pk for one in activity.sessions.all()} or {None}):
        problems["session"] = "这次会议分场召开，请选择选举的场次。"
    if data.body == ElectionBody.COMMITTEE and not data.by_election and data.term_from is None:
        problems["term_from"] = "请填写新一届任期的开始日期。"
    problems |= term_problems(activity, data)
    if problems:
        raise ValidationError(problems)


def term_problems(activity: Activity, data: ElectionData) -> dict[str, str]:
    """What speaks against the days of the new term, by field."""
    if data.by_election or data.term_from is None:
        return {}
    branch, held = activity.branch, timezone.localdate(activity.starts_at)
    if data.term_from < held:
        return {"term_from": "任期从选出之日算起，不能早于会议日期。"}
    longest = term_end(branch.level, data.term_from)
    if data.term_to is not None and (data.term_to <= data.term_from or (longest and data.term_to > longest)):
        return {"term_to": f"每届任期不超过规定年限，最晚到{longest:%Y年%-m月%-d日}，并应晚于开始日期。"}
    last = current_term(branch, data.term_from)
    if last is None or last.starts_on == data.term_from:
        return {}
    approved = bool(data.approval.strip() or last.extended_to)
    problem = shift_problem(ended=last.ends_on, starts_on=data.term_from, approved=approved)
    return {"term_from" if "超过1年" in problem else "approval": problem} if problem else {}


@transaction.atomic
def count_election(
    *, election: Election, data: CountData, actor: User, version: int | None = None
) -> tuple[Election, ElectionOutcome]:
    """Enter the count of a round. Refuses what cannot be; a void round is kept, to be told and voted again."""
    activity = lock_open(election.activity)
    election = _locked(election, version)
    if election.rounds.exists():
        raise ValidationError("已进行下一轮投票，这一轮的票数不能再改，请先删除后一轮。")
    names = {row.member.user_id: row.name for row in electable(activity)}
    listed = {row.pk: row for row in election.candidates.filter(write_in=False)}
    problems: dict[str, Any] = {}
    if set(data.written) - set(names) or set(data.written) & {row.user_id for row in listed.values()}:
        problems["written"] = "另选人应是候选人以外的正式党员。"
    if doubly := [n for n in (data.scrutineers, data.tellers) if any(row.name in n for row in listed.values())]:
        problems["tellers"] = f"候选人不能担任监票人、计票人：{'、'.join(doubly)}。"
    if problems:
        raise ValidationError(problems)
    votes = [Votes(row.name, *data.votes.get(pk, (0, 0, 0))) for pk, row in listed.items()]
    votes += [Votes(names[pk], yes, write_in=True) for pk, yes in data.written.items()]
    election.activity = activity
    found = outcome_of(election, votes, issued=data.issued, returned=data.returned, invalid=data.invalid)
    if found.result is None and data.issued:
        raise ValidationError({"counts": found.problems})
    election.candidates.filter(write_in=True).delete()
    for pk, row in listed.items():
        row.yes, row.no, row.abstain = data.votes.get(pk, (0, 0, 0))
    Candidate.objects.bulk_update(listed.values(), ["yes", "no", "abstain"])
    Candidate.objects.bulk_create(
        Candidate(election=election, user_id=pk, name=names[pk], order=n, write_in=True, yes=yes)
        for n, (pk, yes) in enumerate(data.written.items(), 1)
    )
    election.issued, election.returned, election.invalid = data.issued, data.returned, data.invalid
    election.scrutineers, election.tellers = data.scrutineers.strip(), data.tellers.strip()
    election.fewer_seats = data.fewer_seats
    election.version += 1
    _settle(election)
    touch(activity, actor)
    told = {"issued": [None, data.issued], "returned": [None, data.returned], "invalid": [None, data.invalid]}
    record(actor=actor, action="election.counted", target=election, branch=activity.branch, changes=told)
    return election, found


def _settle(election: Election) -> None:
    """Write voters, result and winners of a round as its record stands now."""
    voters = voters_of(election.activity, MotionKind.ELECTION, election.session_id)
    election.eligible, election.present_voting = voters.eligible, voters.present
    rows = list(election.candidates.all())
    found = outcome_of(election, [Votes(row.name, row.yes, row.no, row.abstain, row.write_in) for row in rows])
    election.result = (found.result or "") if election.issued else ""
    for n, row in enumerate(rows):
        row.elected = n in found.elected
    Candidate.objects.bulk_update(rows, ["elected"])
    election.save()


@transaction.atomic
def next_round(*, election: Election, actor: User) -> Election:
    """A new vote for the seats that were left: among the tied, else among those not elected. Again gives the same."""
    activity = lock_open(election.activity)
    election = _locked(election, None)
    if kept := election.rounds.first():
        return kept
    election.activity = activity
    found = outcome_of(election)
    rows = list(election.candidates.all())
    if found.result not in (VoteResult.PASSED, VoteResult.FAILED) or not found.left:
        raise ValidationError("这一轮没有需要重新投票的名额。")
    again = [rows[n] for n in found.tied] or [row for n, row in enumerate(rows) if n not in found.elected]
    again = [row for row in again if found.tied or not row.write_in]
    if not again:
        raise ValidationError("没有可以再次投票的候选人，请重新提名后另行选举。")
    number = (activity.elections.aggregate(n=Max("number"))["n"] or 0) + 1
    made = Election.objects.create(
        activity=activity,
        follows=election,
        number=number,
        body=election.body,
        by_election=election.by_election,
        seats=found.left,
        base=election.base,
        session_id=election.session_id,
        scrutineers=election.scrutineers,
        tellers=election.tellers,
    )
    _write_names(made, {row.user_id: row.name for row in again}, {row.user_id: row.post for row in again})
    touch(activity, actor)
    told = {"seats": [None, made.seats], "candidates": [None, "、".join(row.name for row in again)]}
    record(actor=actor, action="election.again", target=made, branch=activity.branch, changes=told)
    return made


@transaction.atomic
def delete_election(*, election: Election, actor: User) -> None:
    activity = lock_open(election.activity)
    if election.rounds.exists():
        raise ValidationError("请先删除后一轮投票。")
    record(actor=actor, action="election.removed", target=election, branch=activity.branch)
    election.delete()
    touch(activity, actor)


def election_gaps(activity: Activity) -> list[str]:
    """Why the elections keep this record from being handed in, each named."""
    found = []
    elections = list(activity.elections.prefetch_related("candidates", "rounds"))
    if elections and activity.branch.kind == BranchKind.TEMPORARY:
        return [NEVER]
    for election in elections:
        election.activity = activity
        outcome, name = outcome_of(election), title_of(election)
        if election.body not in bodies_of(activity):
            found.append(f"{name}：这类活动不能进行这项选举。")
        elif election.session_id is None and activity.sessions.exists():
            found.append(f"{name}：请选择选举的场次。")
        elif outcome.problems:
            found.append(f"{name}：{outcome.problems[0]}")
        elif outcome.left and not election.rounds.all() and not election.fewer_seats:
            found.append(f"{name}：还有{outcome.left}名没有选出，请再次投票，或经半数以上选举人同意减少名额。")
        elif not (election.scrutineers and election.tellers):
            found.append(f"{name}：请填写监票人和计票人。")
        elif not election.follows_id and (problem := _term_gap(election)):
            found.append(f"{name}：{problem}")
    return found


def _term_gap(election: Election) -> str:
    data = ElectionData(
        body=election.body,
        seats=election.seats,
        candidates={},
        by_election=election.by_election,
        term_from=election.term_from,
        term_to=election.term_to,
        approval=election.approval,
    )
    return next(iter(term_problems(election.activity, data).values()), "")


def freeze_elections(activity: Activity) -> None:
    for election in activity.elections.select_for_update().order_by("number"):
        election.activity = activity
        _settle(election)


def title_of(election: Election) -> str:
    word = "补选" if election.by_election else "选举"
    again = "（再次投票）" if election.follows_id else ""
    return f"{word}{election.get_body_display()}{again}"


def one_for_one(body: str) -> bool:
    return body in ONE_FOR_ONE


def _locked(election: Election, version: int | None) -> Election:
    found = Election.objects.select_for_update().get(pk=election.pk, activity=election.activity_id)
    if version is not None and version != found.version:
        raise ValidationError("这项选举刚被他人修改过，请核对最新内容后重新保存。", code="conflict")
    return found
