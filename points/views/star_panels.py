"""What the pages of star ratings offer to whom in the yearly round: on the card of a branch, and over all branches."""

from datetime import date
from typing import Any, NamedTuple

from branches.access import may
from branches.choices import Capability
from branches.models import Branch, User
from points.choices import RatingState, RoundState, StarObjectionState
from points.models import StarObjection
from points.stars.current import current_stars
from points.stars.deadlines import reviewed_by, self_rated_by
from points.stars.follow_ups import follow_ups_of
from points.stars.reviewing import card_changed, serving, why_not
from points.stars.standing import Rated, Standing
from points.stars.trail import trail_of

SELF_RATE, REVIEW, APPROVE = Capability.STARS_SELF_RATE, Capability.STARS_REVIEW, Capability.STARS_APPROVE


class Said(NamedTuple):
    """The comment of the branch on one line."""

    code: str
    title: str
    text: str


def branch_panels(user: User, rated: Rated, standing: Standing, today: date) -> dict[str, Any]:
    """The self-rating, the review and the trail of one branch."""
    row, round_ = rated.row, standing.round
    is_open = round_ is None or round_.state == RoundState.OPEN
    is_over, takes_part = today.year > rated.year, rated.decision is not None
    works = is_open and is_over and takes_part and not rated.is_frozen
    reviews = may(user, REVIEW, rated.branch)
    state = row.state if row else ""
    titles = {line.card.code: line.card.title for line in rated.rating.lines}
    comments = row.comments if row else {}
    handed_in = state == RatingState.SELF_RATED
    return {
        "row": row,
        "round": round_,
        "version": row.version if row else 0,
        "comments": [Said(code, titles.get(code, "原评分表的项目"), text) for code, text in sorted(comments.items())],
        "self_rates": works and may(user, SELF_RATE, rated.branch),
        "takes_back": works and handed_in and may(user, SELF_RATE, rated.branch),
        "handed_in": handed_in,
        "self_by": self_rated_by(rated.year),
        "card_lines": [Said(code, title, comments.get(code, "")) for code, title in titles.items()],
        "reviews": works and reviews,
        "why_not_review": _why_not(rated, user, today, serving(user, [rated.branch.pk], today)) if reviews else "",
        "card_changed": works and card_changed(row, rated),
        "returns": is_open and reviews and state in (RatingState.SELF_RATED, RatingState.REVIEWED),
        "backs": reviews and row is not None and round_ is not None and round_.state == RoundState.PUBLICISED,
        "follow_ups": follow_ups_of(rated.branch) if reviews else [],
        "current": current_stars(rated.branch, today),
        "trail": trail_of(row, round_),
        "is_over": is_over,
    }


def _why_not(rated: Rated, user: User, today: date, serves: set[int]) -> str:
    """Of the total that the page shows."""
    return why_not(rated, rated.row, user, today, rated.rating.total, serves=serves)


def round_panel(user: User, hospital: Branch, standing: Standing, today: date) -> dict[str, Any]:
    """How far the round of a hospital is, and what the office may do next. Two statements."""
    round_ = standing.round
    part = [one for one in standing.rated if one.decision is not None]
    state = RoundState(round_.state) if round_ else RoundState.OPEN
    waiting = [one for one in part if not one.is_frozen]
    reviews, approves = may(user, REVIEW, hospital), may(user, APPROVE, hospital)
    year = part[0].year if part else 0
    is_open = state == RoundState.OPEN and today.year > year
    tied = [one for one in part if one.branch.pk in standing.outcome.tied] if state == RoundState.PUBLICISED else []
    until = round_.objections_until if round_ else None
    serves = serving(user, [one.branch.pk for one in waiting], today)
    judged = [(one, _why_not(one, user, today, serves)) for one in waiting]
    rows = StarObjection.objects.filter(rating__hospital=hospital, rating__year=year)
    return {
        "n_part": len(part),
        "n_self": sum(one.row is not None and one.row.self_rated_at is not None for one in part),
        "n_reviewed": len(part) - len(waiting),
        "state": state,
        "round": round_,
        "version": round_.version if round_ else 0,
        "open_objections": rows.filter(state=StarObjectionState.RAISED).count(),
        "candidates": [one for one, why in judged if not why],
        "not_yet": [(one, why) for one, why in judged if why],
        "reviews": reviews and is_open and bool(waiting),
        "publicises": reviews and is_open and bool(part) and not waiting,
        "approves": approves and state == RoundState.PUBLICISED,
        "is_mine": round_ is not None and round_.publicised_by_id == user.pk,
        "is_due": until is not None and today > until,
        "tied": tied,
        "ranks": range(1, len(tied) + 1),
        "self_by": self_rated_by(year),
        "review_by": reviewed_by(year),
    }
