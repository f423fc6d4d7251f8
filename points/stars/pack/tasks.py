"""What the worker does for 迎检材料; named in settings.CELERY_IMPORTS, because this is no app of its own."""

import tempfile
from typing import Final

from celery import shared_task
from django.utils import timezone

from branches import jobs
from branches.models import Job
from branches.office.kinds import NothingToReport
from branches.office.services import building, keep
from points.stars.pack.building import Cancelled, NothingToPack, build

BUILD: Final = "points.stars.pack.tasks.build_pack"


@shared_task
def build_pack(job_id: int) -> None:
    """Build the pack of one branch and keep it; safe to run twice. The plain file goes with the process.

    What is cancelled stops at the next line of the card.
    """
    try:
        with building(job_id) as found:
            if found is None:
                return
            job, report = found
            with tempfile.TemporaryFile() as out:
                try:
                    build(report.branch, report.start.year, timezone.localdate(), out, lambda *step: _tell(job, *step))
                except NothingToPack as error:
                    raise NothingToReport from error
                except Cancelled:
                    return
                keep(report=report, contents=out)
    except NothingToReport:
        return  # the job is marked with it, and the report centre says it in words


def _tell(job: Job, done: int, total: int, step: str) -> None:
    if jobs.is_cancelled(job):
        raise Cancelled
    jobs.progress(job, done=done, total=total, step=step[:100])
