"""The points of one member in one year, as the page shows them: every figure with what it is made of."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, Sum
from django.utils import timezone

from activities.choices import AttendanceStatus, Kind, MakeUpState, PlanState
from activities.models import SEEN_BY_MEMBERS, Attendance, PlanItem
from branches.models import User
from members.models import Member, month_of
from points.choices import EARNING, Category
from points.ledger import registry
from points.ledger.registry import Award
from points.ledger.rollups import Person, measured_posts, people_of, points_of_year
from points.ledger.standing import Place, place_in_branch
from points.models import Entry, MemberItem, MemberYear, RuleItem
from points.rulebook.book import RuleBook, YearRules
from points.rules import ZERO, Scheme, YearPoints, attendance_feed, remaining
from points.sources.attendance import waiting_awards

PER_PAGE = 30
SHORT = {Category.STU: "学习", Category.DUT: "义务", Category.POS: "岗位", Category.SVC: "服务"}


@dataclass(frozen=True)
class Line:
    """One line of the list; `url` empty where the reader may not open the record. `waiting`: not in the ledger yet."""

    title: str
    day: date
    rule: str
    points: Decimal
    url: str = ""
    waiting: bool = False
    reversal: bool = False


@dataclass(frozen=True)
class MonthOfLines:
    month: date
    total: Decimal
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Chance:
    title: str
    note: str
    points: Decimal
    days: int | None = None  # days left, where a term runs


@dataclass(frozen=True)
class CategoryBar:
    label: str
    points: Decimal
    cap: Decimal


@dataclass(frozen=True)
class Statement:
    member: Member
    year: int
    years: tuple[int, ...]
    is_running: bool
    result: YearPoints
    scheme: Scheme
    place: Place
    this_month: Decimal
    waiting: Decimal
    trend: tuple[tuple[str, Decimal], ...]
    months: tuple[MonthOfLines, ...]
    page: Page
    chances: tuple[Chance, ...]

    @property
    def bars(self) -> list[CategoryBar]:
        rows = [CategoryBar(str(c.label), self.result.categories[c].counted, self.scheme.caps[c]) for c in EARNING]
        return [*rows, CategoryBar(str(Category.HON.label), self.result.honours, self.scheme.caps[Category.HON])]

    @property
    def equation(self) -> list[tuple[str, str, Decimal]]:
        """(sign, name, amount) of every part, without the sum."""
        parts = [("+", SHORT.get(c, str(c.label)), self.result.categories[c].counted) for c in EARNING]
        return [
            ("", "基础分", self.result.base),
            *parts,
            ("+", "荣誉", self.result.honours),
            ("−", "扣分", self.result.deductions),
        ]

    @property
    def chart(self) -> list[list[Any]]:
        return [[label, float(points)] for label, points in self.trend]  # JSON for the picture; the table has Decimals

    @property
    def can_earn(self) -> Decimal:
        return sum((chance.points for chance in self.chances), ZERO)

    @property
    def is_empty(self) -> bool:
        return not self.page.paginator.count and not any(block.lines for block in self.months)


def statement(*, member: Member, year: int, page: str | None, reader: User, today: date) -> Statement:
    """Everything of the page in a fixed number of statements, whatever the number of entries."""
    book = RuleBook()
    person = people_of([member.pk])[member.pk]
    rules = book.of_year(person.hospital_id, year)
    post = measured_posts({member.pk: person}, year, book).get(member.pk, "")
    rows = MemberItem.objects.filter(member=member, year=year).values_list("rule_code", "points")
    result = points_of_year(dict(rows), person, year, rules, post)
    entries = Entry.objects.filter(member=member, month__range=(date(year, 1, 1), date(year, 12, 31)))
    by_month = dict(entries.order_by().values_list("month").annotate(Sum("points")))
    pages = Paginator(entries.select_related("rule").order_by("-month", "-happened_on", "-pk"), PER_PAGE)
    shown = pages.get_page(page)
    waits = waiting_awards(member, year, book)
    waiting = [award for awards in waits.values() for award in awards]
    running = year == today.year
    last = today.month if running else 12
    home = member.branch_id if running else _home(member, year)
    return Statement(
        member=member,
        year=year,
        years=_years(member, today),
        is_running=running,
        result=result,
        scheme=rules.scheme,
        place=place_in_branch(home, year, result.total, today),
        this_month=by_month.get(month_of(today), ZERO),
        waiting=sum((award.points for award in waiting), ZERO),
        trend=tuple((f"{n}月", by_month.get(date(year, n, 1), ZERO)) for n in range(1, last + 1)),
        months=_months(shown, waiting if shown.number == 1 else [], by_month, reader),
        page=shown,
        chances=_chances(member, person, result, rules, post, today) if running else (),
    )


def _home(member: Member, year: int) -> int:
    row = MemberYear.objects.filter(member=member, year=year).values_list("branch", flat=True).first()
    return row or member.branch_id


def _years(member: Member, today: date) -> tuple[int, ...]:
    known = MemberYear.objects.filter(member=member).values_list("year", flat=True)
    return tuple(sorted({today.year, *known}, reverse=True))


def _months(page: Page, waiting: list[Award], totals: Mapping[date, Decimal], reader: User) -> tuple[MonthOfLines, ...]:
    entries: list[Entry] = list(page.object_list)
    links = _links(entries, reader)
    lines = [
        Line(award.reason, award.happened_on, _rule(award.rule, award.points), award.points, waiting=True)
        for award in waiting
    ] + [
        Line(
            entry.reason,
            entry.happened_on,
            _rule(entry.rule, entry.points),
            entry.points,
            url=links.get((entry.source_kind, entry.source_id), ""),
            reversal=entry.reversal_of_id is not None,
        )
        for entry in entries
    ]
    lines.sort(key=lambda line: month_of(line.day), reverse=True)  # stable: waiting first, then as the ledger has them
    return tuple(
        MonthOfLines(month, totals.get(month, ZERO), tuple(block))
        for month, block in groupby(lines, key=lambda line: month_of(line.day))
    )


def _links(entries: list[Entry], reader: User) -> dict[tuple[str, int], str]:
    """Where the reader may open what these entries come from; a few statements for each kind of record."""
    kinds: dict[str, set[int]] = defaultdict(set)
    for entry in entries:
        kinds[entry.source_kind].add(entry.source_id)
    return {
        (kind, pk): url for kind, ids in kinds.items() for pk, url in registry.source(kind).links(ids, reader).items()
    }


def _rule(rule: RuleItem, points: Decimal) -> str:
    """A02参加主题党日，每次0.5分; the variant in brackets only where it explains the line."""
    text = rule.points_text.split("（")[0] if abs(points) == rule.points else rule.points_text
    return f"{rule.code}{rule.title}，{text}"


def _chances(
    member: Member, person: Person, result: YearPoints, rules: YearRules, post: str, today: date
) -> tuple[Chance, ...]:
    """What this month still offers: gatherings the branch owes, and absences that can be made up; within the caps."""
    found: list[tuple[str, str, str, int | None]] = []
    items = {item.feed: item for item in rules.items.values() if item.feed}
    kinds = [kind for kind in Kind if attendance_feed(kind) in items]
    missed = Attendance.objects.filter(
        member=member,
        made_up_on__isnull=True,
        status__in=[AttendanceStatus.LEAVE, AttendanceStatus.OFFICIAL],
        activity__state__in=SEEN_BY_MEMBERS,
        activity__kinds__kind__in=kinds,
    ).order_by("activity__starts_at")
    missed = missed.filter(make_up__state__in=[MakeUpState.OPEN, MakeUpState.REPORTED], make_up__due__gte=today)
    facts = ("activity__kinds__kind", "activity__topic", "activity__starts_at", "make_up__due")
    for kind, topic, starts_at, last in missed.values_list(*facts):
        day = timezone.localdate(starts_at)
        what = f"{day.month}月{day.day}日{Kind(kind).label}"
        note = f"{last.month}月{last.day}日前补课，按到会计分" + (f"：{topic}" if topic else "")
        found.append((kind, f"补课：{what}", note, (last - today).days))
    owed = PlanItem.objects.covering(today, today).filter(
        Q(group__isnull=True) | Q(group=member.group_id),
        branch=member.branch_id,
        kind__in=kinds,
        state__in=[PlanState.OPEN, PlanState.DRAFT],
    )
    for kind, due in owed.order_by("due", "kind").values_list("kind", "due"):
        code = items[attendance_feed(kind)].code
        found.append((kind, f"参加{Kind(kind).label}", f"{code}，支部{due.month}月{due.day}日前开展", None))
    has_groups = person.has_groups
    left: dict[str, Decimal | None] = {}
    room = {c: parts.cap - parts.counted for c, parts in result.categories.items() if parts.cap is not None}
    chances = []
    for kind, title, note, days in found:
        item = items[attendance_feed(kind)]
        if not item.value(has_groups, post):
            continue
        code = item.code
        so_far = result.items[code].counted if code in result.items else ZERO
        if code not in left:
            left[code] = remaining(item, so_far, has_groups=has_groups, post=post)
        limits = [value for value in (left[code], room.get(item.category)) if value is not None]
        points = max(ZERO, min([item.value(has_groups, post), *limits]))
        if left[code] is not None:
            left[code] -= points
        room[item.category] = room.get(item.category, points) - points
        chances.append(Chance(title, note if points else f"{note}；本年已达上限", points, days))
    return tuple(chances)
