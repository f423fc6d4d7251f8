"""`manage.py verify_study_hours`: does the ledger of hours still follow from the records? Only compares."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from activities.attendance.hours import differences


class Command(BaseCommand):
    help = "Recomputes the hours of study from the confirmed records and lists every difference."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, default=None, help="records of one year (default: all)")

    def handle(self, *args: Any, year: int | None, **options: Any) -> None:
        lines = 0
        for line in differences(year):
            self.stderr.write(line)
            lines += 1
        if lines:
            raise CommandError(f"{lines} differences")
        self.stdout.write("The hours follow from the records.")
