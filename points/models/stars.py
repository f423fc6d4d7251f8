"""Stars: score cards, figures and marks entered by hand, ratings of branches with their yearly round, objections."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q

from branches.choices import BranchCategory, Capability
from branches.models import Branch, BranchScopedQuerySet, User
from points.choices import MarkKind, MarkLevel, RatingState, RoundState, StarObjectionState
from points.models.rulebook import CENTS


class ScorecardQuerySet(BranchScopedQuerySet):
    branch_paths = ("hospital",)

    def published(self) -> Self:
        return self.filter(published_at__isnull=False)

    def readable_by(self, user: User) -> Self:
        """What is published by a hospital the reader belongs to or is above, the default, and drafts where they may
        write them."""
        if not user.is_authenticated or not (paths := user.paths_granting(Capability.STARS_VIEW)):
            return self.none()
        own = Branch.objects.filter(path__in=paths).order_by().values("hospital")
        above = self.published().within(paths)
        mine = self.published().filter(Q(hospital__in=own) | Q(hospital__isnull=True))
        return mine | above | self.visible_to(user, Capability.STARS_REVIEW)


class Scorecard(models.Model):
    """One edition of a score card, for the ratings of a year and later ones; a published one never changes.

    `hospital` null: the default of this product. `category` "": for branches whose category has no card of its own.
    """

    hospital = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="+", verbose_name="党委")
    category = models.CharField("适用类别", max_length=32, choices=BranchCategory, blank=True, default="")
    name = models.CharField("名称", max_length=60)
    valid_from = models.PositiveSmallIntegerField("生效年度")
    basis = models.CharField("依据", max_length=120, blank=True, default="")
    five_from = models.DecimalField("五星分数线", default=90, max_digits=5, decimal_places=2)
    four_from = models.DecimalField("四星分数线", default=80, max_digits=5, decimal_places=2)
    three_from = models.DecimalField("三星分数线", default=70, max_digits=5, decimal_places=2)
    two_from = models.DecimalField("二星分数线", default=60, max_digits=5, decimal_places=2)
    rated_from = models.DecimalField("评定所需适用满分", default=60, max_digits=5, decimal_places=2)
    bonus_cap = models.DecimalField("加分上限", default=10, max_digits=5, decimal_places=2)
    five_share = models.DecimalField("五星比例（%）", default=10, max_digits=5, decimal_places=2)
    four_share = models.DecimalField("四星以上比例（%）", default=50, max_digits=5, decimal_places=2)
    marks = models.JSONField("加减分分值", default=dict, blank=True)  # MarkLevel -> points, where it is not the default
    published_at = models.DateTimeField("发布时间", null=True, editable=False)
    published_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = ScorecardQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "评分表"
        ordering: ClassVar = ["category", "-valid_from"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hospital", "category", "valid_from"],
                name="scorecard_once",
                violation_error_message="这个年度已有一版同类评分表。",
            ),
            models.UniqueConstraint(
                fields=["category", "valid_from"],
                condition=Q(hospital__isnull=True),
                name="scorecard_default_once",
            ),
            models.CheckConstraint(
                condition=Q(five_from__gt=F("four_from"), four_from__gt=F("three_from"), three_from__gt=F("two_from")),
                name="scorecard_thresholds_descend",
                violation_error_message="五星至二星的分数线应依次降低。",
            ),
            models.CheckConstraint(
                condition=Q(five_share__gte=0, five_share__lte=F("four_share"), four_share__lte=100),
                name="scorecard_shares_sound",
                violation_error_message="五星比例不能大于四星以上比例，四星以上比例不能大于100%%。",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ScorecardLine(models.Model):
    """One line of a card (2.1 支部党员大会). `params`: figures of its measure that differ from the usual ones."""

    card = models.ForeignKey(Scorecard, models.CASCADE, related_name="lines")
    code = models.CharField("编号", max_length=8)
    title = models.CharField("项目", max_length=40)
    measure = models.CharField("计分办法", max_length=32)  # a key of points.stars.measures
    max = models.DecimalField("满分", **CENTS)
    tag = models.CharField("五化", max_length=1, blank=True, default="")
    params = models.JSONField("计算参数", default=dict, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = "评分项目"
        ordering: ClassVar = ["position", "code"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["card", "code"], name="scorecard_line_once", violation_error_message="这个编号已被使用。"
            ),
            models.CheckConstraint(
                condition=Q(max__gt=0), name="scorecard_line_max_positive", violation_error_message="满分应大于0。"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class StarQuerySet(BranchScopedQuerySet):
    branch_paths = ("branch",)


class LineRecord(models.Model):
    """Figures of a line for which no register exists in the system yet: entered by the Party office with their source.

    `fact`: the key of a measure, or "given:<code>" of a line the hospital added. `values` as the measure names them;
    decimals as text.
    """

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField("年度")
    fact = models.CharField(max_length=40)
    values = models.JSONField(default=dict)
    source = models.CharField("数据来源", max_length=200)  # which paper or file says so
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = StarQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "评分数据"
        constraints: ClassVar = [models.UniqueConstraint(fields=["branch", "year", "fact"], name="line_record_once")]

    def __str__(self) -> str:
        return f"{self.branch_id} {self.year} {self.fact}"


class StarMarkQuerySet(StarQuerySet):
    def standing(self) -> Self:
        return self.filter(withdrawn_at__isnull=True)


class StarMark(models.Model):
    """A bonus, a deduction, a veto or a decision about the stars of a branch, with the document that says so."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="star_marks", verbose_name="党支部")
    year = models.PositiveSmallIntegerField("年度")
    kind = models.CharField("类别", max_length=16, choices=MarkKind)
    level = models.CharField("等级或情形", max_length=24, choices=MarkLevel, blank=True, default="")
    stars = models.PositiveSmallIntegerField("星级", null=True, blank=True)  # of DIRECT and ABOVE
    title = models.CharField("事项", max_length=100)
    decided_by = models.CharField("认定单位", max_length=60)
    document_no = models.CharField("文号", max_length=60)
    happened_on = models.DateField("日期")
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawn_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    withdrawn_reason = models.CharField("撤销原因", max_length=200, blank=True, default="")
    form_key = models.UUIDField(unique=True, null=True, editable=False)

    objects = StarMarkQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "加减分和否决"
        ordering: ClassVar = ["-happened_on", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=MarkKind.values), name="star_mark_kind_known"),
            models.CheckConstraint(condition=Q(level__in=["", *MarkLevel.values]), name="star_mark_level_known"),
            models.CheckConstraint(
                condition=Q(stars__isnull=True) | Q(stars__range=(1, 5)), name="star_mark_stars_one_to_five"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["branch", "year"], name="star_mark_branch_year")]

    def __str__(self) -> str:
        return self.title


class StarRound(models.Model):
    """The yearly star rating of a hospital: open, displayed for five working days, approved. No row: still open."""

    hospital = models.ForeignKey(Branch, models.PROTECT, related_name="star_rounds")
    year = models.PositiveSmallIntegerField()
    state = models.CharField("状态", max_length=16, choices=RoundState, default=RoundState.OPEN)
    publicised_on = models.DateField("公示开始", null=True)
    objections_until = models.DateField("公示截止", null=True)
    publicised_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    meeting = models.CharField("审定会议或文号", max_length=120, blank=True, default="")
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    tie_order = models.JSONField(default=list, blank=True)  # branches equal at a cut, as the committee ranked them
    tie_reason = models.CharField("同分处理说明", max_length=300, blank=True, default="")
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = ScorecardQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "星级评定"
        ordering: ClassVar = ["-year"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hospital", "year"], name="star_round_once"),
            models.CheckConstraint(condition=Q(state__in=RoundState.values), name="star_round_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.hospital}{self.year}年度星级评定"


class StarRating(models.Model):
    """The rating of one branch and year, from its self-rating on. Reviewing freezes facts, card and lines.

    `facts`, `lines`: as points.stars.freezing writes them, so that an old rating is explained by the rules of its day.
    `score_stars`: what the total says; `stars`: after steps, quotas and the committee.
    """

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="star_ratings")
    hospital = models.ForeignKey(Branch, models.PROTECT, related_name="+")  # of that year
    year = models.PositiveSmallIntegerField()
    state = models.CharField("状态", max_length=16, choices=RatingState)
    card = models.ForeignKey(Scorecard, models.PROTECT, related_name="+")
    comments = models.JSONField("自评说明", default=dict, blank=True)  # code of a line -> comment
    self_comment = models.CharField("自评总体说明", max_length=500, blank=True, default="")
    self_total = models.DecimalField("自评时得分", null=True, max_digits=5, decimal_places=2)
    self_rated_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    self_rated_at = models.DateTimeField(null=True)
    review_comment = models.CharField("复核意见", max_length=500, blank=True, default="")
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    facts = models.JSONField(default=dict)
    lines = models.JSONField(default=list)
    total = models.DecimalField("总分", null=True, max_digits=5, decimal_places=2)  # null: not rated
    bonus = models.DecimalField(default=0, max_digits=5, decimal_places=2)
    deduction = models.DecimalField(default=0, max_digits=7, decimal_places=2)
    vetoes = models.JSONField(default=list)
    unrated = models.CharField("未评定原因", max_length=100, blank=True, default="")
    score_stars = models.PositiveSmallIntegerField(default=0)
    stars = models.PositiveSmallIntegerField("星级", null=True)
    decision = models.JSONField(default=list)  # in words: how the stars follow from the score
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = StarQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "党支部星级"
        ordering: ClassVar = ["-year", "branch"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["branch", "year"], name="star_rating_once"),
            models.CheckConstraint(condition=Q(state__in=RatingState.values), name="star_rating_state_known"),
            models.CheckConstraint(
                condition=Q(stars__isnull=True) | Q(stars__range=(1, 5)), name="star_rating_stars_one_to_five"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["hospital", "year"], name="star_rating_hospital_year")]

    def __str__(self) -> str:
        return f"{self.branch}{self.year}年度星级"


class StarObjection(models.Model):
    """What somebody says against a rating while it is displayed (公示期异议), and the answer of the Party office."""

    rating = models.ForeignKey(StarRating, models.PROTECT, related_name="objections")
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+")  # the rated one
    text = models.CharField("异议内容", max_length=500)
    state = models.CharField("状态", max_length=16, choices=StarObjectionState, default=StarObjectionState.RAISED)
    raised_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    raised_at = models.DateTimeField(auto_now_add=True)
    answer = models.CharField("答复", max_length=500, blank=True, default="")
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    form_key = models.UUIDField(unique=True, null=True, editable=False)

    objects = StarQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "星级异议"
        ordering: ClassVar = ["-raised_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=StarObjectionState.values), name="star_objection_state_known")
        ]

    def __str__(self) -> str:
        return self.text[:30]


class StarMonth(models.Model):
    """Roll-up: where the preview of a branch stood in a month, written by the nightly job; for the movement shown."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+")
    month = models.DateField()  # its first day
    total = models.DecimalField(null=True, max_digits=5, decimal_places=2)  # null: not rated
    stars = models.PositiveSmallIntegerField(default=0)  # 0: not rated

    objects = StarQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["branch", "month"], name="star_month_once")]

    def __str__(self) -> str:
        return f"{self.branch_id} {self.month:%Y-%m} {self.stars}"
