"""Elements of WordprocessingML, with their children in the order the format asks for."""

from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn


def twips(mm: float) -> int:
    return round(mm / 25.4 * 1440)


def table_row(height: float, *, header: bool, splits: bool) -> Any:
    row, properties = OxmlElement("w:tr"), OxmlElement("w:trPr")
    row.append(properties)
    if not splits:
        properties.append(OxmlElement("w:cantSplit"))
    if height:
        element = OxmlElement("w:trHeight")
        element.set(qn("w:val"), str(twips(height)))
        element.set(qn("w:hRule"), "atLeast")
        properties.append(element)
    if header:
        properties.append(OxmlElement("w:tblHeader"))
    return row


def table_cell(width: float, colspan: int = 1, merge: str = "", *, top: bool = False) -> Any:
    cell, properties = OxmlElement("w:tc"), OxmlElement("w:tcPr")
    cell.append(properties)
    size = OxmlElement("w:tcW")
    size.set(qn("w:w"), str(twips(width)))
    size.set(qn("w:type"), "dxa")
    properties.append(size)
    if colspan > 1:
        span = OxmlElement("w:gridSpan")
        span.set(qn("w:val"), str(colspan))
        properties.append(span)
    if merge:
        element = OxmlElement("w:vMerge")
        element.set(qn("w:val"), merge)
        properties.append(element)
    align = OxmlElement("w:vAlign")
    align.set(qn("w:val"), "top" if top else "center")
    properties.append(align)
    return cell


def paragraph_of(text: str, font: str, size: float, **how: Any) -> Any:
    paragraph = OxmlElement("w:p")
    shape(paragraph, size=size, **how)
    if text:
        paragraph.append(run_of(text, font, size))
    return paragraph


def shape(
    paragraph: Any,
    *,
    align: str = "",
    line: float | None = None,
    indent: bool = False,
    size: float = 16,
    before: float = 0,
    after: float = 0,
    keep: bool = False,
) -> Any:
    """Set the paragraph's properties, in the order the format asks for. `line` is exact, in points."""
    properties = paragraph.get_or_add_pPr()
    if keep:
        properties.append(OxmlElement("w:keepNext"))
    spacing = OxmlElement("w:spacing")
    spacing.set(qn("w:before"), str(round(before * 20)))
    spacing.set(qn("w:after"), str(round(after * 20)))
    if line:
        spacing.set(qn("w:line"), str(round(line * 20)))
        spacing.set(qn("w:lineRule"), "exact")
    properties.append(spacing)
    if indent:
        element = OxmlElement("w:ind")
        element.set(qn("w:firstLine"), str(round(size * 2 * 20)))
        element.set(qn("w:firstLineChars"), "200")
        properties.append(element)
    if align:
        element = OxmlElement("w:jc")
        element.set(qn("w:val"), align)
        properties.append(element)
    return properties


def run_of(text: str, font: str, size: float) -> Any:
    run, properties = OxmlElement("w:r"), OxmlElement("w:rPr")
    run.append(properties)
    set_fonts(properties, font)
    for name in ("w:sz", "w:szCs"):
        element = OxmlElement(name)
        element.set(qn("w:val"), str(round(size * 2)))
        properties.append(element)
    words = OxmlElement("w:t")
    words.text = text
    words.set(qn("xml:space"), "preserve")
    run.append(words)
    return run


def counted(what: str, font: str, size: float, *, stale: bool = False) -> Any:
    """A number that Word works out: PAGE or NUMPAGES; what is `stale` (PAGEREF) it works out when it opens the file."""
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), what)
    if stale:
        field.set(qn("w:dirty"), "true")
    field.append(run_of("" if stale else "1", font, size))
    return field


def bookmarked(run: Any, name: str) -> list[Any]:
    """A run between the marks of a bookmark: what PAGEREF points at. The number of a bookmark is its own."""
    start, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
    for mark in (start, end):
        mark.set(qn("w:id"), str(sum(map(ord, name)) * 1000 + len(name)))
    start.set(qn("w:name"), name)
    return [start, run, end]


def set_fonts(properties: Any, name: str) -> None:
    fonts = properties.find(qn("w:rFonts"))
    if fonts is None:
        fonts = OxmlElement("w:rFonts")
        properties.insert(0, fonts)
    fonts.attrib.clear()
    for kind in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{kind}"), name)
