# ruff: noqa: S608 - the SQL below holds names of our own tables and columns, and numbers
"""A ledger of any size, written by the database itself: hospitals of 20 branches of 25 members with 40 entries a year.

The first branch is made by the factories and measured; all others are copies of it, so that whatever its pages cost
more in a large ledger, they cost because the ledger is large.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import connection, models

from branches.choices import Role
from branches.models import Branch, User
from members.models import Member, MembershipEvent
from points.catalogue import install_default
from points.ledger.rebuilding import recount_items, recount_months, rewrite_years
from points.models import Entry, MemberItem, MemberYear, PointsMonth, RuleItem, RuleVersion
from tests import factories

YEAR: Final = 2026
EACH: Final = 40  # entries of a member
MEMBERS: Final = 25  # of a branch
BRANCHES: Final = 20  # of a hospital
START: Final = 10_000_000  # ids of the copies
ITEMS: Final = ("A01", "A02", "A03", "B01", "C01", "D02", "E01", "G02")


@dataclass
class Population:
    hospital: Branch
    branch: Branch
    member: Member
    secretary: User
    members: int  # copies made so far


def found() -> Population:
    """The measured branch with its own entries; nothing else."""
    install_default(RuleVersion, RuleItem)
    hospital = factories.make_branch(name="规模医院党委")
    branch = factories.make_branch(hospital, name="规模党支部")
    people = [factories.make_member(branch) for _ in range(MEMBERS)]
    secretary = people[-1].user
    factories.appoint(secretary, branch, Role.BRANCH_SECRETARY)
    made = Population(hospital, branch, people[0], secretary, 0)
    _write_entries("SELECT id, branch_id FROM members_member")
    return made


def grow(made: Population, rows: int) -> None:
    """Fill up with copies until the ledger holds about so many rows, and make the sums by one statement each."""
    members = max(0, rows // EACH - MEMBERS)
    first, made.members = made.members, members
    with bulk():
        _copy_people(made, first, members)
        low, high = START + first, START + members
        _write_entries(f"SELECT id, branch_id FROM members_member WHERE id >= {low} AND id < {high}")
    rebuild()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def rebuild() -> None:
    """As rebuild_rollups does for a year, without holding anybody: there is nobody."""
    with connection.cursor() as cursor:
        for model in (MemberItem, MemberYear, PointsMonth):
            table = model._meta.db_table
            cursor.execute(f"TRUNCATE {table}" if connection.vendor == "postgresql" else f"DELETE FROM {table}")
    recount_items(YEAR)
    recount_months(YEAR)
    rewrite_years(YEAR)


@contextmanager
def bulk() -> Iterator[None]:
    """Load as a database is loaded: indexes of the ledger afterwards, foreign keys unasked (they hold by making)."""
    if connection.vendor != "postgresql":
        yield
        return
    table = Entry._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET maintenance_work_mem = '1GB'")
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE indrelid = %s::regclass AND indexrelid NOT IN (SELECT conindid FROM pg_constraint)",
            [table],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
    yield
    with connection.cursor() as cursor:
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("SET session_replication_role = origin; RESET maintenance_work_mem")


def series(first: int, last: int, alias: str = "s") -> str:
    """Rows (i) with first <= i < last."""
    if connection.vendor == "postgresql":
        return f"generate_series({first}, {last - 1}) AS {alias}(i)"
    return (
        f"(WITH RECURSIVE c(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM c WHERE i < {last - 1}) "
        f"SELECT i FROM c) AS {alias}"
    )


def copies(model: type[models.Model], template: int, first: int, last: int, **changed: str) -> None:
    """Copies i of one row, first <= i < last; `changed` are expressions over i (and id, START + i)."""
    if first >= last:
        return
    columns = [field.column for field in model._meta.concrete_fields]
    changed = {"id": f"{START} + i"} | changed
    chosen = ", ".join(changed.get(column, f't."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        rows = f"SELECT {chosen} FROM {table} t, {series(first, last)} WHERE t.id = {template}"
        cursor.execute(f"INSERT INTO {table} ({names}) {rows}")


def _copy_people(made: Population, first: int, last: int) -> None:
    branches = [-(-n // MEMBERS) for n in (first, last)]
    hospitals = [-(-n // BRANCHES) for n in branches]
    four = "lpad(({})::text, 4, '0')" if connection.vendor == "postgresql" else "printf('%04d', {})"
    root = four.format("1000 + i")
    below = f"{four.format(f'1000 + i / {BRANCHES}')} || {four.format(f'1 + i % {BRANCHES}')}"
    name = "'x' || (i)"
    hospital, branch = made.hospital.pk, made.branch.pk
    copies(
        Branch,
        hospital,
        *hospitals,
        id=f"{2 * START} + i",
        path=root,
        name=name,
        code="'h' || (i)",
        hospital_id=f"{2 * START} + i",
    )
    copies(
        Branch, branch, *branches, path=below, name=name, code="'b' || (i)", hospital_id=f"{2 * START} + i / {BRANCHES}"
    )
    home = f"{START} + i / {MEMBERS}"
    event = MembershipEvent.objects.get(member=made.member).pk
    unique = {
        field.column: "'bench' || (i)"
        for field in Member._meta.concrete_fields
        if field.unique and not field.primary_key and not field.is_relation
    }
    copies(User, made.member.user_id, first, last, username="'bench' || (i)")
    copies(Member, made.member.pk, first, last, user_id=f"{START} + i", branch_id=home, **unique)
    copies(MembershipEvent, event, first, last, member_id=f"{START} + i", branch_id=home)


def _write_entries(members: str) -> None:
    """EACH entries for each of these members, over the months and items of the year."""
    items = {item.code: item for item in RuleItem.objects.filter(code__in=ITEMS, version__hospital=None)}
    lines = []
    for k in range(EACH):
        item = items[ITEMS[k % len(ITEMS)]]
        day = date(YEAR, 1 + k % 12, 15)
        points = "-0.5" if item.code.startswith("G") else "0.25"
        lines.append(f"({k}, '{day.replace(day=1)}', '{day}', {points}, '{item.category}', '{item.code}', {item.pk})")
    as_date = "{}::date" if connection.vendor == "postgresql" else "{}"
    month, day = as_date.format("e.column2"), as_date.format("e.column3")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {Entry._meta.db_table} (member_id, branch_id, month, booked_in, happened_on, points,
                category, rule_code, rule_id, reason, source_kind, source_id, source_revision, created_at)
            SELECT m.id, m.branch_id, {month}, {month}, {day}, e.column4, e.column5, e.column6, e.column7,
                '参加主题党日：规模测量', 'activity', m.id * {EACH} + e.column1, 1, CURRENT_TIMESTAMP
            FROM ({members}) AS m, (VALUES {", ".join(lines)}) AS e"""
        )


def buffers(captured: list[dict[str, Any]]) -> int | None:
    """Pages of the database the SELECTs of a page touch, each asked again with EXPLAIN; None on SQLite."""
    if connection.vendor != "postgresql":
        return None
    touched = 0
    with connection.cursor() as cursor:
        for query in captured:
            if query["sql"].startswith("SELECT"):
                cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + query["sql"].replace("%", "%%"), [])
                plan = cursor.fetchone()[0][0]["Plan"]
                touched += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return touched
