"""The Celery application and the beat schedule."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("zhibu")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    # A row is the queue, the broker only a bell: what was not heard is rung again.
    "sweep-jobs": {"task": "branches.tasks.sweep_jobs", "schedule": 60.0},
    # Who owes what: at eight, and again each hour for what the server slept through or failed at.
    "queue-reminders": {"task": "activities.tasks.queue_reminders", "schedule": crontab(hour="8-20", minute=0)},
    # Make-ups lapse, months close, deductions are posted, quarters and years lock: once a day, again for what failed.
    "queue-moves": {"task": "points.cycle.tasks.queue_moves", "schedule": crontab(hour="7-20", minute=10)},
    # The yearly star rating: who rates, reviews, approves, each step once; where the previews stand, for the movement.
    "queue-star-days": {"task": "points.stars.tasks.queue_star_days", "schedule": crontab(hour="8-20", minute=20)},
    "queue-star-months": {"task": "points.stars.tasks.queue_star_months", "schedule": crontab(hour=3, minute=30)},
    # Reminders leave the house in one text a person and run, outside the quiet hours.
    "dispatch-notices": {"task": "branches.tasks.dispatch_notices", "schedule": 300.0},
    # The holidays of a new year, as soon as the built-in calendar knows them.
    "fill-holidays": {"task": "branches.tasks.fill_holidays", "schedule": crontab(hour=2, minute=30)},
    # Uploaded rosters and kept batches hold personal data: they go after IMPORT_KEEP_DAYS.
    "delete-old-imports": {"task": "members.tasks.delete_old_imports", "schedule": crontab(hour=2, minute=10)},
    "delete-old-batches": {"task": "points.tasks.delete_old_batches", "schedule": crontab(hour=2, minute=12)},
    # Reports hold names and records: the files go after REPORT_KEEP_DAYS.
    "tell-lost-reports": {"task": "branches.office.tasks.tell_lost_reports", "schedule": 300.0},
    "delete-old-reports": {"task": "branches.office.tasks.delete_old_reports", "schedule": crontab(hour=2, minute=15)},
    # Reports of the period that ended, on the day their schedule names; again for what the server slept through.
    "run-schedules": {"task": "branches.office.tasks.run_schedules", "schedule": crontab(hour="6-20", minute=20)},
    # A new month has its head count, its plan items and its required duties from the first minute on.
    "open-month": {"task": "members.tasks.open_month", "schedule": crontab(hour=0, minute=5)},
    "open-plans": {"task": "activities.tasks.open_plans", "schedule": crontab(hour=0, minute=15)},
    # The sums of the points against the ledger, after the day's last booking; what differs is an alarm, never mended.
    "check-ledger": {"task": "points.tasks.queue_ledger_check", "schedule": crontab(hour=3, minute=10)},
    # Texts kept while they were typed and never saved go after 30 days.
    "drop-old-drafts": {"task": "activities.tasks.drop_old_drafts", "schedule": crontab(hour=2, minute=20)},
}
