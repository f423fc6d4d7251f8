"""Months are closed, quarters and years locked and, with a reason, opened again. The only writer of PeriodClose.

Closing changes no number. After it: a closed month still takes what was forgotten (booked now, shown as 补记); a locked
quarter is opened again by the Party office, a locked year by the secretary of the Party committee.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction

from activities.choices import Period
from activities.plan.periods import Span, periods, span_of
from activities.plan.rollups import lock_branches
from branches.audit import record
from branches.models import Branch, User
from members.closing import MonthState, register
from points.choices import PeriodKind, PeriodState
from points.models import PeriodClose

SPANS: Final = {
    PeriodKind.MONTH: Period.MONTH,
    PeriodKind.QUARTER: Period.QUARTER,
    PeriodKind.YEAR: Period.YEAR,
}
PARTS: Final = {PeriodKind.QUARTER: (PeriodKind.MONTH, "个月"), PeriodKind.YEAR: (PeriodKind.QUARTER, "个季度")}
REASON_LENGTH: Final = range(4, 201)


class Standing(NamedTuple):
    """One period of a branch as a page shows it."""

    kind: PeriodKind
    span: Span
    state: PeriodState
    reason: str
    ended: bool

    @property
    def label(self) -> str:
        return self.span.label


def first_closed_month(hospital: Branch) -> date | None:
    """The first month any branch of the hospital closed. One query."""
    closed = PeriodClose.objects.filter(branch__hospital=hospital, kind=PeriodKind.MONTH, state=PeriodState.CLOSED)
    return closed.order_by("start").values_list("start", flat=True).first()


def month_state(branch: Branch, month: date) -> MonthState:
    """What may still be done about `month` (its first day) at a branch. One query."""
    starts = {kind: span_of(period, month).start for kind, period in SPANS.items()}
    rows = PeriodClose.objects.filter(branch=branch, start__in=set(starts.values()))
    states = {(kind, start): state for kind, start, state in rows.values_list("kind", "start", "state")}
    if states.get((PeriodKind.YEAR, starts[PeriodKind.YEAR])) == PeriodState.LOCKED:
        return MonthState.YEAR_LOCKED
    if states.get((PeriodKind.QUARTER, starts[PeriodKind.QUARTER])) == PeriodState.LOCKED:
        return MonthState.QUARTER_LOCKED
    closed = states.get((PeriodKind.MONTH, starts[PeriodKind.MONTH]), PeriodState.OPEN) != PeriodState.OPEN
    return MonthState.CLOSED if closed else MonthState.OPEN


def register_periods() -> None:
    """Tell the rooms below which months are closed; called once, when the application starts."""
    register(first_closed_month, month_state)


@transaction.atomic
def close_months(*, branches: Iterable[Branch], month: date, actor: User | None, today: date) -> int:
    """Close one month of many branches; those already closed stay as they are. Returns how many were closed now."""
    span = span_of(Period.MONTH, month)
    if span.end >= today:
        raise ValidationError(f"{span.label}还没有结束，不能关账。")
    nodes = {branch.pk: branch for branch in branches if branch.founded_on <= span.end}
    lock_branches(nodes)
    rows = PeriodClose.objects.filter(branch__in=nodes, kind=PeriodKind.MONTH, start=span.start)
    standing = {row.branch_id: row for row in rows}
    closed = 0
    for pk, branch in nodes.items():
        row = standing.get(pk) or PeriodClose(branch=branch, kind=PeriodKind.MONTH, start=span.start)
        closed += _set(row, PeriodState.CLOSED, actor, "period.closed")
    return closed


@transaction.atomic
def lock_period(*, branch: Branch, kind: PeriodKind, start: date, actor: User | None, today: date) -> PeriodClose:
    """Lock a quarter whose months are closed, or a year whose quarters are locked."""
    if kind not in PARTS:
        raise ValidationError("月份只能关账，不能锁定。")
    span, (part, unit) = span_of(SPANS[kind], start), PARTS[kind]
    if span.end >= today:
        raise ValidationError(f"{span.label}还没有结束，不能锁定。")
    lock_branches([branch.pk])
    wanted = [one.start for one in periods(SPANS[part], span.start.year) if span.start <= one.start <= span.end]
    owed = {one for one in wanted if span_of(SPANS[part], one).end >= branch.founded_on}
    ready = PeriodState.CLOSED if part == PeriodKind.MONTH else PeriodState.LOCKED
    done = PeriodClose.objects.filter(branch=branch, kind=part, start__in=owed, state=ready).count()
    if done < len(owed):
        word = "关账" if part == PeriodKind.MONTH else "锁定"
        raise ValidationError(f"{span.label}还有{len(owed) - done}{unit}没有{word}，请先{word}。")
    row, _ = PeriodClose.objects.get_or_create(branch=branch, kind=kind, start=span.start)
    _set(row, PeriodState.LOCKED, actor, "period.locked")
    return row


@transaction.atomic
def reopen_period(*, branch: Branch, kind: PeriodKind, start: date, reason: str, actor: User) -> PeriodClose:
    """Open a locked quarter or year again. A quarter of a locked year waits for the year."""
    reason = " ".join(reason.split())
    if len(reason) not in REASON_LENGTH:
        raise ValidationError({"reason": "请写明重新开放的原因（4至200字）。"})
    lock_branches([branch.pk])
    span = span_of(SPANS[kind], start)
    row = PeriodClose.objects.filter(branch=branch, kind=kind, start=span.start, state=PeriodState.LOCKED).first()
    if row is None or kind == PeriodKind.MONTH:
        raise ValidationError(f"{span.label}没有锁定，不需要重新开放。")
    if kind == PeriodKind.QUARTER and month_state(branch, span.start) == MonthState.YEAR_LOCKED:
        raise ValidationError(f"{start.year}年已锁定，须由党委书记先重新开放年度。")
    row.reason = reason
    _set(row, PeriodState.OPEN, actor, "period.reopened", reason)
    return row


def _set(row: PeriodClose, state: PeriodState, actor: User | None, action: str, reason: str = "") -> bool:
    """Bring one row to a state, with its line in the trail; True when that changed it."""
    before = PeriodState(row.state)
    if before == state:
        return False
    row.state, row.changed_by = state, actor
    row.save()
    changes: dict[str, object] = {"state": [before.label, state.label], "period": [None, _name(row)]}
    if reason:
        changes["reason"] = [None, reason]
    record(actor=actor, action=action, target=row, branch=row.branch, changes=changes)
    return True


def _name(row: PeriodClose) -> str:
    label = span_of(SPANS[PeriodKind(row.kind)], row.start).label
    return label if row.kind == PeriodKind.YEAR else f"{row.start.year}年{label}"


def year_of(branch: Branch, year: int, today: date) -> list[Standing]:
    """The twelve months, four quarters and the year itself of one branch, each quarter after its months. One query."""
    rows = {(row.kind, row.start): row for row in PeriodClose.objects.filter(branch=branch, start__year=year)}

    def standing(kind: PeriodKind, span: Span) -> Standing:
        row = rows.get((kind, span.start))
        state = PeriodState(row.state) if row else PeriodState.OPEN
        return Standing(kind, span, state, row.reason if row else "", span.end < today)

    shown = []
    for quarter in periods(Period.QUARTER, year):
        months = [one for one in periods(Period.MONTH, year) if quarter.start <= one.start <= quarter.end]
        shown += [standing(PeriodKind.MONTH, one) for one in months if one.end >= branch.founded_on]
        if quarter.end >= branch.founded_on:
            shown.append(standing(PeriodKind.QUARTER, quarter))
    return [*shown, standing(PeriodKind.YEAR, span_of(Period.YEAR, date(year, 1, 1)))]
