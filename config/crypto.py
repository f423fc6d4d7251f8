"""Encryption of single fields and files at rest, and look-up of encrypted values by a keyed index.

Keys are `settings.FIELD_KEYS`, newest first: the first encrypts, all decrypt. A blind index is an HMAC that carries the
id of its key, so that look-ups find rows of an older key while they are being re-indexed.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import Any, NamedTuple

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


class FieldKey(NamedTuple):
    key_id: str  # four hex digits, stored with each index value
    cipher: Fernet
    index_key: bytes


def _derive(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), b"zhibu " + purpose.encode(), "sha256")


@lru_cache(maxsize=8)
def _field_keys(secrets: tuple[str, ...]) -> tuple[FieldKey, ...]:
    return tuple(
        FieldKey(
            hashlib.sha256(_derive(secret, "key id")).hexdigest()[:4],
            Fernet(urlsafe_b64encode(_derive(secret, "encrypt"))),
            _derive(secret, "index"),
        )
        for secret in secrets
    )


def _keys() -> tuple[FieldKey, ...]:
    return _field_keys(tuple(settings.FIELD_KEYS))


def encrypt(data: bytes) -> bytes:
    return MultiFernet([key.cipher for key in _keys()]).encrypt(data)


def decrypt(token: bytes) -> bytes:
    """Raises cryptography.fernet.InvalidToken when no key fits."""
    return MultiFernet([key.cipher for key in _keys()]).decrypt(token)


def _index(key: FieldKey, value: str, purpose: str) -> str:
    digest = hmac.digest(key.index_key, f"{purpose}\0{value}".encode(), "sha256")
    return f"{key.key_id}:{urlsafe_b64encode(digest[:24]).decode()}"


def blind_index(value: str, *, purpose: str) -> str | None:
    """The value to store beside an encrypted one; None for an empty value, so that UNIQUE allows many."""
    return _index(_keys()[0], value, purpose) if value else None


def blind_indexes(value: str, *, purpose: str) -> list[str]:
    """All values a stored index of `value` may have, one per key in use: for `field__in=`."""
    return [_index(key, value, purpose) for key in _keys()] if value else []


def token_digest(token: str) -> str:
    """How a secret link is stored: only its hash, under the signing key."""
    return hmac.new(settings.SECRET_KEY.encode(), token.encode(), "sha256").hexdigest()


class EncryptedTextField(models.TextField):
    """Text that the database holds encrypted; look it up by a blind index, never by itself."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return decrypt(value.encode()).decode() if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in {"isnull"}:
            raise TypeError(f"{self.name} is encrypted: use its blind index")
        return super().get_lookup(lookup_name)
