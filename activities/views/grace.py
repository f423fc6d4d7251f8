"""How long after the due day the Party office hears of a duty: one number a kind."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from activities.choices import GATHERINGS, Kind
from activities.reminders.rules import grace_of
from branches.access import require
from branches.choices import Capability
from branches.reminders import grace_periods, set_grace
from branches.views.holidays import keeps_calendar, require_keeper


class GraceForm(forms.Form):
    """One field a kind, named after it."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for kind in Kind:
            if kind in GATHERINGS:
                self.fields[kind.value] = forms.IntegerField(
                    label=kind.label,
                    min_value=0,
                    max_value=60,
                    error_messages={
                        "required": "请填写天数。",
                        "invalid": "请填写整数。",
                        "min_value": "天数不能小于0。",
                        "max_value": "天数不能大于60。",
                    },
                    widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
                )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def grace(request: HttpRequest) -> HttpResponse:
    require(request.user, Capability.ORG_MANAGE)
    if request.method == "POST":
        require_keeper(request.user)
    standing = grace_periods()
    initial = {kind.value: grace_of(kind, standing) for kind in Kind if kind in GATHERINGS}
    form = GraceForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        for kind, days in form.cleaned_data.items():
            if days != initial[kind]:
                set_grace(kind=kind, working_days=days, actor=request.user)
        messages.success(request, "宽限期已保存，从下一次提醒起生效。")
        return redirect("activities:grace")
    context = {"form": form, "keeps": keeps_calendar(request.user)}
    return render(request, "activities/grace.html", context, status=422 if form.errors else 200)
