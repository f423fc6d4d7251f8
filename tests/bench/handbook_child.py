"""Build one handbook in this process: `python -m tests.bench.handbook_child docx FILE CODE YEAR`.

Prints peak resident memory in MB, all that the site imports included; seconds; seconds inside WeasyPrint; pages.
"""

import resource
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import django


def main(format: str, path: str, code: str, year: int) -> None:
    django.setup()
    from activities.handbook.book import Book
    from activities.handbook.building import build
    from branches.models import Branch
    from config.documents import pdf

    spent, pages = 0.0, 0

    def timed(work: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **how: Any) -> Any:
            nonlocal spent
            started = time.perf_counter()
            try:
                return work(*args, **how)
            finally:
                spent += time.perf_counter() - started

        return wrapped

    def counted(work: Callable[..., tuple[bytes, int]]) -> Callable[..., tuple[bytes, int]]:
        def wrapped(*args: Any, **how: Any) -> tuple[bytes, int]:
            nonlocal pages
            data, n = work(*args, **how)
            pages += n
            return data, n

        return wrapped

    if format == "pdf":
        weasyprint = pdf._weasyprint()
        weasyprint.HTML.__init__ = timed(weasyprint.HTML.__init__)
        weasyprint.HTML.render = timed(weasyprint.HTML.render)
        weasyprint.Document.write_pdf = timed(weasyprint.Document.write_pdf)
        pdf.render_part = counted(pdf.render_part)
    started = time.perf_counter()
    with Path(path).open("wb") as out:
        build(Book.of(Branch.objects.get(code=code), year, date(year + 1, 2, 1)), format, out)
    taken = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(f"{peak} {taken} {spent} {pages}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
