"""Hours of study: how many members of a branch reached theirs."""

from collections import defaultdict
from decimal import Decimal

from django.db.models import Count, Sum

from activities.choices import StudyState
from activities.models import StudyHours
from branches.choices import COMMITTEE_ROLES
from branches.models import Appointment
from members.models import Member
from points.stars.asking import Asked, Found, Pages, put


def study_hours(asked: Asked, pages: Pages) -> Found:
    """Members of the roll of today; members of the branch committee owe more. Three statements.

    While the year runs the hours count by its ended months.
    """
    found, months = Found(), asked.year.months
    roll = Member.objects.current().filter(branch__in=asked.ids).order_by()
    heads = dict(roll.values("branch").annotate(n=Count("pk")).values_list("branch", "n"))
    goals = asked.figures("study_hours")
    least = min((figure for goal in goals.values() for figure in goal.values()), default=Decimal(0))
    posts = Appointment.objects.current(asked.day).filter(branch__in=asked.ids, role__in=COMMITTEE_ROLES)
    officers = set(posts.values_list("branch", "user"))
    sums = (
        StudyHours.objects.filter(
            member__branch__in=asked.ids,
            member__left_on__isnull=True,
            state=StudyState.COUNTED,
            studied_on__range=(asked.first, asked.last),
        )
        .order_by()
        .values("member__branch", "member__user")
        .annotate(total=Sum("hours"))
        .filter(total__gte=least * months / 12)
    )
    reached: dict[int, int] = defaultdict(int)
    for branch, user, total in sums.values_list("member__branch", "member__user", "total"):
        if branch in goals:
            goal = goals[branch]["officer" if (branch, user) in officers else "member"]
            reached[branch] += total >= goal * months / 12
    for pk in asked.branches:
        values = {"reached": reached[pk], "members": heads.get(pk, 0) if months else 0}
        put(found, pk, "study_hours", values, pages.hours(pk), door=pages.hours(pk))
    return found
