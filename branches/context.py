"""What every page needs to know about its reader: posts, organisation, and which doors are open."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject, cached_property

from branches.choices import ROLL_ROLES, BranchLevel, Capability
from branches.inbox import unread_count
from branches.models import Branch, Todo, User
from branches.nav import navigation
from branches.rules import grants_at

TODOS_SHOWN = 6


class Me:
    """The reader of the page. Costs one query for the nodes of the posts, beside the posts themselves."""

    def __init__(self, user: User, path: str) -> None:
        self.user = user
        self.posts = user.current_posts
        ids = {post.branch_id for post in self.posts}
        nodes = {node.pk: node for node in Branch.objects.filter(pk__in=ids).select_related("hospital")}
        ranked = sorted(self.posts, key=lambda post: (post.role in ROLL_ROLES, len(post.path)))
        self.post = ranked[0] if ranked else None
        self.title = self.post.role.label if self.post else ""
        self.place = nodes.get(self.post.branch_id) if self.post else None
        self.is_member = any(post.role in ROLL_ROLES for post in self.posts)
        self.on_committee = any(
            nodes[post.branch_id].level in {BranchLevel.COMMITTEE, BranchLevel.SUPERIOR, BranchLevel.GENERAL_BRANCH}
            for post in self.posts
        )
        held = frozenset().union(*(grants_at(post.role, post.level) for post in self.posts))
        self.can = {capability.name: capability in held for capability in Capability}
        self.navigation = navigation(held, path)

    @cached_property
    def unread(self) -> int:
        """For the bell; one statement, once a page."""
        return unread_count(self.user)

    @cached_property
    def todos(self) -> list[Todo]:
        """The next few things to do, for the small panel of the home pages; one statement, where it is shown."""
        return list(Todo.objects.open_for(self.user)[:TODOS_SHOWN])

    @property
    def hospital(self) -> Branch | None:
        return self.place.hospital if self.place is not None else None


def site(request: HttpRequest) -> dict[str, Any]:
    root = SimpleLazyObject(lambda: Branch.objects.get_root_nodes().first())
    context: dict[str, Any] = {
        "DEMO": settings.DEMO,
        "today": timezone.localdate(),
        "organisation": root,
    }
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        me = SimpleLazyObject(lambda: Me(user, request.path))
        context |= {"me": me, "organisation": SimpleLazyObject(lambda: me.hospital or root)}
    return context
