"""Whoever holds the cycle up is told, each step once. Reads, opens to-dos, and calls the inbox; runs twice unharmed.

That a quarter is to be published is told as a required action (activities.reminders), by its plan item; here only its
to-do is opened. What an objection or a claim is about stands on its page, never in a message.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, timedelta
from functools import partial
from typing import Final

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from activities.reminders.rules import step_now
from branches.audit import record
from branches.choices import Role, Topic
from branches.inbox import Message, notify_digest, notify_many
from branches.models import Branch, Notice, User
from branches.term_reminders import LEADING, Posts
from branches.working_days import WorkCalendar, add_working_days, next_working_day
from config.templatetags.ui import cn_day
from points.choices import ClaimState, ObjectionState, PeriodKind, PeriodState
from points.cycle import rules
from points.cycle.agenda import Matter
from points.cycle.closing import ask_to_publish
from points.cycle.people import WITH, answerers, deciders
from points.cycle.publishing import why_not
from points.models import Claim, Objection, PeriodClose

OVERDUE: Final = "overdue"
LOOK_BACK: Final = 100  # days after a quarter in which its publication is asked for


def remind(*, hospital_id: int, branches: list[Branch], today: date, calendar: WorkCalendar) -> int:
    """Everything of one hospital that is to be said on `today`; returns how many messages were new."""
    posts = Posts(branches, today)
    open_publications(branches=branches, today=today, calendar=calendar)
    told = remind_objections(hospital_id=hospital_id, posts=posts, today=today, calendar=calendar)
    return told + remind_claims(hospital_id=hospital_id, posts=posts, today=today, calendar=calendar)


def open_publications(*, branches: list[Branch], today: date, calendar: WorkCalendar) -> int:
    """A to-do of the secretary for the quarter that ended last, once its months are closed, until it is published."""
    quarter = rules.quarter_of(rules.quarter_of(today) - timedelta(days=1))
    if rules.quarter_end(quarter) + timedelta(days=LOOK_BACK) < today:
        return 0
    done = PeriodClose.objects.filter(branch__in=branches, kind=PeriodKind.QUARTER, start=quarter)
    shown = set(done.exclude(state=PeriodState.OPEN).values_list("branch", flat=True))
    closed = PeriodClose.objects.filter(
        branch__in=branches, kind=PeriodKind.MONTH, start=rules.quarter_end(quarter).replace(day=1)
    )
    ready = set(closed.exclude(state=PeriodState.OPEN).values_list("branch", flat=True)) - shown
    due = rules.quarter_published_by(quarter, partial(next_working_day, calendar=calendar))
    opened = 0
    for branch in branches:
        if branch.pk in ready and not why_not(branch, quarter, today):
            ask_to_publish(branch, quarter, due)
            opened += 1
    return opened


def remind_objections(*, hospital_id: int, posts: Posts, today: date, calendar: WorkCalendar) -> int:
    """3 days and 1 day before an answer or a decision is due, on the day, and once when it is overdue.

    Of an answer that is overdue the Party office hears too, in one line a day.
    """
    rows = Objection.objects.filter(branch__hospital=hospital_id).open().select_related(*WITH)
    messages: list[Message] = []
    late: dict[int, list[Message]] = defaultdict(list)
    for one in rows.order_by("pk"):
        answers = one.state == ObjectionState.RAISED
        due = one.answer_due if answers else one.decide_due
        if due is None:
            continue
        people = answerers(one, posts) if answers else deciders(one, posts)
        step = step_now(due, today, calendar, rules.STEPS)
        what = "积分异议的答复" if answers else "积分申诉的裁定"
        if step is not None:
            left = (due - today).days
            text = f"{one.branch}：{what}{f'还有{left}天到期' if left else '今天到期'}"
            messages += [_about(user, one, f"{one.state}:{step}", text, due) for user in people]
        elif today > due:
            text = f"{one.branch}：{what}已逾期，应于{cn_day(due, today)}前办结"
            messages += [_about(user, one, f"{one.state}:{OVERDUE}", text, due) for user in people]
            for user in posts.office(one.branch.path) if answers else []:
                if user not in people:
                    late[user].append(_about(user, one, f"{one.state}:{OVERDUE}", text, due))
    told = notify_many(messages)
    for mine in late.values():
        url = f"{reverse('points:objection_list')}?show=late"
        notify_digest(topic=Topic.POINTS, day=today, messages=mine, text="{n}项积分异议逾期未答复，请督促", url=url)
    return told


@transaction.atomic
def urge(*, branch: Branch, matter: Matter, actor: User, today: date) -> int:
    """The Party office asks the holders of one matter, once a day; returns how many were told now."""
    by = f"，应于{cn_day(matter.due, today)}前办结" if matter.due else ""
    text = f"党委办公室催办：{branch}{matter.what}{by}"
    people = [user for user in matter.people if user != actor.pk]
    told = notify_many(
        Message(user, Topic.POINTS, matter.key, urged_step(today), text, matter.url, matter.due) for user in people
    )
    if told:
        record(
            actor=actor, action="period.urged", target=branch, branch=branch, changes={"matter": [None, matter.what]}
        )
    return told


def urged_step(today: date) -> str:
    return f"urged:{today.isoformat()}"


def urged_today(keys: Collection[str], today: date) -> set[str]:
    """Those of the matters somebody was asked about today."""
    rows = Notice.objects.filter(item_key__in=keys, step=urged_step(today))
    return set(rows.values_list("item_key", flat=True))


def _about(user: int, one: Objection, step: str, text: str, due: date) -> Message:
    url = reverse("points:objection_detail", args=[one.pk])
    return Message(user, Topic.POINTS, f"objection:{one.pk}", step, text, url, due)


def remind_claims(*, hospital_id: int, posts: Posts, today: date, calendar: WorkCalendar) -> int:
    """Claims that have waited longer than five working days: the organisation member, else who leads the branch."""
    rows = Claim.objects.ordinary().filter(
        branch__hospital=hospital_id, state=ClaimState.DECLARED, declared_at__isnull=False
    )
    mine: dict[int, list[Message]] = defaultdict(list)
    for claim in rows.select_related("branch", "member").order_by("pk"):
        since = timezone.localdate(claim.declared_at)
        if add_working_days(since, rules.CLAIM_WAITS, calendar) >= today:
            continue
        branch = claim.branch_id
        mine_own = {claim.member.user_id}
        organisers = [one for one in posts.holders(branch, [Role.ORGANISATION_MEMBER]) if one not in mine_own]
        people = organisers or [one for one in posts.holders(branch, LEADING) if one not in mine_own]
        url = reverse("points:claim_detail", args=[claim.pk])
        text = f"{claim.branch}：{claim.rule_code}积分申报{cn_day(since, today)}提交，尚未审核"
        for user in people:
            step = f"waiting:{since.isoformat()}"
            mine[user].append(Message(user, Topic.POINTS, f"claim:{claim.pk}", step, text, url))
    for messages in mine.values():
        notify_digest(
            topic=Topic.POINTS,
            day=today,
            messages=messages,
            text="{n}份积分申报等待审核超过5个工作日，请尽快审核",
            url=reverse("points:claim_review_list"),
        )
    return sum(len(messages) for messages in mine.values())
