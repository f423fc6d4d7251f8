"""What the worker does for the activities room."""

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from activities.planning import LEVELS, plan_year
from branches.models import Branch

BATCH = 500


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
