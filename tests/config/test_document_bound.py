"""A long PDF in parts: numbers run through, the cover has none."""

from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfReader

from config.documents import pdf
from config.documents.bound import Volume
from config.documents.content import Cell, Contents, Document, Grid, Heading, Paragraph, Photo, PhotoRow, Row, label

pytestmark = pytest.mark.skipif(not pdf.is_available(), reason="this machine has no Pango or no Chinese font")


def part(n: int, lines: int) -> Document:
    return Document.of("x", Heading(f"第{n}部分", 0, anchor=f"p{n}"), *[Paragraph("正文" * 40)] * lines)


def test_page_numbers_run_through_the_parts_and_the_contents_name_them():
    out = BytesIO()
    with Volume() as volume:
        firsts = [volume.add(part(1, 9)), volume.add(part(2, 18)), volume.add(part(3, 1))]
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


def test_photos_of_a_row_and_of_a_form_are_printed_and_nothing_else_is_fetched():
    def photo(colour: str) -> Photo:
        out = BytesIO()
        Image.new("RGB", (40, 30), colour).save(out, "JPEG")
        return Photo(out.getvalue(), 40, 30)

    form = Grid(2, (Row((label("照片"), Cell(photos=PhotoRow((photo("green"), photo("red")))))),))
    data = pdf.render(Document.of("x", PhotoRow((photo("blue"),)), form))
    assert len(PdfReader(BytesIO(data)).pages[0].images) == 3
    fetcher = pdf._own_photos(pdf._weasyprint(), Document.of("x", form))
    for address in ("https://example.com/a.png", "file:///etc/passwd", "data:,x", "photo:0"):
        with pytest.raises(KeyError):
            fetcher.fetch(address)
