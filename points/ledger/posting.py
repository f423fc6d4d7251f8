"""The only writers of the ledger. Entries and every sum over them are written in one transaction.

Order of locks, everywhere: the source record (a claim somebody entered is one), the members by pk, the deductions that
were announced of records, the branch months.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from branches.models import User
from members.models import month_of
from points.ledger import registry
from points.ledger.deductions import announced_of, settle_deductions
from points.ledger.owed import close_owed
from points.ledger.posts import fix_posts
from points.ledger.registry import Award, Awards, Booked, Source
from points.ledger.rollups import add_to_months, at_year_end, count_members, lock_people, measured_posts
from points.models import Entry, Objection
from points.rulebook.book import RuleBook

BATCH = 200  # sources of one step of post_many
CLAIM = "claim"  # the kind of claims and announced deductions, which are a source like any other
Key = tuple[str, int, int, str]  # kind and id of the source, member, rule code
Fact = tuple[str, int, int, str]  # the same with what it is for (Award.fact) in place of the code


@dataclass
class Posting:
    """What some records are worth, on its way into the ledger."""

    book: RuleBook
    actor: User | None
    booked_in: date
    is_first: bool = False  # nothing of these records was ever announced
    awards: dict[Key, Award] = field(default_factory=dict)
    asked: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    revisions: dict[tuple[str, int], tuple[int, date]] = field(default_factory=dict)

    def add(self, source: Source, found: Awards) -> None:
        """Take what a source says its records are worth now."""
        for pk, awards in found.items():
            self.asked[source.kind].add(pk)
            for award in awards:
                self.awards[source.kind, pk, award.member_id, award.rule.code] = award


@transaction.atomic(savepoint=False)  # part of the caller's transaction: when this fails, so does the deed
def post_source(*, source_kind: str, source_id: int, revision: int, actor: User | None, is_first: bool = False) -> None:
    """Bring the ledger in line with one record, and with all that follows from it: reverse what no longer holds, award
    what is new, tell of deductions; the rest stays. The caller holds the lock on the record.

    `revision`: 0 for records that do not number their own. `is_first`: the record was never confirmed before, so that
    nothing of it can have been announced, and its sources have locked its people. Doing it again changes nothing. Ten
    statements for a first time that costs nobody anything, whatever the number of people.
    """
    posting = Posting(RuleBook(), actor, month_of(timezone.localdate()), is_first)
    for source, awards_of in registry.touched_by(source_kind):
        posting.add(source, awards_of([source_id], posting.book))
    posting.revisions[source_kind, source_id] = (max(1, revision), posting.booked_in)
    # Of a year that is over more may have been announced than of this record: a shortfall of study it makes good.
    this_year = timezone.localdate().year
    posting.is_first = posting.is_first and all(a.happened_on.year == this_year for a in posting.awards.values())
    _post(posting, tell=True)


@transaction.atomic
def post_many(*, source_kind: str, source_ids: Collection[int], actor: User | None, tell: bool = False) -> None:
    """The same for any number of records of one kind, each booked in the month it was confirmed in: for seeding, replay
    and posting what fell due; what follows from them is not asked.

    `tell`: whether members hear of new deductions.
    """
    book, source = RuleBook(), registry.source(source_kind)
    ids = sorted(source_ids)
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        posting = Posting(book, actor, month_of(timezone.localdate()))
        source.lock(batch)
        posting.add(source, source.awards(batch, book))
        booked: dict[int, Booked] = source.booked(batch)
        posting.revisions |= {(source_kind, pk): (row.revision, month_of(row.day)) for pk, row in booked.items()}
        _post(posting, tell=tell)


def _post(posting: Posting, *, tell: bool) -> None:
    below = {key: award for key, award in posting.awards.items() if award.points < 0 and key[0] != CLAIM}
    for key in below:
        del posting.awards[key]
    if posting.is_first:  # it only adds: what it makes nothing of has nothing to be taken back
        posting.asked = _of_keys([*posting.awards, *below])
    history = History(posting.asked)
    announced = {} if posting.is_first and not below else announced_of(posting.asked)
    ids = {key[2] for key in [*posting.awards, *below, *history.standing]} | {claim.member_id for claim in announced}
    people = lock_people(ids, held=posting.is_first)
    if not posting.is_first:  # an objection may have lifted an entry before its member was ours
        history = History(posting.asked)
    if changed := settle_deductions(announced, below, actor=posting.actor, tell=tell):
        claims = registry.source(CLAIM)
        posting.add(claims, claims.awards(changed, posting.book))
        history.read({CLAIM: changed})
    kept = {key for key, entry in history.standing.items() if _same(entry, posting.awards.get(key))}
    undo = [entry for key, entry in history.standing.items() if key not in kept]
    make = {
        key: award
        for key, award in posting.awards.items()
        if key not in kept and (*key[:3], award.fact) not in history.lifted
    }
    rows = [_reversal(entry, *_revision(posting, entry.source_kind, entry.source_id), posting.actor) for entry in undo]
    rows += [
        _entry(key, award, *_revision(posting, key[0], key[1], history.used[key]), posting.actor)
        for key, award in make.items()
    ]
    if rows:
        _write(rows, people, posting.book)


def _of_keys(keys: Iterable[Key]) -> dict[str, set[int]]:
    asked: dict[str, set[int]] = defaultdict(set)
    for kind, pk, *_ in keys:
        asked[kind].add(pk)
    return asked


def _write(rows: list[Entry], people: dict, book: RuleBook) -> None:  # type: ignore[type-arg]
    """Entries, their sums and the to-dos they answer; the caller holds the lock on `people`."""
    Entry.objects.bulk_create(rows)
    for year, ids in _by_year(rows).items():
        mine = {pk: people[pk] for pk in ids}
        fix_posts({(pk, year): post for pk, post in measured_posts(at_year_end(mine, year), year, book).items()})
        count_members(mine, year, book)
    add_to_months(rows)
    close_owed(rows, timezone.localdate())


@transaction.atomic
def lift_entry(*, entry: Entry, objection: Objection, actor: User) -> Entry:
    """Take one award back because an objection to it was upheld; its record never awards it again.

    An entry of a claim or deduction goes with its claim instead (points.claims): this is for what records made.
    """
    people = lock_people([entry.member_id])
    standing = Entry.objects.standing().filter(pk=entry.pk).first()
    if standing is None:  # taken back by a correction meanwhile
        return Entry.objects.get(reversal_of=entry.pk)
    row = _reversal(standing, standing.source_revision, month_of(timezone.localdate()), actor)
    row.lifted_by = objection
    row.reason = f"异议成立：{standing.reason}"[:120]
    _write([row], people, RuleBook())
    return row


class History:
    """What was ever awarded for some records: what stands, what an objection lifted, which revisions were used."""

    def __init__(self, asked: Mapping[str, Collection[int]]) -> None:
        self.standing: dict[Key, Entry] = {}
        self.lifted: set[Fact] = set()
        self.used: dict[Key, int] = defaultdict(int)
        self.read(asked)

    def read(self, asked: Mapping[str, Collection[int]]) -> None:
        """One statement for any number of records and kinds."""
        wanted = Q(pk__in=[])
        for kind, ids in asked.items():
            wanted |= Q(source_kind=kind, source_id__in=ids)
        rows = Entry.objects.filter(wanted, reversal_of__isnull=True)
        rows = rows.annotate(undone=F("reversal__pk"), lifting=F("reversal__lifted_by"), feed=F("rule__feed"))
        for entry in rows.order_by("pk"):
            key = (entry.source_kind, entry.source_id, entry.member_id, entry.rule_code)
            self.used[key] = max(self.used[key], entry.source_revision)
            if entry.undone is None:
                self.standing[key] = entry
            elif entry.lifting is not None:
                self.lifted.add((*key[:3], entry.feed or entry.rule_code))


def _same(entry: Entry, award: Award | None) -> bool:
    """Whether an entry says what its record means; the words may differ."""
    return award is not None and (entry.points, entry.happened_on, entry.branch_id) == (
        award.points,
        award.happened_on,
        award.branch_id,
    )


def _revision(posting: Posting, kind: str, source_id: int, used: int = 0) -> tuple[int, date]:
    """(revision, month booked in) of a new row: as the record says, and never one this award was made under before."""
    revision, booked_in = posting.revisions.get((kind, source_id), (1, posting.booked_in))
    return max(revision, used + 1) if used else revision, booked_in


def _entry(key: Key, award: Award, revision: int, booked_in: date, actor: User | None) -> Entry:
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
        source_kind=key[0],
        source_id=key[1],
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
