"""The papers of the appraisal (登记表, 测评表, 汇总表) and the list of grades, as values.

Cell by cell as the organisation departments print them; the widths of the register form are in tenths of a point.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Final, NamedTuple

from config.documents.content import (
    LANDSCAPE,
    RECORD,
    Block,
    Cell,
    Column,
    Document,
    Grid,
    Heading,
    Line,
    Page,
    Paragraph,
    Row,
    Section,
    Signature,
    Table,
    Value,
    label,
)
from config.templatetags.ui import percent
from members.codes import EDUCATION, ETHNICITY
from members.exemptions import WORDS
from members.models import Member
from points.assessment.figures import Board
from points.assessment.figures import Row as Line_
from points.assessment.rules import PROBATIONARY

WIDTHS: Final = (324, 540, 810, 630, 630, 630, 697)
REGISTER: Final = Page(15, 26, 15, 28, numbered=False)  # the summary of 210 mm and its head on one page
PEN: Final = "　　　　　　年　　月　　日"
NOT_LOCKED: Final = "积分未锁定"
BOXES: Final = ("优秀", "合格", "基本合格", "不合格")


class Form(NamedTuple):
    name: str
    make: Callable[..., Document]
    formats: tuple[str, ...]


# -- 登记表


def register_form(board: Board, *, sees_birth: bool) -> Document:
    """Cover and two pages for each member; a pen writes the rest. Without `sees_birth` the year of birth alone."""
    sections = [part for row in board.rows for part in _register(board, row, sees_birth)]
    return Document(f"{board.branch}{board.year}年民主评议党员登记表", tuple(sections))


def _register(board: Board, row: Line_, sees_birth: bool) -> list[Section]:
    cover: tuple[Block, ...] = (
        *(Paragraph("　") for _ in range(6)),
        Heading("民主评议党员登记表", 0),
        *(Paragraph("　") for _ in range(3)),
        Paragraph(f"（{board.year}年度）", align="center", indent=False),
        *(Paragraph("　") for _ in range(9)),
        Paragraph(f"姓　　名：{row.name}", align="center", indent=False),
        Paragraph(f"单　　位：{board.branch}", align="center", indent=False),
    )
    first, second = register_grids(board, row, sees_birth)
    return [Section(cover, REGISTER), Section((first,), REGISTER), Section((second,), REGISTER)]


def register_grids(board: Board, row: Line_, sees_birth: bool) -> tuple[Grid, Grid]:
    """The two pages of one member: person and summary; results and opinions."""
    one: Member = row.member
    a, b, c, d, e, f, g = WIDTHS
    born = _month(one.birth_date) if sees_birth else f"{one.birth_date.year}年"
    whole = sum(WIDTHS)
    head = (
        _row(
            label("姓名", a, rows=2),
            label("现名", b), Cell(row.name, c), label("性别", d), Cell(one.get_gender_display(), e),
            label("出生年月", f), Cell(born, g),
        ),
        _row(
            label("曾用名", b), Cell("", c), label("民族", d), Cell(_of(ETHNICITY, one.ethnicity), e),
            label("籍贯", f), Cell("", g),
        ),
        _row(
            label("入党时间", a + b), Cell(_month(one.joined_on), c), label("转正时间", d),
            Cell(_month(one.confirmed_on), e), label("参加工作时间", f), Cell(_month(one.work_from), g),
        ),
        _row(label("学历", a + b), Cell(_of(EDUCATION, one.education), c), label("现任职务", d), Cell("", e + f + g)),
        _row(Cell("个人小结", whole, label=True, size=16), height=10),
        _row(Cell("", whole), height=210),
    )  # fmt: skip
    rest = whole - a
    back = (
        _row(label("民主评议情况", a), Cell(_poll(row), rest), height=30),
        _row(label("支部意见", a), Cell(_opinion(board, row), rest, sign=f"支部书记签字或盖章：{PEN}"), height=45),
        _row(label("本人意见", a), Cell("", rest, sign=f"签字或盖章：{PEN}"), height=45),
        _row(label("上级党组织意见", a), Cell(_decision(board, row), rest, sign=f"（盖章）{PEN}"), height=55),
        _row(label("备注", a), Cell(_remarks(board, row, alone=True), rest), height=35),
    )
    return Grid(whole, head), Grid(whole, back)


def _row(*cells: Cell, height: float = 8) -> Row:
    return Row(cells, height)


def _poll(row: Line_) -> str:
    counts = [f"{name}{count}票" for name, count in zip(BOXES, row.votes, strict=True)] if row.votes else []
    return "，".join(counts)


def _opinion(board: Board, row: Line_) -> str:
    if board.is_open:
        return ""
    if row.judged.ungraded:
        return row.judged.ungraded
    return f"经支部委员会研究，评定等次为{row.grade.label}。" if row.grade else ""


def _decision(board: Board, row: Line_) -> str:
    if not board.is_confirmed or board.assessment is None or row.grade is None:
        return ""
    return f"{board.assessment.meeting}审定，等次为{row.grade.label}。"


def _remarks(board: Board, row: Line_, *, alone: bool) -> str:
    """`alone`: on a paper of this member, which has no head to say that the points are not locked."""
    said = [WORDS] if row.is_exempt else []
    if row.judged.ungraded:
        said.append(row.judged.ungraded)
    if alone and not board.points_locked and not row.judged.ungraded and not row.is_exempt:
        said.append(NOT_LOCKED)
    return "；".join(said)


# -- 测评表


def ballot(board: Board, *, sees_birth: bool = False) -> Document:
    """The anonymous sheet: names in the order of the roll, so that no sheet says how anybody stood."""
    blank: tuple[Value, ...] = ("", "", "", "", "")
    names = sorted(board.rows, key=lambda row: (row.member.user.search_keys, row.member.pk))
    rows = [
        (n, row.name, *(("—", "—", "—", "—", PROBATIONARY) if row.judged.ungraded == PROBATIONARY else blank))
        for n, row in enumerate(names, start=1)
    ]
    columns = (
        Column("序号", 12, "center"),
        Column("姓名", 26, "center"),
        *(Column(name, 21, "center") for name in BOXES),
        Column("存在问题", 48),
    )
    return Document.of(
        f"{board.branch}民主测评表",
        Heading("民主测评表", 0),
        Line((f"党支部：{board.branch}", f"年度：{board.year}年")),
        Table(columns, tuple(rows), "民主测评表", row_height=9),
        Paragraph("注：无记名填写。每人只选一个等次，在相应栏内画“√”，多选的无效。", small=True),
        page=replace(RECORD, numbered=False),
    )


# -- 汇总表


def summary(board: Board, *, sees_birth: bool = False) -> Document:
    expected = len(board.rows)
    rows = tuple(_summed(n, board, row, expected) for n, row in enumerate(board.rows, start=1))
    columns = (
        Column("序号", 11, "center"),
        Column("姓名", 22, "center"),
        Column("应评", 14, "center"),
        Column("实评", 14, "center"),
        Column("优秀票", 18, "center"),
        Column("合格票", 18, "center"),
        Column("基本合格票", 24, "center"),
        Column("不合格票", 18, "center"),
        Column("支委会评定意见", 34, "center"),
        Column("反馈日期", 28, "center"),
        Column("备注", 42),
    )
    foot = (
        f"正式党员数：{board.full_members}人",
        f"优秀数：{'　　' if board.is_open else board.excellent}人",
        f"比例：{'　　' if board.is_open else percent(board.excellent, board.full_members)}",
    )
    return Document.of(
        f"{board.branch}{board.year}年民主评议党员汇总表",
        Heading(f"{board.year}年民主评议党员汇总表", 0),
        Line((f"党支部：{board.branch}", _standing(board))),
        Table(columns, rows, "汇总表", size=11, row_height=8),
        Line(foot),
        Signature("支部书记签字（盖章）：　　　　　年　　月　　日"),
        page=LANDSCAPE,
    )


def _summed(n: int, board: Board, row: Line_, expected: int) -> tuple[Value, ...]:
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


def grade_list(board: Board, *, sees_birth: bool = False) -> Document:
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


def _listed(n: int, board: Board, row: Line_) -> tuple[Value, ...]:
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
