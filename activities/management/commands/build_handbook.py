"""Build the handbook of a branch at once: manage.py build_handbook --branch CODE --year YYYY --out FILE."""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from activities.handbook.book import Book
from activities.handbook.building import FORMATS, build
from branches.audit import record
from branches.choices import BranchLevel
from branches.models import Branch
from config.documents import pdf


class Command(BaseCommand):
    help = "Build the yearly handbook of a branch into a file (.docx or .pdf)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--branch", required=True, help="code of the branch")
        parser.add_argument("--year", required=True, type=int)
        parser.add_argument("--out", required=True, type=Path, help="file to write: .docx or .pdf")

    def handle(self, *args: Any, branch: str, year: int, out: Path, **options: Any) -> None:
        format = out.suffix.lower().lstrip(".")
        if format not in FORMATS:
            raise CommandError(f"the file must end in .docx or .pdf, not {out.name!r}", returncode=2)
        node = Branch.objects.filter(code=branch, level=BranchLevel.BRANCH).first()
        if node is None:
            raise CommandError(f"there is no branch with the code {branch!r}", returncode=2)
        today = timezone.localdate()
        if not node.founded_on.year <= year <= today.year:
            raise CommandError(f"the year must be {node.founded_on.year} to {today.year}, not {year}", returncode=2)
        if not out.parent.is_dir():
            raise CommandError(f"there is no folder {out.parent}", returncode=2)
        try:
            self._write(Book.of(node, year, today), format, out)
        except pdf.PdfMissing:
            raise CommandError(f"this machine cannot make a PDF; try: {pdf.INSTALL}", returncode=2) from None
        record(actor=None, action="handbook.built", target=node, branch=node, changes={"year": [None, year]})
        self.stdout.write(f"{out} {out.stat().st_size} bytes")

    def _write(self, book: Book, format: str, out: Path) -> None:
        """Aside first, then renamed: a build that fails leaves what was there."""
        handle, aside = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
        try:
            with os.fdopen(handle, "wb+") as file:
                build(book, format, file, lambda done, total, step: self._say(done, total, step))
                file.flush()
                os.fsync(file.fileno())
            Path(aside).replace(out)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise

    def _say(self, done: int, total: int, step: str) -> None:
        self.stderr.write(f"{done}/{total} {step}")
