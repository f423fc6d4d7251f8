"""Whose figures the page shows: all its reader sees, or one node; a line for each branch, or for each hospital."""

from dataclasses import dataclass
from typing import Final, TypeVar

from django.db.models import Q
from django.http import Http404

from branches.choices import BranchLevel, Capability
from branches.models import Branch, BranchScopedQuerySet, User
from points.dashboard.span import Span

Rows = TypeVar("Rows", bound=BranchScopedQuerySet)
MOST_LINES: Final = 60  # of a chart and its table; with more hospitals than that, those that are behind
MOST_CHOICES: Final = 200  # of the selection; beyond it the tables lead to each hospital
TITLES: Final = {
    BranchLevel.SUPERIOR: "总览",
    BranchLevel.COMMITTEE: "党委总览",
    BranchLevel.GENERAL_BRANCH: "党总支总览",
    BranchLevel.BRANCH: "支部总览",
}


@dataclass(frozen=True)
class Scope:
    """`node`: the chosen one, None for all that is seen. `units`: a line each, in the order of the tree.

    `by_hospital`: there are several hospitals, and the units are these. `branches`: how many there are below.
    """

    reader: User
    can: Capability
    node: Branch | None
    units: tuple[Branch, ...]
    by_hospital: bool
    branches: int

    def rows(self, queryset: Rows) -> Rows:
        """What of `queryset` the page counts."""
        seen = queryset.visible_to(self.reader, self.can)
        return seen if self.node is None else seen.within([self.node.path])

    @property
    def key(self) -> str:
        """The column by which a row with a `branch` belongs to a unit."""
        return "branch__hospital" if self.by_hospital else "branch"

    @property
    def word(self) -> str:
        return "单位" if self.by_hospital else "党支部"

    @property
    def title(self) -> str:
        levels = {post.level for post in self.reader.current_posts if post.path in self.reader.paths_granting(self.can)}
        return next((name for level, name in TITLES.items() if level in levels), TITLES[BranchLevel.COMMITTEE])


def read_scope(user: User, can: Capability, asked: str, span: Span) -> Scope:
    """Raises Http404 for a node out of sight. One dissolved since is still shown in its months. Three statements."""
    seen = Branch.objects.visible_to(user, can).exclude(level=BranchLevel.GROUP)
    node = None
    if asked.isdecimal() and len(asked) < 18:
        node = seen.filter(pk=int(asked)).first()
        if node is None:
            raise Http404
        seen = seen.within([node.path])
    lived = Q(founded_on__lte=span.last) & (Q(dissolved_on__isnull=True) | Q(dissolved_on__gte=span.first))
    branches = seen.branches().filter(lived)
    hospitals = list(branches.order_by().values_list("hospital", flat=True).distinct())
    if len(hospitals) > 1:
        units = tuple(Branch.objects.filter(pk__in=hospitals))
        return Scope(user, can, node, units, True, branches.count())
    units = tuple(branches)
    return Scope(user, can, node, units, False, len(units))


def choices_of(scope: Scope) -> list[Branch]:
    """What the page can be narrowed to: the hospitals, and of the one that is looked at its nodes; else every node.

    Never more than the page has room for. One statement.
    """
    seen = Branch.objects.visible_to(scope.reader, scope.can)
    below = seen.filter(level__in=[BranchLevel.GENERAL_BRANCH, BranchLevel.BRANCH], dissolved_on__isnull=True)
    hospitals = seen.filter(level=BranchLevel.COMMITTEE)
    if scope.by_hospital:
        shown = hospitals
    elif scope.node is not None:
        hospital = scope.node.hospital_id
        shown = hospitals | below.filter(hospital=hospital)
    else:
        shown = below
    found = list(shown[:MOST_CHOICES])
    if scope.node is not None and scope.node not in found:
        found.append(scope.node)
    return found if len(found) > 1 else []
