"""A long PDF in parts, bound into one file: each part is laid out by itself, so memory is that of the largest.

    with Volume() as volume:
        page = volume.add(Document.of("…", Heading("一、…", 0, anchor="p1")))  # the page it begins on
        volume.write(out, title="…", front=Document.of(…, Contents(…)))

What stands in front (cover, contents) is written last, when all pages are known, and has no numbers itself.
"""

import gc
import tempfile
from dataclasses import replace
from io import BytesIO
from typing import IO, Self

from pypdf import PageObject, PdfWriter

from config.documents import pdf
from config.documents.content import Document, clean


class Volume:
    """The parts wait in a file without a name, which goes with the process; leave the block to let it go before."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  # closed when the block is left
        self.sizes: list[int] = []  # of the parts in the file, in bytes
        self.pages = 0

    def __enter__(self) -> Self:
        gc.freeze()  # what was there before needs no looking through after each part
        return self

    def __exit__(self, *failure: object) -> None:
        gc.unfreeze()
        self.file.close()

    def add(self, document: Document) -> int:
        """Lay out one part behind those there are; returns the number of its first page. Raises PdfMissing."""
        first = self.pages + 1
        self.take(*pdf.render_part(document, first_page=first))
        return first

    def take(self, data: bytes, pages: int) -> None:
        """Put a part that was laid out elsewhere behind those there are."""
        gc.collect()  # boxes of a page point at each other: left to itself, memory grows with the parts
        self.sizes.append(self.file.write(data))
        self.pages += pages

    def write(self, out: IO[bytes], *, title: str, front: Document | None = None) -> int:
        """Bind all parts into `out`, behind `front` if there is one; returns the number of sheets' sides."""
        writer = PdfWriter()
        before = _put_in_front(writer, front) if front else 0
        self.file.seek(0)
        for size in self.sizes:
            writer.append(BytesIO(self.file.read(size)))
        if before and self.pages:
            writer.set_page_label(before, before + self.pages - 1, style="/D")
        writer.add_metadata({"/Title": clean(title)})
        writer.write(out)
        return before + self.pages


def _put_in_front(writer: PdfWriter, front: Document) -> int:
    """Sheets' sides that `front` takes, an empty last one with them: page 1 lies on the right."""
    plain = replace(
        front, sections=tuple(replace(one, page=replace(one.page, numbered=False)) for one in front.sections)
    )
    data, before = pdf.render_part(plain)
    gc.collect()
    writer.append(BytesIO(data), import_outline=False)
    if before % 2:
        last = writer.pages[-1]
        writer.add_page(PageObject.create_blank_page(width=last.mediabox.width, height=last.mediabox.height))
        before += 1
    writer.set_page_label(0, before - 1, style="/r")
    return before
