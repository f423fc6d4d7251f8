"""The ledger against the records: every automatic entry and announced deduction worked out again from its source."""

from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from heapq import merge
from itertools import groupby, islice
from typing import Final

from points.choices import ClaimState
from points.ledger.differing import Difference, text
from points.ledger.registry import Source
from points.models import Claim, Entry
from points.rulebook.book import RuleBook

BATCH: Final = 300  # records of one step
Key = tuple[int, int, str]  # id of the record, member, rule code
Settled = tuple[int, int, str]  # id of the record, member, what it is for (Award.fact)
Fact = tuple[Decimal, date]
FACTS: Final = ("source_id", "member_id", "rule_code", "points", "happened_on")


def differing_records(source: Source, year: int | None) -> Iterator[Difference]:
    """Records against what stands for them: entries, and announced deductions for what costs something.

    A record is asked about when it may be worth something, or when something was ever made of it.
    """
    book, ids, before = RuleBook(), _ids(source, year), set[int]()
    while batch := list(islice(ids, BATCH)):
        found = source.awards(batch, book)
        mine = set(found) - before  # a source may answer for neighbours too; those were compared with the last batch
        before, done = set(found), settled(source.kind, mine)
        wanted: dict[Key, Fact] = {
            (pk, award.member_id, award.rule.code): (award.points, award.happened_on)
            for pk in mine
            for award in found[pk]
            if (pk, award.member_id, award.fact) not in done
        }
        standing = _standing(source.kind, mine)
        for key in sorted({*wanted, *standing}):
            ours, theirs = wanted.get(key), standing.get(key)
            if ours != theirs and (not year or _year(ours, theirs) == year):
                yield Difference(
                    source.kind, key, text(ours), text(theirs), side="record", against="ledger", member_id=key[1]
                )


def _ids(source: Source, year: int | None) -> Iterator[int]:
    """Ascending, each once."""
    entries = Entry.objects.filter(source_kind=source.kind)
    claims = Claim.objects.filter(source_kind=source.kind, source_id__isnull=False)
    if year:
        in_year = (date(year, 1, 1), date(year, 12, 31))
        entries, claims = entries.filter(month__range=in_year), claims.filter(month__range=in_year)
    known = (rows.order_by("source_id").values_list("source_id", flat=True).distinct() for rows in (entries, claims))
    made = ((pk for pk in rows.iterator() if pk) for rows in known)
    return (pk for pk, _ in groupby(merge(source.worth_asking(year), *made)))


def _standing(kind: str, ids: Collection[int]) -> dict[Key, Fact]:
    entries = Entry.objects.standing_of(kind, ids).values_list(*FACTS)
    open_or_posted = [ClaimState.ANNOUNCED, ClaimState.ACCEPTED]
    claims = Claim.objects.filter(source_kind=kind, source_id__in=ids, state__in=open_or_posted).values_list(*FACTS)
    return {(pk, member, code): (points, day) for rows in (entries, claims) for pk, member, code, points, day in rows}


def settled(kind: str, ids: Collection[int]) -> set[Settled]:
    """What an upheld objection settled for good: the record says it, the ledger need not."""
    marks = ("source_id", "member_id", "rule__feed", "rule_code")
    lifted = Entry.objects.filter(source_kind=kind, source_id__in=ids, reversal__lifted_by__isnull=False)
    claims = Claim.objects.filter(source_kind=kind, source_id__in=ids, lifted=True)
    rows = [*lifted.values_list(*marks), *claims.values_list(*marks)]
    return {(pk, member, feed or code) for pk, member, feed, code in rows if pk}


def _year(*facts: Fact | None) -> int:
    return next(one[1].year for one in facts if one)
