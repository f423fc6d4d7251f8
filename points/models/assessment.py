"""The year's end: results of the democratic appraisal, and the grade each member was given."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from branches.models import Branch, BranchScopedQuerySet, User
from members.models import Member
from points.choices import AssessmentState, Grade
from points.models.rulebook import CENTS


class AppraisalResult(models.Model):
    """The poll on one member in the yearly democratic appraisal: counts alone, never who voted what."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="appraisals")
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    excellent = models.PositiveSmallIntegerField("优秀", default=0)
    qualified = models.PositiveSmallIntegerField("合格", default=0)
    basically_qualified = models.PositiveSmallIntegerField("基本合格", default=0)
    unqualified = models.PositiveSmallIntegerField("不合格", default=0)
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "民主测评结果"
        constraints: ClassVar = [models.UniqueConstraint(fields=["member", "year"], name="appraisal_result_once")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.year}"


class Assessment(models.Model):
    """The yearly assessment of a branch's members: proposed by the branch, confirmed by the committee, then frozen."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="assessments")
    year = models.PositiveSmallIntegerField()
    state = models.CharField("状态", max_length=16, choices=AssessmentState, default=AssessmentState.OPEN)
    cap_reason = models.CharField("优秀超出比例的说明", max_length=300, blank=True, default="")
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    meeting = models.CharField("审定会议或文号", max_length=120, blank=True, default="")
    return_comment = models.CharField("退回意见", max_length=300, blank=True, default="")
    points_locked = models.BooleanField(default=False)  # were the points of the year locked when it was confirmed
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "年度考核"
        ordering: ClassVar = ["-year", "branch"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["branch", "year"], name="assessment_once"),
            models.CheckConstraint(condition=Q(state__in=AssessmentState.values), name="assessment_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.branch}{self.year}年度考核"


class AssessmentLine(models.Model):
    """One member of an assessment: what the figures suggest, and the grade people gave.

    While the assessment is open the figures are worked out anew each time; proposing writes them down here.
    """

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="lines")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    name = models.CharField(max_length=30)  # as of the day
    year_points = models.DecimalField(null=True, **CENTS)  # null: exempt from points
    index = models.DecimalField("测评指数", null=True, **CENTS)
    composite = models.DecimalField("综合得分", null=True, **CENTS)
    limit = models.CharField("否决限制", max_length=24, choices=Grade, blank=True, default="")  # best grade allowed
    vetoes = models.JSONField(default=list)  # codes of the items
    suggested = models.CharField(max_length=24, choices=Grade, blank=True, default="")
    grade = models.CharField("等次", max_length=24, choices=Grade, blank=True, default="")  # "": not graded
    reason = models.CharField("调整理由", max_length=300, blank=True, default="")  # where grade and suggestion differ
    ungraded = models.CharField("不定等次原因", max_length=60, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["assessment", "member"], name="assessment_line_once"),
            models.CheckConstraint(
                condition=Q(grade__in=["", *Grade.values], suggested__in=["", *Grade.values]),
                name="assessment_line_grades_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.grade}"
