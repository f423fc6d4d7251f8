"""Which reports a person may see: those of branches where they hold everything the kind of report asks for."""

from django.db.models import Q, QuerySet

from branches.access import may
from branches.models import Branch, BranchQuerySet, Report, User
from branches.office.kinds import KINDS


def branches_for(user: User, kind: str) -> BranchQuerySet:
    """The nodes a report of this kind may be asked for, in the order of the tree."""
    nodes: BranchQuerySet = Branch.objects.all()
    for need in KINDS[kind].needs:
        nodes = nodes.filter(pk__in=Branch.objects.visible_to(user, need).values("pk"))
    return nodes


def reads_reports(user: User) -> bool:
    return any(all(may(user, need) for need in kind.needs) for kind in KINDS.values())


def readable_by(user: User) -> QuerySet[Report]:
    """Whoever asked: a colleague of the same committee finds it too. Two queries with the posts."""
    scope = Q(pk__in=[])
    for key in KINDS:
        scope |= Q(kind=key, branch__in=branches_for(user, key).values("pk"))
    return Report.objects.filter(scope).select_related("job", "branch", "requested_by")
