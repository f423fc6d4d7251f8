"""A long PDF laid out in parts has the pages of one that was laid out whole; in between one may stop it."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from config.documents import parts, pdf
from config.documents.content import (
    LANDSCAPE,
    PAGES,
    Block,
    Column,
    Contents,
    Document,
    Heading,
    Line,
    Paragraph,
    Section,
    Table,
)

pytestmark = pytest.mark.skipif(not pdf.is_available(), reason="this machine has no Pango or no Chinese font")
COLUMNS = (Column("序号", 12), Column("姓名", 30), Column("党支部", 60))
PAGE_ROWS = 20  # about so many stand on a page


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(parts, "CELLS", 3 * 2 * PAGE_ROWS)


def table(rows: int, name: str = "党员") -> Table:
    return Table(COLUMNS, tuple((n, f"{name}{n}", "内科第一党支部" * (1 + n % 4)) for n in range(rows)))


def pages_of(data: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(data)).pages]


@pytest.mark.parametrize(
    "blocks",
    [
        (Heading("名册", 0), Paragraph("说明"), table(130), Paragraph("遮盖")),
        (Heading("汇总", 0), *(block for n in range(9) for block in (Heading(f"第{n}支部"), table(11 + n, f"甲{n}-")))),
        (Heading("全文", 0), *[Paragraph("正文" * 600)] * 3, table(90), Heading("附"), table(0), table(50)),
    ],
    ids=["one long table", "a heading and a table each", "text between tables"],
)
def test_the_pages_are_those_of_the_whole(blocks):
    document = Document.of("名册", *blocks, page=LANDSCAPE)
    told: list[tuple[int, int, int]] = []
    data = parts.render(document, lambda *so_far: told.append(so_far))
    whole, found = PdfReader(BytesIO(pdf.render(document))), PdfReader(BytesIO(data))
    assert [page.extract_text() for page in found.pages] == [page.extract_text() for page in whole.pages]
    assert [one.title for one in found.outline] == [one.title for one in whole.outline]
    assert not found.named_destinations
    assert found.metadata.title == "名册"
    assert len(told) > 3  # at least two parts, and the end
    assert told == sorted(told)
    assert told[-1] == (told[0][1], told[0][1], len(whole.pages))


def test_a_table_too_wide_for_the_page_and_a_second_section_are_parted_too():
    wide = Table(
        tuple(Column(f"第{n}列", 60) for n in range(8)),
        tuple(tuple(f"{n}-{row}" for n in range(8)) for row in range(90)),
        keep=1,
    )
    document = Document("宽表", (Section((Heading("宽", 0), wide), LANDSCAPE), Section((table(70),))))
    assert pages_of(parts.render(document)) == pages_of(pdf.render(document))


@pytest.mark.parametrize("last", [39, 40, 41])
def test_a_document_that_fills_one_part_is_laid_out_at_once(last):
    told: list[tuple[int, int, int]] = []
    parts.render(Document.of("x", table(last)), lambda *so_far: told.append(so_far))
    assert (told == [(0, last, 0)]) == (last <= 2 * PAGE_ROWS)


@pytest.mark.parametrize(
    "block", [Line((f"共{PAGES}页",)), Contents((("名册", "a", None),))], ids=["number of pages", "contents"]
)
def test_what_names_pages_of_the_whole_is_laid_out_at_once(block: Block):
    document = Document.of("x", Heading("名册", 0, anchor="a"), block, table(90))
    told: list[tuple[int, int, int]] = []
    assert pages_of(parts.render(document, lambda *so_far: told.append(so_far))) == pages_of(pdf.render(document))
    assert told == [(0, 90, 0)]


def test_a_row_higher_than_a_page_loses_nothing():
    rows = tuple((n, "长" * 4000 if n == 30 else f"短{n}", "支部") for n in range(80))
    data = parts.render(Document.of("x", Table(COLUMNS, rows)))
    text = "".join(pages_of(data))
    assert text.count("长") == 4000
    assert all(f"短{n}" in text for n in range(80) if n != 30)


def test_whoever_is_told_may_stop_it_between_two_parts():
    class Enough(Exception):
        pass

    def tell(done: int, total: int, pages: int) -> None:
        if pages:
            raise Enough

    with pytest.raises(Enough):
        parts.render(Document.of("x", table(130)), tell)
