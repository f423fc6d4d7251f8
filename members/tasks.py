"""What the worker does for the members room. Tasks take ids, call one service, may run twice."""

from functools import partial

from celery import shared_task

from branches import jobs
from branches.models import Job
from members.importing import batches
from members.roll_months import open_month as open_roll_month


def _tell(job: Job, done: int, total: int, step: str) -> None:
    jobs.progress(job, done=done, total=total, step=step)


@shared_task
def read_batch(job_id: int) -> None:
    """Read an uploaded roster into its preview."""
    with jobs.running(job_id) as job:
        if job:
            batches.read_batch(batch_id=job.params["batch"], tell=partial(_tell, job))


@shared_task
def apply_batch(job_id: int) -> None:
    """Write a confirmed roster."""
    with jobs.running(job_id) as job:
        if job:
            batches.apply_batch(batch_id=job.params["batch"], tell=partial(_tell, job))


@shared_task
def delete_old_imports() -> int:
    """Beat entry, each night."""
    return batches.empty_old_batches()


@shared_task
def open_month() -> None:
    """Beat entry, each night: the head count of a new month from its first day on."""
    open_roll_month()
