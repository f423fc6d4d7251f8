"""What the worker does for the points room. Tasks take ids and ISO dates, call one service, may run twice."""

from datetime import date
from functools import partial
from typing import Final

from celery import shared_task
from django.utils import timezone

from branches import jobs
from points.claims.batches import forget_old_batches
from points.ledger.nightly import compare_sums

CHECK: Final = "points.tasks.check_ledger"
PARTS: Final = 12  # of the comparison of two years: what its progress is told in


@shared_task
def delete_old_batches() -> int:
    """Beat entry, each night: what was kept of workbooks holds personal data and goes after IMPORT_KEEP_DAYS."""
    return forget_old_batches()


@shared_task
def queue_ledger_check() -> None:
    """Beat entry, each night: one Job a day."""
    today = timezone.localdate().isoformat()
    jobs.enqueue(task=CHECK, business_key=today, params={"day": today})


@shared_task
def check_ledger(job_id: int) -> None:
    """Compare the sums of last year and this one with what they add up; safe to run twice."""
    with jobs.running(job_id) as job:
        if job is not None:
            today = date.fromisoformat(job.params["day"])
            beat = partial(jobs.progress, job, done=0, total=PARTS, step="核对积分汇总")
            compare_sums(years=(today.year - 1, today.year), today=today, tell=beat)
