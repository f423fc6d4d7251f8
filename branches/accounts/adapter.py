"""What of allauth we allow: log-in of people the hospital knows, nothing that makes accounts."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.http import HttpRequest

from branches.accounts.backends import login_name
from branches.models import User


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "登录名或密码有误。",
        "account_inactive": "账号已停用，请联系党委办公室。",
        "incorrect_password": "密码有误。",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """No "successfully signed in" on every log-in."""

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """The audit trail tells of it; mail is not a given in a hospital's network."""

    def reauthenticate(self, user: User, password: str) -> bool:
        """Through the backends, so that wrong tries count for the lock-out."""
        found = self.authenticate(context.request, username=login_name(user), password=password)
        return found is not None and found.pk == user.pk
