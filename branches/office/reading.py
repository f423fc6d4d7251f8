"""Which reports a person may see: those of branches where they hold everything the kind of report asks for."""

from collections import defaultdict
from datetime import date

from django.db.models import Q, QuerySet

from branches.access import may
from branches.choices import Capability, Role
from branches.models import Appointment, Branch, BranchQuerySet, Report, ReportSchedule, User
from branches.office.kinds import KINDS, ReportKind
from branches.rules import grants_at, roles_granting


def branches_for(user: User, kind: str) -> BranchQuerySet:
    """The nodes a report of this kind may be asked for, in the order of the tree."""
    return _scope(user, KINDS[kind].needs).filter(level__in=KINDS[kind].levels)


def _scope(user: User, needs: tuple[Capability, ...]) -> BranchQuerySet:
    nodes: BranchQuerySet = Branch.objects.all()
    for need in needs:
        nodes = nodes.filter(pk__in=Branch.objects.visible_to(user, need).values("pk"))
    return nodes


def kinds_for(user: User) -> list[ReportKind]:
    """Those with at least one node to ask for. One statement a kind."""
    allowed = (kind for kind in KINDS.values() if all(may(user, need) for need in kind.needs))
    return [kind for kind in allowed if branches_for(user, kind.key).exists()]


def reads_reports(user: User) -> bool:
    return any(all(may(user, need) for need in kind.needs) for kind in KINDS.values())


def readable_by(user: User) -> QuerySet[Report]:
    """Whoever asked: a colleague of the same committee finds it too. Two queries with the posts."""
    alike: dict[tuple[Capability, ...], list[str]] = defaultdict(list)
    for kind in KINDS.values():
        alike[kind.needs].append(kind.key)
    scope = Q(pk__in=[])
    for needs, keys in alike.items():
        scope |= Q(kind__in=keys, branch__in=_scope(user, needs).values("pk"))
    return Report.objects.filter(scope).select_related("job", "branch", "requested_by")


def schedules_of(user: User) -> QuerySet[ReportSchedule]:
    nodes = Branch.objects.visible_to(user, Capability.REPORTS_SCHEDULE).values("pk")
    return ReportSchedule.objects.filter(branch__in=nodes).select_related("branch", "keeper")


def able_to_read(kind: str, node: Branch, today: date) -> QuerySet[User]:
    """Whom a schedule may name: people whose posts at the node or above it grant all that the kind asks for."""
    held: dict[int, set[Capability]] = defaultdict(set)
    posts = Appointment.objects.current(today).filter(branch__path__in=_line(node.path), user__is_active=True)
    for user, role, level in posts.values_list("user", "role", "branch__level"):
        held[user] |= grants_at(Role(role), level)
    needs = set(KINDS[kind].needs)
    return User.objects.filter(pk__in=[user for user, granted in held.items() if granted >= needs])


def posts_along(node: Branch, today: date) -> dict[int, str]:
    """What each person is at the node or above it, by id: of two of one name one sees who is meant. One statement."""
    names: dict[int, list[str]] = defaultdict(list)
    posts = Appointment.objects.current(today).filter(branch__path__in=_line(node.path)).order_by("branch__path", "pk")
    for user, role in posts.values_list("user", "role"):
        names[user].append(str(Role(role).label))
    return {user: "、".join(dict.fromkeys(held)) for user, held in names.items()}


def offices_of(node: Branch, today: date) -> QuerySet[User]:
    """Who sets schedules up for the node: the Party office."""
    roles = roles_granting(Capability.REPORTS_SCHEDULE)
    posts = Appointment.objects.current(today).filter(branch__path__in=_line(node.path), role__in=roles)
    return User.objects.filter(is_active=True, pk__in=posts.values("user"))


def _line(path: str) -> list[str]:
    """The paths of a node and of those above it."""
    return [path[:end] for end in range(Branch.steplen, len(path) + 1, Branch.steplen)]
