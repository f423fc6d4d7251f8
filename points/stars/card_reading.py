"""An edition of a score card as its page and its paper show it, and which editions run for which branches."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Final, NamedTuple

from branches.choices import BranchCategory
from config.documents.content import LANDSCAPE, Column, Document, Heading, Line, Paragraph, Table
from points.choices import MARK_LEVELS, MarkKind
from points.models import Scorecard, ScorecardLine
from points.rulebook.wording import number
from points.stars.card_editing import category_words
from points.stars.card_rules import percent, total_of
from points.stars.cards import CardBook, edition_of, line_of
from points.stars.catalogue import TAGS, group_of
from points.stars.measures import MEASURES
from points.stars.rules import Card

CATEGORIES: Final = ("", *BranchCategory.values)
UNKNOWN: Final = "计分办法已停用"


class LineView(NamedTuple):
    row: ScorecardLine
    words: str  # the formula with the figures of this card
    source: str
    tag: str


class GroupView(NamedTuple):
    number: str
    name: str
    total: Decimal
    lines: tuple[LineView, ...]


class Running(NamedTuple):
    """Which editions branches of a category are rated by, this year and the next."""

    category: str
    name: str
    branches: int
    this_year: Scorecard | None
    next_year: Scorecard | None
    has_own: bool


class Listed(NamedTuple):
    """An edition in the list; `state` is one of draft, waiting, running, stopped."""

    card: Scorecard
    state: str
    category: str


def groups_of(rows: Iterable[ScorecardLine]) -> list[GroupView]:
    """The lines of a card by group, in their order."""
    found = []
    for (code, name), mine in groupby(rows, key=lambda row: group_of(row.code)):
        lines = tuple(view_of(row) for row in mine)
        found.append(GroupView(code, name, total_of(line_of(one.row) for one in lines), lines))
    return found


def view_of(row: ScorecardLine) -> LineView:
    measure = MEASURES.get(row.measure)
    if measure is None:
        return LineView(row, UNKNOWN, "", TAGS.get(row.tag, ""))
    return LineView(row, measure.words(line_of(row).params), measure.register or "党办登记", TAGS.get(row.tag, ""))


def marks_of(card: Card, kind: MarkKind) -> list[tuple[str, str]]:
    """Label and points of each honour or fault."""
    return [(str(level.label), number(card.marks[level])) for level in MARK_LEVELS[kind]]


def running(hospital: int, book: CardBook, branches: Mapping[str, int], year: int) -> list[Running]:
    def row(category: str, year: int) -> Scorecard | None:
        try:
            return book.row(hospital, category, year)
        except LookupError:
            return None

    found = []
    for category in CATEGORIES:
        now, then = row(category, year), row(category, year + 1)
        own = any(one is not None and one.category == category for one in (now, then))
        found.append(Running(category, category_words(category), branches.get(category, 0), now, then, own))
    return found


def listed(cards: Sequence[Scorecard], lines: Sequence[Running], year: int) -> list[Listed]:
    """All editions of one hospital and the default, newest first within their category."""
    used = {one.this_year.pk for one in lines if one.this_year}

    def state(one: Scorecard) -> str:
        if one.published_at is None:
            return "draft"
        if one.pk in used:
            return "running"
        return "waiting" if one.valid_from > year else "stopped"

    order = {category: at for at, category in enumerate(CATEGORIES)}
    rows = sorted(cards, key=lambda one: (order[one.category], one.hospital_id is None, -one.valid_from))
    return [Listed(one, state(one), category_words(one.category)) for one in rows]


# --- on paper ---


def card_paper(row: Scorecard) -> Document:
    """Word, PDF and Excel alike; maxima are numbers, so that a workbook can add them up."""
    rows = list(row.lines.all())
    card, groups = edition_of(row, rows).card, groups_of(rows)
    title = row.name if row.published_at else f"{row.name}（草稿）"
    return Document.of(
        title,
        Heading(title, 0),
        Line((f"适用：{category_words(row.category)}", f"自{row.valid_from}年度起", f"依据：{row.basis or '—'}")),
        Table(_columns(), tuple(_row(group, line) for group in groups for line in group.lines), "评分项目", size=10.5),
        Paragraph(f"各项满分合计{number(total_of(card.lines))}分。", indent=False, small=True),
        Heading("分数线和名额", 1),
        Paragraph("\n".join(rule_words(card, general=not row.category)), small=True),
        Heading("加分和扣分", 1),
        Table(
            (Column("类别", 30), Column("情形", 80), Column("分值", 25, "center", places=2)),
            tuple(
                (str(kind.label), label, card.marks[level])
                for kind in (MarkKind.BONUS, MarkKind.DEDUCTION)
                for level, label in ((one, str(one.label)) for one in MARK_LEVELS[kind])
            ),
            "加分和扣分",
            size=10.5,
        ),
        page=LANDSCAPE,
    )


def rule_words(card: Card, *, general: bool) -> list[str]:
    """How a total follows from the lines, and stars from the total."""
    five, four, three, two = (number(one) for one in card.thresholds)
    shares = (
        f"五星不超过参评支部的{percent(card.five_share)}%，四星以上不超过{percent(card.four_share)}%。"
        if general
        else "五星、四星名额按通用评分表的比例，全院一起计算。"
    )
    return [
        f"总分＝得分÷适用满分×100＋加分－扣分，适用满分不足{number(card.rated_from)}分的不评定；加分最多{number(card.bonus_cap)}分。",
        f"{five}分以上五星，{four}分以上四星，{three}分以上三星，{two}分以上二星，其余一星；五星还须有支部品牌或创新做法。",
        shares,
    ]


def _columns() -> tuple[Column, ...]:
    return (
        Column("类别", 26),
        Column("编号", 14, "center"),
        Column("项目", 44),
        Column("满分", 16, "center", places=2),
        Column("计分办法", 117),
        Column("五化", 40),
    )


def _row(group: GroupView, line: LineView) -> tuple[str | Decimal, ...]:
    return (group.name, line.row.code, line.row.title, line.row.max, line.words, line.tag)
