"""Make-up study that was owed and neither done nor reported within its term."""

from collections.abc import Collection, Iterable
from typing import Final

from django.urls import reverse
from django.utils import timezone

from activities.choices import MakeUpState, short_label
from activities.models import Activity, MakeUp
from branches.models import User
from points.ledger.posts import Measured, posts_of
from points.ledger.registry import Award, Awards, Booked, Source, register
from points.rulebook.book import RuleBook
from points.rules import ABSENCE_COUNTS

KIND: Final = "make_up"
LAPSED: Final = "make_up.lapsed"


def awards_of(ids: Collection[int], book: RuleBook) -> Awards:
    """What each lapsed make-up costs, on the last day of its term, unless it was waived; two statements."""
    result: Awards = {pk: [] for pk in ids}
    rows = MakeUp.objects.filter(pk__in=ids, lapsed_on__isnull=False).exclude(state=MakeUpState.WAIVED)
    rows = rows.select_related("attendance__activity", "attendance__branch")
    found = list(rows.prefetch_related("attendance__activity__kinds").order_by("pk"))
    book.load({make_up.attendance.branch.hospital_id for make_up in found})
    posts = posts_of(
        Measured(make_up.attendance.member_id, make_up.due.year, make_up.attendance.branch.category)
        for make_up in found
        if book.on(make_up.attendance.branch.hospital_id, make_up.due).has_variants
    )
    for make_up in found:
        row = make_up.attendance
        kinds = [one.kind for one in row.activity.kinds.all() if one.kind in ABSENCE_COUNTS]
        edition = book.on(row.branch.hospital_id, make_up.due)
        item = edition.by_feed.get(LAPSED)
        points = item.value(post=posts.get((row.member_id, make_up.due.year), "")) if item else None
        if item and kinds and points:
            reason = f"{short_label(kinds[0])}请假后未按期补课：{row.activity}"[:120]
            award = Award(row.member_id, row.branch_id, make_up.due, edition.rows[item.code], points, reason)
            result[make_up.pk].append(award)
    return result


def lock(ids: Collection[int]) -> None:
    list(MakeUp.objects.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk").values_list("pk"))


def booked(ids: Collection[int]) -> dict[int, Booked]:
    rows = MakeUp.objects.filter(pk__in=ids).values_list("pk", "lapsed_on")
    return {pk: Booked(1, lapsed_on or timezone.localdate()) for pk, lapsed_on in rows}


def worth_asking(year: int | None) -> Iterable[int]:
    lapsed = MakeUp.objects.filter(lapsed_on__isnull=False)
    of_year = lapsed.filter(due__year=year) if year else lapsed
    return of_year.order_by("pk").values_list("pk", flat=True).iterator()


def touching(members: Collection[int], year: int) -> list[int]:
    lapsed = MakeUp.objects.filter(lapsed_on__isnull=False, due__year=year, attendance__member__in=members)
    return list(lapsed.order_by("pk").values_list("pk", flat=True))


def links(ids: Collection[int], reader: User) -> dict[int, str]:
    """To one's own attendance; for others to the record that was missed. Two statements."""
    rows = MakeUp.objects.filter(pk__in=ids).values_list("pk", "attendance__activity", "attendance__member__user")
    missed = {pk: (activity, user) for pk, activity, user in rows}
    records = Activity.objects.readable_by(reader).filter(pk__in={activity for activity, _ in missed.values()})
    seen = set(records.values_list("pk", flat=True))
    pages = {pk: reverse("activities:activity_detail", args=[one]) for pk, (one, _) in missed.items() if one in seen}
    return pages | {pk: reverse("activities:my_attendance") for pk, (_, user) in missed.items() if user == reader.pk}


register(
    Source(
        KIND,
        "补课",
        {LAPSED: "补课：请假后30天内未补课"},
        awards_of,
        booked,
        worth_asking,
        links=links,
        lock=lock,
        touching=touching,
    )
)
