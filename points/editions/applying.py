"""After an edition was published: records it reaches back to are posted anew, and the years it belongs to recounted.

An edition of next year finds nothing to do. Running it again changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice
from typing import TypeVar

from django.db import transaction

from branches.models import Branch
from points.ledger import registry
from points.ledger.posting import BATCH, CLAIM, post_many
from points.ledger.rollups import count_members, lock_people
from points.models import Claim, Entry, MemberYear, RuleVersion
from points.rulebook.book import RuleBook

PEOPLE = 500
Tell = Callable[[int, int, str], None]
T = TypeVar("T")


def apply_edition(*, edition: RuleVersion, today: date, tell: Tell) -> None:
    """Bring the ledger in line with a published edition from its first month on.

    Every batch is a transaction of its own; members hear of deductions that are new or changed.
    """
    kinds = [source for source in registry.sources() if source.kind != CLAIM]  # what was accepted stays as decided
    for n, source in enumerate(kinds):
        tell(n, len(kinds) + 1, f"按新规则核对{source.label}")
        ids = sorted(set(_reached(source, edition, today)))
        for batch in batches(ids, BATCH):
            post_many(source_kind=source.kind, source_ids=batch, actor=edition.published_by, tell=True)
    tell(len(kinds), len(kinds) + 1, "重新汇总")
    for year in range(edition.valid_from.year, today.year + 1):
        known = MemberYear.objects.filter(year=year, member__branch__hospital=edition.hospital_id)
        recount(known.order_by("member").values_list("member", flat=True), year)


def recount(members: Iterable[int], year: int) -> None:
    """The sums of these members in a year by the rules as they are now; a transaction for each few hundred."""
    book = RuleBook()
    for batch in batches(list(members), PEOPLE):
        with transaction.atomic():
            count_members(lock_people(batch), year, book)


def _reached(source: registry.Source, edition: RuleVersion, today: date) -> Iterator[int]:
    """Records of the hospital that are worth something from the first day of the edition on, or were."""
    first, hospital = edition.valid_from, edition.hospital_id
    of_hospital = {"source_kind": source.kind, "branch__hospital": hospital, "happened_on__gte": first}
    yield from Entry.objects.filter(**of_hospital).order_by().values_list("source_id", flat=True).distinct()
    told = Claim.objects.filter(**of_hospital, source_id__isnull=False).order_by()
    yield from (pk for pk in told.values_list("source_id", flat=True) if pk)
    branches = set(Branch.objects.filter(hospital=hospital).order_by().values_list("pk", flat=True))
    book = RuleBook()
    for year in range(first.year, today.year + 1):
        for batch in batches(source.worth_asking(year), BATCH):
            for pk, awards in source.awards(batch, book).items():
                if any(award.branch_id in branches and award.happened_on >= first for award in awards):
                    yield pk


def batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
