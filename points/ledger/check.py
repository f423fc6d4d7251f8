"""Does everything that follows from the ledger still follow from it, and the ledger from the records? Only compares."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q

from members.models import Member
from points.choices import ClaimState
from points.ledger import registry
from points.ledger.posting import BATCH
from points.ledger.rollups import CATEGORY_FIELDS, measured_posts, people_of, points_of_year
from points.models import Claim, Entry, MemberItem, MemberYear, PointsMonth
from points.rulebook.book import RuleBook
from points.rules import round_half_up

Sums = dict[tuple[Any, ...], tuple[Any, ...]]


def differences(year: int | None = None) -> Iterator[str]:
    """One line for each difference; nothing when all is well. Lines carry keys, never names."""
    years = (
        [year] if year else sorted({*_years(Entry.objects.all()), *MemberYear.objects.values_list("year", flat=True)})
    )
    for one in years:
        in_year = Q(month__range=(date(one, 1, 1), date(one, 12, 31)))
        entries = list(
            Entry.objects.filter(in_year).values_list(
                "member_id", "rule_code", "branch_id", "month", "points", "reversal_of_id"
            )
        )
        items = _items(entries)
        yield from _compare(f"MemberItem {one}", items, _stored_items(one))
        yield from _compare(f"MemberYear {one}", _years_of_members(items, one), _stored_years(one))
        yield from _compare("PointsMonth", _months(entries), _stored_months(in_year))
    yield from _twice(year)
    for source in registry.sources():
        yield from _source(source, year)


def _years(entries: Any) -> list[int]:
    return [day.year for day in entries.order_by().dates("month", "year")]


def _items(entries: Iterable[tuple[Any, ...]]) -> Sums:
    sums: dict[tuple[int, str], list[Any]] = defaultdict(lambda: [Decimal(0), 0])
    for member, code, _, _, points, reversal in entries:
        sums[member, code][0] += points
        sums[member, code][1] += 1 if reversal is None else -1
    return {key: (round_half_up(points), n) for key, (points, n) in sums.items()}


def _months(entries: Iterable[tuple[Any, ...]]) -> Sums:
    sums: dict[tuple[int, date], list[Any]] = defaultdict(lambda: [Decimal(0), Decimal(0), 0])
    for _, _, branch, month, points, reversal in entries:
        row = sums[branch, month]
        if (points > 0) == (reversal is None):
            row[0] += points
        else:
            row[1] -= points
        row[2] += 1 if reversal is None else -1
    return {key: (round_half_up(plus), round_half_up(minus), n) for key, (plus, minus, n) in sums.items()}


def _years_of_members(items: Sums, year: int) -> Sums:
    sums: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for (member, code), (points, _) in items.items():
        sums[member][code] = points
    known = set(MemberYear.objects.filter(year=year).values_list("member", flat=True))
    people = people_of(Member.objects.filter(pk__in=known | set(sums)).values("pk"))
    book = RuleBook()
    posts = measured_posts(people, year, book)
    result: Sums = {}
    for pk, person in people.items():
        rules = book.of_year(person.hospital_id, year)
        points = points_of_year(sums.get(pk, {}), person, year, rules, posts.get(pk, ""))
        parts = (points.categories[category].counted for category in CATEGORY_FIELDS)
        result[pk,] = (*parts, points.honours, points.deductions, points.total)
    return result


def _stored_items(year: int) -> Sums:
    rows = MemberItem.objects.filter(year=year).values_list("member_id", "rule_code", "points", "n")
    return {(member, code): (round_half_up(points), n) for member, code, points, n in rows}


def _stored_years(year: int) -> Sums:
    fields = (*CATEGORY_FIELDS.values(), "honours", "deductions", "total")
    return {(row[0],): row[1:] for row in MemberYear.objects.filter(year=year).values_list("member_id", *fields)}


def _stored_months(in_year: Q) -> Sums:
    rows = PointsMonth.objects.filter(in_year).values_list("branch_id", "month", "plus", "minus", "n")
    return {(branch, month): (plus, minus, n) for branch, month, plus, minus, n in rows}


def _compare(what: str, counted: Mapping[Any, Any], stored: Mapping[Any, Any]) -> Iterator[str]:
    for key in sorted({*counted, *stored}):
        if counted.get(key) != stored.get(key):
            name = " ".join(str(part) for part in key)
            yield f"{what} {name}: ledger {_text(counted.get(key))}, stored {_text(stored.get(key))}"


def _text(values: tuple[Any, ...] | None) -> str:
    return "missing" if values is None else " ".join(str(value) for value in values)


def _twice(year: int | None) -> Iterator[str]:
    """Two standing awards of one source for one member and item: the key allows it only over two revisions."""
    standing = Entry.objects.standing()
    if year:
        standing = standing.filter(month__year=year)
    keys = ("source_kind", "source_id", "member_id", "rule_code")
    for row in standing.order_by().values(*keys).annotate(times=Count("pk")).filter(times__gt=1):
        name = " ".join(str(row[key]) for key in keys)
        yield f"Entry {name}: {row['times']} standing awards"


def _source(source: registry.Source, year: int | None) -> Iterator[str]:
    """Records against what stands for them: entries, and announced deductions for what costs something."""
    book = RuleBook()
    entries, claims = Entry.objects.filter(source_kind=source.kind), Claim.objects.filter(source_kind=source.kind)
    if year:
        entries, claims = entries.filter(month__year=year), claims.filter(month__year=year)
    of_claims = claims.exclude(source_id=None).values_list("source_id", flat=True)
    known = {pk for pk in [*entries.order_by().values_list("source_id", flat=True), *of_claims] if pk}
    ids = sorted({*source.worth_asking(year), *known})
    for start in range(0, len(ids), BATCH):
        found = source.awards(ids[start : start + BATCH], book, False)
        wanted = {
            (pk, award.member_id, award.rule.code): (award.points, award.happened_on)
            for pk, awards in found.items()
            for award in awards
        }
        batch = list(found)
        standing = {
            (entry.source_id, entry.member_id, entry.rule_code): (entry.points, entry.happened_on)
            for entry in Entry.objects.standing_of(source.kind, batch)
        }
        mine = Claim.objects.filter(source_kind=source.kind, source_id__in=batch)
        for claim in mine.filter(state__in=[ClaimState.ANNOUNCED, ClaimState.ACCEPTED]):
            standing[claim.source_id or 0, claim.member_id, claim.rule_code] = (claim.points, claim.happened_on)
        for key in _settled(source.kind, batch):
            wanted.pop(key, None)
        for key in sorted({*wanted, *standing}):
            if wanted.get(key) != standing.get(key) and (not year or _year(wanted.get(key), standing.get(key)) == year):
                name = " ".join(str(part) for part in key)
                yield f"{source.kind} {name}: record {_text(wanted.get(key))}, ledger {_text(standing.get(key))}"


def _settled(kind: str, ids: Collection[int]) -> set[tuple[int, int, str]]:
    """What an upheld objection settled for good: the record says it, the ledger need not."""
    lifted = Entry.objects.filter(source_kind=kind, source_id__in=ids, reversal__lifted_by__isnull=False)
    claims = Claim.objects.filter(source_kind=kind, source_id__in=ids, lifted=True)
    keys = ("source_id", "member_id", "rule_code")
    return {*lifted.values_list(*keys), *claims.values_list(*keys)}


def _year(*facts: tuple[Decimal, date] | None) -> int:
    return next(one[1].year for one in facts if one)
