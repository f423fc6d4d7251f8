"""`./dev test` and `./dev lint`: what CI runs."""

import hashlib
import os
import shutil
import socket
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

from devtools.install import TEST_PACKAGES, install_python, install_static, install_system
from devtools.shell import FAILED, LEFT_OUT, PYTHON, ROOT, run, say

POSTGRES, REDIS = ("127.0.0.1", 5432), ("127.0.0.1", 6379)
# Tests run beside each other, those of a file together: the tests of a class share one demo hospital.
BESIDE = ["-n", "logical", "--maxprocesses", "4", "--dist", "loadfile"]
CHECKS = {
    "ruff check": ["-m", "ruff", "check", "-q", "--output-format=concise", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "--output-format=concise", "."],
    "import order": ["-c", "from importlinter.cli import lint_imports_command as c; c(['--no-logo'])"],
    "types": ["-m", "mypy"],
    "system check": ["manage.py", "check"],
    "migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
}
FIXES = {"ruff check": ["-m", "ruff", "check", "--fix", "."], "ruff format": ["-m", "ruff", "format", "."]}


def answers(place: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(place) == 0


def environment(folder: Path) -> dict[str, str]:
    """The environment of the tests: nothing of the caller's installation, everything written below `folder`."""
    ours = {"DATABASE_URL", "REDIS_URL", "DEMO", "SECRET_KEY", "FIELD_KEYS", "DEBUG", "HOST", "EMAIL_URL", "HTTPS"}
    env = {name: value for name, value in os.environ.items() if name not in ours}
    return env | {"DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings_test"}


def production_like() -> dict[str, str]:
    """Addresses of the local PostgreSQL and Redis; both databases follow from the place of this checkout."""
    checkout = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    number = int(checkout, 16) % 15 + 1
    return {
        "DATABASE_URL": f"postgres://postgres@{POSTGRES[0]}:{POSTGRES[1]}/zhibu_{checkout}",
        "REDIS_URL": f"redis://{REDIS[0]}:{REDIS[1]}/{number}",
        "SECRET_KEY": "only-for-tests",
        "FIELD_KEYS": "only-for-tests",
    }


class Report:
    """Minutes and outcome of each part, the slowest tests, and what was left out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts: list[tuple[str, float, bool]] = []
        self.tests: list[tuple[float, str, str]] = []
        self.skipped: set[str] = set()

    def add(self, name: str, started: float, ok: bool) -> None:
        self.parts.append((name, time.monotonic() - started, ok))

    def pytest(self, name: str, args: list[str], env: dict[str, str]) -> None:
        say(f"\n== {name} ==")
        started, result = time.monotonic(), self.folder / f"{len(self.parts)}.xml"
        done = run([PYTHON, "-m", "pytest", "-q", f"--junitxml={result}", *args], env=env)
        self.add(name, started, done.returncode == 0)
        if result.is_file():
            self.read(name, result)

    def read(self, part: str, result: Path) -> None:
        """Take the times and the skips out of a JUnit file that our own pytest has just written."""
        for case in ET.parse(result).iter("testcase"):  # noqa: S314
            test = f"{case.get('classname')}::{case.get('name')}"
            self.tests.append((float(case.get("time") or 0), part, test))
            self.skipped |= {f"{part}: {test} ({skip.get('message')})" for skip in case.iter("skipped")}

    def say(self) -> None:
        say("\n== Ten slowest tests ==")
        for seconds, part, test in sorted(self.tests, reverse=True)[:10]:
            say(f"{seconds:7.1f} s  {part}: {test}")
        say("\n== Parts ==")
        for name, seconds, ok in self.parts:
            say(f"{seconds / 60:6.1f} min  {'ok    ' if ok else 'FAILED'}  {name}")
        for line in sorted(self.skipped):
            say(f"Skipped: {line}")

    @property
    def failed(self) -> bool:
        return not all(ok for _, _, ok in self.parts)


def lint(env: dict[str, str], fix: bool = False) -> bool:
    """Run every check, the texts of the failing ones shown; return whether all passed."""
    good = True
    for name, command in (CHECKS | FIXES if fix else CHECKS).items():
        done = run([PYTHON, *command], env=env, capture_output=True, text=True)
        say(f"{'FAILED' if done.returncode else 'ok    '}  {name}")
        if done.returncode:
            good = False
            say(done.stdout + done.stderr)
    return good


def lint_command(fix: bool) -> int:
    install_python("dev")
    install_static()
    with tempfile.TemporaryDirectory(prefix="zhibu-lint-") as folder:
        return 0 if lint(environment(Path(folder)), fix) else FAILED


def test_command(args: list[str]) -> int:
    """Run everything, or with `args` one pytest. 0: all passed; 1: a failure; 3: system packages were missing."""
    install_python("dev")
    install_static()
    missing = install_system(TEST_PACKAGES)
    with tempfile.TemporaryDirectory(prefix="zhibu-test-") as folder:
        env = environment(Path(folder))
        if args:
            markers = [] if "-m" in args else ["-m", ""]
            return run([PYTHON, "-m", "pytest", *markers, *args], env=env).returncode
        return every_part(env, Path(folder), missing)


def bench_command(args: list[str]) -> int:
    """Run the measurements (all, or those named) on SQLite and, where it answers, on PostgreSQL."""
    install_python("dev")
    install_static()
    with tempfile.TemporaryDirectory(prefix="zhibu-bench-") as folder:
        env = environment(Path(folder))
        engines = [env, env | production_like()] if answers(POSTGRES) and answers(REDIS) else [env]
        codes = [run([PYTHON, "-W", "ignore", "-m", "tests.bench", *args], env=one).returncode for one in engines]
    return max(codes)


def every_part(env: dict[str, str], folder: Path, missing: list[str]) -> int:
    report = Report(folder)
    say("\n== Checks ==")
    started = time.monotonic()
    report.add("checks", started, lint(env))
    report.pytest("unit tests, SQLite", [*BESIDE, "-m", "not browser and not postgres"], env)
    away = [name for name, place in {"PostgreSQL": POSTGRES, "Redis": REDIS}.items() if not answers(place)]
    if not away:
        report.pytest("unit tests, PostgreSQL and Redis", [*BESIDE, "-m", "not browser"], env | production_like())
    if shutil.which("chromium"):
        report.pytest("browser tests", ["-m", "browser"], env)
    report.say()
    if away:
        say(f"\n!!! LEFT OUT: the tests on PostgreSQL with a real worker ({' and '.join(away)} did not answer locally)")
    if missing:
        say(f"\n!!! LEFT OUT: the tests that need {', '.join(missing)}")
    return FAILED if report.failed else LEFT_OUT if missing else 0
