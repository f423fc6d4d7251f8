"""Activation links by mail, where the installation has a mail server. A link is made by the worker, never queued."""

from collections.abc import Collection, Iterable
from datetime import datetime
from smtplib import SMTPException
from typing import Final, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from branches import jobs
from branches.accounts import slips
from branches.accounts.receivers import place_of
from branches.audit import record
from branches.models import AccessLink, Job, JobState, User

TASK: Final = "branches.accounts.tasks.mail_slip"
SUBJECT: Final = "支部工作平台账号激活"
SENT: Final = {  # how a page says what became of the last mail
    JobState.QUEUED: ("is-sent", "hourglass-split", "邮件发送中"),
    JobState.RUNNING: ("is-sent", "hourglass-split", "邮件发送中"),
    JobState.DONE: ("is-ok", "envelope-check", "邮件已发出"),
    JobState.FAILED: ("is-late", "envelope-x", "邮件没有发出"),
    JobState.CANCELLED: ("is-late", "envelope-x", "邮件没有发出"),
}


class Mailed(NamedTuple):
    """What became of the last mail to a person."""

    css: str
    icon: str
    text: str
    at: datetime


def may_mail(actor: User, user: User) -> bool:
    """Mail is set up, the person has an address, and `actor` might as well print the slip."""
    return settings.MAIL_IS_SET_UP and bool(user.email) and slips.may_issue(actor, user)


@transaction.atomic
def queue_slips(*, users: Iterable[User], actor: User, base: str) -> int:
    """Ask the worker to mail each of them a link; asked twice before it is sent, one mail goes. Returns how many.

    Raises ValidationError, and queues none, where one of them cannot be mailed to. `base`: address of the site.
    """
    users = list(users)
    if not settings.MAIL_IS_SET_UP:
        raise ValidationError("没有设置邮件服务，请打印激活单。")
    for user in users:
        if not user.email:
            raise ValidationError(f"{user.name}还没有邮箱，请先填写邮箱，或打印激活单。")
        slips.require_issuer(actor, user)
    for user in users:
        last = AccessLink.objects.filter(user=user).order_by("-pk").values_list("pk", flat=True).first()
        jobs.enqueue(
            task=TASK,
            business_key=f"{user.pk}:{last or 0}",
            params={"user": user.pk, "actor": actor.pk, "base": base},
            requested_by=actor,
        )
        record(actor=actor, action="slip.mail_queued", target=user, branch=place_of(user))
    return len(users)


def mail_slip(*, user_id: int, actor_id: int, base: str) -> None:
    """Make the link and send it. No transaction is held while the mail server answers; a link nobody got is revoked.

    Raises what the mail server refused with: the job keeps the kind of the error.
    """
    user, actor = User.objects.get(pk=user_id), User.objects.get(pk=actor_id)
    if not user.email:
        raise ValidationError(f"{user.name}没有邮箱。")
    (slip,) = slips.issue_slips(users=[user], actor=actor, base=base, action="slip.mailed")
    hours = settings.ACTIVATION_HOURS
    text = (
        f"{user.name}，您好：\n\n请打开下面的链接，设置支部工作平台的登录密码。链接{hours}小时内有效，只能用一次，请勿转发。\n\n"
        f"{slip.url}\n\n如果您没有使用这个平台，请忽略这封邮件。\n"
    )
    try:
        EmailMessage(SUBJECT, text, settings.DEFAULT_FROM_EMAIL, [user.email]).send()
    except (OSError, SMTPException):
        with transaction.atomic():
            unsent = slips.find_link(AccessLink.Kind.ACTIVATION, slip.url.rstrip("/").rsplit("/", 1)[1])
            AccessLink.objects.filter(pk=unsent.pk if unsent else None).update(revoked_at=timezone.now())
            record(actor=actor, action="slip.mail_failed", target=user, branch=place_of(user))
        raise


@transaction.atomic
def change_email(*, user: User, email: str, actor: User) -> None:
    """Set or clear the address that activation links go to."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.email == email:
        return
    user.email = email
    user.save(update_fields=["email"])
    changes = {"email": ["***", "***"]}
    record(actor=actor, action="account.email_changed", target=user, branch=place_of(user), changes=changes)


def last_mails(users: Collection[int]) -> dict[int, Mailed]:
    """What became of the last mail to each of these people (ids). One query."""
    found = {}
    rows = Job.objects.filter(task=TASK, params__user__in=list(users)).order_by("pk")
    for job in rows:
        found[job.params["user"]] = Mailed(*SENT[JobState(job.state)], job.finished_at or job.created_at)
    return found
