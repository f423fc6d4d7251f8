"""Make the sums again when the comparison found that they drifted; says what it changed."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from activities.plan.rollups import rebuild_activity_months
from branches.audit import record
from branches.models import Branch
from members.roll_months import recount_roll_months
from points.ledger import check
from points.ledger.differing import Difference
from points.ledger.nightly import Tally, compare_sums
from points.ledger.reading import years_with_sums
from points.ledger.rebuilding import rebuild_rollups


class Command(BaseCommand):
    help = "Rebuild the sums of the ledger, and those of the rooms below where they differ, and say what changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--year", type=int, default=None, help="only this year (default: all)")

    def handle(self, *args: Any, year: int | None, **options: Any) -> None:
        years = [year] if year else sorted({*years_with_sums(), timezone.localdate().year})
        for one in years:
            tally = Tally(first=0)
            with transaction.atomic():
                changed = self._rebuild(one, tally)
                for row in tally.hospitals.values():
                    node = Branch.objects.filter(pk=row["hospital"]).first()
                    changes = {"year": [None, one], "rows": [None, row["n"]]}
                    record(actor=None, action="ledger.rebuilt", target=node, branch=node, changes=changes)
            told = ", ".join(f"{what} {n}" for what, n in sorted(changed.items())) or "nothing"
            self.stdout.write(f"{one}: {told} changed")
        compare_sums(years=years, today=timezone.localdate())  # so that the alarm goes with what it told of

    def _rebuild(self, year: int, tally: Tally) -> "Counter[str]":
        changed: Counter[str] = Counter()
        nodes: dict[str, set[int]] = {"ActivityMonth": set(), "RollMonth": set()}

        def said(found: Iterable[Difference]) -> Iterator[Difference]:
            for one in found:
                what = one.what.split()[0]
                changed[what] += 1
                if what in nodes and one.branch_id:
                    nodes[what].add(one.branch_id)
                self.stdout.write(str(one))
                yield one

        for part in check.lower_sums(year):
            tally.add(said(part()))
        if nodes["ActivityMonth"]:
            rebuild_activity_months(branches=Branch.objects.filter(pk__in=nodes["ActivityMonth"]), year=year)
        if nodes["RollMonth"]:
            recount_roll_months(branches=nodes["RollMonth"], from_month=date(year, 1, 1))
        rebuild_rollups(year, lambda found: tally.add(said(found)))
        return changed
