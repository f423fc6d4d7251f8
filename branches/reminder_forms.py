"""Forms of the reminder settings and of the working days."""

from typing import Any

from django import forms

from branches.choices import DigestRhythm
from branches.forms import day_field
from branches.models import ReminderPreference


class PreferenceForm(forms.ModelForm):
    class Meta:
        model = ReminderPreference
        fields = ("quiet_from", "quiet_until", "rhythm")
        widgets = {
            name: forms.TimeInput(attrs={"type": "time", "class": "form-control"}, format="%H:%M")
            for name in ("quiet_from", "quiet_until")
        } | {"rhythm": forms.Select(attrs={"class": "form-select"})}
        error_messages = {
            name: {"required": "请填写时间。", "invalid": "时间无法识别，请按“21:00”的样式填写。"}
            for name in ("quiet_from", "quiet_until")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rhythm"].choices = [
            (DigestRhythm.EACH.value, "随时，五分钟内合并"),
            (DigestRhythm.DAILY.value, "每天一条"),
        ]

    def _post_clean(self) -> None:
        """The service writes; the instance only fills the form."""


class HolidayForm(forms.Form):
    day = day_field("日期")
    is_working = forms.TypedChoiceField(
        label="这一天",
        choices=[("0", "休息"), ("1", "上班（调休）")],
        coerce=lambda value: value == "1",
        error_messages={"required": "请选择休息或上班。"},
    )
    name = forms.CharField(
        label="名称",
        max_length=30,
        error_messages={"required": "请填写名称，例如：春节。", "max_length": "名称请控制在30字以内。"},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "form-select" if name == "is_working" else "form-control"
