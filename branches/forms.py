"""Forms of the organisation. Every choice is limited to the scope of the reader."""

from datetime import date
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from branches.choices import BranchCategory, BranchKind, BranchLevel, Capability, Role
from branches.models import Branch, User
from branches.rules import levels_under, may_stand_under, roles_at, subtree_end

FAR: Final = (date(1900, 1, 1), date(2100, 1, 1))


def add_errors(form: forms.Form, exc: ValidationError) -> None:
    """Put what a service refused beside its field, or on top."""
    for field, errors in getattr(exc, "error_dict", {None: exc}).items():
        form.add_error(field if field in form.fields else None, errors)


def day_in_range(day: date) -> None:
    """A day that can be counted with: the ends of the calendar have no day before or after them."""
    if not FAR[0] <= day <= FAR[1]:
        raise ValidationError("请填写正确的日期。")


def day_field(label: str, **kwargs: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    errors = {"required": f"请填写{label}。", "invalid": "日期无法识别，请按“2026-11-22”的样式填写。"}
    return forms.DateField(label=label, widget=widget, error_messages=errors, validators=[day_in_range], **kwargs)


def layout(*rows: Any) -> FormHelper:
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True
    helper.layout = Layout(*rows)
    return helper


class BranchForm(forms.Form):
    """New below `parent`, or the facts of `branch`."""

    name = forms.CharField(label="名称", max_length=100, error_messages={"required": "请填写名称。"})
    code = forms.CharField(label="编码", max_length=32, required=False, help_text="可不填，由系统编号。")
    level = forms.ChoiceField(label="层级")
    kind = forms.ChoiceField(label="类型", choices=BranchKind, help_text="只用于党支部。")
    category = forms.ChoiceField(
        label="类别", required=False, choices=[("", "未分类"), *BranchCategory.choices], help_text="只用于党支部。"
    )
    founded_on = day_field("成立日期")
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, parent: Branch | None = None, branch: Branch | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if branch is not None:
            del self.fields["level"]
            self.fields["code"].required = True
            self.fields["code"].help_text = ""
            self.fields["code"].error_messages["required"] = "请填写编码。"
            self.fields["version"].required = True
            if branch.level != BranchLevel.BRANCH:
                for name in ("kind", "category"):
                    self.fields[name].required = False
                    self.fields[name].widget = forms.HiddenInput()
        elif parent is not None:
            self.fields["level"].choices = [(v.value, v.label) for v in levels_under(BranchLevel(parent.level))]
            if parent.level == BranchLevel.BRANCH:
                del self.fields["kind"], self.fields["category"]
        rows = [name for name in self.fields if name not in {"name", "version"}]
        self.helper = layout("name", Div(*rows, css_class="fields is-2"), "version")

    def clean_founded_on(self) -> date:
        day = self.cleaned_data["founded_on"]
        if day > timezone.localdate():
            raise ValidationError("成立日期不能晚于今天。")
        return day


class DissolveForm(forms.Form):
    on = day_field("撤销日期", help_text="这一天仍可登记活动；所有任职到这一天为止。")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = layout("on")

    def clean_on(self) -> date:
        day = self.cleaned_data["on"]
        if day > timezone.localdate():
            raise ValidationError("撤销日期不能晚于今天。")
        return day


class NodeChoice(forms.ModelChoiceField):
    def label_from_instance(self, node: Branch) -> str:
        return f"{'　' * (node.depth - 1)}{node.name}"


class MoveForm(forms.Form):
    to = NodeChoice(
        label="移到哪个党组织之下",
        queryset=Branch.objects.none(),
        error_messages={"required": "请选择上级党组织。", "invalid_choice": "不能移到这个党组织之下。"},
    )

    def __init__(self, *args: Any, branch: Branch, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels = [level for level in BranchLevel if may_stand_under(BranchLevel(branch.level), level)]
        nodes = Branch.objects.visible_to(user, Capability.ORG_MANAGE).filter(
            level__in=levels, dissolved_on__isnull=True
        )
        own = nodes.filter(path__gte=branch.path, path__lt=subtree_end(branch.path)).values("pk")
        self.fields["to"].queryset = nodes.exclude(pk__in=own)
        self.helper = layout("to")


class AppointForm(forms.Form):
    role = forms.ChoiceField(label="职务", error_messages={"required": "请选择职务。"})
    starts_on = day_field("任职开始日期")
    replace = forms.BooleanField(
        label="接任：现任同时免去",
        required=False,
        help_text="现任的任期到前一天为止。书记、副书记、党小组组长同一时间只有一人，换人时须勾选。",
    )
    user = forms.ModelChoiceField(
        label="人员",
        queryset=User.objects.none(),
        error_messages={"required": "请选择人员。", "invalid_choice": "请从列表里选择人员。"},
    )

    def __init__(self, *args: Any, branch: Branch, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = roles_at(BranchLevel(branch.level), is_top=branch.depth == 1)
        self.fields["role"].choices = [("", "请选择"), *((role.value, role.label) for role in roles)]
        self.fields["user"].queryset = User.objects.in_offices_of(actor, Capability.POSTS_MANAGE)
        self.helper = layout(Div("role", "starts_on", css_class="fields is-2"), "replace")

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class EndPostForm(forms.Form):
    on = day_field("免职日期", help_text="从这一天起不再担任；填今天，立即失去相应权限。")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = layout("on")


class PersonForm(forms.Form):
    name = forms.CharField(label="姓名", max_length=30, error_messages={"required": "请填写姓名。"})
    staff_no = forms.CharField(label="工号", max_length=32, required=False, help_text="可不填。")
    mobile = forms.RegexField(
        r"^1\d{10}$",
        label="手机",
        required=False,
        help_text="可不填。没有工号的，可以用手机号登录。",
        error_messages={"invalid": "手机号应为11位数字。"},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = layout("name", Div("staff_no", "mobile", css_class="fields is-2"))


class AuditFilter(forms.Form):
    who = forms.CharField(label="人员", required=False, max_length=64)
    what = forms.CharField(label="操作", required=False, max_length=64)
    branch = NodeChoice(label="党组织", required=False, queryset=Branch.objects.none(), empty_label="全部党组织")
    since = day_field("从", required=False)
    until = day_field("到", required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = Branch.objects.visible_to(user, Capability.AUDIT_VIEW)
