"""Publishing a draft: judged once more, frozen, told to the secretaries, and applied to records it reaches back to."""

from collections.abc import Collection
from datetime import date
from typing import Final, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from branches import jobs
from branches.audit import record
from branches.choices import Role, Topic
from branches.inbox import Message, notify_many
from branches.models import Appointment, User
from config.templatetags.ui import cn_month
from points.choices import PeriodKind, PeriodState
from points.models import MemberItem, PeriodClose, RuleVersion
from points.rulebook.book import Edition, RuleBook, plan_of
from points.rulebook.differences import Plan
from points.rulebook.rules import Checks, Situation, publish_checks

APPLY: Final = "points.editions.tasks.apply_edition"


class Judged(NamedTuple):
    before: Edition  # in force until the draft begins
    checks: Checks


def edition_before(version: RuleVersion) -> Edition:
    """The published edition that is in force in the month before `version` begins. Two statements."""
    fitting = [one for one in RuleBook().editions(version.hospital_id) if one.valid_from < version.valid_from]
    return fitting[-1] if fitting else Edition(version.valid_from, {}, {})


def judged(draft: RuleVersion, *, today: date, known: Collection[str]) -> Judged:
    """What stands in the way of publishing `draft`; `known`: the feeds the system delivers. Five statements."""
    before = edition_before(draft)
    old = plan_of(before.version, before.rows.values()) if before.version else Plan("", draft.valid_from)
    mine = RuleVersion.objects.published().filter(hospital=draft.hospital_id)
    closed = (
        PeriodClose.objects.filter(branch__hospital=draft.hospital_id, kind=PeriodKind.MONTH)
        .exclude(state=PeriodState.OPEN)
        .order_by("-start")
    )
    entries = MemberItem.objects.filter(
        year=draft.valid_from.year, n__gt=0, member__branch__hospital=draft.hospital_id
    ).order_by()
    now = Situation(
        today=today,
        closed=closed.values_list("start", flat=True).first(),
        published=list(mine.values_list("valid_from", flat=True)),
        used=set(entries.values_list("rule_code", flat=True).distinct()),
        known=known,
    )
    return Judged(before, publish_checks(plan_of(draft), old, now))


@transaction.atomic
def publish(*, draft: RuleVersion, version: int, actor: User, today: date, known: Collection[str]) -> RuleVersion:
    """Freeze a draft. Again changes nothing and answers the published edition.

    The editions of the hospital are locked together, so that two drafts are not published beside each other.
    """
    rows = {
        row.pk: row
        for row in RuleVersion.objects.select_for_update(of=("self",)).filter(hospital=draft.hospital_id).order_by("pk")
    }
    row = rows.get(draft.pk)
    if row is None:
        raise ValidationError("这份草稿已被删除。")
    if row.published_at is not None:
        return row
    if row.version != version:
        raise ValidationError("您打开以后，草稿又有改动，请核对后再发布。")
    if errors := judged(row, today=today, known=known).checks.errors:
        raise ValidationError(errors)
    RuleVersion.objects.filter(pk=row.pk).update(
        published_at=timezone.now(), published_by=actor, version=F("version") + 1
    )
    row.refresh_from_db()
    changes = {"valid_from": [None, cn_month(row.valid_from)], "basis": [None, row.basis]}
    record(actor=actor, action="rules.published", target=row, branch=row.hospital, changes=changes)
    _tell(row, today)
    if row.valid_from.year <= today.year:  # it reaches records and sums that exist
        jobs.enqueue(task=APPLY, business_key=f"edition:{row.pk}", params={"edition": row.pk}, requested_by=actor)
    return row


def _tell(row: RuleVersion, today: date) -> None:
    posts = Appointment.objects.current(today).filter(role=Role.BRANCH_SECRETARY, branch__hospital=row.hospital_id)
    text = f"积分规则已发布：{row.name}，{cn_month(row.valid_from)}起执行"
    url = reverse("points:rule_edition", args=[row.pk])
    notify_many(
        Message(recipient, Topic.POINTS, f"rules:{row.pk}", "published", text, url)
        for recipient in posts.values_list("user", flat=True).distinct()
    )
