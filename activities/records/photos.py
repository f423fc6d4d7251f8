"""Photos of a record: kept re-encoded under random names, and gone from disk when they are gone from the record."""

import uuid
from collections.abc import Iterable
from typing import Final

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from activities.files import forget_file, forget_files
from activities.models import Activity, Photo
from activities.services import EDITABLE, delete_draft
from branches.audit import record
from branches.models import User
from config.uploads import CheckedPhoto

MAX_PHOTOS: Final = 12


@transaction.atomic
def add_photos(*, activity: Activity, photos: Iterable[CheckedPhoto], actor: User) -> int:
    """Keep checked photos; one that is there already is passed over. Returns how many are new."""
    activity = Activity.objects.select_for_update().get(pk=activity.pk)
    _require_open(activity)
    have = set(activity.photos.values_list("sha256", flat=True))
    new = {photo.sha256: photo for photo in photos if photo.sha256 not in have}
    if len(have) + len(new) > MAX_PHOTOS:
        raise ValidationError({"photos": f"每份记录最多{MAX_PHOTOS}张照片，已有{len(have)}张。"})
    folder = f"photos/{timezone.localdate():%Y/%m}"
    for photo in new.values():
        name = uuid.uuid4().hex
        row = Photo(
            activity=activity,
            width=photo.width,
            height=photo.height,
            size=len(photo.image_bytes),
            sha256=photo.sha256,
            uploaded_by=actor,
        )
        row.image.name = default_storage.save(f"{folder}/{name}.jpg", ContentFile(photo.image_bytes))
        row.thumbnail.name = default_storage.save(f"{folder}/{name}-s.jpg", ContentFile(photo.thumb_bytes))
        row.save()
    if new:
        changes = {"照片": [len(have), len(have) + len(new)]}
        record(actor=actor, action="activity.photos_added", target=activity, branch=activity.branch, changes=changes)
    return len(new)


@transaction.atomic
def delete_photo(*, photo: Photo, actor: User) -> None:
    activity = Activity.objects.select_for_update().get(pk=photo.activity_id)
    _require_open(activity)
    forget_files(activity, [photo])
    photo.delete()
    record(actor=actor, action="activity.photo_deleted", target=activity, branch=activity.branch)


@transaction.atomic
def delete_draft_with_photos(*, activity: Activity, actor: User) -> None:
    """Remove a draft that was never handed in, with its photos and attachments."""
    forget_files(activity)
    for row in activity.attachments.all():
        forget_file(row.file.name)
    delete_draft(activity=activity, actor=actor)


def _require_open(activity: Activity) -> None:
    if activity.state not in EDITABLE:
        raise ValidationError("已确认的记录不能再增删照片。")
