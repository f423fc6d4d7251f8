"""The year of one member as figures: what it is counted from, by which rules, and where it stands among the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from members.models import Exemption, Member
from points.choices import PostKind
from points.ledger.rollups import Person, measured_posts, people_of, points_of_year
from points.ledger.standing import Place, bases_of, place_in_branch
from points.models import Entry, MemberItem, MemberYear
from points.models.ledger import EntryQuerySet
from points.rulebook.book import RuleBook, YearRules
from points.rules import ZERO, Item, YearPoints
from points.statement.rules import is_part_year


class OutOf(NamedTuple):
    """Why a member takes no part in points, as far as anybody may read it: since when, until when."""

    since: date
    until: date | None


@dataclass(frozen=True)
class OwnYear:
    """`place` is None for who is exempt or under three months on the roll; `post` empty where rules do not differ."""

    member: Member
    year: int
    today: date
    person: Person
    rules: YearRules
    post: str
    result: YearPoints
    exempt: OutOf | None
    place: Place | None
    by_month: dict[date, Decimal]
    in_force: Mapping[str, Item]  # what deeds of today are worth; `rules` also keeps items that were dropped

    @property
    def is_running(self) -> bool:
        return self.year == self.today.year

    @property
    def this_month(self) -> Decimal:
        return self.by_month.get(self.today.replace(day=1), ZERO)

    @property
    def months(self) -> int:
        return self.person.months(self.year)

    @property
    def is_part_year(self) -> bool:
        return is_part_year(self.months)

    @property
    def has_groups(self) -> bool:
        """As the caps were taken: points of a Party group are measured in a branch with groups."""
        return self.person.has_groups or any(
            self.result.items[code].raw for code in self.rules.group_items if code in self.result.items
        )

    @property
    def post_label(self) -> str:
        return PostKind(self.post).label if self.post else ""

    @property
    def trend(self) -> list[tuple[str, Decimal]]:
        """What was booked for each month, before caps; of a running year up to this one."""
        last = self.today.month if self.is_running else 12
        return [(f"{n}月", self.by_month.get(date(self.year, n, 1), ZERO)) for n in range(1, last + 1)]

    @property
    def chart(self) -> list[list[object]]:
        return [[label, float(points)] for label, points in self.trend]  # JSON for the picture; the table has Decimals


def own_year(member: Member, year: int, today: date, book: RuleBook) -> OwnYear:
    """Nine statements at most, whatever the member did."""
    person = people_of([member.pk], year)[member.pk]
    rules = book.of_year(person.hospital_id, year)
    post = measured_posts({member.pk: person}, year, book).get(member.pk, "")
    rows = MemberItem.objects.filter(member=member, year=year).values_list("rule_code", "points")
    result = points_of_year(dict(rows), person, year, rules, post)
    out = _exemption(member, year, today)
    place = None
    if out is None and result.rated:
        bases = bases_of({person.hospital_id}, year, book)
        place = place_in_branch(person.branch_id, year, result.total, today, bases)
    months = entries_of(member, year).order_by().values_list("month").annotate(Sum("points"))
    return OwnYear(
        member,
        year,
        today,
        person,
        rules,
        post,
        result,
        out,
        place,
        dict(months),
        book.on(person.hospital_id, today).items,
    )


def entries_of(member: Member, year: int) -> EntryQuerySet:
    return Entry.objects.filter(member=member, month__range=(date(year, 1, 1), date(year, 12, 31)))


def years_of(member: Member, today: date) -> list[int]:
    """Every year with points, and this one; the newest first."""
    known = MemberYear.objects.filter(member=member).values_list("year", flat=True)
    return sorted({today.year, *known}, reverse=True)


def _exemption(member: Member, year: int, today: date) -> OutOf | None:
    rows = Exemption.objects.in_force(min(today, date(year, 12, 31))).filter(member=member)
    row = rows.values_list("starts_on", "ends_on").first()
    return OutOf(*row) if row else None
