"""When an announced deduction is posted, in the words every page uses."""

from collections.abc import Collection
from datetime import date
from functools import partial
from typing import NamedTuple

from branches.working_days import load_calendar, next_working_day
from config.templatetags.ui import cn_day
from points.choices import ClaimState
from points.cycle.rules import month_after, month_closes_on
from points.models import Claim, Objection


class Posting(NamedTuple):
    text: str
    contradicted: bool = False


def postings(claims: Collection[Claim], today: date) -> dict[int, Posting]:
    """Claim -> when it is posted; for announced ones alone. Two statements where there are any."""
    announced = [claim for claim in claims if claim.state == ClaimState.ANNOUNCED]
    if not announced:
        return {}
    raised = Objection.objects.filter(claim__in=[claim.pk for claim in announced])
    unsettled = set(raised.unsettled(today).values_list("claim", flat=True))
    months = {claim.month for claim in announced}
    calendar = load_calendar({day.year for month in months for day in (month, month_after(month))})
    following = partial(next_working_day, calendar=calendar)
    return {
        claim.pk: _posting(month_closes_on(claim.month, following), claim.postable_from, today)
        if claim.pk not in unsettled
        else Posting("异议处理中，暂不入账", contradicted=True)
        for claim in announced
    }


def _posting(closes: date, postable_from: date | None, today: date) -> Posting:
    """A day that is over is never named: then the deduction waits for the month to be closed."""
    posted_on = max(closes, postable_from or closes)
    if posted_on <= today:
        return Posting("关账后入账")
    return Posting(f"{cn_day(posted_on, today)}{'关账时' if closes > today else ''}入账")
