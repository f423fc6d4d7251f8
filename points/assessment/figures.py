"""The assessment of a branch and year as pages and papers show it: worked out anew while it is open, else as frozen."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django.db.models import QuerySet

from branches.choices import Capability
from branches.models import Branch, User
from members.choices import MemberType
from members.exemptions import exempt_in
from members.models import Member
from points.assessment.rules import (
    NOT_APPRAISED,
    PROBATIONARY,
    Cap,
    Cut,
    Facts,
    Judged,
    Veto,
    choices,
    excellent_cap,
    judge,
)
from points.choices import AssessmentState, Category, ClaimState, Grade, PeriodKind, PeriodState
from points.ledger.rollups import people_of
from points.models import AppraisalResult, Assessment, AssessmentLine, Claim, MemberItem, MemberYear, PeriodClose
from points.rulebook.book import RuleBook, YearRules
from points.rules import Item

VOTES: Final = tuple(Grade)  # the columns of the poll, as the fields of AppraisalResult are called


@dataclass(frozen=True)
class Row:
    """One member. `grade` is what people gave, else what is suggested."""

    member: Member
    name: str
    judged: Judged
    result: AppraisalResult | None
    grade: Grade | None
    reason: str = ""

    @property
    def votes(self) -> tuple[int, ...]:
        return votes_of(self.result) if self.result else ()

    @property
    def is_exempt(self) -> bool:
        return self.judged.year_points is None

    @property
    def choices(self) -> tuple[Grade, ...]:
        return choices(self.judged)

    @property
    def is_moved(self) -> bool:
        return bool(self.reason) and not self.judged.ungraded

    @property
    def waits(self) -> str:
        """Why nothing can be proposed yet; "" when this member is done."""
        if self.judged.ungraded or self.grade:
            return ""
        if self.judged.composite is None:
            return "" if self.reason else "没有测评结果"
        return "等次待定"


@dataclass(frozen=True)
class Difference:
    """What the points of a locked year say otherwise than the frozen line."""

    name: str
    title: str
    before: str
    now: str


@dataclass(frozen=True)
class Board:
    """Everything of one branch and year. `assessment` None: nobody began it."""

    branch: Branch
    year: int
    assessment: Assessment | None
    rows: tuple[Row, ...]
    cap: Cap
    year_locked: bool

    @property
    def state(self) -> AssessmentState:
        return AssessmentState(self.assessment.state) if self.assessment else AssessmentState.OPEN

    @property
    def is_open(self) -> bool:
        return self.state == AssessmentState.OPEN

    @property
    def is_proposed(self) -> bool:
        return self.state == AssessmentState.PROPOSED

    @property
    def is_confirmed(self) -> bool:
        return self.state == AssessmentState.CONFIRMED

    @property
    def version(self) -> int:
        return self.assessment.version if self.assessment else 0

    @property
    def points_locked(self) -> bool:
        """Whether the figures shown are those of a locked year."""
        if self.assessment is None or self.is_open:
            return self.year_locked
        return self.assessment.points_locked

    def of(self, rows: tuple[Row, ...]) -> "Board":
        return replace(self, rows=rows)

    @property
    def excellent(self) -> int:
        return sum(row.grade == Grade.EXCELLENT for row in self.rows)

    @property
    def over_cap(self) -> int:
        """How many more are given 优秀 than the cap allows; never below 0."""
        return max(0, self.excellent - self.cap.most)

    @property
    def tied(self) -> list[Row]:
        return [row for row in self.rows if row.judged.cut == Cut.TIED]

    @property
    def has_open_tie(self) -> bool:
        return any(row.grade is None for row in self.tied)

    @property
    def has_unranked_tie(self) -> bool:
        return any(row.is_exempt for row in self.tied)

    @property
    def by_hand(self) -> list[Row]:
        return [row for row in self.rows if row.judged.by_hand and not row.judged.ungraded]

    @property
    def waiting(self) -> list[Row]:
        return [row for row in self.rows if row.waits]

    @property
    def without_result(self) -> list[Row]:
        return [row for row in self.waiting if row.judged.composite is None]

    @property
    def counts(self) -> list[tuple[Grade, int]]:
        return [(grade, sum(row.grade == grade for row in self.rows)) for grade in Grade]

    @property
    def ungraded(self) -> int:
        return sum(row.grade is None and not row.waits for row in self.rows)

    @property
    def full_members(self) -> int:
        return self.cap.base


def assessed_by(user: User) -> QuerySet[Branch]:
    """The branches whose assessment a reader works on: the branch's own people, and the committee."""
    nodes = Branch.objects.visible_to(user, Capability.ASSESSMENT_WRITE)
    nodes |= Branch.objects.visible_to(user, Capability.ASSESSMENT_CONFIRM)
    return nodes.branches()


def last_day(year: int, today: date) -> date:
    """The day whose roll is assessed: the end of the year, today while it runs."""
    return min(date(year, 12, 31), today)


def roll_at(branch_ids: Collection[int], year: int, today: date) -> QuerySet[Member]:
    """Whose relation is in one of these branches then; `roll_branch_id` and `roll_type` say where and as what."""
    rows = Member.objects.on_roll(last_day(year, today)).filter(roll_branch_id__in=branch_ids)
    return rows.select_related("user").order_by("user__search_keys", "pk")


def votes_of(result: AppraisalResult) -> tuple[int, int, int, int]:
    return result.excellent, result.qualified, result.basically_qualified, result.unqualified


def results_of(members: Collection[int], year: int) -> dict[int, AppraisalResult]:
    rows = AppraisalResult.objects.filter(member__in=members, year=year)
    return {row.member_id: row for row in rows}


def vetoes_of(members: Collection[int], year: int, rules: Mapping[str, Item]) -> dict[int, tuple[Veto, ...]]:
    """What was confirmed against these members in the year, each with what its item says: in the edition of its day, or
    among `rules`, those of the year, where no claim stands behind it. Two statements."""
    found: dict[int, dict[str, set[Grade | None]]] = defaultdict(lambda: defaultdict(set))
    claims = Claim.objects.filter(
        member__in=members, category=Category.VETO, state=ClaimState.ACCEPTED, month__year=year
    )
    for member, code, limit in claims.values_list("member_id", "rule_code", "rule__grade_limit"):
        found[member][code].add(Grade(limit) if limit else None)
    items = MemberItem.objects.filter(member__in=members, year=year, category=Category.VETO, n__gt=0)
    for member, code in items.values_list("member_id", "rule_code"):
        if not found[member][code]:
            found[member][code].add(rules[code].grade_limit if code in rules else None)
    return {
        member: tuple(Veto(code, limit) for code in sorted(codes) for limit in codes[code])
        for member, codes in found.items()
    }


def facts_of(
    rules: YearRules, year: int, members: Iterable[Member]
) -> tuple[dict[int, Facts], dict[int, AppraisalResult]]:
    """What the figures of this moment say of members of one hospital, whose `rules` these are; seven
    statements, whatever their number."""
    people = {member.pk: member for member in members}
    ids = list(people)
    totals = dict(MemberYear.objects.filter(member__in=ids, year=year).values_list("member_id", "total"))
    persons, exempt = people_of(ids), exempt_in(ids, year)
    results, vetoes = results_of(ids, year), vetoes_of(ids, year, rules.items)
    facts = {
        pk: Facts(
            member=pk,
            year_points=None if pk in exempt else totals.get(pk, rules.scheme.base),
            votes=dict(zip(VOTES, votes_of(results[pk]), strict=True)) if pk in results else {},
            is_full=member.roll_type == MemberType.FULL,  # type: ignore[attr-defined]
            months=persons[pk].months(year),
            vetoes=vetoes.get(pk, ()),
        )
        for pk, member in people.items()
    }
    return facts, results


def board(branch: Branch, year: int, today: date, *, live: bool = False) -> Board:
    return boards([branch], year, today, live=live)[branch.pk]


def boards(branches: Sequence[Branch], year: int, today: date, *, live: bool = False) -> dict[int, Board]:
    """The boards of branches of one hospital, by key; as many statements for one as for all of them.

    `live`: as the figures are now, even where the assessment is frozen.
    """
    ids = [branch.pk for branch in branches]
    rows = Assessment.objects.filter(branch__in=ids, year=year).select_related("proposed_by", "confirmed_by")
    assessments = {row.branch_id: row for row in rows}
    locked = set(
        PeriodClose.objects.filter(
            branch__in=ids, kind=PeriodKind.YEAR, start=date(year, 1, 1), state=PeriodState.LOCKED
        ).values_list("branch_id", flat=True)
    )
    lines: dict[int, dict[int, AssessmentLine]] = defaultdict(dict)
    homes = {row.pk: row.branch_id for row in assessments.values()}
    for line in AssessmentLine.objects.filter(assessment__in=homes).select_related("member__user").order_by("pk"):
        lines[homes[line.assessment_id]][line.member_id] = line
    is_live = {pk for pk in ids if live or pk not in assessments or assessments[pk].state == AssessmentState.OPEN}
    present: dict[int, list[Member]] = defaultdict(list)
    for member in roll_at(is_live, year, today) if is_live else ():
        present[member.roll_branch_id].append(member)  # type: ignore[attr-defined]
    rules = RuleBook().of_year(branches[0].hospital_id if branches else None, year)
    facts, results = facts_of(rules, year, [one for people in present.values() for one in people])
    results |= results_of([pk for branch in ids if branch not in is_live for pk in lines[branch]], year)
    found = {}
    for branch in branches:
        mine = lines[branch.pk]
        if branch.pk in is_live:
            members = present[branch.pk]
            outcome = judge([facts[member.pk] for member in members], rules.scheme)
            made = [
                _open_row(member, one, results.get(member.pk), mine.get(member.pk))
                for member, one in zip(members, outcome.lines, strict=True)
            ]
            cap = outcome.cap
        else:
            made = [_frozen_row(line, results.get(line.member_id)) for line in mine.values()]
            cap = _frozen_cap(made, rules.scheme.excellent_ratio)
        assessment = assessments.get(branch.pk)
        rows_shown = tuple(sorted(made, key=_place))
        found[branch.pk] = Board(branch, year, assessment, rows_shown, cap, branch.pk in locked)
    return found


def _open_row(member: Member, one: Judged, result: AppraisalResult | None, line: AssessmentLine | None) -> Row:
    """What people chose before stands while the figures still allow it."""
    chosen = Grade(line.grade) if line and line.grade and line.reason else None
    if chosen is not None and chosen in choices(one):
        return Row(member, member.user.name, one, result, chosen, line.reason if line else "")
    reason = line.reason if line and one.composite is None and not one.ungraded and not line.grade else ""
    return Row(member, member.user.name, one, result, one.suggested, reason)


def _frozen_row(line: AssessmentLine, result: AppraisalResult | None) -> Row:
    is_left_open = line.composite is not None and not line.suggested and not line.ungraded
    by_hand = is_left_open and bool(line.vetoes)  # who is under a veto is never a candidate at the cut
    one = Judged(
        member=line.member_id,
        year_points=line.year_points,
        index=line.index,
        composite=line.composite,
        limit=Grade(line.limit) if line.limit else None,
        by_hand=by_hand,
        suggested=Grade(line.suggested) if line.suggested else None,
        cut=Cut.TIED if is_left_open and not by_hand else Cut.NONE,
        ungraded=line.ungraded,
        vetoes=tuple(line.vetoes),
    )
    return Row(line.member, line.name, one, result, Grade(line.grade) if line.grade else None, line.reason)


def _frozen_cap(rows: list[Row], ratio: Fraction) -> Cap:
    """The rule book of a year that is over changes no more, so its ratio needs no copy."""
    base = sum(row.judged.ungraded != PROBATIONARY for row in rows)
    return Cap(base, excellent_cap(base, ratio), sum(row.grade == Grade.EXCELLENT for row in rows), ratio=ratio)


def _place(row: Row) -> tuple[Any, ...]:
    one = row.judged
    value = one.composite if one.composite is not None else Decimal(-1)
    return bool(one.ungraded), -value, -(one.year_points or Decimal(0)), row.member.user.search_keys, row.member.pk


def differences(frozen: Board, now: Board) -> list[Difference]:
    """What the figures say now that the frozen lines do not; names of people who came or went are told too."""
    before = {row.member.pk: row for row in frozen.rows}
    found = []
    for row in now.rows:
        old = before.pop(row.member.pk, None)
        if old is None:
            found.append(Difference(row.name, "人员", "不在表中", "在册"))
            continue
        pairs: Mapping[str, tuple[Any, Any]] = {
            "年度积分": (_points(old.judged), _points(row.judged)),
            "综合得分": (old.judged.composite, row.judged.composite),
            "建议等次": (_label(old.judged), _label(row.judged)),
            "等次限制": (_of(old.judged.limit), _of(row.judged.limit)),
            "不定等次": (_unsettled(old.judged), _unsettled(row.judged)),
        }
        found += [Difference(row.name, title, str(a), str(b)) for title, (a, b) in pairs.items() if a != b]
    return found + [Difference(row.name, "人员", "在表中", "不在册") for row in before.values()]


def _points(one: Judged) -> Any:
    return "不参加积分" if one.year_points is None else one.year_points


def _of(grade: Grade | None) -> str:
    return str(grade.label) if grade else "无"


def _label(one: Judged) -> str:
    return "由会议决定" if one.is_open else _of(one.suggested)


def _unsettled(one: Judged) -> str:
    return one.ungraded or (NOT_APPRAISED if one.composite is None else "否")
