"""What the worker does for the branches room."""

from celery import shared_task

from branches import jobs


@shared_task
def sweep_jobs() -> int:
    """Beat entry, each minute: ring again for jobs whose message was lost."""
    return jobs.sweep()
