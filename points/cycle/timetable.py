"""Where the periods of a branch stand, and what comes next: who does it, by when. Reads only."""

from datetime import date
from functools import partial
from typing import NamedTuple

from django.db.models import Count

from activities.choices import Period
from activities.plan.periods import Span, periods, span_of
from branches.models import Branch
from branches.working_days import WorkCalendar, load_calendar, next_working_day
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
    return _Year(branch, year, today).lines()


class _Year:
    def __init__(self, branch: Branch, year: int, today: date) -> None:
        self.branch, self.year, self.today = branch, year, today
        rows = PeriodClose.objects.filter(branch=branch, start__year=year)
        self.rows = {(row.kind, row.start): row for row in rows}
        shown = Publication.objects.filter(branch=branch, quarter__year=year).defer("table").order_by("number")
        self.shown = {row.quarter: row for row in shown}
        raised = Objection.objects.filter(branch=branch, quarter__year=year).unsettled(today).order_by()
        self.unsettled = dict(raised.values_list("quarter").annotate(Count("pk")))
        self.calendar: WorkCalendar = load_calendar([year, year + 1])

    def lines(self) -> list[Line]:
        found = []
        for quarter in periods(Period.QUARTER, self.year):
            months = [one for one in periods(Period.MONTH, self.year) if quarter.start <= one.start <= quarter.end]
            found += [self.line(PeriodKind.MONTH, one) for one in months if lived_in(self.branch, one)]
            if lived_in(self.branch, quarter):
                found.append(self.line(PeriodKind.QUARTER, quarter))
        return [*found, self.line(PeriodKind.YEAR, span_of(Period.YEAR, date(self.year, 1, 1)))]

    def state(self, kind: PeriodKind, start: date) -> PeriodState:
        row = self.rows.get((kind, start))
        return PeriodState(row.state) if row else PeriodState.OPEN

    def line(self, kind: PeriodKind, span: Span) -> Line:
        row = self.rows.get((kind, span.start))
        state, shown = self.state(kind, span.start), self.shown.get(span.start)
        shown = shown if kind == PeriodKind.QUARTER else None
        step = NOTHING if self._is_over(kind) else next_step(self._standing(kind, span, state, shown), self.today)
        return Line(kind, span, state, row.reason if row else "", span.end < self.today, step, shown)

    def _is_over(self, kind: PeriodKind) -> bool:
        return kind != PeriodKind.YEAR and self.state(PeriodKind.YEAR, date(self.year, 1, 1)) == PeriodState.LOCKED

    def _standing(self, kind: PeriodKind, span: Span, state: PeriodState, shown: Publication | None) -> rules.Standing:
        following, ended = partial(next_working_day, calendar=self.calendar), span.end < self.today
        if kind == PeriodKind.MONTH:
            return rules.Standing(kind, state, ended, due=rules.month_closes_on(span.start, following))
        parts = parts_of(self.branch, kind, span)
        if kind == PeriodKind.YEAR:
            owed = sum(self.state(PeriodKind.QUARTER, one) != PeriodState.LOCKED for one in parts)
            due = rules.year_locked_by(self.year)
            return rules.Standing(kind, state, ended, 0 if self.today >= due else owed, due)
        owed = sum(self.state(PeriodKind.MONTH, one) == PeriodState.OPEN for one in parts)
        asked = ended and not owed and state == PeriodState.OPEN
        return rules.Standing(
            kind,
            state,
            ended,
            owed,
            rules.quarter_published_by(span.start, following),
            shown.objections_until if shown else None,
            shown.appeals_until if shown else None,
            self.unsettled.get(span.start, 0),
            asked and nobody_to_publish(self.branch, span),
        )
