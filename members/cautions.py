"""What to look at before somebody leads a branch, though nothing forbids it."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from branches.choices import BranchLevel, Role
from branches.models import Branch, User
from branches.services import APPOINT_CAUTIONS
from members.choices import MemberType
from members.models import Member
from members.rules import is_new_to_lead

LEADING: Final = (Role.BRANCH_SECRETARY, Role.DEPUTY_SECRETARY)


def new_to_lead(users: Iterable[int], on: date) -> list[str]:
    """Names of full members who have been that for less than a year on `on`; in the order of the roll. One query."""
    rows = Member.objects.filter(user__in=list(users), member_type=MemberType.FULL).select_related("user")
    return [row.user.name for row in rows.order_by("pk") if row.confirmed_on and is_new_to_lead(row.confirmed_on, on)]


def words(names: Iterable[str], what: str) -> str:
    """One line about them; "" where there is nobody. `what` is the post or the election in Chinese."""
    named = "、".join(names)
    return (
        f"{named}转为正式党员不满1年，{what}一般须满1年，请核对；确需这样安排的，请先向上级党组织请示。"
        if named
        else ""
    )


def appointment_caution(user: User, branch: Branch, role: Role, on: date) -> str:
    if branch.level != BranchLevel.BRANCH or role not in LEADING:
        return ""
    return words(new_to_lead([user.pk], on), f"任{role.label}")


APPOINT_CAUTIONS.append(appointment_caution)
