"""One member's attendance over a period: the rates and the list they come from. Reads only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import QuerySet

from activities.attendance.rules import Tally, tally
from activities.choices import Period
from activities.models import SEEN_BY_MEMBERS, Activity, Attendance
from activities.plan.periods import period_bounds
from activities.plan.rollups import day_start
from branches.models import User
from members.models import Member

PER_PAGE: Final = 30
CHOICES: Final = (("month", "本月"), ("quarter", "本季度"), ("year", "本年"), ("last", "上年"), ("range", "起止日期"))


@dataclass(frozen=True)
class Span:
    """The days asked for, and the words of the chooser that lead to them."""

    key: str
    since: date
    until: date


def span_of_query(params: Mapping[str, Any], today: date) -> Span:
    """The period of the address; what cannot be read is this year. Days in the wrong order are exchanged."""
    key = str(params.get("period", ""))
    if key == "month":
        return Span(key, *period_bounds(Period.MONTH, today))
    if key == "quarter":
        return Span(key, *period_bounds(Period.QUARTER, today))
    if key == "last":
        return Span(key, date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))
    since, until = parse_day(params.get("since")), parse_day(params.get("until"))
    if since and until:
        return Span("range", min(since, until), max(since, until))
    return Span("year", date(today.year, 1, 1), date(today.year, 12, 31))


def parse_day(text: Any) -> date | None:
    try:
        day = date.fromisoformat(str(text or ""))
    except ValueError:
        return None
    return day if 1949 <= day.year <= 2100 else None


def open_records(reader: User, ids: Iterable[int | None]) -> set[int]:
    """Which of these records the reader may open: those of a former branch no longer."""
    mine = Activity.objects.readable_by(reader).filter(pk__in=[pk for pk in ids if pk])
    return set(mine.values_list("pk", flat=True))


class OwnAttendance:
    """What the page shows of one member: `tally` over the whole period, `page` of its list."""

    def __init__(self, member: Member, params: Mapping[str, Any], today: date, reader: User) -> None:
        self.member, self.today = member, today
        self.span = span_of_query(params, today)
        self.tally: Tally = tally(
            (status, made_up is not None) for status, made_up in self.rows.values_list("status", "made_up_on")
        )
        shown = self.rows.select_related("activity__branch", "activity__group", "approved_by", "make_up", "session")
        shown = shown.prefetch_related("activity__kinds").order_by("-activity__starts_at", "-pk")
        self.page = Paginator(shown, PER_PAGE).get_page(params.get("page"))
        self.open_to_me = open_records(reader, [row.activity_id for row in self.page.object_list])

    @property
    def rows(self) -> QuerySet[Attendance]:
        """Of confirmed records alone: what is still open may change."""
        return Attendance.objects.filter(
            member=self.member,
            activity__state__in=SEEN_BY_MEMBERS,
            activity__starts_at__gte=day_start(self.span.since),
            activity__starts_at__lt=day_start(self.span.until + timedelta(days=1)),
        )
