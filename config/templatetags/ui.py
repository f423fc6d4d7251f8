"""Small things all pages share: dates, numbers, state tags, stars, links that keep the filters."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import template
from django.http import QueryDict
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

WEEKDAYS = "一二三四五六日"


def _day(value: date | datetime) -> date:
    return timezone.localtime(value).date() if isinstance(value, datetime) else value


@register.filter
def cn_date(value: date | datetime | None) -> str:
    """2026年11月25日; "—" for nothing."""
    if not value:
        return "—"
    day = _day(value)
    return f"{day.year}年{day.month}月{day.day}日"


@register.filter
def cn_day(value: date | datetime | None, today: date | None = None) -> str:
    """11月25日 within the year of `today`, else with the year."""
    if not value:
        return "—"
    day = _day(value)
    return f"{day.month}月{day.day}日" if day.year == (today or timezone.localdate()).year else cn_date(day)


@register.filter
def cn_month(value: date | None) -> str:
    return f"{value.year}年{value.month}月" if value else "—"


@register.filter
def cn_weekday(value: date | datetime) -> str:
    return f"星期{WEEKDAYS[_day(value).weekday()]}"


@register.filter
def clock(value: datetime | None) -> str:
    """16:30, in the time of the site."""
    return f"{timezone.localtime(value):%H:%M}" if value else ""


@register.filter
def cn_datetime(value: datetime | None) -> str:
    return f"{cn_date(value)}{clock(value)}" if value else "—"


@register.filter
def signed(value: Decimal | int | None) -> str:
    """+0.50, 0.00 and −0.50, with the real minus sign."""
    if value is None:
        return "—"
    number = Decimal(value).quantize(Decimal("0.01"))
    return f"−{-number}" if number < 0 else f"+{number}" if number else "0.00"


@register.filter
def unsigned(value: Decimal) -> Decimal:
    """The size alone, where an arrow beside it says the direction."""
    return abs(value)


@register.filter
def percent(part: int | Decimal | None, whole: int | Decimal | None) -> str:
    """27|percent:30 is 90.0%; "—" when there is nothing to divide by."""
    if not whole or part is None:
        return "—"
    return f"{Decimal(part) * 100 / Decimal(whole):.1f}%"


@register.filter
def masked_id(value: str | None) -> str:
    """990000********2318."""
    return f"{value[:6]}********{value[-4:]}" if value and len(value) > 10 else "—"


@register.filter
def masked_mobile(value: str | None) -> str:
    return f"{value[:3]}****{value[-4:]}" if value and len(value) > 7 else "—"


@register.filter
def get(mapping: Any, key: Any) -> Any:
    return mapping.get(key) if mapping else None


@register.simple_tag
def tag(css: str, icon: str, text: str) -> SafeString:
    """A state in words with an icon, never colour alone: {% tag "is-ok" "check-lg" "已确认" %}."""
    return format_html('<span class="tag {}"><i class="bi bi-{}" aria-hidden="true"></i>{}</span>', css, icon, text)


@register.simple_tag
def stars(n: int, big: bool = False) -> SafeString:
    icons = format_html_join(
        "", '<i class="bi bi-star{}" aria-hidden="true"></i>', (("-fill" if i < n else "",) for i in range(5))
    )
    return format_html(
        '<span class="stars{}" role="img" aria-label="{}星">{}</span>',
        " is-big" if big else "",
        "零一二三四五"[n],
        icons,
    )


@register.simple_tag(takes_context=True)
def query(context: Any, **changes: Any) -> str:
    """The present query string with `changes`; None removes a key. For paging and sorting links that keep filters."""
    params: QueryDict = context["request"].GET.copy()
    for key, value in changes.items():
        params.pop(key, None)
        if value is not None:
            params[key] = value
    return f"?{urlencode(list(params.lists()), doseq=True)}"


@register.filter
def file_size(value: int | None) -> str:
    """1.8 MB."""
    if not value:
        return "—"
    return f"{value / 2**20:.1f} MB" if value >= 2**20 else f"{max(1, value // 1024)} KB"


@register.filter
def at(mapping: Any, key: str) -> Any:
    """The value of a key that only the template knows; nothing where there is none."""
    return (mapping or {}).get(key, "")
