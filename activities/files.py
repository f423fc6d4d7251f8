"""Attachments at rest: encrypted, under random names, and gone from disk when their row is gone."""

import uuid
from collections.abc import Iterable
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from activities.models import Activity, Photo
from config.crypto import decrypt, encrypt
from config.uploads import CheckedFile

FOLDER: Final = "attachments"


def keep_file(checked: CheckedFile) -> str:
    """Write a checked file to disk, encrypted; returns the name for the row's FileField."""
    name = f"{FOLDER}/{timezone.localdate():%Y/%m}/{uuid.uuid4().hex}"
    return str(default_storage.save(name, ContentFile(encrypt(checked.data))))


def read_file(file: FieldFile) -> bytes:
    """The contents as they came. Raises FileNotFoundError when the file is gone from disk."""
    with default_storage.open(file.name) as stream:
        return decrypt(stream.read())


def forget_file(name: str) -> None:
    """Remove a file from disk once the transaction has committed."""
    transaction.on_commit(lambda: default_storage.delete(name))


def forget_files(activity: Activity, photos: Iterable[Photo] | None = None) -> None:
    """Remove the files of these photos (default: of all) from disk once the transaction has committed."""
    for photo in list(photos if photos is not None else activity.photos.all()):
        for name in (photo.image.name, photo.thumbnail.name):
            forget_file(name)
