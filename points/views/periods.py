"""Which months are closed and which quarters and years are locked; closing, locking and opening again by hand."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from activities.choices import Period
from activities.plan.periods import periods, span_of
from branches.access import may, require
from branches.choices import Capability
from branches.models import Branch, User
from points.choices import PeriodKind, PeriodState
from points.cycle import closing
from points.cycle.agenda import Matter, agenda, has_cycle, quarters_to_lock
from points.cycle.closing import lived_in
from points.cycle.moving import lock_ready
from points.cycle.pending import pending
from points.cycle.publishing import may_publish
from points.cycle.reminding import urge, urged_today
from points.cycle.timetable import year_of
from points.models import PeriodClose
from points.views.pages import asked_year

NEEDS = {
    "close": Capability.PERIODS_CLOSE,
    "lock": Capability.PERIODS_LOCK,
    "reopen": Capability.PERIODS_LOCK,
    "reopen-year": Capability.YEAR_REOPEN,
}
NAMED = 3  # holders a line names
REVIEWS = (Capability.POINTS_FIRST_REVIEW, Capability.POINTS_REVIEW)


@login_required
@require_GET
def period_list(request: HttpRequest) -> HttpResponse:
    """?year=&show=late: all branches of the reader, what is due first on top; who has one goes straight to it."""
    require(request.user, Capability.POINTS_VIEW)
    today = timezone.localdate()
    year = asked_year(request, today.year)
    branches = list(Branch.objects.visible_to(request.user, Capability.POINTS_VIEW).branches())
    if len(branches) == 1:
        return redirect("points:period_detail", pk=branches[0].pk)
    rows = PeriodClose.objects.visible_to(request.user, Capability.POINTS_VIEW).filter(start__year=year)
    counts: Counter[tuple[int, str, str]] = Counter(rows.values_list("branch", "kind", "state"))
    months = [span for span in periods(Period.MONTH, year) if span.end < today]
    matters = agenda(branches, today)
    names = dict(
        User.objects.filter(pk__in={pk for one in matters.values() for pk in _holders(one)}).values_list("pk", "name")
    )
    urges = may(request.user, Capability.PERIODS_LOCK)
    urged = urged_today([one[0].key for one in matters.values() if one], today) if urges else set()
    lines = [
        {
            "branch": branch,
            "has_cycle": has_cycle(branch),
            "closed": counts[branch.pk, PeriodKind.MONTH, PeriodState.CLOSED],
            "ended": sum(lived_in(branch, span) for span in months),
            "published": counts[branch.pk, PeriodKind.QUARTER, PeriodState.PUBLISHED]
            + counts[branch.pk, PeriodKind.QUARTER, PeriodState.LOCKED],
            "locked": counts[branch.pk, PeriodKind.QUARTER, PeriodState.LOCKED],
            "year_locked": bool(counts[branch.pk, PeriodKind.YEAR, PeriodState.LOCKED]),
            **_next(matters[branch.pk], names, request.user, today),
        }
        for branch in branches
    ]
    lines.sort(key=lambda line: line["matter"].due or date.max if line["matter"] else date.max)
    n_late = sum(line["late"] for line in lines)
    show = "late" if request.GET.get("show") == "late" else ""
    context = {
        "lines": [line for line in lines if line["late"] or not show],
        "shows": [("", "全部", len(lines)), ("late", "逾期", n_late)],
        "show": show,
        "urges": urges,
        "urged": urged,
        "year": year,
        "years": [today.year, today.year - 1],
        "months": list(reversed(months)),
        "closes": may(request.user, Capability.PERIODS_CLOSE),
        "lockable": sum(_locks_quarter(one) for mine in matters.values() for one in mine) if urges else 0,
    }
    return render(request, "points/period_list.html", context)


def _next(matters: list[Matter], names: dict[int, str], user: User, today: date) -> dict[str, Any]:
    """What the line of a branch says is next: its nearest deadline, who holds it, and how much comes after it."""
    if not matters:
        return {"matter": None, "late": False}
    first = matters[0]
    return {
        "matter": first,
        "late": first.is_late(today),
        "who": [names[pk] for pk in first.people[:NAMED]],
        "others": len(matters) - 1,
        "asks": bool(set(first.people) - {user.pk}) and first.act != "lock",
    }


def _holders(matters: list[Matter]) -> list[int]:
    return [pk for one in matters[:1] for pk in one.people[:NAMED]]


def _locks_quarter(one: Matter) -> bool:
    return one.act == "lock" and one.line is not None and one.line.kind == PeriodKind.QUARTER


@login_required
def period_urge(request: HttpRequest, pk: int) -> HttpResponse:
    """The Party office reminds who holds the matter `key` of one branch; once a day."""
    branch = get_object_or_404(Branch.objects.visible_to(request.user, Capability.POINTS_VIEW).branches(), pk=pk)
    require(request.user, Capability.PERIODS_LOCK, branch)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    today, key = timezone.localdate(), request.POST.get("key", "")
    matter = next((one for one in agenda([branch], today)[branch.pk] if one.key == key), None)
    if matter is None:
        messages.warning(request, "这一项已经办结，不需要催办。")
    elif told := urge(branch=branch, matter=matter, actor=request.user, today=today):
        messages.success(request, f"已催办{branch}{matter.what}，告知{told}人。")
    else:
        messages.warning(
            request, "这一项今天已经催办过。" if set(matter.people) - {request.user.pk} else "没有可以催办的人。"
        )
    return redirect("points:period_list")


@login_required
def period_lock_all(request: HttpRequest) -> HttpResponse:
    """Lock every quarter whose terms are over, of the branches the reader may lock; says first which."""
    require(request.user, Capability.PERIODS_LOCK)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    branches, today = (
        list(Branch.objects.visible_to(request.user, Capability.PERIODS_LOCK).branches()),
        timezone.localdate(),
    )
    if not request.POST.get("confirmed"):
        return render(request, "points/period_lock.html", {"ready": quarters_to_lock(branches, today)})
    done = lock_ready(branches=branches, actor=request.user, today=today)
    messages.success(request, f"已锁定{done}个季度。" if done else "没有期限已满的季度，未作锁定。")
    return redirect("points:period_list")


@login_required
@require_GET
def period_detail(request: HttpRequest, pk: int) -> HttpResponse:
    branch = get_object_or_404(Branch.objects.visible_to(request.user, Capability.POINTS_VIEW).branches(), pk=pk)
    return _page(request, branch)


def _page(request: HttpRequest, branch: Branch, *, status: int = 200, **extra: Any) -> HttpResponse:
    today = timezone.localdate()
    year = asked_year(request, today.year)
    context = {
        "branch": branch,
        "year": year,
        "years": [today.year, today.year - 1],
        "periods": year_of(branch, year, today),
        "closes": may(request.user, Capability.PERIODS_CLOSE, branch),
        "locks": may(request.user, Capability.PERIODS_LOCK, branch),
        "reopens_year": may(request.user, Capability.YEAR_REOPEN, branch),
        "publishes": may_publish(request.user, branch),
        "handles": may(request.user, Capability.OBJECTION_ANSWER, branch)
        or may(request.user, Capability.OBJECTION_DECIDE, branch),
        "several": may(request.user, Capability.DASHBOARD_VIEW),
        **extra,
    }
    return render(request, "points/period_detail.html", context, status=status)


@login_required
def period_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Close, lock or open again one period of one branch: `act`, `kind`, `start`, and `reason` to open again."""
    branch = get_object_or_404(Branch.objects.visible_to(request.user, Capability.POINTS_VIEW).branches(), pk=pk)
    kind, act = request.POST.get("kind", ""), request.POST.get("act", "")
    start = _day(request)
    if kind == PeriodKind.YEAR and act == "reopen":
        act = "reopen-year"
    require(request.user, NEEDS.get(act, Capability.PERIODS_CLOSE), branch)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if start is None or kind not in PeriodKind.values or act not in NEEDS:
        return _page(request, branch, status=422, error="没有看懂要处理哪个期间，请从下表重新选择。")
    today, reason = timezone.localdate(), request.POST.get("reason", "")
    if act == "close" and _asks(request, start, today):
        return _ask_to_close(request, [branch], start, branch=branch)
    try:
        if act == "close":
            closing.close_months(branches=[branch], month=start, actor=request.user, today=today)
        elif act == "lock":
            closing.lock_period(branch=branch, kind=PeriodKind(kind), start=start, actor=request.user, today=today)
        else:
            closing.reopen_period(branch=branch, kind=PeriodKind(kind), start=start, reason=reason, actor=request.user)
    except ValidationError as error:
        asked = {"kind": kind, "start": start, "reason": reason}
        return _page(request, branch, status=422, error=error.messages[0], asked=asked)
    label = span_of(closing.SPANS[PeriodKind(kind)], start).label
    done = {"close": "已关账", "lock": "已锁定"}.get(act, "已重新开放")
    messages.success(request, f"{label}{done}。")
    return redirect(f"{request.path.removesuffix('change/')}?year={start.year}")


@login_required
def period_close_all(request: HttpRequest) -> HttpResponse:
    """Close one month of every branch the reader may close."""
    require(request.user, Capability.PERIODS_CLOSE)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    start = _day(request)
    if start is None:
        messages.error(request, "请选择要关账的月份。")
        return redirect("points:period_list")
    branches, today = Branch.objects.visible_to(request.user, Capability.PERIODS_CLOSE).branches(), timezone.localdate()
    if _asks(request, start, today):
        return _ask_to_close(request, branches, start)
    try:
        closed = closing.close_months(branches=branches, month=start, actor=request.user, today=today)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        label = f"{start.year}年{start.month}月"
        messages.success(request, f"{label}：{closed}个党支部已关账。" if closed else f"{label}此前已全部关账。")
    return redirect(f"{request.path.removesuffix('close/')}?year={start.year}")


def _asks(request: HttpRequest, month: date, today: date) -> bool:
    """Closing is asked about once: a month is not opened again. One that may not be closed yet is refused at once."""
    return not request.POST.get("confirmed") and span_of(Period.MONTH, month).end < today


def _ask_to_close(
    request: HttpRequest, branches: Iterable[Branch], month: date, *, branch: Branch | None = None
) -> HttpResponse:
    back = reverse("points:period_detail", args=[branch.pk]) if branch else reverse("points:period_list")
    context = {
        "branch": branch,
        "month": month,
        "back": f"{back}?year={month.year}",
        "pending": pending(branches, month, timezone.localdate()),
        "reviews": any(may(request.user, can, branch) for can in REVIEWS),
        "deducts": may(request.user, Capability.POINTS_DEDUCT, branch),
    }
    return render(request, "points/period_close.html", context)


def _day(request: HttpRequest) -> Any:
    try:
        return parse_date(request.POST.get("start", ""))
    except ValueError:
        return None
