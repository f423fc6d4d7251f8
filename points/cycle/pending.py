"""What of a month is not settled when it is to be closed. Nothing is lost: it is booked later, as 补记. Reads only."""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from activities.choices import HANDED_IN, ActivityState, ConfirmedBy, Period
from activities.confirming import confirmers_of_each
from activities.models import Activity
from activities.plan.periods import span_of
from branches.models import Branch, User
from points.choices import CAPPED, ClaimState, PeriodKind, PeriodState
from points.cycle.closing import lived_in
from points.models import Claim, PeriodClose

SHOWN: Final = 50  # records the page names; the others are counted
NAMED: Final = 3


class Record(NamedTuple):
    """A record that is not confirmed, and who holds it: those who may confirm it, else who wrote it."""

    activity: Activity
    who: str


class Pending(NamedTuple):
    """`branches`: how many the closing would close. `deductions`: announced ones; `due`: those posted with it."""

    branches: int
    records: list[Record]
    n_records: int
    claims: int
    deductions: int
    due: int


def pending(branches: Iterable[Branch], month: date, today: date) -> Pending:
    """Of the branches whose month is still open. Eight statements for any number of branches."""
    span = span_of(Period.MONTH, month)
    closed = PeriodClose.objects.filter(kind=PeriodKind.MONTH, start=span.start).exclude(state=PeriodState.OPEN)
    done = set(closed.values_list("branch", flat=True))
    nodes = [one.pk for one in branches if one.pk not in done and lived_in(one, span)]
    rows = Activity.objects.filter(branch__in=nodes, starts_at__date__range=(span.start, span.end)).exclude(
        state__in=[state for state in HANDED_IN if state != ActivityState.SUBMITTED]
    )
    shown = rows.select_related("branch", "group", "recorder").prefetch_related("kinds")
    claims = Claim.objects.filter(branch__in=nodes, month=span.start)
    announced = claims.filter(state=ClaimState.ANNOUNCED)
    return Pending(
        len(nodes),
        _held(list(shown.order_by("branch__path", "starts_at", "pk")[:SHOWN]), today),
        rows.count(),
        claims.ordinary().filter(state=ClaimState.DECLARED, category__in=CAPPED).count(),
        announced.count(),
        announced.filter(postable_from__lte=today).count(),
    )


def _held(records: list[Activity], today: date) -> list[Record]:
    free = confirmers_of_each(records, today)
    people = {pk for one in free.values() for pk in one.people}
    names = dict(User.objects.filter(pk__in=people).values_list("pk", "name"))
    found = []
    for one in records:
        who = one.recorder.name
        if one.state == ActivityState.SUBMITTED:
            by, may = free[one.pk]
            who = "、".join(names[pk] for pk in sorted(may)[:NAMED])
            if by == ConfirmedBy.OFFICE or not who:
                who = str(ConfirmedBy.OFFICE.label)
        found.append(Record(one, who))
    return found
