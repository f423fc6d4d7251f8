"""Forms that change the roll: admit, edit, transfer, confirm, leave, come back."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods

from branches.access import require
from branches.choices import ROLL_ROLES, Capability
from branches.forms import add_errors
from branches.models import Appointment
from members import services
from members.choices import MembershipStatus, MemberType
from members.forms import AdmitForm, ChangeForm, ConfirmForm, LeaveForm, ReturnForm, TransferForm, conflict_rows
from members.models import Member

FORM = require_http_methods(["GET", "HEAD", "POST"])


def _member(request: HttpRequest, pk: int, can: Capability) -> Member:
    people = Member.objects.visible_to(request.user, Capability.ROSTER_VIEW).select_related("user", "branch", "group")
    member = get_object_or_404(people, pk=pk)
    require(request.user, can, member)
    return member


def _page(request: HttpRequest, form: Any, title: str, button: str, **context: Any) -> HttpResponse:
    context = {"form": form, "title": title, "button": button, **context}
    return render(request, "members/member_form.html", context, status=422 if form.is_bound else 200)


def _data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _saved(request: HttpRequest, form: Any, service: Callable[..., Member], **known: Any) -> Member | None:
    """What the service made of a valid form; None when it was not sent, or refused with the reason beside its field."""
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return service(actor=request.user, **known, **form.arguments())
    except ValidationError as exc:
        add_errors(form, exc)
        return None


def _done(request: HttpRequest, member: Member, said: str) -> HttpResponse:
    messages.success(request, said)
    return redirect("members:member_detail", member.pk)


@login_required
@FORM
def member_create(request: HttpRequest) -> HttpResponse:
    require(request.user, Capability.ROSTER_WRITE)
    branch = request.GET.get("branch", "")
    start = {
        "recorded_on": timezone.localdate(),
        "membership_status": MembershipStatus.NORMAL,
        "ethnicity": "01",
        "branch": branch if branch.isdecimal() else None,
    }
    form = AdmitForm(_data(request), user=request.user, initial=start)
    if done := _saved(request, form, services.admit_member):
        return _done(request, done, f"已将{done.user.name}编入{done.branch.name}。")
    return _page(request, form, "新增党员", "编入名册", lead="一次登记多人请用导入。")


@login_required
@FORM
def member_edit(request: HttpRequest, pk: int) -> HttpResponse:
    member = _member(request, pk, Capability.ROSTER_WRITE)
    form = ChangeForm(_data(request), member=member)
    conflict: list[Any] = []
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                version = form.cleaned_data["version"]
                services.change_member(member=member, version=version, fields=form.facts(), actor=request.user)
                if member.left_on is None:
                    services.assign_group(member=member, group=form.cleaned_data["group"], actor=request.user)
        except services.Conflict as exc:
            conflict = conflict_rows(exc.differences)
            data = request.POST.copy()
            data["version"] = str(exc.current.version)  # saving again keeps what is typed here
            form.data = data
        except ValidationError as exc:
            add_errors(form, exc)
        else:
            return _done(request, member, "已保存。")
    return _page(request, form, "修改党员信息", "保存", member=member, conflict=conflict)


@login_required
@FORM
def member_transfer(request: HttpRequest, pk: int) -> HttpResponse:
    member = _member(request, pk, Capability.TRANSFER_WRITE)
    if member.left_on is not None:
        return redirect("members:member_return", member.pk)
    to = request.GET.get("to", "")
    start = {"recorded_on": timezone.localdate(), "to": to if to.isdecimal() else None}
    form = TransferForm(_data(request), member=member, user=request.user, initial=start)
    if done := _saved(request, form, services.transfer_member, member=member):
        return _done(request, done, f"{done.user.name}已转到{done.branch.name}。")
    return _page(request, form, "院内调整支部", "确认调整", member=member, posts=_posts(member))


@login_required
@FORM
def member_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    member = _member(request, pk, Capability.ROSTER_WRITE)
    if member.member_type != MemberType.PROBATIONARY or member.left_on is not None:
        messages.info(request, f"{member.user.name}不是在册的预备党员，不用办理转正。")
        return redirect("members:member_detail", member.pk)
    on = request.GET.get("on", "")
    start = {"recorded_on": timezone.localdate(), "effective_on": parse_date(on) if len(on) == 10 else None}
    form = ConfirmForm(_data(request), initial=start)
    if done := _saved(request, form, services.confirm_member, member=member):
        return _done(request, done, f"已登记{done.user.name}转为正式党员。")
    return _page(request, form, "登记转正", "确认转正", member=member)


@login_required
@FORM
def member_leave(request: HttpRequest, pk: int) -> HttpResponse:
    member = _member(request, pk, Capability.TRANSFER_WRITE)
    if member.left_on is not None:
        return redirect("members:member_detail", member.pk)
    form = LeaveForm(_data(request), member=member, initial={"recorded_on": timezone.localdate()})
    if done := _saved(request, form, services.leave_roll, member=member):
        return _done(request, done, f"{done.user.name}已离开名册，历史记录保留。")
    return _page(request, form, "登记离开名册", "确认离开", member=member, posts=_posts(member), stop=True)


@login_required
@FORM
def member_return(request: HttpRequest, pk: int) -> HttpResponse:
    member = _member(request, pk, Capability.TRANSFER_WRITE)
    if member.left_on is None:
        return redirect("members:member_detail", member.pk)
    form = ReturnForm(_data(request), user=request.user, initial={"recorded_on": timezone.localdate()})
    if done := _saved(request, form, services.readmit_member, member=member):
        return _done(request, done, f"{done.user.name}已重新编入名册。")
    return _page(request, form, "重新编入名册", "编入名册", member=member)


def _posts(member: Member) -> list[Appointment]:
    """What ends with the move."""
    held = Appointment.objects.current(timezone.localdate()).filter(user=member.user_id).exclude(role__in=ROLL_ROLES)
    return list(held.select_related("branch"))
