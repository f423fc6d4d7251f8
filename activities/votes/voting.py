"""Motions of a meeting and the people left out of those who should attend: reading, writing, judging.

A ballot is a count: nothing here knows who voted how. While the record is a draft the number of voters follows from its
attendance; handing it in freezes it (`freeze`).
"""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from activities.choices import ActivityState, AttendanceStatus, ExclusionReason, Kind, MotionKind, VoteMethod
from activities.models import Activity, Attendance, Exclusion, Motion
from activities.votes.quorum import SECRET_ONLY, WRITTEN_OPINIONS, MotionOutcome, motion_outcome
from branches.audit import record
from branches.choices import BranchKind
from branches.models import User

OPEN_STATES: Final = (ActivityState.PLANNED, ActivityState.DRAFT, ActivityState.RETURNED)
MATTERS: Final = {  # what each body may vote on; a group decides nothing
    Kind.GENERAL_MEETING: (MotionKind.RESOLUTION, MotionKind.ADMISSION, MotionKind.CONFIRMATION),
    Kind.COMMITTEE_MEETING: (MotionKind.RESOLUTION,),
}
COUNTS: Final = ("issued", "returned", "yes", "no", "abstain", "invalid", "written_yes")


@dataclass(frozen=True)
class MotionData:
    """Everything the form of a motion says."""

    kind: str
    text: str
    method: str
    subject: str = ""
    session_id: int | None = None
    issued: int = 0
    returned: int = 0
    yes: int = 0
    no: int = 0
    abstain: int = 0
    invalid: int = 0
    written_yes: int = 0


@dataclass(frozen=True)
class Voters:
    """Who should attend with a vote, and who of them is there."""

    eligible: int
    present: int


def matters_of(activity: Activity) -> tuple[MotionKind, ...]:
    """The matters this meeting may vote on; none for what is no general or committee meeting."""
    kinds = {row.kind for row in activity.kinds.all()}
    found = [matter for kind, matters in MATTERS.items() if kind in kinds for matter in matters]
    return tuple(dict.fromkeys(found))


def is_open(activity: Activity) -> bool:
    return activity.state in OPEN_STATES


def voters_of(
    activity: Activity,
    kind: MotionKind | str,
    session_id: int | None = None,
    *,
    rows: Iterable[Attendance] | None = None,
) -> Voters:
    """The voters of a matter by the attendance as it stands.

    Excluded is whom the superior agreed to and the meeting adopted; at an admission only by the first five reasons.
    Of a meeting held several times the sitting's people are present, all of the roll should attend.
    """
    excluded = {
        row.member_id
        for row in activity.exclusions.all()
        if row.adopted and not (kind in WRITTEN_OPINIONS and row.reason == ExclusionReason.RETIRED_AWAY)
    }
    rows = activity.attendances.all() if rows is None else rows
    able = [row for row in rows if row.may_vote and row.member_id not in excluded]
    there = [
        row
        for row in able
        if row.status == AttendanceStatus.PRESENT and (session_id is None or row.session_id == session_id)
    ]
    return Voters(len(able), len(there))


def outcome_of(motion: Motion) -> MotionOutcome:
    """Judge a motion: by the frozen number of voters once the record was handed in, else by its attendance."""
    voters = Voters(motion.eligible, motion.present_voting)
    if is_open(motion.activity):
        voters = voters_of(motion.activity, motion.kind, motion.session_id)
    return judge(motion.kind, motion.method, voters, {name: getattr(motion, name) for name in COUNTS})


def judge(kind: str, method: str, voters: Voters, counts: dict[str, int]) -> MotionOutcome:
    return motion_outcome(motion=kind, method=method, eligible=voters.eligible, present_voting=voters.present, **counts)


@transaction.atomic
def save_motion(
    *,
    activity: Activity,
    data: MotionData,
    actor: User,
    motion: Motion | None = None,
    form_key: uuid.UUID | None = None,
    version: int | None = None,
) -> Motion:
    """Write one motion of an open record; the same form twice makes one. A count that does not add up is refused.

    Counts may be missing (the vote is still to come), and a void vote may be kept until the record is handed in.
    """
    activity = lock_open(activity)
    data = MotionData(**{**asdict(data), "text": data.text.strip(), "subject": data.subject.strip()})
    if motion is None and form_key and (kept := Motion.objects.filter(form_key=form_key, activity=activity).first()):
        return kept
    _check(activity, data)
    fields = asdict(data)
    voters = voters_of(activity, data.kind, data.session_id)
    found = judge(data.kind, data.method, voters, {name: fields[name] for name in COUNTS})
    counted = any(fields[name] for name in COUNTS)
    if found.result is None and counted:
        raise ValidationError({"counts": found.problems})
    values = fields | {
        "eligible": voters.eligible,
        "present_voting": voters.present,
        "result": (found.result or "") if counted else "",
    }
    if motion is None:
        number = (activity.motions.aggregate(n=Max("number"))["n"] or 0) + 1
        motion = Motion(activity=activity, number=number, form_key=form_key)
        action, before = "vote.added", {}
    else:
        motion = Motion.objects.select_for_update().get(pk=motion.pk, activity=activity)
        if version is not None and version != motion.version:
            raise ValidationError("这项表决刚被他人修改过，请核对最新内容后重新保存。", code="conflict")
        motion.version += 1
        action, before = "vote.changed", {name: getattr(motion, name) for name in fields}
    for name, value in values.items():
        setattr(motion, name, value)
    motion.full_clean(exclude=["activity", "session"], validate_unique=False)
    motion.save()
    changes = {name: [before.get(name), fields[name]] for name in fields if before.get(name) != fields[name]}
    changes.pop("session_id", None)
    touch(activity, actor)
    record(actor=actor, action=action, target=motion, branch=activity.branch, changes=changes if before else {})
    return motion


def _check(activity: Activity, data: MotionData) -> None:
    matters, problems = matters_of(activity), {}
    if not matters:
        raise ValidationError("只有支部党员大会和支部委员会会议进行表决；党小组会不作决定。")
    if data.kind not in matters:
        raise ValidationError({"kind": "这次会议不能表决这类事项，接收和转正由支部党员大会表决。"})
    if not data.text:
        problems["text"] = "请填写议题。"
    if data.kind in WRITTEN_OPINIONS and not data.subject:
        problems["subject"] = "接收和转正须逐人表决，请填写表决对象。"
    if data.kind in SECRET_ONLY and data.method != VoteMethod.SECRET:
        problems["method"] = f"{MotionKind(data.kind).label}必须采用无记名投票。"
    sessions = {one.pk for one in activity.sessions.all()}
    if data.session_id not in (sessions or {None}):
        which = "分场召开，请选择表决的场次" if sessions else "没有分场，不用选择场次"
        problems["session"] = f"这次会议{which}。"
    if problems:
        raise ValidationError(problems)


@transaction.atomic
def delete_motion(*, motion: Motion, actor: User) -> None:
    activity = lock_open(motion.activity)
    record(actor=actor, action="vote.removed", target=motion, branch=activity.branch)
    motion.delete()
    touch(activity, actor)


@transaction.atomic
def save_exclusion(
    *,
    activity: Activity,
    member_id: int,
    reason: str,
    consent: str,
    adopted: bool,
    actor: User,
    exclusion: Exclusion | None = None,
) -> Exclusion:
    """Enter somebody to be left out of those who should attend; the trail keeps the person, never the reason."""
    activity = lock_open(activity)
    problems = {}
    if not matters_of(activity):
        raise ValidationError("只有进行表决的会议才需要核定应到会人数。")
    row = activity.attendances.filter(member=member_id).first()
    if row is None or not row.may_vote:
        problems["member"] = "请从本次会议有表决权的应到人员里选择。"
    elif row.status == AttendanceStatus.PRESENT and adopted:
        problems["member"] = f"{row.name}已到会，不能不计入应到会。"
    if not consent.strip():
        problems["consent"] = "须经上级党组织同意，请填写文号。"
    same = activity.exclusions.filter(member=member_id).exclude(pk=exclusion.pk if exclusion else None)
    if same.exists():
        problems["member"] = "这名党员已登记。"
    if problems:
        raise ValidationError(problems)
    made = exclusion is None
    exclusion = exclusion or Exclusion(activity=activity)
    exclusion.member_id, exclusion.reason = member_id, reason
    exclusion.consent, exclusion.adopted = consent.strip(), adopted
    exclusion.full_clean(exclude=["activity", "member"], validate_unique=False)
    exclusion.save()
    touch(activity, actor)
    told = {"name": [None, row.name], "adopted": [None, adopted]}
    action = "exclusion.added" if made else "exclusion.changed"
    record(actor=actor, action=action, target=activity, branch=activity.branch, changes=told)
    return exclusion


@transaction.atomic
def delete_exclusion(*, exclusion: Exclusion, actor: User) -> None:
    activity = lock_open(exclusion.activity)
    told = {"name": [exclusion.member.user.name, None]}
    exclusion.delete()
    touch(activity, actor)
    record(actor=actor, action="exclusion.removed", target=activity, branch=activity.branch, changes=told)


def motion_gaps(activity: Activity) -> list[str]:
    """Why the motions keep this record from being handed in, each named."""
    found = []
    motions = list(activity.motions.all())
    if motions and not matters_of(activity):
        return ["这类活动不进行表决，请删除表决，或改为支部党员大会、支部委员会会议。"]
    sessions = activity.sessions.all()
    for motion in motions:
        motion.activity = activity
        outcome = outcome_of(motion)
        if sessions and motion.session_id is None:
            found.append(f"表决“{name_of(motion)}”：请选择表决的场次。")
        elif outcome.problems:
            found.append(f"表决“{name_of(motion)}”：{outcome.problems[0]}")
    return found


def freeze_motions(activity: Activity) -> None:
    """Write the number of voters and the result of each motion of a record that is being handed in."""
    for motion in activity.motions.select_for_update():
        voters = voters_of(activity, motion.kind, motion.session_id)
        found = judge(motion.kind, motion.method, voters, {name: getattr(motion, name) for name in COUNTS})
        motion.eligible, motion.present_voting, motion.result = voters.eligible, voters.present, found.result or ""
        motion.save(update_fields=["eligible", "present_voting", "result"])


def name_of(motion: Motion) -> str:
    return f"{motion.text}（{motion.subject}）" if motion.subject else motion.text


def warnings_of(activity: Activity, kinds: Collection[str]) -> list[str]:
    """What to look at before an admission is voted on, though nothing forbids it."""
    if activity.branch.kind == BranchKind.TEMPORARY and set(kinds) & WRITTEN_OPINIONS:
        return ["临时党支部一般不接收预备党员，确需接收的须经批准它的党组织同意。"]
    return []


def lock_open(activity: Activity) -> Activity:
    """The record, locked and still open; raises ValidationError once it was handed in."""
    locked = Activity.objects.select_for_update(of=("self",)).select_related("branch").get(pk=activity.pk)
    if not is_open(locked):
        text = "这份记录已提交，表决按提交时的情况固定。需要修改的，请先把记录改回草稿，或请确认人退回。"
        raise ValidationError("这份记录已确认，表决不能再改。" if locked.serial and locked.revision else text)
    return locked


def touch(activity: Activity, actor: User) -> None:
    """Whoever entered a vote had the record in hand: they do not confirm it. The version stays: no text changed."""
    activity.editor = actor
    activity.save(update_fields=["editor", "updated_at"])
