"""Ask for a report, keep what was built, hand it out, let it go."""

import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import IO, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from branches import jobs
from branches.access import require
from branches.audit import record
from branches.models import Branch, Job, JobState, Report, User
from branches.office import storage
from branches.office.kinds import KINDS, NothingToReport, ReportKind
from branches.office.rules import first_day, label
from branches.office.telling import tell_built, tell_failed

STRAY: Final = 24 * 3600  # seconds after which a file without a row, or half of one, is nobody's work any more


def title_of(kind: ReportKind, branch: Branch, start: date) -> str:
    return f"{branch.name}{label(kind.span, start)}{kind.label}"


def request_report(*, kind: str, branch: Branch, start: date, format: str, actor: User, again: bool = False) -> Report:
    """The report of this kind, node, period and format that is being made; else the kept one; else a new one.

    With `again` a kept one does not count. One that failed or was cancelled is tried again. Raises Refused without the
    capabilities.
    """
    known = KINDS[kind]
    for need in known.needs:
        require(actor, need, branch)
    if branch.level not in known.levels:
        raise ValidationError({"branch": f"{known.label}不按这一级党组织生成，请另选党组织。"})
    if format not in known.formats:
        raise ValidationError({"formats": "请选择文件格式。"})
    if start != first_day(known.span, start) or start > timezone.localdate():
        raise ValidationError({"start": "请选择已经开始的期间。"})
    key = f"{kind}:{branch.pk}:{start}:{format}"
    if standing := _open(key, known.task, actor):
        return standing
    if not again and (found := kept_report(kind=kind, branch=branch, start=start, format=format)):
        return found
    try:
        with transaction.atomic():
            name = secrets.token_hex(16)
            job = jobs.enqueue(
                task=known.task, business_key=f"report-{name}", params={"format": format}, requested_by=actor
            )
            report = Report.objects.create(
                job=job,
                kind=kind,
                title=title_of(known, branch, start),
                branch=branch,
                start=start,
                year=start.year,
                format=format,
                open_key=key,
                stored_name=name,
                requested_by=actor,
            )
            record(actor=actor, action="report.requested", target=report, branch=branch)
    except IntegrityError:  # asked for by two people in the same moment
        return Report.objects.get(open_key=key)
    return report


def kept_report(*, kind: str, branch: Branch, start: date, format: str) -> Report | None:
    """The newest one that can still be downloaded."""
    kept = Report.objects.filter(kind=kind, branch=branch, start=start, format=format, expires_at__gt=timezone.now())
    return kept.select_related("requested_by").first()


@transaction.atomic
def _open(key: str, task: str, actor: User) -> Report | None:
    """The one being made. One that came to nothing is queued again, and is then of who asked again."""
    report = Report.objects.select_for_update(of=("self",)).select_related("job").filter(open_key=key).first()
    if report is not None and report.job.state in (JobState.FAILED, JobState.CANCELLED):
        jobs.enqueue(task=task, business_key=report.job.business_key, params=report.job.params)
        report.requested_by = actor
        report.save(update_fields=["requested_by"])
        record(actor=actor, action="report.requested", target=report, branch=report.branch)
    return report


@transaction.atomic
def cancel_report(*, report: Report, actor: User) -> None:
    """One that waits or is being made. Its worker stops at the next step, and keeps nothing of what it has."""
    row = Report.objects.select_for_update(of=("self",)).select_related("branch").get(pk=report.pk)
    alive = Job.objects.filter(pk=row.job_id, state__in=[JobState.QUEUED, JobState.RUNNING])
    if row.built_at is not None or not alive.update(state=JobState.CANCELLED, finished_at=timezone.now()):
        raise ValidationError("这份报表已经处理完毕，不能取消。")
    record(actor=actor, action="report.cancelled", target=row, branch=row.branch)


class Cancelled(Exception):
    """Somebody no longer wants the report, or another worker took it over: leaves the middle of its building."""


def tell(job: Job, done: int, total: int, step: str) -> None:
    """How far the worker is, before each step: its heartbeat too. Raises Cancelled."""
    if not jobs.is_held(job):
        raise Cancelled
    jobs.progress(job, done=done, total=total, step=step[:100])


@contextmanager
def building(job_id: int) -> Iterator[tuple[Job, Report] | None]:
    """For the task of a report: the job and its report, or None when another worker has it or it is built.

    Who asked hears of a failure. Cancelled and NothingToReport end here: the report centre says what came of it.
    """
    try:
        with jobs.running(job_id) as job:
            report = Report.objects.select_related("branch", "requested_by").filter(job=job).first() if job else None
            yield (job, report) if job and report and report.built_at is None else None
    except Cancelled:
        return
    except Exception as error:
        tell_failures([job_id])
        if not isinstance(error, NothingToReport):
            raise


def tell_failures(job_ids: Iterable[int]) -> int:
    """Tell who asked, once for each failure; returns how many reports failed."""
    failed = Report.objects.filter(job__in=job_ids, job__state=JobState.FAILED, built_at__isnull=True)
    found = list(failed.select_related("job"))
    for report in found:
        tell_failed(report)
    return len(found)


def tell_lost() -> int:
    """Those whose worker was gone for good: no worker is left to say so. Again within the day tells nobody twice."""
    lost = Job.objects.filter(
        state=JobState.FAILED, error=jobs.WORKER_LOST, finished_at__gt=timezone.now() - timedelta(days=1)
    )
    return tell_failures(lost.filter(report__isnull=False).values_list("pk", flat=True))


def keep(*, report: Report, contents: IO[bytes]) -> None:
    """Keep what was built and tell who asked. The first of two workers wins; a killed one leaves no half file."""
    aside, size, digest = storage.write_aside(report.stored_name, contents)
    try:
        with transaction.atomic():
            row = Report.objects.select_for_update().filter(pk=report.pk, built_at__isnull=True).first()
            if row is None or not size:  # deleted meanwhile, or built by another
                return
            if Job.objects.filter(pk=row.job_id, state=JobState.CANCELLED).exists():
                return
            row.size, row.sha256, row.open_key = size, digest, None
            row.built_at = timezone.now()
            row.expires_at = row.built_at + timedelta(days=settings.REPORT_KEEP_DAYS)
            row.save()
            storage.settle(aside, row.stored_name)
            tell_built(row)
    finally:
        aside.unlink(missing_ok=True)


@transaction.atomic
def note_download(*, report: Report, actor: User) -> None:
    """An export is on the trail with what it held and the digest of the very file."""
    changes = {"format": [None, report.format], "size": [None, report.size], "sha256": [None, report.sha256]}
    action = KINDS[report.kind].download_action
    record(actor=actor, action=action, target=report, branch=report.branch, changes=changes)


@transaction.atomic
def delete_report(*, report: Report, actor: User | None) -> None:
    """The row, its job and the file. A worker that is still at it finds nothing to keep."""
    if actor:
        record(actor=actor, action="report.deleted", target=report, branch=report.branch)
    job, name = report.job_id, report.stored_name
    report.delete()
    Job.objects.filter(pk=job).delete()
    transaction.on_commit(lambda: storage.forget(name))


def delete_expired() -> int:
    """Reports past their day, failed ones as old, and files that belong to no row; returns how many reports."""
    now = timezone.now()
    old = Report.objects.filter(expires_at__lte=now) | Report.objects.filter(
        built_at__isnull=True, created_at__lte=now - timedelta(days=settings.REPORT_KEEP_DAYS)
    )
    gone = list(old.exclude(job__state=JobState.RUNNING))
    for report in gone:
        delete_report(report=report, actor=None)
    known = set(Report.objects.values_list("stored_name", flat=True))
    for name, written in list(storage.names()):
        if name not in known and written < time.time() - STRAY:
            storage.forget(name)
    return len(gone)
