"""Who decides on a claim now: asked by services, and by pages that name them. Reads only, one query for many claims."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from django.utils import timezone

from branches.choices import Role
from branches.models import Appointment, Branch, User
from points.choices import Category, Reviewer
from points.claims.rules import Office, Posts, Step, Turn, turn_of
from points.models import Claim

OFFICERS: Final = (Role.ORGANISATION_MEMBER, Role.BRANCH_SECRETARY, Role.DEPUTY_SECRETARY)
ROLES: Final = {
    Office.LEADER: (Role.GROUP_LEADER,),
    Office.OFFICERS: OFFICERS,
    Office.SECRETARY: (Role.BRANCH_SECRETARY,),
    Office.PARTY_OFFICE: (Role.PARTY_OFFICE,),
}


class Desk:
    """The reviewers of some claims; their `member` (with its group), `branch` and `rule` should be loaded."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        paths: set[str] = set()
        for claim in claims:
            paths |= {*_above(claim.branch.path), *_group(claim)}
        held = Appointment.objects.current(timezone.localdate()).filter(
            branch__path__in=paths, role__in=[*OFFICERS, Role.GROUP_LEADER, Role.PARTY_OFFICE], user__is_active=True
        )
        self._people: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        self._nodes: dict[str, int] = {}
        rows = held.order_by("pk").values_list("user", "user__name", "role", "branch", "branch__path")
        for user, name, role, branch, path in rows:
            self._people[path, role][user] = name
            self._nodes[path] = branch

    def turn(self, claim: Claim) -> Turn:
        here = [claim.branch.path]
        posts = Posts(
            officers=self._ids(here, OFFICERS),
            secretary=self._ids(here, (Role.BRANCH_SECRETARY,)),
            leaders=self._ids(_group(claim), (Role.GROUP_LEADER,)),
            office=self._ids(_above(claim.branch.path), (Role.PARTY_OFFICE,)),
        )
        return turn_of(
            reviewed_by=way_of(claim),
            first_done=claim.first_at is not None,
            posts=posts,
            barred=barred_from(claim),
        )

    def may(self, claim: Claim, user: User) -> bool:
        return user.pk in self.turn(claim).people

    def words(self, claim: Claim) -> str:
        """组织委员赵启明或支部书记陈静怡; the office by its name."""
        turn = self.turn(claim)
        if turn.by == Office.PARTY_OFFICE:
            return turn.by.value
        named: dict[int, str] = {}
        for role in ROLES[turn.by]:
            for path in self._where(claim, turn.by):
                for user, name in self._people[path, role].items():
                    if user in turn.people:
                        named.setdefault(user, f"{role.label}{name}")
        return "或".join(list(named.values())[:3])

    def holder(self, claim: Claim) -> tuple[Role, int] | None:
        """The post whose to-do it is: (role, id of its node); of several the organisation member's."""
        turn = self.turn(claim)
        for role in ROLES[turn.by]:
            for path in self._where(claim, turn.by):
                if turn.people & self._people[path, role].keys():
                    return role, self._nodes[path]
        return None

    def _where(self, claim: Claim, by: Office) -> list[str]:
        if by == Office.LEADER:
            return _group(claim)
        return list(reversed(_above(claim.branch.path))) if by == Office.PARTY_OFFICE else [claim.branch.path]

    def _ids(self, paths: Iterable[str], roles: Iterable[Role]) -> frozenset[int]:
        return frozenset(user for path in paths for role in roles for user in self._people[path, role])


def way_of(claim: Claim) -> str:
    """Which reviewers an item asks for; a veto always takes three people, whatever the rule book says."""
    return Reviewer.SECRETARY_AND_OFFICE.value if claim.category == Category.VETO else claim.rule.reviewed_by


def barred_from(claim: Claim) -> set[int]:
    """The member, who declared it, and of two steps by different offices who did the first."""
    out = {claim.member.user_id, claim.declared_by_id or 0}
    if way_of(claim) == Reviewer.SECRETARY_AND_OFFICE and claim.first_by_id:
        out.add(claim.first_by_id)
    return out


def is_first(turn: Turn) -> bool:
    return turn.step == Step.FIRST


def _above(path: str) -> list[str]:
    return [path[:end] for end in range(Branch.steplen, len(path) + 1, Branch.steplen)]


def _group(claim: Claim) -> list[str]:
    """The group of the member, while the member is still at home in the branch of the claim."""
    group = claim.member.group
    return [group.path] if group is not None and claim.member.branch_id == claim.branch_id else []
