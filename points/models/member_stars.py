"""Stars of members: what a hospital asks for, and the stars of a branch and year with their frozen figures."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from branches.models import Branch, BranchScopedQuerySet, User
from members.models import Member
from points.choices import AssessmentState, Grade
from points.models.rulebook import CENTS


def default_deeds() -> list[str]:
    return ["D01", "D02"]


class MemberStarSchemeQuerySet(BranchScopedQuerySet):
    branch_paths = ("hospital",)


class MemberStarScheme(models.Model):
    """Thresholds and caps for the stars of a year and later ones. `hospital` null: the default of this product.

    Points stand in hundreds; a house that counts in thousands is measured in its own scale.
    """

    hospital = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="+", verbose_name="党委")
    valid_from = models.PositiveSmallIntegerField("生效年度")
    basis = models.CharField("依据", max_length=120, blank=True, default="")
    five_from = models.DecimalField("五星积分线", default=95, **CENTS)
    four_from = models.DecimalField("四星积分线", default=85, **CENTS)
    three_from = models.DecimalField("三星积分线", default=75, **CENTS)
    two_from = models.DecimalField("二星积分线", default=60, **CENTS)
    five_share = models.DecimalField("五星比例（%）", default=20, max_digits=5, decimal_places=2)
    four_share = models.DecimalField("四星以上比例（%）", default=50, max_digits=5, decimal_places=2)
    least_rated = models.PositiveSmallIntegerField("单独计算名额的最少人数", default=5)
    worst = models.DecimalField("五星允许的最大单项扣分", default=3, **CENTS)
    deeds = models.JSONField("五星认可的项目", default=default_deeds, blank=True)  # codes, beside all honours
    set_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = MemberStarSchemeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "党员评星办法"
        ordering: ClassVar = ["-valid_from"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hospital", "valid_from"],
                name="member_star_scheme_once",
                violation_error_message="这个年度已有一版评星办法。",
            ),
            models.UniqueConstraint(
                fields=["valid_from"], condition=Q(hospital__isnull=True), name="member_star_scheme_default_once"
            ),
            models.CheckConstraint(
                condition=Q(five_from__gt=F("four_from"), four_from__gt=F("three_from"), three_from__gt=F("two_from")),
                name="member_star_thresholds_descend",
                violation_error_message="五星至二星的积分线应依次降低。",
            ),
            models.CheckConstraint(
                condition=Q(five_share__gte=0, five_share__lte=F("four_share"), four_share__lte=100),
                name="member_star_shares_sound",
                violation_error_message="五星比例不能大于四星以上比例，四星以上比例不能大于100%%。",
            ),
            models.CheckConstraint(
                condition=Q(two_from__gt=0, worst__gte=0, least_rated__gte=1), name="member_star_figures_sound"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.valid_from}年起的党员评星办法"


class MemberStarSheet(models.Model):
    """The stars of a branch and year: proposed by the branch, confirmed by the committee, then frozen. No row: preview.

    `assessed_at`: when the assessment was confirmed whose grades these stars rest on. `pool`: the places as they were
    when it was confirmed.
    """

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="member_star_sheets")
    year = models.PositiveSmallIntegerField()
    state = models.CharField("状态", max_length=16, choices=AssessmentState, default=AssessmentState.OPEN)
    scheme = models.ForeignKey(MemberStarScheme, models.PROTECT, null=True, related_name="+")
    assessed_at = models.DateTimeField(null=True)
    pool = models.JSONField(default=dict)
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    meeting = models.CharField("审定会议或文号", max_length=120, blank=True, default="")
    return_comment = models.CharField("退回意见", max_length=300, blank=True, default="")
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "党员评星"
        ordering: ClassVar = ["-year", "branch"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["branch", "year"], name="member_star_sheet_once"),
            models.CheckConstraint(condition=Q(state__in=AssessmentState.values), name="member_star_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.branch}{self.year}年度党员评星"


class MemberStar(models.Model):
    """One member of a sheet. While it is open there is a row only where people said something (`given`, `left_out`);
    proposing writes the figures of everybody."""

    sheet = models.ForeignKey(MemberStarSheet, models.PROTECT, related_name="lines")
    member = models.ForeignKey(Member, models.PROTECT, related_name="stars")
    name = models.CharField(max_length=30)  # as of the day
    stars = models.PositiveSmallIntegerField("星级", null=True)  # null: none, `unrated` says why
    reached = models.PositiveSmallIntegerField(default=1)  # by the own figures, before the caps
    cut_from = models.PositiveSmallIntegerField(null=True)
    year_points = models.DecimalField("年度积分", null=True, **CENTS)  # null: takes no part in points
    composite = models.DecimalField("综合得分", null=True, **CENTS)
    grade = models.CharField("考核等次", max_length=24, choices=Grade, blank=True, default="")
    worst = models.DecimalField(default=0, **CENTS)  # the largest single deduction, as a positive number
    deeds = models.JSONField(default=list)  # codes of the items that count for five stars
    is_full = models.BooleanField(default=True)
    unrated = models.CharField("不评定原因", max_length=60, blank=True, default="")
    vetoed = models.BooleanField(default=False)  # as of the day; what stands today is read from the vetoes
    given = models.PositiveSmallIntegerField("会议决定的星级", null=True)  # of somebody equal at a cut
    left_out = models.BooleanField("经支部大会决定不评定", default=False)
    reason = models.CharField("说明", max_length=300, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = "党员星级"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sheet", "member"], name="member_star_once"),
            models.CheckConstraint(
                condition=(Q(stars__isnull=True) | Q(stars__range=(1, 5)))
                & (Q(given__isnull=True) | Q(given__range=(1, 5))),
                name="member_star_one_to_five",
            ),
            models.CheckConstraint(condition=Q(grade__in=["", *Grade.values]), name="member_star_grade_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.stars or ''}"

    @property
    def facts(self) -> dict[str, Any]:
        """What the rules know of this row, by the names of their Facts."""
        return {
            "points": self.year_points,
            "composite": self.composite,
            "grade": Grade(self.grade) if self.grade else None,
            "worst": self.worst,
            "deeds": tuple(self.deeds),
            "is_full": self.is_full,
            "unrated": self.unrated,
            "given": self.given,
        }
