"""What the worker does for the branches room."""

from celery import shared_task

from branches import jobs
from branches.delivery import deliver, dispatch
from branches.reminders import keep_holidays


@shared_task
def sweep_jobs() -> int:
    """Beat entry, each minute: ring again for jobs whose message was lost."""
    return jobs.sweep()


@shared_task
def dispatch_notices() -> int:
    """Beat entry, every five minutes: hand over what may leave the house now."""
    return dispatch()


@shared_task
def deliver_notices(job_id: int) -> None:
    """Send one text to one person through one channel; what cannot be sent is listed, the job is done all the same."""
    with jobs.running(job_id) as job:
        if job:
            deliver(channel_id=job.params["channel"], notice_ids=job.params["notices"])


@shared_task
def fill_holidays() -> int:
    """Beat entry, each night: the holidays of this and the next year, as soon as the built-in calendar knows them."""
    return keep_holidays()
