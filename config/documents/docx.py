"""Documents as Word files. Tables are written as XML: python-docx looks for each cell anew, minutes for a long list."""

from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from typing import IO, Any, Final

import docx
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.text import WD_BREAK
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph as WordParagraph
from lxml import etree

from config.documents.content import (
    FONTS,
    PAGES,
    Block,
    Cell,
    Contents,
    Document,
    Fonts,
    Grid,
    Heading,
    LaidRow,
    Line,
    Page,
    PageBreak,
    Paragraph,
    PhotoRow,
    Placed,
    Section,
    Signature,
    Table,
    clean,
    in_parts,
    is_number,
    lay_out,
    shares,
    shown,
)
from config.documents.measuring import balanced, blank_lines
from config.documents.word_xml import (
    bookmarked,
    counted,
    paragraph_of,
    run_of,
    set_fonts,
    shape,
    table_cell,
    table_row,
    twips,
)

NEW_PAGE: Final = WD_SECTION.NEW_PAGE
FALLBACK: Final = "宋体"
STAND_INS: Final = {"方正小标宋简体": "宋体", "仿宋_GB2312": "仿宋", "楷体_GB2312": "楷体", "仿宋": "FangSong"}
CELL_MARGIN: Final = 1.2  # mm at each side


def render(document: Document) -> bytes:
    out = BytesIO()
    write(document.title, document.sections, out, fonts=document.fonts)
    return out.getvalue()


def write(title: str, sections: Iterable[Section], out: IO[bytes], *, fonts: Fonts = FONTS) -> None:
    """The file, from sections that may be made one after the other; each is let go once it is written."""
    word = docx.Document()
    _properties(word, title)
    _defaults(word, fonts)
    writer = _Writer(word, fonts)
    numbered: bool | None = None
    for n, section in enumerate(sections):
        page = section.page
        part = word.sections[0] if n == 0 else word.add_section(WD_SECTION.ODD_PAGE if page.restarts else NEW_PAGE)
        _page(part, page, fonts, again=page.numbered == numbered)
        numbered = page.numbered
        writer.width, writer.fonts = page.text_width, section.fonts or fonts
        for block in section.blocks:
            writer.block(block)
    word.save(out)


def _properties(word: Any, title: str) -> None:
    about = word.core_properties
    about.title, about.author, about.comments, about.language = clean(title)[:255], "", "", "zh-CN"
    about.created = about.modified = datetime.now(UTC)


def _defaults(word: Any, fonts: Fonts) -> None:
    """East-Asian and Latin names in the styles, 宋体 below everything, and other names for what is not installed."""
    base = word.styles.element.find(qn("w:docDefaults")).find(f".//{qn('w:rPr')}")
    set_fonts(base, FALLBACK)
    base.find(qn("w:lang")).set(qn("w:eastAsia"), "zh-CN")  # else punctuation may be drawn as in Taiwan or Japan
    normal = word.styles["Normal"]
    set_fonts(normal.element.get_or_add_rPr(), fonts.body)
    normal.font.size = Pt(16)
    for name in ("w:autoSpaceDE", "w:autoSpaceDN"):  # no extra room around digits: a date stays on its line
        off = OxmlElement(name)
        off.set(qn("w:val"), "0")
        normal.element.get_or_add_pPr().append(off)
    for name, font in (("Title", fonts.title), ("Heading 1", fonts.heading), ("Heading 2", fonts.subheading)):
        style = word.styles[name]
        style.element.remove(style.element.rPr)  # colours and sizes of the stock template
        borders = style.element.pPr.find(qn("w:pBdr"))
        if borders is not None:
            style.element.pPr.remove(borders)
        set_fonts(style.element.get_or_add_rPr(), font)
        style.font.size = Pt(22 if name == "Title" else 16)
    word.settings.odd_and_even_pages_header_footer = True
    part = word.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)
    table = etree.fromstring(part.blob)
    for name, other in STAND_INS.items():
        font = etree.SubElement(table, qn("w:font"), {qn("w:name"): name})
        etree.SubElement(font, qn("w:altName"), {qn("w:val"): other})
    part._blob = etree.tostring(table, xml_declaration=True, encoding="UTF-8", standalone=True)


def _page(section: Any, page: Page, fonts: Fonts, *, again: bool) -> None:
    """`again`: the foot of the section before serves this one too."""
    section.orientation = WD_ORIENT.LANDSCAPE if page.landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(page.width), Mm(page.height)
    section.top_margin, section.bottom_margin = Mm(page.top), Mm(page.bottom)
    section.left_margin, section.right_margin = Mm(page.left), Mm(page.right)
    section.header_distance, section.footer_distance = Mm(page.top / 2), Mm(max(8, page.bottom - 12))
    for inherited in section._sectPr.findall(qn("w:pgNumType")):
        section._sectPr.remove(inherited)  # a section begins as a copy of the one before
    if page.restarts:
        section._sectPr.find(qn("w:cols")).addprevious(parse_xml(f'<w:pgNumType {nsdecls("w")} w:start="1"/>'))
    if again:
        return
    section.footer.is_linked_to_previous = section.even_page_footer.is_linked_to_previous = False
    if not page.numbered:
        return
    for footer, side in ((section.footer, "right"), (section.even_page_footer, "left")):
        paragraph = footer.paragraphs[0]._p
        shape(paragraph, align=side, line=None)
        paragraph.append(run_of("— ", fonts.page_number, 14))
        paragraph.append(counted("PAGE", fonts.page_number, 14))
        paragraph.append(run_of(" —", fonts.page_number, 14))


class _Writer:
    """Appends blocks to the body; `width` is the width of the text on the present page, in mm."""

    def __init__(self, word: Any, fonts: Fonts) -> None:
        self.word, self.fonts, self.width = word, fonts, 156.0
        self.after_table = False

    def block(self, block: Block) -> None:
        table = isinstance(block, Grid | Table)
        if table and self.after_table:
            self._paragraph("", self.fonts.cell, 6)  # Word joins tables that touch
        self.after_table = table
        if isinstance(block, Heading):
            self._heading(block)
        elif isinstance(block, Paragraph):
            size, line = (12, 20) if block.small else (16, 28)
            for text in clean(block.text).split("\n"):
                self._paragraph(text, self.fonts.body, size, line, block.align or "both", block.indent)
        elif isinstance(block, Line):
            self._line(block)
        elif isinstance(block, Contents):
            self._contents(block)
        elif isinstance(block, Signature):
            self._paragraph(clean(block.text), self.fonts.body, 16, 28, "right", before=28)
        elif isinstance(block, PageBreak):
            self.word.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
        elif isinstance(block, PhotoRow):
            self._pictures(self.word.add_paragraph(), block, self.width)
        elif isinstance(block, Grid):
            self._grid(block)
        else:
            for n, part in enumerate(in_parts(block, self.width)):
                if n:
                    self._paragraph("", self.fonts.cell, 6)
                self._table(part)

    def _paragraph(
        self,
        text: str,
        font: str,
        size: float,
        line: float | None = None,
        align: str = "",
        indent: bool = False,
        before: float = 0,
    ) -> None:
        paragraph = self.word.add_paragraph()._p
        shape(paragraph, align=align, line=line, indent=indent, size=size, before=before)
        paragraph.append(run_of(text, font, size))

    def _heading(self, heading: Heading) -> None:
        font = (self.fonts.title, self.fonts.heading, self.fonts.subheading)[min(heading.level, 2)]
        paragraph = self.word.add_paragraph(style=("Title", "Heading 1", "Heading 2")[min(heading.level, 2)])._p
        if heading.level == 0:
            shape(paragraph, align="center", line=round(self.fonts.title_size * 16 / 11), after=12, keep=True)
        else:
            shape(paragraph, line=28, indent=True, size=16, keep=True)
        run = run_of(clean(heading.text), font, 16 if heading.level else self.fonts.title_size)
        if not heading.anchor:
            paragraph.append(run)
            return
        if heading.level == 0:
            paragraph.pPr.append(parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="0"/>'))
        paragraph.extend(bookmarked(run, heading.anchor))

    def _contents(self, contents: Contents) -> None:
        for text, anchor, page in contents.entries:
            paragraph = self.word.add_paragraph()._p
            properties = shape(paragraph, line=28)
            stop = f'<w:tab w:val="right" w:leader="dot" w:pos="{twips(self.width)}"/>'
            tabs = parse_xml(f"<w:tabs {nsdecls('w')}>{stop}</w:tabs>")
            properties.insert_element_before(tabs, "w:spacing", "w:ind", "w:jc")
            paragraph.append(run_of(clean(text), self.fonts.body, 16))
            paragraph.append(parse_xml(f"<w:r {nsdecls('w')}><w:tab/></w:r>"))
            if page is None:
                paragraph.append(counted(f"PAGEREF {anchor} \\h", self.fonts.body, 16, stale=True))
            else:
                paragraph.append(run_of(str(page), self.fonts.body, 16))

    def _line(self, line: Line) -> None:
        paragraph = self.word.add_paragraph()._p
        properties = shape(paragraph, line=24)
        gaps = len(line.parts) - 1
        tabs = OxmlElement("w:tabs")
        for n in range(1, gaps + 1):
            tab = OxmlElement("w:tab")
            tab.set(qn("w:val"), "right" if n == gaps else "center")
            tab.set(qn("w:pos"), str(twips(self.width * n / gaps)))
            tabs.append(tab)
        properties.insert_element_before(tabs, "w:spacing", "w:ind", "w:jc")
        for n, part in enumerate(line.parts):
            if n:
                run = OxmlElement("w:r")
                run.append(OxmlElement("w:tab"))
                paragraph.append(run)
            for k, piece in enumerate(clean(part).split(PAGES)):
                if k:
                    paragraph.append(counted("NUMPAGES", self.fonts.body, 12))
                paragraph.append(run_of(piece, self.fonts.body, 12))

    def _pictures(self, paragraph: WordParagraph, row: PhotoRow, width: float) -> None:
        shape(paragraph._p, align="center")  # never an exact line: Word would cut the picture
        room = width / max(1, len(row.photos)) - 3
        for n, photo in enumerate(row.photos):
            if n:
                paragraph._p.append(run_of("　", self.fonts.cell, 12))
            wide, high = photo.fitted(room, row.height)
            paragraph.add_run().add_picture(BytesIO(photo.data), Mm(wide), Mm(high))

    # -- tables

    def _grid(self, grid: Grid) -> None:
        laid = lay_out(grid)
        unit = self.width / grid.columns
        widths = [(b - a) * unit for a, b in pairwise(laid.edges)]
        table = self._new(widths, CELL_MARGIN)
        open_below: dict[int, tuple[int, Placed]] = {}  # column -> rows still to come, the cell that reaches down
        for n, row in enumerate(laid.rows):
            line = table_row(0 if row.splits else row.height, header=n < laid.repeat, splits=row.splits)
            table.append(line)
            starts = {placed.column: placed for placed in row.cells}
            column = 0
            while column < len(widths):
                if placed := starts.get(column):
                    if placed.rowspan > 1:
                        open_below[column] = (placed.rowspan - 1, placed)
                    line.append(self._cell(placed, row, widths, "restart" if placed.rowspan > 1 else ""))
                else:
                    left, placed = open_below.pop(column)
                    if left > 1:
                        open_below[column] = (left - 1, placed)
                    line.append(self._cell(placed, row, widths, "continue"))
                column += placed.colspan

    def _cell(self, placed: Placed, row: LaidRow, widths: list[float], merge: str) -> Any:
        cell: Cell = placed.cell
        width = sum(widths[placed.column : placed.column + placed.colspan])
        long = row.splits or bool(cell.caption) or placed.open_bottom
        element = table_cell(width, placed.colspan, merge, top=long and not cell.label)
        properties = element[0]
        if placed.open_top or placed.open_bottom:
            borders = OxmlElement("w:tcBorders")
            for name, is_open in (("top", placed.open_top), ("bottom", placed.open_bottom)):
                if is_open:
                    edge = OxmlElement(f"w:{name}")
                    edge.set(qn("w:val"), "nil")
                    borders.append(edge)
            properties.insert_element_before(borders, "w:vAlign")
        if merge == "continue":
            element.append(OxmlElement("w:p"))
            return element
        align = cell.align or ("center" if cell.label else "")
        font = self.fonts.label if cell.label else self.fonts.cell
        size = cell.size or self.fonts.cell_size
        line = size * 5 / 3
        keep = row.keep_next
        if cell.caption:
            element.append(paragraph_of(clean(cell.caption), self.fonts.label, size, line=line, keep=keep))
        room = width - 2 * CELL_MARGIN
        whole = balanced(clean(cell.text), room - 0.2, size) if cell.label else clean(cell.text)
        blank = blank_lines(f"{cell.caption}\n{whole}", room, row.height, size, line) if row.splits else 0
        lines = whole.split("\n") if whole or not (cell.caption or cell.photos) else []
        for text in lines + [""] * (0 if cell.label else blank):
            indent = bool(long and text and not cell.label and not cell.align)
            element.append(paragraph_of(text, font, size, line=line, align=align, indent=indent, keep=keep))
        if cell.photos and cell.photos.photos:
            holder = OxmlElement("w:p")
            element.append(holder)
            self._pictures(WordParagraph(holder, self.word._body), cell.photos, width - 2 * CELL_MARGIN)
        return element

    def _table(self, table: Table) -> None:
        widths = [column.width for column in table.columns]
        if not table.keep:
            widths = shares(widths, self.width)
        size, line = table.size, table.size * 5 / 3 if table.size >= 11 else table.size * 1.35
        element = self._new(widths, CELL_MARGIN if table.size >= 11 else 0.4)
        head = table_row(0, header=True, splits=False)
        element.append(head)
        for column, width in zip(table.columns, widths, strict=True):
            cell = table_cell(width)
            for text in clean(column.label).split("\n"):
                cell.append(paragraph_of(text, self.fonts.label, size, line=line, align="center"))
            head.append(cell)
        for row in table.rows:
            target = table_row(table.row_height, header=False, splits=False)
            element.append(target)
            for value, column, width in zip(row, table.columns, widths, strict=True):
                cell = table_cell(width)
                align = column.align or ("right" if is_number(value) else "")
                for text in shown(value, column).split("\n"):
                    cell.append(paragraph_of(text, self.fonts.cell, size, line=line, align=align))
                target.append(cell)
        if not table.rows:
            empty = table_row(0, header=False, splits=False)
            cell = table_cell(sum(widths), len(widths))
            cell.append(paragraph_of(table.empty, self.fonts.cell, size, line=line, align="center"))
            empty.append(cell)
            element.append(empty)

    def _new(self, widths: list[float], margin: float) -> Any:
        """An empty table at the end of the body: fixed widths, single lines."""
        lines = "".join(
            f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
            for side in ("top", "left", "bottom", "right", "insideH", "insideV")
        )
        columns = "".join(f'<w:gridCol w:w="{twips(width)}"/>' for width in widths)
        pad = twips(margin)
        table = parse_xml(
            f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(map(twips, widths))}" w:type="dxa"/>'
            f'<w:tblInd w:w="{pad}" w:type="dxa"/><w:tblBorders>{lines}</w:tblBorders><w:tblLayout w:type="fixed"/>'
            f'<w:tblCellMar><w:left w:w="{pad}" w:type="dxa"/><w:right w:w="{pad}" w:type="dxa"/></w:tblCellMar>'
            f"</w:tblPr><w:tblGrid>{columns}</w:tblGrid></w:tbl>"
        )
        self.word.element.body._insert_tbl(table)
        return table
