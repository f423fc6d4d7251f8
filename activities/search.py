"""Finding records: by text, person, kind, branch, period and state; and the sets of filters a user keeps."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from activities.choices import Period
from activities.models import ActivityKind, Attendance, FollowUp, SavedFilter, Speech
from activities.models.records import ActivityQuerySet
from activities.rules import BACKFILL_DAYS, period_bounds
from branches.models import User
from branches.rules import subtree_end

MOST_SAVED: Final = 20
KEPT: Final = ("q", "person", "kind", "state", "branch", "month", "span", "since", "until", "sort", "backfilled")
SPANS: Final[Mapping[str, tuple[Period, int, str]]] = {
    "this-month": (Period.MONTH, 0, "本月"),
    "last-month": (Period.MONTH, 1, "上月"),
    "this-quarter": (Period.QUARTER, 0, "本季度"),
    "last-quarter": (Period.QUARTER, 1, "上季度"),
    "this-year": (Period.YEAR, 0, "今年"),
    "last-year": (Period.YEAR, 1, "去年"),
}  # relative, so that a saved filter means the same next month


def found_by(rows: ActivityQuerySet, filters: Mapping[str, Any], today: date) -> ActivityQuerySet:
    """Rows that fit the cleaned filters of the list's form. What people said of themselves at a life meeting is in no
    search."""
    if text := filters.get("q"):
        here = OuterRef("pk")
        rows = rows.filter(
            Q(topic__icontains=text)
            | Q(place__icontains=text)
            | Q(serial__icontains=text)
            | Q(agenda__icontains=text)
            | Q(minutes__icontains=text)
            | Exists(Speech.objects.filter(activity=here, points__icontains=text))
            | Exists(FollowUp.objects.filter(activity=here, text__icontains=text))
        )
    if name := filters.get("person"):
        rows = rows.filter(_with_person(name))
    if kind := filters.get("kind"):
        rows = rows.filter(Exists(ActivityKind.objects.filter(activity=OuterRef("pk"), kind=kind)))
    if state := filters.get("state"):
        rows = rows.filter(state=state)
    if branch := filters.get("branch"):
        rows = rows.filter(branch__path__gte=branch.path, branch__path__lt=subtree_end(branch.path))
    if filters.get("backfilled"):
        rows = rows.filter(submitted_at__gt=F("starts_at") + timedelta(days=BACKFILL_DAYS))
    since, until = _period(filters, today)
    if since:
        rows = rows.filter(starts_at__gte=_midnight(since))
    if until:
        rows = rows.filter(starts_at__lt=_midnight(until + timedelta(days=1)))
    return rows


def _with_person(name: str) -> Q:
    """Records whose chair, recorder, lecturer, speaker or expected person has this name, pinyin or initials."""
    people = User.objects.filter(Q(name__icontains=name) | Q(search_keys__icontains=name)).values("pk")
    here = OuterRef("pk")
    return (
        Q(chair__in=people)
        | Q(recorder__in=people)
        | Q(lecturer__in=people)
        | Q(guest_lecturer__icontains=name)
        | Q(observers__icontains=name)
        | Exists(Attendance.objects.filter(activity=here, member__user__in=people))
        | Exists(Speech.objects.filter(activity=here, name__icontains=name))
    )


def _period(filters: Mapping[str, Any], today: date) -> tuple[date | None, date | None]:
    """First and last day; a month goes before a named span, that before two days."""
    if month := filters.get("month"):
        return period_bounds(Period.MONTH, month)
    if span := SPANS.get(filters.get("span", "")):
        period, back, _ = span
        first, last = period_bounds(period, today)
        return period_bounds(period, first - timedelta(days=1)) if back else (first, last)
    return filters.get("since"), filters.get("until")


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


@transaction.atomic
def save_filter(*, user: User, name: str, query: str) -> SavedFilter:
    """Keep a set of filters under a name; the same name again takes the new ones. Unknown keys are left out."""
    name = " ".join(name.split())
    if not name:
        raise ValidationError("请给这组筛选起个名字。")
    if len(name) > 30:
        raise ValidationError("名字请控制在30字以内。")
    kept = urlencode([(key, value) for key, value in parse_qsl(query) if key in KEPT])
    if not kept:
        raise ValidationError("还没有选择任何条件，先筛选再保存。")
    if len(kept) > 500:
        raise ValidationError("条件太长，无法保存。")
    saved = SavedFilter.objects.filter(user=user)
    if not saved.filter(name=name).exists() and saved.count() >= MOST_SAVED:
        raise ValidationError(f"最多保存{MOST_SAVED}组常用筛选，请先删除不用的。")
    try:
        with transaction.atomic():
            row, _ = SavedFilter.objects.update_or_create(user=user, name=name, defaults={"query": kept})
    except IntegrityError:  # two tabs at once
        row = saved.get(name=name)
    return row


def drop_filter(kept: SavedFilter) -> None:
    """Forget a set of filters. No line in the trail: it is nobody's business but its user's."""
    kept.delete()
