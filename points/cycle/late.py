"""Late bookings (补记): what was booked after the month of its deed was closed. The publication and the pages of a
member's points ask here, so that both call the same entries late.
"""

from collections.abc import Collection
from datetime import date, datetime

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from points.choices import Category, PeriodKind, PeriodState
from points.cycle.rules import is_late, quarter_end, quarter_of
from points.ledger.homes import homes_on
from points.ledger.posting import CLAIM
from points.models import Claim, Entry, PeriodClose, Publication
from points.models.ledger import EntryQuerySet


def late_among(entries: EntryQuerySet) -> list[Entry]:
    """Those of `entries` that are late bookings, in their order.

    One statement; one more where deductions are among what was booked after its month was closed, and two where such
    a one had been announced before.
    """
    months = PeriodClose.objects.filter(branch=OuterRef("branch"), kind=PeriodKind.MONTH, start=OuterRef("month"))
    closed = months.exclude(state=PeriodState.OPEN).values("changed_at")[:1]
    rows = list(entries.annotate(closed_at=Subquery(closed)).filter(closed_at__lt=F("created_at")))
    announced = _announced(rows)
    published = _published([row for row in rows if row.pk in announced])
    return [
        row
        for row in rows
        if is_late(row.created_at, row.closed_at, announced.get(row.pk), published.get(_place_of(row)))
    ]


def _place_of(row: Entry) -> tuple[int, date]:
    return row.member_id, quarter_end(quarter_of(row.month))


def _announced(rows: Collection[Entry]) -> dict[int, datetime]:
    """Entry -> when its member was told of the deduction, for the first posting of each; what a correction of it made
    is no longer what had been announced."""
    told = {row.source_id for row in rows if row.source_kind == CLAIM and row.category == Category.DED}
    if not told:
        return {}
    first = Entry.objects.filter(source_kind=CLAIM, source_id=OuterRef("pk")).order_by("pk").values("pk")[:1]
    claims = Claim.objects.filter(pk__in=told).annotate(
        entry=Subquery(first), told_at=Coalesce("declared_at", "created_at")
    )
    return dict(claims.values_list("entry", "told_at"))


def _published(rows: Collection[Entry]) -> dict[tuple[int, date], datetime]:
    """Member and end of a quarter -> when the branch that names the member in that quarter first published it."""
    places = {_place_of(row) for row in rows}
    if not places:
        return {}
    homes = homes_on(places)
    shown = Publication.objects.filter(
        branch__in=set(homes.values()), quarter__in={quarter_of(end) for _, end in places}, number=1
    )
    first = {(branch, quarter): at for branch, quarter, at in shown.values_list("branch", "quarter", "created_at")}
    return {
        (member, end): first[branch, quarter_of(end)]
        for (member, end), branch in homes.items()
        if (branch, quarter_of(end)) in first
    }
