"""A record is sent back, checked by the Party office, corrected after it was confirmed, or put on file."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from activities.attendance.rows import STAMPS, refuse_strangers, stamp, told_apart
from activities.choices import ActivityState, AttendanceStatus
from activities.confirming import require_confirmer
from activities.effects import settle
from activities.models import Activity, Attendance, Revision, SpotCheck
from activities.plan.closed_periods import require_open
from activities.plan.rollups import day_start, lock_branches
from activities.records import joint
from activities.records.drafting import LABELS, Absence
from activities.records.sessions import keep_first_place, seat_after
from activities.services import TRIMMED, locked, refresh
from activities.signals import activity_corrected, activity_reopened
from branches.audit import record
from branches.choices import Topic
from branches.inbox import Message, notify_many
from branches.models import Branch, User

RETURNABLE: Final = {
    "topic": "主题",
    "starts_at": "时间",
    "place": "地点",
    "sessions": "分场",
    "chair": "主持人和记录人",
    "absences": "出席情况",
    "minutes": "纪要",
    "follow_ups": "议定事项",
    "photos": "照片",
}  # what a comment may be tied to, in the order of the form
CORRECTABLE: Final = ("topic", "place", "observers", "agenda", "minutes")  # texts that may change after confirmation
LONGEST: Final = 500
FIELD_LONGEST: Final = 200


# -- Sent back


@transaction.atomic
def return_activity(
    *,
    activity: Activity,
    comment: str,
    actor: User,
    reviewing: bool = False,
    fields: Mapping[str, str] | None = None,
    due: date | None = None,
) -> Activity:
    """Send a submitted record back. `reviewing`: the Party office checks it, whoever confirms.

    `fields`: a field of RETURNABLE -> what to mend there. `due`: the day by which it should be back.
    """
    activity = locked(activity)
    if activity.state != ActivityState.SUBMITTED:
        raise ValidationError("只有待确认的记录可以退回，这份记录可能已由他人处理。")
    if not reviewing:
        require_confirmer(activity, actor, "退回")
    _send_back(activity, comment, fields or {}, due, actor, "activity.returned")
    return activity


@transaction.atomic
def reopen_activity(
    *, activity: Activity, comment: str, actor: User, fields: Mapping[str, str] | None = None, due: date | None = None
) -> Activity:
    """Send a confirmed or filed record back after a spot check: it is worth nothing until it is confirmed again."""
    activity = locked(activity)
    if activity.state not in (ActivityState.CONFIRMED, ActivityState.ARCHIVED):
        raise ValidationError("只有已确认的记录可以抽查退回，这份记录可能已由他人处理。")
    require_open(activity.branch, timezone.localdate(activity.starts_at))
    if activity.elections.filter(applied_at__isnull=False).exists():
        raise ValidationError("选举结果已经生效，任职和任期已写入，不能退回。结果有误的，请按规定另行补选或任免。")
    _send_back(activity, comment, fields or {}, due, actor, "activity.reopened")
    SpotCheck.objects.create(
        activity=activity, passed=False, comment=activity.return_comment, due=due, checked_by=actor
    )
    settle(activity, actor)
    activity_reopened.send(
        Activity, source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=actor
    )
    return activity


def _send_back(
    activity: Activity, comment: str, fields: Mapping[str, str], due: date | None, actor: User, action: str
) -> None:
    comment = comment.strip()
    told = {name: " ".join(text.split()) for name, text in fields.items() if name in RETURNABLE and text.strip()}
    if not comment and told:
        comment = "请按各项意见修改。"
    if not comment:
        raise ValidationError({"comment": "请写明退回意见，便于对方修改。"})
    if len(comment) > LONGEST:
        raise ValidationError({"comment": f"退回意见请控制在{LONGEST}字以内。"})
    for name, text in told.items():
        if len(text) > FIELD_LONGEST:
            raise ValidationError({"comment": f"“{RETURNABLE[name]}”的意见请控制在{FIELD_LONGEST}字以内。"})
    if due is not None and due < timezone.localdate():
        raise ValidationError({"due": "修改期限不能早于今天。"})
    activity.state = ActivityState.RETURNED
    activity.version += 1
    activity.returned_at, activity.returned_by, activity.return_comment = timezone.now(), actor, comment
    activity.return_fields, activity.return_due = told, due
    activity.archived_at = activity.archived_by = None
    activity.save()
    refresh(activity)
    changes = {"退回意见": ["", comment]}
    changes |= {RETURNABLE[name]: ["", text] for name, text in told.items()}
    if due is not None:
        changes["修改期限"] = ["", f"{due.year}年{due.month}月{due.day}日"]
    record(actor=actor, action=action, target=activity, branch=activity.branch, changes=changes)
    _tell_returned(activity, actor)


def _tell_returned(activity: Activity, actor: User) -> None:
    """Whoever wrote it and whoever handed it in; the comment itself stays on the page."""
    due = activity.return_due
    by = f"，请在{due.month}月{due.day}日前改好" if due else ""
    messages = [
        Message(
            recipient=pk,
            topic=Topic.ACTIVITY,
            item_key=f"returned:{activity.pk}",
            step=f"v{activity.version}",
            text=f"{actor.name}退回了“{activity.topic[:40] or activity}”{by}",
            url=reverse("activities:activity_detail", args=[activity.pk]),
            due=due,
        )
        for pk in {activity.recorder_id, activity.submitted_by_id} - {None, actor.pk}
    ]
    notify_many(messages)


def returned_fields(activity: Activity | None) -> list[tuple[str, str]]:
    """Label and comment of each field that was commented on when the record went back; none without a record."""
    told = activity.return_fields if activity else {}
    return [(RETURNABLE[name], text) for name, text in told.items()]


# -- Checked by the Party office


@transaction.atomic
def pass_spot_check(*, activity: Activity, comment: str, actor: User) -> SpotCheck:
    """Note that the Party office read a confirmed record and found it good."""
    activity = locked(activity)
    if activity.state not in (ActivityState.CONFIRMED, ActivityState.ARCHIVED):
        raise ValidationError("只有已确认的记录可以抽查。")
    comment = comment.strip()
    if len(comment) > LONGEST:
        raise ValidationError({"comment": f"抽查意见请控制在{LONGEST}字以内。"})
    check = SpotCheck.objects.create(activity=activity, passed=True, comment=comment, checked_by=actor)
    changes = {"抽查意见": ["", comment or "合格"]}
    record(actor=actor, action="activity.checked", target=activity, branch=activity.branch, changes=changes)
    return check


# -- Corrected


@transaction.atomic
def correct_activity(
    *,
    activity: Activity,
    people: Mapping[int, Absence | None],
    reason: str,
    actor: User,
    texts: Mapping[str, str] | None = None,
    seats: Mapping[int, int] | None = None,
    version: int | None = None,
) -> Activity:
    """Change a confirmed record: a new revision with before and after, from which points are reversed and made again.

    `people`: member id -> None (present) or Absence; people left out stay as they are. `texts`: fields of
    CORRECTABLE. `seats`: member id -> id of the sitting they came to; who is not named keeps theirs, and who came after
    all is in the first. Kinds and times do not change here: a record that needs that is sent back.
    """
    activity = locked(activity)
    parts = joint.hold(activity)
    reason = reason.strip()
    if activity.state != ActivityState.CONFIRMED:
        raise ValidationError("只有已确认的记录可以更正。")
    require_open(activity.branch, timezone.localdate(activity.starts_at))
    if version is not None and version != activity.version:
        raise ValidationError("这份记录刚刚被他人更正，请核对最新情况后再改。")
    if not reason:
        raise ValidationError({"reason": "请写明更正原因。"})
    told = _correct_texts(activity, texts or {})
    if told and activity.host_id:
        raise ValidationError("公共内容由主办党支部更正，本支部只更正本支部的出席情况。")
    rows, came = _correct_people(activity, people, seats or {}, actor)
    if not rows and not told:
        raise ValidationError("没有需要更正的内容。")
    stamp(activity, rows, actor)
    Attendance.objects.bulk_update(rows, ["status", "reason", "note", *STAMPS])
    activity.revision += 1
    activity.version += 1
    activity.save()
    keep_first_place(activity)
    Revision.objects.create(
        activity=activity, number=activity.revision, reason=reason[:TRIMMED], changes=told | came, made_by=actor
    )
    refresh(activity)
    settle(activity, actor)
    joint.share(activity, parts, None, actor)
    short = {name: [old[:TRIMMED], new[:TRIMMED]] for name, (old, new) in told.items()}
    changes = short | came | {"更正原因": ["", reason[:TRIMMED]]}
    record(actor=actor, action="activity.corrected", target=activity, branch=activity.branch, changes=changes)
    activity_corrected.send(
        Activity, source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=actor
    )
    return activity


def _correct_texts(activity: Activity, texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Set the texts that changed; field in words -> [before, after]."""
    told = {}
    for name in CORRECTABLE:
        if name not in texts:
            continue
        old, new = getattr(activity, name), texts[name].strip().replace("\r\n", "\n")
        if old.replace("\r\n", "\n") == new:
            continue
        if not new and name in ("topic", "place", "minutes"):
            raise ValidationError({name: f"{LABELS[name]}不能为空。"})
        setattr(activity, name, new)
        told[LABELS[name]] = [old, new]
    if told:
        activity.clean_fields(exclude=[f.name for f in activity._meta.fields if f.name not in CORRECTABLE])
    return told


def _correct_people(
    activity: Activity, people: Mapping[int, Absence | None], seats: Mapping[int, int], actor: User
) -> tuple[list[Attendance], dict[str, list[str]]]:
    """The rows that change, not yet saved, and name -> [before, after] without reasons."""
    rows, told = [], {}
    refuse_strangers(activity, people.keys(), activity.attendances.values_list("member", flat=True))
    sessions = list(activity.sessions.all())
    names = told_apart(activity.attendances.all())
    for row in activity.attendances.filter(member__in=people).select_related("member"):
        wanted = people[row.member_id]
        after = (
            (wanted.status, wanted.reason, wanted.note.strip()[:60]) if wanted else (AttendanceStatus.PRESENT, "", "")
        )
        old, seat = seat_after(row, sessions, seats.get(row.member_id), present=wanted is None)
        moved = (row.status, row.reason, row.note) == after
        if moved and seat == old:
            continue
        if wanted and not wanted.reason:
            raise ValidationError({"absences": f"{names[row.member_id]}缺席，还没有填写原因。"})
        if row.member.user_id == actor.pk:
            raise ValidationError({"absences": "本人的出席情况请由其他支委更正。"})
        states = [str(AttendanceStatus(row.status).label), str(AttendanceStatus(after[0]).label)]
        told[names[row.member_id]] = [str(old), str(seat)] if moved else states
        row.status, row.reason, row.note = after
        row.session = seat
        row.approved_by_id = row.approved_at = None
        rows.append(row)
    return rows, told


# -- Put on file


@transaction.atomic
def archive_year(*, branches: Iterable[Branch], year: int, actor: User) -> int:
    """File the confirmed records of a year that is over (归档); returns how many. Again files only what came since."""
    if year >= timezone.localdate().year:
        raise ValidationError("年度结束后才能归档。")
    rows = Activity.objects.filter(
        branch__in=[branch.pk for branch in branches],
        state=ActivityState.CONFIRMED,
        starts_at__gte=day_start(date(year, 1, 1)),
        starts_at__lt=day_start(date(year + 1, 1, 1)),
    )
    # records before branches, as everybody else (docs/adr/0015); a part has a higher id than its host
    found = dict(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", "branch"))
    lock_branches(found.values())
    held = Activity.objects.filter(pk__in=found, state=ActivityState.CONFIRMED)
    filed = held.update(state=ActivityState.ARCHIVED, archived_at=timezone.now(), archived_by=actor)
    if filed:
        record(actor=actor, action="activity.archived", changes={"year": [None, year], "rows": [None, filed]})
    return filed
