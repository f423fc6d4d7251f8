"""What a member may claim on a day, by the rules in force that day, and what is still free this year."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils import timezone

from branches.models import Branch
from config.templatetags.ui import cn_date
from members.models import Member, MembershipEvent
from points.choices import EARNING, Category, Declarer
from points.ledger.homes import homes_on
from points.ledger.registry import is_automatic
from points.ledger.rollups import Person, measured_posts, people_of, points_of_year
from points.models import MemberItem, RuleItem
from points.rulebook.book import Edition, RuleBook
from points.rules import ZERO, Item, remaining

CLAIMED = (*EARNING, Category.HON)


@dataclass(frozen=True)
class Terms:
    """What a deed of one member on one day is judged by."""

    branch: Branch  # home branch of that day
    edition: Edition
    has_groups: bool
    post: str

    def exists(self, item: Item) -> bool:
        return item.exists_for(self.has_groups, self.post)


def terms_on(member: Member, day: date, book: RuleBook | None = None) -> Terms:
    """Raises ValidationError for a day in the future or on which the member was on no roll."""
    if day > timezone.localdate():
        raise ValidationError({"happened_on": "日期不能晚于今天。"})
    home = homes_on([(member.pk, day)]).get((member.pk, day))
    if home is None:
        first = MembershipEvent.objects.filter(member=member).order_by("recorded_on").first()
        since = first.recorded_on if first else None
        if since and day < since:
            raise ValidationError({"happened_on": f"{cn_date(since)}编入名册，此前的事不能申报。"})
        raise ValidationError({"happened_on": f"{cn_date(day)}不在名册中，不能申报。"})
    book = book or RuleBook()
    person = people_of([member.pk])[member.pk]
    post = measured_posts({member.pk: person}, day.year, book).get(member.pk, "")
    branch = Branch.objects.get(pk=home)
    return Terms(branch, book.on(person.hospital_id, day), person.has_groups, post)


def may_claim(item: Item | RuleItem) -> bool:
    """Claimed by members themselves: no record makes its entries, and nobody else declares it."""
    return item.category in CLAIMED and item.declared_by == Declarer.MEMBER and not is_automatic(item)


class Option(NamedTuple):
    item: Item
    rule: RuleItem
    cap: Decimal | None
    free: Decimal | None  # None: nothing limits it


class Group(NamedTuple):
    category: Category
    cap: Decimal | None
    free: Decimal | None
    options: list[Option]


def options_of(member: Member, today: date) -> list[Group]:
    """What this member may claim, by category, with what still counts this year. Six statements."""
    book = RuleBook()
    person = people_of([member.pk])[member.pk]
    edition = book.on(person.hospital_id, today)
    return list(_groups(member, person, edition, today, book))


def _groups(member: Member, person: Person, edition: Edition, today: date, book: RuleBook) -> Iterator[Group]:
    year = today.year
    post = measured_posts({member.pk: person}, year, book).get(member.pk, "")
    sums = dict(MemberItem.objects.filter(member=member, year=year).values_list("rule_code", "points"))
    result = points_of_year(sums, person, year, book.of_year(person.hospital_id, year), post)
    for category in CLAIMED:
        so_far = result.honours if category == Category.HON else result.categories[category].counted
        cap = edition.scheme.caps.get(category)
        options = []
        for code, item in edition.items.items():
            if item.category != category or not may_claim(item) or not item.exists_for(person.has_groups, post):
                continue
            counted = result.items[code].counted if code in result.items else ZERO
            free = remaining(item, counted, so_far, scheme=edition.scheme, has_groups=person.has_groups, post=post)
            options.append(Option(item, edition.rows[code], item.limit(person.has_groups, post), free))
        if options:
            yield Group(category, cap, None if cap is None else max(ZERO, cap - so_far), options)
