"""The settings of reminders: channels, quiet hours, the calendar feed; and the office's calendar of working days."""

import secrets
from datetime import date, time, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from branches import channels
from branches.audit import record
from branches.choices import ChannelKind, DigestRhythm
from branches.models import AccessLink, ChannelSetting, GracePeriod, Holiday, ReminderPreference, User
from branches.working_days import built_in_days, built_in_years
from config.crypto import token_digest

CODE_MINUTES: Final = 30
CODE_TRIES: Final = 5
TEST_SECONDS: Final = 30  # between two test messages to one channel
FEED_DAYS: Final = 366


@transaction.atomic
def save_preference(*, user: User, quiet_from: time, quiet_until: time, rhythm: DigestRhythm | str) -> None:
    ReminderPreference.objects.update_or_create(
        user=user,
        defaults={"quiet_from": quiet_from, "quiet_until": quiet_until, "rhythm": DigestRhythm(rhythm)},
    )
    record(actor=user, action="reminder.preference_set", target=user)


@transaction.atomic
def save_channel(*, user: User, kind: ChannelKind | str, address: str, secret: str = "") -> ChannelSetting:
    """Store where to send; a changed address is off until its test message has arrived."""
    kind = ChannelKind(kind)
    if kind not in channels.available():
        raise ValidationError(f"系统没有开通{kind.label}提醒。")
    try:
        address = channels.clean_address(kind, address)
    except ValidationError as exc:
        raise ValidationError({"address": exc.messages}) from exc
    try:
        secret = channels.clean_secret(secret) if kind == ChannelKind.DINGTALK else ""
    except ValidationError as exc:
        raise ValidationError({"secret": exc.messages}) from exc
    row = ChannelSetting.objects.select_for_update().filter(user=user, kind=kind).first()
    row = row or ChannelSetting(user=user, kind=kind)
    if (row.address, row.secret) != (address, secret):
        row.address, row.secret = address, secret
        row.enabled, row.tested_at, row.code, row.failures = False, None, "", 0
    row.save()
    record(actor=user, action="reminder.channel_set", target=user, changes={"channel": [None, str(kind.label)]})
    return row


def send_test(*, user: User, kind: ChannelKind | str) -> None:
    """Send a text with six digits; typed in again they prove that it arrived. Raises ValidationError in words.

    Not in one transaction: the code is stored before the text goes out, and no lock is held meanwhile.
    """
    now = timezone.now()
    code = f"{secrets.randbelow(10**6):06d}"
    mine = ChannelSetting.objects.filter(user=user, kind=kind)
    free = mine.exclude(code_at__gt=now - timedelta(seconds=TEST_SECONDS))
    if not free.update(code=code, code_at=now, code_tries=0):
        if mine.exists():
            raise ValidationError("刚刚发过测试消息，请半分钟后再试。")
        raise ValidationError("请先填写并保存地址。")
    channel = mine.get()
    try:
        channels.send(
            kind=channel.kind,
            address=channel.address,
            secret=channel.secret,
            text=f"{channels.TITLE}：测试消息\n验证码{code}，请在“我的提醒设置”中填写，填写后开始提醒。",
        )
    except channels.NotSent as exc:
        mine.update(code="")
        raise ValidationError(f"测试消息没有发出：{exc}") from exc


def enable_channel(*, user: User, kind: ChannelKind | str, code: str) -> None:
    """Switch a channel on with the digits of its test message. Every try counts, the refused ones too."""
    mine = ChannelSetting.objects.filter(user=user, kind=kind).exclude(code="")
    since = timezone.now() - timedelta(minutes=CODE_MINUTES)
    if not mine.filter(code_at__gte=since, code_tries__lt=CODE_TRIES).update(code_tries=F("code_tries") + 1):
        tried = mine.filter(code_tries__gte=CODE_TRIES).exists()
        raise ValidationError({"code": "填错次数过多，请重新发送测试消息。" if tried else "请先发送测试消息。"})
    row = mine.get()
    if not secrets.compare_digest(row.code.encode(), code.strip().encode()):
        raise ValidationError({"code": "验证码不对，请核对测试消息中的六位数字。"})
    with transaction.atomic():
        mine.update(enabled=True, tested_at=timezone.now(), code="", failures=0)
        changes = {"channel": [None, row.get_kind_display()]}
        record(actor=user, action="reminder.channel_enabled", target=user, changes=changes)


@transaction.atomic
def remove_channel(*, user: User, kind: ChannelKind | str) -> None:
    if ChannelSetting.objects.filter(user=user, kind=kind).delete()[0]:
        changes = {"channel": [ChannelKind(kind).label, None]}
        record(actor=user, action="reminder.channel_removed", target=user, changes=changes)


# -- The calendar feed


@transaction.atomic
def make_feed(*, user: User) -> str:
    """Return the token of a new feed, to be shown once; the feed before it is revoked."""
    revoke_feed(user=user)
    token = secrets.token_urlsafe(32)
    AccessLink.objects.create(
        kind=AccessLink.Kind.CALENDAR,
        digest=token_digest(token),
        user=user,
        created_by=user,
        expires_at=timezone.now() + timedelta(days=FEED_DAYS),
    )
    record(actor=user, action="feed.made", target=user)
    return token


@transaction.atomic
def revoke_feed(*, user: User) -> int:
    feeds = AccessLink.objects.filter(kind=AccessLink.Kind.CALENDAR, user=user, revoked_at__isnull=True)
    revoked = feeds.update(revoked_at=timezone.now())
    if revoked:
        record(actor=user, action="feed.revoked", target=user)
    return revoked


def feed_of(user: User) -> AccessLink | None:
    now = timezone.now()
    return AccessLink.objects.filter(
        kind=AccessLink.Kind.CALENDAR, user=user, revoked_at__isnull=True, expires_at__gt=now
    ).first()


# -- Working days


@transaction.atomic
def seed_year(year: int) -> int:
    """Write the holidays of a year that has none yet; 0 when the built-in calendar does not know it."""
    if Holiday.objects.filter(day__year=year).exists():
        return 0
    rows = [Holiday(day=day, is_working=worked, name=name) for day, worked, name in built_in_days(year)]
    return len(Holiday.objects.bulk_create(rows))


def keep_holidays() -> int:
    """This year and the next one, where the built-in calendar knows them."""
    this = timezone.localdate().year
    return sum(seed_year(year) for year in (this, this + 1) if year in built_in_years())


@transaction.atomic
def set_holiday(*, day: date, is_working: bool, name: str, actor: User) -> Holiday:
    """Say what a day is; the first word about a year brings in what the built-in calendar knows of it."""
    name = " ".join(name.split())
    if not name:
        raise ValidationError({"name": "请填写名称，例如：春节。"})
    if is_working == (day.weekday() < 5):
        usual = "周一至周五本来上班" if is_working else "周六、周日本来休息"
        raise ValidationError({"day": f"{usual}，不需要登记。"})
    seed_year(day.year)
    row, _ = Holiday.objects.update_or_create(day=day, defaults={"is_working": is_working, "name": name[:30]})
    changes = {"day": [None, day.isoformat()], "is_working": [None, is_working]}
    record(actor=actor, action="holiday.set", target=row, changes=changes)
    return row


@transaction.atomic
def remove_holiday(*, pk: int, actor: User) -> None:
    row = Holiday.objects.filter(pk=pk).first()
    if row is None:
        return
    record(actor=actor, action="holiday.removed", target=row, changes={"day": [row.day.isoformat(), None]})
    row.delete()


@transaction.atomic
def set_grace(*, kind: str, working_days: int, actor: User) -> None:
    """How long after the due day the Party office hears of duties of this kind."""
    old = GracePeriod.objects.filter(kind=kind).values_list("working_days", flat=True).first()
    if old == working_days:
        return
    try:
        GracePeriod.objects.update_or_create(kind=kind, defaults={"working_days": working_days})
    except IntegrityError as exc:
        raise ValidationError("设置刚刚被别人修改，请刷新后重试。") from exc
    record(actor=actor, action="reminder.grace_set", changes={kind: [old, working_days]})


def grace_periods() -> dict[str, int]:
    """What the office has set, by kind; one statement."""
    return dict(GracePeriod.objects.values_list("kind", "working_days"))
