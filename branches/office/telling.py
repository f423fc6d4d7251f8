"""Who hears of a report: whoever asked, and the recipients of the schedule it was made for."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils import timezone

from branches.choices import Topic
from branches.inbox import Message, notify_many
from branches.models import Report, ReportSchedule, User
from branches.office.reading import able_to_read, offices_of
from branches.office.rules import why_failed

TEXT = 120  # what a line of the inbox holds


def tell_built(report: Report) -> None:
    """Recipients who lost a right are skipped, and the office is told their names."""
    people = {report.requested_by_id}
    skipped: list[str] = []
    if report.schedule is not None:
        able = able_to_read(report.kind, report.branch, timezone.localdate())
        allowed = set(able.values_list("pk", flat=True))
        for person in report.schedule.recipients.all():
            if person.pk in allowed:
                people.add(person.pk)
            else:
                skipped.append(person.name)
    item = f"report:{report.pk}"
    text = f"{_name(report)}已生成，可以下载"
    notify_many(_message(person, item, "built", text, reverse("branches:reports")) for person in sorted(people))
    if skipped and report.schedule is not None:
        text = f"{report.title}没有发给{'、'.join(skipped)}：已没有查看权限，请修改接收人"
        tell_office(report.schedule, item, "skipped", text)


def tell_failed(report: Report) -> None:
    """Once for each failure: one that was tried again and failed again is told again."""
    ended = report.job.finished_at or report.created_at
    text = f"{_name(report)}没有生成：{why_failed(report.job.error)}"
    step = f"failed:{ended:%Y%m%d%H%M%S%f}"
    url = reverse("branches:reports")
    notify_many([_message(report.requested_by_id, f"report:{report.pk}", step, text, url)])


def tell_office(schedule: ReportSchedule, item: str, step: str, text: str) -> None:
    people: Iterable[User] = offices_of(schedule.branch, timezone.localdate())
    url = reverse("branches:schedule_edit", args=[schedule.pk])
    notify_many(_message(person.pk, item, step, text, url) for person in people)


def _name(report: Report) -> str:
    """With its format: who asked for three files is told of each."""
    return f"{report.title}（{report.get_format_display()}）"


def _message(person: int, item: str, step: str, text: str, url: str) -> Message:
    return Message(person, Topic.REPORT, item, step, text[:TEXT], url)
