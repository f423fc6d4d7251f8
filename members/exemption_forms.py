"""The form that puts somebody on the list of those who take no part in points."""

from typing import Any

from crispy_forms.layout import Div
from django import forms

from branches.choices import Capability
from branches.forms import day_field, layout
from branches.models import User
from members.choices import ExemptionGround
from members.models import Member


class MemberChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Member) -> str:
        return f"{obj.user.name}（{obj.branch.name}）"


class ExemptionForm(forms.Form):
    member = MemberChoice(
        label="党员",
        queryset=Member.objects.none(),
        empty_label="请选择",
        error_messages={"required": "请选择党员。", "invalid_choice": "请从列表里选择党员。"},
        help_text="本人的情况由其他支委登记。",
    )
    ground = forms.ChoiceField(
        label="情形",
        choices=[("", "请选择"), *ExemptionGround.choices],
        error_messages={"required": "请选择情形。"},
        help_text="只有登记的人看得到，其他页面只显示“不参加积分”。",
    )
    approved_on = day_field("支部大会日期", help_text="通过这件事的支部大会。")
    starts_on = day_field("开始日期")
    ends_on = day_field("结束日期", required=False, help_text="含这一天；没有期限的可不填。")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Member.objects.visible_to(user, Capability.EXEMPTION_WRITE).current().exclude(user=user)
        people = people.select_related("user", "branch").order_by("branch__path", "user__search_keys", "pk")
        self.fields["member"].queryset = people
        self.fields["approved_on"].error_messages["required"] = "请填写支部大会日期；不参加积分须经支部大会通过。"
        self.helper = layout("member", Div("ground", "approved_on", "starts_on", "ends_on", css_class="fields is-2"))
