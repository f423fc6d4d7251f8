# ruff: noqa: S608 - the SQL below holds names of our own tables and columns, and numbers
"""The dashboard of a hospital and of a province: statements, buffers and time, as what is stored grows (R1 to R6).

A province is 2,000 hospitals of ten branches, written by the database itself: the roll-ups of a year with a ledger that
grows beside them, then of three years and of six. BENCH_HOSPITALS and BENCH_LEDGER (rows) make it smaller or larger.
"""

import os
import statistics
from collections.abc import Callable
from datetime import date
from typing import Any, Final, NamedTuple

from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from activities.choices import Kind
from activities.models import ActivityMonth
from activities.plan.planning import plan_year
from activities.plan.rollups import rebuild_activity_months
from branches.choices import BranchLevel, Role
from branches.models import Branch, User
from members.models import RollMonth
from members.roll_months import recount_roll_months
from points.catalogue import install_default
from points.models import Entry, PointsMonth, RuleItem, RuleVersion
from tests import factories
from tests.bench import population
from tests.bench.measure import say, seconds, statements

HOSPITALS: Final = int(os.environ.get("BENCH_HOSPITALS", 2000))
LEDGER: Final = int(os.environ.get("BENCH_LEDGER", 20_000_000))
EACH: Final = 10  # branches of a hospital
START: Final = 10_000_000  # ids of what the database writes
KINDS: Final = (Kind.GENERAL_MEETING, Kind.COMMITTEE_MEETING, Kind.GROUP_MEETING, Kind.PARTY_LECTURE, Kind.THEME_DAY)
ROUNDS: Final = 7
SLOW_ROUNDS: Final = 3
DEFAULTS: Final = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def run() -> None:
    install_default(RuleVersion, RuleItem)
    year = timezone.localdate().year
    office = _hospital(year)
    _one_hospital(office)
    if connection.vendor == "postgresql":
        _province(year)
    _lists(office)
    _middleware()


# --- one hospital ---


def _hospital(year: int) -> User:
    """Fourteen branches of twenty members with the plan of the year."""
    hospital = factories.make_branch(name="总览医院党委")
    office = factories.UserFactory()
    factories.appoint(office, hospital, Role.PARTY_OFFICE)
    branches = [factories.make_branch(hospital) for _ in range(14)]
    for branch in branches:
        for _ in range(20):
            factories.make_member(branch)
    plan_year(branches=branches, year=year, today=date(year, 1, 2))
    rebuild_activity_months(branches=branches, year=year)
    recount_roll_months(branches=branches, from_month=date(year, 1, 1))
    _analyze()
    return office


def _one_hospital(office: User) -> None:
    page = _page(office)
    for span in ("month", "quarter", "year"):
        queries = _queries(page, span)
        touched = population.buffers(queries)
        figure = f"{len(queries)} statements" + (f", {touched} buffers" if touched is not None else "")
        say(f"dashboard of a hospital, 14 branches, 280 members, {span}", figure, "<= 500 buffers")


# --- a province ---


def _province(year: int) -> None:
    top = factories.make_branch(name="总览卫健委党委", level=BranchLevel.SUPERIOR)
    viewer = factories.UserFactory()
    factories.appoint(viewer, top, Role.SUPERIOR_VIEWER)
    with population.bulk():
        _nodes(top)
        _months(year, year)
        _ledger(year, LEDGER // 4, part=1)
    _analyze()
    page = _page(viewer)
    first = _cost(page)
    with population.bulk():
        _ledger(year, LEDGER - LEDGER // 4, part=2)
    _analyze()
    branches, rows = f"{HOSPITALS * EACH:,} branches", f"{LEDGER // 4:,} -> {LEDGER:,} entries"
    _compare(f"dashboard of {branches}, {rows}", first, second := _cost(page))
    _against_the_roll_up(year, second.taken)
    _against_the_ledger(year)
    three, six = [_with_years(page, *span) for span in ((year - 2, year - 1), (year - 5, year - 3))]
    _compare("the same, roll-ups of three years -> six", three, six)
    say("buffers of six years against one", f"{six.buffers / first.buffers:.2f}x", "printed")


def _with_years(page: Callable[[str], Any], first: int, last: int) -> "Cost":
    with population.bulk():
        _months(first, last)
    _analyze()
    return _cost(page)


def _compare(what: str, before: "Cost", after: "Cost") -> None:
    say(f"{what}: statements", f"{before.statements} / {after.statements}", "the same")
    say("buffers", f"{after.buffers / before.buffers:.2f}x of {before.buffers:,}", "<= 1.05x")
    say("time of its SQL", f"{after.taken / before.taken:.2f}x", "<= 1.3x")


def _against_the_roll_up(year: int, taken: float) -> None:
    """All SQL of the page against one read of the roll-ups it shows, in the same process."""
    today = timezone.localdate()
    raw = [
        f"SELECT branch_id, month, kind, required, done, late, expected, present FROM {ActivityMonth._meta.db_table} "
        f"WHERE month BETWEEN '{year}-01-01' AND '{year}-12-31'",
        f"SELECT branch_id, \"full\", probationary FROM {RollMonth._meta.db_table} WHERE month = '{today:%Y-%m}-01'",
    ]
    floor = statistics.median(sum(_timed(text) for text in raw) for _ in range(ROUNDS))
    say("the same, its SQL against one raw read of the roll-ups", f"{taken / floor:.2f}x", "<= 2x")


def _against_the_ledger(year: int) -> None:
    """Points of every branch in a year: from the roll-up, and from the entries themselves."""
    within = f"month BETWEEN '{year}-01-01' AND '{year}-12-31'"
    rolled = f"SELECT branch_id, SUM(plus - minus) FROM {PointsMonth._meta.db_table} WHERE {within} GROUP BY 1"
    naive = f"SELECT branch_id, SUM(points) FROM {Entry._meta.db_table} WHERE {within} GROUP BY 1"
    ratios = [_timed(naive) / _timed(rolled) for _ in range(SLOW_ROUNDS)]
    rows = Entry.objects.count()
    say(f"grouping a ledger of {rows:,} rows against the roll-up", f"{statistics.median(ratios):.1f}x", ">= 30x")


def _nodes(top: Branch) -> None:
    table = Branch._meta.db_table
    columns = "id, path, depth, numchild, name, code, level, kind, category, founded_on, hospital_id, version"
    facts = "'regular', '', '2015-01-01'::date"
    hospital = f"{START} + i / {EACH}"
    path = f"'{top.path}' || lpad((i / {EACH} + 1)::text, 4, '0')"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {START} + i, "
            f"'{top.path}' || lpad((i + 1)::text, 4, '0'), 2, {EACH}, "
            f"'第' || i || '医院党委', 'bh' || i, 'committee', {facts}, {START} + i, 1 "
            f"FROM generate_series(0, {HOSPITALS - 1}) s(i)"
        )
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {2 * START} + i, "
            f"{path} || lpad((i % {EACH} + 1)::text, 4, '0'), 3, 0, "
            f"'第' || i || '党支部', 'bb' || i, 'branch', {facts}, {hospital}, 1 "
            f"FROM generate_series(0, {HOSPITALS * EACH - 1}) s(i)"
        )


def _months(first: int, last: int) -> None:
    """The roll-ups of all branches of these years."""
    branches = f"generate_series({2 * START}, {2 * START + HOSPITALS * EACH - 1}) b(id)"
    months = f"generate_series('{first}-01-01'::date, '{last}-12-01'::date, interval '1 month') m(day)"
    kinds = ", ".join(f"('{kind}')" for kind in KINDS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {ActivityMonth._meta.db_table} "
            "(branch_id, month, kind, required, done, late, held, expected, present, excused, made_up) "
            f"SELECT b.id, m.day::date, k.kind, 1, (b.id % 7 > 0)::int, 0, 1, 25, 22, 2, 0 "
            f"FROM {branches}, {months}, (VALUES {kinds}) k(kind)"
        )
        cursor.execute(
            f'INSERT INTO {RollMonth._meta.db_table} (branch_id, month, "full", probationary) '
            f"SELECT b.id, m.day::date, 24, 1 FROM {branches}, {months}"
        )
        cursor.execute(
            f"INSERT INTO {PointsMonth._meta.db_table} (branch_id, month, plus, minus, n) "
            f"SELECT b.id, m.day::date, 30, 1, 60 FROM {branches}, {months}"
        )


def _ledger(year: int, rows: int, *, part: int) -> None:
    """Entries of people who are not there: the dashboard of a province reads none of them."""
    item = RuleItem.objects.filter(code="A01", version__hospital=None).get()
    month = f"make_date({year}, 1 + (i % 12)::int, 1)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Entry._meta.db_table} (member_id, branch_id, month, booked_in, happened_on, points, "
            "category, rule_code, rule_id, reason, source_kind, source_id, source_revision, created_at) "
            f"SELECT {START} + i % 500000, {2 * START} + i % {HOSPITALS * EACH}, {month}, {month}, {month}, 0.5, "
            f"'{item.category}', 'A01', {item.pk}, '总览测量', 'activity', i, {part}, CURRENT_TIMESTAMP "
            f"FROM generate_series(1, {rows}) s(i)"
        )


# --- pages against pages ---


def _lists(office: User) -> None:
    """A page of the roll against the barest page that still asks who somebody is."""
    client = Client()
    client.force_login(office)
    listed, bare = reverse("members:member_list"), reverse("branches:todo_list")
    for url in (listed, bare):
        client.get(url)
    ratios = [seconds(lambda: client.get(bare)) / seconds(lambda: client.get(listed)) for _ in range(3 * ROUNDS)]
    with statements() as captured:
        client.get(listed)
    say("a page of the roll against the empty to-do page, requests", f"{statistics.median(ratios):.2f}x", ">= 0.25x")
    say("statements of a page of the roll", str(len(captured.captured_queries)), "<= 10")


def _middleware() -> None:
    """The log-in page, with our middleware and with what Django starts a project with."""
    url, ours = reverse("account_login"), Client()
    ours.get(url)
    with override_settings(MIDDLEWARE=DEFAULTS):
        plain = Client()
        plain.get(url)
    ratios = [seconds(lambda: plain.get(url)) / seconds(lambda: ours.get(url)) for _ in range(5 * ROUNDS)]
    say("requests with our middleware against Django's own", f"{statistics.median(ratios):.2f}x", ">= 0.7x")


# --- measuring ---


def _page(user: User) -> Callable[[str], Any]:
    client = Client()
    client.force_login(user)

    def get(span: str) -> Any:
        answer = client.get(reverse("home"), {"span": span, "as": "dashboard"})
        if answer.status_code != 200:
            raise SystemExit(f"the dashboard answered {answer.status_code}")
        return answer

    return get


def _queries(page: Callable[[str], Any], span: str) -> list[dict[str, Any]]:
    for _ in range(2):
        page(span)
    with statements() as captured:
        page(span)
    return list(captured.captured_queries)


class Cost(NamedTuple):
    """Of one page: its statements, the buffers they touch, and the median seconds of all of them asked alone."""

    statements: int
    buffers: int
    taken: float


def _cost(page: Callable[[str], Any]) -> Cost:
    queries = [query for query in _queries(page, "month") if query["sql"].startswith("SELECT")]
    times = [sum(_timed(query["sql"]) for query in queries) for _ in range(ROUNDS)]
    return Cost(len(queries), population.buffers(queries) or 1, statistics.median(times))


def _timed(text: str) -> float:
    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute(text.replace("%", "%%"), [])
            cursor.fetchall()

    return seconds(ask)


def _analyze() -> None:
    """Leave the database as quiet as it is at night's end: what was written is on disk, no vacuum is waiting."""
    postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if postgresql else "ANALYZE")
        if postgresql:
            cursor.execute("CHECKPOINT")
