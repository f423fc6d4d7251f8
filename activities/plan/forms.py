"""The forms of the plan: one fixed day for a year, an item for many branches."""

import uuid
from datetime import date
from typing import Any, Final

from django import forms

from activities.choices import BRANCH_KINDS, Kind, short_label
from activities.plan.periods import LAST
from activities.plan.pushing import Order
from activities.plan.scheduling import FixedDay
from branches.choices import BranchCategory
from branches.forms import day_field
from branches.models import Branch, BranchQuerySet

WEEKDAYS: Final = "一二三四五六日"
WHICH: Final = ((1, "第一个"), (2, "第二个"), (3, "第三个"), (4, "第四个"), (LAST, "最后一个"))


def posted_key(text: str) -> uuid.UUID:
    """The key a form carries, so that sending it twice does the thing once; a new one where there is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid4()


class FixedDayForm(forms.Form):
    """每月第几个星期几, or 每月几日."""

    kind = forms.ChoiceField(label="项目")
    way = forms.ChoiceField(label="方式", choices=[("weekday", "星期"), ("day", "日期")])
    which = forms.TypedChoiceField(label="第几个", choices=WHICH, coerce=int, required=False, empty_value=1)
    weekday = forms.TypedChoiceField(
        label="星期",
        choices=[(n, f"星期{name}") for n, name in enumerate(WEEKDAYS)],
        coerce=int,
        required=False,
        empty_value=0,
    )
    day = forms.IntegerField(
        label="日",
        min_value=1,
        max_value=31,
        required=False,
        error_messages={
            "invalid": "请填写1至31之间的数。",
            "min_value": "请填写1至31之间的数。",
            "max_value": "请填写1至31之间的数。",
        },
    )

    def __init__(self, *args: Any, kinds: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind, short_label(Kind(kind))) for kind in kinds]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("way") == "day" and not data.get("day") and "day" not in self.errors:
            self.add_error("day", "请填写每月几日。")
        return data

    @property
    def rule(self) -> FixedDay:
        data = self.cleaned_data
        if data["way"] == "day":
            return FixedDay(day=data["day"])
        return FixedDay(which=data["which"], weekday=data["weekday"])


class PushForm(forms.Form):
    """An item for many branches: all of them, whole categories, or one by one; what is ticked adds up."""

    title = forms.CharField(label="名称", max_length=100, error_messages={"required": "请填写名称。"})
    kind = forms.ChoiceField(
        label="活动类型",
        required=False,
        choices=[("", "不要求开会"), *((kind.value, kind.label) for kind in BRANCH_KINDS)],
    )
    starts_on = day_field("开始日期")
    due = day_field("截止日期")
    instructions = forms.CharField(label="要求", max_length=4000, required=False, widget=forms.Textarea)
    everybody = forms.BooleanField(label="全部党支部", required=False)
    categories = forms.MultipleChoiceField(label="类别", required=False, choices=BranchCategory.choices)
    files = forms.CharField(label="附件", required=False)  # what is wrong with the uploads stands beside them
    branches = forms.ModelMultipleChoiceField(
        Branch.objects.none(),
        label="党支部",
        required=False,
        error_messages={"invalid_choice": "请选择列出的党支部。", "invalid_pk_value": "请选择列出的党支部。"},
    )

    def __init__(self, *args: Any, branches: BranchQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["branches"].queryset = branches
        self.all = branches

    @property
    def chosen(self) -> list[Branch]:
        data = self.cleaned_data
        if data.get("everybody"):
            return list(self.all)
        ticked = {branch.pk for branch in data.get("branches") or ()}
        kinds = set(data.get("categories") or ())
        return [branch for branch in self.all if branch.pk in ticked or branch.category in kinds]

    @property
    def order(self) -> Order:
        data = self.cleaned_data
        return Order(data["title"], data["starts_on"], data["due"], data["kind"], data["instructions"])


def year_of(text: str, today: date) -> int:
    """A year to show, near enough to today to mean something; else this one."""
    return int(text) if text.isdecimal() and len(text) == 4 and abs(int(text) - today.year) <= 50 else today.year
