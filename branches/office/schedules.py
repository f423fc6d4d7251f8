"""Schedules of reports: set up by the Party office, run once a day; a period is made once."""

from collections.abc import Collection, Sequence
from datetime import date

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from branches.access import Refused, require
from branches.audit import record
from branches.choices import Capability
from branches.models import Branch, Report, ReportSchedule, User
from branches.office.kinds import KINDS
from branches.office.reading import able_to_read
from branches.office.rules import falls_due, label
from branches.office.services import request_report
from branches.office.telling import tell_office

C = Capability.REPORTS_SCHEDULE


@transaction.atomic
def save_schedule(
    *,
    kind: str,
    branch: Branch,
    formats: Sequence[str],
    day_of_month: int,
    recipients: Collection[User],
    actor: User,
    schedule: ReportSchedule | None = None,
) -> ReportSchedule:
    """Set one up, or change the formats, the day and the recipients of `schedule`; its kind and node stay."""
    require(actor, C, branch)
    known = KINDS[kind]
    for need in known.needs:
        require(actor, need, branch)
    if branch.level not in known.levels:
        raise ValidationError({"branch": f"{known.label}不按这一级党组织生成，请另选党组织。"})
    if not formats or not set(formats) <= set(known.formats):
        raise ValidationError({"formats": "请至少选择一种文件格式。"})
    if not 1 <= day_of_month <= 28:
        raise ValidationError({"day_of_month": "生成日期为1至28日。"})
    if not recipients:
        raise ValidationError({"recipients": "请至少选择一名接收人。"})
    able = set(able_to_read(kind, branch, timezone.localdate()).values_list("pk", flat=True))
    if wrong := [person.name for person in recipients if person.pk not in able]:
        raise ValidationError({"recipients": f"{'、'.join(wrong)}没有查看这份报表的权限，请另选接收人。"})
    new = schedule is None
    row = schedule or ReportSchedule(kind=kind, branch=branch, since=timezone.localdate())
    before = {} if new else {"formats": row.formats, "day_of_month": row.day_of_month}
    row.formats, row.day_of_month, row.keeper = list(formats), day_of_month, actor
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise ValidationError({"branch": "这个党组织已设置这种定期报表，请直接修改。"}) from None
    row.recipients.set(recipients)
    after = {"formats": row.formats, "day_of_month": row.day_of_month, "recipients": [one.name for one in recipients]}
    changes = {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
    record(
        actor=actor,
        action="schedule.created" if new else "schedule.changed",
        target=row,
        branch=branch,
        changes=changes,
    )
    return row


@transaction.atomic
def switch_schedule(*, schedule: ReportSchedule, active: bool, actor: User) -> None:
    """Pause or resume. What fell due during a pause is not made up for: it can be asked for by hand."""
    require(actor, C, schedule.branch)
    row = ReportSchedule.objects.select_for_update(of=("self",)).select_related("branch").get(pk=schedule.pk)
    if row.active == active:
        return
    row.active = active
    if active:
        row.since = timezone.localdate()
    row.save(update_fields=["active", "since"])
    action = "schedule.resumed" if active else "schedule.paused"
    record(actor=actor, action=action, target=row, branch=row.branch)


@transaction.atomic
def delete_schedule(*, schedule: ReportSchedule, actor: User) -> None:
    """The reports it made stay for their days."""
    require(actor, C, schedule.branch)
    record(actor=actor, action="schedule.deleted", target=schedule, branch=schedule.branch)
    schedule.delete()


def run_schedules(today: date) -> int:
    """Ask for what fell due; again changes nothing. Returns how many schedules were run."""
    ids = list(ReportSchedule.objects.filter(active=True).values_list("pk", flat=True))
    return sum(_run(pk, today) for pk in ids)


def _run(pk: int, today: date) -> bool:
    try:
        with transaction.atomic():
            return _ask(pk, today)
    except Refused:
        schedule = ReportSchedule.objects.select_related("branch", "keeper").get(pk=pk)
        kind = KINDS[schedule.kind]
        start = falls_due(kind.span, schedule.day_of_month, schedule.since, today)
        period = label(kind.span, start) if start else ""
        text = f"{schedule.branch.name}{period}{kind.label}没有生成：设置人{schedule.keeper.name}已没有权限，请重新保存"
        tell_office(schedule, f"schedule:{pk}", str(start), text)
        return False


def _ask(pk: int, today: date) -> bool:
    """Under the lock of the schedule: of two runs at once the second finds the period done."""
    rows = ReportSchedule.objects.select_for_update(of=("self",)).select_related("branch", "keeper")
    schedule = rows.filter(pk=pk, active=True).first()
    if schedule is None:
        return False
    start = falls_due(KINDS[schedule.kind].span, schedule.day_of_month, schedule.since, today)
    if start is None or schedule.last_start == start:
        return False
    for format in schedule.formats:
        report = request_report(
            kind=schedule.kind, branch=schedule.branch, start=start, format=format, actor=schedule.keeper, again=True
        )
        Report.objects.filter(pk=report.pk).update(schedule=schedule)
    schedule.last_start, schedule.last_run = start, timezone.now()
    schedule.save(update_fields=["last_start", "last_run"])
    return True
