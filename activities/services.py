"""The life of a record up to its confirmation; what comes after: activities.records.reviewing."""

import uuid
from collections.abc import Collection
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from activities.attendance.rows import lock_sign_in, refuse_strangers, write_rows
from activities.attendance.sittings import by_sitting
from activities.choices import BRANCH_KINDS, COMMITTEE_KINDS, HANDED_IN, ActivityState, Kind
from activities.confirming import require_confirmer
from activities.effects import settle
from activities.models import Activity, ActivityKind, Attendance, SerialCounter
from activities.plan.closed_periods import require_open
from activities.plan.planning import refresh_items
from activities.records import joint
from activities.records.contents import write_parts
from activities.records.drafting import (
    CONFIDENTIAL,
    FIELDS,
    LABELS,
    ActivityData,
    Conflict,
    Difference,
    FieldConflict,
    Incomplete,
    difference,
    missing,
    value_of,
)
from activities.records.sessions import problem_of, refuse_silent_moves, sitting_gaps, with_first, write_sessions
from activities.rules import committee_quorum, leading_body_quorum
from activities.signals import activity_confirmed
from activities.votes import summary as vote_summary
from branches.audit import record
from branches.choices import BranchLevel
from branches.models import User
from config.templatetags.ui import cn_date

EDITABLE: Final = (ActivityState.PLANNED, ActivityState.DRAFT, ActivityState.SUBMITTED, ActivityState.RETURNED)
INITIALS: Final = {
    Kind.GENERAL_MEETING: "DH",
    Kind.COMMITTEE_MEETING: "ZW",
    Kind.GROUP_MEETING: "XZ",
    Kind.PARTY_LECTURE: "DK",
    Kind.THEME_DAY: "ZT",
    Kind.ORG_LIFE_MEETING: "ZZ",
    Kind.DEMOCRATIC_APPRAISAL: "PY",
    Kind.POLITICAL_BIRTHDAY: "SR",
    Kind.WARNING_EDUCATION: "JS",
    Kind.CENTER_GROUP_STUDY: "ZX",
    Kind.DEM_LIFE_MEETING: "MZ",
    Kind.REPORT_ASSESSMENT: "SZ",
}
TRIMMED: Final = 300  # characters of a long text that the audit trail keeps


# -- Draft


@transaction.atomic
def save_draft(*, activity: Activity | None, form_key: uuid.UUID, data: ActivityData, actor: User) -> Activity:
    """Create or change a record and write the rows of everyone expected; submitted and returned ones become drafts.

    A second post of the same form changes nothing, or adds what was typed since. Raises Conflict when somebody else
    saved meanwhile, ValidationError for what no draft may be.
    """
    _check_shape(data)
    made = same_form = False
    if activity is None:
        activity, made = _claim(form_key, data, actor)
        same_form = not made
    activity = locked(activity)
    if activity.branch_id != data.branch.pk:
        raise ValidationError({"branch": "已保存的记录不能换到另一个党支部，请另行登记。"})
    joint.check(activity, data)
    data = with_first(activity, data)
    change = difference(activity, data)
    refuse_strangers(activity, data.absences.keys(), {row.member_id for row in change.rows})
    refuse_silent_moves(activity, data, change.rows)
    if not change.changes and not made:
        return activity
    typed_on = same_form and activity.editor_id == actor.pk and activity.state == ActivityState.DRAFT
    if not made and not typed_on and (same_form or data.version != activity.version):
        raise Conflict(activity, _both(change))
    if activity.state not in EDITABLE:
        raise ValidationError("已确认的记录不能直接修改，请使用更正出席。")
    days = [] if made else [timezone.localdate(activity.starts_at)]
    kinds = set() if made else {row.kind for row in activity.kinds.all()}
    parts = joint.hold(activity, data.cohosts or ())
    _write(activity, data, change, actor, made=made)
    joint.share(activity, parts, data.cohosts, actor)
    refresh_items(
        branch=activity.branch, kinds=kinds | set(data.kinds), days=[*days, timezone.localdate(data.starts_at)]
    )
    changes = {LABELS[name]: [old[:TRIMMED], new[:TRIMMED]] for name, (old, new) in change.changes.items()}
    for name in change.changes.keys() & set(CONFIDENTIAL):  # a reason may tell of an illness
        changes[LABELS[name]] = ["***", "***"]
    action = "activity.created" if made else "activity.changed"
    record(actor=actor, action=action, target=activity, branch=activity.branch, changes={} if made else changes)
    return activity


def _claim(form_key: uuid.UUID, data: ActivityData, actor: User) -> tuple[Activity, bool]:
    """The record of this form: made now, or by the post that came first (which has committed by then)."""
    try:
        with transaction.atomic():
            made = Activity.objects.create(
                branch=data.branch,
                group=value_of(data, "group", Activity()),
                starts_at=data.starts_at,
                recorder=data.recorder or actor,
                editor=actor,
                form_key=form_key,
            )
            return made, True
    except IntegrityError:
        kept = Activity.objects.filter(form_key=form_key).first()
        if kept is None:
            raise
        if kept.branch_id != data.branch.pk:
            text = "这份表单已为另一个党支部保存过记录。确需为本支部登记的，请再提交一次。"
            raise ValidationError({"branch": text}) from None
        return kept, False


def _write(activity: Activity, data: ActivityData, change: Difference, actor: User, *, made: bool) -> None:
    for name in FIELDS:
        setattr(activity, name, value_of(data, name, activity))
    if activity.state == ActivityState.SUBMITTED and activity.returned_at is None:
        activity.submitted_at = activity.submitted_by = None  # taken back by its own people: judged anew (ADR 0008)
    ahead = activity.state == ActivityState.PLANNED and data.starts_at > timezone.now()
    activity.state = ActivityState.PLANNED if ahead else ActivityState.DRAFT
    activity.editor = actor
    activity.version += 0 if made else 1
    activity.full_clean(exclude=["branch", "group", "chair", "recorder", "lecturer", "editor"], validate_unique=False)
    activity.save()
    if "kinds" in change.changes:
        ActivityKind.objects.filter(activity=activity).delete()
        ActivityKind.objects.bulk_create([ActivityKind(activity=activity, kind=kind) for kind in data.kinds])
    write_parts(activity, {name: lines for name, lines in data.parts.items() if name in change.changes})
    if "sessions" in change.changes:
        write_sessions(activity, change.sittings)
    if made or change.changes.keys() & {"absences", "kinds", "starts_at", "sessions"}:
        write_rows(activity, change.rows, actor)


def _both(change: Difference) -> list[FieldConflict]:
    return [FieldConflict(name, LABELS[name], old, new) for name, (old, new) in change.changes.items()]


def locked(activity: Activity) -> Activity:
    """The record as it is now, locked; nobody signs in to it meanwhile. Raises ValidationError when it is gone."""
    rows = Activity.objects.select_for_update(of=("self",), no_key=True).select_related(
        "branch", "group", "editor", "recorder"
    )
    found = rows.filter(pk=activity.pk).first()
    if found is None:  # a draft was deleted, or a co-host let go, by somebody else in this moment
        raise ValidationError("这份记录刚刚被他人删除，请返回活动记录查看。")
    lock_sign_in(found)
    return found


def _check_shape(data: ActivityData) -> None:
    """What not even a draft may be."""
    problems = {}
    kinds = [Kind(kind) for kind in data.kinds]
    if not kinds:
        raise ValidationError({"kind": "请选择活动类型。"})
    if data.branch.level == BranchLevel.GROUP:
        raise ValidationError({"branch": "请选择党支部；党小组会记在所属党支部名下。"})
    if kinds[0] == Kind.GROUP_MEETING:
        if data.group is None:
            problems["group"] = "请选择党小组。"
        elif not data.group.path.startswith(data.branch.path) or data.group.level != BranchLevel.GROUP:
            problems["group"] = "所选党小组不属于这个党支部。"
    known = COMMITTEE_KINDS if data.branch.level == BranchLevel.COMMITTEE else BRANCH_KINDS
    if strange := [str(kind.label) for kind in kinds if kind not in known]:
        problems["kind"] = f"{'、'.join(strange)}不在{data.branch.name}登记。"
    day = timezone.localdate(data.starts_at)
    if day < data.branch.founded_on:
        problems["date"] = f"{data.branch.name}成立于{cn_date(data.branch.founded_on)}，活动日期不能早于成立日期。"
    elif data.branch.dissolved_on and day > data.branch.dissolved_on:
        problems["date"] = f"{data.branch.name}已于{cn_date(data.branch.dissolved_on)}撤销，不能登记此后的活动。"
    if data.ends_at and data.ends_at <= data.starts_at:
        problems["ends"] = "结束时间应晚于开始时间。"
    elif problem := problem_of(data):
        problems["sessions"] = problem
    if problems:
        raise ValidationError(problems)


# -- Submission


@transaction.atomic
def submit_activity(*, activity: Activity, actor: User) -> Activity:
    """Hand a complete record in for confirmation and number it. Raises Incomplete with every gap, beside its field."""
    activity = locked(activity)
    if activity.state == ActivityState.SUBMITTED:
        return activity
    if activity.state not in (ActivityState.PLANNED, ActivityState.DRAFT, ActivityState.RETURNED):
        raise ValidationError("这份记录已经确认，不需要再提交。")
    if gaps := gaps_of(activity):
        raise gaps
    now, day = timezone.now(), timezone.localdate(activity.starts_at)
    require_open(activity.branch, day)
    parts = joint.hold(activity)
    vote_summary.freeze(activity)
    before = ActivityState(activity.state).label
    activity.state = ActivityState.SUBMITTED
    activity.submitted_at = activity.submitted_at or now  # returned records keep the time they were first handed in
    activity.submitted_by = actor
    activity.serial = activity.serial or _next_serial(activity, day.year)
    activity.version += 1
    activity.save(update_fields=["state", "submitted_at", "submitted_by", "serial", "version", "updated_at"])
    refresh(activity)
    joint.share(activity, parts, None, actor)
    joint.tell_ready(activity)
    changes = {"状态": [before, ActivityState.SUBMITTED.label]}
    record(actor=actor, action="activity.submitted", target=activity, branch=activity.branch, changes=changes)
    return activity


def gaps_of(activity: Activity) -> Incomplete | None:
    """Everything that keeps this draft from being handed in, or nothing."""
    rows = list(activity.attendances.all())
    problems, people = missing(activity, rows)
    day = timezone.localdate(activity.starts_at)
    if activity.starts_at > timezone.now():
        problems["date"] = "活动还没有开始，开展之后才能提交；现在可以存为草稿。"
    if not activity.branch.is_open(day):
        problems["date"] = f"{activity.branch.name}在{cn_date(day)}尚未成立或已经撤销。"
    if twin := _handed_in_twin(activity):
        problems["starts_at"] = f"这个时间已有一份同类记录“{twin.topic}”（{twin.serial}），请勿重复登记。"
    if short := quorum_shortfall(activity, rows):
        problems.setdefault("absences", short)
    problems |= sitting_gaps(activity, rows)
    problems |= vote_summary.gaps(activity)
    problems = joint.own_gaps(activity, problems)
    return Incomplete(problems, people) if problems else None


def _handed_in_twin(activity: Activity) -> Activity | None:
    """The record of the same meeting: a body cannot hold one of a kind twice at the same time."""
    same = Activity.objects.filter(branch=activity.branch, group=activity.group, starts_at=activity.starts_at)
    handed_in = same.filter(state__in=HANDED_IN).exclude(pk=activity.pk)
    return handed_in.filter(kinds__kind__in=[row.kind for row in activity.kinds.all()]).first()


def quorum_shortfall(activity: Activity, rows: Collection[Attendance]) -> str:
    """Why the meeting was not valid, or nothing; only bodies that need their quorum whether they vote or not.

    Each sitting must be valid by itself.
    """
    kinds = {row.kind for row in activity.kinds.all()}
    if not kinds & {Kind.COMMITTEE_MEETING, Kind.DEM_LIFE_MEETING}:
        return ""
    for sat in by_sitting(list(activity.sessions.all()), rows):
        present, which = len(sat.rows), f"{sat.session}" if sat.session else ""
        if Kind.COMMITTEE_MEETING in kinds and present < committee_quorum(len(rows)):
            return f"支委应到{len(rows)}人，{which}实到{present}人，不足半数，会议无效，请另行召开。"
        if Kind.DEM_LIFE_MEETING in kinds and present < leading_body_quorum(len(rows)):
            return f"班子成员应到{len(rows)}人，{which}实到{present}人，不足三分之二，会议无效，请另行召开。"
    return ""


def _next_serial(activity: Activity, year: int) -> str:
    kind = Kind(activity.kinds.all()[0].kind)
    counters = SerialCounter.objects.select_for_update()
    counter, _ = counters.get_or_create(branch=activity.branch, year=year, kind=kind)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"{activity.branch.code}-{year}-{INITIALS[kind]}-{counter.last:03d}"


# -- Confirmation


@transaction.atomic
def confirm_activity(*, activity: Activity, actor: User) -> Activity:
    """Confirm a submitted record; points, plan and roll-ups follow in this same transaction."""
    activity = locked(activity)
    if activity.state != ActivityState.SUBMITTED:
        raise ValidationError("只有待确认的记录可以确认，这份记录可能已由他人处理。")
    require_confirmer(activity, actor, "确认")
    joint.require_handed_in(activity)
    require_open(activity.branch, timezone.localdate(activity.starts_at))
    activity.state = ActivityState.CONFIRMED
    activity.revision += 1
    activity.version += 1
    activity.confirmed_at, activity.confirmed_by = timezone.now(), actor
    activity.save(update_fields=["state", "revision", "version", "confirmed_at", "confirmed_by", "updated_at"])
    refresh(activity)
    settle(activity, actor)
    activity.spot_checks.filter(passed=False, answered_at__isnull=True).update(answered_at=activity.confirmed_at)
    changes = {"状态": [ActivityState.SUBMITTED.label, ActivityState.CONFIRMED.label]}
    record(actor=actor, action="activity.confirmed", target=activity, branch=activity.branch, changes=changes)
    activity_confirmed.send(
        Activity, source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=actor
    )
    return activity


@transaction.atomic
def delete_draft(*, activity: Activity, actor: User) -> None:
    """Remove a draft that was never handed in; its photos go with it (files after commit: records.photos)."""
    activity = locked(activity)
    if activity.state not in (ActivityState.PLANNED, ActivityState.DRAFT) or activity.serial:
        raise ValidationError("提交过的记录不能删除，只能修改或更正。")
    joint.release(activity, joint.hold(activity), actor)
    kinds = [row.kind for row in activity.kinds.all()]
    day, branch = timezone.localdate(activity.starts_at), activity.branch
    record(actor=actor, action="activity.deleted", target=activity, branch=branch)
    activity.delete()
    refresh_items(branch=branch, kinds=kinds, days=[day])


def refresh(activity: Activity) -> None:
    """Bring plan and roll-ups in line with a record whose state or people changed."""
    kinds = [row.kind for row in activity.kinds.all()]
    refresh_items(branch=activity.branch, kinds=kinds, days=[timezone.localdate(activity.starts_at)])
