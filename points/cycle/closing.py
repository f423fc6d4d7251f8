"""Months are closed, quarters and years locked and, with a reason, opened again. With publishing.py the only writer of
PeriodClose.

Closing changes no number. After it: a closed month still takes what was forgotten (booked now, shown as 补记); a locked
quarter is opened again by the Party office, a locked year by the secretary of the Party committee.
"""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from activities.attendance.rules import study_year_key
from activities.choices import Period
from activities.plan.periods import Span, periods, span_of
from activities.plan.rollups import lock_branches
from branches.audit import record, record_many
from branches.choices import Role, Topic
from branches.inbox import Message, notify_many
from branches.models import Appointment, Branch, User
from branches.todo import open_todo
from config.templatetags.ui import cn_day
from members.closing import MonthState, register
from members.models import Member
from points.choices import ClaimState, PeriodKind, PeriodState
from points.claims.deductions import post_due
from points.cycle.rules import may_lock_quarter, year_locked_by
from points.ledger.posting import post_many
from points.models import Assessment, Claim, Objection, PeriodClose, Publication
from points.sources import study

SPANS: Final = {
    PeriodKind.MONTH: Period.MONTH,
    PeriodKind.QUARTER: Period.QUARTER,
    PeriodKind.YEAR: Period.YEAR,
}
REASON_LENGTH: Final = range(4, 201)
DECEMBER: Final = 12


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


def lived_in(branch: Branch, span: Span) -> bool:
    """A branch closes the months of its life: from the one it was founded in to the one of its last day."""
    return branch.founded_on <= span.end and (branch.dissolved_on is None or branch.dissolved_on >= span.start)


def parts_of(branch: Branch, kind: PeriodKind, span: Span) -> list[date]:
    """First days of the months of a quarter, or of the quarters of a year, that the branch lived in."""
    part = Period.MONTH if kind == PeriodKind.QUARTER else Period.QUARTER
    inside = [one for one in periods(part, span.start.year) if span.start <= one.start <= span.end]
    return [one.start for one in inside if lived_in(branch, one)]


def nobody_to_publish(branch: Branch, quarter: Span) -> bool:
    """Nobody was on the roll on the last day: a temporary branch, or one that was dissolved in between."""
    return not Member.objects.roll_of(branch, quarter.end).exists()


@transaction.atomic
def close_months(*, branches: Iterable[Branch], month: date, actor: User | None, today: date) -> int:
    """Close one month of many branches; those already closed stay as they are. Returns how many were closed now.

    What was announced against members and is due by then is posted with it. With December the year's hours are added
    up: who studied too little is told now.
    """
    span = span_of(Period.MONTH, month)
    if span.end >= today:
        raise ValidationError(f"{span.label}还没有结束，不能关账。")
    nodes = {branch.pk: branch for branch in branches if lived_in(branch, span)}
    lock_branches(nodes)
    rows = PeriodClose.objects.filter(branch__in=nodes, kind=PeriodKind.MONTH, start=span.start)
    already = set(rows.filter(state=PeriodState.CLOSED).values_list("branch", flat=True))
    closed = nodes.keys() - already
    if not closed:
        return 0
    _write_closed([branch for pk, branch in nodes.items() if pk in closed], span, actor)
    is_last = span.start.month == DECEMBER
    if is_last:
        _add_up_study(closed, span.end, actor)
    if post_due(branch_ids=closed, today=today, actor=actor) or is_last:
        # What closing itself booked is no late booking: the month counts as closed from after it.
        rows.filter(branch__in=closed).update(changed_at=timezone.now())
    return len(closed)


def _write_closed(branches: Iterable[Branch], month: Span, actor: User | None) -> None:
    """A row and a line in the trail for each, in two statements: a hospital closes all its branches at once."""
    rows = PeriodClose.objects.bulk_create(
        [
            PeriodClose(
                branch=branch, kind=PeriodKind.MONTH, start=month.start, state=PeriodState.CLOSED, changed_by=actor
            )
            for branch in branches
        ],
        update_conflicts=True,
        unique_fields=["branch", "kind", "start"],
        update_fields=["state", "changed_by", "changed_at"],
    )
    changes: dict[str, object] = {
        "state": [PeriodState.OPEN.label, PeriodState.CLOSED.label],
        "period": [None, f"{month.start.year}年{month.label}"],
    }
    record_many(actor=actor, action="period.closed", targets=[(row, row.branch) for row in rows], changes=changes)


def _add_up_study(branch_ids: Collection[int], last: date, actor: User | None) -> None:
    people = Member.objects.on_roll(last).filter(roll_branch_id__in=branch_ids)
    ids = [study_year_key(pk, last.year) * 100 for pk in people.values_list("pk", flat=True)]
    post_many(source_kind=study.KIND, source_ids=ids, actor=actor, tell=True)


@transaction.atomic
def lock_period(*, branch: Branch, kind: PeriodKind, start: date, actor: User | None, today: date) -> PeriodClose:
    """Lock a published quarter nobody may object to any more, or a year whose quarters are locked.

    From the last day of February on a year is locked as it stands; only an objection that is not settled holds it up.
    """
    if kind == PeriodKind.MONTH:
        raise ValidationError("月份只能关账，不能锁定。")
    span = span_of(SPANS[kind], start)
    if span.end >= today:
        raise ValidationError(f"{span.label}还没有结束，不能锁定。")
    lock_branches([branch.pk])
    post_due(branch_ids=[branch.pk], today=today, actor=actor)
    _require_posted(branch, span)
    if kind == PeriodKind.QUARTER:
        _require_quarter(branch, span, today)
    else:
        _require_year(branch, span, today)
    row, _ = PeriodClose.objects.get_or_create(branch=branch, kind=kind, start=span.start)
    set_state(row, PeriodState.LOCKED, actor, "period.locked")
    return row


def months_missing(branch: Branch, quarter: Span) -> int:
    """How many months of the quarter are not closed yet."""
    owed = parts_of(branch, PeriodKind.QUARTER, quarter)
    rows = PeriodClose.objects.filter(branch=branch, kind=PeriodKind.MONTH, start__in=owed)
    return len(owed) - rows.exclude(state=PeriodState.OPEN).count()


def unsettled(branch: Branch, span: Span, today: date) -> int:
    """Objections to what lies in this quarter or year that somebody still has to answer, or may appeal."""
    rows = Objection.objects.filter(branch=branch, quarter__range=(span.start, span.end))
    return rows.unsettled(today).count()


def _require_posted(branch: Branch, span: Span) -> None:
    """Once locked nobody could contradict a deduction any more that is only announced."""
    waiting = Claim.objects.filter(
        branch=branch, month__range=(span.start, span.end), state=ClaimState.ANNOUNCED
    ).count()
    if waiting:
        raise ValidationError(f"{span.label}还有{waiting}项已告知的扣分没有入账，入账或取消后才能锁定。")


def _require_quarter(branch: Branch, span: Span, today: date) -> None:
    if missing := months_missing(branch, span):
        raise ValidationError(f"{span.label}还有{missing}个月没有关账，请先关账。")
    row = PeriodClose.objects.filter(branch=branch, kind=PeriodKind.QUARTER, start=span.start).first()
    state = row.state if row else PeriodState.OPEN
    if state == PeriodState.LOCKED or (state != PeriodState.PUBLISHED and nobody_to_publish(branch, span)):
        return
    shown = Publication.objects.filter(branch=branch, quarter=span.start).order_by("-number").first()
    if state != PeriodState.PUBLISHED or shown is None:
        raise ValidationError(f"{span.label}的积分还没有晾晒，请先由支部书记晾晒。")
    held_up = unsettled(branch, span, today)
    if not may_lock_quarter(state, shown.objections_until, held_up, today):
        if held_up:
            raise ValidationError(f"{span.label}还有{held_up}项异议没有办结，办结后才能锁定。")
        raise ValidationError(f"{span.label}的异议期到{cn_day(shown.objections_until, today)}，期满后才能锁定。")


def _require_year(branch: Branch, span: Span, today: date) -> None:
    if held_up := unsettled(branch, span, today):
        raise ValidationError(f"{span.label}还有{held_up}项异议没有办结，办结后才能锁定。")
    if today >= year_locked_by(span.start.year):
        return
    if missing := quarters_missing(branch, span):
        raise ValidationError(f"{span.label}还有{missing}个季度没有锁定，请先锁定。")


def quarters_missing(branch: Branch, year: Span) -> int:
    owed = parts_of(branch, PeriodKind.YEAR, year)
    rows = PeriodClose.objects.filter(branch=branch, kind=PeriodKind.QUARTER, start__in=owed)
    return len(owed) - rows.filter(state=PeriodState.LOCKED).count()


@transaction.atomic
def reopen_period(*, branch: Branch, kind: PeriodKind, start: date, reason: str, actor: User) -> PeriodClose:
    """Open a locked quarter or year again. A quarter of a locked year waits for the year; it is published anew."""
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
    set_state(row, PeriodState.OPEN, actor, "period.reopened", reason)
    if kind == PeriodKind.YEAR:  # what was confirmed on the locked figures is compared with the new ones again
        Assessment.objects.filter(branch=branch, year=start.year).update(points_locked=False)
    if kind == PeriodKind.QUARTER and not nobody_to_publish(branch, span):
        _ask_to_publish_again(branch, row)
    return row


def _ask_to_publish_again(branch: Branch, row: PeriodClose) -> None:
    label = period_name(row)
    ask_to_publish(branch, row.start, None)
    held = Appointment.objects.current(timezone.localdate()).filter(branch=branch, role=Role.BRANCH_SECRETARY)
    notify_many(
        Message(
            user,
            Topic.POINTS,
            f"period:{row.pk}",
            f"reopened:{row.changed_at.isoformat()}",
            f"{branch}{label}已重新开放，更正后请重新晾晒",
            publish_url(branch, row.start),
        )
        for user in held.filter(user__is_active=True).values_list("user", flat=True)
    )


def ask_to_publish(branch: Branch, quarter: date, due: date | None) -> None:
    """A to-do of the secretary, until the quarter is published."""
    label = span_of(Period.QUARTER, quarter).label
    open_todo(
        item_key=publication_key(branch, quarter),
        title=f"晾晒积分：{branch}{quarter.year}年{label}",
        url=publish_url(branch, quarter),
        due=due,
        role=Role.BRANCH_SECRETARY,
        branch=branch,
    )


def publication_key(branch: Branch, quarter: date) -> str:
    return f"publication:{branch.pk}:{quarter.isoformat()}"


def publish_url(branch: Branch, quarter: date) -> str:
    return f"{reverse('points:publication_create', args=[branch.pk])}?quarter={quarter.isoformat()}"


def set_state(row: PeriodClose, state: PeriodState, actor: User | None, action: str, reason: str = "") -> bool:
    """Bring one row to a state, with its line in the trail; True when that changed it. The caller locked the branch."""
    before = PeriodState(row.state)
    if before == state:
        return False
    row.state, row.changed_by = state, actor
    row.save()
    changes: dict[str, object] = {"state": [before.label, state.label], "period": [None, period_name(row)]}
    if reason:
        changes["reason"] = [None, reason]
    record(actor=actor, action=action, target=row, branch=row.branch, changes=changes)
    return True


def period_name(row: PeriodClose) -> str:
    label = span_of(SPANS[PeriodKind(row.kind)], row.start).label
    return label if row.kind == PeriodKind.YEAR else f"{row.start.year}年{label}"
