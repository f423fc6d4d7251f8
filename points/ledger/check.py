# ruff: noqa: S608 - the SQL below holds table names of our own models and placeholders, nothing else
"""Does everything that follows from the ledger still follow from it, and the ledger from the records? Only compares.

Sums are compared inside the database, members' years and records in batches: the memory it takes does not depend on
the number of entries.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from typing import Any, Final

from django.db.models import Count

from activities.plan import rollups as activity_rollups
from members import roll_months
from points.ledger import registry
from points.ledger.differing import Difference, text
from points.ledger.reading import amount, by_members, months_of, rows, years_with_sums
from points.ledger.rollups import YEAR_COLUMNS, people_of, year_rows
from points.ledger.sources_check import differing_records
from points.models import Entry, MemberItem, MemberYear, PointsMonth
from points.rulebook.book import RuleBook

SIGN: Final = "CASE WHEN reversal_of_id IS NULL THEN 1 ELSE -1 END"
RAISED: Final = "(reversal_of_id IS NULL) = (points > 0)"
Part = Callable[[], Iterator[Difference]]


def differences(year: int | None = None) -> Iterator[str]:
    """One line for each difference of the points room; nothing when all is well."""
    for part in [*sums(year), *records(year)]:
        yield from map(str, part())


def sums(year: int | None = None) -> list[Part]:
    """The sums of the ledger against it, in parts that can each be read in a snapshot of its own."""
    years = [year] if year else years_with_sums()
    found: list[Part] = []
    for one in years:
        found += [partial(differing_items, one), partial(differing_years, one), partial(differing_months, one)]
    return [*found, partial(awarded_twice, year)]


def lower_sums(year: int) -> list[Part]:
    """The sums the rooms below keep for the same pages."""
    return [partial(differing_activity_months, year), partial(differing_roll_months, year)]


def records(year: int | None = None) -> list[Part]:
    """What stands in the ledger, or is announced, against the records, by kind of source."""
    return [partial(differing_records, source, year) for source in registry.sources()]


def differing_items(year: int) -> Iterator[Difference]:
    counted = f"""
        SELECT member_id, rule_code, ROUND(SUM(points), 2) AS a, SUM({SIGN}) AS b
        FROM {Entry._meta.db_table} WHERE month >= %s AND month <= %s GROUP BY member_id, rule_code
    """
    stored = f"SELECT member_id, rule_code, points AS a, n AS b FROM {MemberItem._meta.db_table} WHERE year = %s"
    keys = ("member_id", "rule_code")
    for member, code, *values in _compared(keys, 2, counted, stored, [*months_of(year), year]):
        yield Difference(f"MemberItem {year}", (member, code), *values, member_id=member)


def differing_months(year: int) -> Iterator[Difference]:
    counted = f"""
        SELECT branch_id, month, ROUND(SUM(CASE WHEN {RAISED} THEN points ELSE 0 END), 2) AS a,
               ROUND(SUM(CASE WHEN {RAISED} THEN 0 ELSE -points END), 2) AS b, SUM({SIGN}) AS c
        FROM {Entry._meta.db_table} WHERE month >= %s AND month <= %s GROUP BY branch_id, month
    """
    stored = f"""
        SELECT branch_id, month, plus AS a, minus AS b, n AS c
        FROM {PointsMonth._meta.db_table} WHERE month >= %s AND month <= %s
    """
    keys = ("branch_id", "month")
    for branch, month, *values in _compared(keys, 3, counted, stored, [*months_of(year), *months_of(year)]):
        yield Difference("PointsMonth", (branch, month), *values, branch_id=branch)


def _compared(
    keys: tuple[str, ...], values: int, counted: str, stored: str, params: list[Any]
) -> Iterator[tuple[Any, ...]]:
    """Keys whose values differ, or that only one side has, with both as text; the last of the values is a count.

    Both sides go through one GROUP BY, so that the database compares and hands over what differs alone. (EXCEPT in both
    directions would read the ledger twice and keep a hash of it that cannot spill.)
    """
    names, key = "abc"[:values], ", ".join(keys)
    ours, theirs = ", ".join(names), ", ".join(f"0 AS s{name}" for name in names)
    differing = " OR ".join(f"ROUND(SUM({name}) - SUM(s{name}), 2) <> 0" for name in names)
    columns = ", ".join([f"SUM({name})" for name in names] + [f"SUM(s{name})" for name in names])
    statement = f"""
        SELECT {key}, {columns}, MAX(is_counted), MAX(is_stored) FROM (
            SELECT {key}, {ours}, {theirs}, 1 AS is_counted, 0 AS is_stored FROM ({counted}) AS counted
            UNION ALL
            SELECT {key}, {", ".join("0" for _ in names)}, {ours}, 0, 1 FROM ({stored}) AS stored
        ) AS sides
        GROUP BY {key} HAVING {differing} OR MAX(is_counted) <> MAX(is_stored)
        ORDER BY {key}
    """
    for row in rows(statement, params):
        left, right = row[len(keys) : len(keys) + values], row[len(keys) + values : -2]
        yield (*row[: len(keys)], _sums(left, row[-2]), _sums(right, row[-1]))


def _sums(values: tuple[Any, ...], is_there: int) -> str:
    return text((*map(amount, values[:-1]), int(values[-1])) if is_there else None)


def differing_years(year: int) -> Iterator[Difference]:
    """Totals and their parts, from the entries (not from the items: those are compared on their own)."""
    counted = f"""
        SELECT member_id, rule_code, ROUND(SUM(points), 2) FROM {Entry._meta.db_table}
        WHERE month >= %s AND month <= %s GROUP BY member_id, rule_code ORDER BY member_id
    """
    of_year = MemberYear.objects.filter(year=year)
    known = of_year.order_by("member").values_list("member", flat=True).iterator()
    book = RuleBook()
    for found in by_members(rows(counted, months_of(year)), known):
        stored = {row[0]: row[1:] for row in of_year.filter(member__in=found).values_list("member", *YEAR_COLUMNS)}
        for row in year_rows(people_of(list(found), year), found, year, book):
            wanted, member = tuple(getattr(row, name) for name in YEAR_COLUMNS), row.member_id
            if wanted != stored.get(member):
                key = (member,)
                yield Difference(f"MemberYear {year}", key, text(wanted), text(stored.get(member)), member_id=member)


def awarded_twice(year: int | None) -> Iterator[Difference]:
    """Two standing awards of one source for one member and item: the key allows it only over two revisions."""
    standing = Entry.objects.standing()
    if year:
        standing = standing.filter(month__range=(date(year, 1, 1), date(year, 12, 31)))
    keys = ("source_kind", "source_id", "member_id", "rule_code")
    twice = standing.order_by().values_list(*keys).annotate(times=Count("pk")).filter(times__gt=1)
    for *key, times in twice.iterator():
        yield Difference("Entry", tuple(key), "1", f"{times} standing awards", member_id=key[2])


def differing_activity_months(year: int) -> Iterator[Difference]:
    yield from _of_branches("ActivityMonth", activity_rollups.differing_months(year), "records")


def differing_roll_months(year: int) -> Iterator[Difference]:
    yield from _of_branches("RollMonth", roll_months.differing_months(year), "events")


def _of_branches(what: str, found: Iterable[tuple[Any, Any, Any]], side: str) -> Iterator[Difference]:
    for key, counted, stored in found:
        yield Difference(what, tuple(key), text(counted), text(stored), side=side, branch_id=key[0])
