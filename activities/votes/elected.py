"""What a confirmed election brings about: posts end, posts begin, the branch has a new term. Written once.

Only with the superior's approval: entered with the record, or later by the Party office (`approve_election`). What was
written is corrected at the branch itself, by appointing and ending posts, never by changing the election.
"""

from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from activities.choices import ElectionBody
from activities.models import SEEN_BY_MEMBERS, Activity, Candidate, Election
from activities.votes.elections import POSTS
from branches.access import may
from branches.audit import record
from branches.choices import Capability, Role, Topic
from branches.inbox import notify
from branches.models import Appointment, AppointmentQuerySet, Branch, User
from branches.services import appoint, end_appointment
from branches.term_rules import term_end
from branches.terms import current_term, enter_term

LED_BY: Final = {ElectionBody.SECRETARY: Role.BRANCH_SECRETARY, ElectionBody.DEPUTY: Role.DEPUTY_SECRETARY}


def write_elections(activity: Activity, actor: User) -> None:
    """Effect of a confirmed record: posts and term of each approved election; the office is asked for the others."""
    if activity.state not in SEEN_BY_MEMBERS:
        return
    waiting = []
    for election in first_rounds(activity):
        if election.applied_at is not None or not winners(election):
            continue
        if election.approval:
            apply_election(election, actor)
        else:
            waiting.append(election)
    if waiting:
        _ask_office(activity)


def first_rounds(activity: Activity) -> list[Election]:
    """The elections that have posts to fill, each standing for its later rounds; the committee before its secretary."""
    rows = activity.elections.filter(follows__isnull=True).exclude(body=ElectionBody.DELEGATES)
    order = list(ElectionBody)
    return sorted(rows, key=lambda row: (order.index(ElectionBody(row.body)), row.number))


def winners(election: Election) -> list[Candidate]:
    """Everybody elected in this election, whichever round it took."""
    ids, last = [election.pk], election
    while later := last.rounds.first():
        ids.append(later.pk)
        last = later
    rows = Candidate.objects.filter(election__in=ids, elected=True)
    return list(rows.select_related("user").order_by("election__number", "order"))


@transaction.atomic
def apply_election(election: Election, actor: User) -> None:
    """Write posts and term, on the day the term begins, else the day of the meeting. A second call changes nothing."""
    election = Election.objects.select_for_update(of=("self",)).select_related("activity__branch").get(pk=election.pk)
    if election.applied_at is not None:
        return
    branch, people = election.activity.branch, winners(election)
    on = election.term_from or timezone.localdate(election.activity.starts_at)
    if not election.by_election and election.term_from is not None:
        _write_term(election, branch, actor)
    if election.body == ElectionBody.COMMITTEE:
        if not election.by_election:
            _end_committee(branch, {row.user_id: row.post for row in people}, on, actor)
        for row in people:
            if row.post in POSTS and not _holds(row.user, branch, Role(row.post), on):
                appoint(user=row.user, branch=branch, role=row.post, starts_on=on, actor=actor)
    elif election.body in LED_BY:
        role = LED_BY[ElectionBody(election.body)]
        for row in people:
            if not _holds(row.user, branch, role, on):
                appoint(user=row.user, branch=branch, role=role, starts_on=on, actor=actor, replace=True)
    election.applied_at = timezone.now()
    election.save(update_fields=["applied_at"])
    told = {"elected": [None, "、".join(row.name for row in people)], "approval": [None, election.approval]}
    record(actor=actor, action="election.applied", target=election, branch=branch, changes=told)


@transaction.atomic
def approve_election(*, election: Election, approval: str, actor: User) -> Election:
    """The Party office enters the superior's approval of a confirmed election; posts and term follow at once."""
    election = Election.objects.select_for_update(of=("self",)).select_related("activity__branch").get(pk=election.pk)
    if not may(actor, Capability.POSTS_MANAGE, election.activity.branch):
        raise ValidationError("选举结果的批复由党委办公室登记。")
    if election.applied_at is not None:
        return election
    if election.activity.state not in SEEN_BY_MEMBERS or election.follows_id or not winners(election):
        raise ValidationError("选举记录确认之后，才能登记批复。")
    if not approval.strip():
        raise ValidationError({"approval": "请填写批复文号。"})
    election.approval = approval.strip()[:60]
    election.save(update_fields=["approval"])
    apply_election(election, actor)
    election.refresh_from_db()
    return election


def _write_term(election: Election, branch: Branch, actor: User) -> None:
    start = election.term_from
    last = current_term(branch, start)
    if last is not None and last.starts_on == start:
        return  # entered by hand before the record came
    enter_term(
        branch=branch,
        number=election.term_number or (last.number + 1 if last else 1),
        starts_on=start,
        ends_on=election.term_to or term_end(branch.level, start),
        document=election.approval,
        actor=actor,
    )


def _end_committee(branch: Branch, elected: dict[int, str], on: date, actor: User) -> None:
    """End the posts of the committee before. The secretary stays until the new committee has elected one."""
    held = _open_posts(branch, on).filter(role__in=[*POSTS, Role.DEPUTY_SECRETARY])
    for post in held:
        stays = (
            post.user_id in elected if post.role == Role.DEPUTY_SECRETARY else elected.get(post.user_id) == post.role
        )
        if not stays:
            end_appointment(appointment=post, on=max(on, post.starts_on), actor=actor)


def _open_posts(branch: Branch, on: date) -> AppointmentQuerySet:
    return Appointment.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on), branch=branch)


def _holds(user: User, branch: Branch, role: Role, on: date) -> bool:
    return _open_posts(branch, on).filter(user=user, role=role).exists()


def _ask_office(activity: Activity) -> None:
    """Tell the Party office above the branch that an election waits for its approval; once for each record."""
    path = activity.branch.path
    above = [path[:end] for end in range(Branch.steplen, len(path) + 1, Branch.steplen)]
    posts = Appointment.objects.current(timezone.localdate()).filter(role=Role.PARTY_OFFICE, branch__path__in=above)
    for post in posts.filter(user__is_active=True).select_related("user"):
        notify(
            recipient=post.user,
            topic=Topic.TERM,
            item_key=f"election:{activity.pk}",
            step="approval",
            text=f"{activity.branch.name}的选举结果待批复，请登记批复文号。",
            url=reverse("activities:activity_detail", args=[activity.pk]) + "#votes",
        )


def sitting_committee(branch: Branch, day: date) -> set[int] | None:
    """Users of the committee elected last, with whoever got a post since; None where no election is recorded.

    Somebody elected without a post is of the committee too; a post ended since the election ends the seat.
    """
    latest = (
        Election.objects.filter(
            activity__branch=branch,
            body=ElectionBody.COMMITTEE,
            by_election=False,
            follows__isnull=True,
            applied_at__isnull=False,
            term_from__lte=day,
        )
        .order_by("-term_from")
        .first()
    )
    if latest is None:
        return None
    people = {row.user_id for row in winners(latest)}
    later = Election.objects.filter(
        activity__branch=branch, body=ElectionBody.COMMITTEE, by_election=True, applied_at__gte=latest.applied_at
    ).filter(follows__isnull=True, activity__starts_at__date__lte=day)
    for election in later:
        people |= {row.user_id for row in winners(election)}
    posts = Appointment.objects.filter(branch=branch, role__in=[*POSTS, *LED_BY.values()], starts_on__lte=day)
    open_, ended = set(), set()
    for user_id, starts_on, ends_on in posts.values_list("user_id", "starts_on", "ends_on"):
        if ends_on is None or ends_on > day:
            if starts_on >= latest.term_from:
                open_.add(user_id)
        elif ends_on > latest.term_from:
            ended.add(user_id)
    return (people - ended) | open_
