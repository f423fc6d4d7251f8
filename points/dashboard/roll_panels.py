"""The panels of the roll: the head count that must balance."""

from dataclasses import dataclass
from datetime import date
from itertools import chain, repeat

from django.db.models import Count, Q, Sum

from branches.models import Branch
from members.choices import EventKind
from members.models import MembershipEvent, RollMonth
from members.rules import Movement, Reconciliation, reconcile
from points.dashboard.scope import Scope
from points.dashboard.span import Span


@dataclass(frozen=True)
class Headcount:
    sums: Reconciliation
    counted: int
    since: date
    until: date

    @property
    def gap(self) -> int:
        return self.sums.gap(self.counted)

    @property
    def equation(self) -> list[tuple[str, str, int]]:
        """(sign, name, people): what is nothing is left out, but the admitted."""
        s = self.sums
        parts = [
            ("+", "启用在册", s.opening),
            ("+", "发展", s.admitted),
            ("+", "转入", s.transferred_in),
            ("+", "恢复党籍", s.reinstated),
            ("−", "转出", s.transferred_out),
            ("−", "去世", s.deceased),
            ("−", "出党", s.removed),
            ("−", "取消预备", s.cancelled),
        ]
        return [part for part in parts if part[2] or part[1] == "发展"]


def headcount(scope: Scope, span: Span, counted: int) -> Headcount:
    """From the last day of the year before to the end of the span: start and end from counts, the steps from events.

    Two statements; a move counts where it crosses the border of the scope.
    """
    first = date(span.first.year, 1, 1)
    december = scope.rows(RollMonth.objects.all()).filter(month=date(first.year - 1, 12, 1))
    start = december.aggregate(n=Sum("full", default=0), p=Sum("probationary", default=0))
    inside = scope.rows(Branch.objects.all()).order_by().values("pk")
    came, went = Q(from_branch__in=inside), Q(branch__in=inside)
    events = scope.rows(MembershipEvent.objects.all()).standing().filter(recorded_on__range=(first, span.end))
    counts = (
        events.order_by()
        .values_list("kind")
        .annotate(n=Count("pk"), arrived=Count("pk", filter=went & ~came), gone=Count("pk", filter=came & ~went))
    )
    movements = chain.from_iterable(_movements(*row) for row in counts)
    return Headcount(reconcile(start["n"] + start["p"], movements), counted, first, span.end)


def _movements(kind: str, n: int, arrived: int, gone: int) -> chain[Movement]:
    if kind != EventKind.MOVED:
        return chain(repeat(Movement(kind), n))
    entering = repeat(Movement(kind, came_from_inside=False, went_inside=True), arrived)
    return chain(entering, repeat(Movement(kind, came_from_inside=True, went_inside=False), gone))
