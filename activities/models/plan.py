"""What a branch owes in a year and what became of it; what the committee pushes; year plan and summary."""

from datetime import date
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from activities.choices import Kind, Period, PlanState, YearDocumentKind, YearDocumentState
from activities.models.records import Activity
from activities.plan.periods import period_label
from branches.models import Branch, BranchScopedQuerySet, User


class PushedItem(models.Model):
    """One item the committee gave to many branches at once; each answers for itself by its plan item."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="pushed_items")  # the node that gave it
    title = models.CharField("名称", max_length=100)
    kind = models.CharField("活动类型", max_length=32, choices=Kind, blank=True, default="")  # "": no gathering asked
    starts_on = models.DateField("开始日期")
    due = models.DateField("截止日期")
    instructions = models.TextField("要求", max_length=4000, blank=True, default="")
    form_key = models.UUIDField(unique=True, editable=False)
    pushed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    pushed_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "布置事项"
        ordering: ClassVar = ["-pushed_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(due__gte=models.F("starts_on")),
                name="pushed_item_due_after_start",
                violation_error_message="截止日期不能早于开始日期。",
            )
        ]

    def __str__(self) -> str:
        return self.title


class PushedFile(models.Model):
    """A file that goes with a pushed item."""

    item = models.ForeignKey(PushedItem, models.CASCADE, related_name="files")
    name = models.CharField("文件名", max_length=120)
    file = models.FileField(max_length=120)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()

    class Meta:
        verbose_name = verbose_name_plural = "附件"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.name


class FiledReport(models.Model):
    """A report that fulfils a duty which is no gathering (调查研究): filed once, done."""

    item = models.ForeignKey("activities.PlanItem", models.PROTECT, related_name="reports")
    title = models.CharField("报告题目", max_length=100)
    authors = models.CharField("报告人", max_length=60)
    summary = models.TextField("主要内容", max_length=4000, blank=True, default="")
    name = models.CharField("文件名", max_length=120, blank=True, default="")
    file = models.FileField(max_length=120, blank=True)
    content_type = models.CharField(max_length=100, blank=True, default="")
    size = models.PositiveIntegerField(default=0)
    form_key = models.UUIDField(unique=True, editable=False)
    filed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    filed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "报告"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.title


STILL_OWED = Q(state__in=[PlanState.OPEN, PlanState.DRAFT, PlanState.RETURNED])


class PlanItemQuerySet(BranchScopedQuerySet):
    branch_paths = ("branch", "group")

    def for_board(self) -> Self:
        """The cells of a board, in one query; `has_parts`: its record is the host of a joint one."""
        parts = Activity.objects.filter(host=OuterRef("activity"))
        rows = self.select_related("branch", "group", "activity").annotate(has_parts=Exists(parts))
        return rows.order_by("branch__path", "kind", "group__path")

    def covering(self, start: date, end: date) -> Self:
        """Items whose period touches the days `start` to `end`: the month's own, its quarter's, its year's."""
        return self.filter(start__lte=end, end__gte=start)

    def owed(self) -> Self:
        """What still waits for a record: not begun, a draft, or sent back. The partial index holds only these."""
        return self.filter(STILL_OWED)


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
    title = models.CharField("名称", max_length=100, blank=True, default="")  # of an item the committee pushed
    planned_on = models.DateField("计划日期", null=True, blank=True)  # moved by the secretary; it is then the due day
    topic = models.CharField("拟定主题", max_length=100, blank=True, default="")
    touched = models.BooleanField(default=False)  # people changed it: the generator leaves it and says so
    pushed = models.ForeignKey("activities.PushedItem", models.PROTECT, null=True, related_name="items")
    answer = models.CharField("完成情况", max_length=500, blank=True, default="")
    answered_at = models.DateTimeField(null=True, editable=False)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    fulfilled_by_url = models.CharField(max_length=200, blank=True, default="")  # of a duty that is no gathering
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
        indexes: ClassVar = [
            models.Index(fields=["branch", "start"], name="plan_item_branch_start"),
            models.Index(fields=["branch", "end"], name="plan_item_branch_end"),
            models.Index(fields=["branch", "due"], name="plan_item_owed", condition=STILL_OWED),
        ]

    def __str__(self) -> str:
        year = "" if self.period == Period.YEAR else f"{self.start.year}年"
        when = "" if self.title else f"（{year}{period_label(self.period, self.start)}）"
        return f"{self.branch}：{self.name}{when}"

    @property
    def name(self) -> str:
        """What people call it: the title of what the committee pushed, else its kind."""
        return self.title or str(self.get_kind_display())


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
        indexes: ClassVar = [
            # Sums of many branches read their months here and not the table, however many years it holds.
            models.Index(
                fields=["month", "branch", "kind", "required", "done", "late", "expected", "present"],
                name="activity_month_sums",
            )
        ]

    def __str__(self) -> str:
        return f"{self.branch} {self.month:%Y-%m} {self.kind}"


class YearDocument(models.Model):
    """The plan or the summary of a branch's year (年度计划, 年度总结): written, handed in, approved or returned."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="year_documents")
    year = models.PositiveSmallIntegerField("年度")
    kind = models.CharField("文种", max_length=16, choices=YearDocumentKind)
    text = models.TextField("正文", max_length=20000, blank=True, default="")
    state = models.CharField("状态", max_length=16, choices=YearDocumentState, default=YearDocumentState.DRAFT)
    comment = models.CharField("审批意见", max_length=500, blank=True, default="")
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "年度计划和总结"
        ordering: ClassVar = ["-year", "kind"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["branch", "year", "kind"], name="year_document_once"),
            models.CheckConstraint(condition=Q(kind__in=YearDocumentKind.values), name="year_document_kind_known"),
            models.CheckConstraint(condition=Q(state__in=YearDocumentState.values), name="year_document_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.branch}{self.year}{self.get_kind_display()}"
