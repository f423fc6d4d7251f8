"""ActivityMonth: branch × month × kind, counted from plan items and confirmed records. The records are the truth.

Callers hold `lock_branches` of the same transaction: a recount without the lock drifts.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import TruncMonth
from django.utils import timezone

from activities.choices import AttendanceStatus, Period, PlanState
from activities.models import SEEN_BY_MEMBERS, ActivityKind, ActivityMonth, PlanItem
from activities.plan.periods import span_of
from branches.models import Branch

PLANNED: Final = ("required", "done", "late")
HELD: Final = ("held",)
PEOPLE: Final = ("expected", "present", "excused", "made_up")
COUNTS: Final = (*PLANNED, *HELD, *PEOPLE)
BATCH: Final = 500  # branches of one step of a comparison
EXCUSED: Final = (AttendanceStatus.LEAVE, AttendanceStatus.OFFICIAL)


def lock_branches(ids: Iterable[int]) -> None:
    """Let one transaction at a time write the plan and the roll-ups of a branch; always in the order of the tree.

    The weaker row lock leaves foreign keys to the branch writable for everybody else.
    """
    list(Branch.objects.filter(pk__in=set(ids)).order_by("path").select_for_update(no_key=True).values_list("pk"))


def day_start(day: date) -> datetime:
    """Midnight of the site's own time."""
    return timezone.make_aware(datetime.combine(day, time.min))


@transaction.atomic
def recount_months(
    *, branches: Collection[int], months: Collection[date], kinds: Collection[str] | None = None
) -> None:
    """Write the roll-up rows of these branches and months anew: three counting statements, one upsert, one clean-up.

    `months` are first days; `kinds` None means all.
    """
    if not branches or not months:
        return
    found = _found(branches, months, kinds)
    ActivityMonth.objects.bulk_create(
        [ActivityMonth(branch_id=key[0], month=key[1], kind=key[2], **counts) for key, counts in sorted(found.items())],
        batch_size=500,
        update_conflicts=True,
        unique_fields=["branch", "month", "kind"],
        update_fields=list(COUNTS),
    )
    standing = ActivityMonth.objects.filter(branch__in=branches, month__in=months)
    if kinds is not None:
        standing = standing.filter(kind__in=kinds)
    gone = [row[0] for row in standing.values_list("pk", "branch", "month", "kind") if row[1:] not in found]
    if gone:
        ActivityMonth.objects.filter(pk__in=gone).delete()


def differing_months(year: int) -> Iterator[tuple[tuple[int, date, str], tuple[int, ...], tuple[int, ...]]]:
    """Rows of a year that are not what a recount would write: (branch, month, kind), counted, stored. Only reads.

    In batches of branches; a row that is missing counts as zeros, which is what pages make of it.
    """
    months = [date(year, month, 1) for month in range(1, 13)]
    branches = list(Branch.objects.order_by("pk").values_list("pk", flat=True))
    none = (0,) * len(COUNTS)
    for start in range(0, len(branches), BATCH):
        batch = branches[start : start + BATCH]
        counted = {key: tuple(counts.values()) for key, counts in _found(batch, months, None).items()}
        rows = ActivityMonth.objects.filter(branch__in=batch, month__in=months)
        stored = {row[:3]: row[3:] for row in rows.values_list("branch", "month", "kind", *COUNTS)}
        for key in sorted({*counted, *stored}):
            if counted.get(key, none) != stored.get(key, none):
                yield key, counted.get(key, none), stored.get(key, none)


@transaction.atomic
def rebuild_activity_months(*, branches: Iterable[Branch], year: int) -> None:
    """Recount a whole year of many branches: after seeding, and for recovery."""
    ids = [branch.pk for branch in branches]
    lock_branches(ids)
    recount_months(branches=ids, months=[date(year, month, 1) for month in range(1, 13)])


def _found(
    branches: Collection[int], months: Collection[date], kinds: Collection[str] | None
) -> dict[tuple[int, date, str], dict[str, int]]:
    """What records and plan items say, by (branch, month, kind); three statements."""
    first, last = min(months), span_of(Period.MONTH, max(months)).end
    found: dict[tuple[int, date, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTS, 0))
    for names, rows in _counted(branches, first, last, kinds):
        for branch, month, kind, *counts in rows:
            month = month.date() if isinstance(month, datetime) else month
            if month in months:
                found[branch, month, kind].update(zip(names, counts, strict=True))
    return found


def _counted(
    branches: Collection[int], first: date, last: date, kinds: Collection[str] | None
) -> Iterator[tuple[tuple[str, ...], Iterable[Any]]]:
    """The counts of one statement each, as rows (branch, month, kind, …) with the names of what follows."""
    items = PlanItem.objects.filter(branch__in=branches, due__range=(first, last)).exclude(
        state__in=[PlanState.NOT_APPLICABLE, PlanState.NOT_HELD]
    )
    held = ActivityKind.objects.filter(
        activity__branch__in=branches,
        activity__state__in=SEEN_BY_MEMBERS,
        activity__starts_at__gte=day_start(first),
        activity__starts_at__lt=day_start(last + timedelta(days=1)),
    )
    if kinds is not None:
        items, held = items.filter(kind__in=kinds), held.filter(kind__in=kinds)
    confirmed = Q(state=PlanState.CONFIRMED)
    late = confirmed & Q(late=True)
    yield (
        PLANNED,
        items.annotate(in_month=TruncMonth("due"))
        .values("branch", "in_month", "kind")
        .annotate(n=Count("pk"), n_done=Count("pk", filter=confirmed), n_late=Count("pk", filter=late))
        .order_by()
        .values_list("branch", "in_month", "kind", "n", "n_done", "n_late"),
    )
    by_month = held.annotate(in_month=TruncMonth("activity__starts_at")).order_by()
    of_month = by_month.values("activity__branch", "in_month", "kind")
    keys = ("activity__branch", "in_month", "kind")
    yield HELD, of_month.annotate(n=Count("pk")).values_list(*keys, "n")
    status = "activity__attendances__status"
    yield (
        PEOPLE,
        of_month.annotate(
            n=Count("activity__attendances"),
            n_present=Count("pk", filter=Q(**{status: AttendanceStatus.PRESENT})),
            n_excused=Count("pk", filter=Q(**{f"{status}__in": EXCUSED})),
            n_made_up=Count("pk", filter=Q(activity__attendances__made_up_on__isnull=False)),
        ).values_list(*keys, "n", "n_present", "n_excused", "n_made_up"),
    )
