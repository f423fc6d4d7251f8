"""Reports kept for download: a job, and the file it made.

Re-exported by branches.models; read through branches.office.reading, which knows what each kind of report asks for.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Report(models.Model):
    """One file that a worker makes of a branch's records. The file lies encrypted under `stored_name`.

    `open_key` says what is asked for as long as nobody has it: two people who ask at once get the same report.
    """

    class Format(models.TextChoices):
        DOCX = "docx", "Word"
        PDF = "pdf", "PDF"
        XLSX = "xlsx", "Excel"
        ZIP = "zip", "压缩包"

    job = models.OneToOneField("branches.Job", models.PROTECT, related_name="report")
    kind = models.CharField("报表", max_length=32)  # a key of branches.office.kinds
    title = models.CharField("名称", max_length=150)
    branch = models.ForeignKey("branches.Branch", models.PROTECT, related_name="+", verbose_name="党组织")
    start = models.DateField("期间")  # its first day; the kind says whether a month, a quarter or a year
    year = models.PositiveSmallIntegerField("年度")  # that it lies in: what the list is filtered by
    format = models.CharField("格式", max_length=8, choices=Format)
    open_key = models.CharField(max_length=100, unique=True, null=True, editable=False)  # noqa: DJ001  many NULLs
    stored_name = models.CharField(max_length=64, unique=True, editable=False)
    size = models.PositiveBigIntegerField("大小", default=0)  # bytes of the file as it is downloaded
    sha256 = models.CharField("校验值", max_length=64, blank=True, default="")
    requested_by = models.ForeignKey("branches.User", models.PROTECT, related_name="+", verbose_name="申请人")
    schedule = models.ForeignKey("branches.ReportSchedule", models.SET_NULL, null=True, related_name="reports")
    created_at = models.DateTimeField("申请时间", auto_now_add=True)
    built_at = models.DateTimeField("生成时间", null=True, editable=False)
    expires_at = models.DateTimeField("保留至", null=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "报表"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(built_at__isnull=True) | (Q(size__gt=0, open_key__isnull=True) & ~Q(sha256="")),
                name="report_built_with_its_file",
            ),
            models.UniqueConstraint(fields=["schedule", "start", "format"], name="report_once_a_schedule"),
        ]
        indexes: ClassVar = [models.Index(fields=["branch", "kind", "year"], name="report_branch_kind_year")]

    def __str__(self) -> str:
        return self.title


class ReportSchedule(models.Model):
    """A report that is made by itself when its period has ended (定期报表), and who is told.

    It is made with the rights of its keeper, who saved it last. A period whose day came before `since` is not made up
    for; `last_start` is the period that was asked for last.
    """

    kind = models.CharField("报表", max_length=32)
    branch = models.ForeignKey("branches.Branch", models.PROTECT, related_name="+", verbose_name="党组织")
    formats = models.JSONField("文件格式", default=list)
    day_of_month = models.PositiveSmallIntegerField("生成日期")
    recipients = models.ManyToManyField("branches.User", related_name="+", verbose_name="接收人")
    active = models.BooleanField("启用", default=True)
    since = models.DateField(editable=False)
    last_start = models.DateField(null=True, editable=False)
    last_run = models.DateTimeField("上次生成", null=True, editable=False)
    keeper = models.ForeignKey("branches.User", models.PROTECT, related_name="+", verbose_name="设置人")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "定期报表"
        ordering: ClassVar = ["branch__path", "kind"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "branch"], name="report_schedule_once"),
            models.CheckConstraint(
                condition=Q(day_of_month__gte=1, day_of_month__lte=28), name="report_schedule_day_in_every_month"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.branch} {self.kind}"
