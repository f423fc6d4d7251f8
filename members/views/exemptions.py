"""The branch's list of who takes no part in points: the one page that says why."""

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods

from branches.access import require
from branches.choices import Capability
from branches.forms import add_errors
from members import exemptions
from members.exemption_forms import ExemptionForm
from members.forms import home_branches
from members.models import Exemption

PER_PAGE: Final = 30
STATES: Final = (("", "名单中"), ("past", "已结束"), ("all", "全部"))


@login_required
@require_GET
def exemption_list(request: HttpRequest) -> HttpResponse:
    return _list(request)


def _list(request: HttpRequest, *, status: int = 200, **extra: Any) -> HttpResponse:
    """?branch, state, q, page. What was typed wrongly stays with its row."""
    require(request.user, Capability.EXEMPTION_WRITE)
    today = timezone.localdate()
    branches = list(home_branches(request.user, Capability.EXEMPTION_WRITE))
    asked, query = request.GET.get("branch", ""), request.GET.get("q", "").strip()[:30]
    state = request.GET.get("state", "")
    branch = next((one for one in branches if str(one.pk) == asked), None)
    rows = Exemption.objects.visible_to(request.user, Capability.EXEMPTION_WRITE)
    any_at_all = rows.exists()
    over = Q(ends_on__lt=today) | Q(member__left_on__isnull=False)
    if state != "all":
        rows = rows.filter(over) if state == "past" else rows.exclude(over)
    if branch:
        rows = rows.filter(member__branch=branch)
    if query:
        rows = rows.filter(Q(member__user__name__icontains=query) | Q(member__user__search_keys__icontains=query))
    rows = rows.select_related("member__user", "member__branch", "entered_by")
    rows = rows.order_by("member__branch__path", "member__user__search_keys", "-starts_on", "pk")
    context = {
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "branches": branches,
        "branch": branch,
        "states": STATES,
        "state": state,
        "query": query,
        "narrowed": bool(branch or query or state),
        "any_at_all": any_at_all,
        "now": today,
        **extra,
    }
    return render(request, "members/exemption_list.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def exemption_create(request: HttpRequest) -> HttpResponse:
    require(request.user, Capability.EXEMPTION_WRITE)
    start = {"starts_on": timezone.localdate(), "member": request.GET.get("member", "")}
    form = ExemptionForm(request.POST if request.method == "POST" else None, user=request.user, initial=start)
    if form.is_bound and form.is_valid():
        try:
            made = exemptions.exempt(actor=request.user, **form.cleaned_data)
        except ValidationError as exc:
            add_errors(form, exc)
        else:
            messages.success(request, f"{made.member.user.name}已列入不参加积分名单。")
            return redirect("members:exemption_list")
    status = 422 if form.is_bound else 200
    return render(request, "members/exemption_form.html", {"form": form}, status=status)


@login_required
def exemption_end(request: HttpRequest, pk: int) -> HttpResponse:
    exemption = _one(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    day, version = request.POST.get("ends_on", ""), request.POST.get("version", "")
    try:
        ends_on = parse_date(day)
    except ValueError:
        ends_on = None
    try:
        if ends_on is None:
            raise ValidationError("请填写结束日期。")
        exemptions.end_exemption(
            exemption=exemption,
            ends_on=ends_on,
            version=int(version) if version.isdecimal() else 0,
            actor=request.user,
        )
    except ValidationError as exc:
        return _list(request, status=422, refused=pk, error=exc.messages[0], act="end", typed=request.POST)
    messages.success(request, f"已登记{exemption.member.user.name}的结束日期。")
    return redirect("members:exemption_list")


@login_required
def exemption_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    exemption = _one(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        exemptions.withdraw_exemption(exemption=exemption, reason=request.POST.get("reason", ""), actor=request.user)
    except ValidationError as exc:
        return _list(request, status=422, refused=pk, error=exc.messages[0], act="withdraw", typed=request.POST)
    messages.success(request, f"已撤销{exemption.member.user.name}的登记，操作留有记录。")
    return redirect("members:exemption_list")


def _one(request: HttpRequest, pk: int) -> Exemption:
    rows = Exemption.objects.visible_to(request.user, Capability.EXEMPTION_WRITE)
    return get_object_or_404(rows.select_related("member__user", "member__branch"), pk=pk)
