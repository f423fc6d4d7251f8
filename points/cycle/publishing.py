"""The display of a quarter's points (晾晒): a frozen copy, with the days until which its members may object."""

from datetime import date
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from activities.choices import Kind, Period
from activities.plan.fulfilling import fulfil_duty
from activities.plan.periods import Span, span_of
from activities.plan.rollups import lock_branches
from branches.access import may
from branches.audit import record
from branches.choices import Capability, Role, Topic
from branches.inbox import Message, notify_many
from branches.models import Appointment, Branch, User
from branches.todo import close_todo
from branches.working_days import add_working_days, load_calendar
from config.templatetags.ui import cn_day
from members.closing import MonthState
from members.models import Member
from points.choices import PeriodKind, PeriodState
from points.cycle.closing import (
    lived_in,
    month_state,
    months_missing,
    publication_key,
    set_state,
)
from points.cycle.rules import Windows, windows
from points.cycle.table import build, digest_of
from points.models import PeriodClose, Publication


class Changed(ValidationError):
    """What is to be published is not what the reader saw."""


def may_publish(user: User, branch: Branch) -> bool:
    """The secretary; the Party office where a branch has none."""
    if may(user, Capability.POINTS_PUBLISH, branch):
        return True
    return may(user, Capability.PERIODS_LOCK, branch) and not has_secretary(branch)


def has_secretary(branch: Branch) -> bool:
    held = Appointment.objects.current(timezone.localdate()).filter(branch=branch, role=Role.BRANCH_SECRETARY)
    return held.filter(user__is_active=True).exists()


def why_not(branch: Branch, quarter: date, today: date) -> str:
    """Why a quarter cannot be published now; empty when it can."""
    span = span_of(Period.QUARTER, quarter)
    name = f"{span.start.year}年{span.label}"
    if span.end >= today:
        return f"{name}还没有结束，{cn_day(span.end, today)}以后才能晾晒。"
    if not lived_in(branch, span):
        return f"{branch}在{name}没有设立，不需要晾晒。"
    if missing := months_missing(branch, span):
        return f"{name}还有{missing}个月没有关账，请先关账。"
    state = month_state(branch, span.start)
    if state == MonthState.YEAR_LOCKED:
        return f"{span.start.year}年已锁定，须由党委书记先重新开放年度。"
    if state == MonthState.QUARTER_LOCKED:
        return f"{name}已锁定，须由党委办公室先重新开放。"
    if PeriodClose.objects.filter(
        branch=branch, kind=PeriodKind.QUARTER, start=span.start, state=PeriodState.PUBLISHED
    ).exists():
        return f"{name}的积分已经晾晒。"
    return ""


def windows_from(day: date) -> Windows:
    return windows(day, partial(add_working_days, calendar=load_calendar([day.year])))


@transaction.atomic
def publish_quarter(
    *, branch: Branch, quarter: date, digest: str, actor: User, today: date, tell: bool = True
) -> Publication:
    """Freeze the table of a quarter and show it to the branch. `digest`: of the table the publisher looked at.

    Raises Changed where the figures moved meanwhile, ValidationError for what is not to be published. Of a quarter that
    was opened again it is the next number; the one before stays. `tell`: whether the members hear of it.
    """
    lock_branches([branch.pk])
    span = span_of(Period.QUARTER, quarter)
    if reason := why_not(branch, span.start, today):
        raise ValidationError(reason)
    table = build(branch, span.start)
    if not table["rows"]:
        raise ValidationError(f"{span.label}末没有在册党员，不需要晾晒。")
    if digest_of(table) != digest:
        raise Changed("核对期间积分有变化，下面是最新的内容，请核对后再确认。")
    earlier = Publication.objects.filter(branch=branch, quarter=span.start).count()
    publication = Publication.objects.create(
        branch=branch,
        quarter=span.start,
        number=earlier + 1,
        published_on=today,
        **windows_from(today)._asdict(),
        table=table,
        digest=digest,
        published_by=actor,
    )
    row, _ = PeriodClose.objects.get_or_create(branch=branch, kind=PeriodKind.QUARTER, start=span.start)
    set_state(row, PeriodState.PUBLISHED, actor, "period.published")
    url = reverse("points:publication_detail", args=[publication.pk])
    fulfil_duty(branch=branch, kind=Kind.POINTS_PUBLICATION, day=span.start, url=url, actor=actor, done_on=today)
    close_todo(item_key=publication_key(branch, span.start))
    changes = {
        "period": [None, f"{span.start.year}年{span.label}"],
        "rows": [None, len(table["rows"])],
        "number": [None, publication.number],
    }
    record(actor=actor, action="points.published", target=publication, branch=branch, changes=changes)
    if tell:
        _tell(publication, span, url)
    return publication


def _tell(publication: Publication, span: Span, url: str) -> None:
    """Everybody on the roll of the branch now: who may read the page."""
    branch = publication.branch
    people = Member.objects.current().filter(branch=branch)
    until = cn_day(publication.objections_until, publication.published_on)
    again = "重新" if publication.number > 1 else ""
    notify_many(
        Message(
            user,
            Topic.POINTS,
            f"publication:{publication.pk}",
            "published",
            f"{branch}{span.start.year}年{span.label}积分已{again}晾晒，有异议的请在{until}前提出",
            url,
            publication.objections_until,
        )
        for user in people.filter(user__is_active=True).values_list("user", flat=True)
    )


def standing(publication: Publication) -> Publication | None:
    """The publication of the same quarter that replaced this one; None for the latest."""
    newer = Publication.objects.filter(
        branch=publication.branch_id, quarter=publication.quarter, number__gt=publication.number
    )
    return newer.defer("table").order_by("-number").first()


def rows_of(publication: Publication, member_id: int) -> dict[str, Any] | None:
    """The line of one member."""
    return next((row for row in publication.table["rows"] if row["member"] == member_id), None)
