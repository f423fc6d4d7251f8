"""The points of a branch's members (of all branches one may see) in one year: what the table and its workbook show."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import Avg, Count, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils.functional import cached_property

from branches.choices import BranchLevel, Capability
from branches.models import Branch, User
from members.models import Member, month_of
from points.choices import EARNING, Category, ClaimState
from points.ledger.rollups import CATEGORY_FIELDS
from points.ledger.standing import PARTS, bases_of, exempt, members_of_year, not_rated, with_year
from points.models import Claim, Entry, MemberItem, PointsMonth
from points.rulebook.book import RuleBook, YearRules
from points.rules import ZERO, round_half_up

PER_PAGE = 30
EXEMPT, UNRATED, ANNOUNCED = "exempt", "unrated", "announced"
STATES: Final = {EXEMPT: "不参加积分", UNRATED: "在册不足3个月", ANNOUNCED: "有待入账的扣分"}
BY_NAME: Final = ("user__search_keys", "pk")


@dataclass(frozen=True)
class Column:
    """One part of the year: where it is kept, its words, and the most it may be; None where nothing limits it, or
    the branches of the table differ."""

    field: str
    label: str
    short: str
    cap: Decimal | None

    @property
    def key(self) -> str:
        return f"-{self.field}"


SHORT: Final = {Category.STU: "学习", Category.DUT: "义务", Category.POS: "岗位", Category.SVC: "服务"}


class BranchPoints:
    """`params` is the query string: branch, group, state, q, sort, page. A branch out of reach answers 404."""

    def __init__(self, reader: User, params: Mapping[str, Any], year: int, today: date) -> None:
        self.reader, self.params, self.year, self.today = reader, params, year, today
        nodes = Branch.objects.visible_to(reader, Capability.POINTS_VIEW).branches()
        self.branches: list[Branch] = list(nodes)
        self.branch = self._chosen(params.get("branch", ""))
        self.query = str(params.get("q", "")).strip()[:30]
        self.sort = params.get("sort", "") if params.get("sort", "") in self.sorts else "-total"
        self.state = params.get("state", "") if params.get("state", "") in STATES else ""
        self.group = next((one for one in self.groups if str(one.pk) == params.get("group", "")), None)
        self.book = RuleBook()

    def _chosen(self, asked: str) -> Branch | None:
        """The branch asked for; the only one there is; None stands for all."""
        if asked:
            found = [branch for branch in self.branches if str(branch.pk) == asked]
            if not found:
                raise Http404
            return found[0]
        return self.branches[0] if len(self.branches) == 1 else None

    @property
    def is_running(self) -> bool:
        return self.year == self.today.year

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query or self.state or self.group)

    @cached_property
    def chosen(self) -> list[Branch]:
        return [self.branch] if self.branch else self.branches

    @cached_property
    def groups(self) -> list[Branch]:
        """Groups of the branch, while there is one; of an earlier year nobody knows who was in which."""
        if self.branch is None or not self.is_running:
            return []
        below = Branch.objects.within([self.branch.path]).filter(level=BranchLevel.GROUP).open_on(self.today)
        return list(below.order_by("path"))

    @cached_property
    def years(self) -> list[int]:
        """From the first one with points of these branches to this one; the newest first."""
        months = PointsMonth.objects.filter(branch__in=self.chosen)
        first = months.aggregate(first=Min("month"))["first"]
        known = range(self.today.year, (first.year if first else self.today.year) - 1, -1)
        return sorted({self.year, *known}, reverse=True)

    @cached_property
    def rules(self) -> YearRules | None:
        """Of the year, where all branches of the table follow the same ones."""
        hospitals = {branch.hospital_id for branch in self.chosen}
        return self.book.of_year(hospitals.pop(), self.year) if len(hospitals) == 1 else None

    @cached_property
    def columns(self) -> list[Column]:
        caps = self.rules.scheme.caps if self.rules else {}
        found = [Column(CATEGORY_FIELDS[c], str(c.label), SHORT.get(c, str(c.label)), caps.get(c)) for c in EARNING]
        return [
            *found,
            Column("honours", "荣誉", "荣誉", caps.get(Category.HON)),
            Column("deductions", "扣分", "扣分", None),
        ]

    @property
    def sorts(self) -> dict[str, tuple[str, ...]]:
        parts = {f"-{field}": (f"-part_{field}", *BY_NAME) for field in PARTS}
        return {"-total": ("-total", *BY_NAME), "total": ("total", *BY_NAME), "name": BY_NAME, **parts}

    @cached_property
    def bases(self) -> Mapping[int | None, Decimal]:
        return bases_of({branch.hospital_id for branch in self.chosen}, self.year, self.book)

    @cached_property
    def unrated(self) -> set[int]:
        return not_rated(self._members, self.year)

    @cached_property
    def _members(self) -> QuerySet[Member]:
        return members_of_year([branch.pk for branch in self.chosen], self.year, self.today)

    @cached_property
    def everyone(self) -> QuerySet[Member]:
        """With `total` and the parts, `is_exempt`, and how many deductions are announced."""
        waiting = Claim.objects.filter(
            member=OuterRef("pk"), state=ClaimState.ANNOUNCED, category=Category.DED, month__year=self.year
        )
        counted = waiting.order_by().values("member").annotate(n=Count("pk")).values("n")
        rows = with_year(self._members, self.year, self.bases)
        return rows.annotate(
            is_exempt=exempt(self.year, self.today),
            announced=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
        )

    @cached_property
    def ranked(self) -> QuerySet[Member]:
        """Those with a place: who takes part, and was here long enough to be rated."""
        rows = with_year(self._members, self.year, self.bases)
        return rows.exclude(exempt(self.year, self.today)).exclude(pk__in=self.unrated)

    @cached_property
    def found(self) -> QuerySet[Member]:
        rows = self.everyone.select_related("user", "group")
        if self.query:
            rows = rows.filter(Q(user__name__icontains=self.query) | Q(user__search_keys__icontains=self.query))
        if self.group:
            rows = rows.filter(group=self.group)
        if self.state == EXEMPT:
            rows = rows.filter(is_exempt=True)
        elif self.state == UNRATED:
            rows = rows.filter(pk__in=self.unrated)
        elif self.state == ANNOUNCED:
            rows = rows.filter(announced__gt=0)
        return rows.order_by(*self.sorts[self.sort])

    @cached_property
    def page(self) -> Any:
        page = Paginator(self.found, PER_PAGE).get_page(self.params.get("page"))
        page.object_list = self.rows(page.object_list)
        return page

    def rows(self, members: QuerySet[Member]) -> list[Member]:
        """Members with `home`, `place`, `this_month`, `parts`, `is_unrated`, `is_ranked` and `is_mine` (may the reader
        open the person's page) set. Of the ledger it reads one month of the people shown, by their index."""
        found = list(members)
        ids = [member.pk for member in found]
        months = Entry.objects.filter(member__in=ids, month=month_of(self.today)).order_by().values_list("member")
        this_month = dict(months.annotate(Sum("points")))
        mine = Member.objects.visible_to(self.reader, Capability.POINTS_VIEW).filter(pk__in=ids)
        open_to_me = set(mine.values_list("pk", flat=True))
        ranked = sorted(self.ranked.values_list("total", flat=True)) if self.branch else []
        for member in found:
            member.home = self.home_of(member)
            member.is_unrated = member.pk in self.unrated
            member.is_ranked = not member.is_exempt and not member.is_unrated
            has_place = self.branch and member.is_ranked
            member.place = len(ranked) - bisect_right(ranked, member.total) + 1 if has_place else None
            member.this_month = this_month.get(member.pk, ZERO)
            member.parts = [(column, getattr(member, f"part_{column.field}")) for column in self.columns]
            member.is_mine = member.pk in open_to_me
        return found

    def home_of(self, member: Member) -> Branch:
        """The branch of the table whose roll the member is on: of an earlier year, at its end."""
        return self._homes[member.home_id]

    @cached_property
    def _homes(self) -> dict[int, Branch]:
        return {branch.pk: branch for branch in self.chosen}

    @cached_property
    def average(self) -> Decimal | None:
        """Of those who have a place."""
        value = self.ranked.aggregate(value=Avg("total"))["value"]
        return None if value is None else round_half_up(Decimal(value))

    def items_of(self, members: list[Member]) -> dict[int, dict[str, Decimal]]:
        """What each of them was awarded by item, before caps. One statement."""
        found: dict[int, dict[str, Decimal]] = {}
        rows = MemberItem.objects.filter(member__in=[member.pk for member in members], year=self.year)
        for member, code, points in rows.values_list("member_id", "rule_code", "points"):
            found.setdefault(member, {})[code] = points
        return found
