"""My reminders: quiet hours, channels with their test, the calendar feed."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from branches import channels, reminders
from branches.choices import ChannelKind
from branches.delivery import lost_of
from branches.models import ChannelSetting, ReminderPreference
from branches.reminder_forms import PreferenceForm
from branches.working_days import load_calendar

LOST_SHOWN = 20
FIELDS = ("address", "secret", "code")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    preference = ReminderPreference.objects.filter(user=request.user).first() or ReminderPreference(user=request.user)
    form = PreferenceForm(request.POST or None, instance=preference)
    if request.method == "POST" and form.is_valid():
        reminders.save_preference(user=request.user, **form.cleaned_data)
        messages.success(request, "提醒时间已保存。")
        return redirect("branches:reminders")
    return _page(request, form=form, status=422 if form.errors else 200)


@login_required
@sensitive_post_parameters()
@require_POST
def channel(request: HttpRequest, kind: str) -> HttpResponse:
    """action = save, test, enable or remove; a refusal stands beside its field on the whole page."""
    if kind not in ChannelKind.values:
        raise Http404
    user, action = request.user, request.POST.get("action", "")
    try:
        match action:
            case "save":
                address, secret = request.POST.get("address", "")[:400], request.POST.get("secret", "")[:200]
                reminders.save_channel(user=user, kind=kind, address=address, secret=secret)
                done = "地址已保存，请发送测试消息。"
            case "test":
                reminders.send_test(user=user, kind=kind)
                done = "测试消息已发出，请填写其中的六位验证码。"
            case "enable":
                reminders.enable_channel(user=user, kind=kind, code=request.POST.get("code", "")[:12])
                done = f"{ChannelKind(kind).label}提醒已开启。"
            case "remove":
                reminders.remove_channel(user=user, kind=kind)
                done = f"{ChannelKind(kind).label}提醒已删除。"
            case _:
                raise ValidationError("请从页面上的按钮操作。")
    except ValidationError as exc:
        field, error = next(iter(getattr(exc, "message_dict", {"": exc.messages}).items()))
        refused = {
            "kind": kind,
            "field": field,
            "error": error[0],
            "general": field not in FIELDS,
            "typed": request.POST.get(field, "")[:400] if field in ("address", "code") else "",  # the secret is not
        }
        return _page(request, refused=refused, status=422)
    messages.success(request, done)
    return redirect(f"{reverse('branches:reminders')}#channel-{kind}")


@login_required
@require_POST
@sensitive_variables("token")
def feed_link(request: HttpRequest) -> HttpResponse:
    """Make a feed and show its address this once, or revoke it."""
    if request.POST.get("action") == "revoke":
        reminders.revoke_feed(user=request.user)
        messages.success(request, "日历订阅地址已停用。")
        return redirect("branches:reminders")
    token = reminders.make_feed(user=request.user)
    address = request.build_absolute_uri(reverse("branches:calendar_feed", args=[token]))
    return _page(request, feed_address=address)


def _page(request: HttpRequest, *, form: PreferenceForm | None = None, status: int = 200, **extra: Any) -> HttpResponse:
    user, refused = request.user, extra.get("refused") or {}
    mine = {row.kind: row for row in ChannelSetting.objects.filter(user=user)}
    preference = ReminderPreference.objects.filter(user=user).first()
    outlets = [
        {
            "kind": kind,
            "row": mine.get(kind),
            "masked": channels.masked(kind, mine[kind].address) if kind in mine else "",
            "start": channels.ROBOTS.get(kind, ""),
            "waits": kind in mine and bool(mine[kind].code),
            "refused": refused if refused.get("kind") == kind else {},
        }
        for kind in ChannelKind
        if kind in channels.available() or kind in mine
    ]
    today = timezone.localdate()
    context = {
        "form": form or PreferenceForm(instance=preference or ReminderPreference(user=user)),
        "outlets": outlets,
        "no_mail": ChannelKind.EMAIL not in channels.available(),
        "feed": reminders.feed_of(user),
        "lost": lost_of(user.pk)[:LOST_SHOWN],
        "calendar_known": load_calendar([today.year]).knows(today),
        **extra,
    }
    return render(request, "branches/reminders.html", context, status=status)
