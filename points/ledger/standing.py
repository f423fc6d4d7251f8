"""The year of many members at once: for rankings, tables and charts. Reads roll-ups only."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, DecimalField, F, FilteredRelation, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from branches.models import Branch
from members.models import Member
from points.models import MemberYear
from points.rules import DEFAULT_SCHEME

ZERO = Value(Decimal(0), output_field=DecimalField())
PARTS = ("organisational", "study", "duties", "position", "service", "honours", "deductions")


class Place(NamedTuple):
    place: int
    of: int


def with_year(members: QuerySet[Member], year: int) -> QuerySet[Member]:
    """Adds `total` and the parts of the year; somebody without an entry has the base and zeros."""
    rows = members.annotate(of_year=FilteredRelation("years", condition=Q(years__year=year)))
    parts = {f"part_{name}": Coalesce(F(f"of_year__{name}"), ZERO) for name in PARTS}
    base = Value(DEFAULT_SCHEME.base, output_field=DecimalField())
    return rows.annotate(total=Coalesce(F("of_year__total"), base), **parts)


def members_of_year(branch_ids: QuerySet[Branch] | list[int], year: int, today: date) -> QuerySet[Member]:
    """Whom a branch is ranked with: today's members in the running year, those of the year's end in an earlier one."""
    if year >= today.year:
        return Member.objects.current().filter(branch__in=branch_ids)
    end = date(year, 12, 31)
    stayed = Q(member__left_on__isnull=True) | Q(member__left_on__gt=end)
    return Member.objects.filter(
        pk__in=MemberYear.objects.filter(stayed, year=year, branch__in=branch_ids).values("member")
    )


def place_in_branch(branch_id: int, year: int, total: Decimal, today: date) -> Place:
    """1 + those with more, of all; equal totals share a place. One statement."""
    rows = with_year(members_of_year([branch_id], year, today), year)
    found = rows.aggregate(higher=Count("pk", filter=Q(total__gt=total)), of=Count("pk"))
    return Place(found["higher"] + 1, found["of"])
