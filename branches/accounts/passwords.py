"""Password rules: long, not common, not about oneself. No composition rules, no forced change."""

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from branches.models import Branch, User

MIN_LENGTH = 12


class LengthValidator:
    def validate(self, password: str, user: User | None = None) -> None:
        if len(password) < MIN_LENGTH:
            raise ValidationError(f"密码至少{MIN_LENGTH}个字符，可以用一句好记的话。")

    def get_help_text(self) -> str:
        return f"至少{MIN_LENGTH}个字符，可以用一句好记的话。"


class CommonValidator(CommonPasswordValidator):
    def validate(self, password: str, user: User | None = None) -> None:
        try:
            super().validate(password, user)
        except ValidationError:
            raise ValidationError("这个密码太常见，容易被猜到。") from None

    def get_help_text(self) -> str:
        return "不能是常见密码。"


class PersonalValidator:
    """Refuses passwords built on the person's own names and numbers, or on the hospital's name."""

    def validate(self, password: str, user: User | None = None) -> None:
        words = [root.name for root in Branch.objects.get_root_nodes()]
        if user is not None:
            words += [user.name, user.username or "", user.staff_no or "", user.mobile]
        lowered = password.lower()
        if any(len(word) >= 2 and word.lower() in lowered for word in words):
            raise ValidationError("密码中不能含有姓名、工号、手机号或单位名称。")

    def get_help_text(self) -> str:
        return "不能含有姓名、工号、手机号或单位名称。"
