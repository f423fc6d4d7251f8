"""What of allauth we allow: log-in of people the hospital knows, nothing that makes accounts."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "登录名或密码有误。",
        "account_inactive": "账号已停用，请联系党委办公室。",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """No "successfully signed in" on every log-in."""
