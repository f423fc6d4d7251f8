"""The page of one member's points: the year, its parts, its lines, what is pending, and what can still be earned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, Sum

from branches.access import may
from branches.choices import Capability
from branches.models import User
from members.models import Member
from points.choices import CAPPED, Category
from points.cycle.contesting import open_to_objection
from points.models.ledger import EntryQuerySet
from points.rulebook.book import RuleBook
from points.sources.attendance import waiting_awards
from points.statement import doors
from points.statement.chances import Chances, chances_of
from points.statement.lines import MonthOfLines, entry_lines, months_of, waiting_lines
from points.statement.parts import Composite, Part, composite_of, parts_of
from points.statement.pending import Pending, pending_of
from points.statement.rules import is_discipline
from points.statement.year import OwnYear, entries_of, own_year, years_of

PER_PAGE = 30


@dataclass(frozen=True)
class Summary:
    """What a panel of a home page shows."""

    own: OwnYear
    waiting: Decimal
    pending: Pending
    chances: Chances


@dataclass(frozen=True)
class Statement(Summary):
    """Everything of the page. `chosen`: what the list of entries is narrowed to, in words; "" for all of them."""

    years: tuple[int, ...]
    parts: tuple[Part, ...]
    composite: Composite | None
    months: tuple[MonthOfLines, ...]
    page: Page
    chosen: str
    claim_url: str

    @property
    def is_empty(self) -> bool:
        return not self.page.paginator.count and not any(block.lines for block in self.months)


def summary(*, member: Member, year: int, today: date) -> Summary:
    """One's own year for a home page; no entry is read but their sums by month."""
    book = RuleBook()
    own = own_year(member, year, today, book)
    awards = [award for found in waiting_awards(member, year, book).values() for award in found]
    pending = pending_of(member, year, today, reader=member.user, sees_discipline=True)
    waiting = sum((award.points for award in awards), pending.to_gain)
    return Summary(own, waiting, pending, chances_of(own, is_own=True))


def statement(
    *,
    member: Member,
    year: int,
    reader: User,
    today: date,
    page: str | None = None,
    only: Mapping[str, Any] | None = None,
) -> Statement:
    """Everything of the page in a fixed number of statements, whatever the number of entries.

    `only`: the query string's item=… or category=…, what the list of entries is narrowed to.
    """
    book = RuleBook()
    is_own = member.user_id == reader.pk
    sees_discipline = is_own or may(reader, Capability.DISCIPLINE_VIEW, member)
    own = own_year(member, year, today, book)
    awards = [award for found in waiting_awards(member, year, book).values() for award in found]
    pending = pending_of(member, year, today, reader=reader, sees_discipline=sees_discipline)
    entries, chosen = _narrowed(own, only or {}, sees_discipline)
    totals = own.by_month if not chosen else dict(entries.order_by().values_list("month").annotate(Sum("points")))
    pages = Paginator(_for_lines(entries), PER_PAGE)
    shown = pages.get_page(page)
    rows = list(shown.object_list)
    objects = is_own and may(reader, Capability.POINTS_PUBLISHED_VIEW)
    open_ones = open_to_objection([row.pk for row in rows], today) if objects else set()
    urls = {pk: doors.new_objection(entry=pk) for pk in open_ones}
    lines = entry_lines(rows, reader, sees_discipline=sees_discipline, object_urls=urls)
    if shown.number == 1 and not chosen:
        lines = waiting_lines(awards) + lines
    return Statement(
        own=own,
        waiting=sum((award.points for award in awards), pending.to_gain),
        pending=pending,
        chances=chances_of(own, is_own=is_own),
        years=tuple(years_of(member, today)),
        parts=tuple(parts_of(own, sees_discipline=sees_discipline)),
        composite=composite_of(own) if is_own or _assesses(reader, member) else None,
        months=months_of(lines, totals),
        page=shown,
        chosen=chosen,
        claim_url=doors.new_claim() if is_own and own.is_running and not own.exempt and member.left_on is None else "",
    )


def _narrowed(own: OwnYear, only: Mapping[str, Any], sees_discipline: bool) -> tuple[EntryQuerySet, str]:
    """The entries asked for and the words for it; a veto carries no points and is for those who see discipline."""
    entries = entries_of(own.member, own.year)
    if not sees_discipline:
        entries = entries.exclude(category=Category.VETO)
    code, category = only.get("item", ""), only.get("category", "")
    if code in own.rules.items and (sees_discipline or not is_discipline(own.rules.items[code])):
        return entries.filter(rule_code=code), f"{code}{own.rules.items[code].title}"
    if category in (*CAPPED, Category.DED):
        return entries.filter(category=category), str(Category(category).label)
    return entries, ""


def _for_lines(entries: EntryQuerySet) -> EntryQuerySet:
    marked = entries.annotate(undone=F("reversal__pk"), corrected=F("reversal_of__points"))
    return marked.select_related("rule").order_by("-month", "-happened_on", "-pk")


def _assesses(reader: User, member: Member) -> bool:
    """Counts of a poll stay with the member and with those who give the grades."""
    return may(reader, Capability.ASSESSMENT_WRITE, member) or may(reader, Capability.ASSESSMENT_CONFIRM, member)
