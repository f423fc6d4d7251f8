"""Confirmed records of gatherings: being there, leading a study; staying away without a reason, coming late."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat, TruncDate
from django.urls import reverse
from django.utils import timezone

from activities.choices import BRANCH_KINDS, ActivityState, Kind, SignMethod, short_label
from activities.models import SEEN_BY_MEMBERS, Activity, Attendance, LifeEntry
from branches.choices import BranchLevel
from branches.models import Branch, User
from members.models import Member
from points.ledger.posts import Measured, posts_of
from points.ledger.registry import Award, Awards, Booked, Source, register
from points.rulebook.book import RuleBook
from points.rules import LATE, LATE_AFTER, LECTURER, SELF_CHECK, UNEXCUSED, Presence, attendance_feed, attendance_feeds

KIND: Final = "activity"
FEEDS: Final = {
    **{attendance_feed(kind): f"考勤：参加{kind.label}" for kind in BRANCH_KINDS},
    SELF_CHECK: "组织生活会：到会并有本人的自我批评",
    LECTURER: "活动记录：担任主讲人",
    UNEXCUSED: "考勤：无故缺席",
    LATE: "签到时间：迟到超过15分钟且无说明",
}


class Row(NamedTuple):
    """One person at one gathering; once for each of its kinds."""

    activity: int
    topic: str
    starts_at: datetime
    lecturer: int | None
    kind: str | None
    member: int
    user: int
    branch: int
    hospital: int | None
    category: str
    status: str
    made_up_on: date | None
    signed_at: datetime | None
    signed_by: str
    note: str
    sitting: datetime | None
    has_groups: bool
    self_checked: bool

    @property
    def is_late(self) -> bool:
        """By the code alone: when the secretary ticks a name says nothing. A word of explanation excuses it."""
        by_code = self.signed_by in (SignMethod.QR, SignMethod.CODE)
        begins = self.sitting or self.starts_at
        return bool(by_code and self.signed_at and self.signed_at > begins + LATE_AFTER and not self.note)


def awards_of(ids: Collection[int], book: RuleBook) -> Awards:
    """What each record is worth; one statement. A record that is not confirmed is worth nothing."""
    people = Attendance.objects.filter(activity__state__in=SEEN_BY_MEMBERS)
    return _worth(ids, book, people)


def waiting_awards(member: Member, year: int, book: RuleBook) -> dict[int, list[Award]]:
    """What records that wait for their confirmation will be worth to one member, by record; nothing in the ledger."""
    people = Attendance.objects.filter(member=member, activity__state=ActivityState.SUBMITTED)
    mine = people.filter(activity__starts_at__year=year).order_by("-activity__starts_at")
    found = _worth(list(mine.values_list("activity", flat=True)), book, people)
    good = {pk: [award for award in awards if award.points > 0] for pk, awards in found.items()}
    return {pk: awards for pk, awards in good.items() if awards}


def _worth(ids: Collection[int], book: RuleBook, people: QuerySet[Attendance]) -> Awards:
    result: Awards = {pk: [] for pk in ids}
    kinds: dict[int, set[str]] = defaultdict(set)
    rows: dict[tuple[int, int], Row] = {}
    for row in _rows(ids, people):
        rows[row.activity, row.member] = row
        if row.kind:
            kinds[row.activity].add(row.kind)
    book.load({row.hospital for row in rows.values()})
    days = {moment: timezone.localdate(moment) for moment in {row.starts_at for row in rows.values()}}
    kinds_of = {pk: sorted(found, key=list(Kind).index) for pk, found in kinds.items()}
    posts = posts_of(
        Measured(row.member, days[row.starts_at].year, row.category)
        for row in rows.values()
        if book.on(row.hospital, days[row.starts_at]).has_variants
    )
    for row in rows.values():
        day = days[row.starts_at]
        edition = book.on(row.hospital, day)
        presence = Presence(
            status=row.status,
            made_up=row.made_up_on is not None,
            is_lecturer=row.user == row.lecturer,
            late=row.is_late,
            self_checked=row.self_checked,
        )
        ordered = kinds_of.get(row.activity, [])
        for feed in attendance_feeds(ordered, presence):
            item = edition.by_feed.get(feed)
            points = item.value(row.has_groups, posts.get((row.member, day.year), "")) if item else None
            if item and points:
                reason = _reason(feed, row, ordered)
                award = Award(row.member, row.branch, day, edition.rows[item.code], points, reason)
                result[row.activity].append(award)
    return result


def _rows(ids: Collection[int], people: QuerySet[Attendance]) -> Iterable[Row]:
    if not ids:
        return []
    of_day = TruncDate("activity__starts_at")
    groups = Branch.objects.order_by().filter(
        Q(dissolved_on__isnull=True) | Q(dissolved_on__gte=OuterRef("day")),
        level=BranchLevel.GROUP,
        path__gt=OuterRef("branch__path"),
        path__lte=Concat(OuterRef("branch__path"), Value("ZZZZ")),
        founded_on__lte=OuterRef("day"),
    )
    said = LifeEntry.objects.filter(activity=OuterRef("activity"), member=OuterRef("member")).exclude(self_criticism="")
    found = people.filter(activity__in=ids).annotate(day=of_day).annotate(has_groups=Exists(groups), said=Exists(said))
    values: Any = found.annotate(kind=F("activity__kinds__kind")).values_list(
        "activity_id",
        "activity__topic",
        "activity__starts_at",
        "activity__lecturer",
        "kind",
        "member_id",
        "member__user",
        "branch_id",
        "branch__hospital",
        "branch__category",
        "status",
        "made_up_on",
        "signed_at",
        "signed_by",
        "note",
        "session__starts_at",
        "has_groups",
        "said",
    )
    return (Row(*row) for row in values.order_by("activity", "pk"))


def _reason(feed: str, row: Row, kinds: Collection[str]) -> str:
    """参加主题党日：守护生命 - what the member reads on the line."""
    kind = next((kind for kind in kinds if attendance_feed(kind) == feed), None)
    if kind:
        what = f"{'补课' if row.made_up_on else '参加'}{short_label(kind)}"
    else:
        first = short_label(kinds[0]) if kinds else "活动"  # type: ignore[index]
        what = {
            LECTURER: "主讲",
            SELF_CHECK: "组织生活会查摆",
            UNEXCUSED: f"无故缺席{first}",
            LATE: f"{first}迟到",
        }[feed]
    return f"{what}：{row.topic}"[:120] if row.topic else what


def lock(ids: Collection[int]) -> None:
    list(
        Activity.objects.filter(pk__in=ids)
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
        .values_list("pk")
    )


def booked(ids: Collection[int]) -> dict[int, Booked]:
    rows = Activity.objects.filter(pk__in=ids).values_list("pk", "revision", "confirmed_at")
    return {
        pk: Booked(revision, timezone.localdate(confirmed_at) if confirmed_at else timezone.localdate())
        for pk, revision, confirmed_at in rows
    }


def worth_asking(year: int | None) -> Iterable[int]:
    held = Activity.objects.filter(state__in=SEEN_BY_MEMBERS).order_by("pk")
    return (held.filter(starts_at__year=year) if year else held).values_list("pk", flat=True).iterator()


def touching(members: Collection[int], year: int) -> list[int]:
    held = Attendance.objects.filter(
        member__in=members, activity__state__in=SEEN_BY_MEMBERS, activity__starts_at__year=year
    )
    return sorted(set(held.order_by().values_list("activity", flat=True)))


def links(ids: Collection[int], reader: User) -> dict[int, str]:
    open_to_me = Activity.objects.readable_by(reader).filter(pk__in=ids).values_list("pk", flat=True)
    return {pk: reverse("activities:activity_detail", args=[pk]) for pk in open_to_me}


register(Source(KIND, "活动记录", FEEDS, awards_of, booked, worth_asking, links=links, lock=lock, touching=touching))
