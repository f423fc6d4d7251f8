"""The only writers of the ledger. Entries and every sum over them are written in one transaction."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from branches.models import User
from members.models import month_of
from points.models import Entry
from points.rollups import add_to_months, count_members, lock_people
from points.rulebook import RuleBook
from points.sources import SOURCES, Award

BATCH = 200  # sources of one step of post_many


@transaction.atomic(savepoint=False)  # part of the caller's transaction: when this fails, so does the deed
def post_source(*, source_kind: str, source_id: int, revision: int, actor: User | None) -> None:
    """Bring the ledger in line with one source: reverse what no longer holds, award what is new; the rest stays.

    Doing it again changes nothing. Ten statements, whatever the number of people.
    """
    book = RuleBook()
    awards = SOURCES[source_kind].awards([source_id], book, True)
    booked = {source_id: (revision, month_of(timezone.localdate()))}
    _post(source_kind, awards, booked, book, actor)


@transaction.atomic
def post_many(*, source_kind: str, source_ids: Collection[int], actor: User | None) -> None:
    """The same for any number of sources, each booked in the month it was confirmed in: for seeding and replay."""
    book = RuleBook()
    source = SOURCES[source_kind]
    ids = sorted(source_ids)
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        awards = source.awards(batch, book, True)
        booked = {pk: (revision, month_of(day)) for pk, (revision, day) in source.booked(batch).items()}
        _post(source_kind, awards, booked, book, actor)


def _post(
    source_kind: str,
    awards: dict[int, list[Award]],
    booked: dict[int, tuple[int, date]],
    book: RuleBook,
    actor: User | None,
) -> None:
    standing = list(Entry.objects.standing_of(source_kind, list(awards)))
    wanted = {(pk, award.member_id, award.rule.code): award for pk, list_ in awards.items() for award in list_}
    kept = {_key(entry) for entry in standing if _key(entry) in wanted and _says(entry) == _means(wanted[_key(entry)])}
    undo = [entry for entry in standing if _key(entry) not in kept]
    make = {key: award for key, award in wanted.items() if key not in kept}
    if not undo and not make:
        return
    people = lock_people({entry.member_id for entry in undo} | {award.member_id for award in make.values()})
    rows = [_reversal(entry, *booked[entry.source_id], actor) for entry in undo]
    rows += [_entry(source_kind, key[0], award, *booked[key[0]], actor) for key, award in make.items()]
    Entry.objects.bulk_create(rows)
    for year, ids in _by_year(rows).items():
        count_members({pk: people[pk] for pk in ids}, year, book)
    add_to_months(rows)


def _key(entry: Entry) -> tuple[int, int, str]:
    return entry.source_id, entry.member_id, entry.rule_code


def _says(entry: Entry) -> tuple[Decimal, date, int]:
    return entry.points, entry.happened_on, entry.branch_id


def _means(award: Award) -> tuple[Decimal, date, int]:
    return award.points, award.happened_on, award.branch_id


def _entry(source_kind: str, source_id: int, award: Award, revision: int, booked_in: date, actor: User | None) -> Entry:
    return Entry(
        member_id=award.member_id,
        branch_id=award.branch_id,
        month=month_of(award.happened_on),
        booked_in=booked_in,
        happened_on=award.happened_on,
        points=award.points,
        category=award.rule.category,
        rule_code=award.rule.code,
        rule_id=award.rule.pk,
        reason=award.reason,
        source_kind=source_kind,
        source_id=source_id,
        source_revision=revision,
        created_by_id=actor.pk if actor else None,
    )


def _reversal(entry: Entry, revision: int, booked_in: date, actor: User | None) -> Entry:
    """The counter-entry: it belongs to the month of the deed, like the award it takes back."""
    return Entry(
        member_id=entry.member_id,
        branch_id=entry.branch_id,
        month=entry.month,
        booked_in=booked_in,
        happened_on=entry.happened_on,
        points=-entry.points,
        category=entry.category,
        rule_code=entry.rule_code,
        rule_id=entry.rule_id,
        reason=f"更正：{entry.reason}"[:120],
        source_kind=entry.source_kind,
        source_id=entry.source_id,
        source_revision=revision,
        reversal_of=entry,
        created_by=actor,
    )


def _by_year(rows: Iterable[Entry]) -> dict[int, set[int]]:
    years: dict[int, set[int]] = defaultdict(set)
    for entry in rows:
        years[entry.month.year].add(entry.member_id)
    return dict(sorted(years.items()))
