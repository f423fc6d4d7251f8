"""The secretary's hand on the plan: the day of each item, the topic in advance, one fixed day for a whole year.

What is set here is `touched`: the generator leaves it. The planned day is the due day (docs/adr/0013).
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from activities.choices import Kind, Period, PlanState
from activities.models import PlanItem
from activities.plan.not_held import locked
from activities.plan.rollups import lock_branches, recount_months
from activities.rules import monthly_day
from branches.audit import record
from branches.models import Branch, User
from branches.working_days import WorkCalendar, load_calendar, next_working_day, previous_working_day
from config.templatetags.ui import cn_date

TOPIC = 100


class Changed(ValidationError):
    """Somebody else changed the item meanwhile; `item` is what stands now."""

    def __init__(self, item: PlanItem) -> None:
        super().__init__("这一项刚刚被他人修改，还没有保存您的内容；请核对现在的内容后再保存。")
        self.item = item


@dataclass(frozen=True)
class FixedDay:
    """每月`day`日, or 每月第`which`个星期`weekday` (0 is Monday, which 5 is the last)."""

    day: int = 0
    which: int = 0
    weekday: int = 0

    def in_month(self, month: date) -> date:
        return monthly_day(month, day=self.day, which=self.which, weekday=self.weekday)


class Fixed(NamedTuple):
    """What fixing a day did: the items with their new day, and those it left with the reason in words."""

    moved: list[PlanItem]
    left: list[tuple[PlanItem, str]]


@transaction.atomic
def schedule_item(
    *, item: PlanItem, planned_on: date | None, topic: str, version: int, actor: User, today: date | None = None
) -> PlanItem:
    """Set or clear the planned day and the topic of one item. Raises Changed when `version` is not the present one.

    The day lies in the item's period and not before today; a rest day somebody picks himself stays as picked.
    """
    today = today or timezone.localdate()
    item = locked(item)
    topic = " ".join(topic.split())
    if (planned_on, topic) == (item.planned_on, item.topic):
        return item
    if version != item.version:
        raise Changed(item)
    if item.pushed_id or item.state != PlanState.OPEN:
        raise ValidationError("这一项已有记录或说明，不能再改计划。")
    if len(topic) > TOPIC:
        raise ValidationError({"topic": f"主题请控制在{TOPIC}字以内。"})
    if planned_on != item.planned_on and planned_on is not None:
        if not item.start <= planned_on <= item.end:
            raise ValidationError({"planned_on": f"计划日期应在{cn_date(item.start)}至{cn_date(item.end)}之间。"})
        if planned_on < today:
            raise ValidationError({"planned_on": "计划日期不能早于今天。"})
    _place(item, planned_on, topic)
    changes = {"planned_on": [None, planned_on and planned_on.isoformat()], "topic": [None, topic]}
    record(actor=actor, action="plan.scheduled", target=item, branch=item.branch, changes=changes)
    return item


@transaction.atomic
def fix_day(*, branch: Branch, kind: str, year: int, rule: FixedDay, actor: User, today: date | None = None) -> Fixed:
    """Set the same day of each month for what is still open of a monthly kind, from today to the end of the year.

    A rest day moves to the next working day, or back to the last one of the month where there is none after it.
    """
    today = today or timezone.localdate()
    lock_branches([branch.pk])
    calendar = load_calendar([year])
    rows = PlanItem.objects.filter(branch=branch, kind=kind, period=Period.MONTH, start__year=year, end__gte=today)
    fixed = Fixed([], [])
    for item in rows.filter(pushed__isnull=True).select_related("group").order_by("start", "group__path"):
        day = _working(rule.in_month(item.start), item, calendar)
        if item.state == PlanState.NOT_APPLICABLE:
            fixed.left.append((item, item.reason or "不适用"))
        elif item.state != PlanState.OPEN:
            fixed.left.append((item, "已有记录或说明"))
        elif day < today:
            fixed.left.append((item, f"{day.month}月{day.day}日已过"))
        else:
            if day != item.planned_on:
                _place(item, day, item.topic)
            fixed.moved.append(item)
    if fixed.moved:
        changes = {"duty": [None, Kind(kind).label], "items": [None, len(fixed.moved)], "year": [None, year]}
        record(actor=actor, action="plan.day_fixed", target=branch, branch=branch, changes=changes)
    return fixed


def _working(day: date, item: PlanItem, calendar: WorkCalendar) -> date:
    moved = next_working_day(day, calendar)
    return moved if moved <= item.end else previous_working_day(item.end, calendar)


def _place(item: PlanItem, planned_on: date | None, topic: str) -> None:
    """Without a planned day a gathering is due at the end of its period, as the duty table says."""
    months = {item.due.replace(day=1)}
    item.planned_on, item.topic, item.due = planned_on, topic, planned_on or item.end
    item.touched = bool(planned_on or topic)
    item.version += 1
    item.save(update_fields=["planned_on", "topic", "due", "touched", "version"])
    months.add(item.due.replace(day=1))
    recount_months(branches=[item.branch_id], months=months, kinds=[item.kind])
