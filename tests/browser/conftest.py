"""A running site, a real worker and a real Chromium. One seeded site per session, one empty one for those who begin."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from devtools.check import POSTGRES, REDIS, answers, production_like

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "walks-through-2026"
PHONE, DESKTOP = {"width": 360, "height": 780}, {"width": 1440, "height": 900}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-sync",
    "--disable-component-update",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@dataclass
class Site:
    """A site that runs as its own processes, as `./dev` starts it."""

    url: str
    env: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def manage(self, *args: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *args], cwd=ROOT, env=self.env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(url: str, processes: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert all(process.poll() is None for process in processes), "the site stopped while starting"
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310
            if answer.status == 200:
                return
        time.sleep(0.2)  # waiting for another process to listen, not for a page
    raise AssertionError(f"{url} does not answer")


@contextlib.contextmanager
def running_site(data: Path, *, demo: bool, extra: Mapping[str, str] = MappingProxyType({})) -> Iterator[Site]:
    """`extra` names a PostgreSQL and a Redis: then worker and beat are processes of their own, as in the containers."""
    port = _free_port()
    inherited = {
        k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    }
    env = inherited | {"DATA_DIR": str(data), "DEMO_PASSWORD": PASSWORD, "DJANGO_SETTINGS_MODULE": "config.settings"}
    env |= ({"DEMO": "1"} if demo else {}) | extra
    site = Site(f"http://127.0.0.1:{port}", env)
    site.manage("migrate", "--verbosity", "0")
    site.manage("collectstatic", "--noinput", "--verbosity", "0")
    if demo:
        site.manage("seed_demo")
    log = (data / "processes.log").open("wb")
    commands = [
        [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2"],
    ]
    celery = [sys.executable, "-m", "celery", "-A", "config"]
    worker = [*celery, "worker", "--concurrency", "1", "--loglevel", "WARNING"]
    schedule = ["--schedule", str(data / "beat")]
    commands += [worker, [*celery, "beat", *schedule]] if extra else [[*worker, "-B", *schedule]]
    try:
        for command in commands:
            site.processes.append(subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log))
        _wait(site.url, site.processes)
        yield site
    finally:
        for process in site.processes:
            process.send_signal(signal.SIGTERM)
        for process in site.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=15)
            process.kill()
        log.close()


@pytest.fixture(scope="session")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo hospital, as of today."""
    with running_site(tmp_path_factory.mktemp("demo"), demo=True) as site:
        yield site


@pytest.fixture(scope="session")
def empty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An installation of one's own with nothing in it."""
    with running_site(tmp_path_factory.mktemp("empty"), demo=False) as site:
        yield site


@pytest.fixture(scope="session")
def production_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same with the processes of the containers: PostgreSQL, Redis, worker and beat apart."""
    if not (answers(POSTGRES) and answers(REDIS)):
        pytest.skip("PostgreSQL and Redis do not answer on their standard local ports")
    name = f"zhibu_walk_{os.getpid()}"
    redis = production_like()["REDIS_URL"]
    with psycopg.connect(f"postgres://postgres@{POSTGRES[0]}:{POSTGRES[1]}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        extra = {
            "DATABASE_URL": f"postgres://postgres@{POSTGRES[0]}:{POSTGRES[1]}/{name}",
            "REDIS_URL": redis,
            "SECRET_KEY": "only-for-this-walk",
            "FIELD_KEYS": "only-for-this-walk",
        }
        try:
            with running_site(tmp_path_factory.mktemp("production"), demo=False, extra=extra) as site:
                yield site
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # the driver runs a loop in this thread; rows are read beside it
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Hand:
    """A person at a page. Counts every click and every field, and hears what the browser complains of."""

    page: Page
    url: str
    steps: int = 0
    complaints: list[str] = field(default_factory=list)

    def click(self, role: str, name: str, exact: bool = False) -> None:
        self.steps += 1
        self.page.get_by_role(role, name=name, exact=exact).first.click()  # type: ignore[arg-type]

    def tap(self, selector: str) -> None:
        self.steps += 1
        self.page.locator(selector).first.click()

    def fill(self, label: str, text: str) -> None:
        self.steps += 1
        self.page.get_by_label(label, exact=True).first.fill(text)

    def choose(self, label: str, option: str) -> None:
        self.steps += 1
        self.page.get_by_label(label).first.select_option(label=option)

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def is_in(self) -> None:
        """Past the doors: a page with the main navigation; the doors have headings, too."""
        expect(self.page.locator("body.app main h1").first).to_be_visible()

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Hand]]:
    """visit(site, "secretary", phone=True): a new browser, logged in; complaints of the browser fail the test."""
    contexts: list[BrowserContext] = []
    hands: list[Hand] = []

    def enter(site: Site, who: str | None = None, *, password: str = PASSWORD, phone: bool = False) -> Hand:
        context = browser.new_context(
            locale="zh-CN", timezone_id="Asia/Shanghai", viewport=PHONE if phone else DESKTOP, has_touch=phone
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        hand = Hand(page, site.url)
        page.on("pageerror", lambda error: hand.complaints.append(str(error)))
        page.on(
            "console", lambda m: hand.complaints.append(m.text) if m.type == "error" and "422" not in m.text else None
        )
        hands.append(hand)
        if who:
            page.goto(site.url)
            page.get_by_label("工号或手机号").fill(who)
            page.get_by_label("密码", exact=True).fill(password)
            page.get_by_role("button", name="登录", exact=True).click()
            hand.is_in()
        return hand

    yield enter
    for context in contexts:
        context.close()
    assert [complaint for hand in hands for complaint in hand.complaints] == []
