"""The roll: members, the events it follows from, its monthly head count, and roster imports."""

from collections.abc import Collection
from datetime import date
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery

from branches.choices import BranchLevel
from branches.models import Branch, BranchScopedQuerySet, Job, User
from config.crypto import EncryptedTextField, blind_index, blind_indexes
from members.choices import (
    Degree,
    EventKind,
    ExemptionGround,
    Gender,
    MembershipStatus,
    MemberType,
    StaffCategory,
    TitleLevel,
)

IDENTITY = "identity"  # purpose of the blind index


class MemberQuerySet(BranchScopedQuerySet):
    branch_paths = ("branch", "group")

    def current(self) -> Self:
        """On the roll today."""
        return self.filter(left_on__isnull=True)

    def with_identity(self, number: str) -> Self:
        return self.filter(id_number_index__in=blind_indexes(number, purpose=IDENTITY))

    def own(self, user: User) -> Self:
        return self.filter(user=user)

    def on_roll(self, day: date) -> Self:
        """On the roll of any branch on `day`, by events; adds `roll_branch_id` and `roll_type` of that day."""
        latest = MembershipEvent.objects.filter(member=OuterRef("pk"), recorded_on__lte=day).order_by(
            "-recorded_on", "-pk"
        )
        dated = self.annotate(
            roll_branch_id=Subquery(latest.values("branch")[:1]), roll_type=Subquery(latest.values("member_type")[:1])
        )
        return dated.filter(roll_branch_id__isnull=False)

    def roll_of(self, branch: Branch, day: date) -> Self:
        """The roll of one branch on `day`: a transfer counts from its receipt, that day included."""
        touched = Exists(MembershipEvent.objects.filter(member=OuterRef("pk"), branch=branch))
        return self.filter(touched).on_roll(day).filter(roll_branch_id=branch.pk)

    def for_list(self) -> Self:
        return self.select_related("user", "branch", "group").order_by(
            "branch__path", "group__path", "user__search_keys"
        )


class MemberManager(models.Manager.from_queryset(MemberQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> MemberQuerySet:
        """Without the empty rows that a rolled-back import leaves behind, because events are never deleted."""
        return super().get_queryset().filter(in_error=False)


class Member(models.Model):
    """A Party member of the hospital, with the fields of the national roster. `branch` is the home branch of today."""

    user = models.OneToOneField(User, models.PROTECT, related_name="member", verbose_name="人员")
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="members", verbose_name="所在党支部")
    branch_level = models.CharField(max_length=16, default=BranchLevel.BRANCH, editable=False)
    group = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="group_members", verbose_name="党小组"
    )
    gender = models.CharField("性别", max_length=8, choices=Gender)
    id_number = EncryptedTextField("公民身份号码")
    id_number_index = models.CharField(
        max_length=64, unique=True, editable=False, error_messages={"unique": "这个身份号码已在名册中。"}
    )
    ethnicity = models.CharField("民族", max_length=4)
    birth_date = models.DateField("出生日期")
    education = models.CharField("学历", max_length=4)
    degree = models.CharField("学位", max_length=16, choices=Degree, blank=True, default="")
    member_type = models.CharField("人员类别", max_length=16, choices=MemberType)
    membership_status = models.CharField(
        "党籍状态", max_length=16, choices=MembershipStatus, default=MembershipStatus.NORMAL
    )
    joined_on = models.DateField("加入党组织日期")
    confirmed_on = models.DateField("转为正式党员日期", null=True, blank=True)
    job_post = models.CharField("工作岗位", max_length=4)
    staff_category = models.CharField("人员序列", max_length=16, choices=StaffCategory, blank=True, default="")
    title_level = models.CharField("职称", max_length=20, choices=TitleLevel, blank=True, default="")
    department = models.CharField("科室", max_length=60, blank=True, default="")
    work_from = models.DateField("参加工作日期", null=True, blank=True)
    phone = EncryptedTextField("固定电话", blank=True, default="")
    home_address = EncryptedTextField("家庭住址", blank=True, default="")
    police_station = models.CharField("户籍所在派出所", max_length=60, blank=True, default="")
    introducers = models.CharField("入党介绍人", max_length=60, blank=True, default="")
    lost_contact = models.BooleanField("失联党员", default=False)
    lost_since = models.DateField("失去联系日期", null=True, blank=True)
    floating = models.BooleanField("流动党员", default=False)
    destination = models.CharField("外出流向", max_length=100, blank=True, default="")
    hardship = models.BooleanField("困难党员", default=False)
    retired = models.BooleanField("离退休", default=False)
    left_on = models.DateField("离开名册日期", null=True, blank=True, editable=False)
    in_error = models.BooleanField(default=False, editable=False)  # taken back with its import; emptied of all facts
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MemberManager()

    class Meta:
        verbose_name = verbose_name_plural = "党员"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(branch_level=BranchLevel.BRANCH), name="member_home_is_branch"),
            models.CheckConstraint(condition=Q(member_type__in=MemberType.values), name="member_type_known"),
            models.CheckConstraint(
                condition=Q(membership_status__in=MembershipStatus.values), name="member_status_known"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_on__isnull=True) | Q(confirmed_on__gte=models.F("joined_on")),
                name="member_confirmed_after_joined",
                violation_error_message="转正日期不能早于加入党组织日期。",
            ),
            models.CheckConstraint(
                condition=~Q(member_type=MemberType.PROBATIONARY) | Q(confirmed_on__isnull=True),
                name="member_probationary_unconfirmed",
                violation_error_message="预备党员不应有转正日期。",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["branch", "left_on"], name="member_branch_left")]

    def __str__(self) -> str:
        return self.user.name

    def set_identity(self, number: str) -> None:
        self.id_number = number
        self.id_number_index = blind_index(number, purpose=IDENTITY) or ""


class MembershipEventQuerySet(BranchScopedQuerySet):
    branch_paths = ("branch", "from_branch")

    def for_member(self) -> Self:
        return self.select_related("branch", "from_branch").order_by("recorded_on", "pk")

    def standing(self) -> Self:
        """Without the events of people taken back with their import: what counts in any statistic."""
        return self.filter(member__in_error=False)


class MembershipEvent(models.Model):
    """What happened to a membership. Append-only; the roll of any day follows from these rows.

    `recorded_on` decides the roll (that day included), `effective_on` the Party standing: an admission counts from the
    vote, its place on the roll from the approval. `branch` is the home from that day on; null once off the roll.
    """

    member = models.ForeignKey(Member, models.PROTECT, related_name="events")
    kind = models.CharField("变动", max_length=16, choices=EventKind)
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="+", verbose_name="所在党支部")
    from_branch = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="+", verbose_name="原党支部")
    member_type = models.CharField(max_length=16, choices=MemberType)
    recorded_on = models.DateField("变动日期")
    effective_on = models.DateField("生效日期")
    document_no = models.CharField("文号", max_length=60, blank=True, default="")
    note = models.CharField("说明", max_length=200, blank=True, default="")
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MembershipEventQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "名册变动"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=EventKind.values), name="membership_event_kind_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "recorded_on"], name="event_kind_day"),
            models.Index(fields=["member", "recorded_on", "id"], name="event_member_day"),
            models.Index(fields=["branch", "recorded_on"], name="event_branch_day"),
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.get_kind_display()}"


class ExemptionQuerySet(BranchScopedQuerySet):
    branch_paths = ("member__branch",)

    def in_force(self, day: date) -> Self:
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), starts_on__lte=day)

    def years_of(self, members: Collection[int], years: Collection[int]) -> set[tuple[int, int]]:
        """(member, year) of who is exempt on the last day of a year, as things stand now. One statement."""
        rows = self.filter(member__in=members).values_list("member_id", "starts_on", "ends_on")
        return {
            (member, year)
            for member, starts_on, ends_on in rows
            for year in years
            if starts_on <= date(year, 12, 31) and (ends_on is None or ends_on >= date(year, 12, 31))
        }


class Exemption(models.Model):
    """A branch meeting exempted a member from points (不参加积分): aged, long ill, or floating."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="exemptions", verbose_name="党员")
    ground = models.CharField("情形", max_length=16, choices=ExemptionGround)
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期", null=True, blank=True)  # its last day
    approved_on = models.DateField("支部大会日期")
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = ExemptionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "不参加积分"
        ordering: ClassVar = ["-starts_on", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ground__in=ExemptionGround.values), name="exemption_ground_known"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="exemption_ends_after_start",
                violation_error_message="结束日期不能早于开始日期。",
            ),
            models.UniqueConstraint(
                fields=["member"],
                condition=Q(ends_on__isnull=True),
                name="exemption_open_once",
                violation_error_message="该同志已在不参加积分名单中。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.get_ground_display()}"


class DevelopmentPlan(models.Model):
    """How many people a node plans to admit in a year (发展计划); of the hospital, or of one branch of it."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name="党组织")
    year = models.PositiveSmallIntegerField("年度")
    planned = models.PositiveSmallIntegerField("计划人数")

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "发展计划"
        constraints: ClassVar = [models.UniqueConstraint(fields=["branch", "year"], name="development_plan_once")]

    def __str__(self) -> str:
        return f"{self.branch} {self.year}"


class RollMonth(models.Model):
    """Roll-up: head count of a branch at the end of a month (of today, in the current one)."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+")
    month = models.DateField()  # its first day
    full = models.PositiveIntegerField(default=0)
    probationary = models.PositiveIntegerField(default=0)

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["branch", "month"], name="roll_month_once")]
        indexes: ClassVar = [models.Index(fields=["month"], name="roll_month_month")]  # of many branches at once

    def __str__(self) -> str:
        return f"{self.branch} {self.month:%Y-%m}"


class BatchState(models.TextChoices):
    UPLOADED = "uploaded", "正在读取"
    PREVIEW = "preview", "待核对"
    UNREADABLE = "unreadable", "无法读取"
    APPLYING = "applying", "正在导入"
    APPLIED = "applied", "已导入"
    ROLLED_BACK = "rolled_back", "已撤回"
    CANCELLED = "cancelled", "已取消"


class ImportBatchQuerySet(BranchScopedQuerySet):
    branch_paths = ("organisation",)

    def for_list(self) -> Self:
        return self.select_related("uploaded_by", "organisation").defer("payload", "undo").order_by("-pk")


class ImportBatch(models.Model):
    """One uploaded roster: the file, what was read from it, what was done with it. Personal content is encrypted."""

    organisation = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name="导入到")
    uploaded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="上传人")
    file_name = models.CharField("文件", max_length=200)
    stored_name = models.CharField(max_length=64, blank=True, default="")  # random; encrypted under DATA_DIR/private
    state = models.CharField("状态", max_length=16, choices=BatchState, default=BatchState.UPLOADED)
    summary = models.JSONField(default=dict)  # counts and places only, nothing personal
    payload = EncryptedTextField(blank=True, default="")  # the rows as read, JSON
    undo = EncryptedTextField(blank=True, default="")  # what to put back on roll-back, JSON
    job = models.ForeignKey(Job, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField("上传时间", auto_now_add=True)
    applied_at = models.DateTimeField("导入时间", null=True)
    emptied_at = models.DateTimeField(null=True)  # when file and payload were deleted

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "名册导入"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=BatchState.values), name="import_batch_state_known"),
        ]

    def __str__(self) -> str:
        return self.file_name


def month_of(day: date) -> date:
    """The first day of the month of `day`: how months are stored everywhere."""
    return day.replace(day=1)
