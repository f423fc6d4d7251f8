"""A long PDF in parts, bound into one file: each part is laid out by itself, so memory is that of the largest.

    volume = Volume()
    page = volume.add(Document.of("…", Heading("一、…", 0, anchor="p1")))  # the page it begins on
    volume.write(out, title="…", front=Document.of(…, Contents(…)))

What stands in front (cover, contents) is written last, when all pages are known, and has no numbers itself.
"""

import gc
from dataclasses import replace
from io import BytesIO
from typing import IO

from pypdf import PageObject, PdfWriter

from config.documents import pdf
from config.documents.content import Document, clean


class Volume:
    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.pages = 0

    def add(self, document: Document) -> int:
        """Lay out one part behind those there are; returns the number of its first page. Raises PdfMissing."""
        first = self.pages + 1
        data, pages = pdf.render_part(document, first_page=first)
        gc.collect()  # boxes of a page point at each other: left to itself, memory grows with the parts
        self.parts.append(data)
        self.pages += pages
        return first

    def write(self, out: IO[bytes], *, title: str, front: Document) -> int:
        """Bind all parts behind `front` into `out`; returns the number of sheets' sides in the file."""
        plain = replace(
            front, sections=tuple(replace(one, page=replace(one.page, numbered=False)) for one in front.sections)
        )
        data, before = pdf.render_part(plain)
        writer = PdfWriter()
        writer.append(BytesIO(data), import_outline=False)
        if before % 2:  # page 1 lies on the right
            last = writer.pages[-1]
            writer.add_page(PageObject.create_blank_page(width=last.mediabox.width, height=last.mediabox.height))
            before += 1
        while self.parts:
            writer.append(BytesIO(self.parts.pop(0)))
        writer.set_page_label(0, before - 1, style="/r")
        if self.pages:
            writer.set_page_label(before, before + self.pages - 1, style="/D")
        writer.add_metadata({"/Title": clean(title)})
        writer.write(out)
        return before + self.pages
