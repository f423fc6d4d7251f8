"""What the worker does for star ratings; named in settings.CELERY_IMPORTS, because this is no app of its own."""

from collections.abc import Callable
from datetime import date
from typing import Final

from celery import shared_task
from django.utils import timezone

from branches import jobs
from branches.models import Branch
from points.stars.months import roll_up
from points.stars.reminding import remind

REMIND: Final = "points.stars.tasks.remind_hospital"
ROLL_UP: Final = "points.stars.tasks.roll_up_hospital"


@shared_task
def queue_star_days() -> int:
    """Beat entry, hourly from eight: one Job per hospital and day; the later calls find it done, or ask again."""
    return _queue(REMIND)


@shared_task
def queue_star_months() -> int:
    """Beat entry, each night: one Job per hospital and day."""
    return _queue(ROLL_UP)


def _queue(task: str) -> int:
    today = timezone.localdate().isoformat()
    hospitals = Branch.objects.filter(hospital__isnull=False).order_by().values_list("hospital", flat=True).distinct()
    for pk in hospitals:
        jobs.enqueue(task=task, business_key=f"{pk}:{today}", params={"hospital": pk, "day": today})
    return len(hospitals)


@shared_task
def remind_hospital(job_id: int) -> None:
    """Ask whoever holds the yearly rating of one hospital up; safe to run twice."""
    _run(job_id, remind)


@shared_task
def roll_up_hospital(job_id: int) -> None:
    """Write the rows of this month of one hospital; safe to run twice."""
    _run(job_id, roll_up)


def _run(job_id: int, what: Callable[..., int]) -> None:
    with jobs.running(job_id) as job:
        if job is not None:
            what(hospital_id=job.params["hospital"], today=date.fromisoformat(job.params["day"]))
