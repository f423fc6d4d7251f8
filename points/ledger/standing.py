"""The year of many members at once: for rankings, tables and charts. Reads roll-ups only.

Who is ranked: whoever takes part in points (members.Exemption) and was on the roll for three months at least.
"""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Case, Count, DecimalField, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from branches.models import Branch
from members.choices import ON_ROLL
from members.models import Exemption, Member, MembershipEvent
from points.ledger.rollups import people_of
from points.rulebook.book import RuleBook
from points.rules import DEFAULT_SCHEME, FULL_YEAR, RATED_FROM

ZERO = Value(Decimal(0), output_field=DecimalField())
PARTS = ("organisational", "study", "duties", "position", "service", "honours", "deductions")
Bases = Mapping[int | None, Decimal]  # hospital -> what a year begins with there


class Place(NamedTuple):
    place: int
    of: int


def bases_of(hospitals: Collection[int | None], year: int, book: RuleBook) -> Bases:
    """What the rules of each hospital begin a year with; one statement for those the book has not read yet."""
    book.load(hospitals)
    return {one: book.of_year(one, year).scheme.base for one in hospitals}


def with_year(members: QuerySet[Member], year: int, bases: Bases) -> QuerySet[Member]:
    """Adds `total` and the parts of the year to `members_of_year`; somebody without an entry has the base of the own
    hospital and zeros."""
    rows = members.annotate(of_year=FilteredRelation("years", condition=Q(years__year=year)))
    parts = {f"part_{name}": Coalesce(F(f"of_year__{name}"), ZERO) for name in PARTS}
    return rows.annotate(total=Coalesce(F("of_year__total"), _base(bases)), **parts)


def _base(bases: Bases) -> Value | Case:
    field = DecimalField()
    if len(set(bases.values())) <= 1:
        return Value(next(iter(bases.values()), DEFAULT_SCHEME.base), output_field=field)
    nodes = {one: Branch.objects.filter(hospital=one).order_by().values("pk") for one in bases if one is not None}
    cases = [When(home_id__in=mine, then=Value(bases[one])) for one, mine in nodes.items()]
    return Case(*cases, default=Value(bases.get(None, DEFAULT_SCHEME.base)), output_field=field)


def members_of_year(branch_ids: QuerySet[Branch] | list[int], year: int, today: date) -> QuerySet[Member]:
    """The roll of these branches at the end of a year, of today in the running one, with or without points; adds
    `home_id`, the branch of that day."""
    if year >= today.year:
        return Member.objects.current().filter(branch__in=branch_ids).annotate(home_id=F("branch"))
    touched = Exists(MembershipEvent.objects.filter(member=OuterRef("pk"), branch__in=branch_ids))
    roll = Member.objects.filter(touched).on_roll(date(year, 12, 31)).filter(roll_branch_id__in=branch_ids)
    return roll.annotate(home_id=F("roll_branch_id"))


def exempt(year: int, today: date) -> Exists:
    """Whether a member takes no part in points: today, in an earlier year on its last day."""
    day = min(today, date(year, 12, 31))
    return Exists(Exemption.objects.in_force(day).filter(member=OuterRef("pk")))


def not_rated(members: QuerySet[Member], year: int) -> set[int]:
    """Ids of those with less than three months on the roll in a year; one statement.

    Only who came in its last months, or after it, can have so few: nobody else is looked at.
    """
    since = date(year, FULL_YEAR - RATED_FROM + 2, 1)
    came = MembershipEvent.objects.filter(member=OuterRef("pk"), kind__in=ON_ROLL, recorded_on__gte=since)
    people = people_of(members.filter(Exists(came)).order_by().values("pk"))
    return {pk for pk, person in people.items() if person.months(year) < RATED_FROM}


def ranked(members: QuerySet[Member], year: int, today: date) -> QuerySet[Member]:
    """Those of `members` who have a place among the others; costs one statement beside the caller's."""
    return members.exclude(exempt(year, today)).exclude(pk__in=not_rated(members, year))


def place_in_branch(branch_id: int, year: int, total: Decimal, today: date, bases: Bases) -> Place:
    """1 + those with more, of all who are ranked; equal totals share a place. Two statements."""
    rows = with_year(ranked(members_of_year([branch_id], year, today), year, today), year, bases)
    found = rows.aggregate(higher=Count("pk", filter=Q(total__gt=total)), of=Count("pk"))
    return Place(found["higher"] + 1, found["of"])
