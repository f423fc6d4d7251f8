"""How long a log-in lasts: half an hour without a person's request, twelve hours however busy."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

SINCE, SEEN = "logged_in_at", "seen_at"
NOTE_EVERY = 60  # seconds between writes of SEEN
POLL_HEADER = "X-Poll"  # a fragment that asks by itself sends hx-headers='{"X-Poll": "1"}' and keeps nobody logged in


def _why(idle: bool) -> str:
    """Why the log-in page stands where the work was a moment ago; its next page is the one that was asked for."""
    if idle:
        return (
            f"您已超过{settings.SESSION_IDLE_MINUTES}分钟没有操作，系统已自动退出。请重新登录，登录后回到刚才的页面。"
        )
    return f"距上次登录已满{settings.SESSION_HOURS}小时，系统已自动退出。请重新登录，登录后回到刚才的页面。"


def _page_before(request: HttpRequest) -> str:
    """Where a lost form stood: what it was sent to may answer nothing but forms."""
    came_from = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(came_from, allowed_hosts={request.get_host()}):
        return request.get_full_path()
    parts = urlsplit(came_from)
    return urlunsplit(("", "", parts.path or "/", parts.query, ""))


class SessionLimits:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key and request.user.is_authenticated:
            now = int(time.time())
            since, seen = request.session.get(SINCE, now), request.session.get(SEEN, now)
            idle = now - seen > settings.SESSION_IDLE_MINUTES * 60
            if idle or now - since > settings.SESSION_HOURS * 3600:
                logout(request)
                if POLL_HEADER not in request.headers:
                    messages.info(request, _why(idle))
                if request.method == "POST" and "HX-Request" not in request.headers:
                    return redirect_to_login(_page_before(request))
            elif SINCE not in request.session:
                request.session[SINCE] = request.session[SEEN] = now
            elif now - seen >= NOTE_EVERY and POLL_HEADER not in request.headers:
                request.session[SEEN] = now
        return self.get_response(request)
