"""What the worker does with editions. Tasks take ids, call one service, may run twice."""

from functools import partial

from celery import shared_task
from django.utils import timezone

from branches import jobs
from branches.models import Job
from points.editions import applying, trial
from points.models import RuleTrial, RuleVersion


def _tell(job: Job, done: int, total: int, step: str) -> None:
    jobs.progress(job, done=done, total=total, step=step)


@shared_task
def apply_edition(job_id: int) -> None:
    """Post the records a published edition reaches back to."""
    with jobs.running(job_id) as job:
        if job:
            edition = RuleVersion.objects.select_related("published_by").get(pk=job.params["edition"])
            applying.apply_edition(edition=edition, today=timezone.localdate(), tell=partial(_tell, job))


@shared_task
def run_trial(job_id: int) -> None:
    """Count what a draft would do."""
    with jobs.running(job_id) as job:
        row = RuleTrial.objects.select_related("version").filter(pk=job.params["trial"]).first() if job else None
        if job and row:  # a draft that was thrown away took its trials with it
            trial.run_trial(trial=row, tell=partial(_tell, job))
