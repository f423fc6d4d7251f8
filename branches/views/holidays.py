"""The calendar of working days, kept by the Party office of the top organisation."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from branches import reminders
from branches.access import Refused, require
from branches.choices import Capability
from branches.forms import add_errors
from branches.models import Branch, Holiday, User
from branches.reminder_forms import HolidayForm
from branches.working_days import built_in_days, built_in_years


def keeps_calendar(user: User) -> bool:
    """Holidays hold for every organisation of the installation: whoever manages a top node keeps them."""
    return any(len(path) == Branch.steplen for path in user.paths_granting(Capability.ORG_MANAGE))


def require_keeper(user: User) -> None:
    require(user, Capability.ORG_MANAGE)
    if not keeps_calendar(user):
        raise Refused(Capability.ORG_MANAGE, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def holiday_list(request: HttpRequest) -> HttpResponse:
    """?year=2026. What the built-in calendar knows is shown as it is until somebody changes the year."""
    require(request.user, Capability.ORG_MANAGE)
    keeps = keeps_calendar(request.user)
    if request.method == "POST":
        require_keeper(request.user)
    this = timezone.localdate().year
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and 2000 <= int(asked[:4]) <= 2099 and len(asked) == 4 else this
    form = HolidayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = reminders.set_holiday(actor=request.user, **form.cleaned_data)
        except ValidationError as exc:
            add_errors(form, exc)
        else:
            messages.success(
                request, f"{row.day.month}月{row.day.day}日已登记为{'上班' if row.is_working else '休息'}。"
            )
            return redirect(f"{reverse('branches:holiday_list')}?year={row.day.year}")
    rows = list(Holiday.objects.filter(day__year=year))
    built_in = [Holiday(day=d, is_working=w, name=n) for d, w, n in built_in_days(year)] if not rows else []
    context = {
        "form": form,
        "keeps": keeps,
        "year": year,
        "years": range(this - 1, this + 2),
        "rows": rows or built_in,
        "is_built_in": bool(built_in),
        "known": bool(rows or built_in),
        "last_known": max(built_in_years()),
    }
    return render(request, "branches/holiday_list.html", context, status=422 if form.errors else 200)


@login_required
def holiday_delete(request: HttpRequest, pk: int) -> HttpResponse:
    require_keeper(request.user)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    row = Holiday.objects.filter(pk=pk).first()
    reminders.remove_holiday(pk=pk, actor=request.user)
    messages.success(request, "已删除，这一天按星期计算。")
    year = row.day.year if row else timezone.localdate().year
    return redirect(f"{reverse('branches:holiday_list')}?year={year}")
