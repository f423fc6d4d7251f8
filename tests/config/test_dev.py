"""The decisions of the entry script; what it installs and starts is proved by running it."""

import socket
import subprocess
import sys
from unittest import mock

import pytest
from celery import current_app
from django.conf import settings

from branches import delivery
from branches.accounts import mailing
from devtools import check, data, install, serve
from devtools.shell import ROOT

JUNIT = """<testsuites><testsuite>
<testcase classname="tests.a" name="slow" time="9.5"/><testcase classname="tests.a" name="fast" time="0.1"/>
<testcase classname="tests.b" name="left" time="0"><skipped message="needs chromium"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


def test_the_entry_script_explains_itself_without_installing_anything():
    done = subprocess.run(
        [sys.executable, settings.BASE_DIR / "dev", "--help"], capture_output=True, text=True, check=True
    )
    for command in ("demo", "run", "test", "lint", "bench", "manage"):
        assert f"  {command}" in done.stdout


@pytest.mark.parametrize(("first", "second"), [("demo", "run"), ("run", "demo")])
def test_a_data_folder_is_the_demo_or_an_installation_and_never_becomes_the_other(folder, capsys, first, second):
    data.claim_data_dir(first)
    data.claim_data_dir(first)
    with pytest.raises(SystemExit):
        data.claim_data_dir(second)
    assert "DATA_DIR=" in capsys.readouterr().err
    assert data.mode_of_data_dir() == first


def test_only_the_demo_runs_with_the_demo_switch(folder, monkeypatch):
    monkeypatch.setenv("DEMO", "1")
    assert data.environment("demo")["DEMO"] == "1"
    assert data.environment("run")["DEMO"] == "0"


def test_the_tests_see_nothing_of_the_callers_installation(tmp_path, monkeypatch):
    for name in ("DATABASE_URL", "SECRET_KEY", "DEMO"):
        monkeypatch.setenv(name, "the hospital's")
    env = check.environment(tmp_path)
    assert "the hospital's" not in env.values()
    assert env["DATA_DIR"] == str(tmp_path)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http"])
def test_a_wrong_port_is_one_line_and_the_end(monkeypatch, capsys, port):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(SystemExit):
        serve.address()
    assert capsys.readouterr().err.count("\n") == 1


def test_a_busy_port_is_one_line_and_the_end(capsys):
    with socket.create_server(("127.0.0.1", 0)) as busy, pytest.raises(SystemExit):
        serve.refuse_busy_port(*busy.getsockname())
    assert "Choose another port" in capsys.readouterr().err


def test_the_packages_are_installed_once_and_those_of_the_tests_hold_those_of_the_site(tmp_path, monkeypatch):
    runs = []
    monkeypatch.setattr(install, "VENV", tmp_path)
    monkeypatch.setattr(install, "PYTHON", tmp_path / "python")
    monkeypatch.setattr(install, "uv", lambda: "uv")
    monkeypatch.setattr(install, "run", lambda command, **_: runs.append(command) or subprocess.CompletedProcess([], 0))
    (tmp_path / "python").touch()
    for lock, so_far in [("base", 1), ("base", 1), ("dev", 2), ("base", 2), ("dev", 2)]:
        install.install_python(lock)
        assert len(runs) == so_far


def test_the_report_names_the_slowest_and_what_was_skipped(tmp_path, capsys):
    (tmp_path / "result.xml").write_text(JUNIT)
    report = check.Report(tmp_path)
    report.read("unit", tmp_path / "result.xml")
    report.say()
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line]
    assert lines[1] == "9.5 s  unit: tests.a::slow"
    assert lines[-1] == "Skipped: unit: tests.b::left (needs chromium)"


@pytest.mark.parametrize(
    ("passes", "missing", "code"),
    [(True, [], 0), (False, [], 1), (True, ["chromium"], 3), (False, ["chromium"], 1)],
)
def test_the_exit_code_is_never_0_when_something_failed_or_was_left_out(
    tmp_path, monkeypatch, capsys, passes, missing, code
):
    monkeypatch.setattr(check, "lint", lambda env: passes)
    monkeypatch.setattr(check, "answers", lambda place: False)
    monkeypatch.setattr(check, "run", lambda command, **_: subprocess.CompletedProcess(command, 0))
    assert check.every_part({}, tmp_path, missing) == code
    assert "LEFT OUT: the tests on PostgreSQL" in capsys.readouterr().out


def test_what_leaves_the_house_has_a_worker_of_its_own():
    """A mail server that does not answer must not keep the inbox, which the other worker fills, waiting."""

    def queue_of(task: str) -> str:
        return current_app.amqp.router.route({}, task)["queue"].name

    commands = serve.Processes("127.0.0.1", 8000, {}).commands
    listening = {name: argv[argv.index("-Q") + 1] for name, argv in commands.items() if "-Q" in argv}
    assert listening == {"courier": "outgoing"}
    for task in (delivery.TASK, mailing.TASK):
        assert queue_of(task) == "outgoing"
    for task in ("activities.tasks.remind_hospital", "branches.tasks.dispatch_notices"):
        assert queue_of(task) == current_app.conf.task_default_queue
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert "--queues outgoing --hostname courier@%h" in compose


def test_what_ended_is_started_again_after_a_pause_that_grows(monkeypatch):
    processes = serve.Processes("127.0.0.1", 8000, {})
    ended = mock.Mock(pid=0)
    processes.running["courier"] = ended
    started: list[str] = []
    monkeypatch.setattr(processes, "start", started.append)
    monkeypatch.setattr(serve, "kill_group", lambda process: None)
    clock = iter([10.0, 10.5, 11.0, 20.0, 21.0])
    monkeypatch.setattr(serve.time, "monotonic", lambda: next(clock))
    one = serve.Retry("courier")
    processes.start_again(one)  # at 10: in one second
    processes.start_again(one)  # at 10.5: not yet
    assert started == []
    processes.start_again(one)  # at 11
    assert started == ["courier"]
    processes.start_again(one)  # ended again at 20: in two seconds
    processes.start_again(one)  # at 21: not yet
    assert started == ["courier"]
