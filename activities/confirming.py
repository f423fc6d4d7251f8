"""Who may confirm a record: asked by the services, and by the pages that name them. Reads only."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from activities.choices import ConfirmedBy
from activities.models import Activity
from activities.rules import Confirmers, confirmers
from branches.choices import BranchLevel, Role
from branches.models import Appointment, Branch, User
from branches.rules import subtree_end

OFFICERS: Final = (Role.BRANCH_SECRETARY, Role.DEPUTY_SECRETARY, Role.ORGANISATION_MEMBER)
LEADING: Final = (Role.PARTY_COMMITTEE_SECRETARY, Role.PARTY_COMMITTEE_MEMBER)


def officers_at(level: BranchLevel | str) -> tuple[Role, ...]:
    """The posts at a node that confirm its records."""
    return LEADING if level == BranchLevel.COMMITTEE else OFFICERS


def confirmers_of(activity: Activity) -> Confirmers:
    """Who may confirm this record now. One query.

    Of a committee's record: its secretary and members, else its office; of a branch's: see activities.rules.confirmers.
    """
    branch = activity.branch
    officers = officers_at(branch.level)
    below = Q(role=Role.GROUP_LEADER, branch__path__gte=branch.path, branch__path__lt=subtree_end(branch.path))
    above = [branch.path[:end] for end in range(Branch.steplen, len(branch.path) + 1, Branch.steplen)]
    if branch.level == BranchLevel.COMMITTEE:
        below, above = Q(pk__in=[]), [branch.path]
    held = Appointment.objects.current(timezone.localdate()).filter(
        Q(branch=branch.pk, role__in=officers) | below | Q(role=Role.PARTY_OFFICE, branch__path__in=above),
        user__is_active=True,
    )
    people: dict[bool | None, set[int]] = {True: set(), False: set(), None: set()}
    for user_id, role in held.values_list("user", "role"):
        people[True if role in officers else False if role == Role.GROUP_LEADER else None].add(user_id)
    return confirmers(
        officers=people[True],
        leaders=people[False],
        office=people[None],
        hands_on=[activity.recorder_id, activity.editor_id],
    )


def confirmers_of_each(records: Collection[Activity], today: date) -> dict[int, Confirmers]:
    """Who may confirm each of many records, by its id. One query; `branch` of each is loaded."""
    officers, leaders, office = _posts({record.branch for record in records}, today)
    found = {}
    for record in records:
        path = record.branch.path
        above = [path[:end] for end in range(Branch.steplen, len(path) + 1, Branch.steplen)]
        if record.branch.level == BranchLevel.COMMITTEE:
            above = [path]
        found[record.pk] = confirmers(
            officers=officers[path],
            leaders=leaders[path],
            office={person for node in above for person in office[node]},
            hands_on=[record.recorder_id, record.editor_id],
        )
    return found


Held = dict[str, set[int]]  # users, by path


def _posts(branches: set[Branch], today: date) -> tuple[Held, Held, Held]:
    """Officers and group leaders by path of the branch, office people by path of their own node."""
    officers: Held = defaultdict(set)
    leaders: Held = defaultdict(set)
    office: Held = defaultdict(set)
    if not branches:
        return officers, leaders, office
    paths = {branch.path for branch in branches}
    held = Appointment.objects.current(today).filter(
        role__in=[*OFFICERS, *LEADING, Role.GROUP_LEADER, Role.PARTY_OFFICE],
        branch__path__gte=min(paths)[: Branch.steplen],
        branch__path__lte=max(paths) + "ZZZZ",
        user__is_active=True,
    )
    for user_id, role, path, level in held.values_list("user", "role", "branch__path", "branch__level"):
        if role == Role.PARTY_OFFICE:
            office[path].add(user_id)
        elif role == Role.GROUP_LEADER:
            leaders[path[: -Branch.steplen] if level == BranchLevel.GROUP else path].add(user_id)
        elif role in officers_at(level):
            officers[path].add(user_id)
    return officers, leaders, office


def who_confirms(activity: Activity) -> str:
    """Who confirms, in words for the page: "组织委员赵启明"; the office by its name. Two queries."""
    found = confirmers_of(activity)
    if found.by == ConfirmedBy.OFFICE or not found.people:
        return str(ConfirmedBy.OFFICE.label)
    first = [Role.ORGANISATION_MEMBER, *officers_at(activity.branch.level), Role.GROUP_LEADER]
    posts = Appointment.objects.current(timezone.localdate()).filter(user__in=found.people, role__in=first)
    posts = posts.within([activity.branch.path]).select_related("user")
    return _named(posts, first)


def _named(posts: Iterable[Appointment], first: list[Role]) -> str:
    ranked = sorted(posts, key=lambda post: (first.index(Role(post.role)), post.pk))
    named = {post.user_id: f"{post.get_role_display()}{post.user.name}" for post in reversed(ranked)}
    return "或".join(list(dict.fromkeys(named[post.user_id] for post in ranked))[:3])


def require_confirmer(activity: Activity, actor: User, what: str) -> None:
    if actor.pk in (activity.recorder_id, activity.editor_id):
        raise ValidationError(f"记录人和最后修改人不能{what}同一份记录，请由{who_confirms(activity)}办理。")
    if actor.pk not in confirmers_of(activity).people:
        raise ValidationError(f"这份记录由{who_confirms(activity)}{what}。")
