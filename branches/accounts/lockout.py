"""Too many wrong passwords: django-axes counts them per person and address; this names what it counts, and the page."""

from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from branches.accounts.backends import find_person
from branches.models import User
from config.crypto import token_digest


def key_of(user: User) -> str:
    return f"user:{user.pk}"


def lock_key(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The person behind the typed name, however it was typed; for an unknown name, its hash. Nothing typed is kept."""
    if getattr(request, "user", None) is not None and request.user.is_authenticated:
        return key_of(request.user)
    given = credentials or {}
    name = str(given.get("login") or given.get("username") or request.POST.get("login") or "").strip()
    known: dict[str, str] = request.__dict__.setdefault("lock_keys", {})
    if name not in known:
        user = find_person(name)
        known[name] = key_of(user) if user else f"name:{token_digest(name)[:32]}"
    return known[name]


def locked_keys() -> set[str]:
    """The keys locked at this moment, from any address."""
    since = timezone.now() - settings.AXES_COOLOFF_TIME
    tries: dict[tuple[str, str], int] = {}
    for name, address, failures in AccessAttempt.objects.filter(attempt_time__gte=since).values_list(
        "username", "ip_address", "failures_since_start"
    ):
        tries[name, address] = tries.get((name, address), 0) + failures
    return {name for (name, _), failures in tries.items() if failures >= settings.AXES_FAILURE_LIMIT}


def locked_out(
    request: HttpRequest, original: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    context = {"minutes": minutes, "tries": settings.AXES_FAILURE_LIMIT}
    return render(request, "account/locked.html", context, status=429)
