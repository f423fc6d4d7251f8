"""Where the periods of a branch stand, and what comes next: who does it, by when. Reads only."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from django.db.models import Count, Min
from django.utils import timezone

from activities.choices import Period
from activities.plan.periods import Span, periods, span_of
from branches.models import Branch
from branches.working_days import WorkCalendar, load_calendar, next_working_day
from members.models import Member, MembershipEvent
from points.choices import PeriodKind, PeriodState
from points.cycle import rules
from points.cycle.closing import lived_in, nobody_to_publish, parts_of
from points.cycle.rules import NOTHING, Step, next_step
from points.models import Objection, PeriodClose, Publication


class Line(NamedTuple):
    """One period of a branch as a page shows it."""

    kind: PeriodKind
    span: Span
    state: PeriodState
    reason: str
    ended: bool
    step: Step
    publication: Publication | None

    @property
    def label(self) -> str:
        return self.span.label


def year_of(branch: Branch, year: int, today: date) -> list[Line]:
    """The months, quarters and the year itself of one branch, each quarter after its months. Five queries at most, one
    more for a quarter that was never published."""
    return years_of([branch], year, today)[branch.pk]


def years_of(branches: Sequence[Branch], year: int, today: date) -> dict[int, list[Line]]:
    """The same of many branches, by the id of each, for as many queries."""
    one = _Year(branches, year, today)
    return {branch.pk: one.lines(branch) for branch in branches}


def first_month(hospital_id: int) -> date | None:
    """The month in which the house began to use this site, or the first it closed itself; nothing before it closes by
    itself, so that a roster may still be brought in and the past filled in."""
    began = MembershipEvent.objects.filter(branch__hospital=hospital_id).aggregate(at=Min("created_at"))["at"]
    hand = PeriodClose.objects.filter(branch__hospital=hospital_id, kind=PeriodKind.MONTH)
    first_closed = hand.exclude(state=PeriodState.OPEN).aggregate(start=Min("start"))["start"]
    days = [day for day in (timezone.localdate(began) if began else None, first_closed) if day]
    return min(days).replace(day=1) if days else None


class _Year:
    def __init__(self, branches: Sequence[Branch], year: int, today: date) -> None:
        self.branches, self.year, self.today = branches, year, today
        rows = PeriodClose.objects.filter(branch__in=branches, start__year=year)
        self.rows = {(row.branch_id, row.kind, row.start): row for row in rows}
        shown = Publication.objects.filter(branch__in=branches, quarter__year=year).defer("table").order_by("number")
        self.shown = {(row.branch_id, row.quarter): row for row in shown}
        raised = Objection.objects.filter(branch__in=branches, quarter__year=year).unsettled(today).order_by()
        counts = raised.values_list("branch", "quarter").annotate(n=Count("pk"))
        self.unsettled = {(pk, quarter): n for pk, quarter, n in counts}
        self.peopled: dict[date, set[int]] = {}
        self.calendar: WorkCalendar = load_calendar([year, year + 1])

    def lines(self, branch: Branch) -> list[Line]:
        found = []
        for quarter in periods(Period.QUARTER, self.year):
            months = [one for one in periods(Period.MONTH, self.year) if quarter.start <= one.start <= quarter.end]
            found += [self.line(branch, PeriodKind.MONTH, one) for one in months if lived_in(branch, one)]
            if lived_in(branch, quarter):
                found.append(self.line(branch, PeriodKind.QUARTER, quarter))
        return [*found, self.line(branch, PeriodKind.YEAR, span_of(Period.YEAR, date(self.year, 1, 1)))]

    def state(self, branch: Branch, kind: PeriodKind, start: date) -> PeriodState:
        row = self.rows.get((branch.pk, kind, start))
        return PeriodState(row.state) if row else PeriodState.OPEN

    def line(self, branch: Branch, kind: PeriodKind, span: Span) -> Line:
        row = self.rows.get((branch.pk, kind, span.start))
        state, shown = self.state(branch, kind, span.start), self.shown.get((branch.pk, span.start))
        shown = shown if kind == PeriodKind.QUARTER else None
        over = self._is_over(branch, kind)
        step = NOTHING if over else next_step(self._standing(branch, kind, span, state, shown), self.today)
        return Line(kind, span, state, row.reason if row else "", span.end < self.today, step, shown)

    def _is_over(self, branch: Branch, kind: PeriodKind) -> bool:
        whole = self.state(branch, PeriodKind.YEAR, date(self.year, 1, 1))
        return kind != PeriodKind.YEAR and whole == PeriodState.LOCKED

    def _standing(
        self, branch: Branch, kind: PeriodKind, span: Span, state: PeriodState, shown: Publication | None
    ) -> rules.Standing:
        following, ended = partial(next_working_day, calendar=self.calendar), span.end < self.today
        if kind == PeriodKind.MONTH:
            return rules.Standing(kind, state, ended, due=rules.month_closes_on(span.start, following))
        parts = parts_of(branch, kind, span)
        if kind == PeriodKind.YEAR:
            owed = sum(self.state(branch, PeriodKind.QUARTER, one) != PeriodState.LOCKED for one in parts)
            due = rules.year_locked_by(self.year)
            return rules.Standing(kind, state, ended, 0 if self.today >= due else owed, due)
        owed = sum(self.state(branch, PeriodKind.MONTH, one) == PeriodState.OPEN for one in parts)
        asked = ended and not owed and state == PeriodState.OPEN
        return rules.Standing(
            kind,
            state,
            ended,
            owed,
            rules.quarter_published_by(span.start, following),
            shown.objections_until if shown else None,
            shown.appeals_until if shown else None,
            self.unsettled.get((branch.pk, span.start), 0),
            asked and self._nobody(branch, span),
        )

    def _nobody(self, branch: Branch, quarter: Span) -> bool:
        """As closing.nobody_to_publish, a quarter once for all branches."""
        if len(self.branches) == 1:
            return nobody_to_publish(branch, quarter)
        if quarter.start not in self.peopled:
            roll = Member.objects.on_roll(quarter.end).order_by().values_list("roll_branch_id", flat=True)
            self.peopled[quarter.start] = set(roll.distinct())
        return branch.pk not in self.peopled[quarter.start]
