"""What the pages of points cost as the ledger grows (R13), and what making every sum again costs (R11)."""

import os
import resource
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from branches.models import User
from points.ledger.check import differing_items, differing_months, differing_years
from points.ledger.rebuilding import recount_items, recount_months, rewrite_years
from points.models import Entry, MemberItem, MemberYear, PointsMonth
from tests.bench import population
from tests.bench.measure import say, seconds, statements

SIZES: Final = {"sqlite": [10**4, 10**5, 10**6], "postgresql": [10**4, 10**5, 10**6, 2 * 10**7]}
MILLION: Final = 10**6  # below it whole tables fit into a page or two, and an index is one page deep
ROOM: Final = 20 * 10**9  # bytes free for 2·10^7 rows
ROUNDS: Final = 15
YEAR: Final = population.YEAR


class Cost(NamedTuple):
    statements: int
    buffers: int | None
    time: float  # against a page that reads nothing of the ledger, in the same rounds


def run() -> None:
    """BENCH_MOST=1000000 leaves the largest ledger out; so does a disk with less than 20 GB to spare."""
    made = population.found()
    pages = {
        "my points": _page(made.member.user, reverse("points:my_points")),
        "a member's points, by the secretary": _page(
            made.secretary, reverse("points:member_points", args=[made.member.pk])
        ),
        "the branch's table": _page(made.secretary, reverse("points:branch_points")),
    }
    constant = _page(made.secretary, reverse("points:rule_list"))
    first: dict[str, Cost] = {}
    million: dict[str, Cost] = {}
    for size in _sizes():
        population.grow(made, size)
        for name, page in pages.items():
            cost = _cost(page, constant)
            base = first.setdefault(name, cost)
            figure = f"{cost.statements} statements, {cost.time / base.time:.2f}x time"
            if cost.buffers is not None and base.buffers:
                figure += f", {cost.buffers} buffers ({cost.buffers / base.buffers:.1f}x)"
            say(f"{name}, ledger of {Entry.objects.count():,} rows", figure, "same statements, time <= 2x")
            if size == MILLION:
                million[name] = cost
            elif size > MILLION and cost.buffers and million[name].buffers:
                more = cost.buffers / million[name].buffers
                say(f"{name}, buffers against a million rows", f"{more:.2f}x", "<= 2x")
        _rebuild()
        _prove()


def _sizes() -> list[int]:
    most = int(os.environ.get("BENCH_MOST", 10**9))
    sizes = [size for size in SIZES[connection.vendor] if size <= most]
    if sizes[-1] > MILLION and _free() < ROOM:
        say("ledger of 20,000,000 rows", "left out", "20 GB of free disk")
        sizes.pop()
    return sizes


def _free() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        folder = Path(cursor.fetchone()[0])
    return shutil.disk_usage(folder if folder.exists() else "/").free


def _page(user: User, url: str) -> Callable[[], None]:
    client = Client()
    client.force_login(user)

    def get() -> None:
        answer = client.get(url, {"year": YEAR})
        if answer.status_code != 200:
            raise SystemExit(f"{url} answered {answer.status_code}")

    return get


def _cost(page: Callable[[], None], constant: Callable[[], None]) -> Cost:
    for _ in range(3):
        page()
        constant()
    with statements() as captured:
        page()
    queries = list(captured.captured_queries)  # the next request forgets them
    ratios = [seconds(page) / seconds(constant) for _ in range(ROUNDS)]
    return Cost(len(queries), population.buffers(queries), statistics.median(ratios))


def _rebuild() -> None:
    """Against one scan of the ledger, in the same rounds; what comes out is what was there."""
    entries, rounds = Entry.objects.order_by(), 3
    before = _sums()
    scans, items, months, years = [], [], [], []
    for _ in range(rounds):
        scans.append(seconds(lambda: entries.aggregate(Sum("points"))))
        _empty()
        items.append(seconds(lambda: recount_items(YEAR)))
        months.append(seconds(lambda: recount_months(YEAR)))
        years.append(seconds(lambda: rewrite_years(YEAR)))
    scan = statistics.median(scans)
    one, two, three = (statistics.median(part) / scan for part in (items, months, years))
    rows = f"{entries.count():,} rows"
    say(f"rebuild of both roll-ups / one ledger scan, {rows}", f"{one:.1f} + {two:.1f} = {one + two:.1f}x", "<= 30x")
    members = MemberYear.objects.count()
    each = statistics.median(years) / members * 1e6
    say(f"then the years of {members:,} members", f"{three:.1f}x, {each:.0f} µs a member", "printed")
    say("sums after the rebuild", "identical" if _sums() == before else "DIFFERENT", "identical")


def _empty() -> None:
    with connection.cursor() as cursor:
        for model in (MemberItem, MemberYear, PointsMonth):
            verb = "TRUNCATE" if connection.vendor == "postgresql" else "DELETE FROM"
            cursor.execute(f"{verb} {model._meta.db_table}")


def _sums() -> list[int]:
    """A digest of every sum, by content."""
    items = MemberItem.objects.order_by("member", "rule_code").values_list("member", "rule_code", "points", "n")
    years = MemberYear.objects.order_by("member").values_list("member", "branch", "organisational", "total")
    months = PointsMonth.objects.order_by("branch", "month").values_list("branch", "month", "plus", "minus", "n")
    found = []
    for rows in (items, years, months):
        digest = 0
        for row in rows.iterator(chunk_size=2000):
            digest = hash((digest, row))
        found.append(digest)
    return found


def _prove() -> None:
    """The nightly comparison: how long against a scan, and that its memory does not follow the ledger."""
    entries = Entry.objects.order_by()
    scan = seconds(lambda: entries.aggregate(Sum("points")))
    found: list[object] = []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = [
        seconds(lambda part=part: found.extend(part(YEAR)))
        for part in (differing_items, differing_months, differing_years)
    ]
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    rows, parts = f"{entries.count():,} rows", " + ".join(f"{one / scan:.1f}" for one in taken)
    say(f"comparing the sums / one ledger scan, {rows}", f"{parts}x, {len(found)} differences", "0 differences")
    say("memory the comparison took beyond what was taken before", f"{grown} MB", "< 100 MB at any size")
