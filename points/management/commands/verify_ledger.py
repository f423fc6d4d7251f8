"""Compare the ledger with its records and every sum with the ledger."""

import sys
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand

from points.ledger import check
from points.ledger.reading import snapshot, years_with_sums
from points.models import Entry


class Command(BaseCommand):
    help = "Recompute entries from their records and every sum from what it adds up; exit 1 when anything differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--year", type=int, default=None, help="only this year (default: all)")

    def handle(self, *args: Any, year: int | None, **options: Any) -> None:
        found = 0
        with snapshot():
            years = [year] if year else years_with_sums()
            lower = [part for one in years for part in check.lower_sums(one)]
            for part in [*check.sums(year), *lower, *check.records(year)]:
                for line in part():
                    found += 1
                    self.stdout.write(str(line))
            entries = Entry.objects.all()
            if year:
                entries = entries.filter(month__range=(date(year, 1, 1), date(year, 12, 31)))
            self.stdout.write(f"{entries.count()} entries, {found} differences")
        if found:
            sys.exit(1)
