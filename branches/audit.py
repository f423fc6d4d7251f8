"""The audit trail: `record` and `record_many` are its only writers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone

from branches.models import AuditEntry, Branch, User

MASKED = frozenset({"id_number", "mobile", "phone", "address", "password"})


def record(
    *,
    actor: User | None,
    action: str,
    target: models.Model | None = None,
    branch: Branch | None = None,
    changes: dict[str, Any] | None = None,
    address: str = "",
) -> AuditEntry:
    """Write one line, in the transaction of the change it tells of.

    `action` is "<thing>.<past participle>", e.g. "activity.confirmed"; `changes` maps a field to [old, new]. The
    values of fields that identify a person (identity number, phones, address) are never written, only that they
    changed.
    `actor` None is the system itself, or somebody not logged in: `address` then `address` says from where.
    """
    line = _line(actor, action, target, branch, changes, address)
    line.save()
    return line


def record_many(
    *, actor: User | None, action: str, targets: Iterable[tuple[models.Model, Branch]], changes: dict[str, Any]
) -> None:
    """The same change of many things at once, each with the branch it belongs to, in one statement."""
    now = timezone.now()
    lines = [_line(actor, action, target, branch, changes, at=now) for target, branch in targets]
    AuditEntry.objects.bulk_create(lines)


def _line(
    actor: User | None,
    action: str,
    target: models.Model | None,
    branch: Branch | None,
    changes: dict[str, Any] | None,
    address: str = "",
    at: datetime | None = None,
) -> AuditEntry:
    shown = {
        field: ["***", "***"]
        if field in MASKED
        else [_text(value) for value in pair]
        if isinstance(pair, list)
        else pair
        for field, pair in (changes or {}).items()
    }
    return AuditEntry(
        actor=actor,
        actor_name=actor.name if actor else "系统",
        address=(actor.address if actor else None) or address,
        action=action,
        target_type=target._meta.label_lower if target is not None else "",
        target_id=target.pk if target is not None else None,
        target_text=str(target)[:200] if target is not None else "",
        branch=branch,
        changes=shown,
        at=at or timezone.now(),
    )


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str) else str(value)
