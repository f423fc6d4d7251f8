"""Matters decided at a meeting and done in time by their owner, as somebody else of the branch wrote down."""

from collections.abc import Collection, Iterable
from typing import Final

from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from activities.models import Activity, FollowUp
from branches.models import Branch, User
from members.models import Member
from points.ledger.homes import homes_on
from points.ledger.posts import Measured, posts_of
from points.ledger.registry import Award, Awards, Booked, Source, register
from points.rulebook.book import RuleBook

KIND: Final = "matter"
DONE: Final = "matter.done"


def awards_of(ids: Collection[int], book: RuleBook) -> Awards:
    """What each matter is worth to its owner, on the day it was done; four statements. Who ticks
    off a matter of their own earns nothing by it."""
    result: Awards = {pk: [] for pk in ids}
    rows = list(
        FollowUp.objects.filter(pk__in=ids, done_on__isnull=False, done_by__isnull=False, due__isnull=False)
        .exclude(done_by=F("owner"))
        .order_by("pk")
    )
    rows = [row for row in rows if row.done_on <= row.due]
    owners = dict(Member.objects.filter(user__in=[row.owner_id for row in rows]).values_list("user_id", "pk"))
    done = [(row, owners[row.owner_id]) for row in rows if row.owner_id in owners]
    homes = homes_on([(member, row.done_on) for row, member in done])
    nodes = Branch.objects.filter(pk__in=homes.values()).order_by()
    places = {pk: (hospital, category) for pk, hospital, category in nodes.values_list("pk", "hospital_id", "category")}
    book.load({hospital for hospital, _ in places.values()})
    posts = posts_of(
        Measured(member, day.year, places[home][1])
        for (member, day), home in homes.items()
        if book.on(places[home][0], day).has_variants
    )
    for row, member in done:
        home = homes.get((member, row.done_on))
        if home is None:
            continue
        edition = book.on(places[home][0], row.done_on)
        item = edition.by_feed.get(DONE)
        points = item.value(post=posts.get((member, row.done_on.year), "")) if item else None
        if item and points:
            reason = f"按时完成：{row.text}"[:120]
            result[row.pk].append(Award(member, home, row.done_on, edition.rows[item.code], points, reason))
    return result


def lock(ids: Collection[int]) -> None:
    list(FollowUp.objects.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk").values_list("pk"))


def booked(ids: Collection[int]) -> dict[int, Booked]:
    rows = FollowUp.objects.filter(pk__in=ids).values_list("pk", "done_on")
    return {pk: Booked(1, done_on or timezone.localdate()) for pk, done_on in rows}


def worth_asking(year: int | None) -> Iterable[int]:
    done = FollowUp.objects.filter(done_on__isnull=False)
    of_year = done.filter(done_on__year=year) if year else done
    return of_year.order_by("pk").values_list("pk", flat=True).iterator()


def touching(members: Collection[int], year: int) -> list[int]:
    owners = Member.objects.filter(pk__in=members).values("user")
    done = FollowUp.objects.filter(done_on__year=year, owner__in=owners)
    return list(done.order_by("pk").values_list("pk", flat=True))


def links(ids: Collection[int], reader: User) -> dict[int, str]:
    records = dict(FollowUp.objects.filter(pk__in=ids).values_list("pk", "activity_id"))
    seen = set(Activity.objects.readable_by(reader).filter(pk__in=records.values()).values_list("pk", flat=True))
    return {pk: reverse("activities:activity_detail", args=[one]) for pk, one in records.items() if one in seen}


register(
    Source(
        KIND,
        "议定事项",
        {DONE: "议定事项：责任人按时完成"},
        awards_of,
        booked,
        worth_asking,
        links=links,
        lock=lock,
        touching=touching,
    )
)
