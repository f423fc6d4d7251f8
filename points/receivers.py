"""What happens in the rooms below reaches the ledger here, inside the transaction of the deed."""

from typing import Any

from django.dispatch import receiver

from activities.signals import activity_confirmed, activity_corrected, activity_reopened
from branches.models import User
from points.services import post_source


@receiver([activity_confirmed, activity_corrected, activity_reopened], dispatch_uid="points.post")
def post(sender: Any, source_kind: str, source_id: int, revision: int, actor: User | None, **kwargs: Any) -> None:
    """Raises whatever goes wrong: the sender uses send(), so that a failure undoes the confirmation."""
    post_source(source_kind=source_kind, source_id=source_id, revision=revision, actor=actor)
