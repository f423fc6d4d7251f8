"""The hospital decides: publicity (公示) of all ratings together, back to review, approval by the Party committee."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from branches.audit import record
from branches.choices import Role, Topic
from branches.inbox import Message, notify_many
from branches.models import Branch, User
from branches.todo import close_todo, open_todo
from branches.working_days import add_working_days, load_calendar
from config.templatetags.ui import cn_date, cn_day
from points.choices import MarkKind, RatingState, RoundState, StarObjectionState
from points.models import StarMark, StarObjection, StarRating, StarRound
from points.stars.card_page import STAR_WORDS, worked_out_words
from points.stars.deadlines import PUBLIC_DAYS, approved_by
from points.stars.follow_ups import open_follow_ups
from points.stars.reviewing import freeze, thaw
from points.stars.rounds import (
    approve_key,
    bump,
    checked,
    is_frozen,
    locked_ratings,
    locked_round,
    names_of,
    require_open,
    require_over,
    review_key,
    secretaries,
    standing_or_refuse,
    tell_secretary,
)
from points.stars.standing import Rated, Standing

MEETING: Final = range(2, 121)


@transaction.atomic
def publicise(*, hospital: Branch, year: int, version: int, actor: User) -> StarRound:
    """Display all ratings of the hospital for five full working days. Every branch that takes part was reviewed."""
    today = timezone.localdate()
    require_over(year, today)
    round_ = locked_round(hospital, year, version=version)
    require_open(round_)
    rows = locked_ratings(round_)
    round_.tie_order, round_.tie_reason = [], ""
    round_.save(update_fields=["tie_order", "tie_reason"])
    standing = standing_or_refuse(hospital, year, today)
    _require_complete(standing)
    _require_answered(round_)
    _require_same_vetoes(round_, rows.values())
    for one in sorted(standing.rated, key=lambda rated: rated.branch.path):
        row = rows.get(one.branch.pk) or StarRating(branch=one.branch, hospital=hospital, year=year, version=0)
        if not is_frozen(row):  # takes no part: frozen with the reason, so that the page of the year stays as it is
            freeze(row, one)
        _write_decision(row, one, standing)
        row.state = RatingState.PUBLICISED
        bump(row)
    calendar = load_calendar([today.year])
    round_.state, round_.publicised_on, round_.publicised_by = RoundState.PUBLICISED, today, actor
    round_.objections_until = add_working_days(today, PUBLIC_DAYS, calendar)
    bump(round_)
    changes = {"year": [None, year], "公示截止": [None, round_.objections_until], "rows": [None, len(standing.rated)]}
    record(actor=actor, action="star_round.publicised", target=round_, branch=hospital, changes=changes)
    close_todo(item_key=review_key(hospital.pk, year))
    open_todo(
        item_key=approve_key(hospital.pk, year),
        title=f"审定{year}年度支部星级",
        url=f"{reverse('points:star_list')}?year={year}",
        due=approved_by(year),
        role=Role.PARTY_OFFICE,
        branch=hospital,
    )
    _tell_of_publicity(round_, standing, today)
    return round_


def _require_complete(standing: Standing) -> None:
    taking_part = [one for one in standing.rated if one.decision is not None]
    if not taking_part:
        raise ValidationError("没有参加评定的党支部，不用公示。")
    if waiting := [one.branch for one in taking_part if not one.is_frozen]:
        raise ValidationError(f"还有{len(waiting)}个支部没有复核：{names_of(waiting)}。")


def _require_answered(round_: StarRound) -> None:
    rows = StarObjection.objects.filter(rating__hospital=round_.hospital_id, rating__year=round_.year)
    if n := rows.filter(state=StarObjectionState.RAISED).count():
        raise ValidationError(f"还有{n}项异议没有答复，答复后再办。")


def _require_same_vetoes(round_: StarRound, rows: Iterable[StarRating]) -> None:
    """A veto that came or went after the review belongs into the rating: it goes back to review first."""
    reviewed = {row.branch_id: row for row in rows if row.reviewed_at is not None}
    changed = set()
    for mark in StarMark.objects.filter(branch__in=reviewed, kind=MarkKind.VETO, year=round_.year):
        since = reviewed[mark.branch_id].reviewed_at
        came, went = mark.created_at > since, mark.withdrawn_at is not None and mark.withdrawn_at > since
        if came != went:
            changed.add(mark.branch_id)
    if changed:
        names = names_of(row.branch for row in reviewed.values() if row.branch_id in changed)
        raise ValidationError(f"{names}复核以后登记或撤销了一票否决，请退回重新复核。")


def _write_decision(row: StarRating, one: Rated, standing: Standing) -> None:
    places = standing.places
    row.facts["places"] = [places.rated, places.five, places.four]
    row.stars, row.decision = (one.decision.stars if one.decision else None), worked_out_words(one)


def _tell_of_publicity(round_: StarRound, standing: Standing, today: date) -> None:
    url = f"{reverse('points:star_publicity')}?year={round_.year}"
    until = round_.objections_until
    text = f"{round_.year}年度党支部星级开始公示，至{cn_day(until, today) if until else ''}，可以提出异议"
    people = secretaries([one.branch.pk for one in standing.rated], today)
    notify_many(
        Message(user, Topic.STARS, f"star_round:{round_.pk}", f"publicised:{round_.version}", text, url, until)
        for user in dict.fromkeys(user for user, _ in people)
    )


@transaction.atomic
def back_to_review(*, rating: StarRating, reason: str, actor: User) -> StarRound:
    """During publicity: one rating is opened again, the others stay reviewed, and all are displayed anew later."""
    round_ = locked_round(rating.hospital, rating.year)
    if round_.state != RoundState.PUBLICISED:
        raise ValidationError(f"{rating.year}年度星级不在公示中，不能退回复核。")
    reopen(round_, rating.branch_id, checked(reason, "reason", "退回复核的原因"), actor)
    return round_


def reopen(round_: StarRound, branch: int, reason: str, actor: User) -> None:
    """The rating of `branch` is worked out anew and waits for a review; a publicity under way ends. Round locked."""
    rows = locked_ratings(round_)
    for row in rows.values():
        if row.branch_id == branch:
            thaw(row, RatingState.SELF_RATED if row.self_rated_at else RatingState.RETURNED)
            row.review_comment = reason
        elif row.state == RatingState.PUBLICISED:
            row.state, row.stars, row.decision = RatingState.REVIEWED, None, []
        else:
            continue
        bump(row)
    round_.state, round_.publicised_on, round_.objections_until = RoundState.OPEN, None, None
    round_.publicised_by = None
    bump(round_)
    row = rows[branch]
    changes = {"year": [None, row.year], "reason": [None, reason]}
    record(actor=actor, action="star_rating.reopened", target=row, branch=row.branch, changes=changes)
    close_todo(item_key=approve_key(round_.hospital_id, round_.year))
    text = f"{row.branch.name}{row.year}年度星级退回重新复核，复核后重新公示"
    tell_secretary(row, f"reopened:{row.version}", text, timezone.localdate(), detail=reason)


@transaction.atomic
def approve(
    *,
    hospital: Branch,
    year: int,
    meeting: str,
    order: Sequence[int],
    tie_reason: str,
    version: int,
    actor: User,
) -> StarRound:
    """What the Party committee decided. `order`: all branches equal at a cut, the best first, with its reason."""
    today = timezone.localdate()
    round_ = locked_round(hospital, year, version=version)
    if round_.state != RoundState.PUBLICISED or round_.objections_until is None:
        raise ValidationError(f"{year}年度星级{round_.get_state_display()}，公示以后才能审定。")
    if today <= round_.objections_until:
        raise ValidationError(f"公示至{cn_date(round_.objections_until)}，期满以后才能审定。")
    if round_.publicised_by_id == actor.pk:
        raise ValidationError("公示由您办理，请由其他同志审定。")
    _require_answered(round_)
    meeting = checked(meeting, "meeting", "审定的会议或文号", MEETING)
    rows = locked_ratings(round_)
    _require_same_vetoes(round_, rows.values())
    standing = _ordered(round_, order, tie_reason, today)
    for one in sorted(standing.rated, key=lambda rated: rated.branch.path):
        row = rows.get(one.branch.pk)
        if row is None:  # nothing of the year was on display for it
            continue
        row.state = RatingState.APPROVED
        if round_.tie_order and one.branch.pk in round_.tie_order:
            row.stars = one.decision.stars if one.decision else None
            row.decision = [*worked_out_words(one), f"同分次序由党委研究确定：{round_.tie_reason}"]
        bump(row)
    round_.state, round_.meeting = RoundState.APPROVED, meeting
    round_.approved_by, round_.approved_at = actor, timezone.now()
    bump(round_)
    counts = {STAR_WORDS[n]: [None, sum(row.stars == n for row in rows.values())] for n in (5, 4, 3, 2, 1)}
    changes = {"year": [None, year], "meeting": [None, meeting], **counts}
    if round_.tie_order:
        changes["reason"] = [None, round_.tie_reason]
    record(actor=actor, action="star_round.approved", target=round_, branch=hospital, changes=changes)
    close_todo(item_key=approve_key(hospital.pk, year))
    open_follow_ups(round_, list(rows.values()), today)
    _tell_of_stars(rows, today)
    return round_


def _ordered(round_: StarRound, order: Sequence[int], reason: str, today: date) -> Standing:
    """The standing with the order of the committee, where branches are equal at a cut."""
    standing = standing_or_refuse(round_.hospital, round_.year, today)
    tied = standing.outcome.tied
    if not tied:
        return standing
    names = names_of(one.branch for one in standing.rated if one.branch.pk in tied)
    if sorted(order) != sorted(tied):
        raise ValidationError({"order": f"{names}同分，请按党委研究的次序逐个排列。"})
    round_.tie_order, round_.tie_reason = list(order), checked(reason, "tie_reason", "同分次序的依据")
    round_.save(update_fields=["tie_order", "tie_reason"])
    standing = standing_or_refuse(round_.hospital, round_.year, today)
    if standing.outcome.tied:
        raise ValidationError({"order": f"{names}的次序还不能确定星级，请核对。"})
    return standing


def _tell_of_stars(rows: dict[int, StarRating], today: date) -> None:
    messages = []
    for user, branch in secretaries(rows, today):
        row = rows[branch]
        text = f"{row.branch.name}{row.year}年度星级已审定：{STAR_WORDS[row.stars or 0]}"
        url = reverse("points:star_detail", args=[branch, row.year])
        messages.append(Message(user, Topic.STARS, f"star_rating:{row.pk}", "approved", text, url))
    notify_many(messages)
