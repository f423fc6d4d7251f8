"""党员评星定级名单, of a branch or of a hospital, as a value for Word, PDF and Excel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from config.documents.content import LANDSCAPE, RECORD, Column, Document, Heading, Line, Paragraph, Table, Value
from points.rules import Item
from points.stars.members.figures import StarBoard, StarRow
from points.stars.members.wording import REMOVED, cut_words, place_words, shared_words, star_words

FORMATS: Final = ("docx", "pdf", "xlsx")
NAME: Final = "党员评星定级名单"
PREVIEW: Final = "未审定，仅供核对"


@dataclass(frozen=True)
class Listed:
    """One row of the hospital's list, of confirmed stars alone."""

    branch: str
    name: str
    points: Value
    grade: str
    stars: int | None
    notes: str


def branch_list(shown: StarBoard) -> Document:
    five, four = place_words(shown.pool, shown.terms)
    rows = [_row(n, row, shown.items) for n, row in enumerate(shown.rows, start=1)]
    columns = (
        Column("序号", 11, "center"),
        Column("姓名", 24),
        Column("年度积分", 24, places=2),
        Column("考核等次", 24, "center"),
        Column("综合得分", 24, places=2),
        Column("星级", 18, "center"),
        Column("荣誉等突出表现", 70),
        Column("备注", 50),
    )
    notes = [Paragraph(f"名额：五星{five}；四星以上{four}。{shared_words(shown.pool, shown.pool_names, shown.terms)}")]
    title = f"{shown.branch}{shown.year}年度{NAME}"
    return Document.of(
        title,
        Heading(title, 0),
        Line((_standing(shown), _counts(shown.counts))),
        Table(columns, tuple(rows), "名单"),
        *notes,
        page=LANDSCAPE,
    )


def _standing(shown: StarBoard) -> str:
    if shown.is_confirmed and shown.sheet is not None:
        return f"审定：{shown.sheet.meeting}"
    return PREVIEW


def _counts(counts: Sequence[tuple[int, int]]) -> str:
    return "，".join(f"{star_words(stars)}{n}人" for stars, n in counts if n)


def _row(n: int, row: StarRow, items: Mapping[str, Item]) -> tuple[Value, ...]:
    deeds = "；".join(items[code].title if code in items else code for code in row.facts.deeds)
    return (
        n,
        row.name,
        row.facts.points,
        str(row.facts.grade.label) if row.facts.grade else "",
        row.facts.composite,
        star_words(row.stars),
        deeds,
        notes_of(row),
    )


def notes_of(row: StarRow) -> str:
    """Why there is no star or a lower one; of a veto nothing but that the star is gone."""
    if row.removed:
        return REMOVED
    if row.facts.unrated:
        return row.facts.unrated
    if row.standing.tied:
        return "名额线上并列，由会议决定"
    if row.standing.cut_from:
        return cut_words(row.standing.cut_from)
    return "" if row.facts.is_full else "预备党员"


def hospital_list(name: str, year: int, rows: Sequence[Listed], waiting: Sequence[str]) -> Document:
    """`waiting`: branches whose stars are not confirmed, which are told and not listed."""
    columns = (
        Column("序号", 14, "center"),
        Column("党支部", 50),
        Column("姓名", 24),
        Column("年度积分", 24, places=2),
        Column("考核等次", 24, "center"),
        Column("星级", 18, "center"),
        Column("备注", 45),
    )
    title = f"{name}{year}年度{NAME}"
    values = tuple(
        (n, row.branch, row.name, row.points, row.grade, star_words(row.stars), row.notes)
        for n, row in enumerate(rows, start=1)
    )
    counts = [(stars, sum(row.stars == stars for row in rows)) for stars in (5, 4, 3, 2, 1)]
    said = [Paragraph(f"尚未审定、没有列入的支部：{'、'.join(waiting)}。")] if waiting else []
    return Document.of(
        title, Heading(title, 0), Line((_counts(counts),)), Table(columns, values, "名单"), *said, page=RECORD
    )
