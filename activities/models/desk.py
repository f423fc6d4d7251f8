"""The desk of a user: texts not yet saved, filters worth keeping; and the printed layouts of a hospital."""

from typing import ClassVar

from django.db import models

from branches.models import Branch, User
from config.crypto import EncryptedTextField


class FormDraft(models.Model):
    """What somebody typed into a form and has not saved: kept every ten seconds, given back when it is opened again.

    One per form and person; gone once the form is saved, and after 30 days. Encrypted: minutes name people.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="form_drafts")
    form = models.CharField(max_length=60)  # which form: "activity:new:12" (branch), "activity:345"
    form_key = models.UUIDField()
    body = EncryptedTextField()  # the posted fields as JSON, without files
    version = models.PositiveIntegerField(default=0)  # of the record it was begun from
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "未保存的内容"
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "form"], name="form_draft_once")]

    def __str__(self) -> str:
        return self.form


class SavedFilter(models.Model):
    """A set of filters of the record list that its user named."""

    user = models.ForeignKey(User, models.CASCADE, related_name="saved_filters")
    name = models.CharField("名称", max_length=30)
    query = models.CharField(max_length=500)  # a query string
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "常用筛选"
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "name"], name="saved_filter_once", violation_error_message="已有同名的常用筛选。"
            )
        ]

    def __str__(self) -> str:
        return self.name


class FormLayout(models.Model):
    """How a hospital prints a form where it differs from ours: labels, rows, margins. Ours are in the code."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="form_layouts")  # the hospital
    code = models.CharField("表样", max_length=16)  # F15 …
    overrides = models.JSONField(default=dict)
    changed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "表样"
        constraints: ClassVar = [models.UniqueConstraint(fields=["branch", "code"], name="form_layout_once")]

    def __str__(self) -> str:
        return self.code
