"""The keys of one installation: from the environment, else made once and kept beside its data."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured


class Keys(NamedTuple):
    secret_key: str
    field_keys: list[str]


def installation_keys(data_dir: Path, env: Any, *, make_secret: Callable[[], str]) -> Keys:
    """Return the signing key and the field-encryption keys (newest first).

    SECRET_KEY and FIELD_KEYS (comma separated) win where set. Otherwise `DATA_DIR/keys/keys.json` (mode 0600) is read,
    or written on the first start; losing that file makes every encrypted field unreadable, so back it up apart
    from the data.
    """
    secret = env.str("SECRET_KEY", default="")
    fields = env.list("FIELD_KEYS", default=[])
    if secret and fields:
        return Keys(secret, fields)
    path = data_dir / "keys" / "keys.json"
    if not path.exists() and env.str("DATABASE_URL", default="") and not env.bool("DEMO", default=False):
        raise ImproperlyConfigured(
            "SECRET_KEY and FIELD_KEYS must be set: with a database of its own, an installation makes no keys, "
            "because a key that is lost with a container leaves every encrypted field unreadable"
        )
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        made = {"secret_key": make_secret(), "field_keys": [make_secret()]}
        draft = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(made, file)
        with suppress(FileExistsError):  # another process of the same start was first
            os.link(draft, path)
        draft.unlink()
    kept = json.loads(path.read_text())
    return Keys(secret or kept["secret_key"], fields or kept["field_keys"])
