"""What the worker does for the report centre; named in settings.CELERY_IMPORTS, because this is no app of its own."""

from functools import partial
from io import BytesIO

from celery import shared_task
from django.utils import timezone

from branches.models import Job
from branches.office import schedules, services
from branches.office.kinds import KINDS, Asked
from config.documents import parts
from config.documents.content import Document
from config.documents.responses import WRITERS

GATHERED, LAID_OUT, WHOLE = 10, 90, 100  # percent: records read, pages laid out, file kept


@shared_task
def build_report(job_id: int) -> None:
    """Build one report of a kind that is a single document, and keep it; safe to run twice."""
    with services.building(job_id) as found:
        if found is None:
            return
        job, report = found
        kind = KINDS[report.kind]
        if kind.build is None:
            raise LookupError(report.kind)
        services.tell(job, 0, WHOLE, "汇总记录")
        asked = Asked(report.branch, kind.span, report.start, timezone.localdate(), report.requested_by)
        contents = _written(kind.build(asked), report.format, job)
        services.tell(job, LAID_OUT, WHOLE, "保存文件")
        services.keep(report=report, contents=BytesIO(contents))
        services.tell(job, WHOLE, WHOLE, "完成")


def _written(document: Document, format: str, job: Job) -> bytes:
    """A PDF takes seconds to minutes: it tells its pages, and is given up in between when it is cancelled."""
    if format == "pdf":
        return parts.render(document, partial(_tell_pages, job))
    services.tell(job, GATHERED, WHOLE, "排版")
    return WRITERS[format](document)


def _tell_pages(job: Job, done: int, total: int, pages: int) -> None:
    share = GATHERED + (LAID_OUT - GATHERED) * done // max(total, 1)
    services.tell(job, share, WHOLE, f"排版（已排{pages}页）" if pages else "排版")


@shared_task
def tell_lost_reports() -> int:
    """Beat entry, every five minutes: reports whose worker was lost three times."""
    return services.tell_lost()


@shared_task
def delete_old_reports() -> int:
    """Beat entry, each night."""
    return services.delete_expired()


@shared_task
def run_schedules() -> int:
    """Beat entry, each morning hour: what fell due today, or while the server slept."""
    return schedules.run_schedules(timezone.localdate())
