"""The life of a record: draft, submitted, returned, confirmed, corrected. The only writers of records."""

import uuid
from collections.abc import Collection, Mapping
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from activities import vote_summary
from activities.attendance_rows import STAMPS, refuse_strangers, stamp
from activities.choices import BRANCH_KINDS, COMMITTEE_KINDS, ActivityState, AttendanceStatus, Kind
from activities.closed_periods import require_open
from activities.confirming import require_confirmer
from activities.contents import write_parts
from activities.drafting import (
    CONFIDENTIAL,
    FIELDS,
    LABELS,
    Absence,
    ActivityData,
    Conflict,
    Difference,
    FieldConflict,
    Incomplete,
    difference,
    missing,
    value_of,
)
from activities.effects import settle
from activities.models import Activity, ActivityKind, Attendance, SerialCounter
from activities.planning import refresh_items
from activities.rules import committee_quorum, leading_body_quorum
from activities.signals import activity_confirmed, activity_corrected
from branches.audit import record
from branches.choices import BranchLevel
from branches.models import User

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
ROW_FIELDS: Final = ("branch_id", "name", "group_name", "member_type", "may_vote", "status", "reason", "note")
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
    activity = _locked(activity)
    if activity.branch_id != data.branch.pk:
        raise ValidationError({"branch": "已保存的记录不能换到另一个党支部，请另行登记。"})
    change = difference(activity, data)
    refuse_strangers(activity, data.absences.keys(), {row.member_id for row in change.rows})
    if not change.changes and not made:
        return activity
    typed_on = same_form and activity.editor_id == actor.pk and activity.state == ActivityState.DRAFT
    if not made and not typed_on and (same_form or data.version != activity.version):
        raise Conflict(activity, _both(change))
    if activity.state not in EDITABLE:
        raise ValidationError("已确认的记录不能直接修改，请使用更正出席。")
    days = [] if made else [timezone.localdate(activity.starts_at)]
    kinds = set() if made else {row.kind for row in activity.kinds.all()}
    _write(activity, data, change, actor, made=made)
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
    if made or "absences" in change.changes or "kinds" in change.changes or "starts_at" in change.changes:
        _write_rows(activity, change.rows, actor)


def _write_rows(activity: Activity, rows: Collection[Attendance], actor: User) -> None:
    """Bring the rows in line with those expected now: who stays keeps sign-in, sitting and approval of the leave."""
    kept = {row.member_id: row for row in Attendance.objects.select_for_update().filter(activity=activity)}
    wanted = {row.member_id: row for row in rows}
    staying = [kept[pk] for pk in kept.keys() & wanted.keys()]
    for row in staying:
        new = wanted[row.member_id]
        if row.reason != new.reason:  # another reason is another leave
            row.approved_by_id = row.approved_at = None
        for name in ROW_FIELDS:
            setattr(row, name, getattr(new, name))
    made = [row for pk, row in wanted.items() if pk not in kept]
    stamp(activity, [*staying, *made], actor)
    Attendance.objects.filter(pk__in=[row.pk for pk, row in kept.items() if pk not in wanted]).delete()
    Attendance.objects.bulk_update(staying, [*ROW_FIELDS, *STAMPS])
    Attendance.objects.bulk_create(made)


def _both(change: Difference) -> list[FieldConflict]:
    return [FieldConflict(name, LABELS[name], old, new) for name, (old, new) in change.changes.items()]


def _locked(activity: Activity) -> Activity:
    rows = Activity.objects.select_for_update(of=("self",)).select_related("branch", "group", "editor", "recorder")
    return rows.get(pk=activity.pk)


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
        problems["date"] = f"{data.branch.name}成立于{_cn(data.branch.founded_on)}，活动日期不能早于成立日期。"
    elif data.branch.dissolved_on and day > data.branch.dissolved_on:
        problems["date"] = f"{data.branch.name}已于{_cn(data.branch.dissolved_on)}撤销，不能登记此后的活动。"
    if data.ends_at and data.ends_at <= data.starts_at:
        problems["ends"] = "结束时间应晚于开始时间。"
    if problems:
        raise ValidationError(problems)


# -- Submission


@transaction.atomic
def submit_activity(*, activity: Activity, actor: User) -> Activity:
    """Hand a complete record in for confirmation and number it. Raises Incomplete with every gap, beside its field."""
    activity = _locked(activity)
    if activity.state == ActivityState.SUBMITTED:
        return activity
    if activity.state not in (ActivityState.PLANNED, ActivityState.DRAFT, ActivityState.RETURNED):
        raise ValidationError("这份记录已经确认，不需要再提交。")
    if gaps := gaps_of(activity):
        raise gaps
    now, day = timezone.now(), timezone.localdate(activity.starts_at)
    require_open(activity.branch, day)
    vote_summary.freeze(activity)
    before = ActivityState(activity.state).label
    activity.state = ActivityState.SUBMITTED
    activity.submitted_at = activity.submitted_at or now  # returned records keep the time they were first handed in
    activity.submitted_by = actor
    activity.serial = activity.serial or _next_serial(activity, day.year)
    activity.version += 1
    activity.save(update_fields=["state", "submitted_at", "submitted_by", "serial", "version", "updated_at"])
    _refresh(activity)
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
        problems["date"] = f"{activity.branch.name}在{_cn(day)}尚未成立或已经撤销。"
    if twin := _handed_in_twin(activity):
        problems["starts_at"] = f"这个时间已有一份同类记录“{twin.topic}”（{twin.serial}），请勿重复登记。"
    if short := quorum_shortfall(activity, rows):
        problems.setdefault("absences", short)
    problems |= vote_summary.gaps(activity)
    return Incomplete(problems, people) if problems else None


def _handed_in_twin(activity: Activity) -> Activity | None:
    """The record of the same meeting: a body cannot hold one of a kind twice at the same time."""
    same = Activity.objects.filter(branch=activity.branch, group=activity.group, starts_at=activity.starts_at)
    handed_in = same.filter(state__in=[ActivityState.SUBMITTED, ActivityState.CONFIRMED]).exclude(pk=activity.pk)
    return handed_in.filter(kinds__kind__in=[row.kind for row in activity.kinds.all()]).first()


def quorum_shortfall(activity: Activity, rows: Collection[Attendance]) -> str:
    """Why the meeting was not valid, or nothing; only bodies that need their quorum whether they vote or not."""
    kinds = {row.kind for row in activity.kinds.all()}
    present = sum(row.status == AttendanceStatus.PRESENT for row in rows)
    if Kind.COMMITTEE_MEETING in kinds and present < committee_quorum(len(rows)):
        return f"支委应到{len(rows)}人，实到{present}人，不足半数，会议无效，请另行召开。"
    if Kind.DEM_LIFE_MEETING in kinds and present < leading_body_quorum(len(rows)):
        return f"班子成员应到{len(rows)}人，实到{present}人，不足三分之二，会议无效，请另行召开。"
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
    activity = _locked(activity)
    if activity.state != ActivityState.SUBMITTED:
        raise ValidationError("只有待确认的记录可以确认，这份记录可能已由他人处理。")
    require_confirmer(activity, actor, "确认")
    require_open(activity.branch, timezone.localdate(activity.starts_at))
    activity.state = ActivityState.CONFIRMED
    activity.revision += 1
    activity.version += 1
    activity.confirmed_at, activity.confirmed_by = timezone.now(), actor
    activity.save(update_fields=["state", "revision", "version", "confirmed_at", "confirmed_by", "updated_at"])
    _refresh(activity)
    settle(activity, actor)
    changes = {"状态": [ActivityState.SUBMITTED.label, ActivityState.CONFIRMED.label]}
    record(actor=actor, action="activity.confirmed", target=activity, branch=activity.branch, changes=changes)
    activity_confirmed.send(
        Activity, source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=actor
    )
    return activity


@transaction.atomic
def return_activity(*, activity: Activity, comment: str, actor: User, reviewing: bool = False) -> Activity:
    """Send a submitted record back with a comment. `reviewing`: the Party office checks it, whoever confirms."""
    activity = _locked(activity)
    comment = comment.strip()
    if activity.state != ActivityState.SUBMITTED:
        raise ValidationError("只有待确认的记录可以退回，这份记录可能已由他人处理。")
    if not reviewing:
        require_confirmer(activity, actor, "退回")
    if not comment:
        raise ValidationError({"comment": "请写明退回意见，便于对方修改。"})
    if len(comment) > 500:
        raise ValidationError({"comment": "退回意见请控制在500字以内。"})
    activity.state = ActivityState.RETURNED
    activity.version += 1
    activity.returned_at, activity.returned_by, activity.return_comment = timezone.now(), actor, comment
    activity.save(update_fields=["state", "version", "returned_at", "returned_by", "return_comment", "updated_at"])
    _refresh(activity)
    changes = {"退回意见": ["", comment]}
    record(actor=actor, action="activity.returned", target=activity, branch=activity.branch, changes=changes)
    return activity


# -- After confirmation


@transaction.atomic
def correct_attendance(
    *, activity: Activity, changes: Mapping[int, Absence | None], reason: str, actor: User, version: int | None = None
) -> Activity:
    """Change who came to a confirmed record: a new revision, from which points are reversed and made again.

    `changes`: member id -> None (present) or Absence; people left out stay as they are.
    """
    activity = _locked(activity)
    reason = reason.strip()
    if activity.state != ActivityState.CONFIRMED:
        raise ValidationError("只有已确认的记录需要更正出席。")
    require_open(activity.branch, timezone.localdate(activity.starts_at))
    if version is not None and version != activity.version:
        raise ValidationError("这份记录刚刚被他人更正，请核对最新情况后再改。")
    if not reason:
        raise ValidationError({"reason": "请写明更正原因。"})
    written, told, codes = [], {}, []
    refuse_strangers(activity, changes.keys(), activity.attendances.values_list("member", flat=True))
    for row in activity.attendances.filter(member__in=changes).select_related("member"):
        wanted = changes[row.member_id]
        after = (
            (wanted.status, wanted.reason, wanted.note.strip()[:60]) if wanted else (AttendanceStatus.PRESENT, "", "")
        )
        if (row.status, row.reason, row.note) == after:
            continue
        if wanted and not wanted.reason:
            raise ValidationError({"absences": f"{row.name}缺席，还没有填写原因。"})
        if row.member.user_id == actor.pk:
            raise ValidationError({"absences": "本人的出席情况请由其他支委更正。"})
        told[row.name] = [AttendanceStatus(row.status).label, AttendanceStatus(after[0]).label]
        row.status, row.reason, row.note = after
        row.approved_by_id = row.approved_at = None
        written.append(row)
        codes.append(row.member_id)
    if not written:
        raise ValidationError("没有需要更正的内容。")
    stamp(activity, written, actor)
    Attendance.objects.bulk_update(written, ["status", "reason", "note", *STAMPS])
    activity.revision += 1
    activity.version += 1
    activity.save(update_fields=["revision", "version", "updated_at"])
    _refresh(activity)
    settle(activity, actor)
    told["更正原因"] = ["", reason[:TRIMMED]]
    record(actor=actor, action="activity.corrected", target=activity, branch=activity.branch, changes=told)
    activity_corrected.send(
        Activity, source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=actor
    )
    return activity


@transaction.atomic
def delete_draft(*, activity: Activity, actor: User) -> None:
    """Remove a draft that was never handed in; its photos go with it (files after commit, see activities.photos)."""
    activity = _locked(activity)
    if activity.state not in (ActivityState.PLANNED, ActivityState.DRAFT) or activity.serial:
        raise ValidationError("提交过的记录不能删除，只能修改或更正。")
    kinds = [row.kind for row in activity.kinds.all()]
    day, branch = timezone.localdate(activity.starts_at), activity.branch
    record(actor=actor, action="activity.deleted", target=activity, branch=branch)
    activity.delete()
    refresh_items(branch=branch, kinds=kinds, days=[day])


def _refresh(activity: Activity) -> None:
    kinds = [row.kind for row in activity.kinds.all()]
    refresh_items(branch=activity.branch, kinds=kinds, days=[timezone.localdate(activity.starts_at)])


def _cn(day: object) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if hasattr(day, "year") else ""  # type: ignore[attr-defined]
