"""Links for the screen of a meeting room: sums of a node without a log-in, for half a day, or until one is revoked."""

import secrets
from datetime import timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from branches.audit import record
from branches.choices import BranchLevel, Capability
from branches.models import AccessLink, Branch, User
from config.crypto import token_digest

HOURS: Final = 12
MOST_OPEN: Final = 10  # of one node; a screen that was switched off needs no link


@transaction.atomic
def make_display(*, branch: Branch, actor: User) -> str:
    """Return the token of a new link, to be shown once. It shows what its maker may see, as long as that may be so."""
    branch = Branch.objects.select_for_update(no_key=True).get(pk=branch.pk)
    if branch.level == BranchLevel.GROUP:
        raise ValidationError("大屏不显示单个党小组的数据。")
    if standing(actor).filter(branch=branch).count() >= MOST_OPEN:
        raise ValidationError(f"“{branch.name}”已有{MOST_OPEN}个有效的大屏链接，请先停用不用的。")
    token = secrets.token_urlsafe(32)
    link = AccessLink.objects.create(
        kind=AccessLink.Kind.DISPLAY,
        digest=token_digest(token),
        user=actor,
        branch=branch,
        created_by=actor,
        expires_at=timezone.now() + timedelta(hours=HOURS),
    )
    record(actor=actor, action="display.made", target=link, branch=branch)
    return token


@transaction.atomic
def revoke_display(*, link: AccessLink, actor: User) -> bool:
    """False when it was revoked before."""
    rows = AccessLink.objects.filter(pk=link.pk, kind=AccessLink.Kind.DISPLAY, revoked_at__isnull=True)
    if not rows.update(revoked_at=timezone.now()):
        return False
    record(actor=actor, action="display.revoked", target=link, branch=link.branch)
    return True


def standing(user: User) -> QuerySet[AccessLink]:
    """The links that open today, of the nodes this person keeps, whoever made them."""
    nodes = Branch.objects.visible_to(user, Capability.ORG_MANAGE)
    links = AccessLink.objects.filter(kind=AccessLink.Kind.DISPLAY, branch__in=nodes.values("pk"))
    return links.filter(revoked_at__isnull=True, expires_at__gt=timezone.now()).select_related("branch", "user")
