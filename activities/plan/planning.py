"""Plan items: written out from the duty table and kept in step with the records.

People's hands on them: activities.plan.scheduling (days and topics), activities.plan.not_held, activities.plan.pushing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from activities.choices import GATHERINGS, ActivityState, Kind, PlanState
from activities.models import SEEN_BY_MEMBERS, ActivityKind, PlanItem
from activities.plan.rollups import day_start, lock_branches, recount_months
from activities.rules import BranchShape, DueItem, due_items, is_asked, is_late
from branches.audit import record
from branches.choices import COMMITTEE_ROLES, BranchLevel
from branches.models import Appointment, Branch, User
from branches.rules import subtree_end
from members.choices import MemberType
from members.models import Member, MembershipEvent

COMMITTEE_SIZE: Final = 3  # people with committee posts who make a committee; fewer are a secretary and a deputy
FOLLOWS: Final = ("state", "activity", "done_on", "late", "count")  # what the records decide
SHAPE: Final = ("due", "at_least", "state", "reason")  # what the calendar decides
LEVELS: Final = (BranchLevel.BRANCH, BranchLevel.COMMITTEE)


class Held(NamedTuple):
    """One record as a plan item sees it; days are local."""

    pk: int
    day: date
    state: str
    submitted_on: date | None


class Left(NamedTuple):
    """An item the generator did not touch, and why, in words."""

    item: PlanItem
    why: str


class Replanned(NamedTuple):
    made: int
    changed: int
    removed: int
    left: list[Left]


def plan_year(*, branches: Iterable[Branch], year: int, actor: User | None = None, today: date | None = None) -> int:
    """Write the plan items of a calendar year; returns the number made. See `replan`."""
    return replan(branches=branches, year=year, actor=actor, today=today).made


@transaction.atomic
def replan(*, branches: Iterable[Branch], year: int, actor: User | None = None, today: date | None = None) -> Replanned:
    """Write the plan items of a calendar year; again changes nothing but what the organisation's shape changed.

    Periods that are over keep the items they have: a branch that loses its committee today owed its meetings till now.
    What people gave a day, a topic, a record or an explanation stays, and is listed; only the end of a node ends it.
    What the committee pushed is none of its business. A fixed number of statements for any number of branches.
    """
    today = today or timezone.localdate()
    nodes = {branch.pk: branch for branch in branches if branch.level in LEVELS}
    if not nodes:
        return Replanned(0, 0, 0, [])
    lock_branches(nodes)
    shapes, rolls_from = _shapes(nodes, year, today)
    rows = PlanItem.objects.filter(branch__in=nodes, start__year=year, pushed__isnull=True)
    standing = {item.key: item for item in rows}
    wanted: dict[str, tuple[int, DueItem]] = {}
    for pk, shape in shapes.items():
        for due in due_items(shape, year):
            if is_asked(due.done_by, due.kind) and due.end >= rolls_from[pk]:
                wanted[_key(pk, due.kind, due.start, due.group_id)] = (pk, due)
    made = [_new_item(key, pk, due) for key, (pk, due) in wanted.items() if key not in standing]
    PlanItem.objects.bulk_create(made, batch_size=500)
    changed: list[PlanItem] = []
    gone: list[PlanItem] = []
    left: list[Left] = []
    for key, item in standing.items():
        if item.end < today:
            continue
        due_now = wanted[key][1] if key in wanted else None
        kept = _kept(item, due_now, ends=nodes[item.branch_id].dissolved_on is not None)
        if kept:
            left.append(Left(item, kept))
        elif due_now is None and _untouched(item):
            gone.append(item)
        elif due_now is not None and item.activity_id is None and _reshaped(item, due_now):
            changed.append(item)
    PlanItem.objects.bulk_update(changed, SHAPE, batch_size=500)
    PlanItem.objects.filter(pk__in=[item.pk for item in gone]).delete()
    touched = [*made, *changed, *gone]
    if touched:
        _follow(PlanItem.objects.filter(pk__in=[item.pk for item in (*made, *changed)]))
        recount_months(
            branches={item.branch_id for item in touched}, months={item.due.replace(day=1) for item in touched}
        )
        if actor is not None:
            changes = {"year": [None, year], "items": [len(standing), len(standing) + len(made) - len(gone)]}
            record(actor=actor, action="plan.made", changes=changes)
    return Replanned(len(made), len(changed), len(gone), left)


@transaction.atomic
def refresh_items(*, branch: Branch, kinds: Collection[str], days: Collection[date]) -> None:
    """Bring the items that records of these kinds and days touch in line with the records, and recount their months.

    Takes the lock of the branch: call it after the record itself was locked.
    """
    lock_branches([branch.pk])
    touching = Q(pk__in=[])
    for day in days:
        touching |= Q(start__lte=day, end__gte=day)
    items = PlanItem.objects.filter(touching, branch=branch, kind__in=kinds)
    _follow(items)
    months = {day.replace(day=1) for day in days} | {due.replace(day=1) for due in items.values_list("due", flat=True)}
    recount_months(branches=[branch.pk], months=months, kinds=kinds)


@transaction.atomic
def refresh_plan(*, branches: Iterable[Branch], year: int) -> None:
    """Bring a whole year of many branches in line with their records: three statements plus the updates."""
    ids = [branch.pk for branch in branches]
    lock_branches(ids)
    _follow(PlanItem.objects.filter(branch__in=ids, start__year=year))


# -- From the records to the items


def _follow(items: QuerySet[PlanItem]) -> None:
    """Recompute what the records decide; writes only the items that changed. Other items are not theirs to decide."""
    rows = list(items.filter(kind__in=GATHERINGS, pushed__isnull=True))
    if not rows:
        return
    records = _records({i.branch_id for i in rows}, min(i.start for i in rows), max(i.end for i in rows))
    changed = []
    for item in rows:
        found = [one for one in records[item.branch_id, item.kind, item.group_id] if item.start <= one.day <= item.end]
        if _fit(item, found):
            item.version += 1
            changed.append(item)
    PlanItem.objects.bulk_update(changed, [*FOLLOWS, "version"], batch_size=500)


def _records(branches: Collection[int], first: date, last: date) -> dict[tuple[int, str, int | None], list[Held]]:
    """Records by branch, kind and (for group meetings) group."""
    found: dict[tuple[int, str, int | None], list[Held]] = defaultdict(list)
    rows = ActivityKind.objects.filter(
        activity__branch__in=branches,
        activity__starts_at__gte=day_start(first),
        activity__starts_at__lt=day_start(last.replace(year=last.year + 1, month=1, day=1)),
    ).values_list(
        "activity__branch",
        "kind",
        "activity__group",
        "activity",
        "activity__starts_at",
        "activity__state",
        "activity__submitted_at",
    )
    for branch, kind, group, pk, starts_at, state, submitted_at in rows:
        submitted_on = timezone.localdate(submitted_at) if submitted_at else None
        one = Held(pk, timezone.localdate(starts_at), state, submitted_on)
        found[branch, kind, group if kind == Kind.GROUP_MEETING else None].append(one)
    return found


def _standing(one: Held) -> PlanState:
    """What one record makes of its item. A returned record that is being mended still counts as returned."""
    if one.state in SEEN_BY_MEMBERS:
        return PlanState.CONFIRMED
    if one.state == ActivityState.SUBMITTED:
        return PlanState.SUBMITTED
    if one.state == ActivityState.RETURNED or (one.state == ActivityState.DRAFT and one.submitted_on):
        return PlanState.RETURNED
    return PlanState.DRAFT if one.state == ActivityState.DRAFT else PlanState.OPEN


BEST_FIRST: Final = (PlanState.CONFIRMED, PlanState.SUBMITTED, PlanState.RETURNED, PlanState.DRAFT, PlanState.OPEN)


def _fit(item: PlanItem, found: list[Held]) -> bool:
    """Set what the records decide on one item; True when something changed."""
    before = [getattr(item, name) for name in ("state", "activity_id", "done_on", "late", "count")]
    ranked = sorted(found, key=lambda one: (BEST_FIRST.index(_standing(one)), one.submitted_on or date.max, one.pk))
    item.count = sum(_standing(one) == PlanState.CONFIRMED for one in found)
    chosen = ranked[min(item.at_least, len(ranked)) - 1] if ranked else None
    state = _standing(chosen) if chosen else PlanState.OPEN
    if state == PlanState.CONFIRMED and item.count < item.at_least:
        state = PlanState.OPEN
    keeps = item.state == PlanState.NOT_APPLICABLE or (
        item.state in (PlanState.NOT_HELD, PlanState.NOT_HELD_ASKED)
        and state not in (PlanState.CONFIRMED, PlanState.SUBMITTED)
    )
    if not keeps:
        handed_in = state in (PlanState.CONFIRMED, PlanState.SUBMITTED, PlanState.RETURNED)
        item.state = state
        item.activity_id = chosen.pk if chosen else None
        item.done_on = chosen.day if chosen and handed_in else None
        item.late = bool(chosen and handed_in and chosen.submitted_on and is_late(chosen.submitted_on, last_day(item)))
    return before != [getattr(item, name) for name in ("state", "activity_id", "done_on", "late", "count")]


def last_day(item: PlanItem) -> date:
    """Until when a record is in time: the duty's own due day, not the day a secretary planned (docs/adr/0013)."""
    return max(item.due, item.end)


def follow_records(item: PlanItem) -> None:
    """Let the records decide on one item again; the caller holds the branch's lock."""
    _follow(PlanItem.objects.filter(pk=item.pk))


# -- From the organisation to the items


def _key(branch: int, kind: str, start: date, group: int | None) -> str:
    return f"{branch}:{kind}:{start:%Y-%m-%d}:{group or 0}"


def _state_of(due: DueItem) -> PlanState:
    return PlanState.OPEN if due.applicable else PlanState.NOT_APPLICABLE


def _new_item(key: str, branch: int, due: DueItem) -> PlanItem:
    return PlanItem(
        branch_id=branch,
        group_id=due.group_id,
        kind=due.kind,
        period=due.period,
        start=due.start,
        end=due.end,
        due=due.due,
        at_least=due.at_least,
        state=_state_of(due),
        reason=due.reason,
        key=key,
    )


def _kept(item: PlanItem, due: DueItem | None, *, ends: bool) -> str:
    """Why the generator leaves an item as people made it, in words; "" where nobody touched it."""
    if due is None and item.activity_id:
        return "已有活动记录"
    if due is None and item.fulfilled_by_url:
        return "已办理"
    if item.state in (PlanState.NOT_HELD_ASKED, PlanState.NOT_HELD):
        return "已说明未召开"
    if not item.touched or (ends and (due is None or not due.applicable)):
        return ""
    done = [f"已排定{item.planned_on.month}月{item.planned_on.day}日"] if item.planned_on else []
    return "，".join(done + (["已填主题"] if item.topic else [])) or "已人工调整"


def _untouched(item: PlanItem) -> bool:
    standing = item.state in (PlanState.OPEN, PlanState.NOT_APPLICABLE)
    return standing and item.activity_id is None and not item.fulfilled_by_url


def _reshaped(item: PlanItem, due: DueItem) -> bool:
    """Let the calendar have its say about an item without a record; True when that changed it."""
    before = [getattr(item, name) for name in SHAPE]
    item.due, item.at_least = due.due, due.at_least
    if not due.applicable or item.state == PlanState.NOT_APPLICABLE:
        item.state, item.reason = _state_of(due), due.reason
    return before != [getattr(item, name) for name in SHAPE]


def _shapes(nodes: dict[int, Branch], year: int, today: date) -> tuple[dict[int, BranchShape], dict[int, date]]:
    """What the duty table must know of each node, and the first day it owes anything for. Four statements."""
    day = min(max(today, date(year, 1, 1)), date(year, 12, 31))
    full: dict[int, int] = defaultdict(int)
    birthdays: dict[int, set[int]] = defaultdict(set)
    roll = Member.objects.on_roll(day).filter(roll_branch_id__in=nodes)
    for branch, kind, joined_on in roll.values_list("roll_branch_id", "roll_type", "joined_on"):
        full[branch] += kind == MemberType.FULL
        if joined_on.year < year:
            birthdays[branch].add(joined_on.month)
    committee: dict[int, set[int]] = defaultdict(set)
    posts = Appointment.objects.current(day).filter(branch__in=nodes, role__in=COMMITTEE_ROLES)
    for branch, person in posts.values_list("branch", "user"):
        committee[branch].add(person)
    groups: dict[str, list[int]] = defaultdict(list)
    paths = sorted(node.path for node in nodes.values())
    below = Branch.objects.filter(path__gte=paths[0], path__lt=subtree_end(paths[-1]), level=BranchLevel.GROUP)
    for pk, path in below.open_on(day).values_list("pk", "path"):
        groups[path[: -Branch.steplen]].append(pk)
    events = MembershipEvent.objects.filter(branch__in=nodes).values("branch").annotate(first=Min("recorded_on"))
    first = {row["branch"]: row["first"] for row in events.order_by()}
    rolls_from = {pk: max(first.get(pk, date.min), node.owes_from or date.min) for pk, node in nodes.items()}
    shapes = {
        pk: BranchShape(
            level=node.level,
            kind=node.kind,
            founded_on=node.founded_on,
            dissolved_on=node.dissolved_on,
            full_members=full[pk],
            has_committee=len(committee[pk]) >= COMMITTEE_SIZE,
            group_ids=tuple(groups[node.path]),
            birthdays_in_month=frozenset(birthdays[pk]),
        )
        for pk, node in nodes.items()
    }
    return shapes, rolls_from
