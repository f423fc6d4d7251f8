"""May this person do this, here? Asked by views, and by the template tag `can`, through the same function."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models

from branches.choices import Capability
from branches.models import Branch, BranchScopedQuerySet, User
from branches.rules import reaches


class Refused(PermissionDenied):
    """In scope, but without the capability: answered by a page that names who may."""

    def __init__(self, capability: Capability, branch: Branch | None, message: str = "") -> None:
        super().__init__(message or f"没有“{capability.label}”的权限。")
        self.capability = capability
        self.branch = branch


def nodes_of(target: models.Model) -> list[Branch]:
    """The nodes a row belongs to, by the same paths its queryset is scoped with."""
    queryset = type(target)._default_manager.all()
    if not isinstance(queryset, BranchScopedQuerySet):
        raise TypeError(f"{type(target).__name__} has no scope")
    nodes = []
    for path in queryset.branch_paths:
        node: Any = target
        for step in path.split("__") if path else []:
            node = getattr(node, step) if node is not None else None
        if node is not None:
            nodes.append(node)
    return nodes


def may(user: User, capability: Capability, target: models.Model | None = None) -> bool:
    """True when a post of `user`, valid today, grants `capability` at `target` (anywhere, when there is no target)."""
    if not user.is_authenticated:
        return False
    paths = user.paths_granting(capability)
    if target is None:
        return bool(paths)
    return any(reaches(capability, path, node.path) for node in nodes_of(target) for path in paths)


def require(user: User, capability: Capability, target: models.Model | None = None) -> None:
    """Raise Refused (403) unless `may`. The target was loaded through `visible_to`: a stranger never gets here."""
    if not may(user, capability, target):
        nodes = nodes_of(target) if target is not None else []
        raise Refused(capability, nodes[0] if nodes else None)
