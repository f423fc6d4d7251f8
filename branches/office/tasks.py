"""What the worker does for the report centre; named in settings.CELERY_IMPORTS, because this is no app of its own."""

from io import BytesIO

from celery import shared_task
from django.utils import timezone

from branches import jobs
from branches.office import schedules, services
from branches.office.kinds import KINDS, Asked, NothingToReport
from config.documents.responses import WRITERS

STEPS = 3


@shared_task
def build_report(job_id: int) -> None:
    """Build one report of a kind that is a single document, and keep it; safe to run twice."""
    try:
        _build(job_id)
    except NothingToReport:
        return  # the job is marked with it, and the report centre says it in words


def _build(job_id: int) -> None:
    with services.building(job_id) as found:
        if found is None:
            return
        job, report = found
        kind = KINDS[report.kind]
        if kind.build is None:
            raise LookupError(report.kind)
        jobs.progress(job, done=0, total=STEPS, step="汇总记录")
        asked = Asked(report.branch, kind.span, report.start, timezone.localdate(), report.requested_by)
        document = kind.build(asked)
        if jobs.is_cancelled(job):
            return
        jobs.progress(job, done=1, total=STEPS, step="排版")
        contents = WRITERS[report.format](document)
        jobs.progress(job, done=2, total=STEPS, step="保存文件")
        services.keep(report=report, contents=BytesIO(contents))
        jobs.progress(job, done=STEPS, total=STEPS, step="完成")


@shared_task
def delete_old_reports() -> int:
    """Beat entry, each night."""
    return services.delete_expired()


@shared_task
def run_schedules() -> int:
    """Beat entry, each morning hour: what fell due today, or while the server slept."""
    return schedules.run_schedules(timezone.localdate())
