"""What became of months, quarters and years; the frozen copies that were published; the nightly proof of the sums."""

from datetime import date
from typing import ClassVar, Self

from django.db import models
from django.db.models import OuterRef, Q, Subquery

from branches.models import Branch, BranchScopedQuerySet, User
from points.choices import PeriodKind, PeriodState


class PeriodClose(models.Model):
    """What became of one month, quarter or year of a branch; no row means it was never closed.

    Closing changes no number. A quarter or year that was opened again keeps its row, with the reason.
    """

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="periods")
    kind = models.CharField(max_length=8, choices=PeriodKind)
    start = models.DateField()  # its first day
    state = models.CharField("状态", max_length=16, choices=PeriodState, default=PeriodState.OPEN)
    reason = models.CharField("重新开放原因", max_length=200, blank=True, default="")
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # null: by the calendar
    changed_at = models.DateTimeField(auto_now=True)

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "期间"
        ordering: ClassVar = ["start", "kind"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["branch", "kind", "start"], name="period_close_once"),
            models.CheckConstraint(condition=Q(kind__in=PeriodKind.values), name="period_close_kind_known"),
            models.CheckConstraint(condition=Q(state__in=PeriodState.values), name="period_close_state_known"),
        ]

    def __str__(self) -> str:
        months = {PeriodKind.MONTH: f"{self.start.month}月", PeriodKind.QUARTER: f"{_quarter(self.start)}季度"}
        return f"{self.branch}{self.start.year}年{months.get(PeriodKind(self.kind), '')}"


class PublicationQuerySet(BranchScopedQuerySet):
    def with_newest(self) -> Self:
        """Adds `newest`: the number of the last publication of the same quarter, which replaced the earlier ones."""
        same = Publication.objects.filter(branch=OuterRef("branch"), quarter=OuterRef("quarter"))
        return self.annotate(newest=Subquery(same.order_by("-number").values("number")[:1]))


class Publication(models.Model):
    """The table of a quarter as it was displayed (晾晒): a frozen copy. Append-only; published again is a new row.

    `table`: {"rows": [{"member", "name", "group", categories …, "total", "year"}], "late": […]}; no reason of a
    medical or disciplinary nature is in it.
    """

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="publications")
    quarter = models.DateField()  # its first day
    number = models.PositiveSmallIntegerField(default=1)
    published_on = models.DateField()
    objections_until = models.DateField()
    answers_until = models.DateField()
    appeals_until = models.DateField()
    table = models.JSONField()
    digest = models.CharField(max_length=64)  # SHA-256 of the table
    published_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PublicationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "积分晾晒"
        ordering: ClassVar = ["-quarter", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["branch", "quarter", "number"], name="publication_once")
        ]

    def __str__(self) -> str:
        return f"{self.branch}{self.quarter.year}年{_quarter(self.quarter)}季度"


def _quarter(day: date) -> str:
    return f"第{'一二三四'[(day.month - 1) // 3]}"


class LedgerCheck(models.Model):
    """One nightly comparison of the sums with the ledger; differences are an alarm on the committee's page."""

    year = models.PositiveSmallIntegerField()
    checked_at = models.DateTimeField(auto_now_add=True)
    differences = models.PositiveIntegerField(default=0)
    lines = models.JSONField(default=list)  # the first ones; keys, never names

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.year} {self.differences}"
