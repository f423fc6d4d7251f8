"""Gatherings, who came, their photos, and what a branch owes."""

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q
from django.utils import timezone

from activities.choices import AbsenceReason, ActivityState, AttendanceStatus, Kind, Period, PlanState
from activities.rules import BACKFILL_DAYS, is_backfilled, period_bounds
from branches.choices import Capability
from branches.models import Branch, BranchScopedQuerySet, User
from branches.rules import subtree_end
from members.choices import MemberType
from members.models import Member

SEEN_BY_MEMBERS = (ActivityState.CONFIRMED, ActivityState.ARCHIVED)


class ActivityQuerySet(BranchScopedQuerySet):
    branch_paths = ("branch", "group")

    def readable_by(self, user: User) -> Self:
        """Every state where a post grants it; of one's own branch the confirmed records."""
        own_branch = self.visible_to(user, Capability.BRANCH_ACTIVITIES_VIEW)
        return self.visible_to(user, Capability.ACTIVITY_VIEW) | own_branch.filter(state__in=SEEN_BY_MEMBERS)

    def for_list(self) -> Self:
        """Everything the activity table shows, in two queries; people are counted, never typed."""
        present = Count("attendances", filter=Q(attendances__status=AttendanceStatus.PRESENT))
        counted = self.annotate(expected=Count("attendances"), present=present)
        return counted.select_related("branch", "group").prefetch_related("kinds")

    def found_by(self, filters: dict[str, Any]) -> Self:
        """Rows of the list that fit the cleaned filters of its form."""
        rows = self
        if text := filters.get("q"):
            rows = rows.filter(
                Q(topic__icontains=text)
                | Q(place__icontains=text)
                | Q(serial__icontains=text)
                | Q(minutes__icontains=text)
            )
        if kind := filters.get("kind"):
            rows = rows.filter(Exists(ActivityKind.objects.filter(activity=OuterRef("pk"), kind=kind)))
        if state := filters.get("state"):
            rows = rows.filter(state=state)
        if branch := filters.get("branch"):
            rows = rows.filter(branch__path__gte=branch.path, branch__path__lt=subtree_end(branch.path))
        since, until = filters.get("since"), filters.get("until")
        if month := filters.get("month"):
            since, until = period_bounds(Period.MONTH, month)
        if since:
            rows = rows.filter(starts_at__gte=timezone.make_aware(datetime.combine(since, time.min)))
        if until:
            rows = rows.filter(starts_at__lt=timezone.make_aware(datetime.combine(until + timedelta(days=1), time.min)))
        return rows

    def backfilled_only(self) -> Self:
        """Records submitted more than a week after the event (补录), to the hour."""
        return self.filter(submitted_at__gt=F("starts_at") + timedelta(days=BACKFILL_DAYS))

    def for_detail(self) -> Self:
        """One record with everything its page shows, in four queries."""
        people = Attendance.objects.select_related("member__user").order_by("member__group__path", "group_name", "pk")
        return self.select_related(
            "branch", "group", "chair", "recorder", "editor", "lecturer", "submitted_by", "confirmed_by"
        ).prefetch_related("kinds", "photos", Prefetch("attendances", people))


class Activity(models.Model):
    """One planned or held gathering of a branch (活动记录)."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="activities", verbose_name="党组织")
    group = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="group_activities", verbose_name="党小组"
    )
    topic = models.CharField("主题", max_length=100, blank=True, default="")
    starts_at = models.DateTimeField("开始时间")
    ends_at = models.DateTimeField("结束时间", null=True, blank=True)
    place = models.CharField("地点", max_length=60, blank=True, default="")
    chair = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="主持人")
    recorder = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="记录人")
    editor = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False)  # who last changed the text
    lecturer = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="主讲人")
    guest_lecturer = models.CharField("院外主讲人", max_length=40, blank=True, default="")
    hours = models.DecimalField("学时", max_digits=4, decimal_places=1, null=True, blank=True)
    observers = models.CharField("列席人员", max_length=200, blank=True, default="")
    minutes = models.TextField("纪要", max_length=20000, blank=True, default="")
    state = models.CharField("状态", max_length=16, choices=ActivityState, default=ActivityState.DRAFT, editable=False)
    serial = models.CharField("编号", max_length=48, unique=True, null=True, editable=False)
    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)  # one form, one record
    version = models.PositiveIntegerField(default=1, editable=False)
    revision = models.PositiveSmallIntegerField(default=0, editable=False)  # how often it was confirmed or corrected
    submitted_at = models.DateTimeField("提交时间", null=True, editable=False)  # judged by it: docs/adr/0008
    submitted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    confirmed_at = models.DateTimeField("确认时间", null=True, editable=False)
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    returned_at = models.DateTimeField(null=True, editable=False)
    returned_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    return_comment = models.CharField("退回意见", max_length=500, blank=True, default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "活动记录"
        ordering: ClassVar = ["-starts_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(  # `choices` alone never reaches the database
                condition=Q(state__in=ActivityState.values), name="activity_state_known"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")),
                name="activity_ends_after_start",
                violation_error_message="结束时间应晚于开始时间。",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[ActivityState.PLANNED, ActivityState.DRAFT]) | Q(serial__isnull=False),
                name="activity_submitted_has_serial",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["branch", "starts_at"], name="activity_branch_start"),
            models.Index(fields=["state", "branch"], name="activity_state_branch"),
        ]

    def __str__(self) -> str:
        return self.topic or "未命名活动"

    @property
    def backfilled(self) -> bool:
        """补录: first submitted more than a week after the event."""
        return self.submitted_at is not None and is_backfilled(
            timezone.localdate(self.starts_at), timezone.localdate(self.submitted_at)
        )


class ActivityKind(models.Model):
    """One duty the gathering counts for; a theme day with a lecture has two rows."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="kinds")
    kind = models.CharField("类型", max_length=32, choices=Kind)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["activity", "kind"], name="activity_kind_once"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="activity_kind_known"),
        ]
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.get_kind_display()


class Attendance(models.Model):
    """One expected person, as of the day: the row exists before the meeting and is ticked or excused."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="attendances")
    member = models.ForeignKey(Member, models.PROTECT, related_name="attendances")
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+")  # home branch of that day
    name = models.CharField(max_length=30)
    group_name = models.CharField(max_length=100, blank=True, default="")
    member_type = models.CharField(max_length=16, choices=MemberType)
    may_vote = models.BooleanField(default=True)
    status = models.CharField("出勤", max_length=16, choices=AttendanceStatus, default=AttendanceStatus.PRESENT)
    reason = models.CharField("原因", max_length=20, choices=AbsenceReason, blank=True, default="")
    note = models.CharField("说明", max_length=60, blank=True, default="")
    made_up_on = models.DateField("补课日期", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["activity", "member"], name="attendance_once", violation_error_message="同一党员已登记。"
            ),
            models.CheckConstraint(condition=Q(status__in=AttendanceStatus.values), name="attendance_status_known"),
            models.CheckConstraint(
                condition=Q(status=AttendanceStatus.PRESENT, reason="")
                | (~Q(status=AttendanceStatus.PRESENT) & Q(reason__in=["", *AbsenceReason.values])),
                name="attendance_reason_fits",
                violation_error_message="到会的党员不应有缺席原因。",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["member", "activity"], name="attendance_member")]

    def __str__(self) -> str:
        return f"{self.name} {self.get_status_display()}"


class PhotoQuerySet(BranchScopedQuerySet):
    branch_paths = ("activity__branch", "activity__group")


class Photo(models.Model):
    """A photo of the scene: re-encoded, without its place; served by a view that checks the scope."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="photos")
    image = models.FileField(max_length=120)
    thumbnail = models.FileField(max_length=120)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField()  # bytes of the image as kept
    sha256 = models.CharField(max_length=64)  # of the upload: the same photo twice is one
    caption = models.CharField("说明", max_length=60, blank=True, default="")
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "照片"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["activity", "sha256"], name="photo_once", violation_error_message="这张照片已上传。"
            )
        ]

    def __str__(self) -> str:
        return self.caption or f"照片{self.pk}"


class SerialCounter(models.Model):
    """The last number given to a record of a branch, year and kind; locked while the next is given."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=32, choices=Kind)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["branch", "year", "kind"], name="serial_counter_once")]

    def __str__(self) -> str:
        return f"{self.branch} {self.year} {self.kind} {self.last}"


class PlanItemQuerySet(BranchScopedQuerySet):
    branch_paths = ("branch", "group")

    def for_board(self) -> Self:
        """The cells of a board, in one query."""
        return self.select_related("branch", "group", "activity").order_by("branch__path", "kind", "group__path")

    def covering(self, start: date, end: date) -> Self:
        """Items whose period touches the days `start` to `end`: the month's own, its quarter's, its year's."""
        return self.filter(start__lte=end, end__gte=start)


class PlanItem(models.Model):
    """One required action of a node in a period (规定动作): what the board, the home page and the score card read.

    `state`, `activity`, `done_on`, `late` follow the records of the period and are kept by activities.services alone.
    """

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="plan_items")
    group = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="group_plan_items")
    kind = models.CharField(max_length=32, choices=Kind)
    period = models.CharField(max_length=16, choices=Period)
    start = models.DateField()  # first day of the period
    end = models.DateField()  # last day of the period
    due = models.DateField()
    at_least = models.PositiveSmallIntegerField(default=1)
    count = models.PositiveSmallIntegerField(default=0)  # confirmed records in the period
    state = models.CharField(max_length=16, choices=PlanState, default=PlanState.OPEN)
    reason = models.CharField("原因", max_length=200, blank=True, default="")  # why not applicable, or not held
    reason_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    review_comment = models.CharField("审核意见", max_length=200, blank=True, default="")
    activity = models.ForeignKey(Activity, models.SET_NULL, null=True, related_name="+")
    done_on = models.DateField(null=True)  # day of the record that fulfilled it
    late = models.BooleanField(default=False)  # submitted after `due`
    key = models.CharField(max_length=80, unique=True)  # branch:kind:start:group — NULLs are distinct in UNIQUE
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = PlanItemQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "规定动作"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=PlanState.values), name="plan_item_state_known"),
            models.CheckConstraint(condition=Q(end__gte=models.F("start")), name="plan_item_period_real"),
        ]
        indexes: ClassVar = [models.Index(fields=["branch", "start"], name="plan_item_branch_start")]

    def __str__(self) -> str:
        return f"{self.branch} {self.get_kind_display()} {self.start:%Y-%m}"


class ActivityMonth(models.Model):
    """Roll-up of confirmed records: branch × month × kind. Disposable: the records are the truth."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+")
    month = models.DateField()  # its first day
    kind = models.CharField(max_length=32, choices=Kind)
    required = models.PositiveIntegerField(default=0)  # applicable plan items that fall due in the month
    done = models.PositiveIntegerField(default=0)  # of these, fulfilled by a confirmed record
    late = models.PositiveIntegerField(default=0)  # of the done, submitted after the due day
    held = models.PositiveIntegerField(default=0)  # confirmed records of the kind that began in the month
    expected = models.PositiveIntegerField(default=0)
    present = models.PositiveIntegerField(default=0)
    excused = models.PositiveIntegerField(default=0)  # leave and official
    made_up = models.PositiveIntegerField(default=0)

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["branch", "month", "kind"], name="activity_month_once")
        ]

    def __str__(self) -> str:
        return f"{self.branch} {self.month:%Y-%m} {self.kind}"
