"""The form that asks for a report."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from django import forms
from django.db.models import QuerySet

from branches.choices import Span
from branches.models import BranchQuerySet, Report, User
from branches.office.kinds import ReportKind
from branches.office.rules import label, offered
from config.documents import pdf

DAYS: Final = {
    Span.MONTH: "每月几日生成上个月的报表，1至28日。",
    Span.QUARTER: "每季度第一个月几日生成上季度的报表，1至28日。",
    Span.YEAR: "每年1月几日生成上一年的报表，1至28日。",
}


def format_choices(kind: ReportKind) -> list[tuple[str, str]]:
    return [(value, str(Report.Format(value).label)) for value in kind.formats]


def can_be_made(formats: list[str]) -> list[str]:
    """A PDF takes parts of the operating system that not every machine has."""
    if {"pdf", "zip"} & set(formats) and not pdf.is_available():
        raise forms.ValidationError("本机缺少PDF组件，请选择其他格式，或联系信息管理员安装。")
    return formats


class ReportForm(forms.Form):
    branch = forms.ModelChoiceField(
        label="党组织",
        queryset=None,
        empty_label=None,
        error_messages={"required": "请选择党组织。", "invalid_choice": "请选择列表中的党组织。"},
    )
    start = forms.TypedChoiceField(
        label="期间",
        coerce=date.fromisoformat,
        error_messages={"required": "请选择期间。", "invalid_choice": "请选择列表中的期间。"},
    )
    formats = forms.MultipleChoiceField(
        label="文件格式",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请至少选择一种文件格式。", "invalid_choice": "请选择列表中的文件格式。"},
    )

    def __init__(self, *args: Any, kind: ReportKind, nodes: BranchQuerySet, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        starts = offered(kind.span, today)
        self.fields["branch"].queryset = nodes
        self.fields["start"].choices = [(day.isoformat(), label(kind.span, day)) for day in starts]
        self.fields["start"].initial = starts[1].isoformat()  # the last one that is over
        self.fields["formats"].choices = format_choices(kind)
        self.fields["formats"].initial = [kind.formats[0]]
        for name in ("branch", "start"):
            self.fields[name].widget.attrs["class"] = "form-select"

    def clean_formats(self) -> list[str]:
        return can_be_made(self.cleaned_data["formats"])


class PeopleField(forms.ModelMultipleChoiceField):
    """People with their posts behind the names."""

    posts: Mapping[int, str] = MappingProxyType({})

    def label_from_instance(self, obj: User) -> str:
        post = self.posts.get(obj.pk)
        return f"{obj.name}（{post}）" if post else obj.name


class ScheduleForm(forms.Form):
    """Of one kind and node. People are chosen among those who may read it."""

    formats = forms.MultipleChoiceField(
        label="文件格式",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请至少选择一种文件格式。", "invalid_choice": "请选择列表中的文件格式。"},
    )
    day_of_month = forms.IntegerField(
        label="生成日期",
        min_value=1,
        max_value=28,
        initial=5,
        error_messages={
            "required": "请填写生成日期。",
            "invalid": "请填写1至28之间的数。",
            "min_value": "生成日期为1至28日。",
            "max_value": "生成日期为1至28日。",
        },
    )
    recipients = PeopleField(
        label="接收人",
        queryset=None,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "请至少选择一名接收人。",
            "invalid_choice": "所选的人没有查看这份报表的权限，请另选接收人。",
            "invalid_pk_value": "请选择列表中的接收人。",
        },
    )

    def __init__(
        self, *args: Any, kind: ReportKind, people: QuerySet[User], posts: Mapping[int, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recipients"].posts = posts
        self.fields["formats"].choices = format_choices(kind)
        self.fields["recipients"].queryset = people
        self.fields["day_of_month"].widget.attrs["class"] = "form-control"
        self.fields["day_of_month"].help_text = DAYS[kind.span]

    def clean_formats(self) -> list[str]:
        return can_be_made(self.cleaned_data["formats"])
