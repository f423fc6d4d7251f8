"""What the worker does for the handbook; named in settings.CELERY_IMPORTS, because this is no app of its own."""

import tempfile
from functools import partial
from typing import Final

from celery import shared_task
from django.utils import timezone

from activities.handbook.book import Book
from activities.handbook.building import build
from branches.office.services import building, keep, tell

BUILD: Final = "activities.handbook.tasks.build_handbook"


@shared_task
def build_handbook(job_id: int) -> None:
    """Build one handbook and keep it; safe to run twice. The plain file has no name and goes with the process."""
    with building(job_id) as found:
        if found is None:
            return
        job, report = found
        with tempfile.TemporaryFile() as out:
            book = Book.of(report.branch, report.year, timezone.localdate())
            build(book, report.format, out, partial(tell, job))
            keep(report=report, contents=out)
