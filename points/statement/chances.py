"""What can still be earned: this month's gatherings and make-ups, the next unit of study, items to claim."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from activities.attendance import hours
from activities.choices import AttendanceStatus, Kind, MakeUpState, PlanState
from activities.models import SEEN_BY_MEMBERS, Attendance, PlanItem
from points.choices import CAPPED, Category
from points.claims.choosing import may_claim
from points.ledger.registry import is_automatic
from points.rules import STUDY_DONE, ZERO, Item, attendance_feed
from points.statement import doors
from points.statement.rules import Room, plain
from points.statement.year import OwnYear

# What serves others first: without it nobody reaches the best grade.
TO_CLAIM = (Category.SVC, Category.POS, *(one for one in CAPPED if one not in (Category.SVC, Category.POS)))


@dataclass(frozen=True)
class Chance:
    """`points`: what it adds to the year under all caps; `from_`: there is more for a higher step."""

    title: str
    note: str
    points: Decimal
    days: int | None = None  # days left, where a term runs
    url: str = ""
    from_: bool = False


@dataclass(frozen=True)
class Chances:
    """`soon`: of this month, in the order of the days; `claims`: what may be claimed and has room left."""

    soon: tuple[Chance, ...] = ()
    claims: tuple[Chance, ...] = ()

    @property
    def total(self) -> Decimal:
        return sum((chance.points for chance in self.soon), ZERO)


def chances_of(year: OwnYear, *, is_own: bool) -> Chances:
    """Three statements. Nothing for a year that is over, or for who takes no part."""
    if not year.is_running or year.exempt:
        return Chances()
    room = Room(year.result, year.rules.scheme, months=year.months, has_groups=year.person.has_groups, post=year.post)
    soon = [*_make_ups(year, room, is_own), *_gatherings(year, room), *_study(year, room, is_own)]
    return Chances(tuple(soon), tuple(_claims(year, room, is_own)))


def _items(year: OwnYear) -> dict[str, Item]:
    return {item.feed: item for item in year.in_force.values() if item.feed}


def _chance(room: Room, item: Item, title: str, note: str, days: int | None = None, url: str = "") -> Chance | None:
    """None for what does not exist in such a branch or at such a post."""
    if not room.worth(item):
        return None
    points = room.take(item)
    return Chance(title, note if points else f"{note}；本年已达上限", points, days, url)


def _make_ups(year: OwnYear, room: Room, is_own: bool) -> Iterator[Chance]:
    """Absences that count as attended once they are made up in time."""
    items, today = _items(year), year.today
    missed = Attendance.objects.filter(
        member=year.member,
        made_up_on__isnull=True,
        status__in=[AttendanceStatus.LEAVE, AttendanceStatus.OFFICIAL],
        activity__state__in=SEEN_BY_MEMBERS,
        activity__kinds__kind__in=[kind for kind in Kind if attendance_feed(kind) in items],
        make_up__state__in=[MakeUpState.OPEN, MakeUpState.REPORTED],
        make_up__due__gte=today,
    ).order_by("activity__starts_at")
    facts = ("activity__kinds__kind", "activity__topic", "activity__starts_at", "make_up__due")
    url = reverse("activities:my_attendance") if is_own else ""
    for kind, topic, starts_at, last in missed.values_list(*facts):
        day = timezone.localdate(starts_at)
        title = f"补课：{day.month}月{day.day}日{Kind(kind).label}"
        note = f"{last.month}月{last.day}日前补课，按到会计分" + (f"：{topic}" if topic else "")
        if found := _chance(room, items[attendance_feed(kind)], title, note, (last - today).days, url):
            yield found


def _gatherings(year: OwnYear, room: Room) -> Iterator[Chance]:
    """What the branch, or the own group, still owes this month."""
    items, today, member = _items(year), year.today, year.member
    owed = PlanItem.objects.covering(today, today).filter(
        Q(group__isnull=True) | Q(group=member.group_id),
        branch=member.branch_id,
        kind__in=[kind for kind in Kind if attendance_feed(kind) in items],
        state__in=[PlanState.OPEN, PlanState.DRAFT],
    )
    for kind, due in owed.order_by("due", "kind").values_list("kind", "due"):
        item = items[attendance_feed(kind)]
        note = f"{item.code}，支部{due.month}月{due.day}日前开展"
        if found := _chance(room, item, f"参加{Kind(kind).label}", note):
            yield found


def _study(year: OwnYear, room: Room, is_own: bool) -> Iterator[Chance]:
    """How many hours are missing to the next full unit, while the cap leaves room for it."""
    done = hours.sums_of([year.member.pk], year.year).get(year.member.pk, ZERO)
    item = _items(year).get(STUDY_DONE)
    if item is None or not is_automatic(item) or room.left(item) == ZERO:
        return
    missing = item.per - done % item.per
    note = (
        f"{item.code}，每{plain(item.per)}{item.unit}{plain(item.value(post=year.post))}分，本年已学{plain(done)}小时"
    )
    url = reverse("activities:my_hours") if is_own else ""
    if found := _chance(room, item, f"再学{plain(missing)}小时", note, url=url):
        yield found


def _claims(year: OwnYear, room: Room, is_own: bool) -> Iterator[Chance]:
    """Items a member may put forward, as far as item and category still have room."""
    items = [
        item
        for category in TO_CLAIM
        for item in sorted(year.in_force.values(), key=lambda one: one.code)
        if item.category == category and may_claim(item)
    ]
    for item in items:
        worth, left = room.worth(item), room.left(item)
        if not worth or left == ZERO:
            continue
        so_far = room.counted(item)
        said = [f"{item.code}，{item.points_text}" if item.points_text else item.code]
        if so_far:
            said.append(f"本年已得{so_far:.2f}")
        if left is not None:
            said.append(f"还可得{left:.2f}")
        points = worth if left is None else min(worth, left)
        url = doors.new_claim(item.code) if is_own else ""
        yield Chance(item.title, "，".join(said), points, url=url, from_=bool(item.levels) and points == worth)
