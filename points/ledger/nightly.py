"""The nightly comparison of every sum with what it adds up: an alarm on the page of the committee, never a repair."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.utils import timezone

from branches.choices import BranchLevel, Capability, Role, Topic
from branches.inbox import Message, notify_many
from branches.models import Appointment, Branch, User
from points.ledger import check
from points.ledger.differing import Difference, hospitals_of, in_batches
from points.ledger.reading import snapshot
from points.models import LedgerCheck

SHOWN: Final = 5  # lines kept of each hospital


@dataclass
class Tally:
    """How many differences each hospital has, and the first of them."""

    first: int = SHOWN  # lines kept of each
    count: int = 0
    hospitals: dict[int | None, dict[str, Any]] = field(default_factory=dict)

    def add(self, found: Iterable[Difference]) -> None:
        for batch in in_batches(found):
            for one, hospital in zip(batch, hospitals_of(batch), strict=True):
                self.count += 1
                mine = self.hospitals.setdefault(hospital, {"hospital": hospital, "n": 0, "first": []})
                mine["n"] += 1
                if len(mine["first"]) < self.first:
                    mine["first"].append(one.in_chinese)


def compare_sums(*, years: Iterable[int], today: date, tell: Callable[[], None] = lambda: None) -> list[LedgerCheck]:
    """Compare the sums of these years and write down what was found; each part reads a moment of its own.

    `tell` is called between the parts. Who keeps the system is told once a day. Doing it again adds rows, not notices.
    """
    made = []
    for year in years:
        tally = Tally()
        for part in [*check.sums(year), *check.lower_sums(year)]:
            with snapshot():
                tally.add(part())
            tell()
        lines = list(tally.hospitals.values())
        made.append(LedgerCheck.objects.create(year=year, differences=tally.count, lines=lines))
    _tell_admins(made, today)
    return made


def _tell_admins(checks: list[LedgerCheck], today: date) -> None:
    found = [row for one in checks for row in one.lines]
    if not found:
        return
    hospitals = Branch.objects.in_bulk([row["hospital"] for row in found if row["hospital"]])
    posts = Appointment.objects.current(today).filter(role=Role.SYSTEM_ADMIN).values_list("user", "branch__path")
    messages = []
    for user, path in posts:
        mine = [row for row in found if not row["hospital"] or hospitals[row["hospital"]].path.startswith(path)]
        if not mine:
            continue
        messages.append(
            Message(
                recipient=user,
                topic=Topic.SYSTEM,
                item_key="ledger-check",
                step=today.isoformat(),
                text=f"积分核对发现{sum(row['n'] for row in mine)}处汇总与明细不一致，请按手册处理",
                detail="\n".join(line for row in mine for line in row["first"])[:500],
            )
        )
    notify_many(messages)


@dataclass(frozen=True)
class Alarm:
    """What does not add up in the hospitals of a reader."""

    year: int
    at: datetime
    n: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """When the sums were last compared, and what came of it for one reader."""

    at: datetime | None
    alarms: tuple[Alarm, ...] = ()


def proof(user: User) -> Proof:
    """Of the last comparison of this and last year; one query, one more when something differs."""
    this_year = timezone.localdate().year
    latest: dict[int, LedgerCheck] = {}
    for row in LedgerCheck.objects.filter(year__in=[this_year - 1, this_year]).order_by("-pk")[:10]:
        latest.setdefault(row.year, row)
    if not latest:
        return Proof(None)
    at = max(row.checked_at for row in latest.values())
    named = {line["hospital"] for row in latest.values() for line in row.lines}
    if not named:
        return Proof(at)
    seen = Branch.objects.visible_to(user, Capability.DASHBOARD_VIEW).filter(level=BranchLevel.COMMITTEE)
    mine = set(seen.filter(pk__in=[pk for pk in named if pk]).values_list("pk", flat=True))
    alarms = []
    for year, row in sorted(latest.items(), reverse=True):
        found = [line for line in row.lines if line["hospital"] in mine]
        if found:
            lines = tuple(text for line in found for text in line["first"])
            alarms.append(Alarm(year, row.checked_at, sum(line["n"] for line in found), lines[:SHOWN]))
    return Proof(at, tuple(alarms))
