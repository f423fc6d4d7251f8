"""The panels of the roll: the head count that must balance, admissions against the plan, and of whom it is made up."""

from dataclasses import dataclass
from datetime import date
from itertools import chain, repeat
from typing import Any

from django.db.models import Count, Q, Sum

from branches.models import Branch
from members.choices import EventKind
from members.composition import OTHER_POSTS, PARTS, composition
from members.development import Admissions, admissions, admitted_in, planned_of
from members.models import DevelopmentPlan, Member, MembershipEvent, RollMonth
from members.rules import Movement, Reconciliation, reconcile
from points.dashboard.panels import short_name
from points.dashboard.scope import MOST_LINES, Scope
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


@dataclass(frozen=True)
class DevelopmentLine:
    unit: Branch
    planned: int | None
    done: Admissions


@dataclass(frozen=True)
class Development:
    """Admissions from January to the end of the span; `planned` is of the whole year, None where nobody wrote one."""

    year: int
    planned: int | None
    done: Admissions
    lines: tuple[DevelopmentLine, ...]

    @property
    def chart(self) -> list[list[Any]]:
        return [[short_name(line.unit), line.done.admitted, line.planned] for line in self.lines]


def development(scope: Scope, span: Span) -> Development:
    """Two statements."""
    year = span.first.year
    found = admissions(scope.rows(admitted_in(year, span.end)), scope.key)
    plans = list(scope.rows(DevelopmentPlan.objects.all()).filter(year=year).select_related("branch"))
    units = scope.units if len(scope.units) <= MOST_LINES else ()
    lines = [DevelopmentLine(unit, planned_of(plans, unit), found.get(unit.pk, Admissions())) for unit in units]
    done = Admissions(sum(one.admitted for one in found.values()), sum(one.high_level for one in found.values()))
    shown = tuple(line for line in lines if line.planned is not None or line.done.admitted)
    return Development(year, planned_of(plans, scope.node), done, shown)


@dataclass(frozen=True)
class Bar:
    """One chart of the composition: what it counts by, and the people of each value."""

    key: str
    name: str
    rows: tuple[tuple[str, int], ...]
    lying: bool  # long names stand beside their bars

    @property
    def chart(self) -> list[list[Any]]:
        return [[label, n] for label, n in self.rows]

    @property
    def lines(self) -> list[tuple[str, int, str]]:
        """With what the roster calls these people ("part"); "" where they cannot be listed."""
        return [(label, n, f"{self.key}:{label}" if n and label != OTHER_POSTS else "") for label, n in self.rows]


def composition_of(scope: Scope, today: date) -> list[Bar]:
    """The roll of today, whatever the span: one statement that reads it whole, so never of several hospitals."""
    made = composition(scope.rows(Member.objects.all()).current(), today)
    if not made.people:
        return []
    return [
        Bar("ages", PARTS["ages"], made.ages, lying=False),
        Bar("standings", PARTS["standings"], made.standings, lying=False),
        Bar("education", PARTS["education"], made.education, lying=True),
        Bar("posts", PARTS["posts"], made.posts, lying=True),
    ]
