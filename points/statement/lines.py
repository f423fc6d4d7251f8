"""The entries of one member, month by month, as lines: each with its rule, its record and what became of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from branches.models import User
from config.templatetags.ui import cn_day, signed
from members.models import month_of
from points.choices import Category, Declarer
from points.cycle.late import late_among
from points.ledger import registry
from points.ledger.registry import Award
from points.models import Entry, RuleItem
from points.rules import ZERO
from points.statement.parts import HIDDEN


class Tag(NamedTuple):
    """A state in words with its icon."""

    css: str
    icon: str
    text: str


UNTOLD = "事由仅本人和纪检人员可见"
WAITING = Tag("is-sent", "hourglass-split", "记录待确认，确认后入账")
CORRECTION = Tag("is-line", "arrow-counterclockwise", "更正")
UNDONE = Tag("is-line", "slash-circle", "已更正")
LIFTED = Tag("is-ok", "check-lg", "异议成立")
LATE = Tag("is-line", "clock-history", "补记")


@dataclass(frozen=True)
class Line:
    """One line of the list. `url`: its record, where the reader may open it; `object_url`: to contradict it.

    `waiting`: not in the ledger yet. `undone`: taken back later, so that it counts no more.
    `unsent`: a claim the member still has to hand in.
    """

    title: str
    day: date
    rule: str
    points: Decimal
    url: str = ""
    note: str = ""
    tags: tuple[Tag, ...] = ()
    waiting: bool = False
    unsent: bool = False
    reversal: bool = False
    undone: bool = False
    object_url: str = ""


@dataclass(frozen=True)
class MonthOfLines:
    month: date
    total: Decimal
    lines: tuple[Line, ...]


def months_of(lines: Iterable[Line], totals: Mapping[date, Decimal]) -> tuple[MonthOfLines, ...]:
    """The newest month first; inside one what waits stands before what the ledger has."""
    ordered = sorted(lines, key=lambda line: month_of(line.day), reverse=True)
    return tuple(
        MonthOfLines(month, totals.get(month, ZERO), tuple(block))
        for month, block in groupby(ordered, key=lambda line: month_of(line.day))
    )


def waiting_lines(awards: Iterable[Award]) -> list[Line]:
    """What records that wait for their confirmation will be worth."""
    return [
        Line(award.reason, award.happened_on, rule_text(award.rule, award.points), award.points,
             tags=(WAITING,), waiting=True)
        for award in awards
    ]  # fmt: skip


def entry_lines(
    entries: list[Entry], reader: User, *, sees_discipline: bool, object_urls: Mapping[int, str] | None = None
) -> list[Line]:
    """`entries` bring their `rule`, `undone` (their reversal) and `corrected` (points of what they take back).

    At most four statements for what was booked late, and a few for each kind of record.
    """
    links = links_of(entries, reader)
    late = {row.pk for row in late_among(Entry.objects.filter(pk__in=[entry.pk for entry in entries]))}
    return [
        _line(
            entry,
            hidden=is_confidential(entry.rule) and not sees_discipline,
            url=links.get((entry.source_kind, entry.source_id), ""),
            is_late=entry.pk in late,
            object_url=(object_urls or {}).get(entry.pk, ""),
        )
        for entry in entries
    ]


def _line(entry: Entry, *, hidden: bool, url: str, is_late: bool, object_url: str) -> Line:
    is_reversal, undone = entry.reversal_of_id is not None, entry.undone is not None
    tags = []
    if is_reversal:
        tags.append(LIFTED if entry.lifted_by_id else CORRECTION)
    elif undone:
        tags.append(UNDONE)
    if is_late:
        tags.append(LATE)
    return Line(
        HIDDEN if hidden else entry.reason,
        entry.happened_on,
        UNTOLD if hidden else rule_text(entry.rule, entry.points),
        entry.points,
        url="" if hidden else url,
        note=f"冲减{cn_day(entry.happened_on)}的{signed(entry.corrected)}分" if is_reversal else "",
        tags=tuple(tags),
        reversal=is_reversal,
        undone=undone,
        object_url=object_url,
    )


def links_of(entries: Iterable[Entry], reader: User) -> dict[tuple[str, int], str]:
    """Where the reader may open what these entries come from; a few statements for each kind of record."""
    kinds: dict[str, set[int]] = defaultdict(set)
    for entry in entries:
        kinds[entry.source_kind].add(entry.source_id)
    return {
        (kind, pk): url for kind, ids in kinds.items() for pk, url in registry.source(kind).links(ids, reader).items()
    }


def is_confidential(rule: RuleItem) -> bool:
    return rule.category == Category.VETO or rule.declared_by == Declarer.DISCIPLINE


def rule_text(rule: RuleItem, points: Decimal) -> str:
    """A02参加主题党日，每次0.5分; the step where the rule has several, the variant only where it explains the line."""
    name = f"{rule.code}{rule.title}"
    step = next((one["label"] for one in rule.levels if Decimal(one["points"]) == abs(points)), "")
    step = step or next((one["label"] for one in rule.levels if Decimal(one["points"]) == -abs(points)), "")
    if step:
        return f"{name}，{step}"
    text = rule.points_text.split("（")[0] if abs(points) == abs(rule.points) else rule.points_text
    return f"{name}，{text}" if text else name
