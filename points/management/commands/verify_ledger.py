"""Compare the ledger with its records and every sum with the ledger."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from points.ledger.check import differences
from points.models import Entry


class Command(BaseCommand):
    help = "Recompute entries from their records and roll-ups from the entries; exit 1 when anything differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--year", type=int, default=None, help="only this year (default: all)")

    def handle(self, *args: Any, year: int | None, **options: Any) -> None:
        found = 0
        with transaction.atomic():
            for line in differences(year):
                found += 1
                self.stdout.write(line)
            entries = Entry.objects.filter(month__year=year) if year else Entry.objects.all()
            self.stdout.write(f"{entries.count()} entries, {found} differences")
        if found:
            sys.exit(1)
