"""From the inbox out of the house: one text a person, channel and run; each notice is tried once and never twice.

`dispatch` hands waiting notices over as Delivery rows and Job rows; `deliver` is the job of one channel. A dead channel
holds up neither the inbox nor anybody else.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from branches import channels, jobs
from branches.choices import DeliveryState, DigestRhythm, Outgoing
from branches.models import ChannelSetting, Delivery, Notice, ReminderPreference
from branches.quiet_hours import is_quiet, may_go_out
from branches.working_days import is_working_day, load_calendar

TASK: Final = "branches.tasks.deliver_notices"
LINES: Final = 8  # in one text; the others are counted
DAILY_FROM: Final = time(8, 30)  # the one text of the day waits for the reminders of eight o'clock
STALE: Final = timedelta(minutes=1)  # much longer than a send takes
FORGOTTEN: Final = timedelta(hours=6)  # handed over, and no job came
GIVE_UP_AFTER: Final = 5  # failures in a row switch a channel off
UNSURE: Final = "发送中断，可能没有送达"
OFF: Final = "提醒方式已关闭"


def dispatch(*, now: datetime | None = None) -> int:
    """Hand over what may be sent now; returns how many texts that makes. Safe to run twice, and at the same time."""
    now = timezone.localtime(now or timezone.now())
    _forget(now)
    calendar = load_calendar([now.year])
    working = is_working_day(now.date(), calendar)
    waiting: dict[int, list[Notice]] = defaultdict(list)
    for notice in Notice.objects.filter(outgoing=Outgoing.WAITING).order_by("pk")[:5000]:
        waiting[notice.recipient_id].append(notice)
    preferences = {row.user_id: row for row in ReminderPreference.objects.filter(user__in=waiting)}
    enabled: dict[int, list[ChannelSetting]] = defaultdict(list)
    for channel in ChannelSetting.objects.filter(user__in=waiting, enabled=True, user__is_active=True):
        enabled[channel.user_id].append(channel)
    texts = 0
    for user_id, notices in waiting.items():
        preference = preferences.get(user_id) or ReminderPreference(user_id=user_id)
        if is_quiet(now.time(), preference.quiet_from, preference.quiet_until):
            continue
        if preference.rhythm == DigestRhythm.DAILY and now.time() < DAILY_FROM:
            continue
        ready = [n for n in notices if may_go_out(due=n.due, today=now.date(), working=working)]
        if ready:
            texts += _hand_over(ready, enabled[user_id], preference, now)
    return texts


@transaction.atomic
def _hand_over(
    notices: list[Notice], outlets: list[ChannelSetting], preference: ReminderPreference, now: datetime
) -> int:
    """The notices of one person, under their own lock: another worker finds them handed over and makes nothing."""
    rows = Notice.objects.select_for_update().filter(pk__in=[notice.pk for notice in notices])
    waiting = [row for row in rows.order_by("pk") if row.outgoing == Outgoing.WAITING]
    unread = [row for row in waiting if row.read_at is None]  # what was read on the site needs no second telling
    if unread and outlets and preference.rhythm == DigestRhythm.DAILY and not _claim_day(preference, now):
        return 0
    Notice.objects.filter(pk__in=[row.pk for row in waiting]).update(
        outgoing=Outgoing.HANDED if outlets else Outgoing.NONE
    )
    if not unread:
        return 0
    for channel in outlets:
        Delivery.objects.bulk_create([Delivery(notice=row, kind=channel.kind, changed_at=now) for row in unread])
        jobs.enqueue(
            task=TASK,
            business_key=f"{channel.pk}:{unread[0].pk}-{unread[-1].pk}",
            params={"channel": channel.pk, "notices": [row.pk for row in unread]},
        )
    return len(outlets)


def _claim_day(preference: ReminderPreference, now: datetime) -> bool:
    """The one text of the day, for those who want no more."""
    today = now.date()
    rows = ReminderPreference.objects.filter(pk=preference.pk)
    return bool(rows.exclude(last_digest_on=today).update(last_digest_on=today))


def deliver(*, channel_id: int, notice_ids: Iterable[int]) -> str:
    """Send one text with these notices through one channel; returns sent, lost or nothing.

    Each notice is claimed by an UPDATE on its old state before the text goes out, and marked afterwards. What an
    earlier run had claimed and not marked may have arrived or not: it is never sent again, and listed as lost.
    """
    channel = ChannelSetting.objects.filter(pk=channel_id).first()
    ids = list(notice_ids)
    if channel is None:
        _mark_left(Delivery.objects.filter(notice__in=ids), DeliveryState.QUEUED, OFF)
        return "nothing"
    rows = _rows_of(channel, ids)
    _mark_left(rows, DeliveryState.SENDING, UNSURE)
    if not channel.enabled:
        _mark_left(rows, DeliveryState.QUEUED, OFF)
        return "nothing"
    claim = _claim(rows)
    notices = list(Notice.objects.filter(deliveries__claim=claim).order_by("pk"))
    if not notices:
        return "nothing"
    error = ""
    try:
        channels.send(kind=channel.kind, address=channel.address, secret=channel.secret, text=digest_text(notices))
    except channels.NotSent as exc:
        error = str(exc)
    _settle(channel, claim, error)
    return "lost" if error else "sent"


def _rows_of(channel: ChannelSetting, notice_ids: list[int]) -> QuerySet[Delivery]:
    """By their keys. Through the join an UPDATE would ask for the state in a sub-select; one that waited for another
    worker's lock would find it there as it was before, and claim the rows a second time."""
    mine = Delivery.objects.filter(notice__in=notice_ids, kind=channel.kind, notice__recipient=channel.user_id)
    return Delivery.objects.filter(pk__in=list(mine.values_list("pk", flat=True)))


def _claim(rows: QuerySet[Delivery]) -> uuid.UUID:
    claim = uuid.uuid4()
    rows.filter(state=DeliveryState.QUEUED).update(state=DeliveryState.SENDING, claim=claim, changed_at=timezone.now())
    return claim


@transaction.atomic
def _settle(channel: ChannelSetting, claim: uuid.UUID, error: str) -> None:
    now = timezone.now()
    state = DeliveryState.LOST if error else DeliveryState.SENT
    Delivery.objects.filter(claim=claim).update(state=state, error=error[:60], changed_at=now)
    mine = ChannelSetting.objects.filter(pk=channel.pk)
    if not error:
        mine.update(sent_at=now, failures=0)
        return
    mine.update(failures=F("failures") + 1)
    mine.filter(failures__gte=GIVE_UP_AFTER).update(enabled=False)


def _mark_left(rows: QuerySet[Delivery], state: DeliveryState, why: str) -> None:
    left = rows.filter(state=state)
    if state == DeliveryState.SENDING:
        left = left.filter(changed_at__lt=timezone.now() - STALE)
    left.update(state=DeliveryState.LOST, error=why, changed_at=timezone.now())


def _forget(now: datetime) -> None:
    """What no job will finish any more is lost, and is listed like the rest."""
    left = Delivery.objects.filter(state__in=[DeliveryState.QUEUED, DeliveryState.SENDING])
    left.filter(changed_at__lt=now - FORGOTTEN).update(state=DeliveryState.LOST, error=UNSURE, changed_at=now)


def digest_text(notices: list[Notice]) -> str:
    """One text for any number of notices: titles only, what they lead to is behind the log-in."""
    head = f"{channels.TITLE}：您有{len(notices)}条新提醒"
    lines = [f"{n}. {notice.text}" for n, notice in enumerate(notices[:LINES], 1)]
    if len(notices) > LINES:
        lines.append(f"另有{len(notices) - LINES}条，请登录查看。")
    return "\n".join([head, *lines, "请登录支部工作平台办理。"])


def lost_of(user_id: int, *, days: int = 30) -> QuerySet[Delivery]:
    """What did not leave the house, or not surely, in the last weeks: for the settings page."""
    since = timezone.now() - timedelta(days=days)
    rows = Delivery.objects.filter(notice__recipient=user_id, changed_at__gte=since)
    return rows.filter(state=DeliveryState.LOST).select_related("notice").order_by("-changed_at", "-pk")
