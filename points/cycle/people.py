"""Who answers and who decides objections; who reads them."""

from typing import Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from branches.choices import Capability
from branches.models import User
from branches.rules import roles_granting
from branches.term_reminders import Posts
from members.models import Member
from points.choices import Declarer, ObjectionState
from points.models import Objection

CONFIDENTIAL: Final = Q(entry__rule__declared_by=Declarer.DISCIPLINE) | Q(claim__rule__declared_by=Declarer.DISCIPLINE)

WITH: Final = ("branch", "member", "entry__rule", "claim__rule")  # what answerers and deciders read of an objection


def is_confidential(objection: Objection) -> bool:
    """What is contradicted was entered by the discipline side: its reason is not for everybody who runs a branch."""
    about = objection.entry or objection.claim
    return about is not None and about.rule.declared_by == Declarer.DISCIPLINE


def answerers(objection: Objection, posts: Posts | None = None) -> list[int]:
    """Ids of those who may answer: officers of the branch, never who is concerned or who raised it.

    Where nobody is left, the Party office. `posts`: of the branch among others, for many objections at once.
    """
    posts = posts or Posts([objection.branch], timezone.localdate())
    involved = {objection.member.user_id, objection.raised_by_id}
    roles = set(roles_granting(Capability.OBJECTION_ANSWER))
    if is_confidential(objection):
        roles &= set(roles_granting(Capability.DISCIPLINE_VIEW))
    found = [user for user in posts.holders(objection.branch_id, sorted(roles)) if user not in involved]
    return found or [user for user in posts.office(objection.branch.path) if user not in involved]


def deciders(objection: Objection, posts: Posts | None = None) -> list[int]:
    """Ids of the Party office, but for who is concerned, raised it or answered it."""
    posts = posts or Posts([objection.branch], timezone.localdate())
    involved = {objection.member.user_id, objection.raised_by_id, objection.answered_by_id}
    return [user for user in posts.office(objection.branch.path) if user not in involved]


def readable(user: User) -> QuerySet[Objection]:
    """Those one raised, and those one's posts let one handle; what the discipline side entered, only who may read it.

    Who is concerned is told of what was changed.
    """
    rows = Objection.objects.all()
    handled = rows.visible_to(user, Capability.OBJECTION_ANSWER) | rows.visible_to(user, Capability.OBJECTION_DECIDE)
    told = handled.visible_to(user, Capability.DISCIPLINE_VIEW)
    mine = Q(pk__in=handled.exclude(CONFIDENTIAL).values("pk")) | Q(pk__in=told.values("pk")) | Q(raised_by=user)
    return rows.filter(mine)


def own_member(user: User) -> Member | None:
    """The member this person is, while on the roll."""
    return Member.objects.current().own(user).select_related("branch", "user").first()


def waiting_for(user: User) -> Q:
    """What this person may settle now, as far as states and posts say it."""
    rows = Objection.objects.all()
    answers = rows.visible_to(user, Capability.OBJECTION_ANSWER).values("pk")
    decides = rows.visible_to(user, Capability.OBJECTION_DECIDE).values("pk")
    secret = ~Q(pk__in=rows.filter(CONFIDENTIAL).values("pk"))
    secret |= Q(pk__in=rows.visible_to(user, Capability.DISCIPLINE_VIEW).values("pk"))
    open_ones = Q(pk__in=answers, state=ObjectionState.RAISED) | Q(pk__in=decides, state=ObjectionState.APPEALED)
    return open_ones & secret & ~Q(raised_by=user) & ~Q(member__user=user)
