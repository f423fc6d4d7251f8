"""How a person new to the system came onto the roll, and from which day: the same for the importer and by hand."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from django.core.exceptions import ValidationError

from branches.models import Branch
from config.templatetags.ui import cn_date, cn_month
from members.choices import EventKind
from members.closing import MonthState, first_closed_month, month_state

WAYS: Final[Mapping[EventKind, str]] = {
    EventKind.ADMITTED: "在本单位发展入党",
    EventKind.TRANSFER_IN: "组织关系从外单位转入",
    EventKind.OPENING: "启用时已在册，当时漏报",
}
ORIGIN: Final = 60  # length of 转自何处
EARLIEST: Final = 2000


class Entry(NamedTuple):
    """The event a new person begins with."""

    kind: EventKind
    on: date
    effective_on: date
    note: str = ""

    @property
    def booked_late(self) -> "Entry":
        return self._replace(note="，".join(filter(None, (self.note, "结账后补记"))))


class Refused(Exception):
    """`field` is "on" or "origin"; `message` is Chinese without a full stop."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def entry_of(
    kind: EventKind, *, on: date | None, origin: str, joined_on: date, home: Branch, first: date | None, today: date
) -> Entry:
    """The first event of somebody who comes to `home`; Refused where the day or the origin cannot be.

    `first`: the first month the hospital closed. Whoever was forgotten at the start was on the roll by then.
    """
    if on is None and kind == EventKind.ADMITTED:
        on = joined_on
    if on is None:
        what = "转入的日期" if kind == EventKind.TRANSFER_IN else "从哪一天起在册"
        raise Refused("on", f"请填写{what}")
    if kind == EventKind.TRANSFER_IN and not origin:
        raise Refused("origin", "请填写从哪里转入")
    if kind == EventKind.OPENING:
        on = max(on, joined_on, home.founded_on)
        if first is not None and on > _last_day(first):
            message = f"启用时在册的日期不能晚于首个结账月（{cn_month(first)}），后来的请选发展入党或转入"
            raise Refused("on", message)
    if on > today:
        raise Refused("on", "日期不能晚于今天")
    if on.year < EARLIEST:
        raise Refused("on", "日期过早，请核对年份")
    if on < joined_on:
        raise Refused("on", f"早于入党日期（{cn_date(joined_on)}）")
    if on < home.founded_on:
        raise Refused("on", f"早于“{home.name}”的成立日期（{cn_date(home.founded_on)}）")
    note = f"转自{origin}" if kind == EventKind.TRANSFER_IN else ""
    return Entry(kind, on, min(joined_on, on) if kind != EventKind.TRANSFER_IN else on, note)


def locked_text(state: MonthState, day: date) -> str:
    """Why nothing can be dated in a locked month, without a full stop; "" where it can."""
    if state == MonthState.QUARTER_LOCKED:
        return f"{day.year}年第{(day.month + 2) // 3}季度已锁定，须先由党委办公室写明理由重新开放"
    if state == MonthState.YEAR_LOCKED:
        return f"{day.year}年度已锁定，须先由党委书记写明理由重新开放"
    return ""


def late_text(months: Iterable[date]) -> str:
    named = "、".join(cn_month(month) for month in sorted({month.replace(day=1) for month in months}))
    return f"{named}已结账。勾选后按补记登记：计入当月，下次公布时注明。"


def note_by_hand(
    kind: EventKind, *, on: date, joined_on: date, home: Branch, origin: str, late: bool, today: date
) -> str:
    """What the first event of somebody entered by hand says of itself.

    While the hospital has never closed a month nothing is asked. ValidationError by the fields `recorded_on`,
    `origin` and `late`; the last one asks whether a closed month may be booked late.
    """
    first = first_closed_month(home.hospital or home)
    if first is None:
        return f"转自{origin}" if origin and kind == EventKind.TRANSFER_IN else ""
    if kind == EventKind.OPENING and on < joined_on:
        raise ValidationError({"recorded_on": f"早于入党日期（{cn_date(joined_on)}）。"})
    try:
        entry = entry_of(kind, on=on, origin=origin, joined_on=joined_on, home=home, first=first, today=today)
    except Refused as exc:
        raise ValidationError({{"on": "recorded_on"}.get(exc.field, exc.field): f"{exc.message}。"}) from None
    state = month_state(home, on)
    if text := locked_text(state, on):
        raise ValidationError({"recorded_on": f"{text}。"})
    if state == MonthState.CLOSED:
        if not late:
            raise ValidationError({"late": late_text([on])})
        entry = entry.booked_late
    return entry.note


def ways_by_hand(asked: bool) -> list[tuple[str, Any]]:
    """Choices of the form: in the words of the question once a month was closed, before in those of the event."""
    if asked:
        return [(kind.value, text) for kind, text in WAYS.items()]
    return [(kind.value, kind.label) for kind in (EventKind.TRANSFER_IN, EventKind.ADMITTED, EventKind.OPENING)]


def _last_day(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
