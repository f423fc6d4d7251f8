"""Hours of a branch's members (of all branches one may see) in one year: what the table and its workbook show."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import (
    BooleanField,
    Case,
    DecimalField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils.functional import cached_property

from activities.attendance.hours import counted
from activities.attendance.rules import MEMBER_HOURS, OFFICER_HOURS
from branches.choices import COMMITTEE_ROLES, Capability
from branches.models import Appointment, Branch, User
from config.documents.content import RECORD, Column, Document, Heading, Line, Table
from members.models import Member

PER_PAGE: Final = 30
EXPORT_LIMIT: Final = 5000
SORTS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("branch__path", "user__search_keys", "pk"),
    "hours": ("hours_of_year", "user__search_keys", "pk"),
    "-hours": ("-hours_of_year", "user__search_keys", "pk"),
}
HOURS: Final = DecimalField(max_digits=7, decimal_places=1)


class HoursTable:
    """`params` is the query string: branch, q, below, sort, page. A branch out of reach answers 404."""

    def __init__(self, reader: User, params: Mapping[str, Any], year: int, today: date) -> None:
        self.reader, self.params, self.year, self.today = reader, params, year, today
        nodes = Branch.objects.visible_to(reader, Capability.ACTIVITY_VIEW).branches()
        people = Member.objects.visible_to(reader, Capability.ROSTER_VIEW)
        self.people: QuerySet[Member] = people.filter(branch__in=nodes.values("pk")).current()
        self.branches: list[Branch] = list(Branch.objects.filter(pk__in=self.people.values("branch")))
        self.branch = self._chosen(str(params.get("branch", "")))
        self.query = str(params.get("q", "")).strip()[:30]
        self.below = params.get("below") == "1"
        self.sort = params.get("sort", "") if params.get("sort", "") in SORTS else "name"

    def _chosen(self, asked: str) -> Branch | None:
        if asked:
            found = [branch for branch in self.branches if str(branch.pk) == asked]
            if not found:
                raise Http404
            return found[0]
        return self.branches[0] if len(self.branches) == 1 else None

    @cached_property
    def everyone(self) -> QuerySet[Member]:
        """Members on the roll today, with `hours_of_year`, `is_officer` and `target`."""
        rows = self.people.filter(branch=self.branch) if self.branch else self.people
        last = min(self.today, date(self.year, 12, 31))
        days = (date(self.year, 1, 1), date(self.year, 12, 31))
        entries = counted().filter(member=OuterRef("pk"), studied_on__range=days).order_by()
        total = entries.values("member").annotate(total=Sum("hours")).values("total")
        posts = Appointment.objects.current(last).filter(user=OuterRef("user"), role__in=COMMITTEE_ROLES)
        return rows.annotate(
            hours_of_year=Coalesce(Subquery(total, output_field=HOURS), Value(Decimal(0), HOURS), output_field=HOURS),
            is_officer=Exists(posts),
        ).annotate(
            target=Case(
                When(is_officer=Value(True, BooleanField()), then=Value(OFFICER_HOURS, HOURS)),
                default=Value(MEMBER_HOURS, HOURS),
                output_field=HOURS,
            )
        )

    @cached_property
    def found(self) -> QuerySet[Member]:
        rows = self.everyone.select_related("user", "branch", "group")
        if self.query:
            rows = rows.filter(Q(user__name__icontains=self.query) | Q(user__search_keys__icontains=self.query))
        if self.below:
            rows = rows.filter(hours_of_year__lt=F("target"))
        return rows.order_by(*SORTS[self.sort])

    @cached_property
    def page(self) -> Any:
        return Paginator(self.found, PER_PAGE).get_page(self.params.get("page"))

    @cached_property
    def reached(self) -> int:
        return self.everyone.filter(hours_of_year__gte=F("target")).count()

    @cached_property
    def total(self) -> int:
        return self.everyone.order_by().count()

    @property
    def title(self) -> str:
        return f"{self.branch.name if self.branch else '党员'}{self.year}年学时"

    def document(self) -> Document:
        """All rows of the table, whatever its page."""
        columns = (
            Column("党支部", 36),
            Column("党小组", 24),
            Column("姓名", 20),
            Column("应达学时", 16, "center"),
            Column("已达学时", 16, "center", places=1),
            Column("达标", 12, "center"),
        )
        rows = tuple(
            (
                one.branch.name,
                one.group.name if one.group else "",
                one.user.name,
                int(one.target),
                one.hours_of_year,
                "是" if one.hours_of_year >= one.target else "否",
            )
            for one in self.found[:EXPORT_LIMIT]
        )
        day = self.today
        return Document.of(
            self.title,
            Heading(self.title, 0),
            Line((f"截至{day.year}年{day.month}月{day.day}日", f"达标{self.reached}/{self.total}人")),
            Table(columns, rows, "学时", size=10, empty="没有符合条件的党员"),
            page=RECORD,
        )
