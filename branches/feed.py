"""The private calendar feed: titles and times, nothing else. Rooms add what they know by `register`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from icalendar import Calendar, Event

from branches.models import AccessLink, Todo, User
from config.crypto import token_digest

AN_HOUR: Final = 3600
PER_LINK: Final = 30  # readings of one feed an hour; calendars ask every hour or less often
PER_ADDRESS: Final = 60  # wrong addresses tried from one place an hour
NAME: Final = "支部工作平台"


@dataclass(frozen=True)
class FeedEvent:
    """`uid` is stable for the thing; `start` a date for a whole day, an aware datetime otherwise."""

    uid: str
    title: str
    start: date | datetime
    end: datetime | None = None


Source = Callable[[User, date], Iterable[FeedEvent]]
_sources: list[Source] = []


def register(source: Source) -> Source:
    """A room's own events for a reader, as of a day. Confidential kinds never belong here."""
    if source not in _sources:
        _sources.append(source)
    return source


def reader_of(token: str) -> AccessLink | None:
    """The open feed of this token, its user active; notes when it was last read, once an hour."""
    return open_link(AccessLink.Kind.CALENDAR, token)


def open_link(kind: AccessLink.Kind, token: str) -> AccessLink | None:
    """The link of this kind and token that stands open today, its user active; notes the hour of the last reading."""
    now = timezone.now()
    link = (
        AccessLink.objects.select_related("user", "branch")
        .filter(kind=kind, digest=token_digest(token), revoked_at__isnull=True)
        .filter(expires_at__gt=now, user__is_active=True)
        .first()
    )
    if link is not None and (link.used_at is None or link.used_at < now - timedelta(hours=1)):
        AccessLink.objects.filter(pk=link.pk).update(used_at=now)
    return link


def calendar_text(user: User, today: date, now: datetime) -> bytes:
    """The feed of one person as iCalendar. A few statements, whatever it holds."""
    events = [*_todos(user), *(event for source in _sources for event in source(user, today))]
    calendar = Calendar()
    calendar.add("prodid", "-//zhibu//calendar feed//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", NAME)
    calendar.add("refresh-interval", timedelta(hours=6), parameters={"VALUE": "DURATION"})
    for event in events:
        calendar.add_component(_component(event, now))
    calendar.add_missing_timezones()
    return calendar.to_ical()


def _component(event: FeedEvent, now: datetime) -> Event:
    zone = ZoneInfo(settings.TIME_ZONE)
    row = Event()
    row.add("uid", f"{event.uid}@zhibu")
    row.add("dtstamp", now)
    row.add("summary", event.title)
    if isinstance(event.start, datetime):
        row.add("dtstart", event.start.astimezone(zone))
        row.add("dtend", (event.end or event.start + timedelta(hours=1)).astimezone(zone))
    else:
        row.add("dtstart", event.start)
        row.add("dtend", event.start + timedelta(days=1))
        row.add("transp", "TRANSPARENT")
    return row


def _todos(user: User) -> list[FeedEvent]:
    rows = Todo.objects.open_for(user).filter(due__isnull=False)[:200]
    return [FeedEvent(f"todo-{row.pk}", f"待办：{row.title}", row.due) for row in rows]


def too_often(what: str, limit: int) -> bool:
    """True from the (limit + 1)-th call within the hour. A cache that is away lets everybody through."""
    key = f"feed:{what}"
    try:
        cache.add(key, 0, AN_HOUR)
        return cache.incr(key) > limit
    except Exception:  # the cache may vanish at any time, whatever its client raises
        return False
