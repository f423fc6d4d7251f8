"""The points of a branch's members (of all branches one may see) in one year: what the table and its workbook show."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import Avg, Q, QuerySet, Sum
from django.http import Http404
from django.utils.functional import cached_property

from branches.choices import Capability
from branches.models import Branch, User
from members.models import Member, month_of
from points.ledger.standing import members_of_year, with_year
from points.models import Entry
from points.rules import ZERO, round_half_up

PER_PAGE = 30
SORTS: Final[Mapping[str, tuple[str, ...]]] = {
    "-total": ("-total", "user__search_keys", "pk"),
    "total": ("total", "user__search_keys", "pk"),
    "name": ("user__search_keys", "pk"),
}


class BranchPoints:
    """`params` is the query string: branch, q, sort, page. A branch out of reach answers 404."""

    def __init__(self, reader: User, params: Mapping[str, Any], year: int, today: date) -> None:
        self.reader, self.params, self.year, self.today = reader, params, year, today
        nodes = Branch.objects.visible_to(reader, Capability.POINTS_VIEW).branches()
        self.branches: list[Branch] = list(nodes)
        self.branch = self._chosen(params.get("branch", ""))
        self.query = str(params.get("q", "")).strip()[:30]
        self.sort = params.get("sort", "") if params.get("sort", "") in SORTS else "-total"

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
    def years(self) -> list[int]:
        return [self.today.year, self.today.year - 1]

    @cached_property
    def everyone(self) -> QuerySet[Member]:
        ids = [self.branch.pk] if self.branch else [branch.pk for branch in self.branches]
        return with_year(members_of_year(ids, self.year, self.today), self.year)

    @cached_property
    def found(self) -> QuerySet[Member]:
        rows = self.everyone.select_related("user", "branch", "group")
        if self.query:
            rows = rows.filter(Q(user__name__icontains=self.query) | Q(user__search_keys__icontains=self.query))
        return rows.order_by(*SORTS[self.sort])

    @cached_property
    def page(self) -> Any:
        page = Paginator(self.found, PER_PAGE).get_page(self.params.get("page"))
        page.object_list = self.rows(page.object_list)
        return page

    def rows(self, members: QuerySet[Member]) -> list[Member]:
        """Members with `place`, `this_month` and `is_mine` (may the reader open the person's own page) set."""
        found = list(members)
        ids = [member.pk for member in found]
        months = Entry.objects.filter(member__in=ids, month=month_of(self.today)).order_by().values_list("member")
        this_month = dict(months.annotate(Sum("points")))
        mine = Member.objects.visible_to(self.reader, Capability.POINTS_VIEW).filter(pk__in=ids)
        open_to_me = set(mine.values_list("pk", flat=True))
        ranked = sorted(self.everyone.values_list("total", flat=True)) if self.branch else []
        for member in found:
            member.place = len(ranked) - bisect_right(ranked, member.total) + 1 if self.branch else None
            member.this_month = this_month.get(member.pk, ZERO)
            member.is_mine = member.pk in open_to_me
        return found

    @cached_property
    def average(self) -> Decimal | None:
        value = self.everyone.aggregate(value=Avg("total"))["value"]
        return None if value is None else round_half_up(Decimal(value))
