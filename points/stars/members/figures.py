"""The stars of a branch and year as pages and papers show them: worked out anew while open, else as frozen.

A veto is never written into a star: what is confirmed today takes it today, and gives it back once withdrawn.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Min, Q

from branches.choices import BranchLevel
from branches.models import Branch
from members.models import Member
from points.assessment.figures import Board, Row, boards
from points.assessment.rules import PROBATIONARY
from points.assessment.rules import TOO_SHORT as ASSESSED_SHORT
from points.choices import AssessmentState, Category, ClaimState
from points.ledger.rollups import people_of
from points.models import Claim, Entry, MemberItem, MemberStar, MemberStarScheme, MemberStarSheet
from points.rulebook.book import RuleBook
from points.rules import RATED_FROM, ZERO, Item
from points.stars.members.rules import (
    LEFT_OUT,
    Facts,
    Outcome,
    Pool,
    Standing,
    Terms,
    decide,
    is_removed,
    unrated_words,
)
from points.stars.members.schemes import scheme_in, terms_of
from points.stars.members.wording import star_words

OPEN = AssessmentState.OPEN


@dataclass(frozen=True)
class StarRow:
    """One member. `removed`: a veto stands today; `frozen_veto`: one stood when the figures were frozen."""

    member: Member
    name: str
    facts: Facts
    standing: Standing
    terms: Terms
    reason: str = ""
    removed: bool = False
    frozen_veto: bool = False

    @property
    def stars(self) -> int | None:
        return None if self.removed else self.standing.stars

    @property
    def is_left_out(self) -> bool:
        return self.facts.unrated == LEFT_OUT

    @property
    def may_be_left_out(self) -> bool:
        return not self.facts.unrated or self.is_left_out

    @property
    def is_decided(self) -> bool:
        """People said something of this row, beyond the figures."""
        return self.is_left_out or (self.facts.given is not None and bool(self.standing.options))

    @property
    def waits(self) -> bool:
        return self.standing.tied is not None and not self.removed

    @property
    def is_lifted(self) -> bool:
        """Frozen without a star for a veto that no longer stands."""
        return self.frozen_veto and not self.removed

    @property
    def label(self) -> str:
        return star_words(self.stars)

    @property
    def options(self) -> list[tuple[int, str]]:
        return [(stars, star_words(stars)) for stars in self.standing.options]


@dataclass(frozen=True)
class StarBoard:
    """The stars of one branch and year. `sheet` None: nobody said anything yet."""

    branch: Branch
    year: int
    sheet: MemberStarSheet | None
    rows: tuple[StarRow, ...]
    pool: Pool
    pool_names: tuple[str, ...]  # the other branches that share the places
    terms: Terms
    scheme: MemberStarScheme
    assessed: Board
    items: Mapping[str, Item]  # of the rule book of the year
    mates: tuple[Board, ...] = ()  # assessments of those branches

    @property
    def state(self) -> AssessmentState:
        return AssessmentState(self.sheet.state) if self.sheet else OPEN

    @property
    def is_open(self) -> bool:
        return self.state == OPEN

    @property
    def is_proposed(self) -> bool:
        return self.state == AssessmentState.PROPOSED

    @property
    def is_confirmed(self) -> bool:
        return self.state == AssessmentState.CONFIRMED

    @property
    def is_preview(self) -> bool:
        """The grades of the year are not all confirmed, so every star may still be another."""
        return self.is_open and not self.assessed.is_confirmed

    @property
    def version(self) -> int:
        return self.sheet.version if self.sheet else 0

    @property
    def waiting(self) -> list[StarRow]:
        return [row for row in self.rows if row.waits]

    @property
    def unassessed(self) -> list[Branch]:
        """Branches whose grades have to be confirmed before this one can hand in."""
        return [one.branch for one in (self.assessed, *self.mates) if not one.is_confirmed]

    @property
    def counts(self) -> list[tuple[int, int]]:
        return [(stars, sum(row.stars == stars for row in self.rows)) for stars in (5, 4, 3, 2, 1)]

    @property
    def counted(self) -> tuple[int, int]:
        """Of those the caps count, how many have five stars, and four or five."""
        rows = [row for row in self.rows if row.facts.is_rated and row.standing.stars]
        return sum(row.standing.stars == 5 for row in rows), sum((row.standing.stars or 0) >= 4 for row in rows)

    @property
    def rated(self) -> int:
        return sum(row.facts.is_rated for row in self.rows)

    @property
    def unrated(self) -> int:
        return sum(row.stars is None for row in self.rows)

    @property
    def is_stale(self) -> bool:
        """Fixed on grades that were given anew since, or for a veto that was withdrawn."""
        if self.sheet is None or self.is_open:
            return False
        return any(row.is_lifted for row in self.rows) or self.sheet.assessed_at != _confirmed_at(self.assessed)


def _confirmed_at(board: Board) -> Any:
    return board.assessment.confirmed_at if board.assessment and board.is_confirmed else None


def star_board(branch: Branch, year: int, today: date) -> StarBoard:
    return star_pool(branch, year, today)[0]


def star_pool(branch: Branch, year: int, today: date) -> list[StarBoard]:
    """The board of a branch, and behind it those that share its places while it is not confirmed. A fixed number of
    statements; where the branch is too small for places of its own, the whole hospital is read."""
    own = star_boards([branch], year, today)[branch.pk]
    if own.is_confirmed or own.pool.level == "branch":
        return [own]
    found = star_boards(hospital_branches(branch), year, today)
    own = found[branch.pk]
    return [own, *(found[one.branch.pk] for one in own.mates)]


def hospital_branches(branch: Branch) -> list[Branch]:
    return list(Branch.objects.filter(hospital=branch.hospital_id).branches())


def star_boards(branches: Sequence[Branch], year: int, today: date) -> dict[int, StarBoard]:
    """Of branches of one hospital, by key; the statements do not grow with them. Places are right when these are all
    branches of the hospital, or have enough members for places of their own."""
    hospital = branches[0].hospital_id if branches else None
    assessed = boards(branches, year, today)
    rules = RuleBook().of_year(hospital, year)
    scheme = scheme_in(hospital, year)
    terms = terms_of(scheme, rules.scheme.scale)
    rows = MemberStarSheet.objects.filter(branch__in=list(assessed), year=year)
    sheets = {one.branch_id: one for one in rows.select_related("proposed_by", "confirmed_by", "scheme")}
    written: dict[int, dict[int, MemberStar]] = defaultdict(dict)
    homes = {one.pk: one.branch_id for one in sheets.values()}
    for line in MemberStar.objects.filter(sheet__in=homes).select_related("member__user").order_by("pk"):
        written[homes[line.sheet_id]][line.member_id] = line
    present = {row.member.pk: row for board in assessed.values() for row in board.rows}
    ids = {*present, *(pk for lines in written.values() for pk in lines)}
    removed = removed_in(ids, year)
    people = _facts(assessed, written, year, terms, removed)
    outcome = decide(people, general_branches(branches), terms)
    by_member = {one.member: one for one in people}
    names = {branch.pk: branch.name for branch in branches}
    found = {}
    for branch in branches:
        sheet, lines = sheets.get(branch.pk), written[branch.pk]
        pool = outcome.pools.get(branch.pk) or Pool((branch.pk,), 0, 0, 0)
        mates = [pk for pk in pool.branches if pk != branch.pk and assessed[pk].rows]
        others, used = [names[pk] for pk in mates], terms
        if sheet is None or sheet.state == OPEN:
            made = [_open_row(row, by_member[row.member.pk], outcome, lines, terms) for row in assessed[branch.pk].rows]
        else:
            used = terms_of(sheet.scheme or scheme, rules.scheme.scale)
            made = [_frozen_row(line, branch.pk, used, line.member_id in removed) for line in lines.values()]
        if sheet is not None and sheet.pool:
            pool, others = pool_of(sheet.pool), sheet.pool["names"]
        found[branch.pk] = StarBoard(
            branch=branch,
            year=year,
            sheet=sheet,
            rows=tuple(sorted(made, key=_order)),
            pool=pool,
            pool_names=tuple(others),
            terms=used,
            scheme=(sheet.scheme if sheet and sheet.scheme else scheme),
            assessed=assessed[branch.pk],
            items=rules.items,
            mates=tuple(assessed[pk] for pk in mates),
        )
    return found


def pool_of(kept: Mapping[str, Any]) -> Pool:
    """The places as they were when the stars were confirmed; `pool_kept` writes them."""
    return Pool(tuple(kept["branches"]), kept["base"], kept["five"], kept["four"], kept["level"], kept["spare"])


def pool_kept(shown: StarBoard) -> dict[str, Any]:
    return asdict(shown.pool) | {"names": list(shown.pool_names)}


def general_branches(branches: Iterable[Branch]) -> dict[int, int | None]:
    """The general branch above each branch, None without one. One statement."""
    branches = list(branches)
    paths = {branch.path[: n * Branch.steplen] for branch in branches for n in range(1, branch.depth)}
    rows = Branch.objects.filter(path__in=paths, level=BranchLevel.GENERAL_BRANCH).values_list("path", "pk")
    known = sorted(rows, key=lambda row: -len(row[0]))
    return {one.pk: next((pk for path, pk in known if one.path.startswith(path)), None) for one in branches}


def removed_in(members: Collection[int], year: int) -> set[int]:
    """Whose star of `year` a veto takes today. Three statements."""
    later = MemberStar.objects.filter(
        member__in=members, sheet__year__gt=year, sheet__state=AssessmentState.CONFIRMED
    ).order_by()
    following = dict(later.values("member").annotate(year=Min("sheet__year")).values_list("member", "year"))
    struck = veto_years(members)
    return {pk for pk, years in struck.items() if is_removed(year, following.get(pk), years)}


def veto_years(members: Collection[int]) -> dict[int, set[int]]:
    """The years of the vetoes that stand today, by member. Two statements."""
    found: dict[int, set[int]] = defaultdict(set)
    claims = Claim.objects.filter(member__in=members, category=Category.VETO, state=ClaimState.ACCEPTED)
    for member, year in claims.values_list("member_id", "month__year"):
        found[member].add(year)
    items = MemberItem.objects.filter(member__in=members, category=Category.VETO, n__gt=0)
    for member, year in items.values_list("member_id", "year"):
        found[member].add(year)
    return found


def worst_deductions(members: Collection[int], year: int) -> dict[int, Decimal]:
    """The largest single deduction that stands in the ledger of a year, as a positive number. One statement."""
    rows = Entry.objects.standing().filter(
        member__in=members,
        month__gte=date(year, 1, 1),
        month__lte=date(year, 12, 1),
        category=Category.DED,
    )
    return {one["member"]: -one["worst"] for one in rows.order_by().values("member").annotate(worst=Min("points"))}


def deeds_of(members: Collection[int], year: int, terms: Terms) -> dict[int, tuple[str, ...]]:
    """The items of a year that count for five stars: every honour, and those the hospital names. One statement."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = MemberItem.objects.filter(member__in=members, year=year, n__gt=0)
    rows = rows.filter(Q(category=Category.HON) | Q(rule_code__in=terms.deeds)).exclude(category=Category.VETO)
    for member, code in rows.order_by("rule_code").values_list("member_id", "rule_code"):
        found[member].append(code)
    return {member: tuple(codes) for member, codes in found.items()}


def _facts(
    assessed: Mapping[int, Board],
    written: Mapping[int, Mapping[int, MemberStar]],
    year: int,
    terms: Terms,
    vetoed: Collection[int],
) -> list[Facts]:
    rows = [(branch, board, row) for branch, board in assessed.items() for row in board.rows]
    ids = [row.member.pk for _, _, row in rows]
    young = people_of([row.member.pk for _, _, row in rows if row.judged.ungraded == PROBATIONARY])
    short = {pk for pk, person in young.items() if person.months(year) < RATED_FROM}
    worst, deeds = worst_deductions(ids, year), deeds_of(ids, year, terms)
    found = []
    for branch, board, row in rows:
        one, pk = row.judged, row.member.pk
        line = written.get(branch, {}).get(pk)
        is_full = one.ungraded != PROBATIONARY
        unrated = unrated_words(
            is_exempt=row.is_exempt,
            is_short=pk in short or one.ungraded == ASSESSED_SHORT,
            is_unappraised=is_full and board.is_confirmed and one.composite is None,
            is_left_out=line is not None and line.left_out,
        )
        found.append(
            Facts(
                member=pk,
                branch=branch,
                points=one.year_points,
                composite=one.composite if is_full else None,
                grade=row.grade if is_full else None,
                worst=worst.get(pk, ZERO),
                deeds=deeds.get(pk, ()),
                is_full=is_full,
                unrated=unrated,
                vetoed=pk in vetoed,
                given=line.given if line is not None else None,
            )
        )
    return found


def _open_row(row: Row, facts: Facts, outcome: Outcome, lines: Mapping[int, MemberStar], terms: Terms) -> StarRow:
    line = lines.get(row.member.pk)
    standing = outcome.standings[row.member.pk]
    return StarRow(row.member, row.name, facts, standing, terms, line.reason if line else "", facts.vetoed)


def _frozen_row(line: MemberStar, branch: int, terms: Terms, removed: bool) -> StarRow:
    facts = Facts(line.member_id, branch, vetoed=line.vetoed, **line.facts)
    options = (line.given,) if line.given else ()
    standing = Standing(line.member_id, line.reached, line.stars, line.cut_from, options=options)
    return StarRow(line.member, line.name, facts, standing, terms, line.reason, removed, line.vetoed)


def _order(row: StarRow) -> tuple[Any, ...]:
    one = row.facts
    value = one.composite if one.composite is not None else Decimal(-1)
    return -(row.stars or 0), -value, -(one.points or ZERO), row.member.user.search_keys, row.member.pk
