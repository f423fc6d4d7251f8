"""The organisation, the people in it, their posts, the audit trail and the job table."""

from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple, NoReturn, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import models
from django.db.models import ProtectedError, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from treebeard.mp_tree import MP_Node, MP_NodeManager, MP_NodeQuerySet

from branches.choices import BranchCategory, BranchKind, BranchLevel, Capability, Role
from branches.inbox_models import ChannelSetting, Delivery, GracePeriod, Holiday, Notice, ReminderPreference, Todo
from branches.names import search_keys
from branches.report_models import Report, ReportSchedule
from branches.rules import AT_NODE_ONLY, grants_at, subtree_end
from branches.term_models import Term
from config.crypto import EncryptedTextField, blind_index, blind_indexes

__all__ = [
    "MOBILE",
    "AccessLink",
    "Appointment",
    "AppointmentQuerySet",
    "AuditEntry",
    "AuditQuerySet",
    "Branch",
    "BranchManager",
    "BranchQuerySet",
    "BranchScopedQuerySet",
    "ChannelSetting",
    "Delivery",
    "GracePeriod",
    "Holiday",
    "Job",
    "JobState",
    "Notice",
    "Post",
    "ReminderPreference",
    "Report",
    "ReportSchedule",
    "Term",
    "Todo",
    "User",
    "UserManager",
]

MOBILE = "mobile"  # purpose of the blind index


class Post(NamedTuple):
    """One post of a person that is valid today."""

    role: Role
    branch_id: int
    path: str
    level: str


class UserManager(BaseUserManager["User"]):
    def create_person(self, *, name: str, **fields: Any) -> "User":
        """Make a person who cannot log in yet; `mobile` is indexed, the name made searchable."""
        user = self.model(name=name, **fields)
        user.set_contact(mobile=fields.get("mobile", ""))
        user.set_name(name)
        user.set_unusable_password()
        user.save(using=self._db)
        return user

    def in_offices_of(self, user: "User", can: Capability) -> models.QuerySet["User"]:
        """People with a post, present or past, where `user` may do `can`, and those who have never had any."""
        posts = Appointment.objects.visible_to(user, can).filter(user=models.OuterRef("pk"))
        if not user.has_anywhere(can):
            return self.none()
        any_post = Appointment.objects.filter(user=models.OuterRef("pk"))
        return self.filter(models.Exists(posts) | ~models.Exists(any_post))

    def able_to_log_in(self) -> models.QuerySet["User"]:
        """People who have set a password."""
        return self.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exclude(password="")

    def with_mobile(self, mobile: str) -> models.QuerySet["User"]:
        return self.filter(mobile_index__in=blind_indexes(mobile, purpose=MOBILE))


class User(AbstractBaseUser):
    """A person the system knows, able to log in or not. What they may do follows from their posts alone."""

    username = models.CharField(
        "登录名", max_length=64, unique=True, null=True, blank=True, error_messages={"unique": "这个登录名已被使用。"}
    )
    name = models.CharField("姓名", max_length=30)
    search_keys = models.CharField(max_length=500, editable=False, default="")
    staff_no = models.CharField("工号", max_length=32, unique=True, null=True, blank=True)
    mobile = EncryptedTextField("手机", blank=True, default="")
    mobile_index = models.CharField(max_length=64, null=True, editable=False, db_index=True)
    email = models.EmailField("邮箱", blank=True, default="")
    is_active = models.BooleanField("启用", default=True)
    session_epoch = models.PositiveIntegerField(default=0, editable=False)  # one more ends every session
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"

    address: str | None = None  # where the present request came from; set by the middleware, read by the audit trail

    class Meta:
        verbose_name = verbose_name_plural = "人员"
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(username="") & ~Q(staff_no=""), name="user_names_null_or_filled"),
        ]

    def __str__(self) -> str:
        return self.name

    def set_name(self, name: str) -> None:
        self.name = name
        self.search_keys = search_keys(name)[:500]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django compares it on every request: a new password or a new epoch ends the sessions made before."""
        value = f"{self.password}:{self.session_epoch}"
        return salted_hmac("branches.User.session", value, secret=secret, algorithm="sha256").hexdigest()

    def set_contact(self, *, mobile: str) -> None:
        self.mobile = mobile
        self.mobile_index = blind_index(mobile, purpose=MOBILE)

    @cached_property
    def current_posts(self) -> tuple[Post, ...]:
        """The posts valid today: one query, once per request, because every request loads its own User."""
        rows = self.appointments.current(timezone.localdate())
        found = rows.values_list("role", "branch_id", "branch__path", "branch__level")
        return tuple(Post(Role(role), branch_id, path, level) for role, branch_id, path, level in found)

    def paths_granting(self, capability: Capability) -> list[str]:
        """Paths of the branches where a post of today grants `capability`, without those below another of them.

        All of them for a capability that holds at its node alone.
        """
        if not self.is_active:
            return []
        paths = sorted({post.path for post in self.current_posts if capability in grants_at(post.role, post.level)})
        if capability in AT_NODE_ONLY:
            return paths
        return [p for i, p in enumerate(paths) if not any(p.startswith(q) for q in paths[:i])]

    def has_anywhere(self, capability: Capability) -> bool:
        return bool(self.paths_granting(capability))


class BranchScopedQuerySet(models.QuerySet):
    """Rows that belong to a branch. Every read a user can cause starts with `visible_to`."""

    branch_paths: ClassVar[tuple[str, ...]] = ("branch",)  # how a row reaches its node(s); "" is the row itself

    def visible_to(self, user: User, can: Capability) -> Self:
        """Rows below the branches where a post of `user`, valid today, grants `can`; else none.

        Rows of those branches alone where the capability holds at its node only. No query of its own: the posts are
        read once per request (`User.current_posts`).
        """
        if not user.is_authenticated:
            return self.none()
        paths = user.paths_granting(can)
        return self.at(paths) if can in AT_NODE_ONLY else self.within(paths)

    def at(self, paths: Iterable[str]) -> Self:
        """Rows of exactly the nodes of `paths`."""
        scope = Q(pk__in=[])
        for branch_path in self.branch_paths:
            scope |= Q(**{f"{branch_path}__path__in" if branch_path else "path__in": list(paths)})
        return self.filter(scope)

    def within(self, paths: Iterable[str]) -> Self:
        """Rows in the subtrees of `paths`: index ranges on both databases."""
        scope = Q(pk__in=[])
        for branch_path in self.branch_paths:
            prefix = f"{branch_path}__path" if branch_path else "path"
            for path in paths:
                scope |= Q(**{f"{prefix}__gte": path, f"{prefix}__lt": subtree_end(path)})
        return self.filter(scope)


class BranchQuerySet(BranchScopedQuerySet, MP_NodeQuerySet):
    branch_paths = ("",)

    def delete(self) -> NoReturn:
        raise ProtectedError("a branch is closed, never deleted", set(self[:1]))  # treebeard takes the subtree

    def open_on(self, day: Any) -> Self:
        """Founded and not dissolved on `day`; the day of dissolution is still open."""
        return self.filter(Q(founded_on__lte=day), Q(dissolved_on__isnull=True) | Q(dissolved_on__gte=day))

    def branches(self) -> Self:
        """Nodes of level branch: where members have their home."""
        return self.filter(level=BranchLevel.BRANCH)


class BranchManager(MP_NodeManager.from_queryset(BranchQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> BranchQuerySet:  # treebeard hard-wires its own queryset here
        return BranchQuerySet(self.model, using=self._db).order_by("path")


class Branch(MP_Node):
    """A node of the organisation; made and moved by services, through the manager only, and never deleted."""

    name = models.CharField("名称", max_length=100)
    code = models.CharField("编码", max_length=32, unique=True, error_messages={"unique": "这个编码已被使用。"})
    level = models.CharField("层级", max_length=16, choices=BranchLevel)
    kind = models.CharField("类型", max_length=16, choices=BranchKind, default=BranchKind.REGULAR)
    category = models.CharField("类别", max_length=32, choices=BranchCategory, blank=True, default="")
    founded_on = models.DateField("成立日期")
    dissolved_on = models.DateField("撤销日期", null=True, blank=True)
    owes_from = models.DateField(null=True, editable=False)  # periods that ended before are not asked for; null: none
    hospital = models.ForeignKey("self", models.PROTECT, null=True, editable=False, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = BranchManager()

    class Meta:
        verbose_name = verbose_name_plural = "党组织"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(level__in=BranchLevel.values), name="branch_level_known"),
            models.CheckConstraint(condition=Q(kind__in=BranchKind.values), name="branch_kind_known"),
            models.CheckConstraint(
                condition=Q(dissolved_on__isnull=True) | Q(dissolved_on__gte=models.F("founded_on")),
                name="branch_dissolved_after_founded",
                violation_error_message="撤销日期不能早于成立日期。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_open(self, day: Any) -> bool:
        return self.founded_on <= day and (self.dissolved_on is None or self.dissolved_on >= day)


class AppointmentQuerySet(BranchScopedQuerySet):
    def current(self, day: Any) -> Self:
        return self.filter(Q(starts_on__lte=day), Q(ends_on__isnull=True) | Q(ends_on__gt=day))

    def for_list(self) -> Self:
        return self.select_related("user", "branch").order_by("branch__path", "role", "starts_on")


class Appointment(models.Model):
    """A post of a person at a node. `ends_on` is the first day without it, so that ending a post acts at once."""

    user = models.ForeignKey(User, models.PROTECT, related_name="appointments", verbose_name="人员")
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="appointments", verbose_name="党组织")
    role = models.CharField("职务", max_length=32, choices=Role)
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期", null=True, blank=True)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "任职"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="appointment_role_known"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="appointment_ends_after_start",
                violation_error_message="结束日期不能早于开始日期。",
            ),
            models.UniqueConstraint(
                fields=["user", "branch", "role"],
                condition=Q(ends_on__isnull=True),
                name="appointment_open_once",
                violation_error_message="该同志已担任这个职务。",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["branch", "role"], name="appointment_branch_role")]

    def __str__(self) -> str:
        return f"{self.user} {self.get_role_display()}"


class AuditQuerySet(BranchScopedQuerySet):
    def readable_by(self, user: User) -> Self:
        """Lines of the branches in scope; lines without a branch (accounts, set-up) only from a top organisation."""
        seen = self.visible_to(user, Capability.AUDIT_VIEW)
        at_top = any(len(path) == Branch.steplen for path in user.paths_granting(Capability.AUDIT_VIEW))
        return seen | self.filter(branch__isnull=True) if at_top else seen

    def for_list(self) -> Self:
        return self.select_related("branch").order_by("-pk")


class AuditEntry(models.Model):
    """Who did what to what, when and from where. Append-only; written by branches.audit alone."""

    at = models.DateTimeField("时间", default=timezone.now)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="操作人")
    actor_name = models.CharField("操作人姓名", max_length=64)
    address = models.CharField("来源", max_length=45, blank=True, default="")
    action = models.CharField("操作", max_length=64)
    target_type = models.CharField(max_length=64, blank=True, default="")
    target_id = models.BigIntegerField(null=True)
    target_text = models.CharField("对象", max_length=200, blank=True, default="")
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="+", verbose_name="党组织")
    changes = models.JSONField("变更", default=dict)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "审计记录"
        indexes: ClassVar = [
            models.Index(fields=["target_type", "target_id"], name="audit_target"),
            models.Index(fields=["branch", "at"], name="audit_branch_at"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.action}"


class AccessLink(models.Model):
    """A door without a log-in: set-up, activation, a calendar feed, a screen. Only a hash is stored."""

    class Kind(models.TextChoices):
        SETUP = "setup", "初始设置"
        ACTIVATION = "activation", "账号激活"
        CALENDAR = "calendar", "日历订阅"
        DISPLAY = "display", "大屏链接"

    kind = models.CharField(max_length=16, choices=Kind)
    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="access_links")
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="+")  # of a screen: what it shows
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)  # of a calendar feed or a screen: when it was last read
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=["setup", "activation", "calendar", "display"]), name="access_link_kind_known"
            ),
            models.CheckConstraint(
                condition=~Q(kind="display") | Q(branch__isnull=False), name="access_link_display_of"
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(kind="activation", used_at__isnull=True, revoked_at__isnull=True),
                name="access_link_one_open_slip",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(kind="calendar", revoked_at__isnull=True),
                name="access_link_one_open_feed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class JobState(models.TextChoices):
    QUEUED = "queued", "排队中"
    RUNNING = "running", "正在处理"
    DONE = "done", "已完成"
    FAILED = "failed", "失败"
    CANCELLED = "cancelled", "已取消"


class Job(models.Model):
    """A piece of work for the worker. The row is the queue; the broker is only a bell (branches.jobs)."""

    task = models.CharField(max_length=100)
    business_key = models.CharField(max_length=200)
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=JobState, default=JobState.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    step = models.CharField(max_length=100, blank=True, default="")
    error = models.CharField(max_length=300, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    requested_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task", "business_key"], name="job_once"),
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "heartbeat"], name="job_state_heartbeat")]

    def __str__(self) -> str:
        return f"{self.task} {self.business_key} {self.state}"
