"""The job table: a row is the queue, the broker only a bell. Every task may run twice; no lost message loses work."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from branches.models import Job, JobState, User

logger = logging.getLogger(__name__)

SILENT_AFTER = timedelta(minutes=2)  # a running job without a heartbeat for so long has lost its worker
MAX_ATTEMPTS = 3
WORKER_LOST = "WorkerLost"  # the error of a job given up by the sweep


def enqueue(*, task: str, business_key: str, params: dict[str, Any], requested_by: User | None = None) -> Job:
    """Return the one job of this task and key, made now or before, and ring the bell after commit.

    `params` hold ids and ISO dates only, never anything personal. Asking again for a failed job queues it anew.
    """
    job, made = Job.objects.get_or_create(
        task=task, business_key=business_key, defaults={"params": params, "requested_by": requested_by}
    )
    if not made:
        again = Job.objects.filter(pk=job.pk, state__in=[JobState.FAILED, JobState.CANCELLED])
        if again.update(state=JobState.QUEUED, attempts=0, error="", finished_at=None, params=params):
            job.refresh_from_db()
    if job.state == JobState.QUEUED:
        kick(job)
    return job


def kick(job: Job) -> None:
    """Ring the bell for `job` after commit. The row is the queue: a dead broker only delays it."""
    transaction.on_commit(lambda: _send(job))


def _send(job: Job) -> None:
    if current_app.conf.task_always_eager:
        current_app.autodiscover_tasks(force=True)  # a worker does that when it starts, and this:
        for module in current_app.conf.imports:
            import_module(module)
        current_app.tasks[job.task].apply(args=[job.pk], throw=True)
        return
    try:
        current_app.send_task(job.task, [job.pk], retry=False)
    except OperationalError as exc:  # kombu's: the broker is away; sweep_jobs sends it again
        logger.warning("job %s waits for the broker: %s", job.pk, type(exc).__name__)


@contextmanager
def running(job_id: int) -> Iterator[Job | None]:
    """Claim a job for this worker, or give None when another has it or it is done.

    What the block raises marks the job failed (with the kind of the error only: messages may hold personal data), and
    is raised again for the worker's log.
    """
    now = timezone.now()
    claimable = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, heartbeat__lt=now - SILENT_AFTER)
    claimed = Job.objects.filter(claimable, pk=job_id).update(
        state=JobState.RUNNING, heartbeat=now, attempts=F("attempts") + 1
    )
    if not claimed:
        yield None
        return
    job = Job.objects.get(pk=job_id)
    try:
        yield job
    except Exception as exc:
        _held(job).update(state=JobState.FAILED, error=type(exc).__name__, finished_at=timezone.now())
        raise
    _held(job).update(state=JobState.DONE, finished_at=timezone.now(), heartbeat=timezone.now())


def _held(job: Job) -> QuerySet[Job]:
    """The row, as long as it is this worker's: not cancelled, and not taken over while this one was silent."""
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING, attempts=job.attempts)


def progress(job: Job, *, done: int, total: int, step: str = "") -> None:
    """Tell the page how far the job is; also its heartbeat. Call it outside the transaction of the work."""
    Job.objects.filter(pk=job.pk).update(done=done, total=total, step=step, heartbeat=timezone.now())


def is_held(job: Job) -> bool:
    """Asked by a task between two steps: whether anybody still wants this worker to make it."""
    return _held(job).exists()


def sweep() -> int:
    """Ring again for jobs nobody took or whose worker fell silent; give up after MAX_ATTEMPTS; returns how many."""
    now = timezone.now()
    waiting = Q(state=JobState.QUEUED, created_at__lt=now - timedelta(seconds=30))
    silent = Q(state=JobState.RUNNING, heartbeat__lt=now - SILENT_AFTER)
    Job.objects.filter(silent, attempts__gte=MAX_ATTEMPTS).update(
        state=JobState.FAILED, error=WORKER_LOST, finished_at=now
    )
    jobs = list(Job.objects.filter(waiting | silent).order_by("pk")[:100])
    for job in jobs:
        _send(job)
    return len(jobs)
