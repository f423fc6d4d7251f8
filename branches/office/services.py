"""Ask for a report, keep what was built, hand it out, let it go."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import IO, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from branches import jobs
from branches.access import require
from branches.audit import record
from branches.choices import Topic
from branches.inbox import notify
from branches.models import Branch, Job, JobState, Report, User
from branches.office import storage
from branches.office.kinds import KINDS

STRAY: Final = 24 * 3600  # seconds after which a file without a row, or half of one, is nobody's work any more


def request_report(
    *, kind: str, branch: Branch, year: int, format: str, title: str, actor: User, again: bool = False
) -> Report:
    """The report of this kind, branch, year and format that is being made; else the kept one; else a new one.

    With `again` a kept one does not count. One that failed is tried again. Raises Refused without the capabilities.
    """
    known = KINDS[kind]
    for need in known.needs:
        require(actor, need, branch)
    if format not in Report.Format.values:
        raise ValidationError({"format": "请选择文件格式。"})
    key = f"{kind}:{branch.pk}:{year}:{format}"
    if standing := _open(key, known.task):
        return standing
    if not again and (found := kept_report(kind=kind, branch=branch, year=year, format=format)):
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
                title=title,
                branch=branch,
                year=year,
                format=format,
                open_key=key,
                stored_name=name,
                requested_by=actor,
            )
            record(actor=actor, action="report.requested", target=report, branch=branch)
    except IntegrityError:  # asked for by two people in the same moment
        return Report.objects.get(open_key=key)
    return report


def kept_report(*, kind: str, branch: Branch, year: int, format: str) -> Report | None:
    """The newest one that can still be downloaded."""
    kept = Report.objects.filter(kind=kind, branch=branch, year=year, format=format, expires_at__gt=timezone.now())
    return kept.select_related("requested_by").first()


def _open(key: str, task: str) -> Report | None:
    report = Report.objects.select_related("job").filter(open_key=key).first()
    if report is not None and report.job.state == JobState.FAILED:
        job = report.job
        jobs.enqueue(task=task, business_key=job.business_key, params=job.params, requested_by=job.requested_by)
    return report


@contextmanager
def building(job_id: int) -> Iterator[tuple[Job, Report] | None]:
    """For the task of a report: the job and its report, or None when another worker has it or it is built."""
    with jobs.running(job_id) as job:
        report = Report.objects.select_related("branch").filter(job=job).first() if job else None
        yield (job, report) if job and report and report.built_at is None else None


def keep(*, report: Report, contents: IO[bytes]) -> None:
    """Keep what was built and tell who asked. The first of two workers wins; a killed one leaves no half file."""
    aside, size, digest = storage.write_aside(report.stored_name, contents)
    try:
        with transaction.atomic():
            row = Report.objects.select_for_update().filter(pk=report.pk, built_at__isnull=True).first()
            if row is None or not size:  # deleted meanwhile, or built by another
                return
            row.size, row.sha256, row.open_key = size, digest, None
            row.built_at = timezone.now()
            row.expires_at = row.built_at + timedelta(days=settings.REPORT_KEEP_DAYS)
            row.save()
            storage.settle(aside, row.stored_name)
            notify(
                recipient=row.requested_by,
                topic=Topic.REPORT,
                item_key=f"report:{row.pk}",
                step="built",
                text=f"{row.title}已生成，可以下载",
                url=reverse("branches:reports"),
            )
    finally:
        aside.unlink(missing_ok=True)


@transaction.atomic
def note_download(*, report: Report, actor: User) -> None:
    """An export is on the trail with what it held and the digest of the very file."""
    changes = {"format": [None, report.format], "size": [None, report.size], "sha256": [None, report.sha256]}
    record(actor=actor, action="report.downloaded", target=report, branch=report.branch, changes=changes)


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
