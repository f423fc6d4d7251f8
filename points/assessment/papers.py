"""The papers of the appraisal (登记表, 测评表, 汇总表) and the list of grades, filled, as values."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Final, NamedTuple

from config.documents.adapting import Layouts, adapted
from config.documents.content import (
    LANDSCAPE,
    Block,
    Column,
    Document,
    Heading,
    Line,
    Paragraph,
    Section,
    Signature,
    Table,
    Value,
)
from config.documents.layouts import Layout, listed, printed, table
from config.templatetags.ui import percent
from members.codes import EDUCATION, ETHNICITY
from members.exemptions import WORDS
from members.models import Member
from points.assessment.figures import Board, Row
from points.assessment.layouts import BALLOT, REGISTER, SUMMARY
from points.assessment.rules import PROBATIONARY

NOT_LOCKED: Final = "积分未锁定"
BOXES: Final = ("优秀", "合格", "基本合格", "不合格")


class Form(NamedTuple):
    name: str
    make: Callable[..., Document]
    formats: tuple[str, ...]


# -- 登记表


def register_form(board: Board, *, sees_birth: bool, layouts: Layouts | None = None) -> Document:
    """Cover and two pages for each member; a pen writes the rest. Without `sees_birth` the year of birth alone."""
    layout = adapted(REGISTER, layouts)
    sections = [part for row in board.rows for part in _register(layout, board, row, sees_birth)]
    return Document(f"{board.branch}{board.year}年民主评议党员登记表", tuple(sections), layout.fonts)


def _register(layout: Layout, board: Board, row: Row, sees_birth: bool) -> list[Section]:
    values = register_values(board, row, sees_birth)
    cover: tuple[Block, ...] = (
        *(Paragraph("　") for _ in range(6)),
        Heading(printed(layout.title, values), 0),
        *(Paragraph("　") for _ in range(3)),
        Paragraph(f"（{board.year}年度）", align="center", indent=False),
        *(Paragraph("　") for _ in range(9)),
        Paragraph(f"姓　　名：{row.name}", align="center", indent=False),
        Paragraph(f"单　　位：{board.branch}", align="center", indent=False),
    )
    form = (table(layout, values, titled=False),)
    return [Section(cover, layout.page, layout.fonts), Section(form, layout.page, layout.fonts)]


def register_values(board: Board, row: Row, sees_birth: bool) -> dict[str, str]:
    one: Member = row.member
    return {
        "year": str(board.year),
        "name": row.name,
        "gender": one.get_gender_display(),
        "born": _month(one.birth_date) if sees_birth else f"{one.birth_date.year}年",
        "ethnicity": _of(ETHNICITY, one.ethnicity),
        "joined": _month(one.joined_on),
        "confirmed": _month(one.confirmed_on),
        "work_from": _month(one.work_from),
        "education": _of(EDUCATION, one.education),
        "poll": _poll(row),
        "branch_opinion": _opinion(board, row),
        "decision": _decision(board, row),
        "remarks": _remarks(board, row, alone=True),
    }


def _poll(row: Row) -> str:
    counts = [f"{name}{count}票" for name, count in zip(BOXES, row.votes, strict=True)] if row.votes else []
    return "，".join(counts)


def _opinion(board: Board, row: Row) -> str:
    if board.is_open:
        return ""
    if row.judged.ungraded:
        return row.judged.ungraded
    return f"经支部委员会研究，评定等次为{row.grade.label}。" if row.grade else ""


def _decision(board: Board, row: Row) -> str:
    if not board.is_confirmed or board.assessment is None or row.grade is None:
        return ""
    return f"{board.assessment.meeting}审定，等次为{row.grade.label}。"


def _remarks(board: Board, row: Row, *, alone: bool) -> str:
    """`alone`: on a paper of this member, which has no head to say that the points are not locked."""
    said = [WORDS] if row.is_exempt else []
    if row.judged.ungraded:
        said.append(row.judged.ungraded)
    if alone and not board.points_locked and not row.judged.ungraded and not row.is_exempt:
        said.append(NOT_LOCKED)
    return "；".join(said)


# -- 测评表


def ballot(board: Board, *, sees_birth: bool = False, layouts: Layouts | None = None) -> Document:
    """The anonymous sheet: names in the order of the roll, so that no sheet says how anybody stood."""
    blank: tuple[Value, ...] = ("", "", "", "", "")
    names = sorted(board.rows, key=lambda row: (row.member.user.search_keys, row.member.pk))
    rows = [
        (n, row.name, *(("—", "—", "—", "—", PROBATIONARY) if row.judged.ungraded == PROBATIONARY else blank))
        for n, row in enumerate(names, start=1)
    ]
    note = Paragraph("注：无记名填写。每人只选一个等次，在相应栏内画“√”，多选的无效。", small=True)
    return _list(adapted(BALLOT, layouts), board, "民主测评表", rows, {}, note)


def _list(
    layout: Layout, board: Board, name: str, rows: Iterable[tuple[Value, ...]], values: dict[str, str], last: Block
) -> Document:
    values = {"organisation": str(board.branch), "year": str(board.year)} | values
    foot = [Line(tuple(printed(part, values) for part in layout.foot))] if layout.foot else []
    return Document.of(
        f"{board.branch}{board.year}年{name}",
        Heading(printed(layout.title, values), 0),
        Line(tuple(printed(part, values) for part in layout.head)),
        listed(layout, rows, name),
        *foot,
        last,
        page=layout.page,
        fonts=layout.fonts,
    )


# -- 汇总表


def summary(board: Board, *, sees_birth: bool = False, layouts: Layouts | None = None) -> Document:
    expected = len(board.rows)
    rows = [_summed(n, board, row, expected) for n, row in enumerate(board.rows, start=1)]
    values = {
        "standing": _standing(board),
        "members": f"{board.full_members}人",
        "excellent": f"{'　　' if board.is_open else board.excellent}人",
        "share": "　　" if board.is_open else percent(board.excellent, board.full_members),
    }
    last = Signature("支部书记签字（盖章）：　　　　　年　　月　　日")
    return _list(adapted(SUMMARY, layouts), board, "民主评议党员汇总表", rows, values, last)


def _summed(n: int, board: Board, row: Row, expected: int) -> tuple[Value, ...]:
    graded = not row.judged.ungraded
    votes: tuple[Value, ...] = row.votes if row.votes and graded else ("", "", "", "")
    grade = str(row.grade.label) if row.grade and not board.is_open else ""
    came: Value = sum(row.votes) if row.votes and graded else ""
    return (n, row.name, expected if graded else "", came, *votes, grade, "", _remarks(board, row, alone=False))


def _standing(board: Board) -> str:
    words = [str(board.state.label)]
    if board.is_confirmed and board.assessment is not None:
        words.append(board.assessment.meeting)
    if not board.points_locked:
        words.append(NOT_LOCKED)
    return "，".join(words)


# -- The list as a workbook


def grade_list(board: Board, *, sees_birth: bool = False, layouts: Layouts | None = None) -> Document:
    columns = (
        Column("序号", 11, "center"),
        Column("姓名", 24),
        Column("年度积分", 26, places=2),
        *(Column(f"{name}票", 20, "center") for name in BOXES),
        Column("测评指数", 24, places=2),
        Column("综合得分", 24, places=2),
        Column("建议等次", 26),
        Column("等次", 24),
        Column("调整理由", 60),
        Column("备注", 50),
    )
    rows = tuple(_listed(n, board, row) for n, row in enumerate(board.rows, start=1))
    cap = board.cap
    return Document.of(
        f"{board.branch}{board.year}年度考核等次表",
        Heading(f"{board.branch}{board.year}年度考核等次表", 0),
        Line((_standing(board), f"优秀名额：{cap.words}；现为{board.excellent}人")),
        Table(columns, rows, "等次表"),
        *([Paragraph(f"优秀超出比例的说明：{board.assessment.cap_reason}")] if _has_cap_reason(board) else []),
        page=LANDSCAPE,
    )


def _listed(n: int, board: Board, row: Row) -> tuple[Value, ...]:
    one = row.judged
    points: Value = WORDS if row.is_exempt else one.year_points
    votes: tuple[Value, ...] = row.votes or (None, None, None, None)
    suggested = str(one.suggested.label) if one.suggested else "由会议决定" if one.is_open else ""
    grade = str(row.grade.label) if row.grade else ""
    notes = [] if row.is_exempt or board.points_locked or one.ungraded else [NOT_LOCKED]
    if one.ungraded:
        notes.append(one.ungraded)
    if one.limit:
        notes.append(f"等次受限，不高于{one.limit.label}")
    return (n, row.name, points, *votes, one.index, one.composite, suggested, grade, row.reason, "；".join(notes))


def _has_cap_reason(board: Board) -> bool:
    return board.assessment is not None and bool(board.assessment.cap_reason)


def _month(day: date | None) -> str:
    """1998.07, as registers have it: the cells are narrow."""
    return f"{day.year}.{day.month:02d}" if day else ""


def _of(codes: object, code: str) -> str:
    choices: Iterable[tuple[str, str]] = codes.choices  # type: ignore[attr-defined]
    return dict(choices).get(code, "")


FORMS: Final[dict[str, Form]] = {
    "list": Form("考核等次表", grade_list, ("xlsx",)),
    "summary": Form("民主评议党员汇总表", summary, ("docx", "pdf", "xlsx")),
    "ballot": Form("民主测评表", ballot, ("docx", "pdf")),
    "register": Form("民主评议党员登记表", register_form, ("docx", "pdf")),
}
