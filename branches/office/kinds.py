"""Which reports there are. A higher room registers its own in its apps.py; this room knows nothing of what is in one.

    kinds.register(ReportKind("bulletin", "工作通报", "…", Span.MONTH, ABOVE, needs=(C.ACTIVITY_VIEW,), build=bulletin))

`build` is `(Asked) -> Document`; it raises NothingToReport for a period without records. What is too long for one
document has a task of its own, which takes the id of a job and works inside `services.building(job_id)`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, TypeVar

from django.db.models import Q

from branches.choices import BranchLevel, Capability, Span
from branches.models import Branch, BranchScopedQuerySet, User
from branches.office.rules import label, last_day
from config.documents.content import Document

BRANCH: Final = (BranchLevel.BRANCH,)
ABOVE: Final = (BranchLevel.SUPERIOR, BranchLevel.COMMITTEE, BranchLevel.GENERAL_BRANCH)
ANY: Final = (*ABOVE, *BRANCH)
BUILD: Final = "branches.office.tasks.build_report"


class NothingToReport(Exception):
    """The period holds no records: the report centre says so, and no file is made."""


Rows = TypeVar("Rows", bound=BranchScopedQuerySet)


@dataclass(frozen=True)
class Asked:
    """What a builder is given. `reader` asked for it, or keeps the schedule that does."""

    node: Branch
    span: Span
    start: date
    today: date
    reader: User

    @property
    def end(self) -> date:
        """The day the figures speak of: the last one of the period, today while it runs."""
        return min(last_day(self.span, self.start), self.today)

    @property
    def period(self) -> str:
        return label(self.span, self.start)

    def rows(self, queryset: Rows, can: Capability) -> Rows:
        """What of `queryset` lies at the node or below it."""
        return queryset.visible_to(self.reader, can).within([self.node.path])

    def branches(self, can: Capability) -> list[Branch]:
        """The Party branches there were in the period, in the order of the tree."""
        lived = Q(founded_on__lte=self.end) & (Q(dissolved_on__isnull=True) | Q(dissolved_on__gte=self.start))
        return list(self.rows(Branch.objects.all(), can).branches().filter(lived))


Build = Callable[[Asked], Document]


class ReportKind(NamedTuple):
    key: str
    label: str
    about: str  # one line for whoever chooses
    span: Span
    levels: tuple[BranchLevel, ...]  # of the nodes it is made for
    needs: tuple[Capability, ...]  # whoever asks for one or reads one holds all of these at its node
    formats: tuple[str, ...] = ("docx", "pdf", "xlsx")
    build: Build | None = None
    task: str = BUILD
    download_action: str = "report.downloaded"  # on the audit trail: what leaves the house, not who asked for it


KINDS: dict[str, ReportKind] = {}


def register(kind: ReportKind) -> None:
    KINDS[kind.key] = kind
