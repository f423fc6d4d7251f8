"""How long a log-in lasts: half an hour without a person's request, twelve hours however busy."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

SINCE, SEEN = "logged_in_at", "seen_at"
NOTE_EVERY = 60  # seconds between writes of SEEN
POLL_HEADER = "X-Poll"  # a fragment that asks by itself sends hx-headers='{"X-Poll": "1"}' and keeps nobody logged in


class SessionLimits:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key and request.user.is_authenticated:
            now = int(time.time())
            since, seen = request.session.get(SINCE, now), request.session.get(SEEN, now)
            if now - seen > settings.SESSION_IDLE_MINUTES * 60 or now - since > settings.SESSION_HOURS * 3600:
                logout(request)
                if POLL_HEADER not in request.headers:
                    messages.info(request, "登录已过期，请重新登录。")
            elif SINCE not in request.session:
                request.session[SINCE] = request.session[SEEN] = now
            elif now - seen >= NOTE_EVERY and POLL_HEADER not in request.headers:
                request.session[SEEN] = now
        return self.get_response(request)
