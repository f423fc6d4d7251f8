"""Log-ins, failed log-ins and locks go to the audit trail. Connected in apps.py, after axes has counted the try."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from branches.accounts.lockout import lock_key
from branches.audit import record
from branches.choices import ROLL_ROLES
from branches.middleware import client_address
from branches.models import Branch, User


def place_of(user: User) -> Branch | None:
    """The node an account's lines are filed under: that of the highest post of today."""
    posts = sorted(user.current_posts, key=lambda post: (post.role in ROLL_ROLES, len(post.path)))
    return Branch.objects.filter(pk=posts[0].branch_id).first() if posts else None


def note_login(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    user.address = client_address(request)
    record(actor=user, action="account.logged_in", target=user, branch=place_of(user))


def note_logout(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None and user.pk:
        user.address = client_address(request)
        record(actor=user, action="account.logged_out", target=user, branch=place_of(user))


def note_failure(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """The typed name is never written: only whose account it is, or its hash. Tries during a lock are not written."""
    if request is None or not getattr(request, "password_was_checked", False):
        return
    tries = getattr(request, "axes_failures_since_start", None)
    key = lock_key(request, credentials)
    kind, _, rest = key.partition(":")
    user = User.objects.filter(pk=int(rest)).first() if kind == "user" else None
    locked = tries is not None and tries >= settings.AXES_FAILURE_LIMIT
    record(
        actor=None,
        action="account.locked" if locked else "account.login_failed",
        target=user,
        branch=place_of(user) if user else None,
        changes={} if user else {"name_hash": [None, rest[:12]]},
        address=client_address(request),
    )
