"""What closing a month and rating a year costs a whole province (R10): 20,000 branches against one scan of the roll-up
their facts come from."""
# ruff: noqa: S608 - the SQL below holds names of our own tables and columns, and numbers

import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any, Final

from django.db import connection

from activities.choices import ActivityState, Kind, Period, PlanState
from activities.models import Activity, ActivityMonth, PlanItem
from branches.models import AuditEntry, Branch
from members.models import RollMonth
from points.catalogue import install_default
from points.cycle.closing import close_months
from points.models import LineRecord, PeriodClose, RuleItem, RuleVersion, StarMonth
from points.stars.facts import branch_facts
from points.stars.months import roll_up
from points.stars.standing import standings_by_lot
from tests import factories
from tests.bench.measure import say, seconds, statements
from tests.bench.population import BRANCHES, START, copies, series

SIZES: Final = {"sqlite": 2_000, "postgresql": 20_000}
TODAY: Final = date(2027, 1, 20)
YEAR: Final = 2026
KINDS: Final = {
    Kind.GENERAL_MEETING: 4,
    Kind.COMMITTEE_MEETING: 12,
    Kind.PARTY_LECTURE: 4,
    Kind.THEME_DAY: 12,
    Kind.WARNING_EDUCATION: 2,
    Kind.POLITICAL_BIRTHDAY: 12,
}
FIGURES: Final = {  # entered for every branch
    "letters": {"signed": 25, "required": 25},
    "dues_collected": {"received": 9, "expected": 10},
    "ethics": {"complaints": 0, "cases": 0},
    "volunteer": {"hours": 180, "members": 25},
    "heart_talks": {"talked": 24, "members": 25},
    "practical_items": {"accepted": 3, "planned": 4},
    "project": {"filed": True},
    "brand": {"brand": True, "method": True},
}
RECORDS: Final = 24  # of a branch
ROUNDS: Final = 3
MONTHS: Final = (date(YEAR, 9, 1), date(YEAR, 10, 1), date(YEAR, 11, 1))
PREVIEW: Final = date(YEAR, 12, 31)
PREVIEWED: Final = 10  # hospitals whose previews are written


def run() -> None:
    size = SIZES[connection.vendor]
    _fill(size)
    branches = list(Branch.objects.branches().select_related("hospital"))
    months = ActivityMonth.objects.filter(month__year=YEAR)
    with statements() as captured:
        few = branch_facts(branches[:20], YEAR, TODAY)
    of_few = len(captured)
    with statements() as captured:
        many = branch_facts(branches, YEAR, TODAY)
    say(f"statements of branch_facts, 20 / {size:,} branches", f"{of_few} / {len(captured)}", "<= 25, the same")
    if len(few) != 20 or len(many) != size:
        raise SystemExit("facts are missing")
    del few, many
    hospitals = _by_hospital(branches)
    scans, rates = [], []
    digests = set()
    for _ in range(ROUNDS):
        scans.append(seconds(lambda: _scan(months)))
        found: list[int] = []
        rates.append(seconds(lambda found=found: found.extend(_rated(hospitals))))
        if len(found) != size:
            raise SystemExit("ratings are missing")
        digests.add(hash(tuple(found)))
    scan, rate = statistics.median(scans), statistics.median(rates)
    *at_once, each = MONTHS
    close = statistics.median(seconds(lambda month=month: _close([branches], month)) for month in at_once)
    by_hospital = seconds(lambda: _close(hospitals.values(), each))
    rows = f"{months.count():,} rows"
    say(f"one scan of the roll-up, {rows}", f"{scan * 1e3:.0f} ms", "printed")
    say(f"rating {size:,} branches, against it", f"{rate / scan:.1f}x", "printed")
    say(f"closing a month of {size:,} branches, against it", f"{close / scan:.1f}x", "printed")
    each_of_them = f"{by_hospital / len(hospitals) * 1e3:.1f} ms"
    say("closing a month hospital by hospital, each", each_of_them, "printed")
    say("closing and rating, against it", f"{(close + rate) / scan:.1f}x", "<= 10x")
    say("rated three times", _same(len(digests) == 1), "identical")
    before = _stored()
    if len(before[0]) != len(MONTHS) * size:
        raise SystemExit("months are missing")
    again = sum(_close(hospitals.values(), month) for month in MONTHS)
    say("closed twice: rows, and how many closed again", f"{_same(_stored() == before)}, {again}", "identical, 0")
    previews = {_rolled_up(hospitals) for _ in range(2)}
    say("previews written twice", _same(len(previews) == 1), "identical")


def _same(holds: bool) -> str:
    return "identical" if holds else "DIFFERENT"


def _by_hospital(branches: list[Branch]) -> dict[int, list[Branch]]:
    found: dict[int, list[Branch]] = defaultdict(list)
    for branch in branches:
        found[branch.hospital_id].append(branch)
    return found


def _close(lots: Iterable[list[Branch]], month: date) -> int:
    return sum(close_months(branches=mine, month=month, actor=None, today=TODAY) for mine in lots)


def _stored() -> tuple[set[Any], int]:
    """What closing wrote: the rows without their keys, and the lines of the trail."""
    rows = PeriodClose.objects.order_by().values_list("branch", "kind", "start", "state", "changed_at")
    return set(rows), AuditEntry.objects.count()


def _rolled_up(hospitals: dict[int, list[Branch]]) -> int:
    """Write the previews of some hospitals; a digest of all rows."""
    for pk in sorted(hospitals)[:PREVIEWED]:
        roll_up(hospital_id=pk, today=PREVIEW)
    rows = StarMonth.objects.order_by("branch", "month").values_list("branch", "month", "total", "stars")
    if not rows:
        raise SystemExit("previews are missing")
    return hash(tuple(rows))


def _scan(months: Any) -> int:
    """Every row of the year once, as the facts need it."""
    fields = ("branch", "month", "kind", "required", "done", "present", "made_up", "expected")
    return len(list(months.order_by().values_list(*fields)))


def _rated(hospitals: Collection[int]) -> Iterator[int]:
    """All of them, as `manage.py rate` works them out; a digest of each."""
    for standing in standings_by_lot(hospitals, YEAR, TODAY):
        for one in standing.rated:
            yield hash((one.branch.pk, one.rating.total, one.stars))


def _fill(size: int) -> None:
    """Hospitals of BRANCHES branches each, copied by the database from one of each."""
    install_default(RuleVersion, RuleItem)
    hospital = factories.make_branch(name="规模医院党委")
    branch = factories.make_branch(hospital, name="规模党支部")
    recorder = factories.UserFactory()
    record = factories.make_activity(
        branch, day=date(YEAR, 5, 6), state=ActivityState.CONFIRMED, recorder=recorder, revision=1
    )
    item = PlanItem.objects.create(
        branch=branch, kind=Kind.ORG_LIFE_MEETING, period=Period.YEAR, start=date(YEAR, 1, 1), end=date(YEAR, 12, 31),
        due=date(YEAR, 12, 31), state=PlanState.CONFIRMED, key="template",
    )  # fmt: skip
    roll = RollMonth.objects.create(branch=branch, month=date(YEAR, 12, 1), full=25)
    for fact, values in FIGURES.items():
        LineRecord.objects.create(branch=branch, year=YEAR, fact=fact, values=values, source="存档")
    figures = list(LineRecord.objects.order_by("pk").values_list("pk", flat=True))
    hospitals = -(-size // BRANCHES)
    pad = "lpad(({})::text, 4, '0')" if connection.vendor == "postgresql" else "printf('%04d', {})"
    mod = f"i % {BRANCHES}"
    copies(
        Branch, hospital.pk, 0, hospitals, id=f"{2 * START} + i", path=pad.format("1000 + i"), name="'x' || (i)",
        code="'h' || (i)", hospital_id=f"{2 * START} + i",
    )  # fmt: skip
    copies(
        Branch, branch.pk, 0, size - 1, path=f"{pad.format(f'1000 + i / {BRANCHES}')} || {pad.format(f'1 + {mod}')}",
        name="'x' || (i)", code="'b' || (i)", hospital_id=f"{2 * START} + i / {BRANCHES}",
    )  # fmt: skip
    copies(RollMonth, roll.pk, 0, size - 1, branch_id=f"{START} + i")
    copies(PlanItem, item.pk, 0, size - 1, branch_id=f"{START} + i", key="'copy' || (i)", activity_id="NULL")
    for n, pk in enumerate(figures):
        copies(LineRecord, pk, 0, size - 1, id=f"{START} + {n * size} + i", branch_id=f"{START} + i")
    key = "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"
    copies(
        Activity, record.pk, 0, RECORDS * (size - 1), branch_id=f"{START} + i / {RECORDS}", serial="'s' || (i)",
        form_key=key,
    )  # fmt: skip
    _months(size)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _months(size: int) -> None:
    """Every kind of every month; what is not owed in a month has a row of zeros beside its attendance."""
    day = "make_date({}, m.i, 1)" if connection.vendor == "postgresql" else "printf('%d-%02d-01', {}, m.i)"
    with connection.cursor() as cursor:
        for kind, times in KINDS.items():
            due = f"CASE WHEN m.i % {12 // times} = 0 THEN 1 ELSE 0 END"
            cursor.execute(
                f"""INSERT INTO {ActivityMonth._meta.db_table}
                    (branch_id, month, kind, required, done, late, held, expected, present, excused, made_up)
                SELECT {START} + b.i, {day.format(YEAR)}, '{kind}', {due},
                    CASE WHEN (b.i + m.i) % 9 = 0 THEN 0 ELSE {due} END, 0, {due}, 25 * ({due}), 22 * ({due}), 0, 1
                FROM {series(0, size - 1, "b")} CROSS JOIN {series(1, 13, "m")}"""
            )
