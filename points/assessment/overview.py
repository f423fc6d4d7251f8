"""All branches of one year for the committee: how far each is, how the grades fell, what waits."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.db.models import Count

from branches.models import Branch
from members.choices import MemberType
from points.assessment.figures import roll_at
from points.assessment.rules import excellent_cap
from points.choices import AssessmentState, Grade, PeriodKind, PeriodState
from points.models import AppraisalResult, Assessment, AssessmentLine, PeriodClose
from points.rulebook.book import RuleBook
from points.rulebook.wording import ratio_words


@dataclass(frozen=True)
class BranchLine:
    branch: Branch
    full: int  # full members on the roll of the last day
    appraised: int
    assessment: Assessment | None
    counts: tuple[tuple[Grade, int], ...]  # empty while it is open
    year_locked: bool
    ratio: Fraction  # of the full members who may be 优秀

    @property
    def state(self) -> AssessmentState:
        return AssessmentState(self.assessment.state) if self.assessment else AssessmentState.OPEN

    @property
    def most(self) -> int:
        return excellent_cap(self.full, self.ratio)

    @property
    def is_over(self) -> bool:
        return bool(self.counts) and self.counts[0][1] > self.most

    @property
    def waits(self) -> str:
        """What is to be done next, in the words of the page."""
        if self.state == AssessmentState.PROPOSED:
            return "党委审定"
        if self.state == AssessmentState.OPEN:
            missing = self.full - self.appraised
            return f"支部登记测评（还有{missing}人）" if missing > 0 else "支部提出等次"
        if self.year_locked and self.assessment is not None and not self.assessment.points_locked:
            return "锁定后核对"
        return ""


@dataclass(frozen=True)
class Overview:
    lines: tuple[BranchLine, ...]

    @property
    def states(self) -> list[tuple[AssessmentState, int]]:
        return [(state, sum(line.state == state for line in self.lines)) for state in AssessmentState]

    @property
    def ratios(self) -> str:
        """1/3; several where hospitals have settled it differently."""
        return "、".join(dict.fromkeys(ratio_words(line.ratio) for line in self.lines))

    @property
    def grades(self) -> list[tuple[Grade, int]]:
        total: Counter[Grade] = Counter()
        for line in self.lines:
            total.update(dict(line.counts))
        return [(grade, total[grade]) for grade in Grade]


def overview(branches: Sequence[Branch], year: int, today: date) -> Overview:
    """Six statements, whatever the number of branches. One that had nobody at the end of the year is left out."""
    ids = [branch.pk for branch in branches]
    full: Counter[int] = Counter()
    homes: dict[int, int] = {}
    for pk, home, kind in roll_at(ids, year, today).values_list("pk", "roll_branch_id", "roll_type"):
        homes[pk] = home
        full[home] += kind == MemberType.FULL
    known = AppraisalResult.objects.filter(year=year, branch__in=ids).values_list("member_id", flat=True)
    appraised = Counter(homes[pk] for pk in known if pk in homes)
    assessments = {row.branch_id: row for row in Assessment.objects.filter(year=year, branch__in=ids)}
    frozen = [row.pk for row in assessments.values() if row.state != AssessmentState.OPEN]
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    rows = AssessmentLine.objects.filter(assessment__in=frozen).exclude(grade="").values("assessment_id", "grade")
    for row in rows.annotate(n=Count("pk")):
        counts[row["assessment_id"]][row["grade"]] = row["n"]
    locked = set(
        PeriodClose.objects.filter(
            branch__in=ids, kind=PeriodKind.YEAR, start=date(year, 1, 1), state=PeriodState.LOCKED
        ).values_list("branch_id", flat=True)
    )
    present = set(homes.values())
    book = RuleBook()
    book.load({branch.hospital_id for branch in branches})
    lines = []
    for branch in branches:
        assessment = assessments.get(branch.pk)
        if branch.pk not in present and assessment is None:
            continue
        mine = counts.get(assessment.pk) if assessment else None
        fell = tuple((grade, mine.get(grade, 0)) for grade in Grade) if mine is not None else ()
        ratio = book.of_year(branch.hospital_id, year).scheme.excellent_ratio
        locks = branch.pk in locked
        lines.append(BranchLine(branch, full[branch.pk], appraised[branch.pk], assessment, fell, locks, ratio))
    return Overview(tuple(lines))
