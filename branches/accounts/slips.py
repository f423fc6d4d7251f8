"""Activation slips and the set-up link: doors without a log-in. Tokens are shown once; only their hash is stored."""

import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

import segno
from axes.models import AccessAttempt
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from branches.accounts.backends import login_name
from branches.accounts.lockout import key_of
from branches.accounts.receivers import place_of
from branches.audit import record
from branches.choices import BranchLevel, Capability, Role
from branches.models import AccessLink, Appointment, Branch, User
from branches.rules import GRANTS, subtree_end
from branches.services import appoint, found_branch
from config.crypto import token_digest

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class Slip(NamedTuple):
    user: User
    login_name: str
    url: str
    expires_at: datetime
    qr_svg: str


def may_issue(actor: User, user: User) -> bool:
    """A slip lets its reader act as `user`: every post of `user` must lie where `actor` may issue slips."""
    if not user.is_active:
        return False
    scope = actor.paths_granting(Capability.SLIPS_ISSUE)
    return bool(scope) and all(any(p <= post.path < subtree_end(p) for p in scope) for post in user.current_posts)


def require_issuer(actor: User, user: User) -> None:
    """Raise ValidationError, in words for the page, unless `may_issue`."""
    if not user.is_active:
        raise ValidationError(f"{user.name}的账号已停用，请信息管理员启用后再办理。")
    if not may_issue(actor, user):
        raise ValidationError(f"{user.name}另有上级职务，激活单请由党委办公室办理。")


@transaction.atomic
def issue_slips(*, users: Iterable[User], actor: User, base: str = "", action: str = "slip.issued") -> list[Slip]:
    """Make one slip per person; an open slip of theirs is revoked. `base` is the address of the site, without a slash.

    Raises ValidationError, and issues none, when one of the people is outside the reach of `actor` or disabled.
    """
    users = list(users)
    for user in users:
        require_issuer(actor, user)
    now = timezone.now()
    open_slips = AccessLink.objects.select_for_update().filter(kind=AccessLink.Kind.ACTIVATION, user__in=users)
    open_slips.filter(used_at__isnull=True, revoked_at__isnull=True).update(revoked_at=now)
    slips, links = [], []
    for user in users:
        token, expires = _new_token(), now + timedelta(hours=settings.ACTIVATION_HOURS)
        links.append(
            AccessLink(
                kind=AccessLink.Kind.ACTIVATION,
                digest=token_digest(token),
                user=user,
                created_by=actor,
                expires_at=expires,
            )
        )
        url = base + reverse("account_activate", args=[token])
        slips.append(Slip(user, _login_name(user), url, expires, _qr(url)))
        record(actor=actor, action=action, target=user, branch=place_of(user))
    AccessLink.objects.bulk_create(links)
    return slips


def state_of(link: AccessLink | None) -> str:
    """One of open, used, revoked, expired, unknown."""
    if link is None:
        return "unknown"
    if link.used_at is not None:
        return "used"
    if link.revoked_at is not None:
        return "revoked"
    return "open" if link.expires_at > timezone.now() else "expired"


def find_link(kind: str, token: str) -> AccessLink | None:
    return (
        AccessLink.objects.select_related("user").filter(kind=kind, digest=token_digest(token.strip().lower())).first()
    )


@transaction.atomic
def activate(*, link: AccessLink, password: str, address: str = "") -> User:
    """Use a slip: set the password, end older sessions, forget wrong tries. A slip that is not open is refused."""
    link = AccessLink.objects.select_for_update().get(pk=link.pk)
    user = User.objects.get(pk=link.user_id)
    if state_of(link) != "open" or not user.is_active:
        raise ValidationError("这张激活单已经不能使用，请领取新的激活单。")
    link.used_at = timezone.now()
    link.save(update_fields=["used_at"])
    user.set_password(password)
    user.save(update_fields=["password"])
    AccessAttempt.objects.filter(username=key_of(user)).delete()
    user.address = address
    record(actor=user, action="account.activated", target=user, branch=place_of(user))
    return user


def needs_setup() -> bool:
    """True until somebody who can log in may fill posts: the first Party-office account."""
    roles = [role for role in Role if Capability.POSTS_MANAGE in GRANTS[role]]
    holders = Appointment.objects.current(timezone.localdate()).filter(role__in=roles, user__is_active=True)
    return not holders.filter(user__in=User.objects.able_to_log_in()).exists()


def make_setup_token() -> str:
    token = _new_token()
    expires = timezone.now() + timedelta(hours=settings.SETUP_HOURS)
    AccessLink.objects.create(kind=AccessLink.Kind.SETUP, digest=token_digest(token), expires_at=expires)
    record(actor=None, action="setup.link_made")
    return token


@transaction.atomic
def set_up(
    *,
    link: AccessLink,
    organisation: str,
    level: BranchLevel | str,
    founded_on: date,
    name: str,
    username: str,
    password: str,
    address: str = "",
) -> User:
    """Make the top organisation, unless there is one, and the first Party-office account; then no set-up link opens."""
    link = AccessLink.objects.select_for_update().get(pk=link.pk)
    if state_of(link) != "open" or not needs_setup():
        raise ValidationError("初始设置已经完成，请直接登录。")
    top = Branch.objects.get_root_nodes().first() or found_branch(
        parent=None, name=organisation, level=level, founded_on=founded_on, actor=None
    )
    if User.objects.filter(username=username).exists() or User.objects.filter(staff_no=username).exists():
        raise ValidationError({"username": "这个登录名已被使用。"})
    try:
        user = User.objects.create_person(name=name, username=username)
    except IntegrityError as exc:
        raise ValidationError({"username": "这个登录名已被使用。"}) from exc
    user.set_password(password)
    user.save(update_fields=["password"])
    user.address = address
    appoint(user=user, branch=top, role=Role.PARTY_OFFICE, starts_on=timezone.localdate(), actor=user)
    now = timezone.now()
    AccessLink.objects.filter(pk=link.pk).update(used_at=now, user=user)
    AccessLink.objects.filter(kind=AccessLink.Kind.SETUP, used_at__isnull=True).update(revoked_at=now)
    record(actor=user, action="setup.done", target=top, branch=top)
    return user


def shown_login_name(user: User) -> str:
    """The name to type, a mobile number masked: its owner knows it. "" when there is none yet."""
    name = login_name(user)
    return f"本人手机号（{name[:3]}****{name[-4:]}）" if name and name == user.mobile else name


def _login_name(user: User) -> str:
    """As shown_login_name; one is made of the pinyin for who has neither a staff number nor a mobile of their own."""
    if name := shown_login_name(user):
        return name
    stem = (user.search_keys.split() or ["user"])[0][:40]
    taken = set(User.objects.filter(username__startswith=stem).values_list("username", flat=True))
    taken |= set(User.objects.filter(staff_no__startswith=stem).values_list("staff_no", flat=True))
    user.username = next(n for i in range(1, len(taken) + 2) if (n := f"{stem}{i:02d}") not in taken)
    user.save(update_fields=["username"])
    return user.username


def _new_token() -> str:
    """79 random bits in groups of four, without letters that look alike: some will type it from paper."""
    letters = [secrets.choice(LETTERS) for _ in range(16)]
    return "-".join("".join(letters[i : i + 4]) for i in range(0, 16, 4))


def _qr(url: str) -> str:
    return str(segno.make(url, error="m").svg_inline(scale=3, border=2, omitsize=True, svgclass="qr", lineclass=None))
