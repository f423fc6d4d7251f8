"""Who was expected, who came and how that is known; leave asked for, made-up study, hours of study."""

import uuid
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q

from activities.choices import AbsenceReason, AttendanceStatus, Kind, LeaveState, MakeUpState, SignMethod, StudyState
from branches.models import Branch, BranchScopedQuerySet, User
from config.crypto import EncryptedTextField
from members.choices import MemberType
from members.models import Member


class AttendanceQuerySet(BranchScopedQuerySet):
    branch_paths = ("branch",)


class Attendance(models.Model):
    """One expected person, as of the day: the row exists before the meeting and is ticked or excused."""

    activity = models.ForeignKey("activities.Activity", models.CASCADE, related_name="attendances")
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
    session = models.ForeignKey(
        "activities.Session", models.SET_NULL, null=True, related_name="attendances"
    )  # the sitting they came to; null where it was held once
    signed_at = models.DateTimeField("签到时间", null=True, blank=True)
    signed_by = models.CharField("签到方式", max_length=8, choices=SignMethod, blank=True, default="")
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # of the leave
    approved_at = models.DateTimeField(null=True)

    objects = AttendanceQuerySet.as_manager()

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


class LeaveRequest(models.Model):
    """A member asks on the phone not to come (请假); the branch answers before the record is handed in."""

    activity = models.ForeignKey("activities.Activity", models.CASCADE, related_name="leave_requests")
    member = models.ForeignKey(Member, models.PROTECT, related_name="leave_requests")
    reason = models.CharField("原因", max_length=20, choices=AbsenceReason)
    note = models.CharField("说明", max_length=60, blank=True, default="")
    state = models.CharField("状态", max_length=16, choices=LeaveState, default=LeaveState.ASKED)
    asked_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    comment = models.CharField("审批意见", max_length=200, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = "请假"
        ordering: ClassVar = ["-asked_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["activity", "member"],
                condition=Q(state__in=["asked", "approved"]),
                name="leave_request_open_once",
                violation_error_message="这次活动已请过假。",
            ),
            models.CheckConstraint(condition=Q(state__in=LeaveState.values), name="leave_request_state_known"),
            models.CheckConstraint(condition=~Q(reason=AbsenceReason.UNEXCUSED), name="leave_request_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.get_state_display()}"


class MakeUp(models.Model):
    """Study owed for an excused absence (补课), opened when the record is confirmed; due in 30 days."""

    attendance = models.OneToOneField(Attendance, models.CASCADE, related_name="make_up")
    due = models.DateField("期限")
    state = models.CharField("状态", max_length=16, choices=MakeUpState, default=MakeUpState.OPEN)
    way = models.CharField("补课方式", max_length=60, blank=True, default="")
    note = models.CharField("学习体会", max_length=500, blank=True, default="")
    done_on = models.DateField("补课日期", null=True, blank=True)
    reported_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    checked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    checked_at = models.DateTimeField(null=True)
    comment = models.CharField("审核意见", max_length=200, blank=True, default="")
    lapsed_on = models.DateField(null=True, editable=False)  # found on this day: the term is over, nothing was reported

    class Meta:
        verbose_name = verbose_name_plural = "补课"
        ordering: ClassVar = ["due", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=MakeUpState.values), name="make_up_state_known")
        ]

    def __str__(self) -> str:
        return f"{self.attendance} {self.get_state_display()}"


class SignIn(models.Model):
    """The window in which people may sign in to one gathering: by a rotating code on the projector, or six digits."""

    activity = models.OneToOneField("activities.Activity", models.CASCADE, related_name="sign_in")
    secret = EncryptedTextField()  # the rotating code is worked out of it; never shown
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    session = models.ForeignKey(
        "activities.Session", models.SET_NULL, null=True, related_name="+"
    )  # the sitting the window is for; null where it is held once
    closed_at = models.DateTimeField(null=True)  # closed by hand, before the window ended

    class Meta:
        verbose_name = verbose_name_plural = "签到"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(closes_at__gt=models.F("opens_at")), name="sign_in_closes_after_opening")
        ]

    def __str__(self) -> str:
        return f"签到{self.pk}"


class StudyHours(models.Model):
    """The ledger of hours of study: one row per person and record, kept in step with it by the services."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="study_hours")
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+")  # home branch of that day
    activity = models.ForeignKey("activities.Activity", models.CASCADE, null=True, related_name="study_hours")
    kind = models.CharField("类型", max_length=32, choices=Kind, blank=True, default="")
    title = models.CharField("内容", max_length=100)
    studied_on = models.DateField("日期")
    hours = models.DecimalField("学时", max_digits=4, decimal_places=1, default=Decimal(0))
    made_up = models.BooleanField("补课", default=False)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # of a course outside
    state = models.CharField("状态", max_length=16, choices=StudyState, default=StudyState.COUNTED)
    checked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # of a course a member reported
    checked_at = models.DateTimeField(null=True)
    comment = models.CharField("审核意见", max_length=200, blank=True, default="")
    entry_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)

    objects = AttendanceQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "学时"
        ordering: ClassVar = ["-studied_on", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["activity", "member"], name="study_hours_once"),
            models.CheckConstraint(condition=Q(hours__gt=0), name="study_hours_positive"),
            models.CheckConstraint(condition=Q(state__in=StudyState.values), name="study_hours_state_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["member", "studied_on"], name="study_hours_member_day")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.studied_on:%Y-%m-%d} {self.hours}"
