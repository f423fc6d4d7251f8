"""What of the star ratings waits for one reader: reviews, objections, approvals, the stars of members."""

from collections.abc import Iterable
from datetime import date

from branches.choices import Capability
from branches.models import User
from points.choices import AssessmentState, RatingState, RoundState, StarObjectionState
from points.models import MemberStarSheet, StarObjection, StarRating, StarRound
from points.stars.reviewing import serving


def to_review(user: User, today: date) -> list[StarRating]:
    """Self-ratings this person may review: not of a branch whose committee they sit on, nor one they handed in."""
    rows = StarRating.objects.visible_to(user, Capability.STARS_REVIEW).filter(state=RatingState.SELF_RATED)
    found = list(rows.exclude(self_rated_by=user).select_related("branch").order_by("self_rated_at", "pk"))
    own = serving(user, [row.branch_id for row in found], today) if found else ()
    return [row for row in found if row.branch_id not in own]


def to_answer(user: User) -> Iterable[StarObjection]:
    rows = StarObjection.objects.visible_to(user, Capability.STARS_REVIEW).filter(state=StarObjectionState.RAISED)
    return rows.exclude(raised_by=user).select_related("branch", "rating").order_by("raised_at", "pk")


def to_approve(user: User, today: date) -> Iterable[StarRound]:
    """Rounds whose days of publicity are over; whoever displayed one does not approve it."""
    rows = StarRound.objects.visible_to(user, Capability.STARS_APPROVE)
    shown = rows.filter(state=RoundState.PUBLICISED, objections_until__lt=today).exclude(publicised_by=user)
    return shown.select_related("hospital").order_by("year", "pk")


def sheets_to_confirm(user: User) -> Iterable[MemberStarSheet]:
    rows = MemberStarSheet.objects.visible_to(user, Capability.STARS_APPROVE).filter(state=AssessmentState.PROPOSED)
    return rows.exclude(proposed_by=user).select_related("branch").order_by("year", "branch__path")
