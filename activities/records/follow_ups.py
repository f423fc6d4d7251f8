"""Matters decided and defects to be mended: who does them by when, to-dos of their owners, and ticking them off."""

from collections import Counter
from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from activities.access import may_record
from activities.models import SEEN_BY_MEMBERS, Activity, FollowUp
from activities.plan.closed_periods import require_open
from activities.signals import activity_corrected
from branches.audit import record
from branches.choices import Capability
from branches.models import Branch, Todo, User
from branches.todo import close_todo, open_todo

NOBODY: Final = "none"  # the filter for matters without an owner
OFFERED: Final = 8  # open matters the form of the next meeting shows


def item_key(follow_up: FollowUp) -> str:
    return f"follow_up:{follow_up.pk}"


def open_todos(activity: Activity, actor: User) -> None:
    """Effect of a confirmed record: every open matter with an owner is a to-do of that owner alone."""
    url = f"{reverse('activities:follow_ups')}?state=open"
    for row in activity.follow_ups.select_related("owner"):
        if row.done_on or row.owner is None:
            close_todo(item_key=item_key(row))
            continue
        others = Todo.objects.filter(item_key=item_key(row), done_at__isnull=True).exclude(recipient=row.owner)
        others.update(done_at=timezone.now())
        open_todo(item_key=item_key(row), title=row.text[:120], url=url, due=row.due, recipient=row.owner)


def of_reader(user: User) -> QuerySet[FollowUp]:
    """Matters of confirmed records: where a post shows the records, and one's own."""
    settled = FollowUp.objects.filter(activity__state__in=SEEN_BY_MEMBERS)
    seen = settled.visible_to(user, Capability.ACTIVITY_VIEW) | settled.filter(owner=user)
    return seen.select_related("activity__branch", "activity__group", "owner", "done_by").distinct()


def found_by(rows: QuerySet[FollowUp], *, state: str, branch: Branch | None, owner: str, today: date) -> Any:
    """Rows of the page for the chosen filters; what is due first comes first. `owner`: id of a user, NOBODY or ""."""
    if state == "open":
        rows = rows.filter(done_on__isnull=True)
    elif state == "late":
        rows = rows.filter(done_on__isnull=True, due__lt=today)
    elif state == "done":
        rows = rows.filter(done_on__isnull=False)
    if branch is not None:
        rows = rows.filter(activity__branch=branch)
    if owner:
        rows = rows.filter(owner__isnull=True) if owner == NOBODY else rows.filter(owner=int(owner))
    order = ("-done_on", "-pk") if state == "done" else ("due", "activity__starts_at", "number")
    return rows.order_by(*order)


def owners_of(rows: QuerySet[FollowUp]) -> list[tuple[str, str]]:
    """(id, name) of everybody who answers for one of these matters; namesakes with their branch. One query."""
    people = list(User.objects.filter(pk__in=rows.order_by().values("owner")).select_related("member__branch"))
    count = Counter(person.name for person in people)
    return sorted(((str(one.pk), _named(one, count[one.name] > 1)) for one in people), key=lambda pair: pair[1])


def _named(person: User, twice: bool) -> str:
    home = getattr(person, "member", None) if twice else None
    return f"{person.name}（{home.branch}）" if home is not None else person.name


def may_finish(user: User, row: FollowUp) -> bool:
    """The owner, and whoever keeps the records of the branch."""
    return row.owner_id == user.pk or may_record(user, row.activity)


@transaction.atomic
def finish(*, follow_up: FollowUp, note: str, actor: User, on: date | None = None) -> FollowUp:
    """Tick a matter off with a word on what became of it. Twice changes nothing."""
    row = FollowUp.objects.select_for_update(of=("self",)).select_related("activity__branch").get(pk=follow_up.pk)
    if row.activity.state not in SEEN_BY_MEMBERS:
        raise ValidationError("会议记录确认后才能办结议定事项。")
    if row.done_on is not None and row.done_by_id:
        return row
    note = " ".join(note.split())
    if not note:
        raise ValidationError("请写明落实情况。")
    if len(note) > 300:
        raise ValidationError("落实情况请控制在300字以内。")
    row.done_on, row.done_note, row.done_by = on or timezone.localdate(), note, actor
    row.save(update_fields=["done_on", "done_note", "done_by"])
    close_todo(item_key=item_key(row))
    changes = {row.text[:60]: ["", note]}
    record(actor=actor, action="activity.matter_done", target=row.activity, branch=row.activity.branch, changes=changes)
    _say_done(row, actor)
    return row


@transaction.atomic
def reopen(*, follow_up: FollowUp, actor: User) -> FollowUp:
    """Take the tick back: the matter is open again, and a to-do of its owner."""
    row = (
        FollowUp.objects.select_for_update(of=("self",))
        .select_related("activity__branch", "owner")
        .get(pk=follow_up.pk)
    )
    if row.done_on is None:
        return row
    require_open(row.activity.branch, row.done_on)  # doing it in time may have been worth something
    changes = {row.text[:60]: [row.done_note, ""]}
    row.done_on, row.done_note, row.done_by = None, "", None
    row.save(update_fields=["done_on", "done_note", "done_by"])
    if row.activity.state in SEEN_BY_MEMBERS:
        open_todos(row.activity, actor)
    action = "activity.matter_reopened"
    record(actor=actor, action=action, target=row.activity, branch=row.activity.branch, changes=changes)
    _say_done(row, actor)
    return row


def _say_done(row: FollowUp, actor: User) -> None:
    """Tell the rooms above that a matter is done, or not after all."""
    activity_corrected.send(FollowUp, source_kind="matter", source_id=row.pk, revision=0, actor=actor)


def open_of(*, branch: Branch, group: Branch | None, ticked: QueryDict | None) -> list[dict[str, Any]]:
    """What earlier meetings of this body left open, oldest due first, as the form of the next one offers it."""
    rows = FollowUp.objects.filter(
        Q(activity__group=group) | Q(activity__group__isnull=True),
        activity__branch=branch,
        activity__state__in=SEEN_BY_MEMBERS,
        done_on__isnull=True,
    )
    rows = rows.select_related("owner", "activity").order_by("due", "pk")[:OFFERED]
    return [{"row": row, "note": (ticked or {}).get(f"carried-{row.pk}", "")} for row in rows]


def tick_from_form(*, user: User, data: QueryDict, branch: Branch) -> int:
    """Finish the matters of earlier meetings that the form of this one gave a word on. Returns how many."""
    said = {
        int(key[8:]): data[key]
        for key in data
        if key.startswith("carried-") and key[8:].isdecimal() and data[key].strip()
    }
    rows = FollowUp.objects.filter(
        pk__in=said, activity__branch=branch, done_on__isnull=True, activity__state__in=SEEN_BY_MEMBERS
    )
    done = 0
    for row in rows.select_related("activity__branch"):
        if may_finish(user, row):
            finish(follow_up=row, note=said[row.pk][:300], actor=user)
            done += 1
    return done
