# ruff: noqa: S608 - the SQL below holds table names of our own models and placeholders, nothing else
"""The sums of the ledger thrown away and made again from it: for recovery, and after facts that no entry tells of."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from django.db import connection, transaction
from django.db.models import Q

from members.models import Member
from points.ledger.check import sums
from points.ledger.differing import Difference
from points.ledger.reading import by_members, months_of, rows, years_with_sums
from points.ledger.rollups import people_of, year_rows
from points.models import Entry, MemberItem, MemberYear, PointsMonth
from points.rulebook.book import RuleBook

LOCKED_AT_ONCE: Final = 2000


@transaction.atomic
def rebuild_rollups(year: int | None = None, tell: Callable[[Iterator[Difference]], None] | None = None) -> None:
    """Make the sums of a year (of all years) again. Writers wait: the members are locked, as they lock them.

    Every member with an entry or a day on the roll gets a row of the year, so that rankings and charts miss nobody.
    `tell` hears first, part by part, of every row that will not be what it was.
    """
    for one in [year] if year else years_with_sums():
        _lock_everybody()
        if tell:
            for part in sums(one):
                tell(part())
        first = date(one, 1, 1)
        MemberItem.objects.filter(year=one).delete()
        MemberYear.objects.filter(year=one).delete()
        PointsMonth.objects.filter(month__range=(first, date(one, 12, 31))).delete()
        recount_items(one)
        recount_months(one)
        rewrite_years(one)


def _lock_everybody() -> None:
    locked = Member.objects.order_by("pk").select_for_update(no_key=True).values_list("pk")
    for _ in locked.iterator(chunk_size=LOCKED_AT_ONCE):
        pass


@transaction.atomic
def recount_items(year: int) -> None:
    """All items of a year from the ledger, in one statement; in the order of the index, sorted in memory."""
    statement = f"""
        INSERT INTO {MemberItem._meta.db_table} (member_id, year, rule_code, category, points, n)
        SELECT member_id, %s, rule_code, MAX(category), ROUND(SUM(points), 2),
               SUM(CASE WHEN reversal_of_id IS NULL THEN 1 ELSE -1 END)
        FROM {Entry._meta.db_table} WHERE month >= %s AND month <= %s
        GROUP BY member_id, rule_code ORDER BY member_id, rule_code
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute(statement, [year, *months_of(year)])


def recount_months(year: int) -> None:
    """All branch months of a year from the ledger, in one statement."""
    raised = "(reversal_of_id IS NULL) = (points > 0)"
    statement = f"""
        INSERT INTO {PointsMonth._meta.db_table} (branch_id, month, plus, minus, n)
        SELECT branch_id, month, ROUND(SUM(CASE WHEN {raised} THEN points ELSE 0 END), 2),
               ROUND(SUM(CASE WHEN {raised} THEN 0 ELSE -points END), 2),
               SUM(CASE WHEN reversal_of_id IS NULL THEN 1 ELSE -1 END)
        FROM {Entry._meta.db_table} WHERE month >= %s AND month <= %s GROUP BY branch_id, month
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, months_of(year))


def rewrite_years(year: int) -> None:
    """The years of all members from their items, in batches of members."""
    book, first = RuleBook(), date(year, 1, 1)
    on_roll = Member.objects.filter(Q(left_on__isnull=True) | Q(left_on__gt=first)).order_by("pk")
    for found in by_members(_items(year), on_roll.values_list("pk", flat=True).iterator()):
        people = people_of(list(found), year)
        counted = {pk: one for pk, one in people.items() if found[pk] or one.months(year)}
        MemberYear.objects.bulk_create(year_rows(counted, found, year, book))


def _items(year: int) -> Iterator[tuple[int, str, object]]:
    table = MemberItem._meta.db_table
    statement = f"SELECT member_id, rule_code, points FROM {table} WHERE year = %s ORDER BY member_id"
    yield from rows(statement, [year])  # type: ignore[misc]
