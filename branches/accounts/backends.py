"""Log-in by name: the log-in name or staff number, else a mobile number that only one person has."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db.models import Q
from django.http import HttpRequest

from branches.models import User


class LoginNameBackend(BaseBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if not username or password is None:
            return None
        user = self._find(username.strip())
        if user is None:
            User().set_password(password)  # as slow as a real check: the answer must not tell who exists
            return None
        return user if user.check_password(password) and user.is_active else None

    def _find(self, name: str) -> User | None:
        found = list(User.objects.filter(Q(username=name) | Q(staff_no=name))[:2])
        if not found:
            found = list(User.objects.with_mobile(name).filter(is_active=True)[:2])
        return found[0] if len(found) == 1 else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
