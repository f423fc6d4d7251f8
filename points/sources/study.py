"""Hours of study: a point for each full unit over the running total of the year, and the shortfall at its end.

Each unit is a record of its own, numbered within the year of the member: the third full eight hours are worth
something from the day they were completed, whichever rows of the hours' ledger made them up. Number 0 is the year
itself, which costs something once its December is closed and too little was studied.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import cache, partial
from heapq import merge
from itertools import groupby
from typing import Final, NamedTuple

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from activities.attendance.hours import counted
from activities.attendance.rules import study_year_key, study_year_of
from branches.choices import Capability
from branches.models import Branch, User
from members.models import Exemption, Member
from points.choices import PeriodKind, PeriodState
from points.ledger.homes import homes_on
from points.ledger.posts import Measured, posts_of
from points.ledger.registry import Award, Awards, Booked, Source, register
from points.ledger.rollups import people_of
from points.models import Entry, PeriodClose
from points.rulebook.book import RuleBook
from points.rules import STUDY_DONE, STUDY_SHORT, Item, study_target, units_completed
from points.sources import attendance

KIND: Final = "study"  # id: study_year_key × 100 + number of the unit
YEAR_CHANGED: Final = "study_year"  # what activities calls the hours of a member in a year; id: study_year_key
MOST: Final = 99


class Hours(NamedTuple):
    """One row of the hours' ledger."""

    day: date
    hours: Decimal
    branch: int  # home branch of that day


class Place(NamedTuple):
    """Whose rules a member is counted by, and the category of the branch."""

    hospital: int | None
    category: str


def awards_of(ids: Collection[int], book: RuleBook) -> Awards:
    """The years these units belong to, whole: the units the cap leaves room for, completed or not, and the shortfall.

    Two statements; more for a year that is over.
    """
    keys = {pk // 100 for pk in ids}
    members = Member.objects.filter(pk__in={study_year_of(key)[0] for key in keys})
    places = {pk: Place(*of) for pk, *of in members.values_list("pk", "branch__hospital", "branch__category")}
    return _worth(ids, {key: places.get(study_year_of(key)[0], Place(None, "")) for key in keys}, book)


def _worth(ids: Collection[int], places: Mapping[int, Place], book: RuleBook) -> Awards:
    done = _hours_of(places)
    result: Awards = {pk: [] for pk in ids}
    _add_units(result, places, done, book)
    this_year = timezone.localdate().year
    _add_shortfalls(result, {key for key in places if study_year_of(key)[1] < this_year}, done, book)
    return result


def _hours_of(keys: Collection[int]) -> dict[int, list[Hours]]:
    """The counted hours of each member and year, in the order they were done. One statement."""
    asked = {study_year_of(key) for key in keys}
    found: dict[int, list[Hours]] = defaultdict(list)
    if not asked:
        return found
    years = {year for _, year in asked}
    rows = counted().filter(
        member__in={member for member, _ in asked},
        studied_on__range=(date(min(years), 1, 1), date(max(years), 12, 31)),
    )
    for member, *row in rows.order_by("studied_on", "pk").values_list("member_id", "studied_on", "hours", "branch_id"):
        one = Hours(*row)
        if (member, one.day.year) in asked:
            found[study_year_key(member, one.day.year)].append(one)
    return found


def _add_units(result: Awards, places: Mapping[int, Place], done: Mapping[int, list[Hours]], book: RuleBook) -> None:
    book.load({place.hospital for place in places.values()})
    posts = posts_of(
        Measured(*study_year_of(key), place.category)
        for key, place in places.items()
        if book.of_year(place.hospital, study_year_of(key)[1]).has_variants
    )
    items_of = cache(partial(_items_of, book))
    for key, (hospital, _) in places.items():
        rows = done.get(key, [])
        member, year = study_year_of(key)
        fed = items_of(hospital, year)
        if not fed:
            continue
        post, per = posts.get((member, year), ""), fed[-1].per
        for number in range(1, max(_room(item, post) for item in fed) + 1):
            result.setdefault(key * 100 + number, [])
        homes = {row.day: row.branch for row in rows}
        for number, day in enumerate(units_completed([(row.day, row.hours) for row in rows], per)[:MOST], start=1):
            edition, pk = book.on(hospital, day), key * 100 + number
            item = edition.by_feed.get(STUDY_DONE)
            if item is not None and item.value(post=post) and pk in result:
                reason = f"集中学习满{(number * per).normalize():f}{item.unit}"
                award = Award(member, homes[day], day, edition.rows[item.code], item.value(post=post), reason)
                result[pk].append(award)


def _items_of(book: RuleBook, hospital: int | None, year: int) -> list[Item]:
    """The items of a year that hours make entries of, oldest first; how long a unit is, the last one says."""
    first, last = book.on(hospital, date(year, 1, 1)).valid_from, date(year, 12, 31)
    return [
        edition.by_feed[STUDY_DONE]
        for edition in book.editions(hospital)
        if first <= edition.valid_from <= last and STUDY_DONE in edition.by_feed
    ]


def _room(item: Item, post: str) -> int:
    """How many units count before the cap is reached; without a cap, all there can be."""
    cap, points = item.limit(post=post), item.value(post=post)
    if cap is None or not points:
        return MOST
    return min(MOST, max(0, int((cap / points).to_integral_value(ROUND_CEILING))))


def _add_shortfalls(result: Awards, keys: Collection[int], done: Mapping[int, list[Hours]], book: RuleBook) -> None:
    """Where the home branch has closed December: a house that came to this site in June owes no year.

    Not for who was on no roll on the last day, was exempt then, or was on one for less than three months.
    """
    if not keys:
        return
    over = {key: study_year_of(key) for key in keys}
    people = people_of({member for member, _ in over.values()})
    homes = homes_on([(member, date(year, 12, 31)) for member, year in over.values()])
    years = {year for _, year in over.values()}
    exempt = Exemption.objects.years_of(people, years)
    closed = set(
        PeriodClose.objects.filter(
            branch__in=set(homes.values()), kind=PeriodKind.MONTH, start__in=[date(year, 12, 1) for year in years]
        )
        .exclude(state=PeriodState.OPEN)
        .values_list("branch_id", "start__year")
    )
    book.load({person.hospital_id for person in people.values()})
    posts = posts_of(
        Measured(member, year, people[member].category)
        for member, year in over.values()
        if member in people and book.on(people[member].hospital_id, date(year, 12, 31)).has_variants
    )
    for key, (member, year) in over.items():
        last, person = date(year, 12, 31), people.get(member)
        target = study_target(person.months(year)) if person else None
        home = homes.get((member, last))
        result.setdefault(key * 100, [])
        if person is None or target is None or home is None or (home, year) not in closed or (member, year) in exempt:
            continue
        studied = sum((row.hours for row in done.get(key, [])), Decimal(0))
        edition = book.on(person.hospital_id, last)
        item = edition.by_feed.get(STUDY_SHORT)
        points = item.value(post=posts.get((member, year), "")) if item else None
        if item and studied < target and points:
            reason = f"{year}年学时{studied:.1f}小时，应达到{target:.1f}小时"
            result[key * 100].append(Award(member, home, last, edition.rows[item.code], points, reason))


def lock(ids: Collection[int]) -> None:
    """The members, before their hours are read: of two meetings confirmed at once the second must see the first."""
    list(_locked(Member.objects.filter(pk__in={study_year_of(pk // 100)[0] for pk in ids})))


def _locked(members: QuerySet[Member]) -> QuerySet[Member]:
    return members.only("pk").order_by("pk").select_for_update(of=("self",), no_key=True)


def after_records(ids: Collection[int], book: RuleBook) -> Awards:
    """What a changed record makes of the hours of everybody it expects; two statements.

    The branch is looked up, not joined: a join would lose who was moved while the lock was waited for.
    """
    home = Branch.objects.filter(pk=OuterRef("branch_id")).order_by()
    people = Member.objects.filter(attendances__activity__in=ids).annotate(
        at=F("attendances__activity__starts_at"),
        hospital=Subquery(home.values("hospital")),
        category=Subquery(home.values("category")),
    )
    places = {
        study_year_key(pk, timezone.localdate(at).year): Place(hospital, category)
        for pk, at, hospital, category in _locked(people).values_list("pk", "at", "hospital", "category")
    }
    return _worth([key * 100 for key in places], places, book)


def after_years(ids: Collection[int], book: RuleBook) -> Awards:
    lock([key * 100 for key in ids])
    return awards_of([key * 100 for key in ids], book)


def booked(ids: Collection[int]) -> dict[int, Booked]:
    """Nobody confirms a unit: it is booked when it is found."""
    return {pk: Booked(1, timezone.localdate()) for pk in ids}


def worth_asking(year: int | None) -> Iterator[int]:
    """Whoever studied in a year; of years that are over, whoever was on a roll at their end."""
    rows = counted().filter(studied_on__year=year) if year else counted()
    pairs = rows.order_by("member_id", "studied_on__year").values_list("member_id", "studied_on__year").distinct()
    last = timezone.localdate().year - 1
    first = Entry.objects.order_by("month").values_list("month", flat=True).first()
    years: Iterable[int] = [year] if year else range(first.year, last + 1) if first else []
    studied = (study_year_key(*pair) for pair in pairs.iterator())
    owing = [_at_year_end(one) for one in years if one <= last]
    return (key * 100 for key, _ in groupby(merge(studied, *owing)))


def _at_year_end(year: int) -> Iterator[int]:
    members = Member.objects.on_roll(date(year, 12, 31)).order_by("pk").values_list("pk", flat=True)
    return (study_year_key(pk, year) for pk in members.iterator())


def touching(members: Collection[int], year: int) -> list[int]:
    return sorted(study_year_key(member, year) * 100 for member in members)


def links(ids: Collection[int], reader: User) -> dict[int, str]:
    """To one's own hours, and to those of members whose branch one reads. Two statements."""
    years = {pk: study_year_of(pk // 100) for pk in ids}
    members = {member for member, _ in years.values()}
    own = set(Member.objects.own(reader).filter(pk__in=members).values_list("pk", flat=True))
    seen = Member.objects.visible_to(reader, Capability.ROSTER_VIEW)
    read = set(
        (seen & Member.objects.visible_to(reader, Capability.ACTIVITY_VIEW))
        .filter(pk__in=members)
        .values_list("pk", flat=True)
    )
    pages = {pk: reverse("activities:member_hours", args=[pk]) for pk in read}
    pages |= {pk: reverse("activities:my_hours") for pk in own}
    return {pk: f"{pages[member]}?year={year}" for pk, (member, year) in years.items() if member in pages}


register(
    Source(
        KIND,
        "学时台账",
        {STUDY_DONE: "学时台账：每满一定学时", STUDY_SHORT: "学时台账：年度学时不足"},
        awards_of,
        booked,
        worth_asking,
        follows={attendance.KIND: after_records, YEAR_CHANGED: after_years},
        links=links,
        lock=lock,
        touching=touching,
    )
)
