"""Each writer's file, read back by somebody else's reader."""

from decimal import Decimal
from io import BytesIO

import pytest
from django.http import Http404
from docx.oxml.ns import qn
from PIL import Image

from config.documents import docx, pdf, responses, xlsx
from config.documents.content import (
    LANDSCAPE,
    OFFICIAL,
    SIGN,
    Cell,
    Column,
    Document,
    Grid,
    Heading,
    Line,
    PageBreak,
    Paragraph,
    Photo,
    PhotoRow,
    Row,
    Section,
    Signature,
    Table,
    label,
)
from tests.config.document_files import docx_text, pdf_text, read_docx, read_pdf, read_xlsx

needs_pdf = pytest.mark.skipif(not pdf.is_available(), reason=f"no PDF here; run: {pdf.INSTALL}")


def picture() -> Photo:
    out = BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG")
    return Photo(out.getvalue(), 40, 30, "现场")


FORM = Grid(
    6,
    (
        Row((label("会议类型"), Cell("支部党员大会"), label("编号"), Cell("<b>&1"), label("届次"), Cell())),
        Row((label("会议时间"), Cell("2026年11月11日", 3), label("地点"), Cell("会议室"))),
        Row((Cell("\n".join(f"{n}、传达学习。" * 12 for n in range(40)), 6, caption="会议内容"),), 130, splits=True),
        Row((label("照片"), Cell(span=5, photos=PhotoRow((picture(), picture()))))),
        Row((label("表决", rows=2), Cell("议题", 5))),
        Row((Cell("通过", 5),)),
        Row((label("意见"), Cell("同意", 5, sign=SIGN)), 40),
    ),
    repeat=2,
)
LIST = Table(
    (Column("姓名", 20), Column("备注", 40), Column("出席率", 16, percent=True), Column("学时", 16, places=1)),
    (("林晓雯", "=HYPERLINK(1)", Decimal("0.5"), Decimal("1.5")), ("赵启明", "+86@1", Decimal(1), None)),
    "名单/甲",
)
WHOLE = Document(
    "会议记录",
    (
        Section((Heading("会议记录", 0), FORM, Line(("散会", "共　页"))), OFFICIAL),
        Section(
            (
                Heading("名单", 0),
                Heading("一、情况"),
                Paragraph("正文。"),
                PhotoRow((picture(),)),
                LIST,
                Signature(),
                PageBreak(),
                Table((Column("空"),), ()),
            ),
            LANDSCAPE,
        ),
    ),
)


def test_word_holds_the_text_with_east_asian_fonts_and_keeps_its_rows():
    body = docx.render(WHOLE)
    text = docx_text(body)
    for part in ("支部党员大会", "<b>&1", "39、传达学习。", SIGN, "=HYPERLINK(1)", "50.0%", "共　页"):
        assert part in text
    word = read_docx(body)
    fonts = list(word.element.body.iter(qn("w:rFonts")))
    assert {font.get(qn("w:eastAsia")) for font in fonts} == {"方正小标宋简体", "仿宋_GB2312", "黑体"}
    assert all(font.get(qn("w:ascii")) == font.get(qn("w:eastAsia")) for font in fonts)
    form = word.tables[0]
    rows = [row._tr for row in form.rows]
    assert [row.trPr.find(qn("w:tblHeader")) is not None for row in rows] == [True, True, *[False] * 6]
    assert [row.trPr.find(qn("w:cantSplit")) is None for row in rows].count(True) == 1
    assert form.cell(6, 0)._tc is form.cell(7, 0)._tc  # the label reaches down to the signature line
    assert word.sections[1].page_width > word.sections[1].page_height
    assert len(word.inline_shapes) == 3
    assert word.settings.odd_and_even_pages_header_footer
    assert word.core_properties.author == ""


def test_a_workbook_holds_the_tables_and_no_formula():
    book = read_xlsx(xlsx.render(WHOLE))
    assert book.sheetnames == ["名单-甲", "会议记录"]
    sheet = book.worksheets[0]
    rows = [row for row in sheet.iter_rows(values_only=True) if row[0]]
    head = next(n for n, row in enumerate(rows) if row[0] == "姓名")
    assert rows[head + 1] == ("林晓雯", "=HYPERLINK(1)", 0.5, 1.5)
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    dangerous = [cell for row in sheet.iter_rows() for cell in row if str(cell.value).startswith(("=", "+"))]
    assert len(dangerous) == 2
    assert all(cell.quotePrefix for cell in dangerous)
    assert sheet.page_setup.orientation == "landscape"


def test_a_document_without_a_table_is_no_workbook():
    with pytest.raises(ValueError, match="no table"):
        xlsx.render(Document.of("记录", Paragraph("文")))


def test_a_table_alone_takes_the_title_of_its_document():
    book = read_xlsx(xlsx.render(Document.of("清单", Table((Column("甲"),), ()), Paragraph("注：无。"))))
    assert [row[0] for row in book.worksheets[0].iter_rows(values_only=True) if row[0]] == [
        "清单",
        "甲",
        "无",
        "注：无。",
    ]


@needs_pdf
def test_pdf_text_can_be_found_and_its_fonts_travel_with_it():
    body = pdf.render(WHOLE)
    reader = read_pdf(body)
    text = pdf_text(body)
    for part in ("会议类型", "<b>&1", "39、传达学习。", "林晓雯", "50.0%", "— 1 —", "— 2 —"):
        assert part in text
    assert "会议类型" in reader.pages[1].extract_text()  # the head of the form stands on the next page too
    assert reader.pages[0].mediabox.width < reader.pages[0].mediabox.height
    assert reader.pages[-1].mediabox.width > reader.pages[-1].mediabox.height
    fonts = [font for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        below = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(below)


def test_what_a_person_typed_is_never_markup():
    page = pdf.to_html(
        Document.of("<i>", Heading("<script>"), Paragraph("<img src=x>"), Table((Column("<"),), (("&",),)))
    )
    for harm in ("<i>", "<script>", "<img", "<<", ">&<"):
        assert harm not in page


@pytest.mark.parametrize("missing", ["library", "font"])
def test_where_no_pdf_can_be_made_the_page_says_what_to_run(missing, rf, monkeypatch, outsider):
    def broken() -> None:
        raise OSError("cannot load library 'libpango-1.0-0'")

    if missing == "library":
        monkeypatch.setattr(pdf, "_weasyprint", broken)
    else:
        monkeypatch.setattr(pdf, "has_chinese_font", lambda: False)
    request = rf.get("/")
    request.user = outsider
    assert not pdf.is_available()
    with pytest.raises(pdf.PdfMissing):
        pdf.render(WHOLE)
    answer = responses.document_response(request, WHOLE, "pdf", "会议记录")
    page = answer.content.decode()
    assert answer.status_code == 503
    assert answer["Content-Type"].startswith("text/html")
    assert pdf.INSTALL in page
    assert "Word" in page


def test_a_file_has_its_chinese_name_and_is_not_kept(rf):
    answer = responses.document_response(rf.get("/"), Document.of("文", LIST), "xlsx", "名单/一:二")
    assert "filename*=utf-8''%E5%90%8D%E5%8D%95-%E4%B8%80-%E4%BA%8C.xlsx" in answer["Content-Disposition"]
    assert answer["Content-Type"] == responses.TYPES["xlsx"]
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("format", ["exe", "xlsx", ""])
def test_a_format_that_is_not_offered_does_not_exist(rf, format):
    with pytest.raises(Http404):
        responses.document_response(rf.get("/"), WHOLE, format, "名单", formats=("docx", "pdf"))
