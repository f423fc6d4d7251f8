"""The ledger of hours of study: kept in step with the records, and the courses outside that are entered one by one."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone

from activities.attendance.rules import hours_of, study_kind, study_year_key, target_hours
from activities.choices import AttendanceStatus, StudyState
from activities.models import SEEN_BY_MEMBERS, Activity, StudyHours
from activities.plan.closed_periods import require_open
from activities.signals import activity_corrected
from branches.audit import record
from branches.choices import COMMITTEE_ROLES, Topic
from branches.inbox import notify
from branches.models import Appointment, Branch, User
from members.models import Member

Row = tuple[int, str, date, Decimal, bool]  # branch, kind, day, hours, whether it was made up
MOST: Final = Decimal(200)  # of one course


def book_hours(activity: Activity, actor: User) -> None:
    """Effect of a confirmed or corrected record: bring its rows of the ledger in line. Again changes nothing."""
    wanted = due_rows(activity)
    kept = {row.member_id: row for row in StudyHours.objects.select_for_update().filter(activity=activity)}
    gone = [row.pk for pk, row in kept.items() if pk not in wanted]
    StudyHours.objects.filter(pk__in=gone).delete()
    title = (str(activity))[:100]
    changed = []
    for pk, row in kept.items():
        if pk in wanted and (_says(row), row.title) != (wanted[pk], title):
            row.branch_id, row.kind, row.studied_on, row.hours, row.made_up = wanted[pk]
            row.title = title
            changed.append(row)
    StudyHours.objects.bulk_update(changed, ["branch", "kind", "studied_on", "hours", "made_up", "title"])
    StudyHours.objects.bulk_create(
        [
            StudyHours(
                activity_id=activity.pk,
                member_id=pk,
                branch_id=branch,
                kind=kind,
                title=title,
                studied_on=day,
                hours=hours,
                made_up=made_up,
            )
            for pk, (branch, kind, day, hours, made_up) in wanted.items()
            if pk not in kept
        ]
    )


def due_rows(activity: Activity) -> dict[int, Row]:
    """What the ledger should say of one record, by member: who was present, or has made it up on a later day."""
    kind = study_kind([row.kind for row in activity.kinds.all()])
    if kind is None or activity.state not in SEEN_BY_MEMBERS:
        return {}
    day = timezone.localdate(activity.starts_at)
    hours = hours_of(activity.hours, _minutes(activity))
    rows = activity.attendances.filter(Q(status=AttendanceStatus.PRESENT) | Q(made_up_on__isnull=False))
    found = {}
    for member, branch, status, made_up_on in rows.values_list("member_id", "branch_id", "status", "made_up_on"):
        made_up = status != AttendanceStatus.PRESENT
        found[member] = (branch, kind.value, made_up_on if made_up and made_up_on else day, hours, made_up)
    return found


def _minutes(activity: Activity) -> int:
    """How long it lasted; of several sittings the first, so that everybody's hours are the same."""
    return int((activity.ends_at - activity.starts_at).total_seconds()) // 60 if activity.ends_at else 0


def _says(row: StudyHours) -> Row:
    return row.branch_id, row.kind, row.studied_on, row.hours, row.made_up


def differences(year: int | None = None) -> Iterator[str]:
    """One line for each entry that does not follow from its record, or is missing; keys only, never names."""
    records = Activity.objects.filter(state__in=SEEN_BY_MEMBERS)
    stray = StudyHours.objects.filter(activity__isnull=False).exclude(activity__state__in=SEEN_BY_MEMBERS)
    if year:
        records, stray = records.filter(starts_at__year=year), stray.filter(activity__starts_at__year=year)
    for pk in stray.values_list("pk", flat=True).order_by("pk"):
        yield f"entry {pk}: its record is not confirmed"
    for activity in records.prefetch_related("kinds").order_by("pk").iterator(chunk_size=200):
        wanted = due_rows(activity)
        stored = {row.member_id: _says(row) for row in activity.study_hours.all()}
        for member in sorted(wanted.keys() | stored.keys()):
            if wanted.get(member) != stored.get(member):
                says = f"{_text(wanted.get(member))}, ledger {_text(stored.get(member))}"
                yield f"record {activity.pk} member {member}: {says}"


def _text(row: Row | None) -> str:
    return "nothing" if row is None else " ".join(str(part) for part in row)


# -- Courses outside


@transaction.atomic
def add_course(
    *, member: Member, title: str, studied_on: date, hours: Decimal, actor: User, entry_key: Any = None
) -> StudyHours:
    """Enter one course: by the branch it counts at once, by the member it waits for the branch. Raises by field.

    `entry_key`: of the form, so that sending it twice makes one entry.
    """
    title, today = " ".join(title.split()), timezone.localdate()
    problems = {}
    if not title or len(title) > 100:
        problems["title"] = "请填写课程名称，100字以内。"
    if studied_on > today:
        problems["studied_on"] = "日期不能晚于今天。"
    elif studied_on < today - timedelta(days=731):
        problems["studied_on"] = "只能补登近两年的学习。"
    if not Decimal("0.5") <= hours <= MOST or hours * 2 != int(hours * 2):
        problems["hours"] = f"学时为0.5到{MOST}之间，以半小时为单位。"
    if problems:
        raise ValidationError(problems)
    if entry_key and (known := StudyHours.objects.filter(entry_key=entry_key).first()):
        return known
    own = member.user_id == actor.pk
    branch = _home_on(member, studied_on)
    if not own:
        require_open(branch, studied_on)
    row = StudyHours(
        member=member,
        branch=branch,
        title=title,
        studied_on=studied_on,
        hours=hours,
        entered_by=actor,
        state=StudyState.ASKED if own else StudyState.COUNTED,
    )
    if entry_key:
        row.entry_key = entry_key
    row.save()
    changes = {"学时": [None, f"{member} {title} {hours}"]}
    record(actor=actor, action="hours.entered", target=row, branch=row.branch, changes=changes)
    if row.state == StudyState.COUNTED:
        _changed(row, actor)
    return row


@transaction.atomic
def check_course(*, entry: StudyHours, accept: bool, comment: str, actor: User) -> StudyHours:
    """Let what a member reported count, or not, with a word why; never one's own."""
    entry = StudyHours.objects.select_for_update(of=("self",)).select_related("member__user", "branch").get(pk=entry.pk)
    comment = " ".join(comment.split())[:200]
    if entry.state != StudyState.ASKED:
        raise ValidationError("这条学时已经审核。")
    if entry.member.user_id == actor.pk:
        raise ValidationError("本人的学时请由其他支委审核。")
    if not accept and not comment:
        raise ValidationError({"comment": "不计入的，请写明原因。"})
    if accept:
        require_open(entry.branch, entry.studied_on)
    entry.state = StudyState.COUNTED if accept else StudyState.REFUSED
    entry.checked_by, entry.checked_at, entry.comment = actor, timezone.now(), comment
    entry.save()
    notify(
        recipient=entry.member.user,
        topic=Topic.MAKE_UP,
        item_key=f"hours:{entry.pk}",
        step=entry.state,
        text=f"您申报的学时“{entry.title}”{StudyState(entry.state).label}"[:120],
        url=reverse("activities:my_hours"),
        detail=comment,
    )
    changes = {"学时": [f"{entry.member} {entry.title}", StudyState(entry.state).label]}
    record(actor=actor, action="hours.checked", target=entry, branch=entry.branch, changes=changes)
    if accept:
        _changed(entry, actor)
    return entry


@transaction.atomic
def remove_course(*, entry: StudyHours, actor: User) -> None:
    """Take an entry out that was made by hand: by the branch any, by the member while it waits."""
    entry = StudyHours.objects.select_for_update(of=("self",)).select_related("member__user", "branch").get(pk=entry.pk)
    if entry.activity_id is not None:
        raise ValidationError("由活动记录产生的学时不能删除，请更正活动记录。")
    if entry.member.user_id == actor.pk and entry.state == StudyState.COUNTED:
        raise ValidationError("已计入的学时请由其他支委删除。")
    if entry.state == StudyState.COUNTED:
        require_open(entry.branch, entry.studied_on)
    changes = {"学时": [f"{entry.member} {entry.title} {entry.hours}", None]}
    record(actor=actor, action="hours.removed", target=entry, branch=entry.branch, changes=changes)
    entry.delete()
    if entry.state == StudyState.COUNTED:
        _changed(entry, actor)


def _home_on(member: Member, day: date) -> Branch:
    """The home branch of the day; of today for who was on no roll then."""
    there = Member.objects.filter(pk=member.pk).on_roll(day).values_list("roll_branch_id", flat=True).first()
    return Branch.objects.get(pk=there) if there else member.branch


def _changed(row: StudyHours, actor: User) -> None:
    """Tell the rooms above that the hours of a year are other ones now."""
    key = study_year_key(row.member_id, row.studied_on.year)
    activity_corrected.send(StudyHours, source_kind="study_year", source_id=key, revision=0, actor=actor)


# -- Reads


def counted() -> QuerySet[StudyHours]:
    return StudyHours.objects.filter(state=StudyState.COUNTED)


def sums_of(members: Collection[int], year: int) -> dict[int, Decimal]:
    """Hours of the year by member; one statement."""
    rows = counted().filter(member__in=members, studied_on__range=(date(year, 1, 1), date(year, 12, 31)))
    return dict(rows.order_by().values_list("member").annotate(Sum("hours")))


def officers_among(users: Collection[int], year: int, today: date) -> set[int]:
    """Ids of the users who are on a branch committee today, or were on the last day of a past year."""
    day = min(today, date(year, 12, 31))
    posts = Appointment.objects.current(day).filter(user__in=users, role__in=COMMITTEE_ROLES)
    return set(posts.values_list("user", flat=True))


def target_of(member: Member, year: int, today: date) -> Decimal:
    return target_hours(officer=bool(officers_among([member.user_id], year, today)))
