"""What every page needs to know about its reader: posts, organisation, and which doors are open."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from branches.choices import ROLL_ROLES, BranchLevel, Capability
from branches.models import Branch, User


class Me:
    """The reader of the page. Costs one query for the nodes of the posts, beside the posts themselves."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.posts = user.current_posts
        nodes = Branch.objects.in_bulk({post.branch_id for post in self.posts})
        ranked = sorted(self.posts, key=lambda post: (post.role in ROLL_ROLES, len(post.path)))
        self.post = ranked[0] if ranked else None
        self.title = self.post.role.label if self.post else ""
        self.place = nodes.get(self.post.branch_id) if self.post else None
        self.is_member = any(post.role in ROLL_ROLES for post in self.posts)
        self.on_committee = any(
            nodes[post.branch_id].level in {BranchLevel.COMMITTEE, BranchLevel.SUPERIOR, BranchLevel.GENERAL_BRANCH}
            for post in self.posts
        )
        self.can = {capability.name: user.has_anywhere(capability) for capability in Capability}


def site(request: HttpRequest) -> dict[str, Any]:
    context: dict[str, Any] = {
        "DEMO": settings.DEMO,
        "today": timezone.localdate(),
        "organisation": SimpleLazyObject(lambda: Branch.objects.get_root_nodes().first()),
    }
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        context["me"] = SimpleLazyObject(lambda: Me(user))
    return context
