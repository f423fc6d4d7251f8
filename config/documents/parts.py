"""A long PDF laid out some pages at a time: whoever makes it says how far it is, and may stop in between.

    parts.render(document, tell)  # the file; `tell` raises what it likes

The pages are those of the whole. A part ends where a heading or a row of a table begins a page, and the next part
begins with it; so nothing is cut, no page stays half empty, and page numbers run through.
"""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any, Final

from config.collector import collector_resting
from config.documents import pdf
from config.documents.bound import Volume
from config.documents.content import PAGES, Block, Contents, Document, Heading, Line, Section, Table, in_parts

Tell = Callable[[int, int, int], None]  # (rows of tables laid out, rows there are, pages)

CELLS: Final = 2500  # of tables laid out at once: some 15 pages, two or three seconds; each part brings its fonts
PIXELS: Final = 96 / 25.4  # in a mm, as WeasyPrint counts
NEAR: Final = 2  # pixels; less than any row is high


def render(document: Document, tell: Tell = lambda done, total, pages: None) -> bytes:
    """The file. `tell` is called before each part. Raises PdfMissing where this machine cannot make a PDF."""
    total = sum(
        len(block.rows) for section in document.sections for block in _flow(section) if isinstance(block, Table)
    )
    if not _may_be_parted(document) or _cells(document) <= CELLS:
        tell(0, total, 0)
        return pdf.render(document)
    with Volume() as volume:
        done = 0
        for section in document.sections:
            rest = _flow(section)
            while rest:
                tell(done, total, volume.pages)
                left = _lay_out(volume, document, section, rest, CELLS)
                done += _rows(rest) - _rows(left)
                rest = left
        tell(done, total, volume.pages)
        out = BytesIO()
        volume.write(out, title=document.title)
        return out.getvalue()


def _may_be_parted(document: Document) -> bool:
    """Not where a page says how many there are, or on which one something stands."""
    for block in document.blocks:
        if isinstance(block, Contents) or (isinstance(block, Line) and any(PAGES in part for part in block.parts)):
            return False
    return not any(section.page.restarts for section in document.sections[1:])


def _flow(section: Section) -> tuple[Block, ...]:
    """Its blocks, a table that is too wide as those that it is printed as."""
    out: list[Block] = []
    for block in section.blocks:
        out += in_parts(block, section.page.text_width) if isinstance(block, Table) else [block]
    return tuple(out)


def _rows(blocks: tuple[Block, ...]) -> int:
    return sum(len(block.rows) for block in blocks if isinstance(block, Table))


def _cells(document: Document) -> int:
    return sum(len(block.rows) * len(block.columns) for block in document.blocks if isinstance(block, Table))


def _lay_out(
    volume: Volume, document: Document, section: Section, rest: tuple[Block, ...], cells: int
) -> tuple[Block, ...]:
    """Put the next part of a section into `volume`, about `cells` large; returns what is left."""
    taken = _first(rest, cells)
    part = Document(document.title, (replace(section, blocks=taken),), document.fonts)
    with collector_resting():
        laid = pdf.laid(part, first_page=volume.pages + 1, marked=True)
        whole = len(taken) == len(rest) and _rows(taken) == _rows(rest)
        cut = None if whole else _cut(laid.pages, section.page.top * PIXELS)
        if whole or cut:
            pages = laid.pages[: cut[0]] if cut else laid.pages
            _unmark(pages)
            data = bytes(laid.copy(pages).write_pdf())
            del laid
            volume.take(data, len(pages))
            return _from_mark(rest, cut[1]) if cut else ()
    return _lay_out(volume, document, section, rest, cells * 2)


def _first(blocks: tuple[Block, ...], cells: int) -> tuple[Block, ...]:
    """As many as hold about `cells`; the last table is cut where it would be too many."""
    out: list[Block] = []
    for block in blocks:
        if isinstance(block, Table):
            rows = max(1, cells // len(block.columns))
            if len(block.rows) > rows:
                return (*out, replace(block, rows=block.rows[:rows]))
            cells -= len(block.rows) * len(block.columns)
        out.append(block)
        if cells <= 0:
            break
    return tuple(out)


def _cut(pages: list[Any], top: float) -> tuple[int, int] | None:
    """The last page that begins with a heading, or with a header and a row below it, and its mark; None: there is none.

    Nothing stands above such a one: what began on an earlier page ended there.
    """
    for n in range(len(pages) - 1, 0, -1):
        marks = _marks(pages[n], pdf.ROW)
        if not marks:
            continue
        begins, _, mark = marks[0]
        for above, bottom, _ in _marks(pages[n], pdf.HEAD)[:1]:
            if abs(above - top) <= NEAR and abs(begins - bottom) <= NEAR:
                return n, mark
        if abs(begins - top) <= NEAR:
            return n, mark
    return None


def _marks(page: Any, kind: str) -> list[tuple[float, float, int]]:
    """Upper edge, lower edge and number of each marked row, from the top down."""
    return sorted(
        (place[1], place[3], int(name.removeprefix(kind)))
        for name, place in page.anchors.items()
        if name.startswith(kind)
    )


def _unmark(pages: list[Any]) -> None:
    """The marks are no places that anybody jumps to: the file goes without them."""
    for page in pages:
        page.anchors = {name: place for name, place in page.anchors.items() if not name.startswith((pdf.ROW, pdf.HEAD))}


def _from_mark(blocks: tuple[Block, ...], mark: int) -> tuple[Block, ...]:
    """What begins with the row or the heading of this number."""
    passed = 0
    for n, block in enumerate(blocks):
        if isinstance(block, Table):
            if passed + len(block.rows) > mark:
                return (replace(block, rows=block.rows[mark - passed :]), *blocks[n + 1 :])
            passed += len(block.rows)
        elif isinstance(block, Heading) and block.level:
            if passed == mark:
                return blocks[n:]
            passed += 1
    raise LookupError(mark)
