"""Publishing a score card: judged once more under lock, frozen, told to the secretaries and the Party office."""

from datetime import date
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from branches.audit import record
from branches.choices import Role, Topic
from branches.inbox import Message, notify_many
from branches.models import Appointment, User
from points.models import Scorecard
from points.rulebook.rules import Checks
from points.stars.card_editing import category_words, rated_years
from points.stars.card_rules import checks
from points.stars.cards import CardBook, edition_of
from points.stars.rounds import locked_round


class Judged(NamedTuple):
    before: Scorecard | None  # in force for the category until the draft begins
    checks: Checks


def edition_before(card: Scorecard) -> Scorecard | None:
    """The published edition that is in force in the year before `card` begins. Two statements."""
    try:
        return CardBook([card.hospital_id]).row(card.hospital_id, card.category, card.valid_from - 1)
    except LookupError:
        return None


def judged(draft: Scorecard, *, today: date) -> Judged:
    """What stands in the way of publishing `draft`. Four statements."""
    before = edition_before(draft)
    rated = rated_years(draft.hospital, draft.category) if draft.hospital else {}
    old = edition_of(before) if before else None
    return Judged(before, checks(edition_of(draft), old, today_year=today.year, rated=rated))


@transaction.atomic
def publish(*, draft: Scorecard, version: int, actor: User, today: date) -> Scorecard:
    """Freeze a draft. Again changes nothing and answers the published edition.

    Nobody hands in a self-rating meanwhile: the rounds of the years it reaches are locked first.
    """
    hospital = draft.hospital
    if hospital is None:
        raise ValidationError("系统自带的评分表不能修改；需要调整请新建草稿。")
    for year in range(draft.valid_from, today.year + 1):
        locked_round(hospital, year)
    row = Scorecard.objects.select_for_update(of=("self",)).select_related("hospital").filter(pk=draft.pk).first()
    if row is None:
        raise ValidationError("这份草稿已被删除。")
    if row.published_at is not None:
        return row
    if row.version != version:
        raise ValidationError("您打开以后，草稿又有改动，请核对后再发布。")
    if errors := judged(row, today=today).checks.errors:
        raise ValidationError(errors)
    Scorecard.objects.filter(pk=row.pk).update(
        published_at=timezone.now(), published_by=actor, version=F("version") + 1
    )
    row.refresh_from_db()
    changes = {
        "category": [None, category_words(row.category)],
        "valid_from": [None, f"{row.valid_from}年"],
        "basis": [None, row.basis],
    }
    record(actor=actor, action="star_card.published", target=row, branch=hospital, changes=changes)
    _tell(row, today)
    return row


def _tell(row: Scorecard, today: date) -> None:
    """Secretaries of the branches the card is for, and the Party office."""
    branches = Q(role=Role.BRANCH_SECRETARY, branch__hospital=row.hospital_id)
    if row.category:
        branches &= Q(branch__category=row.category)
    office = Q(role=Role.PARTY_OFFICE, branch=row.hospital_id)
    posts = Appointment.objects.current(today).filter(branches | office)
    text = f"星级评分表已发布：{row.name}，{row.valid_from}年度起执行"
    url = reverse("points:star_card", args=[row.pk])
    notify_many(
        Message(recipient, Topic.STARS, f"star_card:{row.pk}", "published", text, url)
        for recipient in posts.order_by("user").values_list("user", flat=True).distinct()
    )
