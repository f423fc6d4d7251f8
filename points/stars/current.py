"""The stars a branch has today: those approved last, and one from the day a later veto stands.

The drop is derived and never written: withdrawn, the veto is gone, and the approved stars are back.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from branches.models import Branch
from points.choices import MarkKind, RatingState
from points.models import StarMark, StarRating

VETOED = 1


class Current(NamedTuple):
    """`stars` 0: not rated. `dropped`: the veto that took them down; None where the approved stars stand."""

    stars: int
    year: int
    approved: int
    dropped: StarMark | None = None


def current_stars(branch: Branch, today: date) -> Current | None:
    """None: never rated. Two statements."""
    return current_stars_of([branch.pk], today).get(branch.pk)


def current_stars_of(branches: Iterable[int], today: date) -> dict[int, Current]:
    """Of many branches; who was never rated is left out. Two statements for any number."""
    approved = StarRating.objects.filter(
        branch__in=list(branches), state=RatingState.APPROVED, year__lt=today.year
    ).only("branch", "year", "stars", "reviewed_at")
    newest = {row.branch_id: row for row in approved.order_by("year")}
    found = {pk: Current(row.stars or 0, row.year, row.stars or 0) for pk, row in newest.items()}
    marks = StarMark.objects.standing().filter(branch__in=newest, kind=MarkKind.VETO, happened_on__lte=today)
    for mark in marks.order_by("-happened_on", "-pk"):
        row = newest[mark.branch_id]
        if _is_later(mark, row) and (row.stars or 0) > VETOED:
            found[mark.branch_id] = Current(VETOED, row.year, row.stars or 0, mark)
    return found


def _is_later(mark: StarMark, row: StarRating) -> bool:
    """Whether the rating could not know of it: of a later year, or entered after the review."""
    if mark.year != row.year:
        return mark.year > row.year
    return row.reviewed_at is not None and mark.created_at > row.reviewed_at
