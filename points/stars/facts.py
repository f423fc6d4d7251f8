"""`branch_facts`: everything a star rating is worked out from, for any number of branches at once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final

from branches.models import Branch
from config.templatetags.ui import cn_date
from points.choices import MarkKind, MarkLevel
from points.models import LineRecord, StarMark
from points.stars.asking import Asked, Found, Pages, put
from points.stars.rules import BranchFacts, Card, Mark
from points.stars.sources import education, life, organisation

SOURCES: Final[tuple[Callable[[Asked, Pages], Found], ...]] = (
    organisation.committees,
    organisation.terms,
    organisation.year_papers,
    organisation.rosters,
    life.regular,
    life.groups,
    life.records,
    life.yearly,
    education.study_hours,
)


def branch_facts(
    branches: Iterable[Branch], year: int, today: date, cards: Mapping[int, Card] | None = None
) -> dict[int, BranchFacts]:
    """What the records say of each branch in a year, as of `today`; set-based, 18 statements for any number.

    `cards`: of each branch, for the figures that differ from the usual ones. Of one that was dissolved in the year, or
    founded after it, only why it is not rated.
    """
    asked = Asked.of(branches, year, today, cards)
    pages = Pages(asked)
    found: Found = {pk: {} for pk in asked.branches}
    for source in SOURCES:
        for pk, measures in source(asked, pages).items():
            found[pk] |= measures
    _entered(asked, pages, found)
    marks = _marks(asked, pages)
    idle = life.idle_months(asked)
    return {
        pk: BranchFacts(
            year=asked.year,
            measures=found[pk],
            marks=tuple(marks[pk]),
            vetoes=tuple(f"{year}年{first.month}月至{first.month + 2}月没有已确认的活动" for first in idle.get(pk, [])),
            unrated=_unrated(branch, asked),
        )
        for pk, branch in asked.branches.items()
    }


def _entered(asked: Asked, pages: Pages, found: Found) -> None:
    """Figures the Party office entered; what a register of the system says goes before them. One statement."""
    rows = LineRecord.objects.filter(branch__in=asked.ids, year=asked.number)
    for branch, fact, values in rows.values_list("branch", "fact", "values"):
        if branch in found and fact not in found[branch]:
            page = pages.entered(branch)
            put(found, branch, fact, values, page, door=page)


def _marks(asked: Asked, pages: Pages) -> dict[int, list[Mark]]:
    """One statement."""
    marks: dict[int, list[Mark]] = defaultdict(list)
    rows = StarMark.objects.standing().filter(branch__in=asked.ids, year=asked.number).order_by("happened_on", "pk")
    for branch, kind, level, title in rows.values_list("branch", "kind", "level", "title"):
        label = MarkLevel(level).label if level else MarkKind(kind).label
        marks[branch].append(Mark(MarkKind(kind), level, f"{label}：{title}", pages.entered(branch)))
    return marks


def _unrated(branch: Branch, asked: Asked) -> str:
    if branch.dissolved_on is not None and branch.dissolved_on <= asked.last:
        return f"{cn_date(branch.dissolved_on)}撤销，不参加评定"
    if branch.founded_on > asked.day:
        return f"{cn_date(branch.founded_on)}才成立"
    if not asked.year.months:
        return "还没有结束的月份"
    return ""
