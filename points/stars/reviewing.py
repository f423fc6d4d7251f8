"""The Party office reviews (复核): facts, lines and card are frozen as they stand; or the rating goes back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from branches.audit import record
from branches.choices import COMMITTEE_ROLES
from branches.models import Appointment, Branch, User
from config.templatetags.ui import cn_date
from points.choices import RatingState
from points.models import StarRating
from points.stars.deadlines import self_rated_by
from points.stars.freezing import frozen_facts, frozen_lines
from points.stars.rounds import (
    STALE,
    bump,
    checked,
    hospital_of,
    is_frozen,
    locked_rating,
    locked_ratings,
    locked_round,
    rated_or_refuse,
    require_open,
    require_over,
    standing_or_refuse,
    tell_secretary,
)
from points.stars.self_rating import open_self_todo
from points.stars.standing import Rated

COMMENT: Final = range(0, 501)
NOT_YOURS: Final = "本支部的支委和自评人不能复核，请由党委办公室其他同志复核。"


@dataclass(frozen=True)
class Reviewed:
    """What a bulk review did: how many, and why the others were left."""

    done: int = 0
    left: list[tuple[Branch, str]] = field(default_factory=list)


@transaction.atomic
def review(*, branch: Branch, year: int, comment: str, seen: Decimal, version: int, actor: User) -> StarRating:
    """Freeze the rating. `seen`: the total the reviewer looked at; another one now is refused.

    A branch that handed nothing in is reviewed after its day, and whoever does so says why; so after the card changed.
    """
    today = timezone.localdate()
    require_over(year, today)
    require_open(locked_round(hospital_of(branch), year))
    row = locked_rating(branch, year, version)
    rated = rated_or_refuse(branch, year, today)
    why = why_not(rated, row, actor, today, seen, serves=serving(actor, [branch.pk], today))
    if why:
        raise ValidationError(why)
    comment = checked(comment, "comment", _needs_words(row, rated), _span(row, rated))
    row = row or StarRating(branch=branch, hospital=branch.hospital, year=year, version=0)
    _review(row, rated, comment, actor, today)
    return row


@transaction.atomic
def review_many(
    *, hospital: Branch, year: int, seen: Mapping[int, tuple[int, Decimal]], comment: str, actor: User
) -> Reviewed:
    """Review what was handed in, all with one comment. `seen`: branch -> version and total on the page.

    What has changed since, or takes words of its own, is left and named.
    """
    today = timezone.localdate()
    require_over(year, today)
    round_ = locked_round(hospital, year)
    require_open(round_)
    comment = checked(comment, "comment", "复核意见", COMMENT)
    rows = locked_ratings(round_)
    standing = standing_or_refuse(hospital, year, today)
    serves = serving(actor, seen, today)
    done, left = 0, []
    for one in sorted(standing.rated, key=lambda rated: rated.branch.path):
        if one.branch.pk not in seen:
            continue
        version, total = seen[one.branch.pk]
        row = rows.get(one.branch.pk)
        why = why_not(one, row, actor, today, total, serves=serves)
        if not why and (row.version if row else 0) != version:
            why = STALE
        if not why and _needs_words(row, one) != "复核意见" and len(comment) not in _span(row, one):
            why = f"请单独复核，写明{_needs_words(row, one)}。"
        if why:
            left.append((one.branch, why))
            continue
        row = row or StarRating(branch=one.branch, hospital=hospital, year=year, version=0)
        _review(row, one, comment, actor, today)
        done += 1
    return Reviewed(done, left)


def why_not(
    rated: Rated, row: StarRating | None, actor: User, today: date, seen: Decimal, *, serves: Iterable[int]
) -> str:
    """Why this person cannot review this rating now; "" where nothing stands against it."""
    if rated.decision is None:
        return f"{rated.branch.name}{rated.year}年度不参加评定：{rated.rating.unrated}。"
    if is_frozen(row):
        return "已经复核。"
    if (row is not None and row.self_rated_by_id == actor.pk) or rated.branch.pk in serves:
        return NOT_YOURS
    by = self_rated_by(rated.year)
    if (row is None or row.state != RatingState.SELF_RATED) and today <= by:
        return f"还没有自评，{cn_date(by)}以后才能直接复核。"
    if rated.rating.total != seen:
        return f"得分已变为{rated.rating.total}分（页面上是{seen}分），请核对后再复核。"
    return ""


def card_changed(row: StarRating | None, rated: Rated) -> bool:
    """Whether another edition of the score card came after the self-rating."""
    return row is not None and row.state == RatingState.SELF_RATED and row.card_id != rated.card_row.pk


def _needs_words(row: StarRating | None, rated: Rated) -> str:
    if row is None or row.state != RatingState.SELF_RATED:
        return "没有自评而直接复核的原因"
    if card_changed(row, rated):
        return f"自评后评分表已更换为《{rated.card_row.name}》，仍直接复核的原因"
    return "复核意见"


def _span(row: StarRating | None, rated: Rated) -> range:
    return COMMENT if _needs_words(row, rated) == "复核意见" else range(4, COMMENT.stop)


def serving(actor: User, branches: Iterable[int], today: date) -> set[int]:
    """Of these branches, those whose committee the reviewer sits on. One statement."""
    posts = Appointment.objects.current(today).filter(user=actor, branch__in=list(branches), role__in=COMMITTEE_ROLES)
    return set(posts.values_list("branch", flat=True))


def freeze(row: StarRating, rated: Rated) -> None:
    """Write what the rating rests on into its row; saves nothing."""
    if rated.facts is None:
        raise ValueError("frozen already: there are no facts to freeze")
    rating = rated.rating
    row.card, row.facts, row.lines = rated.card_row, frozen_facts(rated.facts), frozen_lines(rating.lines)
    row.facts["innovation"] = rating.innovation
    row.total = None if rating.unrated else rating.total
    row.bonus, row.deduction, row.vetoes = rating.bonus, rating.deduction, list(rating.vetoes)
    row.unrated, row.score_stars = rating.unrated[:100], rating.stars


def _review(row: StarRating, rated: Rated, comment: str, actor: User, today: date) -> None:
    freeze(row, rated)
    row.state, row.review_comment = RatingState.REVIEWED, comment
    row.reviewed_by, row.reviewed_at = actor, timezone.now()
    bump(row)
    changes = {"year": [None, row.year], "总分": [None, row.total], "comment": [None, comment]}
    record(actor=actor, action="star_rating.reviewed", target=row, branch=row.branch, changes=changes)
    text = f"{row.branch.name}{row.year}年度星级已复核，总分{rated.rating.total}，等待公示"
    tell_secretary(row, f"reviewed:{row.version}", text, today, detail=comment)


@transaction.atomic
def return_to_branch(*, branch: Branch, year: int, reason: str, version: int, actor: User) -> StarRating:
    """Back to the branch, also after the review: worked out anew, its own words kept."""
    today = timezone.localdate()
    require_open(locked_round(hospital_of(branch), year))
    row = locked_rating(branch, year, version)
    if row is None or row.state not in (RatingState.SELF_RATED, RatingState.REVIEWED):
        raise ValidationError("没有可以退回的自评。")
    reason = checked(reason, "reason", "退回的原因")
    thaw(row, RatingState.RETURNED)
    row.review_comment = reason
    bump(row)
    changes = {"year": [None, year], "reason": [None, reason]}
    record(actor=actor, action="star_rating.returned", target=row, branch=branch, changes=changes)
    open_self_todo(branch, year)
    text = f"{branch.name}{year}年度星级自评被退回，请修改后重新提交"
    tell_secretary(row, f"returned:{row.version}", text, today, detail=reason)
    return row


def thaw(row: StarRating, state: RatingState) -> None:
    """No longer frozen: the next look works it out from the records again. Saves nothing."""
    row.state, row.facts, row.lines, row.vetoes, row.decision = state, {}, [], [], []
    row.total, row.stars, row.bonus, row.deduction = None, None, Decimal(0), Decimal(0)
    row.unrated, row.score_stars, row.reviewed_by, row.reviewed_at = "", 0, None, None
