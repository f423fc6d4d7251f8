"""Documents as PDF, where the machine can: WeasyPrint needs Pango and a Chinese font from the system."""

import ctypes
import ctypes.util
import importlib
from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from typing import Any, Final

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from config.collector import collector_resting
from config.documents.content import (
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
    PageBreak,
    Paragraph,
    Photo,
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
from config.documents.pdf_style import CELL_PADDING, LINE_PADDING, css

PACKAGES: Final = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-noto-cjk")
INSTALL: Final = f"sudo apt-get install --no-install-recommends {' '.join(PACKAGES)}"
ROW, HEAD = "row-", "head-"  # marks of rows and headings, counted through the document; of a header: its first row


class PdfMissing(Exception):
    """This machine lacks a library or a Chinese font; INSTALL is the line that brings them."""


def is_available() -> bool:
    """Whether WeasyPrint loads and a Chinese font is there; without the font it would draw boxes and say nothing."""
    try:
        _weasyprint()
    except OSError:
        return False
    return has_chinese_font()


def has_chinese_font() -> bool:
    """Ask fontconfig, which WeasyPrint uses too."""
    name = ctypes.util.find_library("fontconfig") or "libfontconfig.so.1"
    try:
        lib = ctypes.CDLL(name)
    except OSError:
        return False
    lib.FcInitLoadConfigAndFonts.restype = lib.FcNameParse.restype = ctypes.c_void_p
    lib.FcObjectSetCreate.restype = lib.FcFontList.restype = ctypes.c_void_p
    config = ctypes.c_void_p(lib.FcInitLoadConfigAndFonts())
    pattern, names = ctypes.c_void_p(lib.FcNameParse(b":lang=zh-cn")), ctypes.c_void_p(lib.FcObjectSetCreate())
    found = ctypes.c_void_p(lib.FcFontList(config, pattern, names))
    try:
        return bool(found.value) and ctypes.cast(found, ctypes.POINTER(ctypes.c_int))[0] > 0
    finally:
        if found.value:
            lib.FcFontSetDestroy(found)
        lib.FcObjectSetDestroy(names)
        lib.FcPatternDestroy(pattern)
        lib.FcConfigDestroy(config)


def render(document: Document) -> bytes:
    """The file. Raises PdfMissing where this machine cannot. A page of a table takes about 0.1 s: see parts.py."""
    return render_part(document)[0]


def render_part(document: Document, *, first_page: int = 1) -> tuple[bytes, int]:
    """The file whose pages are numbered from `first_page` on, and how many there are. Raises PdfMissing."""
    with collector_resting():
        laid_out = laid(document, first_page=first_page)
        return bytes(laid_out.write_pdf()), len(laid_out.pages)


def laid(document: Document, *, first_page: int = 1, marked: bool = False) -> Any:
    """WeasyPrint's pages. If `marked`, their `anchors` say where headings and the rows of tables lie."""
    if not is_available():
        raise PdfMissing
    weasyprint = _weasyprint()
    html = to_html(document, first_page, marked=marked)
    return weasyprint.HTML(string=html, url_fetcher=_own_photos(weasyprint, document)).render()


def _weasyprint() -> Any:
    """Loaded at the first PDF: the site runs without its libraries. Raises OSError."""
    return importlib.import_module("weasyprint")


def _own_photos(weasyprint: Any, document: Document) -> Any:
    """Fetches the photos of the document by their addresses, and nothing else.

    Not as data: addresses: Python keeps the last 128 addresses it took apart, with all that stands in them.
    """
    photos = {_address(photo): photo.data for photo in _photos_in(document)}

    class OwnPhotos(weasyprint.urls.URLFetcher):  # type: ignore[misc,name-defined]
        def fetch(self, url: str, headers: Any = None) -> Any:
            return weasyprint.urls.URLFetcherResponse(url, photos[url])

    return OwnPhotos()


def _photos_in(document: Document) -> Iterator[Photo]:
    for block in document.blocks:
        if isinstance(block, PhotoRow):
            yield from block.photos
        elif isinstance(block, Grid):
            for cell in (cell for row in block.rows for cell in row.cells if cell.photos):
                yield from cell.photos.photos


def _address(photo: Photo) -> str:
    return f"photo:{sha256(photo.data).hexdigest()}"


def to_html(document: Document, first_page: int = 1, *, marked: bool = False) -> str:
    """The page WeasyPrint prints; every text is escaped."""
    marks = count() if marked else None
    start = f"@page:first{{counter-reset:page {first_page}}}" if first_page > 1 else ""
    start += "html{break-before:left}" if first_page % 2 == 0 else ""
    parts = [
        format_html('<section class="s{}">{}</section>', n, _blocks(section, document.fonts, marks))
        for n, section in enumerate(document.sections)
    ]
    return format_html(
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{}</title><style>{}</style></head>'
        "<body>{}</body></html>",
        clean(document.title),
        SafeString(css(document) + start),
        _join(parts),
    )


def _join(parts: list[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def _blocks(section: Section, fonts: Fonts, marks: Iterator[int] | None) -> SafeString:
    size = (section.fonts or fonts).cell_size
    return _join([_block(block, section.page.text_width, size, marks) for block in section.blocks])


def _block(block: Block, width: float, size: float, marks: Iterator[int] | None) -> SafeString:
    if isinstance(block, Heading):
        tag = SafeString(("h1", "h2", "h3")[min(block.level, 2)])
        number = f"{ROW}{next(marks)}" if marks and block.level else ""
        mark = format_html(' id="{}"', block.anchor or number) if block.anchor or number else ""
        return format_html("<{}{}>{}</{}>", tag, mark, clean(block.text), tag)
    if isinstance(block, Paragraph):
        names = " ".join(filter(None, (block.align, "small" * block.small, "indent" * block.indent)))
        return format_html_join("", '<p class="{}">{}</p>', ((names, line) for line in clean(block.text).split("\n")))
    if isinstance(block, Line):
        spans = _join([_part(part) for part in block.parts])
        return format_html('<div class="line">{}</div>', spans)
    if isinstance(block, Contents):
        return _contents(block)
    if isinstance(block, Signature):
        return format_html('<p class="sign">{}</p>', clean(block.text))
    if isinstance(block, PageBreak):
        return SafeString('<div class="break"></div>')
    if isinstance(block, PhotoRow):
        return _photos(block, width)
    if isinstance(block, Grid):
        return _grid(block, width, size)
    return _join([_table(part, width, marks) for part in in_parts(block, width)])


def _part(text: str) -> SafeString:
    pieces = [conditional_escape(piece) for piece in clean(text).split(PAGES)]
    counted = format_html_join(SafeString('<i class="pages"></i>'), "{}", ((piece,) for piece in pieces))
    return format_html("<span>{}</span>", counted)


def _contents(block: Contents) -> SafeString:
    lines = [
        format_html(
            '<div class="contents"><span>{}</span><span class="dots"></span>{}</div>',
            clean(text),
            format_html('<a class="here" href="#{}"></a>', anchor) if page is None else page,
        )
        for text, anchor, page in block.entries
    ]
    return _join(lines)


def _photos(row: PhotoRow, width: float) -> SafeString:
    room = width / max(1, len(row.photos)) - 3
    return format_html('<div class="photos">{}</div>', _join([_photo(photo, room, row.height) for photo in row.photos]))


def _photo(photo: Photo, width: float, height: float) -> SafeString:
    wide, high = photo.fitted(width, height)
    return format_html(
        '<figure><img src="{}" width="{}" height="{}" alt="">{}</figure>',
        _address(photo),
        round(wide / 25.4 * 96),
        round(high / 25.4 * 96),
        format_html("<figcaption>{}</figcaption>", clean(photo.caption)) if photo.caption else "",
    )


def _widths(widths: list[float]) -> SafeString:
    return format_html_join("", '<col style="width:{}mm">', ((f"{width:.3f}",) for width in widths))


def _grid(grid: Grid, width: float, size: float) -> SafeString:
    laid = lay_out(grid)
    unit = width / grid.columns
    widths = [(b - a) * unit for a, b in zip(laid.edges, laid.edges[1:], strict=False)]
    rows = []
    for row in laid.rows:
        cells = [
            _cell(placed, row, sum(widths[placed.column : placed.column + placed.colspan]), size)
            for placed in row.cells
        ]
        names = " ".join(filter(None, ("splits" * row.splits, "next" * row.keep_next)))
        rows.append(format_html('<tr class="{}">{}</tr>', names, _join(cells)))
    head, body = _join(rows[: laid.repeat]), _join(rows[laid.repeat :])
    foot = format_html('<tfoot><tr><td colspan="{}"></td></tr></tfoot>', len(widths))
    return format_html("<table>{}<thead>{}</thead>{}<tbody>{}</tbody></table>", _widths(widths), head, foot, body)


def _cell(placed: Placed, row: LaidRow, width: float, size: float) -> SafeString:
    """The least height stands at the cells: at the row, WeasyPrint adds it to a label that is several rows high."""
    cell: Cell = placed.cell
    own = f"font-size:{cell.size}pt;line-height:{cell.size * 5 / 3:.2f}pt;" if cell.size else ""
    size = cell.size or size
    long = row.splits or bool(cell.caption) or placed.open_bottom
    names = (
        "label" if cell.label else "text" if long else "",
        "open-top" if placed.open_top else "",
        "open-bottom" if placed.open_bottom else "",
        cell.align,
    )
    inside = [format_html("<p><b>{}</b></p>", clean(cell.caption))] if cell.caption else []
    indent = "indent" if long and not cell.label and not cell.align else ""
    text = balanced(clean(cell.text), width - 1.4, size) if cell.label else clean(cell.text)
    inside += [format_html('<p class="{}">{}</p>', indent, line) for line in text.split("\n") if text]
    if row.splits and not cell.label:
        room = width - 2 * CELL_PADDING
        blank = blank_lines(f"{cell.caption}\n{text}", room, row.height, size, size * 5 / 3)
        inside += [SafeString("<p>\u00a0</p>")] * blank
    if cell.photos and cell.photos.photos:
        inside.append(_photos(cell.photos, width - 2 * CELL_PADDING))
    return format_html(
        '<td class="{}" style="{}" colspan="{}" rowspan="{}">{}</td>',
        " ".join(filter(None, names)),
        own + (f"height:{max(0, row.height - 2 * LINE_PADDING)}mm" if placed.rowspan == 1 and not row.splits else ""),
        placed.colspan,
        placed.rowspan,
        _join(inside),
    )


def _table(table: Table, width: float, marks: Iterator[int] | None) -> SafeString:
    widths = [column.width for column in table.columns]
    total = sum(widths)
    if not table.keep:
        widths, total = shares(widths, width), width
    head = format_html_join("", "<th>{}</th>", ((_lines(column.label),) for column in table.columns))
    style = f"height:{table.row_height}mm" if table.row_height else ""
    rows = []
    ids = [next(marks) for _ in table.rows] if marks else []
    for n, row in enumerate(table.rows):
        cells = [
            format_html(
                '<td class="{}">{}</td>',
                column.align or ("right" if is_number(value) else "left"),
                _lines(shown(value, column)),
            )
            for value, column in zip(row, table.columns, strict=True)
        ]
        mark = format_html(' id="{}{}"', ROW, ids[n]) if ids else ""
        rows.append(format_html('<tr{} style="{}">{}</tr>', mark, style, _join(cells)))
    first = format_html(' id="{}{}"', HEAD, ids[0]) if ids else ""
    if not rows:
        rows = [format_html('<tr><td colspan="{}" class="center">{}</td></tr>', len(table.columns), table.empty)]
    return format_html(
        '<table class="{}" style="width:{}mm;font-size:{}pt">{}<thead><tr{}>{}</tr></thead><tbody>{}</tbody></table>',
        "tight" if table.size < 11 else "",
        f"{total:.3f}",
        table.size,
        _widths(widths),
        first,
        head,
        _join(rows),
    )


def _lines(text: str) -> SafeString:
    parts = [conditional_escape(line) for line in clean(text).split("\n")]
    return format_html_join(SafeString("<br>"), "{}", ((part,) for part in parts))
