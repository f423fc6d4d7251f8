"""What the worker does for 迎检材料; named in settings.CELERY_IMPORTS, because this is no app of its own."""

import tempfile
from functools import partial
from typing import Final

from celery import shared_task
from django.utils import timezone

from branches.office.kinds import NothingToReport
from branches.office.services import building, keep, tell
from points.stars.pack.building import NothingToPack, build

BUILD: Final = "points.stars.pack.tasks.build_pack"


@shared_task
def build_pack(job_id: int) -> None:
    """Build the pack of one branch and keep it; safe to run twice. The plain file goes with the process.

    What is cancelled stops at the next paper.
    """
    with building(job_id) as found:
        if found is None:
            return
        job, report = found
        with tempfile.TemporaryFile() as out:
            try:
                build(report.branch, report.start.year, timezone.localdate(), out, partial(tell, job))
            except NothingToPack as error:
                raise NothingToReport from error
            keep(report=report, contents=out)
