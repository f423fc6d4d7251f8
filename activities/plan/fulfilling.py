"""Duties that are no gatherings (duties.SERVICES_READY): done by the service that does the thing, never typed in.

    fulfil_duty(branch=branch, kind=Kind.RESEARCH, day=date(2026, 11, 22), url="/activities/plan/8/", actor=user)

Higher rooms call it downwards inside their own transaction; again changes nothing.
"""

import uuid
from datetime import date
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from activities.choices import DoneBy, Kind, PlanState
from activities.files import keep_file
from activities.models import FiledReport, PlanItem
from activities.plan.not_held import locked
from activities.plan.planning import last_day
from activities.plan.rollups import lock_branches, recount_months
from activities.rules import SERVICES_READY, duty_of, is_late
from branches.audit import record
from branches.models import Branch, User
from config.uploads import CheckedFile


class Report(NamedTuple):
    """What somebody files; `file` may be missing where the summary says it all."""

    title: str
    authors: str
    summary: str
    file: CheckedFile | None = None


@transaction.atomic
def fulfil_duty(
    *, branch: Branch, kind: str, day: date, url: str, actor: User | None, done_on: date | None = None
) -> PlanItem | None:
    """Mark the duty of `kind` whose period holds `day` as done; `url` leads to what fulfilled it.

    `done_on` (default today) decides whether it was in time. None where nothing of the kind is owed then: it was done
    of the branch's own accord.
    """
    lock_branches([branch.pk])
    rows = PlanItem.objects.select_for_update().filter(
        branch=branch, kind=kind, start__lte=day, end__gte=day, pushed__isnull=True
    )
    item = rows.exclude(state=PlanState.NOT_APPLICABLE).first()
    if item is None or item.fulfilled_by_url == url:
        return item
    first = not item.fulfilled_by_url
    item.fulfilled_by_url = url
    if first:
        item.state, item.count = PlanState.CONFIRMED, item.at_least
        item.done_on = done_on or timezone.localdate()
        item.late = is_late(item.done_on, last_day(item))
    return _written(item, actor, "plan.fulfilled")


@transaction.atomic
def unfulfil_duty(*, branch: Branch, kind: str, day: date, actor: User | None) -> PlanItem | None:
    """What fulfilled the duty was taken back: it is owed again."""
    lock_branches([branch.pk])
    rows = PlanItem.objects.select_for_update().filter(branch=branch, kind=kind, start__lte=day, end__gte=day)
    item = rows.exclude(fulfilled_by_url="").first()
    if item is None:
        return None
    item.fulfilled_by_url, item.state, item.count, item.done_on, item.late = "", PlanState.OPEN, 0, None, False
    return _written(item, actor, "plan.reopened")


def takes_reports(item: PlanItem) -> bool:
    """Whether filing a report fulfils this item."""
    duty = duty_of(item.kind, item.start)
    return bool(
        item.kind == Kind.RESEARCH
        and duty
        and duty.done_by == DoneBy.SERVICE
        and duty.kind in SERVICES_READY
        and item.state in (PlanState.OPEN, PlanState.CONFIRMED)
    )


@transaction.atomic
def file_report(*, item: PlanItem, report: Report, form_key: uuid.UUID, actor: User) -> FiledReport:
    """File a report on a duty that asks for one; the first fulfils it, more may follow. The same form twice: once."""
    item = locked(item)
    standing = FiledReport.objects.filter(form_key=form_key).first()
    if standing is not None:
        return standing
    if not takes_reports(item):
        raise ValidationError("这一项不通过报告办理。")
    if item.start > timezone.localdate():
        raise ValidationError("这一项的时间还没有开始。")
    title, authors, summary = " ".join(report.title.split()), " ".join(report.authors.split()), report.summary.strip()
    problems = {}
    if not title or len(title) > 100:
        problems["title"] = "请填写报告题目（100字以内）。"
    if not authors or len(authors) > 60:
        problems["authors"] = "请填写报告人（60字以内）。"
    if len(summary) > 4000:
        problems["summary"] = "主要内容请控制在4000字以内。"
    elif not summary and report.file is None:
        problems["summary"] = "请填写主要内容，或上传报告文件。"
    if problems:
        raise ValidationError(problems)
    filed = FiledReport(item=item, title=title, authors=authors, summary=summary, form_key=form_key, filed_by=actor)
    if report.file is not None:
        filed.name, filed.content_type, filed.size = report.file.name, report.file.content_type, len(report.file.data)
        filed.file.name = keep_file(report.file)
    filed.save()
    record(actor=actor, action="plan.report_filed", target=filed, branch=item.branch, changes={"title": [None, title]})
    url = reverse("activities:plan_item", args=[item.pk])
    fulfil_duty(branch=item.branch, kind=item.kind, day=item.start, url=url, actor=actor)
    return filed


def _written(item: PlanItem, actor: User | None, action: str) -> PlanItem:
    item.version += 1
    item.save(update_fields=["fulfilled_by_url", "state", "count", "done_on", "late", "version"])
    recount_months(branches=[item.branch_id], months=[item.due.replace(day=1)], kinds=[item.kind])
    record(actor=actor, action=action, target=item, branch=item.branch)
    return item
