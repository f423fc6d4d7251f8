"""The rule book: editions of a hospital's catalogue, valid from a month on, and the post a member is measured by."""

from decimal import Decimal
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from branches.choices import Capability
from branches.models import Branch, BranchScopedQuerySet, Job, User
from members.models import Member
from points.choices import VETO_LIMITS, Category, Declarer, Grade, Origin, PostKind, Reviewer

CENTS = {"max_digits": 8, "decimal_places": 2}


class RuleVersionQuerySet(BranchScopedQuerySet):
    branch_paths = ("hospital",)

    def published(self) -> Self:
        return self.filter(published_at__isnull=False)

    def drafts(self) -> Self:
        return self.filter(published_at__isnull=True)

    def readable_by(self, user: User) -> Self:
        """What is published by a hospital the reader belongs to or is above, the default, and drafts where they may
        write them."""
        if not user.is_authenticated or not (paths := user.paths_granting(Capability.RULES_VIEW)):
            return self.none()
        own = Branch.objects.filter(path__in=paths).order_by().values("hospital")
        above = self.published().within(paths)
        mine = self.published().filter(Q(hospital__in=own) | Q(hospital__isnull=True))
        return mine | above | self.visible_to(user, Capability.RULES_WRITE)


class RuleVersion(models.Model):
    """One edition of the rule book; a published one never changes. `hospital` null: the default of this product.

    `valid_from` is the first day of a month. What belongs to a whole year (base, caps, scale, thresholds, ratio) may
    differ from the edition before only in one that begins in January.
    """

    hospital = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="+", verbose_name="党委")
    name = models.CharField("名称", max_length=60)
    valid_from = models.DateField("生效月份")
    basis = models.CharField("依据", max_length=120, blank=True, default="")  # meeting or document it was adopted by
    base = models.DecimalField("基础分", default=Decimal(60), **CENTS)
    scale = models.DecimalField("分值倍数", default=Decimal(1), **CENTS)  # 10: the large-scale preset
    organisational_cap = models.DecimalField("组织生活上限", default=Decimal(14), **CENTS)
    study_cap = models.DecimalField("学习教育上限", default=Decimal(8), **CENTS)
    duties_cap = models.DecimalField("党员义务上限", default=Decimal(4), **CENTS)
    position_cap = models.DecimalField("岗位作为上限", default=Decimal(8), **CENTS)
    service_cap = models.DecimalField("志愿服务上限", default=Decimal(6), **CENTS)
    honours_cap = models.DecimalField("荣誉上限", default=Decimal(20), **CENTS)
    points_share = models.DecimalField("积分占比（%）", default=Decimal(70), max_digits=5, decimal_places=2)
    excellent_from = models.DecimalField("优秀候选线", default=Decimal(90), max_digits=5, decimal_places=2)
    qualified_from = models.DecimalField("合格线", default=Decimal(75), max_digits=5, decimal_places=2)
    basically_from = models.DecimalField("基本合格线", default=Decimal(60), max_digits=5, decimal_places=2)
    excellent_numerator = models.PositiveSmallIntegerField("优秀比例分子", default=1)  # a fraction: 1/3 has no decimals
    excellent_denominator = models.PositiveSmallIntegerField("优秀比例分母", default=3)
    published_at = models.DateTimeField("发布时间", null=True, editable=False)
    published_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)  # of a draft: who saves last is asked

    objects = RuleVersionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "积分规则"
        ordering: ClassVar = ["-valid_from"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hospital", "valid_from"],
                name="rule_version_once",
                violation_error_message="这个月份已有一版规则。",
            ),
            models.UniqueConstraint(
                fields=["valid_from"], condition=Q(hospital__isnull=True), name="rule_version_default_once"
            ),
            models.CheckConstraint(
                condition=Q(scale__gt=0, base__gte=0, points_share__gte=0, points_share__lte=100),
                name="rule_version_figures_sound",
            ),
            models.CheckConstraint(
                condition=Q(excellent_from__gt=models.F("qualified_from"))
                & Q(qualified_from__gt=models.F("basically_from")),
                name="rule_version_thresholds_descend",
                violation_error_message="优秀、合格、基本合格的分数线应依次降低。",
            ),
            models.CheckConstraint(
                condition=Q(excellent_numerator__gt=0, excellent_numerator__lte=models.F("excellent_denominator")),
                name="rule_version_excellent_ratio_sound",
                violation_error_message="优秀比例应大于0，不超过1。",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RuleItem(models.Model):
    """One line of the rule book (A01 …).

    `levels`: [{"code", "label", "points"}, …] where worth goes by rank, length or gravity. `variants`: post ->
    {"points", "cap"} or {"off": true}, for members measured by that post. `feed`: the facts that make its entries
    (points.ledger.registry); while nothing in the system delivers them, the item is claimed. `grade_limit`: the best
    grade a veto leaves; "" where that was decided elsewhere and the meeting has to say it.
    """

    version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="items")
    code = models.CharField("编号", max_length=8)
    category = models.CharField("类别", max_length=8, choices=Category)
    title = models.CharField("项目", max_length=100)
    points = models.DecimalField("分值", **CENTS)  # per unit; below 0 for deductions
    per = models.DecimalField("每满", default=Decimal(1), max_digits=6, decimal_places=2)
    unit = models.CharField("单位", max_length=8, default="次")
    levels = models.JSONField("档次", default=list, blank=True)
    cap = models.DecimalField("年度上限", null=True, blank=True, **CENTS)
    factor_without_groups = models.DecimalField(
        "不设党小组的支部系数", default=Decimal(1), max_digits=5, decimal_places=2
    )
    variants = models.JSONField("岗位差别", default=dict, blank=True)
    points_text = models.CharField("计分", max_length=60, blank=True, default="")
    origin = models.CharField("记分方式", max_length=16, choices=Origin)
    feed = models.CharField("自动来源", max_length=40, blank=True, default="")
    declared_by = models.CharField("申报人", max_length=16, choices=Declarer, default=Declarer.MEMBER)
    reviewed_by = models.CharField("审核人", max_length=24, choices=Reviewer, default=Reviewer.ORGANISER)
    grade_limit = models.CharField("最高等次", max_length=24, choices=Grade, blank=True, default="")  # vetoes
    evidence = models.CharField("依据", max_length=60, blank=True, default="")
    evidence_required = models.BooleanField("必须上传依据", default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = "积分项目"
        ordering: ClassVar = ["position", "code"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version", "code"], name="rule_item_once", violation_error_message="这个编号已被使用。"
            ),
            models.UniqueConstraint(
                fields=["version", "feed"],
                condition=~Q(feed=""),
                name="rule_item_feed_once",
                violation_error_message="这个自动来源已用于另一个项目。",
            ),
            models.CheckConstraint(condition=Q(category__in=Category.values), name="rule_item_category_known"),
            models.CheckConstraint(condition=Q(per__gt=0), name="rule_item_per_positive"),
            models.CheckConstraint(
                condition=Q(declared_by__in=Declarer.values, reviewed_by__in=Reviewer.values),
                name="rule_item_people_known",
            ),
            models.CheckConstraint(
                condition=Q(grade_limit="") | Q(category=Category.VETO, grade_limit__in=VETO_LIMITS),
                name="rule_item_limit_of_veto",
                violation_error_message="只有一票否决的项目限制等次。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class RuleTrial(models.Model):
    """What a draft edition would do to the totals of a quarter (试算); made by the worker."""

    version = models.ForeignKey(RuleVersion, models.CASCADE, related_name="trials")
    quarter = models.DateField()  # its first day
    draft = models.PositiveIntegerField()  # `version` of the draft that was tried
    result = models.JSONField(default=dict)  # keys of members and figures, no names
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(null=True)
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "quarter", "draft"], name="rule_trial_once")
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.quarter:%Y-%m}"


class MemberPost(models.Model):
    """The post a member is measured by in a year, where the rules differ by post.

    Fixed with the first points of the year, changed by hand only: a change of ward in June does not judge January anew.
    """

    member = models.ForeignKey(Member, models.PROTECT, related_name="measured_posts")
    year = models.PositiveSmallIntegerField()
    post = models.CharField("岗位类别", max_length=32, choices=PostKind)
    set_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # null: as the branch's category says

    class Meta:
        verbose_name = verbose_name_plural = "计分岗位"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "year"], name="member_post_once"),
            models.CheckConstraint(condition=Q(post__in=PostKind.values), name="member_post_known"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.year} {self.post}"
