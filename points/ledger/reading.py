"""Reading the whole ledger without holding it: one snapshot, rows as they come, members in batches."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from heapq import merge
from itertools import groupby
from typing import Any, Final

from django.db import connection, transaction

from points.models import Entry, MemberYear
from points.rules import round_half_up

BATCH: Final = 1000  # members of one step
CHUNK: Final = 2000  # rows of one fetch
Sums = dict[int, dict[str, Decimal]]  # member -> rule code -> points


@contextmanager
def snapshot() -> Iterator[None]:
    """What is read inside is of one moment and keeps nobody from writing. Inside a transaction: what that one sees."""
    if connection.in_atomic_block:
        yield
        return
    mode = getattr(connection, "transaction_mode", None)
    if connection.vendor == "sqlite":
        connection.transaction_mode = "DEFERRED"  # the first read fixes the view; IMMEDIATE would shut writers out
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    finally:
        if connection.vendor == "sqlite":
            connection.transaction_mode = mode


def rows(statement: str, params: list[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement as they come; on PostgreSQL through a cursor of the server."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, params)
        while chunk := cursor.fetchmany(CHUNK):
            yield from chunk


def years_with_sums() -> list[int]:
    """Years the ledger or a sum of it speaks of."""
    entries = {day.year for day in Entry.objects.order_by().dates("month", "year")}
    return sorted(entries | set(MemberYear.objects.order_by().values_list("year", flat=True).distinct()))


def months_of(year: int) -> list[str]:
    """First and last month of a year, as raw statements take them."""
    return [date(year, 1, 1).isoformat(), date(year, 12, 1).isoformat()]


def amount(value: Any) -> Decimal:
    """A sum as the database gives it (a float on SQLite) in two places."""
    return round_half_up(Decimal(str(value or 0)))


def by_members(sums: Iterable[tuple[Any, ...]], also: Iterable[int]) -> Iterator[Sums]:
    """(member, code, points) and members without any, both in the order of members, as batches of members."""
    batch: Sums = {}
    for member, found in groupby(merge(((m, "", None) for m in also), sums, key=_member), key=_member):
        batch[member] = {code: amount(points) for _, code, points in found if code}
        if len(batch) == BATCH:
            yield batch
            batch = {}
    if batch:
        yield batch


def _member(row: tuple[Any, ...]) -> int:
    return int(row[0])
