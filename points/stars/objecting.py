"""Objections to a rating on display: raised by a member of the hospital, answered by the Party office."""

import uuid
from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from branches.audit import record
from branches.choices import Capability, Role, Topic
from branches.inbox import Message, notify_many
from branches.models import Appointment, User
from branches.term_reminders import Posts
from branches.todo import close_todo, open_todo
from config.templatetags.ui import cn_date
from points.choices import RatingState, RoundState, StarObjectionState
from points.cycle.people import own_member
from points.models import StarObjection, StarRating, StarRound
from points.stars.deciding import reopen
from points.stars.rounds import checked, locked_round

TEXT: Final = range(4, 501)
RAISED, UPHELD, REFUSED = StarObjectionState.RAISED, StarObjectionState.UPHELD, StarObjectionState.REFUSED


def key_of(objection: StarObjection) -> str:
    return f"star_objection:{objection.pk}"


def why_not(round_: StarRound | None, today: date) -> str:
    """Why nobody may object now; "" while the ratings are on display."""
    if round_ is None or round_.state != RoundState.PUBLICISED or round_.objections_until is None:
        return "星级不在公示期内，不能提出异议。"
    if today > round_.objections_until:
        return f"公示期已于{cn_date(round_.objections_until)}结束。"
    return ""


def may_object(user: User, hospital: int, today: date) -> bool:
    """Members on a roll of the hospital, and the secretaries of its branches."""
    member = own_member(user)
    if member is not None and member.branch.hospital_id == hospital:
        return True
    posts = Appointment.objects.current(today).filter(user=user, role=Role.BRANCH_SECRETARY)
    return posts.filter(branch__hospital=hospital).exists()


def readable(user: User) -> QuerySet[StarObjection]:
    """Those one raised, and those the office answers."""
    rows = StarObjection.objects.all()
    return rows.visible_to(user, Capability.STARS_REVIEW) | rows.filter(raised_by=user)


@transaction.atomic
def raise_objection(*, rating: StarRating, text: str, form_key: uuid.UUID, actor: User) -> StarObjection:
    """The same form twice is one objection; one person has at most one open against a rating."""
    today = timezone.localdate()
    if standing := StarObjection.objects.filter(form_key=form_key, raised_by=actor).first():
        return standing
    text = checked(text, "text", "异议内容", TEXT)
    round_ = locked_round(rating.hospital, rating.year)
    if why := why_not(round_, today):
        raise ValidationError(why)
    if not may_object(actor, rating.hospital_id, today):
        raise ValidationError("异议由本院在册党员或支部书记提出。")
    mine = StarObjection.objects.filter(rating=rating, raised_by=actor, state=RAISED)
    if mine.exists():
        raise ValidationError("您对这个支部的异议正在处理，答复后会告诉您。")
    try:
        with transaction.atomic():
            made = StarObjection.objects.create(
                rating=rating, branch=rating.branch, text=text, raised_by=actor, form_key=form_key
            )
    except IntegrityError as error:  # another person's form
        raise ValidationError("请刷新页面后重新提交。") from error
    record(actor=actor, action="star_objection.raised", target=made, branch=rating.branch)
    title = f"答复对{rating.branch.name}星级的异议"
    url = reverse("points:star_objections")
    open_todo(
        item_key=key_of(made),
        title=title,
        url=url,
        due=round_.objections_until,
        role=Role.PARTY_OFFICE,
        branch=rating.hospital,
    )
    notify_many(
        Message(user, Topic.STARS, key_of(made), "raised", f"请{title}", url, round_.objections_until)
        for user in Posts([rating.branch], today).office(rating.branch.path)
    )
    return made


@transaction.atomic
def answer_objection(*, objection: StarObjection, upheld: bool | None, answer: str, actor: User) -> StarObjection:
    """The Party office answers. Upheld: the rating is reviewed again, and the publicity begins anew after that."""
    rating = StarRating.objects.select_related("hospital", "branch").get(pk=objection.rating_id)
    round_ = locked_round(rating.hospital, rating.year)
    objection = StarObjection.objects.select_for_update(of=("self",)).select_related("branch").get(pk=objection.pk)
    if objection.state != RAISED:
        raise ValidationError("这项异议已经答复。")
    if objection.raised_by_id == actor.pk:
        raise ValidationError("由本人提出的异议，请由其他同志答复。")
    if upheld is None:
        raise ValidationError({"upheld": "请选择异议是否成立。"})
    answer = checked(answer, "answer", "答复", TEXT)
    objection.state = UPHELD if upheld else REFUSED
    objection.answer, objection.answered_by, objection.answered_at = answer, actor, timezone.now()
    objection.save()
    changes = {"upheld": [None, objection.get_state_display()], "comment": [None, answer]}
    record(actor=actor, action="star_objection.answered", target=objection, branch=objection.branch, changes=changes)
    close_todo(item_key=key_of(objection))
    rating.refresh_from_db(fields=["state"])
    if upheld and rating.state in (RatingState.PUBLICISED, RatingState.REVIEWED):
        reopen(round_, rating.branch_id, "公示期异议成立", actor)
    text = f"您对{objection.branch.name}星级提出的异议已答复：{objection.get_state_display()}"
    url = reverse("points:star_objections")
    notify_many([Message(objection.raised_by_id, Topic.STARS, key_of(objection), "answered", text, url, detail=answer)])
    return objection
