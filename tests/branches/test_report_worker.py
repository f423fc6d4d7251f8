"""A worker killed in the middle of a report: the next one makes it, once and whole, on either broker."""

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from django.conf import settings as installed
from django.db import connection
from django.utils import timezone

from branches.models import Job, JobState, Notice, Report
from branches.office import services, storage
from config.celery import app
from config.documents import pdf

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not pdf.is_available(), reason="this machine has no Pango or no Chinese font"),
]
RING = "import django; django.setup(); from branches import jobs; jobs.sweep()"


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Return when `condition` holds; another process makes it hold, so there is nothing to wait on but time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the worker did not do it in time"
        threading.Event().wait(0.05)


class Bench:
    """Workers of their own on one broker and the test database."""

    def __init__(self, folder: str, redis: str) -> None:
        database = connection.settings_dict
        place = f"{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
        self.env = os.environ | {
            "DATABASE_URL": f"postgres://{place}",
            "DATA_DIR": folder,
            "REDIS_URL": redis,
            "SECRET_KEY": installed.SECRET_KEY,
            "FIELD_KEYS": ",".join(installed.FIELD_KEYS),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONWARNINGS": "ignore",
        }
        self.started: list[subprocess.Popen] = []

    def worker(self) -> subprocess.Popen:
        command = [sys.executable, "-m", "celery", "-q", "-A", "config", "worker", "--pool", "solo"]
        self.started.append(subprocess.Popen(command, cwd=installed.BASE_DIR, env=self.env))
        return self.started[-1]

    def ring(self) -> None:
        """What beat does each minute."""
        subprocess.run([sys.executable, "-c", RING], cwd=installed.BASE_DIR, env=self.env, check=True)


@pytest.fixture(params=["filesystem", "redis"])
def bench(request, tmp_path, settings) -> Iterator[Bench]:
    if request.param == "redis" and not installed.REDIS_URL:
        pytest.skip("REDIS_URL is not set")
    settings.DATA_DIR = tmp_path
    found = Bench(str(tmp_path), installed.REDIS_URL if request.param == "redis" else "")
    if request.param == "redis":
        app.control.purge()
    yield found
    for process in found.started:
        process.kill()
        process.wait()


def test_a_report_whose_worker_was_killed_is_made_once_and_whole(bench, branch, secretary, monkeypatch):
    monkeypatch.setattr("branches.jobs.kick", lambda job: None)  # the bell is rung by hand below
    report = services.request_report(
        kind="handbook", branch=branch, start=date(2025, 1, 1), format="pdf", actor=secretary
    )
    Job.objects.filter(pk=report.job_id).update(created_at=timezone.now() - timedelta(minutes=5))
    worker = bench.worker()
    bench.ring()
    job = Job.objects.filter(pk=report.job_id)
    until(lambda: job.filter(state=JobState.RUNNING, done__gte=3).exists())
    worker.kill()
    worker.wait()
    report.refresh_from_db()
    assert report.built_at is None
    assert not (storage.folder() / report.stored_name).exists()

    job.update(heartbeat=timezone.now() - timedelta(minutes=5))
    bench.worker()
    bench.ring()
    until(lambda: job.filter(state=JobState.DONE).exists())
    report.refresh_from_db()
    contents = b"".join(storage.read(report.stored_name))
    assert contents.startswith(b"%PDF")
    assert contents.rstrip().endswith(b"%%EOF")
    assert (len(contents), hashlib.sha256(contents).hexdigest()) == (report.size, report.sha256)
    assert [name for name, _ in storage.names()] == [report.stored_name]
    assert Report.objects.count() == Notice.objects.filter(item_key=f"report:{report.pk}").count() == 1
    assert job.get().attempts == 2
