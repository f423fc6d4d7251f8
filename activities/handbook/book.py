"""Whose handbook of which year, and the small blocks that its parts are made of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from activities.choices import Kind
from activities.models import SEEN_BY_MEMBERS, Activity
from activities.reports.record_forms import layouts_of
from branches.models import Branch
from config.documents.content import LANDSCAPE, RECORD, Block, Column, Page, Paragraph, Section, Table, Value
from members.models import Member, MemberQuerySet

PHOTO_EDGE: Final = 800  # pixels: 250 dpi at the width a photo has on paper


@dataclass(frozen=True)
class Book:
    """`last` is the day the handbook speaks of: the end of the year, or today while the year runs."""

    branch: Branch
    year: int
    today: date
    layouts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, branch: Branch, year: int, today: date) -> "Book":
        return cls(branch, year, today, layouts_of(branch))

    @property
    def first(self) -> date:
        return date(self.year, 1, 1)

    @property
    def last(self) -> date:
        return max(self.first, min(self.today, date(self.year, 12, 31)))

    @property
    def title(self) -> str:
        return f"{self.branch.name}{self.year}年支部工作手册"

    def roll(self) -> MemberQuerySet:
        """The members of that last day, in the order of the roster."""
        found: MemberQuerySet = Member.objects.roll_of(self.branch, self.last)
        found = found.defer("id_number", "phone", "home_address")  # not printed, so not decrypted
        return found.select_related("user", "group").order_by("group__path", "user__search_keys", "pk")

    def of_year(self) -> QuerySet[Activity]:
        start, end = (timezone.make_aware(datetime.combine(date(self.year + n, 1, 1), time.min)) for n in (0, 1))
        return Activity.objects.filter(branch=self.branch, starts_at__gte=start, starts_at__lt=end)

    def held(self, *kinds: Kind) -> QuerySet[Activity]:
        """Confirmed records of the year, of these kinds or of all, by day."""
        found = self.of_year().filter(state__in=SEEN_BY_MEMBERS)
        if kinds:
            found = found.filter(kinds__kind__in=kinds).distinct()
        return found.order_by("starts_at", "pk")


def note(text: str) -> Paragraph:
    return Paragraph(text, small=True)


def nothing(book: Book, what: str) -> Paragraph:
    return Paragraph(f"{book.year}年度没有{what}记录。")


def not_yet(what: str) -> Paragraph:
    """Honest about what the system does not hold."""
    return Paragraph(f"本系统尚未启用{what}，请在此附纸质材料。")


def table(columns: Iterable[Column], rows: Iterable[tuple[Value, ...]], *, size: float = 12) -> Table:
    return Table(tuple(columns), tuple(rows), size=size)


def one(*blocks: Block, page: Page = RECORD) -> Iterator[Section]:
    """A part that is one run of pages."""
    yield Section(blocks, page)


def wide(*blocks: Block) -> Section:
    return Section(blocks, LANDSCAPE)
