"""The monthly head count, always counted anew from the events: it cannot drift."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from branches.models import Branch
from members.choices import MemberType
from members.models import MembershipEvent, RollMonth, month_of

BATCH: Final = 500  # branches of one step of a comparison


class Step(NamedTuple):
    """One event as the count needs it; `branch_id` is None once off the roll."""

    member_id: int
    recorded_on: date
    branch_id: int | None
    member_type: str


def months_between(first: date, last: date) -> Iterator[date]:
    """First days of the months from `first` to `last`, both included."""
    month = month_of(first)
    while month <= last:
        yield month
        month = next_month(month)


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def count_months(steps: Iterable[Step], months: Iterable[date]) -> dict[tuple[int, date], dict[str, int]]:
    """Head counts by (branch, month) at the end of each month; `steps` by member, day and id. Zeros are absent."""
    months = list(months)
    counts: dict[tuple[int, date], dict[str, int]] = {}
    for _member, own in groupby(steps, key=lambda step: step.member_id):
        history = list(own)
        here, place = None, 0
        for month in months:
            end = next_month(month)
            while place < len(history) and history[place].recorded_on < end:
                here = history[place]
                place += 1
            if here is not None and here.branch_id is not None:
                cell = counts.setdefault((here.branch_id, month), dict.fromkeys(MemberType.values, 0))
                cell[here.member_type] += 1
    return counts


def lock_branches(ids: Iterable[int]) -> None:
    """Let one transaction at a time count these branches; in the order of the tree, as every room locks them.

    Who locks members as well does so after it: a record holds its branch before it asks for its people.
    """
    rows = Branch.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).order_by("path")
    list(rows.values_list("pk", flat=True))


@transaction.atomic
def recount_roll_months(*, branches: Iterable[Branch | int], from_month: date) -> None:
    """Count `branches` from the month of `from_month` to the present one. Waits for others who count the same branches.

    The branches are locked first and the events read after that, so of two changes at once the second counts both.
    """
    ids = sorted({branch if isinstance(branch, int) else branch.pk for branch in branches})
    lock_branches(ids)
    months = list(months_between(from_month, timezone.localdate()))
    counts = count_months(_steps(ids), months)
    nobody = dict.fromkeys(MemberType.values, 0)
    found = [(branch, month, counts.get((branch, month), nobody)) for branch in ids for month in months]
    RollMonth.objects.bulk_create(
        [
            RollMonth(branch_id=branch, month=month, full=n[MemberType.FULL], probationary=n[MemberType.PROBATIONARY])
            for branch, month, n in found
        ],
        update_conflicts=True,
        unique_fields=["branch", "month"],
        update_fields=["full", "probationary"],
        batch_size=500,
    )


def _steps(branch_ids: Collection[int]) -> Iterator[Step]:
    """The events of everybody who was ever on the roll of these branches."""
    touched = MembershipEvent.objects.filter(branch__in=branch_ids).values("member")
    rows = (
        MembershipEvent.objects.standing()
        .filter(member__in=touched)
        .order_by("member", "recorded_on", "pk")
        .values_list("member_id", "recorded_on", "branch_id", "member_type")
    )
    return (Step(*row) for row in rows.iterator(chunk_size=2000))


def differing_months(year: int) -> Iterator[tuple[tuple[int, date], tuple[int, int], tuple[int, int]]]:
    """Rows of a year that are not what a recount would write: (branch, month), counted, stored. Only reads.

    From the first month each branch was ever counted for, to the present; a missing row counts as nobody.
    """
    today = timezone.localdate()
    months = [month for month in months_between(date(year, 1, 1), date(year, 12, 31)) if month <= today]
    since = dict(RollMonth.objects.order_by("branch").values_list("branch").annotate(first=Min("month")))
    branches = sorted(pk for pk, first in since.items() if first.year <= year)
    for start in range(0, len(branches) if months else 0, BATCH):
        batch = branches[start : start + BATCH]
        found = count_months(_steps(batch), months)
        rows = RollMonth.objects.filter(branch__in=batch, month__in=months)
        stored = {row[:2]: row[2:] for row in rows.values_list("branch", "month", "full", "probationary")}
        for key in ((pk, month) for pk in batch for month in months if month >= since[pk]):
            n = found.get(key, {})
            counted = n.get(MemberType.FULL, 0), n.get(MemberType.PROBATIONARY, 0)
            if counted != stored.get(key, (0, 0)):
                yield key, counted, stored.get(key, (0, 0))


def open_month() -> None:
    """Give every open branch its row of the present month; may run any number of times."""
    today = timezone.localdate()
    recount_roll_months(branches=Branch.objects.branches().open_on(today), from_month=today)
