"""A record of a locked quarter or year waits until somebody opens it again; asked by every service that changes one."""

from datetime import date

from django.core.exceptions import ValidationError

from activities.choices import Period
from activities.plan.periods import period_label
from activities.plan.rollups import lock_branches
from branches.models import Branch
from members.closing import MonthState, month_state


def require_open(branch: Branch, day: date) -> None:
    """Raise ValidationError when the quarter or the year of `day` is locked at this branch.

    Takes the lock of the branch, which closing takes too: no record slips in while a period is being locked. Call it
    after the record itself was locked.
    """
    lock_branches([branch.pk])
    state = month_state(branch, day)
    if state == MonthState.YEAR_LOCKED:
        raise ValidationError(f"{branch.name}{day.year}年已锁定。确需补办的，请党委书记先重新开放年度。")
    if state == MonthState.QUARTER_LOCKED:
        quarter = period_label(Period.QUARTER, day)
        raise ValidationError(f"{branch.name}{day.year}年{quarter}已锁定。确需补办的，请党委办公室先重新开放。")
