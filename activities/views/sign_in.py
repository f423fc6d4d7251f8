"""Signing in, from the branch's side: the window, the list, the projector and its living part."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from activities.access import require_record
from activities.attendance import sign_codes, sign_in
from activities.attendance.rows import OPEN
from activities.attendance.sign_codes import Window
from activities.attendance.sittings import by_sitting
from activities.models import Activity, Attendance, Session, SignIn
from branches.accounts.sessions import SEEN
from members.models import Member

NEWEST = 6
LATE_EVENING = dt.time(20)  # a window that begins later may end after midnight
STOP_POLLING = 286  # htmx: swap, and ask no more
WARN_SECONDS = 300


def _own(request: HttpRequest, pk: int) -> Activity:
    activity = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=pk)
    require_record(request.user, activity)
    return activity


@login_required
def manage(request: HttpRequest, pk: int) -> HttpResponse:
    """Open or move the window; who has signed and who has not."""
    activity = _own(request, pk)
    if request.method == "POST":
        try:
            session = _sitting_of(request, activity)
            sign_in.open_sign_in(activity=activity, actor=request.user, session=session, **_window_of(request))
        except ValidationError as error:
            return _manage(request, activity, problems=error, status=422)
        messages.success(request, "签到已开启，请投屏或告诉大家六位签到码。")
        return redirect("activities:sign_in", pk=pk)
    return _manage(request, activity)


def _window_of(request: HttpRequest) -> dict[str, dt.datetime | None]:
    """The two times of the form on today's date; empty ones are left to the usual window."""
    opens, closes = (_time(request.POST.get(name, "")) for name in ("opens", "closes"))
    today = timezone.localdate()
    after = today + dt.timedelta(days=1) if opens and closes and closes < opens >= LATE_EVENING else today
    return {
        "opens_at": timezone.make_aware(dt.datetime.combine(today, opens)) if opens else None,
        "closes_at": timezone.make_aware(dt.datetime.combine(after, closes)) if closes else None,
    }


def _sitting_of(request: HttpRequest, activity: Activity) -> Session | None:
    """The sitting named by the form; of another record 404."""
    asked = request.POST.get("session", "")
    return get_object_or_404(activity.sessions, pk=int(asked)) if _is_id(asked) else None


def _time(text: str) -> dt.time | None:
    try:
        return dt.time.fromisoformat(text.strip()[:5])
    except ValueError:
        return None


def _manage(
    request: HttpRequest, activity: Activity, *, problems: ValidationError | None = None, status: int = 200
) -> HttpResponse:
    sign = SignIn.objects.select_related("opened_by", "session").filter(activity=activity).first()
    now = timezone.now()
    rows = list(activity.attendances.all())
    sessions = list(activity.sessions.all())
    today = sign_in.sittings_of_today(activity)
    typed = request.POST if problems else {}
    chosen = _chosen(sign, today, typed.get("session") or request.GET.get("session", ""), now)
    usual = sign_codes.default_window(chosen.starts_at if chosen else sign_in.moment_of_today(activity))
    times = (sign.opens_at, sign.closes_at) if sign and sign.session == chosen else usual
    context = {
        "activity": activity,
        "sign": sign,
        "state": _state(sign, now),
        "is_today": timezone.localdate() in sign_in.days_of(activity),
        "sessions": sessions,
        "today_sessions": today,
        "chosen": chosen,
        "days": sorted(sign_in.days_of(activity)),
        "counts": [(sat.session, sum(bool(row.signed_at) for row in sat.rows)) for sat in by_sitting(sessions, rows)],
        "is_open_record": activity.state in OPEN,
        "opens": typed.get("opens") or f"{timezone.localtime(times[0]):%H:%M}",
        "closes": typed.get("closes") or f"{timezone.localtime(times[1]):%H:%M}",
        "problems": by_field(problems),
        "signed": _newest_first(rows),
        "waiting": _by_group([row for row in rows if not row.signed_at]),
        "expected": len(rows),
        "code": sign_codes.code(sign.secret, sign.pk, now) if sign and _state(sign, now) == "open" else "",
    }
    return render(request, "activities/sign_in.html", context, status=status)


def _chosen(sign: SignIn | None, today: list[Session], asked: str, now: dt.datetime) -> Session | None:
    """The sitting the window's form is about: the one asked for, that of an open window, else the one that is on."""
    named = next((one for one in today if str(one.pk) == asked), None)
    if named is None and sign is not None and sign.session in today and _state(sign, now) != "over":
        named = sign.session
    return named or sign_in.on_at(today, now)


def _newest_first(rows: Iterable[Attendance]) -> list[Attendance]:
    signed = [(row.signed_at, row.pk, row) for row in rows if row.signed_at]
    return [row for _, _, row in sorted(signed, key=lambda one: one[:2], reverse=True)]


def by_field(error: ValidationError | None) -> dict[str, str]:
    if error is None:
        return {}
    if hasattr(error, "error_dict"):
        return {name: texts[0].messages[0] for name, texts in error.error_dict.items()}
    return {"": error.messages[0]}


def _by_group(rows: list[Attendance]) -> list[tuple[str, list[Attendance]]]:
    groups: dict[str, list[Attendance]] = {}
    for row in rows:
        groups.setdefault(row.group_name, []).append(row)
    return list(groups.items())


def _state(sign: SignIn | None, now: dt.datetime) -> str:
    """One of none, early, open, over."""
    if sign is None:
        return "none"
    found = sign_codes.window(sign.opens_at, sign.closes_at, sign.closed_at, now)
    return {Window.NOT_YET: "early", Window.OPEN: "open", Window.OVER: "over"}[found]


@login_required
def close(request: HttpRequest, pk: int) -> HttpResponse:
    activity = _own(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    return _act(request, activity, lambda: sign_in.close_sign_in(activity=activity, actor=request.user), "签到已结束。")


@login_required
def tick(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter that the chosen people are here."""
    activity = _own(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    chosen = [int(one) for one in request.POST.getlist("member") if _is_id(one)]
    session = _sitting_of(request, activity)
    return _act(
        request,
        activity,
        lambda: sign_in.tick(activity=activity, members=chosen, actor=request.user, session=session),
        "已登记到会{}人。",
    )


@login_required
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    activity = _own(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    asked = request.POST.get("member", "")
    member = Member.objects.filter(pk=int(asked)).first() if _is_id(asked) else None
    if member is None:
        return redirect("activities:sign_in", pk=pk)
    return _act(
        request,
        activity,
        lambda: sign_in.undo(activity=activity, member=member, actor=request.user),
        f"已撤销{member}的签到。",
    )


def _is_id(text: str) -> bool:
    """Short enough for a number that the database can hold."""
    return text.isdecimal() and len(text) < 18


def _act(request: HttpRequest, activity: Activity, act: Any, done: str) -> HttpResponse:
    try:
        result = act()
    except ValidationError as error:
        fresh = Activity.objects.for_detail().get(pk=activity.pk)
        return _manage(request, fresh, problems=error, status=422)
    messages.success(request, done.format(result))
    return redirect("activities:sign_in", pk=activity.pk)


# -- The projector


@login_required
@require_GET
def screen(request: HttpRequest, pk: int) -> HttpResponse:
    """One picture for the whole room: no more of people than how many are here and the newest names."""
    activity = _own(request, pk)
    sign = SignIn.objects.select_related("session").filter(activity=activity).first()
    if sign is None:
        return redirect("activities:sign_in", pk=pk)
    return render(request, "activities/sign_screen.html", _live(request, activity, sign))


@require_GET
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """The part that asks for itself anew; it says so (X-Poll), and keeps nobody logged in."""
    if not request.user.is_authenticated and request.htmx:
        context = {"gone": True, "next": reverse("activities:sign_screen", args=[pk])}
        return render(request, "activities/_sign_live.html", context, status=STOP_POLLING)
    return _live_for_the_branch(request, pk)


@login_required
def _live_for_the_branch(request: HttpRequest, pk: int) -> HttpResponse:
    activity = _own(request, pk)
    sign = SignIn.objects.select_related("session").filter(activity=activity).first()
    if sign is None:
        return redirect("activities:sign_in", pk=pk)
    return render(request, "activities/_sign_live.html", _live(request, activity, sign))


def _live(request: HttpRequest, activity: Activity, sign: SignIn) -> dict[str, Any]:
    now = timezone.now()
    state = _state(sign, now)
    rows = activity.attendances.all()
    newest = _newest_first(rows)
    context: dict[str, Any] = {
        "activity": activity,
        "sign": sign,
        "state": state,
        "signed": len(newest),
        "expected": len(rows),
        "newest": newest[:NEWEST],
        "ends": sign.closed_at or sign.closes_at,
    }
    if state == "open":
        token = sign_codes.token(sign.secret, sign.pk, now)
        url = request.build_absolute_uri(reverse("activities:scan", args=[activity.pk]) + f"?t={token}")
        digits = sign_codes.code(sign.secret, sign.pk, now)
        context |= {"qr": _qr(url), "code": f"{digits[:3]} {digits[3:]}", "left": _idle_left(request, now)}
    return context


def _qr(url: str) -> str:
    return str(segno.make(url, error="m").svg_inline(scale=4, border=2, omitsize=True, svgclass="qr", lineclass=None))


def _idle_left(request: HttpRequest, now: dt.datetime) -> int:
    """Minutes until this log-in ends for want of a person, when that is soon; else 0."""
    seen = request.session.get(SEEN)
    if seen is None:
        return 0
    left = int(seen) + settings.SESSION_IDLE_MINUTES * 60 - int(now.timestamp())
    return max(1, left // 60) if left < WARN_SECONDS else 0
