"""How much room a text takes, and what a form does about the end of its page."""

from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import load_workbook

from config.documents import xlsx
from config.documents.content import LANDSCAPE, Column, Document, Heading, Line, Paragraph, Table
from config.documents.layouts import LEAST, SPARE, FormRow, Layout, Slot, section
from config.documents.measuring import balanced, blank_lines, line_count


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 42.4, 1),
        ("学" * 10, 42.4, 1),  # ten characters of 12 points are 42.3 mm
        ("学" * 11, 42.4, 2),
        ("a" * 20, 42.4, 1),
        ("a" * 21, 42.4, 2),
        ("一\n\n二", 42.4, 3),
    ],
)
def test_lines_of_a_text(text, width, lines):
    assert line_count(text, width) == lines


def test_an_indent_takes_two_characters():
    assert (line_count("学" * 8, 42.4, indent=True), line_count("学" * 9, 42.4, indent=True)) == (1, 2)


def test_labels_break_evenly_and_before_a_bracket():
    assert balanced("缺席人员及原因", 21.2) == "缺席人员\n及原因"
    assert balanced("批评意见（批评人：内容）", 40) == "批评意见\n（批评人：内容）"
    assert balanced("主持人", 21.2) == "主持人"


def test_blank_lines_fill_what_the_text_leaves():
    assert blank_lines("", 100, 70.6) == 10
    assert blank_lines("一\n二", 100, 70.6) == 8
    assert blank_lines("字" * 1000, 100, 70.6) == 0


def form(*others: float, tall: float = 130) -> Layout:
    rows = [FormRow("minutes", (Slot("内容", "minutes", 2),), tall, splits=True)]
    rows += [FormRow(f"row{n}", (Slot("栏目"), Slot(field=f"f{n}")), height) for n, height in enumerate(others)]
    return Layout("T", "记录", 2, tuple(rows))


def tall_row(layout: Layout, minutes: str = "") -> float:
    return section(layout, {"minutes": minutes}).blocks[1].rows[0].height


ROOM = 297 - 50 - 15.6  # of a record sheet below its title


def test_a_form_that_fits_keeps_its_heights():
    assert tall_row(form(ROOM - 130.1)) == 130


def test_the_tall_row_gives_what_keeps_the_form_on_one_page_and_no_more():
    assert tall_row(form(ROOM - 130 + SPARE - 0.1)) == pytest.approx(130 - SPARE + 0.1)
    assert tall_row(form(ROOM - 130 + SPARE + 0.1)) == 130  # two pages then, and the row has its page to itself


def test_written_text_is_never_squeezed():
    long = "\n".join(["要点"] * 17)
    assert tall_row(form(ROOM - 130 + 20), long) > 120


def test_a_tall_row_ends_with_its_page_where_much_stands_above_it():
    before = FormRow("agenda", (Slot("议题"), Slot(field="agenda")), ROOM - 100)
    layout = form(60)
    layout = Layout("T", "记录", 2, (before, *layout.rows))
    assert section(layout, {}).blocks[1].rows[1].height == pytest.approx(100)
    before = FormRow("agenda", (Slot("议题"), Slot(field="agenda")), ROOM - LEAST + 1)
    layout = Layout("T", "记录", 2, (before, *layout.rows[1:]))
    assert section(layout, {}).blocks[1].rows[1].height == 130  # hardly any room left: it goes on over the page


def sheet_of(table: Table):
    return book_of(Document.of("表", Heading("表", 0), Line(("说明",)), table, page=LANDSCAPE)).active


def book_of(document: Document):
    return load_workbook(BytesIO(xlsx.render(document)))


def test_rows_of_a_workbook_are_as_high_as_their_texts():
    sheet = sheet_of(Table((Column("月\n日", 20), Column("名称", 20)), (("甲", "长" * 20), ("乙", "短"))))
    heights = [sheet.row_dimensions[n].height for n in range(3, 6)]
    assert heights[0] == 31
    assert heights[1] > 31
    assert heights[2] == 16


def test_a_list_to_be_signed_keeps_its_room_in_a_workbook():
    sheet = sheet_of(Table((Column("签名", 20),), (("",),), row_height=10))
    assert sheet.row_dimensions[4].height == pytest.approx(28.3, abs=0.1)


def test_the_title_of_a_wide_list_stands_on_its_first_page():
    columns = (Column("姓名", 20), *[Column("列", 20)] * 30)
    sheet = sheet_of(Table(columns, (), keep=1))
    assert {str(one) for one in sheet.merged_cells.ranges} == {"A1:L1", "A2:L2"}
    sheet = sheet_of(Table(columns[:3], ()))
    assert "A1:C1" in [str(one) for one in sheet.merged_cells.ranges]


@pytest.mark.parametrize(("columns", "fits"), [(3, True), (12, True), (13, False)])
def test_a_list_that_keeps_columns_fits_the_page_in_width_where_it_can(columns, fits):
    sheet = sheet_of(Table((Column("姓名", 20),) * columns, (), keep=1))
    assert bool(sheet.sheet_properties.pageSetUpPr.fitToPage) == fits


@pytest.mark.parametrize(("places", "format"), [(None, "0.0%"), (0, "0%"), (2, "0.00%")])
def test_a_share_has_as_many_decimals_as_on_paper(places, format):
    sheet = sheet_of(Table((Column("出席率", percent=True, places=places),), ((Decimal("0.7324"),),)))
    assert sheet.cell(4, 1).number_format == format


def test_what_stands_below_a_list_is_wrapped_over_its_columns_like_what_stands_above():
    document = Document.of("名册", Table((Column("甲", 40), Column("乙", 40)), (("1", "2"),)), Paragraph("说明" * 60))
    sheet = book_of(document).worksheets[0]
    assert sheet.cell(5, 1).value == "说明" * 60
    assert "A5:B5" in {str(one) for one in sheet.merged_cells.ranges}
    assert sheet.row_dimensions[5].height > 18


@pytest.mark.parametrize(("paragraphs", "sheets"), [(4, ["表"]), (5, ["正文", "表"])])
def test_a_text_as_long_as_a_letter_has_a_sheet_of_its_own_and_the_header_stays_in_sight(paragraphs, sheets):
    lines = [Paragraph(f"第{n}段") for n in range(paragraphs)]
    document = Document.of("通报", Heading("通报", 0), *lines, Heading("附表1"), Table((Column("甲"),), (), "表"))
    book = book_of(document)
    assert book.sheetnames == sheets
    table = book.worksheets[-1]
    above = int(table.freeze_panes[1:]) - 1
    words = [table.cell(n, 1).value for n in range(1, above + 1)]
    assert (words[0], *words[-2:]) == ("通报", "附表1", "甲")
    assert above <= 7
    if paragraphs == 5:
        assert [row[0] for row in book.worksheets[0].iter_rows(values_only=True)] == [
            "通报",
            *[f"第{n}段" for n in range(5)],
        ]
