"""Tells the audit trail where a request came from, and keeps personal pages out of shared caches."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def client_address(request: HttpRequest) -> str:
    """The address of the client; behind PROXY_COUNT proxies the one the outermost trusted proxy saw."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if settings.PROXY_COUNT and len(hops) >= settings.PROXY_COUNT:
        return hops[-settings.PROXY_COUNT][:45]
    return request.META.get("REMOTE_ADDR", "")[:45]


class WhoAndWhere:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key and request.user.is_authenticated:
            request.user.address = client_address(request)
        response = self.get_response(request)
        if request.path_info.startswith(f"/{settings.STATIC_URL}".replace("//", "/")):
            return response
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response
