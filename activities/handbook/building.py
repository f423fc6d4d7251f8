"""The whole handbook as one file: parts in their fixed order, a cover and a table of contents in front."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO, Final

from activities.choices import Kind
from activities.handbook import annexes, gatherings, organisation, rest
from activities.handbook.book import Book
from activities.reports.wording import day as cn
from config.documents import docx, pdf
from config.documents.bound import Volume
from config.documents.content import OFFICIAL, RECORD, Contents, Document, Heading, Page, Paragraph, Section, Table

Tell = Callable[[int, int, str], None]  # (done, total, step in Chinese)
FORMATS: Final = ("docx", "pdf")
CHUNK: Final = 4  # sections laid out at once: with their photos some eight pages
CELLS: Final = 400  # of tables; a section with more is laid out alone
NUMERALS: Final = "一二三四五六七八九十"

PARTS: Final[tuple[tuple[str, annexes.Part], ...]] = (
    ("使用说明", organisation.how_to),
    ("支部基本情况", organisation.basics),
    ("委员分工及换届", organisation.committee),
    ("党小组", organisation.groups),
    ("党员名册", organisation.roster),
    ("年度计划（规定动作清单）", organisation.plan),
    ("党员大会", gatherings.records(Kind.GENERAL_MEETING)),
    ("支委会", gatherings.records(Kind.COMMITTEE_MEETING)),
    ("党小组会", gatherings.records(Kind.GROUP_MEETING)),
    ("党课", gatherings.records(Kind.PARTY_LECTURE, Kind.WARNING_EDUCATION)),
    ("主题党日", gatherings.records(Kind.THEME_DAY, Kind.POLITICAL_BIRTHDAY)),
    ("组织生活会与整改", gatherings.org_life),
    ("民主评议", gatherings.appraisal),
    ("谈心谈话", rest.talks),
    ("发展党员", rest.development),
    ("党费", rest.dues),
    ("组织关系转接、流动和失联党员", rest.movements),
    ("志愿服务、办实事、品牌、荣誉", rest.service),
    ("总结、述职评议、大事记", rest.summary),
)
ANNEXES: Final[tuple[tuple[str, annexes.Part], ...]] = (
    ("学习学时", annexes.study),
    ("积分", annexes.slot("points", "积分附件")),
    ("奖惩", annexes.slot("honours", "奖惩登记")),
)


def titles() -> list[str]:
    """一、使用说明 … 十九、…, 附件一　学习学时 …"""
    parts = [f"{_numeral(n)}、{name}" for n, (name, _) in enumerate(PARTS, start=1)]
    return parts + [f"附件{_numeral(n)}　{name}" for n, (name, _) in enumerate(ANNEXES, start=1)]


def build(book: Book, format: str, out: IO[bytes], tell: Tell = lambda done, total, step: None) -> None:
    """Write the handbook into `out`. Raises PdfMissing where this machine cannot make a PDF, ValueError for others."""
    if format not in FORMATS:
        raise ValueError(format)
    if format == "pdf":
        _pdf(book, out, tell)
    else:
        _docx(book, out, tell)


def _pdf(book: Book, out: IO[bytes], tell: Tell) -> None:
    """Chunk by chunk; what is laid out is let go before the next records are read."""
    if not pdf.is_available():
        raise pdf.PdfMissing
    pages: list[int] = []
    with Volume() as volume:
        for n, (title, _) in enumerate(_all()):
            for k, chunk in enumerate(_chunks(_part(book, n))):
                tell(n, _steps(), title if k == 0 else f"{title}（已排{volume.pages}页）")
                first = volume.add(Document(book.title, chunk))
                if k == 0:
                    pages.append(first)
        tell(_steps() - 1, _steps(), "目录和装订")
        volume.write(out, title=book.title, front=Document(book.title, _front(book, pages)))


def _docx(book: Book, out: IO[bytes], tell: Tell) -> None:
    """One file at once: python-docx holds the text of all pages, which is small, and each photo as it is printed."""

    def sections() -> Iterator[Section]:
        yield from _front(book, None)
        for n, (title, _) in enumerate(_all()):
            tell(n, _steps(), title)
            for k, section in enumerate(_part(book, n)):
                restarts = n == 0 and k == 0
                yield replace(section, page=replace(section.page, restarts=True)) if restarts else section

    docx.write(book.title, sections(), out)
    tell(_steps(), _steps(), "完成")


def _all() -> tuple[tuple[str, annexes.Part], ...]:
    return tuple((title, part) for title, (_, part) in zip(titles(), PARTS + ANNEXES, strict=True))


def _steps() -> int:
    return len(PARTS) + len(ANNEXES) + 1


def _part(book: Book, n: int) -> Iterator[Section]:
    """The sections of one part; its title stands on the first of them."""
    title, part = _all()[n]
    for k, section in enumerate(part(book)):
        yield replace(section, blocks=(Heading(title, 0, _anchor(n)), *section.blocks)) if k == 0 else section


def _chunks(sections: Iterator[Section]) -> Iterator[tuple[Section, ...]]:
    chunk: list[Section] = []
    for section in sections:
        cells = sum(len(one.rows) * len(one.columns) for one in section.blocks if isinstance(one, Table))
        if chunk and cells > CELLS:
            yield tuple(chunk)
            chunk = []
        chunk.append(section)
        if len(chunk) == CHUNK or cells > CELLS:
            yield tuple(chunk)
            chunk = []
    if chunk:
        yield tuple(chunk)


def _front(book: Book, pages: list[int] | None) -> tuple[Section, ...]:
    """Cover and contents, without page numbers."""
    cover = (
        *[Paragraph("　")] * 4,
        Heading("支部工作手册", 0),
        Heading(f"{book.year}年度", 0),
        *[Paragraph("　")] * 8,
        Paragraph(f"党支部名称：{book.branch.name}", "center", indent=False),
        Paragraph(f"书　　　记：{_secretary(book) or '＿＿＿＿＿＿'}", "center", indent=False),
        Paragraph(f"起 止 日 期：{cn(book.first)}至{book.year}年12月31日", "center", indent=False),
    )
    lines = tuple((title, _anchor(n), pages[n] if pages is not None else None) for n, title in enumerate(titles()))
    plain = Page(OFFICIAL.top, OFFICIAL.right, OFFICIAL.bottom, OFFICIAL.left, numbered=False)
    contents = replace(RECORD, numbered=False)
    return Section(cover, plain), Section((Heading("目　录", 0), Contents(lines)), contents)


def _secretary(book: Book) -> str:
    return "、".join(post.user.name for post in organisation.secretaries(book))


def _anchor(n: int) -> str:
    return f"part{n + 1}"


def _numeral(n: int) -> str:
    """1 to 19 in Chinese."""
    return NUMERALS[n - 1] if n <= len(NUMERALS) else f"十{NUMERALS[n - 11]}"
