"""How the form is filled before anyone types: what is owed, when and where it was last time, who was in the chair."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.utils import timezone

from activities.choices import (
    AUDIENCES,
    BRANCH_KINDS,
    COMMITTEE_KINDS,
    ActivityState,
    Audience,
    CellState,
    Kind,
    PlanState,
    short_label,
)
from activities.models import Activity, PlanItem
from activities.plan.board import as_cell_item
from activities.plan.periods import period_label
from activities.plan.planning import COMMITTEE_SIZE
from activities.rules import cell_state
from branches.choices import COMMITTEE_ROLES, BranchLevel, Role
from branches.models import Appointment, Branch, User

URGENT: Final = (CellState.LATE, CellState.SOON, CellState.PLAN)
OWED: Final = (PlanState.OPEN, PlanState.DRAFT, PlanState.RETURNED)
EARLIEST: Final = 7  # nobody meets in the night: before that hour the form proposes the day before
USUAL: Final = (time(16, 30), time(18, 0))  # a branch's first record has no last time


def owed_items(branch: Branch, day: date) -> list[PlanItem]:
    """Open items whose period the day lies in."""
    return list(
        PlanItem.objects.filter(branch=branch, state__in=OWED).covering(day, day).select_related("branch", "group")
    )


def kinds_of(branch: Branch, *, groups_only: bool, groups: list[Branch], day: date, chosen: str = "") -> list[Kind]:
    """The kinds a form of this node offers; what nobody could attend is left out."""
    if groups_only:
        return [Kind.GROUP_MEETING]
    if branch.level == BranchLevel.COMMITTEE:
        return list(COMMITTEE_KINDS)
    posts = Appointment.objects.current(day).filter(branch=branch, role__in=COMMITTEE_ROLES)
    committee = posts.values("user").distinct().count() >= COMMITTEE_SIZE
    without = {Kind.COMMITTEE_MEETING} if not committee else set()
    without |= set() if groups else {Kind.GROUP_MEETING}
    return [kind for kind in BRANCH_KINDS if kind not in without or kind == chosen]


def also_kinds(kinds: list[Kind], main: str, owed: list[PlanItem]) -> list[tuple[Kind, str]]:
    """Kinds the gathering may count for as well; the next two that are owed come first and say what they fulfil."""
    if AUDIENCES[Kind(main)] != Audience.ROLL:
        return []
    others = [kind for kind in kinds if kind != main and AUDIENCES[kind] == Audience.ROLL]
    open_now = sorted(
        (item for item in owed if item.state == PlanState.OPEN and item.kind in others),
        key=lambda item: (item.due, -item.start.toordinal()),
    )[:2]
    hints = {item.kind: f"{period_label(item.period, item.start)}{short_label(item.kind)}尚未开展" for item in open_now}
    return [(Kind(kind), hint) for kind, hint in hints.items()] + [(kind, "") for kind in others if kind not in hints]


def most_urgent(branch: Branch, owed: list[PlanItem], kinds: list[Kind], today: date) -> str:
    """The kind to start with: what is due soonest, else the kind of the last record."""
    open_items = [item for item in owed if item.state == PlanState.OPEN and item.kind in kinds]
    if open_items:
        first = min(open_items, key=lambda item: (item.due, kinds.index(Kind(item.kind))))
        if cell_state([as_cell_item(first)], today).state in URGENT:
            return first.kind
    last = Activity.objects.filter(branch=branch).order_by("-starts_at").prefetch_related("kinds").first()
    known = [row.kind for row in last.kinds.all()] if last else []
    return next((kind for kind in known if kind in kinds), kinds[0])


def topic_after(owed: list[PlanItem], typed: str, kind: str, group: Branch | None) -> str:
    """The topic once another kind was chosen: one that came from the plan of a kind gives way, one typed stays."""
    planned = {item.topic for item in owed if item.topic}
    return planned_topic(owed, kind, group) if not typed or typed in planned else typed


def planned_topic(owed: list[PlanItem], kind: str, group: Branch | None) -> str:
    """The topic the secretary filled in for what is still to be held."""
    pk = group.pk if group is not None and kind == Kind.GROUP_MEETING else None
    mine = (item for item in owed if item.kind == kind and item.group_id == pk and item.state == PlanState.OPEN)
    return next((item.topic for item in mine), "")


def prefilled(
    *, branch: Branch, kind: str, group: Branch | None, day: date | None, user: User, now: datetime
) -> dict[str, Any]:
    """Initial values of the form's own fields."""
    own = Activity.objects.filter(branch=branch, host__isnull=True)  # where another branch's guests sat is not usual
    past = own.filter(kinds__kind=kind)
    if group is not None and kind == Kind.GROUP_MEETING:
        past = past.filter(group=group)
    last = past.order_by("-starts_at").first() or own.order_by("-starts_at").first()
    starts, ends = USUAL
    if last is not None:
        starts = timezone.localtime(last.starts_at).time()
        ends = timezone.localtime(last.ends_at).time() if last.ends_at else USUAL[1]
    day, starts, ends = _not_ahead(day, starts, ends, timezone.localtime(now))
    led = group if kind == Kind.GROUP_MEETING else None
    chair = _chair(branch, led, day) or _chair(branch, led, timezone.localdate(now))  # a post may be newer than the day
    return {
        "date": f"{day:%Y-%m-%d}",
        "starts": f"{starts:%H:%M}",
        "ends": f"{ends:%H:%M}",
        "place": last.place if last else "",
        "chair": chair,
        "recorder": user.pk,
    }


def _not_ahead(day: date | None, starts: time, ends: time, now: datetime) -> tuple[date, time, time]:
    """Today at the usual time; where that has not begun yet, the half-hour just past, so that the form can be sent."""
    if ends <= starts:
        starts, ends = USUAL
    if day is not None and day != now.date():
        return day, starts, ends
    if starts <= now.time():
        return now.date(), starts, ends
    length = datetime.combine(now.date(), ends) - datetime.combine(now.date(), starts)
    end = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    start = end - length
    if start.date() != now.date() or end <= start or start.hour < EARLIEST:
        return now.date() - timedelta(days=1), starts, ends
    return now.date(), start.time(), end.time()


def _chair(branch: Branch, group: Branch | None, day: date) -> int | None:
    posts = Appointment.objects.current(day)
    leads = posts.filter(branch=group, role=Role.GROUP_LEADER) if group else posts.none()
    heads = posts.filter(branch=branch, role__in=[Role.BRANCH_SECRETARY, Role.PARTY_COMMITTEE_SECRETARY])
    found = leads.values_list("user", flat=True).first() if group else None
    return found or heads.values_list("user", flat=True).first()


def last_record(branch: Branch, kind: str, group: Branch | None) -> Activity | None:
    """The record a new one of this kind may be copied from."""
    past = Activity.objects.filter(branch=branch, host__isnull=True, kinds__kind=kind)
    past = past.exclude(state=ActivityState.PLANNED)
    if kind == Kind.GROUP_MEETING:
        past = past.filter(group=group)
    return past.order_by("-starts_at").first()


def copied(source: Activity, *, branch: Branch, user: User, now: datetime, minutes: bool = False) -> dict[str, Any]:
    """Initial values taken from an earlier record: what it was and who led it, not what was said there."""
    kinds = [row.kind for row in source.kinds.all()] or [Kind.THEME_DAY]
    filled = prefilled(branch=branch, kind=kinds[0], group=source.group, day=None, user=user, now=now)
    return {
        **filled,
        "kind": kinds[0],
        "also": kinds[1:],
        "group": source.group_id or "",
        "topic": source.topic,
        "place": source.place,
        "chair": source.chair_id or filled["chair"],
        "lecturer": source.lecturer_id,
        "guest_lecturer": source.guest_lecturer,
        "agenda": source.agenda,
        "minutes": source.minutes if minutes else "",
    }
