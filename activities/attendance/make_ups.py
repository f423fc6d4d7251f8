"""Study owed for an excused absence (补课): opened by the record, reported by the member, checked by the branch.

A make-up that was checked counts as attendance in points, roll-up and hours; waiving it only ends the asking.
"""

from collections.abc import Collection
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from activities.access import may_confirm
from activities.attendance.hours import book_hours
from activities.attendance.rules import EXCUSED, make_up_term
from activities.choices import MakeUpState
from activities.models import SEEN_BY_MEMBERS, Activity, Attendance, MakeUp
from activities.plan.closed_periods import require_open
from activities.plan.rollups import lock_branches, recount_months
from activities.signals import activity_corrected
from branches.audit import record
from branches.choices import Capability, Topic
from branches.inbox import notify
from branches.models import User
from branches.todo import close_todo, open_todo
from branches.working_days import load_calendar, next_working_day
from config.templatetags.ui import cn_day
from members.models import Member, month_of

NOTE, WAY = 500, 60
TO_DO = (MakeUpState.OPEN, MakeUpState.REPORTED)
SELF = "本人的补课请由其他支委审核。"


def open_make_ups(activity: Activity, actor: User) -> None:
    """Effect of a confirmed or corrected record: one make-up for each excused absence, none for anybody else.

    Due thirty days from the confirmation (from the correction, for who was added by it), moved to a working day; a
    row that is there keeps its due day and what was done. Again changes nothing.
    """
    if activity.state not in SEEN_BY_MEMBERS:
        return
    owed = Q(status__in=EXCUSED)
    stray = activity.attendances.filter(~owed, made_up_on__isnull=False)
    gone = MakeUp.objects.filter(attendance__activity=activity).exclude(attendance__status__in=EXCUSED)
    keys, lapsed = (
        list(gone.values_list("pk", flat=True)),
        list(gone.filter(lapsed_on__isnull=False).values_list("pk", flat=True)),
    )
    for key in keys:
        close_todo(item_key=f"make_up:{key}")
    gone.delete()
    if lapsed:  # all of them in one order, before any is told of
        people = Member.objects.filter(attendances__activity=activity).order_by("pk")
        list(people.select_for_update(of=("self",), no_key=True).only("pk"))
    for key in lapsed:
        _say_lapsed(key, actor)
    recount = stray.update(made_up_on=None)
    missing = list(activity.attendances.filter(owed, make_up__isnull=True).select_related("member__user"))
    if missing:
        due = due_from(timezone.localdate())
        made = [
            MakeUp(
                attendance=row,
                due=due,
                state=MakeUpState.DONE if row.made_up_on else MakeUpState.OPEN,
                done_on=row.made_up_on,
            )
            for row in missing
        ]
        for one in MakeUp.objects.bulk_create(made):
            if one.state == MakeUpState.OPEN:
                open_todo(
                    item_key=f"make_up:{one.pk}",
                    title=f"补课：{activity}"[:120],
                    url=reverse("activities:make_up_report", args=[one.pk]),
                    due=due,
                    recipient=one.attendance.member.user,
                )
    if recount:
        _recount(activity)


def due_from(opened_on: date) -> date:
    """The last day for a make-up opened on a day."""
    last = make_up_term(opened_on)
    return next_working_day(last, load_calendar([last.year]))


@transaction.atomic
def report_make_up(*, make_up: MakeUp, way: str, note: str, done_on: date, actor: User) -> MakeUp:
    """Say how and when it was made up: the member reports, and the branch still has to check; the branch enters it.

    Raises ValidationError by field.
    """
    make_up, row = _locked(make_up)
    way, note, today = " ".join(way.split()), note.strip(), timezone.localdate()
    held = timezone.localdate(row.activity.starts_at)
    problems = {}
    if not way or len(way) > WAY:
        problems["way"] = f"请填写补课方式，如自学会议材料、参加另一场学习，{WAY}字以内。"
    if len(note) > NOTE:
        problems["note"] = f"学习体会请控制在{NOTE}字以内。"
    if not held <= done_on <= today:
        problems["done_on"] = f"补课日期应在{cn_day(held)}至今天之间。"
    if problems:
        raise ValidationError(problems)
    own = row.member.user_id == actor.pk
    if not own and not may_confirm(actor, row.activity):
        raise ValidationError("补课由本人申报，或由支部登记。")
    if make_up.state not in TO_DO:
        raise ValidationError("这次补课已经办结。")
    make_up.way, make_up.note, make_up.done_on, make_up.reported_by = way, note, done_on, actor
    make_up.state, make_up.comment = MakeUpState.REPORTED, ""
    make_up.save()
    changes = {"人员": [None, row.name], "补课": [None, way]}
    record(actor=actor, action="make_up.reported", target=row.activity, branch=row.branch, changes=changes)
    return make_up if own else _done(make_up, row, actor)


@transaction.atomic
def check_make_up(*, make_up: MakeUp, accept: bool, comment: str = "", actor: User) -> MakeUp:
    """Accept what a member reported, or ask for it again with a word why; never one's own."""
    make_up, row = _locked(make_up)
    comment = " ".join(comment.split())[:200]
    _require_branch(row, actor)
    if make_up.state != MakeUpState.REPORTED:
        raise ValidationError("这次补课不在待审核状态，可能已由他人处理。")
    if accept:
        return _done(make_up, row, actor, comment)
    if not comment:
        raise ValidationError({"comment": "不通过的，请写明还需要做什么。"})
    make_up.state, make_up.comment, make_up.checked_by, make_up.checked_at = (
        MakeUpState.OPEN,
        comment,
        actor,
        timezone.now(),
    )
    make_up.save()
    _tell(make_up, row, "sent_back", f"{_what(row)}的补课未通过，请补充后再报", comment)
    changes = {"人员": [None, row.name], "意见": [None, comment]}
    record(actor=actor, action="make_up.sent_back", target=row.activity, branch=row.branch, changes=changes)
    return make_up


def check_many(*, make_ups: Collection[MakeUp], actor: User) -> tuple[int, list[str]]:
    """Accept many; each by itself. Returns how many, and why not for the others."""
    done, problems = 0, []
    for one in sorted(make_ups, key=lambda make_up: make_up.pk):
        try:
            check_make_up(make_up=one, accept=True, actor=actor)
        except ValidationError as error:
            problems.append(f"{one.attendance.name}：{error.messages[0]}")
        else:
            done += 1
    return done, problems


@transaction.atomic
def waive_make_up(*, make_up: MakeUp, comment: str, actor: User) -> MakeUp:
    """Ask no longer (old and frail, on a long deployment): the absence stays excused and is not made up."""
    make_up, row = _locked(make_up)
    comment = " ".join(comment.split())[:200]
    _require_branch(row, actor)
    if make_up.state not in TO_DO:
        raise ValidationError("这次补课已经办结。")
    if not comment:
        raise ValidationError({"comment": "免补请写明原因。"})
    if make_up.lapsed_on:
        require_open(row.branch, make_up.due)  # what the lapse cost is taken back
    make_up.state, make_up.comment, make_up.checked_by, make_up.checked_at = (
        MakeUpState.WAIVED,
        comment,
        actor,
        timezone.now(),
    )
    make_up.save()
    close_todo(item_key=f"make_up:{make_up.pk}")
    _tell(make_up, row, "waived", f"{_what(row)}的补课已免", "")
    changes = {"人员": [None, row.name], "免补": [None, "已登记原因"]}  # the reason may tell of an illness
    record(actor=actor, action="make_up.waived", target=row.activity, branch=row.branch, changes=changes)
    if make_up.lapsed_on:
        _say_lapsed(make_up.pk, actor)
    return make_up


def lapse_make_ups(*, hospital_id: int, today: date) -> int:
    """Find make-ups whose term is over and for which nothing was reported; each is found once. Returns how many.

    Who reports later still makes the absence up; what the lapse costs, the points room decides. A transaction each:
    whoever locks several members at once must do so in the order of their keys.
    """
    over = MakeUp.objects.filter(
        attendance__branch__hospital=hospital_id,
        attendance__activity__state__in=SEEN_BY_MEMBERS,
        state=MakeUpState.OPEN,
        due__lt=today,
        lapsed_on__isnull=True,
    )
    found = 0
    for key in list(over.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            if MakeUp.objects.filter(pk=key, state=MakeUpState.OPEN, lapsed_on__isnull=True).update(lapsed_on=today):
                _say_lapsed(key, None)
                found += 1
    return found


def _say_lapsed(key: int, actor: User | None) -> None:
    """Tell the rooms above that a term ran out, or that it is of no account any more."""
    activity_corrected.send(MakeUp, source_kind="make_up", source_id=key, revision=0, actor=actor)


def _done(make_up: MakeUp, row: Attendance, actor: User, comment: str = "") -> MakeUp:
    """The make-up counts: attendance, roll-up, hours and, by a new revision, points."""
    activity = row.activity
    day = timezone.localdate(activity.starts_at)
    if activity.state not in SEEN_BY_MEMBERS:
        raise ValidationError("这次活动的记录已重新开放，确认后再审核补课。")
    require_open(activity.branch, day)
    make_up.state, make_up.comment = MakeUpState.DONE, comment
    make_up.checked_by, make_up.checked_at = actor, timezone.now()
    make_up.save()
    row.made_up_on = make_up.done_on
    row.save(update_fields=["made_up_on"])
    activity.revision += 1
    activity.version += 1
    activity.save(update_fields=["revision", "version", "updated_at"])
    _recount(activity)
    book_hours(activity, actor)
    close_todo(item_key=f"make_up:{make_up.pk}")
    _tell(make_up, row, "done", f"{_what(row)}的补课已通过", comment)
    changes = {"人员": [None, row.name], "补课日期": [None, make_up.done_on]}
    record(actor=actor, action="make_up.done", target=activity, branch=row.branch, changes=changes)
    activity_corrected.send(
        Activity, source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=actor
    )
    return make_up


def _recount(activity: Activity) -> None:
    lock_branches([activity.branch_id])
    months = [month_of(timezone.localdate(activity.starts_at))]
    kinds = [row.kind for row in activity.kinds.all()]
    recount_months(branches=[activity.branch_id], months=months, kinds=kinds)


def _require_branch(row: Attendance, actor: User) -> None:
    if row.member.user_id == actor.pk:
        raise ValidationError(SELF)
    if not may_confirm(actor, row.activity):
        raise ValidationError("补课由支部书记、副书记或组织委员审核，党小组会的也可由组长审核。")


def _tell(make_up: MakeUp, row: Attendance, step: str, text: str, detail: str) -> None:
    notify(
        recipient=row.member.user,
        topic=Topic.MAKE_UP,
        item_key=f"make_up:{make_up.pk}:{timezone.now():%Y%m%d%H%M}",
        step=step,
        text=text[:120],
        url=reverse("activities:my_attendance"),
        detail=detail,
    )


def _what(row: Attendance) -> str:
    return f"{cn_day(timezone.localdate(row.activity.starts_at))}“{row.activity}”"


def _locked(make_up: MakeUp) -> tuple[MakeUp, Attendance]:
    """The record, then the make-up: the order everybody takes."""
    pk = Attendance.objects.values_list("activity", flat=True).get(make_up=make_up.pk)
    activity = Activity.objects.select_for_update(of=("self",)).select_related("branch", "group").get(pk=pk)
    row = Attendance.objects.select_for_update(of=("self",)).select_related("member__user", "branch")
    fresh = MakeUp.objects.select_for_update(of=("self",)).get(pk=make_up.pk)
    found = row.get(pk=fresh.attendance_id)
    found.activity = activity
    return fresh, found


# -- Reads


def checkable(user: User) -> QuerySet[MakeUp]:
    """Make-ups of gatherings whose records this person may confirm, own ones included (they are shown, not checked)."""
    rows = Activity.objects.visible_to(user, Capability.ACTIVITY_CONFIRM)
    rows |= Activity.objects.visible_to(user, Capability.COMMITTEE_CONFIRM)
    found = MakeUp.objects.filter(attendance__activity__in=rows.values("pk"))
    return found.select_related("attendance__activity", "attendance__member__user", "attendance__branch")


def own_make_ups(member: Member) -> QuerySet[MakeUp]:
    return MakeUp.objects.filter(attendance__member=member).select_related("attendance__activity")


def filtered(rows: QuerySet[MakeUp], state: str, today: date, text: str = "") -> QuerySet[MakeUp]:
    """`state`: a MakeUpState, "late" for what is past due, "" for everything still to do, "all"."""
    if text:
        rows = rows.filter(
            Q(attendance__name__icontains=text)
            | Q(attendance__member__user__search_keys__icontains=text)
            | Q(attendance__activity__topic__icontains=text)
        )
    if state == "late":
        return rows.filter(state__in=TO_DO, due__lt=today)
    if state in MakeUpState.values:
        return rows.filter(state=state)
    return rows if state == "all" else rows.filter(state__in=TO_DO)
