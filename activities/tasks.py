"""What the worker does for the activities room."""

from datetime import date
from typing import Final

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from activities.plan.planning import LEVELS, plan_year, replan
from activities.records import keeping
from activities.reminders.reminding import remind
from branches import jobs
from branches.models import Branch, Job, User

BATCH = 500
STEP = 5  # nodes between two words about the progress
REMIND: Final = "activities.tasks.remind_hospital"
REPLAN: Final = "activities.tasks.replan_nodes"


@shared_task
def open_plans() -> int:
    """Beat entry, nightly: write the plan of the year, and from December on of the next, for every open node.

    Safe to run twice. In batches, so that no lock is held long. Returns the number of items made.
    """
    today = timezone.localdate()
    years = [today.year, today.year + 1] if today.month == 12 else [today.year]
    nodes = list(Branch.objects.open_on(today).filter(level__in=LEVELS))
    made = 0
    for year in years:
        for start in range(0, len(nodes), BATCH):
            with transaction.atomic():
                made += plan_year(branches=nodes[start : start + BATCH], year=year, today=today)
    return made


@shared_task
def queue_reminders() -> int:
    """Beat entry, hourly from eight: one Job per hospital and day, so that one failure stops one hospital only.

    The later calls find the job of the day done, or ask for a failed one again.
    """
    today = timezone.localdate().isoformat()
    hospitals = Branch.objects.filter(hospital__isnull=False).order_by().values_list("hospital", flat=True).distinct()
    for pk in hospitals:
        jobs.enqueue(task=REMIND, business_key=f"{pk}:{today}", params={"hospital": pk, "day": today})
    return len(hospitals)


@shared_task
def remind_hospital(job_id: int) -> None:
    """Remind the people of one hospital; safe to run twice. The day was fixed when it was queued: ISO "YYYY-MM-DD"."""
    with jobs.running(job_id) as job:
        if job is not None:
            remind(hospital_id=job.params["hospital"], today=date.fromisoformat(job.params["day"]))


@shared_task
def replan_nodes(job_id: int) -> None:
    """Generate the plan of these nodes again, a few at a time; what was left and why is kept with the job."""
    with jobs.running(job_id) as job:
        if job is None:
            return
        nodes = list(Branch.objects.filter(pk__in=job.params["branches"]))
        actor = User.objects.get(pk=job.params["actor"])
        counts = {"made": 0, "changed": 0, "removed": 0}
        left: list[tuple[int, str]] = []
        for start in range(0, len(nodes), STEP):
            jobs.progress(job, done=start, total=len(nodes), step=nodes[start].name)
            done = replan(branches=nodes[start : start + STEP], year=job.params["year"], actor=actor)
            for name in counts:
                counts[name] += getattr(done, name)
            left += [(one.item.pk, one.why) for one in done.left]
        Job.objects.filter(pk=job.pk).update(params={**job.params, "result": {**counts, "left": left}})
        jobs.progress(job, done=len(nodes), total=len(nodes))


@shared_task
def drop_old_drafts() -> int:
    """Beat entry, nightly: texts kept while they were typed, and not come back for in thirty days."""
    return keeping.drop_old_drafts(now=timezone.now())
