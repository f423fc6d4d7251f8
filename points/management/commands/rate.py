"""`manage.py rate`: the star ratings of a year, line by line, by the same engine as the pages."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from branches.models import Branch
from points.stars.freezing import printed
from points.stars.standing import Rated, standings_by_lot


class Command(BaseCommand):
    help = "Rates the branches of a year: one line each, or JSON with every line of the score card."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, required=True)
        parser.add_argument("--branch", metavar="CODE", help="only this branch; places are those of its whole hospital")
        parser.add_argument("--json", action="store_true", help="a list, one object a branch")

    def handle(self, *args: Any, year: int, branch: str | None, json: bool, **options: Any) -> None:
        lines = (one for one in self._rated(year, branch) if one.decision is not None)
        if json:
            self._print_json(lines)
            return
        one = None
        for one in lines:
            self.stdout.write(f"{one.branch.code}\t{one.branch}\t{one.rating.total}\t{one.stars}星")
        if one is None:
            self.stdout.write(f"{year}年没有可以评定的党支部。")

    def _rated(self, year: int, code: str | None) -> Iterator[Rated]:
        today = timezone.localdate()
        if not 2000 <= year <= today.year:
            raise CommandError(f"{year}年没有可以评定的数据，年度应在2000至{today.year}之间。")
        chosen = Branch.objects.branches().filter(hospital__isnull=False).order_by()
        if code is not None:
            chosen = chosen.filter(code=code)
            if not chosen.exists():
                raise CommandError(f"没有编码为{code}的党支部。")
        hospitals = set(chosen.values_list("hospital", flat=True))
        wanted = set(chosen.values_list("pk", flat=True))
        try:
            for standing in standings_by_lot(hospitals, year, today):
                yield from (one for one in standing.rated if one.branch.pk in wanted)
        except LookupError as error:
            raise CommandError(f"{error}。") from error

    def _print_json(self, lines: Iterable[Rated]) -> None:
        """A list, written object by object: that of a province is long."""
        between = "["
        for one in lines:
            row = printed(one.branch.code, one.year, one.rating, one.decision, one.places)
            self.stdout.write(between + json.dumps(row, ensure_ascii=False, indent=1), ending="")
            between = ",\n"
        self.stdout.write("[]" if between == "[" else "]")
