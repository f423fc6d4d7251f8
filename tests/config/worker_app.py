"""The application as the worker of test_worker.py runs it: ours, with one task that does nothing but be watched."""

import signal

import django
from celery import shared_task

from config.celery import app

django.setup()

from branches import jobs  # noqa: E402  models need the line above

__all__ = ["app", "watched"]


@shared_task(name="tests.watched")
def watched(job_id: int) -> None:
    """Finish at once; with the parameter `hangs` only at the second attempt, until then wait to be killed."""
    with jobs.running(job_id) as job:
        if job is not None and job.params.get("hangs") and job.attempts == 1:
            signal.pause()
