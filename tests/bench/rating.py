"""What rating a whole province costs (R10): 20,000 branches against one scan of the roll-up their facts come from."""
# ruff: noqa: S608 - the SQL below holds names of our own tables and columns, and numbers

import statistics
from datetime import date
from typing import Any, Final

from django.db import connection

from activities.choices import ActivityState, Kind, Period, PlanState
from activities.models import Activity, ActivityMonth, PlanItem
from branches.models import Branch
from members.models import RollMonth
from points.catalogue import install_default
from points.models import LineRecord, RuleItem, RuleVersion
from points.stars.facts import branch_facts
from points.stars.standing import standings
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
RECORDS: Final = 24  # of a branch
ROUNDS: Final = 3


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
    scans, rates = [], []
    digests = set()
    for _ in range(ROUNDS):
        scans.append(seconds(lambda: _scan(months)))
        found: dict[Any, Any] = {}
        rates.append(seconds(lambda found=found: found.update(standings(branches, YEAR, TODAY))))
        digests.add(_digest(found))
    ratio = statistics.median(rates) / statistics.median(scans)
    rows = f"{months.count():,} rows"
    say(f"rating {size:,} branches / one scan of the roll-up, {rows}", f"{ratio:.1f}x", "<= 10x")
    each = statistics.median(rates) / size * 1e3
    say("a branch", f"{each:.2f} ms", "printed")
    say("run three times", "identical" if len(digests) == 1 else "DIFFERENT", "identical")


def _scan(months: Any) -> int:
    """Every row of the year once, as the facts need it."""
    fields = ("branch", "month", "kind", "required", "done", "present", "made_up", "expected")
    return len(list(months.order_by().values_list(*fields)))


def _digest(found: dict[Any, Any]) -> int:
    digest = 0
    for hospital in sorted(found):
        for one in found[hospital].rated:
            digest = hash((digest, one.branch.pk, one.rating.total, one.stars))
    return digest


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
    figures = LineRecord.objects.create(
        branch=branch, year=YEAR, fact="letters", values={"signed": 25, "required": 25}, source="存档"
    )
    for fact in ("dues_collected", "ethics", "volunteer", "heart_talks", "practical_items", "project", "brand"):
        values = {"received": 9, "expected": 10, "complaints": 0, "cases": 0, "hours": 180, "members": 25, "talked": 24}
        LineRecord.objects.create(
            branch=branch, year=YEAR, fact=fact, source="存档",
            values=values | {"accepted": 3, "planned": 4, "filed": True, "brand": True, "method": True},
        )  # fmt: skip
    first_fact = LineRecord.objects.exclude(pk=figures.pk).order_by("pk").values_list("pk", flat=True)
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
    for n, pk in enumerate((figures.pk, *first_fact)):
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
