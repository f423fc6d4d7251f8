"""Writes to accounts: passwords, and what the information administrator may do. Nothing here touches a roll."""

from axes.models import AccessAttempt
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from branches.accounts.lockout import key_of
from branches.accounts.receivers import place_of
from branches.audit import record
from branches.models import User


@transaction.atomic
def change_password(*, user: User, password: str, actor: User) -> None:
    """Set a new password; every other session of the person ends with it."""
    user.set_password(password)
    user.save(update_fields=["password"])
    record(actor=actor, action="account.password_changed", target=user, branch=place_of(user))


@transaction.atomic
def disable_account(*, user: User, actor: User) -> User:
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.pk == actor.pk:
        raise ValidationError("不能停用自己的账号。")
    if not user.is_active:
        raise ValidationError(f"{user.name}的账号已经停用。")
    User.objects.filter(pk=user.pk).update(is_active=False, session_epoch=F("session_epoch") + 1)
    record(actor=actor, action="account.disabled", target=user, branch=place_of(user))
    return user


@transaction.atomic
def enable_account(*, user: User, actor: User) -> User:
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.is_active:
        raise ValidationError(f"{user.name}的账号没有停用。")
    User.objects.filter(pk=user.pk).update(is_active=True)
    record(actor=actor, action="account.enabled", target=user, branch=place_of(user))
    return user


@transaction.atomic
def unlock_account(*, user: User, actor: User) -> int:
    """Forget the wrong passwords counted for a person, from every address."""
    count, _ = AccessAttempt.objects.filter(username=key_of(user)).delete()
    if not count:
        raise ValidationError(f"{user.name}的账号没有锁定。")
    record(actor=actor, action="account.unlocked", target=user, branch=place_of(user))
    return count


@transaction.atomic
def end_sessions(*, user: User, actor: User) -> None:
    """Log a person out everywhere; they may log in again."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    record(actor=actor, action="account.sessions_ended", target=user, branch=place_of(user))
