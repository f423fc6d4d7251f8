"""Forms of the terms of office."""

from typing import Any

from crispy_forms.layout import Div
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from branches.forms import day_field, layout


class TermForm(forms.Form):
    number = forms.IntegerField(
        label="届次",
        min_value=1,
        max_value=99,
        error_messages={
            "required": "请填写第几届。",
            "invalid": "请填写数字。",
            "min_value": "届次从1算起。",
            "max_value": "请核对届次。",
        },
    )
    document = forms.CharField(label="批复文号", max_length=100, required=False, help_text="上级同意选举结果的文件。")
    starts_on = day_field("任期开始", help_text="选出的日期。")
    ends_on = day_field("任期届满", help_text="这一届的最后一天。")
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = layout(Div("number", "document", "starts_on", "ends_on", css_class="fields is-2"), "version")

    def clean_starts_on(self) -> Any:
        day = self.cleaned_data["starts_on"]
        if day > timezone.localdate():
            raise ValidationError("任期开始日期不能晚于今天。")
        return day


class ExtendForm(forms.Form):
    extended_to = day_field("延期至", help_text="最迟在这一天前换届。")
    document = forms.CharField(
        label="批准文号", max_length=100, error_messages={"required": "请填写上级党组织的批准文号。"}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = layout(Div("extended_to", "document", css_class="fields is-2"))
