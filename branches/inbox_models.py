"""What reaches a person: notices, what there is to do, the ways out of the house, and the days that count.

Re-exported by branches.models; foreign keys are written as text, so that this module needs none of it.
"""

from datetime import time
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from branches.choices import ChannelKind, DeliveryState, DigestRhythm, Outgoing, Role, topic_label
from config.crypto import EncryptedTextField

if TYPE_CHECKING:
    from branches.models import User


class NoticeQuerySet(models.QuerySet):
    def for_inbox(self, user: "User") -> Self:
        """The lines of one inbox, newest first; what a digest gathers stands below it, not beside it."""
        return self.filter(recipient=user, digest__isnull=True).order_by("-created_at", "-pk")

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)


class Notice(models.Model):
    """One message to one person about one thing at one step: never twice, whatever runs twice."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    topic = models.CharField(max_length=24)  # a Topic; no constraint: a room adds one without a migration
    item_key = models.CharField(max_length=120)  # "plan:17": what it is about
    step = models.CharField(max_length=64)  # "7", "overdue": which of its messages
    text = models.CharField(max_length=120)
    detail = models.CharField(max_length=500, blank=True, default="")
    url = models.CharField(max_length=300, blank=True, default="")  # a path of this site
    due = models.DateField(null=True)
    digest = models.ForeignKey("self", models.CASCADE, null=True, related_name="entries")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    outgoing = models.CharField(max_length=8, choices=Outgoing, default=Outgoing.NONE)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "消息"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["recipient", "item_key", "step"], name="notice_once"),
            models.CheckConstraint(condition=Q(outgoing__in=Outgoing.values), name="notice_outgoing_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["recipient", "-created_at"], name="notice_inbox"),
            models.Index(fields=["recipient"], condition=Q(read_at__isnull=True), name="notice_unread"),
            models.Index(fields=["recipient"], condition=Q(outgoing="waiting"), name="notice_waiting"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def topic_label(self) -> str:
        return topic_label(self.topic)


class Delivery(models.Model):
    """One notice on its way through one channel: tried at most once. What was not surely sent is listed as lost."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries")
    kind = models.CharField("方式", max_length=16, choices=ChannelKind)
    state = models.CharField(max_length=8, choices=DeliveryState, default=DeliveryState.QUEUED)
    claim = models.UUIDField(null=True)  # of the worker that took it
    changed_at = models.DateTimeField()
    error = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = "外部提醒"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["notice", "kind"], name="delivery_once"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
            models.CheckConstraint(condition=Q(kind__in=ChannelKind.values), name="delivery_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_state_display()}"


class ChannelSetting(models.Model):
    """Where one person wants to be told outside the site. Off until a test message has arrived there."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="channels")
    kind = models.CharField("方式", max_length=16, choices=ChannelKind)
    address = EncryptedTextField()  # a mail address, or the key of a robot
    secret = EncryptedTextField(blank=True, default="")  # of DingTalk's signature
    enabled = models.BooleanField(default=False)
    code = models.CharField(max_length=6, blank=True, default="")  # in the test message; typed in, it proves arrival
    code_at = models.DateTimeField(null=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    tested_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)  # in a row

    class Meta:
        verbose_name = verbose_name_plural = "提醒方式"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "kind"], name="channel_once"),
            models.CheckConstraint(condition=Q(kind__in=ChannelKind.values), name="channel_kind_known"),
            models.CheckConstraint(
                condition=Q(enabled=False) | Q(tested_at__isnull=False), name="channel_enabled_was_tested"
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class ReminderPreference(models.Model):
    """When a person may be disturbed outside the site; without a row the defaults hold."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reminder_preference")
    quiet_from = models.TimeField("免打扰开始", default=time(21, 0))
    quiet_until = models.TimeField("免打扰结束", default=time(7, 30))
    rhythm = models.CharField("发送频率", max_length=8, choices=DigestRhythm, default=DigestRhythm.EACH)
    last_digest_on = models.DateField(null=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "提醒设置"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(rhythm__in=DigestRhythm.values), name="reminder_rhythm_known")
        ]

    def __str__(self) -> str:
        return f"{self.quiet_from:%H:%M}-{self.quiet_until:%H:%M}"


class TodoQuerySet(models.QuerySet):
    def open_for(self, user: "User") -> Self:
        """What this person has to do: own to-dos, and those of the posts held today. The next due first."""
        mine = Q(recipient=user)
        for post in user.current_posts:
            mine |= Q(role=post.role, branch=post.branch_id)
        return self.filter(mine, done_at__isnull=True).order_by(models.F("due").asc(nulls_last=True), "pk")


class Todo(models.Model):
    """Something a person, or whoever holds a post, has to do. Opened and closed by services of any room."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="todos")
    role = models.CharField(max_length=32, choices=Role, blank=True, default="")
    branch = models.ForeignKey("branches.Branch", models.PROTECT, null=True, related_name="+")
    holder = models.CharField(max_length=64, editable=False)  # person or post as one text: NULLs are distinct in UNIQUE
    item_key = models.CharField(max_length=120)
    title = models.CharField(max_length=120)
    url = models.CharField(max_length=300, blank=True, default="")
    due = models.DateField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    objects = TodoQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "待办"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["holder", "item_key"], condition=Q(done_at__isnull=True), name="todo_open_once"
            ),
            models.CheckConstraint(
                condition=Q(recipient__isnull=False, branch__isnull=True, role="")
                | (Q(recipient__isnull=True, branch__isnull=False) & ~Q(role="")),
                name="todo_person_or_post",
            ),
            models.CheckConstraint(condition=Q(role="") | Q(role__in=Role.values), name="todo_role_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["item_key"], condition=Q(done_at__isnull=True), name="todo_open_item"),
            models.Index(fields=["branch", "role"], condition=Q(done_at__isnull=True), name="todo_open_post"),
        ]

    def __str__(self) -> str:
        return self.title


class Holiday(models.Model):
    """A day that is not what its weekday says: a public holiday, or a weekend day that is worked."""

    day = models.DateField("日期", unique=True, error_messages={"unique": "这一天已经登记。"})
    is_working = models.BooleanField("上班", default=False)
    name = models.CharField("名称", max_length=30)

    class Meta:
        verbose_name = verbose_name_plural = "节假日"
        ordering: ClassVar = ["day"]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.name}"


class GracePeriod(models.Model):
    """How many working days after the due day the Party office hears of a kind of duty; without a row, the default."""

    kind = models.CharField(max_length=32, unique=True)
    working_days = models.PositiveSmallIntegerField(validators=[MaxValueValidator(60)])

    class Meta:
        verbose_name = verbose_name_plural = "宽限期"

    def __str__(self) -> str:
        return f"{self.kind} {self.working_days}"
