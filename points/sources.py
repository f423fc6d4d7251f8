"""Where entries come from: what each kind of record is worth today, to whom, by the pure rules."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from django.db.models import F, QuerySet
from django.utils import timezone

from activities.choices import ActivityState, short_label
from activities.models import SEEN_BY_MEMBERS, Activity, Attendance
from branches.choices import BranchLevel
from branches.models import Branch
from branches.rules import subtree_end
from members.models import Member
from points.catalogue import ACTIVITY
from points.models import RuleItem
from points.rulebook import RuleBook
from points.rules import ATTENDANCE_ITEMS, LECTURER_ITEM, attendance_awards


class Award(NamedTuple):
    """What one record is worth to one member under one item."""

    member_id: int
    branch_id: int  # home branch on the day
    happened_on: date
    rule: RuleItem
    points: Decimal
    reason: str


Awards = dict[int, list[Award]]


class Source(NamedTuple):
    """`awards(ids, book, lock)`: every id is a key of the answer. `booked`: id -> (revision, day it was confirmed).

    `worth_asking(year)`: ids of the records of a year that may be worth something; None asks for all years.
    """

    rule_codes: frozenset[str]
    awards: Callable[[Collection[int], RuleBook, bool], Awards]
    booked: Callable[[Collection[int]], dict[int, tuple[int, date]]]
    worth_asking: Callable[[int | None], list[int]]


class Groups:
    """Which branches had Party groups on a day: one statement for any number of branches."""

    def __init__(self, paths: Collection[str]) -> None:
        self.by_branch: dict[str, list[tuple[date, date]]] = defaultdict(list)
        if not paths:
            return
        below = Branch.objects.filter(
            level=BranchLevel.GROUP, path__gte=min(paths), path__lt=subtree_end(max(paths))
        ).order_by()
        for path, founded, dissolved in below.values_list("path", "founded_on", "dissolved_on"):
            self.by_branch[path[: -Branch.steplen]].append((founded, dissolved or date.max))

    def on(self, branch_path: str, day: date) -> bool:
        return any(founded <= day <= dissolved for founded, dissolved in self.by_branch.get(branch_path, ()))


def activity_awards(ids: Collection[int], book: RuleBook, lock: bool = False) -> Awards:
    """Being there (or having made it up), once per kind the gathering counts for, and leading it; three statements.

    A record that is not confirmed is worth nothing. `lock` keeps the records as they are until the transaction ends.
    """
    return _worth(ids, book, Activity.objects.filter(state__in=SEEN_BY_MEMBERS), Attendance.objects.all(), lock=lock)


def waiting_awards(member: Member, year: int, book: RuleBook) -> dict[int, list[Award]]:
    """What records that wait for their confirmation will be worth to one member, by record; nothing in the ledger."""
    records = Activity.objects.filter(state=ActivityState.SUBMITTED, starts_at__year=year)
    ids = list(records.filter(attendances__member=member).order_by("-starts_at").values_list("pk", flat=True))
    found = _worth(ids, book, records, Attendance.objects.filter(member=member))
    return {pk: awards for pk, awards in found.items() if awards}


def _worth(
    ids: Collection[int],
    book: RuleBook,
    records: QuerySet[Activity],
    people_of: QuerySet[Attendance],
    lock: bool = False,
) -> Awards:
    if not ids:
        return {}
    records = records.filter(pk__in=ids).annotate(kind=F("kinds__kind")).order_by("pk")
    if lock:
        records = records.select_for_update(of=("self",))
    activities: dict[int, Activity] = {}
    kinds: dict[int, list[str]] = defaultdict(list)
    for record in records.only("pk", "topic", "starts_at", "lecturer_id"):
        activities[record.pk] = record
        if record.kind:
            kinds[record.pk].append(record.kind)
    people = list(
        people_of.filter(activity_id__in=list(activities)).values_list(
            "activity_id", "member_id", "branch_id", "branch__path", "status", "made_up_on", "member__user_id"
        )
    )
    groups = Groups({path for _, _, _, path, *_ in people})
    days = {pk: timezone.localdate(record.starts_at) for pk, record in activities.items()}
    items = {
        day: {code: item for code, item in book.on(day).items.items() if item.source_kind == ACTIVITY}
        for day in set(days.values())
    }
    result: Awards = {pk: [] for pk in ids}
    for pk, member_id, branch_id, path, status, made_up_on, user_id in people:
        record, day = activities[pk], days[pk]
        edition = book.on(day)
        worth = attendance_awards(
            kinds[pk],
            status,
            items=items[day],
            has_groups=groups.on(path, day),
            is_lecturer=user_id == record.lecturer_id,
            made_up=made_up_on is not None,
        )
        for code, points in worth:
            reason = _reason(code, record.topic, kinds[pk], made_up_on)
            result[pk].append(Award(member_id, branch_id, day, edition.rows[code], points, reason))
    return result


def _reason(code: str, topic: str, kinds: Iterable[str], made_up_on: date | None) -> str:
    """参加主题党日：守护生命 - what the member reads on the line."""
    kind = next((kind for kind in kinds if ATTENDANCE_ITEMS.get(kind) == code), None)
    what = f"{'补课' if made_up_on else '参加'}{short_label(kind)}" if kind else "主讲"
    return f"{what}：{topic}"[:120] if topic else what


def activities_booked(ids: Collection[int]) -> dict[int, tuple[int, date]]:
    rows = Activity.objects.filter(pk__in=ids).values_list("pk", "revision", "confirmed_at")
    return {
        pk: (revision, timezone.localdate(confirmed_at) if confirmed_at else timezone.localdate())
        for pk, revision, confirmed_at in rows
    }


def activities_of(year: int | None) -> list[int]:
    held = Activity.objects.filter(state__in=SEEN_BY_MEMBERS).order_by("pk")
    return list((held.filter(starts_at__year=year) if year else held).values_list("pk", flat=True))


SOURCES: Final[Mapping[str, Source]] = {
    ACTIVITY: Source(
        frozenset({*ATTENDANCE_ITEMS.values(), LECTURER_ITEM}), activity_awards, activities_booked, activities_of
    ),
}
