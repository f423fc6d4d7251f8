"""The demo's attendance beyond the records: hours, make-ups open, late and done, leave, and a meeting of today."""

import hashlib
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from activities.attendance.rules import EXCUSED, hours_of, make_up_term, study_kind
from activities.choices import (
    AbsenceReason,
    ActivityState,
    AttendanceStatus,
    Kind,
    LeaveState,
    MakeUpState,
    SignMethod,
    StudyState,
    status_of,
)
from activities.models import Activity, ActivityKind, Attendance, LeaveRequest, MakeUp, SignIn, StudyHours
from activities.plan.planning import refresh_items
from branches.choices import Role
from branches.models import User
from branches.working_days import load_calendar, next_working_day
from members.choices import MemberType
from points.demo.gatherings import at
from points.demo.people import Hospital, Person

BATCH = 400
LONG_AGO = timedelta(days=100)  # absences before that were settled one way or the other
WAYS = ("自学会议材料并交流体会", "参加其他党小组的学习", "观看党课录像")
COURSES = (
    ("市卫健系统党务干部培训班", Decimal(16)),
    ("线上党员教育培训", Decimal(4)),
    ("红色教育基地现场教学", Decimal(4)),
)
CODE = "JG01"


def add_attendance(hospital: Hospital, today: date) -> None:
    """Everything that stands beside the confirmed records, and what is under way."""
    _approve(hospital)
    _make_ups(hospital, today)
    _hours(today)
    _courses(hospital, today)
    _meeting_of_today(hospital, today)
    _meeting_ahead(hospital, today)


def _approve(hospital: Hospital) -> None:
    """Leave in the records was the secretary's to give."""
    for code, branch in hospital.branches.items():
        if secretary := hospital.officers[code].get(Role.BRANCH_SECRETARY):
            start = Activity.objects.filter(pk=OuterRef("activity")).values("starts_at")[:1]
            absent = Attendance.objects.filter(activity__branch=branch, status__in=EXCUSED).exclude(reason="")
            absent.update(approved_by=secretary, approved_at=Subquery(start))


def _make_ups(hospital: Hospital, today: date) -> None:
    owed = Attendance.objects.filter(activity__state=ActivityState.CONFIRMED, status__in=EXCUSED)
    calendar = load_calendar([today.year - 1, today.year, today.year + 1])
    secretaries = {
        branch.pk: hospital.officers[code].get(Role.BRANCH_SECRETARY, hospital.office)
        for code, branch in hospital.branches.items()
    }
    rows = []
    for n, row in enumerate(owed.select_related("activity", "member__user").order_by("pk")):
        opened = timezone.localdate(row.activity.confirmed_at)
        checker = secretaries.get(row.activity.branch_id, hospital.office)
        made = MakeUp(attendance=row, due=next_working_day(make_up_term(opened), calendar))
        if row.made_up_on:
            made.state, made.done_on, made.way = MakeUpState.DONE, row.made_up_on, WAYS[n % 3]
            made.reported_by, made.checked_by = row.member.user, checker
            made.checked_at = at(row.made_up_on, 17)
        elif timezone.localdate(row.activity.starts_at) < today - LONG_AGO:
            made.state, made.comment = MakeUpState.WAIVED, "长期轮岗，经支委会同意免补"
            made.checked_by, made.checked_at = checker, at(made.due, 9)
        elif n % 3 == 0:
            made.state, made.way, made.reported_by = MakeUpState.REPORTED, WAYS[n % 3], row.member.user
            made.done_on = min(today, timezone.localdate(row.activity.starts_at) + timedelta(days=5))
            made.note = "学习了会议材料，对照岗位查找了差距。"
        rows.append(made)
    MakeUp.objects.bulk_create(rows, batch_size=BATCH)


def _hours(today: date) -> None:
    """The ledger as the effect of each record would have written it."""
    kinds: dict[int, list[str]] = {}
    for activity, kind in ActivityKind.objects.order_by("pk").values_list("activity", "kind"):
        kinds.setdefault(activity, []).append(kind)
    rows = []
    people = Attendance.objects.filter(activity__state=ActivityState.CONFIRMED).select_related("activity")
    for row in people.order_by("pk").iterator(chunk_size=2000):
        activity, present = row.activity, row.status == AttendanceStatus.PRESENT
        kind = study_kind(kinds[activity.pk])
        if kind is None or not (present or row.made_up_on):
            continue
        minutes = int((activity.ends_at - activity.starts_at).total_seconds()) // 60
        rows.append(
            StudyHours(
                member_id=row.member_id,
                branch_id=row.branch_id,
                activity_id=activity.pk,
                kind=kind,
                title=str(activity)[:100],
                studied_on=timezone.localdate(activity.starts_at) if present else row.made_up_on,
                hours=hours_of(activity.hours, minutes),
                made_up=not present,
            )
        )
    StudyHours.objects.bulk_create(rows, batch_size=BATCH)


def _courses(hospital: Hospital, today: date) -> None:
    """A few courses outside; the last ones wait for the branch."""
    secretary = hospital.officers[CODE][Role.BRANCH_SECRETARY]
    people = [person for person in hospital.roll(CODE, today) if person.member.user != secretary]
    rows = []
    for n, person in enumerate(people[:6]):
        title, hours = COURSES[n % 3]
        asked = n >= 4
        rows.append(
            StudyHours(
                member=person.member,
                branch=person.member.branch,
                title=title,
                studied_on=today - timedelta(days=9 + n),
                hours=hours,
                entered_by=person.member.user if asked else secretary,
                state=StudyState.ASKED if asked else StudyState.COUNTED,
            )
        )
    StudyHours.objects.bulk_create(rows)


def _open_record(hospital: Hospital, today: date, starts: datetime, topic: str, state: ActivityState) -> Activity:
    """A lecture that is not held yet, with a row for everyone expected."""
    secretary = hospital.officers[CODE][Role.BRANCH_SECRETARY]
    recorder = hospital.officers[CODE].get(Role.PUBLICITY_MEMBER, secretary)
    activity = Activity.objects.create(
        branch=hospital.branches[CODE],
        topic=topic,
        place="门诊楼五楼会议室",
        starts_at=starts,
        ends_at=starts + timedelta(minutes=90),
        chair=secretary,
        lecturer=secretary,
        recorder=recorder,
        editor=recorder,
        hours=Decimal("1.5"),
        state=state,
        announced_at=at(today - timedelta(days=2), 9) if state == ActivityState.PLANNED else None,
    )
    ActivityKind.objects.create(activity=activity, kind=Kind.PARTY_LECTURE)
    day = timezone.localdate(starts)
    Attendance.objects.bulk_create([_row(activity, person, day) for person in hospital.roll(CODE, today)])
    refresh_items(branch=activity.branch, kinds=[Kind.PARTY_LECTURE], days=[day])
    return activity


def _row(activity: Activity, person: Person, day: date) -> Attendance:
    full = person.is_full(day)
    return Attendance(
        activity=activity,
        member=person.member,
        branch=person.member.branch,
        name=person.member.user.name,
        group_name=person.member.group.name if person.member.group else "",
        member_type=MemberType.FULL if full else MemberType.PROBATIONARY,
        may_vote=full,
    )


def _meeting_of_today(hospital: Hospital, today: date) -> None:
    """A lecture that begins soon: the code is on the wall, a third has signed, two wait for leave."""
    now = timezone.localtime()
    starts = at(today, 16)
    if today == now.date():  # whenever the demo is begun, the window is open
        last = datetime.combine(today, time(22, 30), now.tzinfo)
        starts = min(now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0) + timedelta(minutes=30), last)
    opens = starts - timedelta(hours=1)
    activity = _open_record(hospital, today, starts, "新时代医院党员的责任与担当", ActivityState.DRAFT)
    secretary = hospital.officers[CODE][Role.BRANCH_SECRETARY]
    SignIn.objects.create(
        activity=activity,
        secret=hashlib.sha256(f"demo {activity.pk}".encode()).hexdigest(),
        opens_at=opens,
        closes_at=min(starts + timedelta(hours=4), datetime.combine(today, time(23, 59), now.tzinfo)),
        opened_by=secretary,
    )
    rows = list(activity.attendances.select_related("member__user").order_by("pk"))
    shown = [row for row in rows if row.member.user.username != "member"]  # who tries the demo signs in themselves
    for n, row in enumerate(shown):
        if n % 3 == 0:
            row.signed_at = opens + timedelta(seconds=47 * n)  # none of them after now
            row.signed_by = SignMethod.MANUAL if n % 12 == 9 else SignMethod.QR
    for row in rows:
        if row.signed_at is None:
            row.status = AttendanceStatus.LEAVE
    asked = [row for row in shown if row.signed_at is None and row.member.user != secretary][:3]
    reasons = (AbsenceReason.EMERGENCY, AbsenceReason.DUTY, AbsenceReason.OFFICIAL)
    for row, reason in zip(asked, reasons, strict=False):
        approved = reason == AbsenceReason.OFFICIAL
        _ask(activity, row, reason, secretary if approved else None, starts - timedelta(hours=3))
    Attendance.objects.bulk_update(
        rows, ["status", "reason", "signed_at", "signed_by", "approved_by", "approved_at"], batch_size=BATCH
    )


def _ask(activity: Activity, row: Attendance, reason: str, by: User | None, when: datetime) -> None:
    LeaveRequest.objects.create(
        activity=activity,
        member=row.member,
        reason=reason,
        note="当日有排班，已与科室确认" if reason == AbsenceReason.DUTY else "",
        state=LeaveState.APPROVED if by else LeaveState.ASKED,
        decided_at=when if by else None,
        decided_by=by,
    )
    if by:
        row.status, row.reason, row.approved_by, row.approved_at = status_of(reason), reason, by, when


def _meeting_ahead(hospital: Hospital, today: date) -> None:
    """Announced for next week: everybody may ask for leave from it."""
    starts = at(today + timedelta(days=7), 16)
    activity = _open_record(hospital, today, starts, "党章专题辅导", ActivityState.PLANNED)
    member = activity.attendances.select_related("member__user").filter(member__user__username="member").first()
    if member is not None:
        _ask(activity, member, AbsenceReason.DUTY, None, starts)
