"""The broker is only a bell: while it is gone, or hangs, the work waits in its row and nobody waits for it."""

import socket
import subprocess
import sys
from types import SimpleNamespace

from django.conf import settings
from kombu.exceptions import OperationalError

from branches import jobs
from branches.models import Job, JobState

SEND = """
import sys, django
django.setup()
from branches import jobs
from branches.models import Job
jobs._send(Job(pk=1, task="branches.tasks.sweep_jobs"))
"""


def test_a_broker_that_is_gone_leaves_the_job_queued_for_the_sweep(
    db, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    def gone(*args, **how):
        raise OperationalError("connection refused")

    away = SimpleNamespace(conf=SimpleNamespace(task_always_eager=False), send_task=gone)
    monkeypatch.setattr(jobs, "current_app", away)
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.enqueue(task="branches.tasks.sweep_jobs", business_key="x", params={})
    assert Job.objects.get(pk=job.pk).state == JobState.QUEUED
    assert "waits for the broker" in caplog.text
    assert "refused" not in caplog.text


def test_a_broker_that_accepts_and_never_answers_holds_a_page_for_seconds_only(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        env = {
            "PATH": "",
            "DATA_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "REDIS_URL": f"redis://127.0.0.1:{deaf.getsockname()[1]}/0",
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SEND],
            cwd=settings.BASE_DIR,
            env=env,
            timeout=90,  # without limits of its own it would never return
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    assert "waits for the broker" in done.stderr
