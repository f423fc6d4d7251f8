"""What the plan makes of facts from the members room: a changed roll changes what is owed."""

from typing import Any, Final

from django.dispatch import receiver
from django.utils import timezone

from activities.plan.planning import plan_year
from branches.choices import BranchLevel
from branches.models import Branch
from members.models import ImportBatch, MembershipEvent
from members.signals import record_confirmed, record_corrected

MEMBERSHIP: Final = "membership"  # source_id is the MembershipEvent
IMPORTS: Final = frozenset({"import", "import_batch", "roster_import"})  # source_id is the ImportBatch


@receiver([record_confirmed, record_corrected], dispatch_uid="activities.replan")
def replan(sender: Any, source_kind: str, source_id: int, **kwargs: Any) -> None:
    """Plan the current year again for the branches a fact touches; an import touches its whole organisation."""
    if source_kind in IMPORTS:
        top = ImportBatch.objects.select_related("organisation").get(pk=source_id).organisation
        branches = Branch.objects.within([top.path]).filter(level=BranchLevel.BRANCH)
    elif source_kind == MEMBERSHIP:
        event = MembershipEvent.objects.filter(pk=source_id).values_list("branch", "from_branch").first() or ()
        branches = Branch.objects.filter(pk__in=[pk for pk in event if pk])
    else:
        return
    today = timezone.localdate()
    plan_year(branches=list(branches.open_on(today)), year=today.year, today=today)
