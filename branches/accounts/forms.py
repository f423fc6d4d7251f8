"""Forms of the doors: log-in, new password, activation, set-up."""

from typing import Any

from allauth.account import forms as allauth
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError

from branches.models import User


class LoginForm(allauth.LoginForm):
    def clean(self) -> dict[str, Any]:
        """Wrong name and wrong password answer alike, with the tries that are left before the lock."""
        try:
            return super().clean()
        except ValidationError as exc:
            tries = getattr(self.request, "axes_failures_since_start", None)
            if tries is None:
                raise
            left = max(settings.AXES_FAILURE_LIMIT - tries, 0)
            raise ValidationError(f"登录名或密码有误，还可再试{left}次。") from exc


class NewPasswordForm(forms.Form):
    """Two fields that must agree; the rules are those of AUTH_PASSWORD_VALIDATORS for this person."""

    password1 = forms.CharField(label="新密码", strip=False, error_messages={"required": "请填写新密码。"})
    password2 = forms.CharField(label="再输一遍", strip=False, error_messages={"required": "请再输一遍新密码。"})

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.rules = password_validators_help_texts()

    def clean_password1(self) -> str:
        password = self.cleaned_data["password1"]
        validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        if "password1" in data and "password2" in data and data["password1"] != data["password2"]:
            self.add_error("password2", "两次输入的密码不一致。")
        return data


class PasswordChangeForm(NewPasswordForm):
    oldpassword = forms.CharField(label="原密码", strip=False, error_messages={"required": "请填写原密码。"})
    field_order = ["oldpassword", "password1", "password2"]


class EmailForm(forms.Form):
    email = forms.EmailField(
        label="邮箱", max_length=254, required=False, error_messages={"invalid": "请填写正确的邮箱地址。"}
    )


class OwnEmailForm(EmailForm):
    oldpassword = forms.CharField(label="密码", strip=False, error_messages={"required": "请填写密码。"})


class SetupForm(NewPasswordForm):
    organisation = forms.CharField(
        label="最上级党组织名称", max_length=100, error_messages={"required": "请填写党组织名称。"}
    )
    level = forms.ChoiceField(label="层级")
    founded_on = forms.DateField(label="成立日期", error_messages={"required": "请填写成立日期。"})
    name = forms.CharField(label="您的姓名", max_length=30, error_messages={"required": "请填写姓名。"})
    username = forms.CharField(label="登录名", max_length=64, error_messages={"required": "请填写登录名。"})
    field_order = ["organisation", "level", "founded_on", "name", "username", "password1", "password2"]
