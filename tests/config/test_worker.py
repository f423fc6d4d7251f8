"""A real worker on a real broker: the row is the queue, so neither a lost message nor a killed worker loses work."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from branches import jobs
from branches.models import Job, JobState
from config.celery import app

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def until(condition: Callable[[], bool], seconds: float = 40) -> None:
    """Return when `condition` holds; another process makes it hold, so there is nothing to wait on but time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the worker did not do it in time"
        threading.Event().wait(0.1)


@pytest.fixture
def start_worker(tmp_path) -> Iterator[Callable[[], subprocess.Popen]]:
    if not settings.REDIS_URL:
        pytest.skip("REDIS_URL is not set")
    app.conf.task_always_eager = False  # the one test that wants a broker
    app.control.purge()
    database = connection.settings_dict
    place = f"{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    env = os.environ | {
        "DATABASE_URL": f"postgres://{place}",
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONWARNINGS": "ignore::UserWarning:celery.platforms",
    }
    started: list[subprocess.Popen] = []

    def start() -> subprocess.Popen:
        command = [sys.executable, "-m", "celery", "-q", "-A", "tests.config.worker_app", "worker", "--pool", "solo"]
        started.append(subprocess.Popen(command, cwd=settings.BASE_DIR, env=env))
        return started[-1]

    yield start
    app.conf.task_always_eager = True
    for process in started:
        process.kill()
        process.wait()


def state_of(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def test_a_worker_does_the_job_whose_bell_was_rung(start_worker):
    start_worker()
    job = jobs.enqueue(task="tests.watched", business_key="one", params={})
    until(lambda: state_of(job) == JobState.DONE)
    assert job.attempts == 1


def test_a_job_whose_worker_was_killed_is_done_by_the_next_one(start_worker):
    worker = start_worker()
    job = jobs.enqueue(task="tests.watched", business_key="two", params={"hangs": True})
    until(lambda: state_of(job) == JobState.RUNNING)
    worker.kill()
    worker.wait()
    Job.objects.filter(pk=job.pk).update(heartbeat=timezone.now() - timedelta(minutes=5))
    assert jobs.sweep() == 1
    start_worker()
    until(lambda: state_of(job) == JobState.DONE)
    assert job.attempts == 2


def test_a_job_whose_message_was_lost_is_found_by_the_sweep(start_worker):
    job = jobs.enqueue(task="tests.watched", business_key="three", params={})
    app.control.purge()
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    assert jobs.sweep() == 1
    start_worker()
    until(lambda: state_of(job) == JobState.DONE)
