"""`./dev demo` and `./dev run`: the web server and a worker, watched until they are stopped."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from devtools.data import claim_data_dir, collect_static, data_dir, environment
from devtools.install import PDF_PACKAGES, install_python, install_static, install_system
from devtools.shell import FAILED, PYTHON, ROOT, manage, say, stop

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  where a server bound to all is reached from here
WORKER = ["celery", "-q", "-A", "config", "worker", "-l", "warning"]
WORKER += ["--without-gossip", "--without-mingle"]  # the two share no queue
DEMO_LOGINS = (
    ("admin", "系统管理员", "system administrator"),
    ("office", "党办", "Party office"),
    ("leader", "党委书记", "secretary of the Party committee"),
    ("secretary", "支部书记 · 机关一党支部", "branch secretary"),
    ("organiser", "组织委员 · 机关一党支部", "organisation member of the branch committee"),
    ("discipline", "纪检委员 · 机关一党支部", "discipline member of the branch committee"),
    ("member", "党员 · 机关一党支部", "Party member"),
    ("secretary2", "支部书记 · 另一支部", "secretary of another branch"),
)


def address() -> tuple[str, int]:
    port = os.environ.get("PORT") or "8000"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        stop(f"PORT must be a number from 1 to 65535, not {port!r}.")
    return os.environ.get("HOST") or "127.0.0.1", int(port)


def refuse_busy_port(host: str, port: int) -> None:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as exc:
        stop(f"Cannot listen on {host}:{port} ({exc.strerror}). Choose another port: PORT={port + 1} ./dev …")


def at(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: nothing is left when this script is killed


def kill_group(process: subprocess.Popen) -> None:
    """Kill what is left of the session that `process` was given; nobody else's processes are in it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@dataclass
class Retry:
    """When a process that ended is started again; `at` is 0 while it runs."""

    name: str
    at: float = 0.0
    pause: float = 1.0


class Processes:
    """The web server, the worker and the courier, who sends out of the house; started, watched, stopped together."""

    def __init__(self, host: str, port: int, env: dict[str, str]) -> None:
        cores = str(os.cpu_count() or 1)
        bind = at(host, port).removeprefix("http://").rstrip("/")
        quiet = {"PYTHONWARNINGS": "ignore::UserWarning:celery.platforms"}  # its warning about root
        self.env = env | quiet | {"HOST": host, "PORT": str(port)}
        self.reach, self.port = ANY_ADDRESS.get(host, host), port
        self.commands = {
            "web": ["gunicorn", "config.wsgi", "-b", bind, "-w", cores, "-t", "120", "--log-level", "warning"],
            "worker": [*WORKER, "-c", "1", "-B", "-s", str(data_dir() / "celerybeat-schedule")],
            "courier": [*WORKER, "-n", "courier@%h", "-Q", "outgoing", "--pool", "solo"],
        }
        self.running: dict[str, subprocess.Popen] = {}
        self.stopping = False

    def start(self, name: str) -> None:
        command = [str(PYTHON), "-m", *self.commands[name]]
        self.running[name] = subprocess.Popen(
            command, cwd=ROOT, env=self.env, start_new_session=True, preexec_fn=die_with_parent
        )

    def answers(self) -> bool:
        connection = HTTPConnection(self.reach, self.port, timeout=2)
        try:
            connection.request(
                "GET", "/healthz", headers={"X-Forwarded-Proto": "https"}
            )  # HTTPS=1 redirects plain ones
            return connection.getresponse().status == 200
        except (HTTPException, OSError):
            return False
        finally:
            connection.close()

    def serve(self, ready: Callable[[], None]) -> int:
        """Run until a signal or the end of the web server; nothing that was started outlives the call."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: setattr(self, "stopping", True))
        try:
            for name in self.commands:
                self.start(name)
            self.watch(ready)
            say("Stopping …")
        finally:
            self.end()
        return 0 if self.stopping else FAILED

    def watch(self, ready: Callable[[], None]) -> None:
        """Call `ready` once when the site answers; start again what else ended, ever later."""
        announced, deadline = False, time.monotonic() + 60
        others = [Retry(name) for name in self.commands if name != "web"]
        while not self.stopping and self.running["web"].poll() is None:
            if not announced and self.answers():
                announced = True
                ready()
            if not announced and time.monotonic() > deadline:
                say("The site does not answer yet; its messages are above.")
                deadline += 60
            for one in others:
                if self.running[one.name].poll() is not None:
                    self.start_again(one)
            time.sleep(0.2)

    def start_again(self, one: Retry) -> None:
        if not one.at:
            kill_group(self.running[one.name])  # a scheduler may have outlived its worker
            say(f"The {one.name} ended; starting it again in {one.pause:.0f} s.")
            one.at, one.pause = time.monotonic() + one.pause, min(one.pause * 2, 60)
        elif time.monotonic() >= one.at:
            one.at = 0.0
            self.start(one.name)

    def end(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        for process in self.running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            kill_group(process)


def serve(mode: str, fresh: bool = False) -> int:
    host, port = address()
    refuse_busy_port(host, port)
    install_python("base")
    install_static()
    claim_data_dir(mode)
    install_system(PDF_PACKAGES)
    env = environment(mode)
    say("Preparing the database …")
    steps = [["migrate", "--noinput", "-v0"]] + ([["seed_demo", *["--fresh"] * fresh]] if mode == "demo" else [])
    for step in steps:
        if manage(*step, env=env).returncode:
            stop(f"`manage.py {' '.join(step)}` failed; the reason is above.")
    collect_static(env)

    def ready() -> None:
        say(f"\nThe site answers at {at(host, port)} (Ctrl-C stops it)")
        if mode == "demo":
            say("\nDemo log-ins / 演示账号:")
            for name, chinese, english in DEMO_LOGINS:
                say(f"  {name:<12}{chinese} ({english})")
            say(f"Password / 密码: {os.environ.get('DEMO_PASSWORD') or 'zhibu-demo-2026'}\n")
        else:
            manage("setup_link", env=processes.env)

    processes = Processes(host, port, env)
    return processes.serve(ready)
