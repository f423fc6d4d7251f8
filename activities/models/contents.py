"""What a record holds beside its minutes: photos, files, what was said, and what was decided to be done."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from activities.choices import AttachmentGroup, FollowUpSort
from activities.models.records import Activity
from branches.models import BranchScopedQuerySet, User
from members.models import Member


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


class Attachment(models.Model):
    """A file of a record: courseware, a notice, material of the organisational life meeting. Kept encrypted."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="attachments")
    group = models.CharField("类别", max_length=24, choices=AttachmentGroup, default=AttachmentGroup.OTHER)
    name = models.CharField("文件名", max_length=120)
    file = models.FileField(max_length=120)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "附件"
        ordering: ClassVar = ["group", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["activity", "sha256"], name="attachment_once", violation_error_message="这个文件已上传。"
            ),
            models.CheckConstraint(condition=Q(group__in=AttachmentGroup.values), name="attachment_group_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Speech(models.Model):
    """What one person said, in key points (发言要点); disagreement stands in the speaker's words."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="speeches")
    number = models.PositiveSmallIntegerField()
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+")
    name = models.CharField("发言人", max_length=30)  # as of the day; of a guest the only name
    points = models.CharField("要点", max_length=1000)

    class Meta:
        verbose_name = verbose_name_plural = "发言"
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["activity", "number"], name="speech_once")]

    def __str__(self) -> str:
        return self.name


class FollowUp(models.Model):
    """Something to be done by somebody by a day: a resolution (决议), or a line of the rectification list (整改)."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="follow_ups")
    sort = models.CharField(max_length=16, choices=FollowUpSort, default=FollowUpSort.RESOLUTION)
    number = models.PositiveSmallIntegerField()
    text = models.CharField("事项", max_length=300)  # of a rectification: the problem
    measure = models.CharField("整改措施", max_length=300, blank=True, default="")
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="责任人")
    due = models.DateField("完成时限", null=True, blank=True)
    done_on = models.DateField("完成日期", null=True, blank=True)
    done_note = models.CharField("落实情况", max_length=300, blank=True, default="")
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "议定事项"
        ordering: ClassVar = ["sort", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["activity", "sort", "number"], name="follow_up_once"),
            models.CheckConstraint(condition=Q(sort__in=FollowUpSort.values), name="follow_up_sort_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["owner", "done_on"], name="follow_up_owner")]

    def __str__(self) -> str:
        return self.text


class LifeEntry(models.Model):
    """One person's part in an organisational life meeting: self-criticism, criticism heard, and the answer to it."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="life_entries")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    name = models.CharField(max_length=30)  # as of the day
    self_criticism = models.TextField("自我批评要点", max_length=1000, blank=True, default="")
    criticism = models.TextField("批评意见", max_length=1000, blank=True, default="")
    answer = models.TextField("本人表态", max_length=500, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = "批评与自我批评"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["activity", "member"], name="life_entry_once")]

    def __str__(self) -> str:
        return self.name
