"""What happens in the rooms below reaches the ledger here, inside the transaction of the deed."""

from datetime import date, datetime, time
from typing import Any

from django.dispatch import Signal, receiver
from django.utils import timezone

from activities.attendance.rules import study_year_key
from activities.models import Activity
from activities.signals import activity_confirmed, activity_corrected, activity_reopened
from branches.choices import BranchLevel
from branches.models import Branch, User
from branches.signals import node_corrected
from members.exemptions import EXEMPTION
from members.models import Member, MembershipEvent
from members.signals import record_confirmed, record_corrected, record_reopened
from points.ledger.posting import post_source
from points.ledger.rollups import refresh_members
from points.sources.study import YEAR_CHANGED

MEMBERSHIP = "membership"
NAMES = frozenset({"name", "code", "kind"})  # of a node; no point depends on them


@receiver([activity_confirmed, activity_corrected, activity_reopened], dispatch_uid="points.post")
def post(
    sender: Any, signal: Signal, source_kind: str, source_id: int, revision: int, actor: User | None, **kwargs: Any
) -> None:
    """Raises whatever goes wrong: the sender uses send(), so that a failure undoes the confirmation."""
    is_first = signal is activity_confirmed and revision == 1 and _is_of_this_year(source_id)
    post_source(source_kind=source_kind, source_id=source_id, revision=revision, actor=actor, is_first=is_first)


def _is_of_this_year(activity_id: int) -> bool:
    """Of a year that is over too few hours may have been announced: a late record takes that back."""
    new_year = timezone.make_aware(datetime.combine(timezone.localdate().replace(month=1, day=1), time.min))
    return Activity.objects.filter(pk=activity_id, starts_at__gte=new_year).exists()


@receiver([record_confirmed, record_corrected, record_reopened], dispatch_uid="points.roll")
def follow_the_roll(sender: Any, source_kind: str, source_id: int, actor: User | None, **kwargs: Any) -> None:
    """A change on the roll moves the part year and the branch a member's points are measured by."""
    if source_kind == MEMBERSHIP:
        member, day = MembershipEvent.objects.values_list("member", "recorded_on").get(pk=source_id)
        _ask_past_years(member, day, actor)
        refresh_members([member], since=day.year)


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
    if source_kind == EXEMPTION and member is not None and since is not None:
        _ask_past_years(member.pk, since, actor)


def _ask_past_years(member_id: int, since: date, actor: User | None) -> None:
    """The hours a year that is over asked for depend on the months on the roll and on exemptions."""
    for year in range(since.year, timezone.localdate().year):
        post_source(source_kind=YEAR_CHANGED, source_id=study_year_key(member_id, year), revision=0, actor=actor)


@receiver(node_corrected, dispatch_uid="points.tree")
def follow_the_tree(sender: Any, source_id: int, fields: frozenset[str], **kwargs: Any) -> None:
    """Groups founded or dissolved, a new category, another hospital: the people there are measured by other rules."""
    if fields <= NAMES:
        return
    node = Branch.objects.get(pk=source_id)
    if node.level == BranchLevel.GROUP:
        node = Branch.objects.get_parent(node)
    there = Member.objects.filter(branch__in=Branch.objects.within([node.path]))
    refresh_members(list(there.values_list("pk", flat=True)))
