"""What the worker does for the cycle of points."""

from datetime import date
from typing import Final

from celery import shared_task
from django.utils import timezone

from branches import jobs
from branches.models import Branch
from points.cycle.moving import move

MOVE: Final = "points.cycle.tasks.move_hospital"


@shared_task
def queue_moves() -> int:
    """Beat entry, hourly from seven: one Job per hospital and day, so that one failure stops one hospital only.

    The later calls find the job of the day done, or ask for a failed one again.
    """
    today = timezone.localdate().isoformat()
    hospitals = Branch.objects.filter(hospital__isnull=False).order_by().values_list("hospital", flat=True).distinct()
    for pk in hospitals:
        jobs.enqueue(task=MOVE, business_key=f"{pk}:{today}", params={"hospital": pk, "day": today})
    return len(hospitals)


@shared_task
def move_hospital(job_id: int) -> None:
    """Move the periods of one hospital on; safe to run twice. The day (ISO) was fixed when it was queued."""
    with jobs.running(job_id) as job:
        if job is None:
            return

        def tell(step: int, words: str) -> None:
            jobs.progress(job, done=step, total=5, step=words)

        move(hospital_id=job.params["hospital"], today=date.fromisoformat(job.params["day"]), tell=tell)
