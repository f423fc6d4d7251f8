"""Who may enter and confirm the records of a node: the branch its own, the committee's offices the committee's.

The one place that knows it. The committee's rights hold at its node alone (branches.rules.AT_NODE_ONLY): the Party
office enters what the committee held, never what a branch held. Reads only.
"""

from typing import TypeVar

from activities.models import Activity, PlanItem
from branches.access import may, require
from branches.choices import BranchLevel, Capability
from branches.models import Branch, BranchQuerySet, BranchScopedQuerySet, User

Q = TypeVar("Q", bound=BranchScopedQuerySet)
Target = Branch | Activity | PlanItem


def right_to_record(target: Target) -> Capability:
    """The capability that lets somebody enter records of this node, or mend this record."""
    return Capability.COMMITTEE_RECORD if _is_committee(target) else Capability.ACTIVITY_WRITE


def right_to_confirm(target: Target) -> Capability:
    return Capability.COMMITTEE_CONFIRM if _is_committee(target) else Capability.ACTIVITY_CONFIRM


def may_record(user: User, target: Target | None = None) -> bool:
    """Without a target: anywhere at all."""
    if target is None:
        return may(user, Capability.ACTIVITY_WRITE) or may(user, Capability.COMMITTEE_RECORD)
    return may(user, right_to_record(target), target)


def require_record(user: User, target: Target | None = None) -> None:
    """Raise Refused (403) unless `may_record`; it names who may there."""
    if not may_record(user, target):
        require(user, right_to_record(target) if target is not None else Capability.ACTIVITY_WRITE, target)


def may_confirm(user: User, activity: Activity) -> bool:
    """The right alone; which of its holders are too close to this record says activities.confirming."""
    return may(user, right_to_confirm(activity), activity)


def may_review(user: User, activity: Activity) -> bool:
    """Send a record back without being its confirmer: the Party office does it to branches, not to its own records."""
    return may(user, Capability.ACTIVITY_REVIEW, activity) and not (
        _is_committee(activity) and may_record(user, activity)
    )


def right_to_decide(item: PlanItem) -> Capability:
    """Who accepts that nothing was held: of a branch the Party office, of the committee its members."""
    return Capability.COMMITTEE_CONFIRM if _is_committee(item) else Capability.PLAN_REVIEW


def recordable(rows: Q, user: User) -> Q:
    """Rows of nodes (or nodes) whose records this person may enter."""
    return _either(rows, user, Capability.ACTIVITY_WRITE, Capability.COMMITTEE_RECORD)


def confirmable(rows: Q, user: User) -> Q:
    return _either(rows, user, Capability.ACTIVITY_CONFIRM, Capability.COMMITTEE_CONFIRM)


def decidable(rows: Q, user: User) -> Q:
    return _either(rows, user, Capability.PLAN_REVIEW, Capability.COMMITTEE_CONFIRM)


def writable_nodes(user: User) -> BranchQuerySet:
    """Branches, groups and committees, dissolved ones among them, in the order of the tree."""
    nodes: BranchQuerySet = recordable(Branch.objects.all(), user)
    return nodes.exclude(level__in=[BranchLevel.GENERAL_BRANCH, BranchLevel.SUPERIOR])


def _either(rows: Q, user: User, below: Capability, at_committee: Capability) -> Q:
    level = "level" if issubclass(rows.model, Branch) else "branch__level"
    committee = {level: BranchLevel.COMMITTEE}
    return rows.visible_to(user, below).exclude(**committee) | rows.visible_to(user, at_committee).filter(**committee)


def _is_committee(target: Target) -> bool:
    node = target if isinstance(target, Branch) else target.branch
    return node.level == BranchLevel.COMMITTEE
