"""The inbox: `notify` tells one person one thing once. Any room calls it; what leaves the site is branches.delivery."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from branches.choices import Outgoing
from branches.models import ChannelSetting, Notice, User

TEXT, DETAIL = 120, 500
BATCH = 400


@dataclass(frozen=True)
class Message:
    """What `notify_many` writes; `recipient` is the id of a user."""

    recipient: int
    topic: str
    item_key: str
    step: str
    text: str
    url: str = ""
    due: date | None = None
    detail: str = ""

    @property
    def key(self) -> tuple[int, str, str]:
        return self.recipient, self.item_key, self.step


def notify(
    *,
    recipient: User,
    topic: str,
    item_key: str,
    step: str,
    text: str,
    url: str = "",
    due: date | None = None,
    detail: str = "",
) -> Notice:
    """Put a message into one inbox, once for each (recipient, item_key, step): a second call changes nothing.

    `text` is the line people read, at most 120 characters; `url` a path of this site that the reader may open. Nothing
    confidential: the text may leave the house through the reader's channels.
    """
    message = Message(recipient.pk, topic, item_key, step, text, url, due, detail)
    notify_many([message])
    return Notice.objects.get(recipient=recipient, item_key=item_key, step=step)


@transaction.atomic
def notify_many(messages: Iterable[Message]) -> int:
    """As `notify` for many people: three statements a few hundred. Returns how many were new."""
    wanted = {message.key: message for message in messages}
    new = 0
    rows = list(wanted.values())
    for start in range(0, len(rows), BATCH):
        new += len(_write(rows[start : start + BATCH], digest=None))
    return new


@transaction.atomic
def notify_digest(*, topic: str, day: date, messages: Sequence[Message], text: str, url: str, detail: str = "") -> None:
    """Tell one person many things as one line of the day; each keeps its own (item_key, step), so that none comes back.

    `text` may hold {n}: how many things stand below the line. All messages are for the same recipient. Again on the
    same day adds what is new to the same line.
    """
    if not messages:
        return
    recipient = messages[0].recipient
    present = Notice.objects.filter(recipient=recipient, item_key__in=[m.item_key for m in messages])
    known = set(present.values_list("recipient", "item_key", "step"))
    fresh = [message for message in messages if message.key not in known]
    if not fresh:
        return
    head_key = Message(recipient, topic, f"digest:{topic}", day.isoformat(), text, url, None, detail)
    _write([head_key], digest=None)
    head = Notice.objects.select_for_update().get(recipient=recipient, item_key=head_key.item_key, step=head_key.step)
    _write(fresh, digest=head)
    entries = head.entries.count()
    head.text = text.replace("{n}", str(entries))[:TEXT]
    head.save(update_fields=["text"])


def _write(messages: list[Message], *, digest: Notice | None) -> list[Notice]:
    """Insert what is not there; two workers at once end with one row each, by the constraint."""
    people = {message.recipient for message in messages}
    keys = {message.item_key for message in messages}
    here = Notice.objects.filter(recipient__in=people, item_key__in=keys)
    known = set(here.values_list("recipient", "item_key", "step"))
    fresh = [message for message in messages if message.key not in known]
    if not fresh:
        return []
    out = set(ChannelSetting.objects.filter(user__in=people, enabled=True).values_list("user", flat=True))
    now = timezone.now()
    rows = [_row(message, digest, message.recipient in out, now) for message in fresh]
    try:
        with transaction.atomic():
            return Notice.objects.bulk_create(rows)
    except IntegrityError:  # another worker is writing the same ones: row by row, each where it is still missing
        return [row for row in (_row(m, digest, m.recipient in out, now) for m in fresh) if _insert(row)]


def _insert(row: Notice) -> bool:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def _row(message: Message, digest: Notice | None, goes_out: bool, now: datetime) -> Notice:
    if message.url and not (message.url.startswith("/") and not message.url.startswith("//")):
        raise ValueError("a notice leads to a page of this site")
    return Notice(
        recipient_id=message.recipient,
        topic=message.topic,
        item_key=message.item_key,
        step=message.step,
        text=message.text[:TEXT],
        detail=message.detail[:DETAIL],
        url=message.url,
        due=message.due,
        digest=digest,
        created_at=now,
        outgoing=Outgoing.WAITING if goes_out and digest is None else Outgoing.NONE,
    )


@transaction.atomic
def mark_read(*, user: User, ids: Iterable[int] | None = None) -> int:
    """Mark the notices of one person as read, all of them when `ids` is None; what a digest gathers goes with it."""
    mine = Notice.objects.filter(recipient=user).unread()
    if ids is not None:
        ids = list(ids)
        Notice.objects.filter(recipient=user, digest__in=ids).unread().update(read_at=timezone.now())
        mine = mine.filter(pk__in=ids)
    return mine.update(read_at=timezone.now())


def unread_count(user: User) -> int:
    """For the bell: one statement on a partial index, counted no further than a hundred."""
    return Notice.objects.for_inbox(user).unread().order_by()[:100].count()
