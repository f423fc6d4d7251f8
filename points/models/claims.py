"""Claims and announced deductions, their evidence, objections to them, and batches read from Excel."""

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from branches.choices import Capability
from branches.models import Branch, BranchScopedQuerySet, User
from branches.rules import subtree_end
from config.crypto import EncryptedTextField
from members.models import Member
from points.choices import (
    CLAIM_ALIVE,
    BatchKind,
    BatchState,
    Category,
    ClaimOrigin,
    ClaimState,
    Declarer,
    ObjectionState,
    Reviewer,
)
from points.models.rulebook import CENTS, RuleItem


class PointsBatch(models.Model):
    """One uploaded workbook of results: what was read from it, row by row, and what became of it."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name="导入到")  # the node it covers
    kind = models.CharField(max_length=16, choices=BatchKind)
    file_name = models.CharField("文件", max_length=200)
    state = models.CharField("状态", max_length=16, choices=BatchState, default=BatchState.PREVIEW)
    params = models.JSONField(default=dict)  # what was chosen on the form: item, year, day
    payload = EncryptedTextField(blank=True, default="")  # the rows as read, JSON
    summary = models.JSONField(default=dict)  # counts only
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="上传人")
    created_at = models.DateTimeField("上传时间", auto_now_add=True)
    applied_at = models.DateTimeField("导入时间", null=True)

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "批量登记"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=BatchKind.values, state__in=BatchState.values), name="points_batch_known"
            )
        ]

    def __str__(self) -> str:
        return self.file_name


VETO_STATES = {ClaimState.ACCEPTED: "已确认，已生效", ClaimState.REJECTED: "不予确认", ClaimState.VOIDED: "已撤销"}
CONFIDENTIAL = Q(category=Category.VETO) | Q(rule__declared_by=Declarer.DISCIPLINE)


class ClaimQuerySet(BranchScopedQuerySet):
    def own(self, user: User) -> Self:
        return self.filter(member__user=user)

    def handed_in_to(self, user: User) -> Self:
        """For those who review, check or void claims of its branch; what the discipline side entered, for those who may
        see that; first reviews, for the leader of the member's group. No drafts.
        """
        return self.filter(_handed_in_to(user), ~Q(state=ClaimState.DRAFT)) if user.is_authenticated else self.none()

    def readable_by(self, user: User) -> Self:
        """One's own, and what was handed in to this person."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(member__user=user) | _handed_in_to(user) & ~Q(state=ClaimState.DRAFT))

    def deductions_of(self, user: User) -> Self:
        """Deductions of the branches where this person enters some, whoever entered them, and those one may read."""
        here = _below("branch", user.paths_granting(Capability.POINTS_DEDUCT))
        return self.filter(here | _handed_in_to(user), category=Category.DED)

    def confidential(self) -> Self:
        return self.filter(CONFIDENTIAL)

    def ordinary(self) -> Self:
        """Without what the discipline side entered."""
        return self.exclude(CONFIDENTIAL)

    def alive(self) -> Self:
        return self.filter(state__in=CLAIM_ALIVE)

    def for_list(self) -> Self:
        return self.select_related("member__user", "branch", "rule", "decided_by").order_by("-happened_on", "-pk")


def _handed_in_to(user: User) -> Q:
    reviews = {*user.paths_granting(Capability.POINTS_REVIEW), *user.paths_granting(Capability.POINTS_CHECK)}
    discipline = set(user.paths_granting(Capability.DISCIPLINE_VIEW))
    reviews |= discipline & set(user.paths_granting(Capability.POINTS_VIEW))
    leads = user.paths_granting(Capability.POINTS_FIRST_REVIEW)
    ordinary = _below("branch", reviews)
    ordinary |= _below("member__group", leads) & Q(rule__reviewed_by=Reviewer.LEADER_FIRST)
    return ordinary & ~CONFIDENTIAL | _below("branch", discipline) & CONFIDENTIAL


def _below(prefix: str, paths: Iterable[str]) -> Q:
    scope = Q(pk__in=[])
    for path in paths:
        scope |= Q(**{f"{prefix}__path__gte": path, f"{prefix}__path__lt": subtree_end(path)})
    return scope


class Claim(models.Model):
    """What somebody says a deed is worth (申报), or a deduction the member is told of first (扣分告知).

    A claim: draft, declared, returned or accepted; accepted is an entry of the ledger. A deduction: announced, and
    accepted once it is posted. `points` has the sign of the ledger. An automatic deduction names the record it follows
    from (`source_kind`, `source_id`); `lifted` says that an upheld objection settled it for good.
    """

    member = models.ForeignKey(Member, models.PROTECT, related_name="claims", verbose_name="党员")
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+")  # home branch on the day of the deed
    rule = models.ForeignKey(RuleItem, models.PROTECT, related_name="+", verbose_name="项目")
    rule_code = models.CharField(max_length=8)
    category = models.CharField(max_length=8, choices=Category)
    level = models.CharField("档次", max_length=16, blank=True, default="")
    quantity = models.DecimalField("数量", max_digits=6, decimal_places=2, default=Decimal(1))
    points = models.DecimalField("分值", **CENTS)
    happened_on = models.DateField("日期")
    month = models.DateField(editable=False)
    title = models.CharField("事由", max_length=100)
    detail = models.TextField("说明", max_length=1000, blank=True, default="")
    link = models.URLField("链接", max_length=300, blank=True, default="")
    document_no = models.CharField("文号", max_length=60, blank=True, default="")
    deed = models.CharField(max_length=64, blank=True, default="", editable=False)  # digest of person, day and deed
    origin = models.CharField("登记方式", max_length=16, choices=ClaimOrigin, default=ClaimOrigin.MEMBER)
    state = models.CharField("状态", max_length=16, choices=ClaimState, default=ClaimState.DRAFT)
    declared_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    declared_at = models.DateTimeField("申报时间", null=True)
    first_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # group leader, or secretary (veto)
    first_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField("审核时间", null=True)
    comment = models.CharField("审核意见", max_length=200, blank=True, default="")
    announced_on = models.DateField(null=True)
    postable_from = models.DateField(null=True)  # of a deduction: not before this day
    source_kind = models.CharField(max_length=32, blank=True, default="")
    source_id = models.BigIntegerField(null=True)
    lifted = models.BooleanField(default=False)
    batch = models.ForeignKey(PointsBatch, models.PROTECT, null=True, related_name="claims")
    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)  # one form, one claim
    revision = models.PositiveSmallIntegerField(default=0, editable=False)  # how often its worth changed
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "积分申报"
        ordering: ClassVar = ["-happened_on", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=ClaimState.values), name="claim_state_known"),
            models.CheckConstraint(condition=Q(category__in=Category.values), name="claim_category_known"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="claim_quantity_positive"),
            models.UniqueConstraint(
                fields=["member", "deed"],
                condition=Q(state__in=CLAIM_ALIVE) & ~Q(deed=""),
                name="claim_deed_once",
                violation_error_message="这件事已经申报过，一件事只记一次。",
            ),
            models.UniqueConstraint(
                fields=["source_kind", "source_id", "member", "rule_code"],
                condition=Q(source_id__isnull=False),
                name="claim_fact_once",
            ),
            models.CheckConstraint(
                condition=~Q(category=Category.VETO) | ~Q(document_no=""),
                name="claim_veto_has_document",
                violation_error_message="一票否决须填写决定的文号。",
            ),
            models.CheckConstraint(
                condition=~Q(state=ClaimState.ANNOUNCED) | Q(postable_from__isnull=False),
                name="claim_announced_has_day",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["branch", "state"], name="claim_branch_state"),
            models.Index(fields=["member", "month"], name="claim_member_month"),
            models.Index(fields=["state", "postable_from"], name="claim_postable"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_code} {self.title}"

    @property
    def is_deduction(self) -> bool:
        return self.category == Category.DED

    @property
    def is_veto(self) -> bool:
        return self.category == Category.VETO

    @property
    def state_words(self) -> str:
        """The state as a page says it: a veto books no points, an objection that was upheld lifts a deduction."""
        if self.is_veto and self.state in VETO_STATES:
            return VETO_STATES[ClaimState(self.state)]
        return "异议成立，已撤销" if self.lifted else self.get_state_display()

    @property
    def is_confidential(self) -> bool:
        """Entered by the discipline side; `rule` is read with it."""
        return self.is_veto or self.rule.declared_by == Declarer.DISCIPLINE


class EvidenceQuerySet(BranchScopedQuerySet):
    branch_paths = ("claim__branch",)


class Evidence(models.Model):
    """A photo or document that proves a claim; kept encrypted under a random name."""

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="evidence")
    name = models.CharField("文件名", max_length=120)
    file = models.FileField(max_length=120)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "申报依据"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["claim", "sha256"], name="evidence_once", violation_error_message="这个文件已上传。"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        """Written anew as JPEG when it was uploaded (points.claims.evidence), so that a page may show it."""
        return self.content_type == "image/jpeg"


class ObjectionQuerySet(BranchScopedQuerySet):
    def open(self) -> Self:
        """Those somebody still has to answer or decide."""
        return self.filter(state__in=[ObjectionState.RAISED, ObjectionState.APPEALED])

    def unsettled(self, today: object) -> Self:
        """Open ones, and refusals that may still be appealed against: what keeps a quarter from being locked."""
        appealable = Q(state=ObjectionState.ANSWERED, upheld=False, appeal_until__gte=today)
        return self.filter(Q(state__in=[ObjectionState.RAISED, ObjectionState.APPEALED]) | appealable)


class Objection(models.Model):
    """Somebody contradicts an entry, an announced deduction, or what a publication leaves out.

    raised, answered by the branch, appealed to the Party office, decided there. Upheld takes the entry back, or the
    deduction; of something left out it says that the branch has to make up for it.
    """

    member = models.ForeignKey(Member, models.PROTECT, related_name="objections")  # whose points are meant
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+")
    entry = models.ForeignKey("points.Entry", models.PROTECT, null=True, related_name="objections")
    claim = models.ForeignKey(Claim, models.PROTECT, null=True, related_name="objections")
    quarter = models.DateField()  # first day of the quarter that waits for it
    raised_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = models.CharField("异议", max_length=500)
    state = models.CharField("状态", max_length=16, choices=ObjectionState, default=ObjectionState.RAISED)
    raised_at = models.DateTimeField(auto_now_add=True)
    answer_due = models.DateField()
    answer = models.CharField("答复", max_length=500, blank=True, default="")
    upheld = models.BooleanField("异议成立", null=True)  # what holds now: the decision goes before the answer
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    appeal_until = models.DateField(null=True)
    appeal = models.CharField("申诉理由", max_length=500, blank=True, default="")
    appealed_at = models.DateTimeField(null=True)
    decide_due = models.DateField(null=True)
    decision = models.CharField("裁定", max_length=500, blank=True, default="")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "积分异议"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=ObjectionState.values), name="objection_state_known"),
            models.CheckConstraint(
                condition=Q(entry__isnull=True) | Q(claim__isnull=True), name="objection_one_target"
            ),
            models.UniqueConstraint(
                fields=["entry"],
                condition=Q(state__in=[ObjectionState.RAISED, ObjectionState.ANSWERED, ObjectionState.APPEALED]),
                name="objection_entry_open_once",
                violation_error_message="这条积分已有异议在处理或已答复。",
            ),
            models.UniqueConstraint(
                fields=["claim"],
                condition=Q(state__in=[ObjectionState.RAISED, ObjectionState.ANSWERED, ObjectionState.APPEALED]),
                name="objection_claim_open_once",
                violation_error_message="这条扣分已有异议在处理或已答复。",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["branch", "quarter", "state"], name="objection_branch_quarter")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.get_state_display()}"
