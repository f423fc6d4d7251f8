"""Who is expected at a gathering on a day, with what the form and the attendance rows must know of them. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import Q

from activities.choices import AUDIENCES, Audience, Kind
from activities.votes.elected import sitting_committee
from branches.choices import COMMITTEE_ROLES, BranchLevel, Role
from branches.models import Appointment, Branch, User
from branches.rules import subtree_end
from members.choices import MembershipStatus, MemberType
from members.models import Member, MemberQuerySet

POST_LABELS: Final = {
    Role.PARTY_COMMITTEE_SECRETARY: "党委书记",
    Role.PARTY_COMMITTEE_MEMBER: "党委委员",
    Role.BRANCH_SECRETARY: "书记",
    Role.DEPUTY_SECRETARY: "副书记",
    Role.ORGANISATION_MEMBER: "组织",
    Role.PUBLICITY_MEMBER: "宣传",
    Role.DISCIPLINE_MEMBER: "纪检",
    Role.GROUP_LEADER: "组长",
}
OF_A_BRANCH: Final = frozenset({Audience.ROLL, Audience.COMMITTEE, Audience.GROUP})  # others sit in no group together
LEADERS: Final = (Role.PARTY_COMMITTEE_SECRETARY, Role.PARTY_COMMITTEE_MEMBER)


@dataclass(frozen=True)
class Expected:
    """One person who should come. `find` is what the search box of the roster matches."""

    member_id: int
    user_id: int
    name: str
    branch_id: int
    group_id: int | None
    group_name: str
    member_type: str
    may_vote: bool
    post: str
    find: str

    @property
    def mark(self) -> str:
        return self.post or ("预备" if self.member_type == MemberType.PROBATIONARY else "")


def expected_people(*, branch: Branch, kind: Kind | str, day: date, group: Branch | None = None) -> list[Expected]:
    """The people a gathering of `kind` expects on `day`, in the order of groups, posts and names. Two queries.

    A group meeting without its group expects nobody.
    """
    audience = AUDIENCES[Kind(kind)]
    posts = _posts(branch, day, audience)
    members = list(_members(branch, group, audience, posts, day).select_related("user", "group"))
    people = [
        Expected(
            member_id=row.pk,
            user_id=row.user_id,
            name=row.user.name,
            branch_id=row.roll_branch_id,
            group_id=row.group_id,
            group_name=row.group.name if row.group and audience in OF_A_BRANCH else "",
            member_type=row.roll_type,
            may_vote=row.roll_type == MemberType.FULL and row.membership_status == MembershipStatus.NORMAL,
            post=_post_label(posts.get(row.user_id, ())),
            find=row.user.search_keys,
        )
        for row in members
    ]
    rank = {label: n for n, label in enumerate(POST_LABELS.values())}
    paths = {row.pk: row.group.path if row.group and audience in OF_A_BRANCH else "~" for row in members}
    return sorted(people, key=lambda p: (paths[p.member_id], rank.get(p.post, 99), p.find))


def voters(people: Iterable[Expected]) -> list[Expected]:
    return [person for person in people if person.may_vote]


def people_to_name(branch: Branch, day: date, *also: int | None) -> list[User]:
    """Whom a record of the branch may name as chair, recorder or lecturer: its members and the holders of its posts."""
    here = Q(appointments__branch__path__gte=branch.path, appointments__branch__path__lt=subtree_end(branch.path))
    if branch.level == BranchLevel.COMMITTEE:  # not the whole hospital: the committee, its offices, the secretaries
        here &= Q(appointments__branch=branch.pk) | Q(appointments__role=Role.BRANCH_SECRETARY)
    current = Q(appointments__starts_on__lte=day) & (
        Q(appointments__ends_on__isnull=True) | Q(appointments__ends_on__gt=day)
    )
    ids = set(User.objects.filter(here & current).values_list("pk", flat=True))
    ids |= set(Member.objects.filter(branch=branch).current().values_list("user_id", flat=True))
    ids |= {pk for pk in also if pk}
    return list(User.objects.filter(pk__in=ids).order_by("search_keys", "pk"))


def _posts(branch: Branch, day: date, audience: Audience) -> dict[int, tuple[Role, ...]]:
    """Posts of the day in the subtree of the branch, by person."""
    rows = Appointment.objects.current(day).filter(role__in=list(POST_LABELS))
    rows = rows.within([branch.path])
    found: dict[int, tuple[Role, ...]] = {}
    for user_id, role, branch_id in rows.values_list("user_id", "role", "branch_id"):
        if audience == Audience.SECRETARIES or branch_id == branch.pk or role == Role.GROUP_LEADER:
            found[user_id] = (*found.get(user_id, ()), Role(role))
    return found


def _members(
    branch: Branch, group: Branch | None, audience: Audience, posts: dict[int, tuple[Role, ...]], day: date
) -> MemberQuerySet:
    if audience == Audience.ROLL:
        return Member.objects.roll_of(branch, day)
    if audience == Audience.GROUP:
        roll = Member.objects.roll_of(branch, day)
        return roll.filter(group=group) if group else roll.none()
    wanted: frozenset[Role] = {
        Audience.COMMITTEE: COMMITTEE_ROLES,
        Audience.LEADERS: frozenset(LEADERS),
        Audience.SECRETARIES: frozenset({Role.BRANCH_SECRETARY}),
    }[audience]
    users = [user_id for user_id, roles in posts.items() if wanted & set(roles)]
    if audience == Audience.COMMITTEE and (elected := sitting_committee(branch, day)) is not None:
        users = list(elected)  # whoever was elected, with a post or not yet
    return Member.objects.on_roll(day).filter(user__in=users)


def _post_label(roles: Iterable[Role]) -> str:
    held = set(roles)
    return next((label for role, label in POST_LABELS.items() if role in held), "")
