"""Log-in by name: the log-in name or staff number, else a mobile number that only one person has."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db.models import Q
from django.http import HttpRequest

from branches.models import User


def find_person(name: str) -> User | None:
    """The one person `name` leads to at log-in; None when nobody or more than one does."""
    name = name.strip()
    if not name or "\0" in name:
        return None
    found = list(User.objects.filter(Q(username=name) | Q(staff_no=name))[:2])
    if not found:
        found = list(User.objects.with_mobile(name).filter(is_active=True)[:2])
    return found[0] if len(found) == 1 else None


def login_name(user: User) -> str:
    """What `user` types to log in: staff number, log-in name, or a mobile number that is theirs alone; "" for none."""
    for name in (user.staff_no, user.username, user.mobile):
        if name and find_person(name) == user:
            return name
    return ""


class LoginNameBackend(BaseBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if not username or password is None:
            return None
        if request is not None:
            request.password_was_checked = True  # axes let the try through: the audit trail counts those only
        user = find_person(username)
        if user is None:
            User().set_password(password)  # as slow as a real check: the answer must not tell who exists
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
