"""The calendar feed: a door without a log-in, opened by a token that its owner can revoke."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe

from branches.feed import AN_HOUR, PER_ADDRESS, PER_LINK, calendar_text, reader_of, too_often
from branches.middleware import client_address


@require_safe
@sensitive_variables("token")
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    link = reader_of(token)
    if link is None:
        if too_often(f"address:{client_address(request)}", PER_ADDRESS):
            return _later()
        return HttpResponse("日历订阅地址无效或已停用。", status=404, content_type="text/plain; charset=utf-8")
    if too_often(f"link:{link.pk}", PER_LINK):
        return _later()
    text = calendar_text(link.user, timezone.localdate(), timezone.now())
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="zhibu.ics"'
    return response


def _later() -> HttpResponse:
    text = "读取过于频繁，请一小时后再试。"
    return HttpResponse(
        text, status=429, content_type="text/plain; charset=utf-8", headers={"Retry-After": str(AN_HOUR)}
    )
