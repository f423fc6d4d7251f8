"""All branches of one year: how far each is with the stars of its members, and how they fell."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from branches.models import Branch
from points.assessment.figures import roll_at
from points.choices import AssessmentState, Grade
from points.models import Assessment, MemberStar, MemberStarSheet
from points.rules import ZERO
from points.stars.members.figures import removed_in
from points.stars.members.papers import Listed
from points.stars.members.wording import REMOVED

LEVELS = (5, 4, 3, 2, 1)
CONFIRMED = AssessmentState.CONFIRMED


@dataclass(frozen=True)
class BranchLine:
    branch: Branch
    people: int  # on the roll of the last day
    sheet: MemberStarSheet | None
    is_assessed: bool
    counts: tuple[int, ...]  # five stars first; empty while nothing is handed in

    @property
    def state(self) -> AssessmentState:
        return AssessmentState(self.sheet.state) if self.sheet else AssessmentState.OPEN

    @property
    def is_stale(self) -> bool:
        return self.state != AssessmentState.OPEN and not self.is_assessed

    @property
    def waits(self) -> str:
        """What is to be done next, in the words of the page."""
        if self.is_stale:
            return "考核重新审定后核对"
        if self.state == AssessmentState.PROPOSED:
            return "党委审定"
        if self.state == CONFIRMED:
            return ""
        return "支部提出星级" if self.is_assessed else "年度考核审定"


@dataclass(frozen=True)
class Overview:
    lines: tuple[BranchLine, ...]

    @property
    def states(self) -> list[tuple[AssessmentState, int]]:
        return [(state, sum(line.state == state for line in self.lines)) for state in AssessmentState]

    @property
    def totals(self) -> list[tuple[int, int]]:
        """(stars, how many) of what is confirmed."""
        done = [line.counts for line in self.lines if line.state == CONFIRMED]
        return [(stars, sum(counts[n] for counts in done)) for n, stars in enumerate(LEVELS)]


def overview(branches: Sequence[Branch], year: int, today: date) -> Overview:
    """A fixed number of statements. A branch that had nobody at the end of the year is left out."""
    ids = [branch.pk for branch in branches]
    people: dict[int, int] = defaultdict(int)
    for home in roll_at(ids, year, today).values_list("roll_branch_id", flat=True):
        people[home] += 1
    sheets = {one.branch_id: one for one in MemberStarSheet.objects.filter(year=year, branch__in=ids)}
    graded = Assessment.objects.filter(year=year, branch__in=ids, state=CONFIRMED)
    confirmed = dict(graded.values_list("branch_id", "confirmed_at"))
    handed_in = {one.pk: one.branch_id for one in sheets.values() if one.state != AssessmentState.OPEN}
    counts: dict[int, list[int]] = {branch: [0] * len(LEVELS) for branch in handed_in.values()}
    rows = MemberStar.objects.filter(sheet__in=handed_in, stars__isnull=False)
    found = list(rows.values_list("sheet_id", "member_id", "stars"))
    removed = removed_in([member for _, member, _ in found], year)
    for sheet, member, stars in found:
        if member not in removed:
            counts[handed_in[sheet]][LEVELS.index(stars)] += 1
    lines = []
    for branch in branches:
        sheet_of = sheets.get(branch.pk)
        if not people[branch.pk] and sheet_of is None:
            continue
        lines.append(
            BranchLine(
                branch=branch,
                people=people[branch.pk],
                sheet=sheet_of,
                is_assessed=_is_assessed(sheet_of, confirmed, branch),
                counts=tuple(counts.get(branch.pk, ())),
            )
        )
    return Overview(tuple(lines))


def _is_assessed(sheet: MemberStarSheet | None, confirmed: dict[int, Any], branch: Branch) -> bool:
    """Whether the grades are confirmed, and still those the stars handed in rest on."""
    if branch.pk not in confirmed:
        return False
    return sheet is None or sheet.state == AssessmentState.OPEN or sheet.assessed_at == confirmed[branch.pk]


def confirmed_stars(branches: Sequence[Branch], year: int) -> list[Listed]:
    """Everybody on a confirmed sheet of these branches, branch by branch, the most stars first. Four statements."""
    names = {branch.pk: branch.name for branch in branches}
    place = {branch.pk: n for n, branch in enumerate(branches)}
    rows = MemberStar.objects.filter(sheet__branch__in=names, sheet__year=year, sheet__state=CONFIRMED)
    lines = list(rows.select_related("sheet", "member__user"))
    removed = removed_in([line.member_id for line in lines], year)
    found = []
    for line in lines:
        stars = None if line.member_id in removed else line.stars
        notes = REMOVED if line.member_id in removed else line.unrated or ("" if line.is_full else "预备党员")
        grade = str(Grade(line.grade).label) if line.grade else ""
        key = (place[line.sheet.branch_id], -(stars or 0), -(line.composite or ZERO), line.member.user.search_keys)
        found.append((key, Listed(names[line.sheet.branch_id], line.name, line.year_points, grade, stars, notes)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]
