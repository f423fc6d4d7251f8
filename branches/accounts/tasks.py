"""What the worker does for accounts; named in settings.CELERY_IMPORTS, because this is no app of its own."""

from celery import shared_task

from branches import jobs
from branches.accounts import mailing


@shared_task
def mail_slip(job_id: int) -> None:
    """Mail one activation link; the job row says what became of it."""
    with jobs.running(job_id) as job:
        if job:
            mailing.mail_slip(user_id=job.params["user"], actor_id=job.params["actor"], base=job.params["base"])
