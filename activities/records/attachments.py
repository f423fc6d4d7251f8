"""Files of a record (courseware, notices, material of a meeting): checked by content, encrypted, under random names."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from activities.choices import AttachmentGroup
from activities.files import forget_file, keep_file, read_file
from activities.models import Activity, Attachment
from activities.services import EDITABLE
from branches.audit import record
from branches.models import User
from config.uploads import CheckedFile, check_attachment, check_photo

MAX_FILES: Final = 30
GROUP_CHOICES: Final = AttachmentGroup.choices
FOR_MEMBERS: Final = frozenset({AttachmentGroup.NOTICE, AttachmentGroup.STUDY, AttachmentGroup.COURSEWARE})


@transaction.atomic
def add_files(*, activity: Activity, files: Iterable[CheckedFile], group: str, actor: User) -> int:
    """Keep checked files; one that is there already is passed over. Returns how many are new."""
    activity = Activity.objects.select_for_update(of=("self",)).select_related("branch").get(pk=activity.pk)
    _require_open(activity)
    if group not in AttachmentGroup.values:
        raise ValidationError({"files": "请选择附件类别。"})
    have = set(activity.attachments.values_list("sha256", flat=True))
    new = {one.sha256: one for one in files if one.sha256 not in have}
    if len(have) + len(new) > MAX_FILES:
        raise ValidationError({"files": f"每份记录最多{MAX_FILES}个附件，已有{len(have)}个。"})
    for one in new.values():
        row = Attachment(
            activity=activity,
            group=group,
            name=one.name,
            content_type=one.content_type,
            size=len(one.data),
            sha256=one.sha256,
            uploaded_by=actor,
        )
        row.file.name = keep_file(one)
        row.save()
    if new:
        changes = {"附件": [len(have), len(have) + len(new)]}
        record(actor=actor, action="activity.files_added", target=activity, branch=activity.branch, changes=changes)
    return len(new)


def take_uploads(*, activity: Activity, uploads: list[Any], group: str, actor: User) -> list[str]:
    """Check uploads and keep those that pass. Returns what is wrong with the others, in Chinese."""
    good, wrong = [], []
    for upload in uploads[: MAX_FILES + 1]:
        try:
            good.append(_checked(upload))
        except ValidationError as error:
            wrong += error.messages
    try:
        if good:
            add_files(activity=activity, files=good, group=group or AttachmentGroup.OTHER, actor=actor)
    except ValidationError as error:
        wrong += error.messages
    return wrong


@transaction.atomic
def delete_file(*, attachment: Attachment, actor: User) -> None:
    """Remove a file from a record that is not confirmed yet."""
    activity = Activity.objects.select_for_update(of=("self",)).select_related("branch").get(pk=attachment.activity_id)
    _require_open(activity)
    changes = {"附件": [attachment.name, ""]}
    forget_file(attachment.file.name)
    attachment.delete()
    record(actor=actor, action="activity.file_deleted", target=activity, branch=activity.branch, changes=changes)


def body_of(attachment: Attachment) -> bytes:
    """The file as it was kept. Raises OSError where it is gone from disk."""
    return read_file(attachment.file)


def _checked(upload: Any) -> CheckedFile:
    """A picture loses where it was taken; other files stay as they came."""
    one = check_attachment(upload, limit=settings.ATTACHMENT_FILE_LIMIT)
    if not one.content_type.startswith("image/"):
        return one
    plain = check_photo(upload, limit=settings.ATTACHMENT_FILE_LIMIT)
    return replace(one, name=f"{one.name.rpartition('.')[0]}.jpg", content_type="image/jpeg", data=plain.image_bytes)


def _require_open(activity: Activity) -> None:
    if activity.state not in EDITABLE:
        raise ValidationError("已确认的记录不能再增删附件。")
