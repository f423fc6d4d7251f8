"""One record of a gathering, what it counts for, and how it changed after it was confirmed."""

import uuid
from typing import ClassVar, Self

from django.db import models
from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.utils import timezone

from activities.choices import ActivityState, AttendanceStatus, Kind
from activities.models.attendance import Attendance
from activities.rules import is_backfilled
from branches.choices import Capability
from branches.models import Branch, BranchScopedQuerySet, User

SEEN_BY_MEMBERS = (ActivityState.CONFIRMED, ActivityState.ARCHIVED)


class ActivityQuerySet(BranchScopedQuerySet):
    branch_paths = ("branch", "group")

    def readable_by(self, user: User) -> Self:
        """Every state where a post grants it; of one's own branch confirmed records, and plans that were announced."""
        own_branch = self.visible_to(user, Capability.BRANCH_ACTIVITIES_VIEW)
        announced = Q(state=ActivityState.PLANNED, announced_at__isnull=False)
        shown = own_branch.filter(Q(state__in=SEEN_BY_MEMBERS) | announced)
        return self.visible_to(user, Capability.ACTIVITY_VIEW) | shown

    def for_list(self) -> Self:
        """Everything the activity table shows, in two queries; people are counted, never typed."""
        present = Count("attendances", filter=Q(attendances__status=AttendanceStatus.PRESENT))
        counted = self.annotate(expected=Count("attendances"), present=present)
        parts = Activity.objects.filter(host=OuterRef("pk"))
        counted = counted.annotate(has_parts=Exists(parts))  # or it is one: `is_joint`
        return counted.select_related("branch", "group").prefetch_related("kinds")

    def for_detail(self) -> Self:
        """One record with everything its page shows, in five queries."""
        people = Attendance.objects.select_related("member__user", "approved_by", "make_up", "session")
        people = people.order_by("member__group__path", "group_name", "pk")
        return self.select_related(
            "branch", "group", "chair", "recorder", "editor", "lecturer", "submitted_by", "confirmed_by", "host__branch"
        ).prefetch_related("kinds", "photos", "sessions", Prefetch("attendances", people))


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
    agenda = models.TextField("议题", max_length=2000, blank=True, default="")  # one item a line
    details = models.JSONField(default=dict, blank=True)  # the fields of its kinds alone: activities.records.details
    host = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="parts", editable=False
    )  # the part of a co-host: own people, confirmation and points; the common text is the host's
    announced_at = models.DateTimeField(null=True, editable=False)  # a planned one that its people were invited to
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
    return_fields = models.JSONField(default=dict, blank=True, editable=False)  # field of the form -> comment
    return_due = models.DateField("修改期限", null=True, blank=True, editable=False)
    archived_at = models.DateTimeField("归档时间", null=True, editable=False)
    archived_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
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
            models.UniqueConstraint(
                fields=["host", "branch"],
                name="activity_part_once",
                violation_error_message="这个党支部已是联合举办单位。",
            ),
            models.CheckConstraint(
                condition=Q(host__isnull=True) | ~Q(host=models.F("pk")), name="activity_not_its_own_host"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["branch", "starts_at"], name="activity_branch_start"),
            models.Index(fields=["state", "branch"], name="activity_state_branch"),
        ]

    def __str__(self) -> str:
        return self.topic or "未命名活动"

    @property
    def nobody_yet(self) -> bool:
        """Nobody has said who came: it is planned, or the part of a co-host whose people have not opened it."""
        untouched = self.host_id is not None and self.version == 1 and not self.serial
        return self.state == ActivityState.PLANNED or untouched

    @property
    def signed_count(self) -> int:
        """How many have signed in; no statement of its own where the rows are at hand."""
        return sum(row.signed_at is not None for row in self.attendances.all())

    @property
    def is_joint(self) -> bool:
        """Held jointly by branches; of a host only known where its parts were counted (`for_list`)."""
        return bool(self.host_id or getattr(self, "has_parts", False))

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


class Session(models.Model):
    """One sitting of a gathering that was held several times because the wards cannot all leave at once.

    A gathering held once has none. Attendance is the union of the sittings; a motion belongs to one of them.
    """

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="sessions")
    number = models.PositiveSmallIntegerField("场次")
    starts_at = models.DateTimeField("开始时间")
    ends_at = models.DateTimeField("结束时间", null=True, blank=True)
    place = models.CharField("地点", max_length=60, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = "场次"
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["activity", "number"], name="session_once"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")),
                name="session_ends_after_start",
                violation_error_message="结束时间应晚于开始时间。",
            ),
        ]

    def __str__(self) -> str:
        return f"第{self.number}场"


class Revision(models.Model):
    """A change of a confirmed record: what it said before and after, who changed it and why."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="revisions")
    number = models.PositiveSmallIntegerField()  # the record's `revision` after the change
    reason = models.CharField("更正原因", max_length=300)
    changes = models.JSONField(default=dict)  # label of the field -> [before, after]
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "更正"
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["activity", "number"], name="revision_once")]

    def __str__(self) -> str:
        return f"{self.activity_id} 第{self.number}次"


class SpotCheck(models.Model):
    """The Party office read a confirmed record (抽查) and found it good, or asked for a correction by a day."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="spot_checks")
    passed = models.BooleanField()
    comment = models.CharField("抽查意见", max_length=500, blank=True, default="")
    due = models.DateField("整改期限", null=True, blank=True)
    checked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    checked_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True)  # the branch corrected the record

    class Meta:
        verbose_name = verbose_name_plural = "抽查"
        ordering: ClassVar = ["-checked_at"]

    def __str__(self) -> str:
        return f"{self.activity_id} {'合格' if self.passed else '需整改'}"
