"""What happens in the rooms below reaches the ledger here, inside the transaction of the deed."""

from datetime import date
from typing import Any

from django.dispatch import Signal, receiver
from django.utils import timezone

from activities.attendance.rules import study_year_key
from activities.signals import activity_confirmed, activity_corrected, activity_reopened
from branches.models import User
from members.exemptions import EXEMPTION
from members.models import Member, MembershipEvent
from members.signals import record_confirmed, record_corrected, record_reopened
from points.ledger.posting import post_source
from points.ledger.rollups import refresh_members
from points.sources.study import YEAR_CHANGED

MEMBERSHIP = "membership"


@receiver([activity_confirmed, activity_corrected, activity_reopened], dispatch_uid="points.post")
def post(
    sender: Any, signal: Signal, source_kind: str, source_id: int, revision: int, actor: User | None, **kwargs: Any
) -> None:
    """Raises whatever goes wrong: the sender uses send(), so that a failure undoes the confirmation."""
    is_first = signal is activity_confirmed and revision == 1
    post_source(source_kind=source_kind, source_id=source_id, revision=revision, actor=actor, is_first=is_first)


@receiver([record_confirmed, record_corrected, record_reopened], dispatch_uid="points.roll")
def follow_the_roll(sender: Any, source_kind: str, source_id: int, **kwargs: Any) -> None:
    """A change on the roll moves the part year and the branch a member's points are measured by."""
    if source_kind == MEMBERSHIP:
        refresh_members(list(MembershipEvent.objects.filter(pk=source_id).values_list("member", flat=True)))


@receiver([record_confirmed, record_corrected], dispatch_uid="points.exemption")
def follow_exemptions(
    sender: Any,
    source_kind: str,
    actor: User | None,
    member: Member | None = None,
    since: date | None = None,
    **kwargs: Any,
) -> None:
    """Whoever is exempt at the end of a year owes no hours of study in it: ask the years that are over anew."""
    if source_kind != EXEMPTION or member is None or since is None:
        return
    for year in range(since.year, timezone.localdate().year):
        post_source(source_kind=YEAR_CHANGED, source_id=study_year_key(member.pk, year), revision=0, actor=actor)
