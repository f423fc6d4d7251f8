"""The branch rates itself (自评): the score comes from the records, the branch comments on it, line by line."""

from collections.abc import Mapping
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from branches.audit import record
from branches.choices import Role
from branches.models import Branch, User
from branches.todo import close_todo, open_todo
from points.choices import RatingState
from points.models import StarRating
from points.stars.deadlines import self_rated_by
from points.stars.rounds import (
    bump,
    hospital_of,
    is_frozen,
    locked_rating,
    locked_round,
    rated_or_refuse,
    require_open,
    require_over,
    self_key,
)

LINE_COMMENT: Final = 200
COMMENT: Final = 500
REVIEWED: Final = "党委办公室已复核，需要修改的，请联系党委办公室退回。"


@transaction.atomic
def self_rate(
    *, branch: Branch, year: int, comments: Mapping[str, str], comment: str, version: int, actor: User
) -> StarRating:
    """Hand in, or hand in anew until the office has reviewed it. `comments`: by code of a line; empty ones fall away.

    Keeps the total and the card of this moment. A comment on a line that the card no longer has is kept.
    """
    today = timezone.localdate()
    require_over(year, today)
    require_open(locked_round(hospital_of(branch), year))
    row = locked_rating(branch, year, version)
    if is_frozen(row):
        raise ValidationError(REVIEWED)
    rated = rated_or_refuse(branch, year, today)
    codes = {line.card.code for line in rated.rating.lines}
    kept = {code: text for code, text in (row.comments if row else {}).items() if code not in codes}
    said = _comments({code: text for code, text in comments.items() if code in codes})
    comment = comment.strip()
    if len(comment) > COMMENT:
        raise ValidationError({"comment": f"总体说明请控制在{COMMENT}字以内。"})
    again = row is not None and row.state == RatingState.SELF_RATED
    row = row or StarRating(branch=branch, hospital=branch.hospital, year=year, version=0)
    row.card, row.self_total = rated.card_row, rated.rating.total
    row.comments, row.self_comment = kept | said, comment
    row.self_rated_by, row.self_rated_at = actor, timezone.now()
    row.state, row.review_comment = RatingState.SELF_RATED, ""
    bump(row)
    changes = {"year": [None, year], "总分": [None, row.self_total], "comment": [None, comment]}
    action = "star_rating.self_rated_again" if again else "star_rating.self_rated"
    record(actor=actor, action=action, target=row, branch=branch, changes=changes)
    close_todo(item_key=self_key(branch.pk, year))
    return row


def _comments(typed: Mapping[str, str]) -> dict[str, str]:
    said = {code: text.strip() for code, text in typed.items()}
    if long := [code for code, text in said.items() if len(text) > LINE_COMMENT]:
        raise ValidationError({long[0]: f"{long[0]}的说明请控制在{LINE_COMMENT}字以内。"})
    return {code: text for code, text in said.items() if text}


@transaction.atomic
def take_back(*, branch: Branch, year: int, version: int, actor: User) -> StarRating:
    """The branch takes its self-rating back before it is reviewed; what it wrote stays."""
    require_open(locked_round(hospital_of(branch), year))
    row = locked_rating(branch, year, version)
    if row is None or row.state != RatingState.SELF_RATED:
        raise ValidationError(REVIEWED if is_frozen(row) else "还没有提交自评，不用收回。")
    row.state, row.review_comment = RatingState.RETURNED, ""
    bump(row)
    changes = {"year": [None, year]}
    record(actor=actor, action="star_rating.taken_back", target=row, branch=branch, changes=changes)
    return row


def open_self_todo(branch: Branch, year: int) -> None:
    """What the secretary has to do, until it is handed in."""
    open_todo(
        item_key=self_key(branch.pk, year),
        title=f"提交{year}年度星级自评",
        url=reverse("points:star_detail", args=[branch.pk, year]),
        due=self_rated_by(year),
        role=Role.BRANCH_SECRETARY,
        branch=branch,
    )
