"""The append-only ledger, and the roll-ups every page of points reads."""

from collections.abc import Collection
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from branches.models import Branch, BranchScopedQuerySet, User
from members.models import Member
from points.choices import Category
from points.models.rulebook import CENTS, RuleItem


class EntryQuerySet(BranchScopedQuerySet):
    def standing(self) -> Self:
        """Awards that no reversal undid."""
        return self.filter(reversal_of__isnull=True, reversal__isnull=True)

    def standing_of(self, source_kind: str, source_ids: Collection[int]) -> Self:
        return self.standing().filter(source_kind=source_kind, source_id__in=source_ids).order_by("pk")

    def own(self, user: User) -> Self:
        return self.filter(member__user=user)


class Entry(models.Model):
    """One line of the ledger. Append-only: a correction reverses and awards anew.

    `month` is the deed's and decides year and caps; `booked_in` is the month in which the row was written.
    """

    # Keys without an index of their own are the first column of one below.
    member = models.ForeignKey(Member, models.PROTECT, related_name="entries", db_index=False)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="entries", db_index=False)  # home on that day
    month = models.DateField()
    booked_in = models.DateField()
    happened_on = models.DateField("日期")
    points = models.DecimalField("分值", **CENTS)
    category = models.CharField(max_length=8, choices=Category)
    rule_code = models.CharField(max_length=8)
    rule = models.ForeignKey(RuleItem, models.PROTECT, related_name="+")
    reason = models.CharField("事由", max_length=120)
    source_kind = models.CharField(max_length=32)
    source_id = models.BigIntegerField()
    source_revision = models.PositiveSmallIntegerField()
    reversal_of = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversal")
    lifted_by = models.ForeignKey(
        "points.Objection", models.PROTECT, null=True, related_name="+"
    )  # on a reversal: the upheld objection that forbids to award it again
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "积分明细"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source_kind", "source_id", "source_revision", "member", "rule_code"],
                condition=Q(reversal_of__isnull=True),
                name="entry_award_once",
            ),
            models.CheckConstraint(condition=Q(category__in=Category.values), name="entry_category_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["member", "month", "id"], include=["points"], name="entry_member_month"),
            models.Index(fields=["branch", "month"], include=["points"], name="entry_branch_month"),
            models.Index(fields=["source_kind", "source_id"], name="entry_source"),
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.rule_code} {self.points:+}"


class MemberItem(models.Model):
    """Roll-up of the ledger: member × year × rule item, before caps."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    year = models.PositiveSmallIntegerField()
    rule_code = models.CharField(max_length=8)
    category = models.CharField(max_length=8, choices=Category)
    points = models.DecimalField(default=0, **CENTS)
    n = models.PositiveIntegerField(default=0)  # standing awards

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "year", "rule_code"], name="member_item_once")
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.year} {self.rule_code}"


class MemberYearQuerySet(BranchScopedQuerySet):
    branch_paths = ("branch",)


class MemberYear(models.Model):
    """The year of a member after caps and scaling; follows from MemberItem in the same transaction."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="years", db_index=False)
    year = models.PositiveSmallIntegerField()
    # Home branch at the end of the year; of today, in the current one.
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", db_index=False)
    organisational = models.DecimalField(default=0, **CENTS)
    study = models.DecimalField(default=0, **CENTS)
    duties = models.DecimalField(default=0, **CENTS)
    position = models.DecimalField(default=0, **CENTS)
    service = models.DecimalField(default=0, **CENTS)
    honours = models.DecimalField(default=0, **CENTS)
    deductions = models.DecimalField(default=0, **CENTS)
    total = models.DecimalField(default=60, **CENTS)

    objects = MemberYearQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["member", "year"], name="member_year_once")]
        indexes: ClassVar = [models.Index(fields=["branch", "year", "-total"], name="member_year_rank")]

    def __str__(self) -> str:
        return f"{self.member} {self.year} {self.total}"


class PointsMonth(models.Model):
    """Roll-up of the ledger: branch × month."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()
    plus = models.DecimalField(default=0, **CENTS)
    minus = models.DecimalField(default=0, **CENTS)  # stored as a positive number
    n = models.IntegerField(default=0)  # standing awards; signed, since it is added to with a negative number

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["branch", "month"], name="points_month_once")]

    def __str__(self) -> str:
        return f"{self.branch} {self.month:%Y-%m}"
