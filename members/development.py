"""Admissions of a year against the plan (发展计划), with the share of the highly educated.

Admitted are those whose approval lies in the year, by the branch that admitted them; a later transfer changes nothing.
Whether somebody is highly educated (高知) follows from the title and degree on the roll: members.rules.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count

from branches.audit import record
from branches.choices import BranchLevel
from branches.models import Branch, User
from members.choices import EventKind
from members.models import DevelopmentPlan, MembershipEvent, MembershipEventQuerySet
from members.rules import is_high_level

MOST: Final = 999
PLANNING: Final = (BranchLevel.COMMITTEE, BranchLevel.GENERAL_BRANCH, BranchLevel.BRANCH)
EARLIEST: Final = 2000


@dataclass(frozen=True)
class Admissions:
    """`high_level` of `admitted`."""

    admitted: int = 0
    high_level: int = 0


@transaction.atomic
def set_plan(*, branch: Branch, year: int, planned: int, actor: User) -> DevelopmentPlan:
    """Write down how many a node plans to admit. The same figure again changes nothing."""
    branch = Branch.objects.select_for_update(no_key=True).get(pk=branch.pk)
    if branch.level not in PLANNING:
        raise ValidationError(f"“{branch.name}”不单独编制发展计划。")
    if not EARLIEST <= year <= EARLIEST + 100:
        raise ValidationError("年份不正确，请重新选择。")
    if not 0 <= planned <= MOST:
        raise ValidationError({"planned": f"请填写0至{MOST}之间的人数。"})
    plan = DevelopmentPlan.objects.filter(branch=branch, year=year).first()
    before = plan.planned if plan else None
    if plan is not None and before == planned:
        return plan
    plan = plan or DevelopmentPlan(branch=branch, year=year)
    plan.planned = planned
    plan.save()
    changes = {"year": [None, year], "planned": [before, planned]}
    record(actor=actor, action="development.planned", target=plan, branch=branch, changes=changes)
    return plan


def admitted_in(year: int, until: date | None = None) -> MembershipEventQuerySet:
    """The events of that year, up to and including `until`."""
    last = min(until or date.max, date(year, 12, 31))
    rows: MembershipEventQuerySet = MembershipEvent.objects.standing()
    return rows.filter(kind=EventKind.ADMITTED, recorded_on__range=(date(year, 1, 1), last))


def admissions(events: MembershipEventQuerySet, key: str = "branch") -> dict[int, Admissions]:
    """By branch, or by the hospital of the branch (`branch__hospital`). One statement."""
    rows = events.order_by().values_list(key, "member__title_level", "member__degree").annotate(n=Count("pk"))
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for node, title, degree, n in rows:
        sums[node][0] += n
        sums[node][1] += n if is_high_level(title=title, degree=degree) else 0
    return {node: Admissions(*counts) for node, counts in sums.items()}


def planned_of(plans: Collection[DevelopmentPlan], top: Branch | None) -> int | None:
    """What these plans come to: the figure of the node itself, else of the highest that have one; None without any.

    The plans come with their branch. A figure of a committee stands for all below it, so nothing counts twice.
    """
    below = [plan for plan in plans if top is None or plan.branch.path.startswith(top.path)]
    paths = {plan.branch.path for plan in below}
    highest = [plan for plan in below if not any(above in paths for above in _above(plan.branch.path))]
    return sum(plan.planned for plan in highest) if highest else None


def _above(path: str) -> list[str]:
    return [path[:end] for end in range(Branch.steplen, len(path), Branch.steplen)]
