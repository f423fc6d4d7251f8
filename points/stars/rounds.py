"""What every service of the yearly rating begins with: the round and its ratings under lock, and what it refuses.

Order of locks: the round of the hospital, its ratings in the order of the tree, an objection.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.urls import reverse

from branches.choices import Role, Topic
from branches.inbox import Message, notify_many
from branches.models import Appointment, Branch
from config.templatetags.ui import cn_day
from points.choices import RatingState, RoundState
from points.models import StarRating, StarRound
from points.stars.standing import Rated, Standing, standing_of

STALE: Final = "星级评定刚被其他人办理过，请核对后再办。"
REASON: Final = range(4, 301)  # characters


def locked_round(hospital: Branch, year: int, *, version: int | None = None) -> StarRound:
    """The round under lock, begun where there was none. `version`: of the page the actor saw; 0 before it was begun."""
    StarRound.objects.get_or_create(hospital=hospital, year=year)
    row = StarRound.objects.select_for_update(of=("self",)).select_related("hospital").get(hospital=hospital, year=year)
    if version is not None and row.version != version and not (version == 0 and row.version == 1):
        raise ValidationError(STALE, code="conflict")
    return row


def locked_rating(branch: Branch, year: int, version: int) -> StarRating | None:
    """The rating under lock; None before the first self-rating (version 0)."""
    rows = StarRating.objects.select_for_update(of=("self",)).select_related("card", "branch", "hospital")
    row = rows.filter(branch=branch, year=year).first()
    if (row.version if row else 0) != version:
        raise ValidationError(STALE, code="conflict")
    return row


def locked_ratings(round_: StarRound) -> dict[int, StarRating]:
    """All of a round under lock, by branch, in the order of the tree."""
    rows = StarRating.objects.select_for_update(of=("self",)).select_related("branch", "card")
    rows = rows.filter(hospital=round_.hospital_id, year=round_.year)
    return {row.branch_id: row for row in rows.order_by("branch__path")}


def require_open(round_: StarRound) -> None:
    if round_.state == RoundState.PUBLICISED:
        raise ValidationError(f"{round_.year}年度星级正在公示，不能再修改；需要修改的由党委办公室退回复核。")
    if round_.state == RoundState.APPROVED:
        raise ValidationError(f"{round_.year}年度星级已经审定，不能再修改。")


def require_over(year: int, today: date) -> None:
    if today.year <= year:
        raise ValidationError(f"{year}年还没有结束，年终后再自评和复核。")


def hospital_of(branch: Branch) -> Branch:
    if branch.hospital is None:
        raise ValidationError(f"{branch.name}不属于任何医院党委，不参加星级评定。")
    return branch.hospital


def standing_or_refuse(hospital: Branch, year: int, today: date) -> Standing:
    try:
        return standing_of(hospital, year, today)
    except LookupError as error:
        raise ValidationError(f"{error}，不能评定。") from error


def rated_or_refuse(branch: Branch, year: int, today: date) -> Rated:
    """Where a branch stands; refused, with the reason, where it takes no part."""
    rated = standing_or_refuse(hospital_of(branch), year, today).of(branch.pk)
    if rated is None:
        raise ValidationError(f"{branch.name}在{year}年没有存续，不参加评定。")
    if rated.decision is None:
        raise ValidationError(f"{branch.name}{year}年度不参加评定：{rated.rating.unrated}。")
    return rated


def bump(row: StarRating | StarRound) -> None:
    row.version += 1
    row.save()


def checked(text: str, field: str, words: str, span: range = REASON) -> str:
    """One line of text of the right length. Raises ValidationError by field."""
    text = " ".join(text.split())
    if len(text) not in span:
        raise ValidationError({field: f"请写明{words}（{span.start}至{span.stop - 1}字）。"})
    return text


def names_of(branches: Iterable[Branch], most: int = 5) -> str:
    """
    >>> names_of([])
    ''
    """
    found = list(branches)
    names = "、".join(one.name for one in found[:most])
    return f"{names}等{len(found)}个支部" if len(found) > most else names


def secretaries(branches: Iterable[int], today: date) -> list[tuple[int, int]]:
    """(user, branch) of those who hold the post today. One statement."""
    posts = Appointment.objects.current(today).filter(
        branch__in=list(branches), role=Role.BRANCH_SECRETARY, user__is_active=True
    )
    return list(posts.values_list("user", "branch").distinct())


def tell_secretary(row: StarRating, step: str, text: str, today: date, detail: str = "") -> None:
    url = reverse("points:star_detail", args=[row.branch_id, row.year])
    notify_many(
        Message(user, Topic.STARS, f"star_rating:{row.pk}", step, text, url, detail=detail)
        for user, _ in secretaries([row.branch_id], today)
    )


def self_key(branch: int, year: int) -> str:
    return f"star_self:{year}:{branch}"


def review_key(hospital: int, year: int) -> str:
    return f"star_review:{year}:{hospital}"


def approve_key(hospital: int, year: int) -> str:
    return f"star_approve:{year}:{hospital}"


def until_words(round_: StarRound, today: date) -> str:
    return cn_day(round_.objections_until, today) if round_.objections_until else ""


def is_frozen(row: StarRating | None) -> bool:
    return row is not None and row.state in (RatingState.REVIEWED, RatingState.PUBLICISED, RatingState.APPROVED)
