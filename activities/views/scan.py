"""Signing in, from the member's side: the scan, which survives a log-in, and the six digits.

The scan opens a page and the page posts itself: a link that is merely looked at (a preview, an image on another site)
signs nobody in. What it posts is a claim: "this browser scanned the code of this gathering at that second", signed by
the site, good for five minutes and for this purpose alone. It is bound to a random number in the visitor's session,
which the log-in keeps: the address of the log-in page sent on to an absent colleague opens nothing in their browser.
What remains is what remains of every code on a wall: somebody in the room can send the picture itself, for the twenty
to forty seconds it lives, to a colleague with an account; the newest names on the wall and undo are the answer.
"""

import secrets
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from activities.attendance import sign_codes, sign_in
from activities.attendance.rows import OPEN
from activities.attendance.sign_codes import CLAIM_SECONDS
from activities.attendance.sign_in import STALE, TooManyTries
from activities.models import Activity, Attendance, SignIn
from config.crypto import token_digest
from members.models import Member

SALT: Final = "activities.scan"
NONCE: Final = "scan"


@require_http_methods(["GET", "HEAD", "POST"])
def scan(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the picture leads; see the head of this module."""
    claim = request.POST.get("c") or request.GET.get("c", "")
    if claim:
        scanned_at = _read(request, pk, claim)
    else:
        token = request.GET.get("t", "")
        if not token and not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        scanned_at = _scanned(pk, token)
        if scanned_at is not None:
            claim = _claim(request, pk, scanned_at)
    if scanned_at is None:
        return _page(request, status=410, title="二维码已过期", problem=STALE)
    if not request.user.is_authenticated:
        return redirect_to_login(f"{reverse('activities:scan', args=[pk])}?c={claim}")
    activity = Activity.objects.select_related("branch", "group").get(pk=pk)
    if request.method != "POST":
        return _page(request, activity=activity, claim=claim, title="正在签到")
    try:
        sign_in.sign_by_scan(activity=activity, user=request.user, scanned_at=scanned_at)
    except ValidationError as error:
        return _page(request, status=422, activity=activity, title="没有签到", problem=error.messages[0])
    request.session.pop(NONCE, None)  # the claim is used up
    return redirect("activities:signed", pk=pk)


def _scanned(pk: int, token: str) -> datetime | None:
    """Now, when the token is of this moment."""
    now = timezone.now()
    sign = SignIn.objects.filter(activity=pk).first()
    return now if sign is not None and sign_codes.token_fits(token, sign.secret, sign.pk, now) else None


def _claim(request: HttpRequest, pk: int, at: datetime) -> str:
    nonce = request.session.get(NONCE) or secrets.token_urlsafe(18)
    request.session[NONCE] = nonce
    return signing.dumps({"a": pk, "t": at.timestamp(), "n": token_digest(nonce)[:24]}, salt=SALT)


def _read(request: HttpRequest, pk: int, claim: str) -> datetime | None:
    """When it was scanned; None for a claim that is old, of another gathering, or of another browser."""
    try:
        said = signing.loads(claim, salt=SALT, max_age=CLAIM_SECONDS)
    except signing.BadSignature:
        return None
    nonce = request.session.get(NONCE)
    if not nonce or said["a"] != pk or said["n"] != token_digest(nonce)[:24]:
        return None
    return datetime.fromtimestamp(said["t"], UTC)


def _page(request: HttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, "activities/sign_scan.html", context, status=status)


@login_required
@require_GET
def signed(request: HttpRequest, pk: int) -> HttpResponse:
    """That one has signed in: when and how."""
    rows = Attendance.objects.filter(activity=pk, member__user=request.user, signed_at__isnull=False)
    row = rows.select_related("activity", "session").first()
    if row is None:
        raise Http404
    return _page(request, activity=row.activity, row=row, title="已签到")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The six digits, for ward computers and telephones outside the network."""
    member = Member.objects.own(request.user).first()
    open_now = _open_for(member)
    chosen = next((row for row in open_now if str(row.activity_id) == request.POST.get("activity")), None)
    chosen = chosen or (open_now[0] if len(open_now) == 1 else None)
    context: dict[str, Any] = {"open_now": open_now, "chosen": chosen, "problem": ""}
    if request.method != "POST" or not open_now:
        return render(request, "activities/sign_code.html", context)
    if chosen is None:
        context["problem"] = "请选择正在签到的活动。"
        return render(request, "activities/sign_code.html", context, status=422)
    try:
        sign_in.sign_by_code(activity=chosen.activity, user=request.user, typed=request.POST.get("code", ""))
    except ValidationError as error:
        context["problem"] = error.messages[0]
        status = 429 if isinstance(error, TooManyTries) else 422
        return render(request, "activities/sign_code.html", context, status=status)
    return redirect("activities:signed", pk=chosen.activity_id)


def _open_for(member: Member | None) -> list[Attendance]:
    """Gatherings that expect this member and take signatures now."""
    if member is None:
        return []
    now = timezone.now()
    rows = Attendance.objects.filter(
        member=member,
        activity__state__in=OPEN,
        activity__sign_in__opens_at__lte=now,
        activity__sign_in__closes_at__gt=now,
        activity__sign_in__closed_at__isnull=True,
    )
    return list(rows.select_related("activity__branch", "activity__sign_in").order_by("activity__starts_at", "pk"))
