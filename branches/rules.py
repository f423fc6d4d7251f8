"""Who may do what, and the arithmetic of the tree. Pure: no database, no clock."""

from collections.abc import Mapping
from datetime import date

from branches.choices import COMMITTEE_ROLES, BranchLevel, Role
from branches.choices import Capability as C

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # of treebeard's paths

_MEMBER = frozenset({C.OWN_VIEW, C.BRANCH_ACTIVITIES_VIEW, C.RULES_VIEW, C.POINTS_PUBLISHED_VIEW})
_READS_BRANCHES = frozenset(
    {C.DASHBOARD_VIEW, C.ORG_VIEW, C.ROSTER_VIEW, C.ACTIVITY_VIEW, C.POINTS_VIEW, C.RULES_VIEW, C.STARS_VIEW}
)
_RUNS_BRANCH = frozenset(
    {
        C.ORG_VIEW,
        C.ROSTER_VIEW,
        C.ROSTER_WRITE,
        C.PII_VIEW,
        C.ACTIVITY_VIEW,
        C.ACTIVITY_WRITE,
        C.ACTIVITY_CONFIRM,
        C.POINTS_VIEW,
        C.POINTS_REVIEW,
        C.POINTS_DEDUCT,
        C.POINTS_IMPORT,
        C.OBJECTION_ANSWER,
        C.EXEMPTION_WRITE,
        C.ASSESSMENT_WRITE,
        C.RULES_VIEW,
        C.STARS_VIEW,
    }
)
_HELPS_BRANCH = frozenset(
    {C.ORG_VIEW, C.ROSTER_VIEW, C.ACTIVITY_VIEW, C.ACTIVITY_WRITE, C.POINTS_VIEW, C.RULES_VIEW, C.STARS_VIEW}
)

GRANTS: Mapping[Role, frozenset[C]] = {
    Role.PARTY_COMMITTEE_SECRETARY: _READS_BRANCHES
    | {C.COMMITTEE_CONFIRM, C.YEAR_REOPEN, C.ASSESSMENT_CONFIRM, C.STARS_APPROVE},
    Role.PARTY_COMMITTEE_MEMBER: _READS_BRANCHES | {C.COMMITTEE_CONFIRM},
    Role.PARTY_OFFICE: _READS_BRANCHES
    | {
        C.ORG_MANAGE,
        C.POSTS_MANAGE,
        C.SLIPS_ISSUE,
        C.TERM_WRITE,
        C.ROSTER_WRITE,
        C.ROSTER_IMPORT,
        C.TRANSFER_WRITE,
        C.PII_VIEW,
        C.ACTIVITY_CONFIRM,  # only where a branch has no second person: activities.rules decides
        C.ACTIVITY_REVIEW,
        C.COMMITTEE_RECORD,
        C.COMMITTEE_CONFIRM,  # only where no member of the committee is left: activities.rules decides
        C.PLAN_REVIEW,
        C.PERIODS_CLOSE,
        C.PERIODS_LOCK,
        C.POINTS_REVIEW,  # only where a branch has no second person: points.claims decides
        C.POINTS_IMPORT,
        C.POINTS_CHECK,
        C.DISCIPLINE_VIEW,
        C.VETO_CONFIRM,
        C.OBJECTION_DECIDE,
        C.RULES_WRITE,
        C.EXEMPTION_WRITE,
        C.ASSESSMENT_CONFIRM,  # writes down what the committee decided
        C.STARS_REVIEW,
        C.STARS_APPROVE,  # writes down what the committee decided
        C.REPORTS_SCHEDULE,
        C.AUDIT_VIEW,
    },
    Role.DISCIPLINE_OFFICE: frozenset({C.DASHBOARD_VIEW, C.ORG_VIEW, C.DISCIPLINE_VIEW, C.DISCIPLINE_WRITE}),
    Role.GENERAL_BRANCH_SECRETARY: _READS_BRANCHES,
    Role.BRANCH_SECRETARY: _RUNS_BRANCH
    | {
        C.SLIPS_ISSUE,
        C.TERM_WRITE,
        C.PERIODS_CLOSE,
        C.POINTS_PUBLISH,
        C.DISCIPLINE_VIEW,
        C.VETO_REVIEW,
        C.STARS_SELF_RATE,
    },
    Role.DEPUTY_SECRETARY: _RUNS_BRANCH,
    Role.ORGANISATION_MEMBER: _RUNS_BRANCH,
    Role.PUBLICITY_MEMBER: _HELPS_BRANCH,
    Role.DISCIPLINE_MEMBER: _HELPS_BRANCH | {C.DISCIPLINE_VIEW, C.DISCIPLINE_WRITE},
    Role.GROUP_LEADER: frozenset(
        {C.ROSTER_VIEW, C.ACTIVITY_VIEW, C.ACTIVITY_WRITE, C.ACTIVITY_CONFIRM, C.POINTS_FIRST_REVIEW, C.RULES_VIEW}
    ),
    Role.MEMBER: _MEMBER,
    Role.PROBATIONARY: _MEMBER,
    Role.ACTIVIST: frozenset({C.OWN_VIEW}),
    Role.SYSTEM_ADMIN: frozenset({C.ORG_VIEW, C.ACCOUNTS_MANAGE}),
    Role.SUPERIOR_VIEWER: frozenset({C.DASHBOARD_VIEW, C.ORG_VIEW, C.ACTIVITY_VIEW, C.STARS_VIEW}),
    Role.AUDIT_ADMIN: frozenset({C.AUDIT_VIEW}),
}


# Capabilities that hold at the node of the post alone, never below it, and only where the node is of this level.
AT_NODE_ONLY: Mapping[C, BranchLevel] = {
    C.COMMITTEE_RECORD: BranchLevel.COMMITTEE,
    C.COMMITTEE_CONFIRM: BranchLevel.COMMITTEE,
}


def grants_at(role: Role, level: BranchLevel | str) -> frozenset[C]:
    """What a post grants at a node of `level`: the committee's own rights are of no use at another one."""
    return frozenset(can for can in GRANTS[role] if AT_NODE_ONLY.get(can, level) == level)


def reaches(capability: C, post: str, node: str) -> bool:
    """True when `capability`, granted by a post at path `post`, holds at path `node`.

    >>> reaches(C.ACTIVITY_VIEW, "0001", "00010002"), reaches(C.COMMITTEE_RECORD, "0001", "00010002")
    (True, False)
    """
    return node == post or (capability not in AT_NODE_ONLY and node.startswith(post))


def roles_granting(capability: C) -> list[Role]:
    """The roles that hold `capability`, in the order of domain.md's table: for the page that says who may."""
    return [role for role in Role if capability in GRANTS[role]]


_OFFICES = frozenset(
    {Role.PARTY_OFFICE, Role.DISCIPLINE_OFFICE, Role.SYSTEM_ADMIN, Role.SUPERIOR_VIEWER, Role.AUDIT_ADMIN}
)
_ROLES_AT: Mapping[BranchLevel, frozenset[Role]] = {
    BranchLevel.SUPERIOR: _OFFICES,
    BranchLevel.COMMITTEE: _OFFICES | {Role.PARTY_COMMITTEE_SECRETARY, Role.PARTY_COMMITTEE_MEMBER},
    BranchLevel.GENERAL_BRANCH: frozenset({Role.GENERAL_BRANCH_SECRETARY}),
    BranchLevel.BRANCH: COMMITTEE_ROLES,
    BranchLevel.GROUP: frozenset({Role.GROUP_LEADER}),
}
_PARENTS: Mapping[BranchLevel, frozenset[BranchLevel]] = {
    BranchLevel.SUPERIOR: frozenset({BranchLevel.SUPERIOR}),
    BranchLevel.COMMITTEE: frozenset({BranchLevel.SUPERIOR, BranchLevel.COMMITTEE}),
    BranchLevel.GENERAL_BRANCH: frozenset({BranchLevel.SUPERIOR, BranchLevel.COMMITTEE}),
    BranchLevel.BRANCH: frozenset({BranchLevel.SUPERIOR, BranchLevel.COMMITTEE, BranchLevel.GENERAL_BRANCH}),
    BranchLevel.GROUP: frozenset({BranchLevel.BRANCH}),
}
SINGLE_ROLES = frozenset(  # one person at a time at one node
    {
        Role.PARTY_COMMITTEE_SECRETARY,
        Role.GENERAL_BRANCH_SECRETARY,
        Role.BRANCH_SECRETARY,
        Role.DEPUTY_SECRETARY,  # 2018 branch regulations: at most one
        Role.GROUP_LEADER,
    }
)


def roles_at(level: BranchLevel, *, is_top: bool) -> list[Role]:
    """The posts somebody can be appointed to at a node; the offices sit at the top node whatever its level is."""
    allowed = _ROLES_AT[level] | (_OFFICES if is_top else frozenset())
    return [role for role in Role if role in allowed]


def may_stand_under(level: BranchLevel, parent: BranchLevel | None) -> bool:
    """A group under a branch, a branch under anything higher but a branch; only a group cannot be the top."""
    return level != BranchLevel.GROUP if parent is None else parent in _PARENTS[level]


def levels_under(parent: BranchLevel | None) -> list[BranchLevel]:
    return [level for level in BranchLevel if may_stand_under(level, parent)]


def subtree_end(path: str) -> str:
    """Return the first path after the subtree of `path`: rows below it are `path >= p and path < subtree_end(p)`.

    >>> subtree_end("00010009"), subtree_end("0001000Z")
    ('0001000A', '0001001')
    """
    head = path.rstrip(ALPHABET[-1])
    return head[:-1] + ALPHABET[ALPHABET.index(head[-1]) + 1]


def needs_committee(full_members: int, *, temporary: bool) -> bool:
    """A branch of 7 or more full members must have a committee (2018 branch regulations); never a temporary one."""
    return full_members >= 7 and not temporary


TERM_STEPS = (180, 90, 60, 30, 0)  # days before the end of a term; at 180 the superior reminds (2020 election rules)
VACANCY_STEPS = (30, 90)  # days since a required post fell vacant; our choice: the rules say "promptly"


def term_reminder_step(term_end: date, today: date) -> int | None:
    """Which reminder of a term of office is in force: 180, 90, 60, 30, or 0 once it has run out; None before.

    >>> today = date(2026, 11, 22)
    >>> [term_reminder_step(end, today) for end in (date(2027, 5, 22), date(2027, 5, 21), today)]
    [None, 180, 0]
    """
    left = (term_end - today).days
    return min((step for step in TERM_STEPS if left <= step), default=None)


def term_reminder_steps(term_end: date, today: date) -> list[int]:
    """All steps whose day has come, the earliest first; a late start sends the last of them only."""
    left = (term_end - today).days
    return [step for step in TERM_STEPS if left <= step]


def vacancy_step(vacant_since: date, today: date) -> int | None:
    """30 or 90: how long a post has been vacant at least, `vacant_since` being its first day without a holder."""
    days = (today - vacant_since).days
    return max((step for step in VACANCY_STEPS if days >= step), default=None)
