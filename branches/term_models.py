"""Terms of office: which committee of a node sits from when to when.

Re-exported by branches.models; read through the node, which is in the scope of its reader.
"""

from datetime import date
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q


class TermQuerySet(models.QuerySet):
    def current(self, day: date) -> Self:
        """The newest term of each node that had begun on `day`, run out or not: until the next election it stays."""
        newest = models.OuterRef("branch")
        begun = self.model._default_manager.filter(branch=newest, starts_on__lte=day).order_by("-starts_on")
        return self.filter(pk=models.Subquery(begun.values("pk")[:1]))


class Term(models.Model):
    """One term of office (届) of a branch, general branch or committee; `ends_on` is its last day."""

    branch = models.ForeignKey("branches.Branch", models.PROTECT, related_name="terms", verbose_name="党组织")
    number = models.PositiveSmallIntegerField("届次")
    starts_on = models.DateField("任期开始")
    ends_on = models.DateField("任期届满")
    document = models.CharField("批复文号", max_length=100, blank=True, default="")
    extended_to = models.DateField("延期至", null=True, blank=True)
    extension_document = models.CharField("延期批准文号", max_length=100, blank=True, default="")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TermQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "届次"
        ordering: ClassVar = ["-starts_on"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["branch", "number"], name="term_once", violation_error_message="这一届已经登记。"
            ),
            models.UniqueConstraint(
                fields=["branch", "starts_on"],
                name="term_start_once",
                violation_error_message="这一天已有一届开始。",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")),
                name="term_ends_after_start",
                violation_error_message="届满日期应晚于开始日期。",
            ),
            models.CheckConstraint(
                condition=Q(extended_to__isnull=True) | Q(extended_to__gt=F("ends_on")),
                name="term_extended_beyond_its_end",
                violation_error_message="延期后的日期应晚于届满日期。",
            ),
        ]

    def __str__(self) -> str:
        return f"第{self.number}届"

    @property
    def due(self) -> date:
        """The day by which the next election is to be held: the end, or the approved later one."""
        return self.extended_to or self.ends_on
