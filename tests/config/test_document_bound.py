"""A long PDF in parts: numbers run through, the cover has none."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from config.documents import pdf
from config.documents.bound import Volume
from config.documents.content import Contents, Document, Heading, Paragraph

pytestmark = pytest.mark.skipif(not pdf.is_available(), reason="this machine has no Pango or no Chinese font")


def part(n: int, lines: int) -> Document:
    return Document.of("x", Heading(f"第{n}部分", 0, anchor=f"p{n}"), *[Paragraph("正文" * 40)] * lines)


def test_page_numbers_run_through_the_parts_and_the_contents_name_them():
    volume = Volume()
    firsts = [volume.add(part(1, 9)), volume.add(part(2, 18)), volume.add(part(3, 1))]
    out = BytesIO()
    lines = tuple((f"第{n}部分", f"p{n}", page) for n, page in enumerate(firsts, start=1))
    sides = volume.write(out, title="工作手册", front=Document.of("x", Contents(lines)))
    reader = PdfReader(out)
    texts = [page.extract_text() for page in reader.pages]
    assert sides == len(texts) == volume.pages + 2  # contents, an empty back
    assert firsts == [1, 3, 7]
    assert [n for n, text in enumerate(texts, start=1) if f"— {n - 2} —" in text] == list(range(3, sides + 1))
    assert "— " not in texts[0]
    assert texts[1] == ""
    assert [reader.get_destination_page_number(one) for one in reader.outline] == [2, 4, 8]
    assert reader.metadata.title == "工作手册"
