"""Roll-up of the previews: one row a branch and month, so that movement can be shown. Written each night."""

from datetime import date

from django.db import transaction

from points.models import StarMonth
from points.stars.standing import rated_branches, standings


@transaction.atomic
def roll_up(*, hospital_id: int, today: date) -> int:
    """Write where every branch of the hospital stands today into the row of this month; again changes the same rows."""
    try:
        found = standings(rated_branches(hospital_id, today.year), today.year, today).get(hospital_id)
    except LookupError:  # no score card of this year
        return 0
    rows = [
        StarMonth(
            branch=one.branch,
            month=today.replace(day=1),
            total=one.rating.total if one.rating.is_rated else None,
            stars=one.stars,
        )
        for one in (found.rated if found else ())
        if one.branch.is_open(today)
    ]
    StarMonth.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["branch", "month"], update_fields=["total", "stars"]
    )
    return len(rows)
