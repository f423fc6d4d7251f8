"""Report files at rest: encrypted in pieces under random names; a name stands for a whole file or for none."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from django.conf import settings

from config.crypto import decrypt, encrypt

PIECE: Final = 1 << 20  # bytes encrypted at once: memory does not grow with the file


def folder() -> Path:
    return Path(settings.DATA_DIR) / "private" / "reports"


def write_aside(name: str, source: IO[bytes]) -> tuple[Path, int, str]:
    """Encrypt `source` from its start into a file beside `name`, on disk for good; returns it, its size and SHA-256.

    Size and digest are of the plain contents. `settle` then gives it its name.
    """
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = folder() / f"{name}.{secrets.token_hex(4)}.part"
    digest, size = hashlib.sha256(), 0
    source.seek(0)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while piece := source.read(PIECE):
            digest.update(piece)
            size += len(piece)
            out.write(encrypt(piece) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    return aside, size, digest.hexdigest()


def settle(aside: Path, name: str) -> None:
    """Rename: whoever looks for `name` finds all of it or nothing, also after a power cut."""
    aside.replace(folder() / name)
    directory = os.open(folder(), os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def read(name: str) -> Iterator[bytes]:
    """The contents, piece by piece. Raises FileNotFoundError at once; the file is opened with the first piece."""
    path = folder() / name
    path.stat()

    def pieces() -> Iterator[bytes]:
        with path.open("rb") as stream:
            for line in stream:
                yield decrypt(line.rstrip(b"\n"))

    return pieces()


def forget(name: str) -> None:
    (folder() / name).unlink(missing_ok=True)


def names() -> Iterator[tuple[str, float]]:
    """What lies there, with the time it was written (seconds since 1970): files, and halves a worker left behind."""
    if folder().is_dir():
        for path in folder().iterdir():
            yield path.name, path.stat().st_mtime
