"""What facts are asked for: which branches, which year, as of which day; and the addresses their evidence stands at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from branches.models import Branch
from points.stars.formulas import Params, Value, Year
from points.stars.measures import MEASURES
from points.stars.rules import Card, Measured

RECORDS: Final = "activities:activity_list"
FEW: Final = 1000
Found = dict[int, dict[str, Measured]]  # branch -> fact -> what the records say


@dataclass(frozen=True)
class Asked:
    """`today`: the day of asking; everything of a past year is read as it stands then. `cards`: of each branch."""

    branches: Mapping[int, Branch]
    number: int
    today: date
    cards: Mapping[int, Card] = field(default_factory=dict)

    @classmethod
    def of(cls, branches: Iterable[Branch], year: int, today: date, cards: Mapping[int, Card] | None = None) -> "Asked":
        return cls({branch.pk: branch for branch in branches}, year, today, cards or {})

    def figures(self, measure: str) -> dict[int, Params]:
        """The figures of a measure by branch, as the card of each has them."""
        usual, cards = MEASURES[measure].params, {id(card): card for card in self.cards.values()}
        own = {
            key: {**usual, **next((line.params for line in card.lines if line.measure == measure), {})}
            for key, card in cards.items()
        }
        return {pk: own[id(self.cards[pk])] if pk in self.cards else usual for pk in self.branches}

    @property
    def ids(self) -> Any:
        """For `branch__in`: the branches, or all there are when they are many, which costs the database less than a
        list of thousands. Rows of others are left aside by whoever reads them.
        """
        if len(self.branches) <= FEW:
            return list(self.branches)
        return Branch.objects.branches().order_by().values("pk")

    @property
    def first(self) -> date:
        return date(self.number, 1, 1)

    @property
    def last(self) -> date:
        return date(self.number, 12, 31)

    @property
    def day(self) -> date:
        """The day things are looked at: today, in a past year its last day."""
        return min(self.last, self.today)

    @cached_property
    def year(self) -> Year:
        """How many months have ended by today."""
        ended = 12 * (self.today.year - self.number) + self.today.month - 1
        return Year(self.number, max(0, min(12, ended)))

    @property
    def ended(self) -> date | None:
        """The last day of the last month that has ended; None before the first."""
        return (
            self.first.replace(month=self.year.months + 1) - timedelta(days=1)
            if 0 < self.year.months < 12
            else (self.last if self.year.months else None)
        )


def put(found: Found, branch: int, fact: str, values: Mapping[str, Value], *evidence: str, **more: str) -> None:
    found.setdefault(branch, {})[fact] = Measured(values, tuple(evidence), **more)


class Pages:
    """Addresses of lists and pages; each is worked out once and then filled with the branch or record."""

    def __init__(self, asked: Asked) -> None:
        self._year = asked.number
        self._days = {"since": f"{asked.first}", "until": f"{asked.last}"}
        self._known: dict[tuple[Any, ...], tuple[str, str]] = {}

    def _list(self, name: str, branch: int, **params: str) -> str:
        key = (name, *params.values())
        if (parts := self._known.get(key)) is None:
            days = self._days if name == RECORDS else {}
            rest = urlencode(params | days)
            parts = self._known[key] = f"{reverse(name)}?branch=", f"&{rest}" if rest else ""
        return f"{parts[0]}{branch}{parts[1]}"

    def _page(self, name: str, pk: int, *rest: int | str) -> str:
        key = (name, *rest)
        if (parts := self._known.get(key)) is None:
            before, _, behind = reverse(name, args=[0, *rest]).partition("/0/")
            parts = self._known[key] = f"{before}/", f"/{behind}"
        return f"{parts[0]}{pk}{parts[1]}"

    def records(self, branch: int, **params: str) -> str:
        """The list of records of the year: `kind`, or what else its filters know."""
        return self._list(RECORDS, branch, **params)

    def plan(self, branch: int) -> str:
        return self._list("activities:plan_list", branch, year=f"{self._year}")

    def roster(self, branch: int) -> str:
        return self._list("members:member_list", branch)

    def hours(self, branch: int) -> str:
        return self._list("activities:hours_list", branch, year=f"{self._year}")

    def matters(self, branch: int) -> str:
        return self._list("activities:follow_ups", branch)

    def publications(self, branch: int) -> str:
        return self._list("points:publication_list", branch, year=f"{self._year}")

    def node(self, branch: int) -> str:
        return self._page("branches:branch_detail", branch)

    def record(self, activity: int) -> str:
        return self._page("activities:activity_detail", activity)

    def assessment(self, branch: int) -> str:
        return self._page("points:assessment_detail", branch, self._year)

    def paper(self, branch: int, kind: str) -> str:
        return self._page("activities:year_document", branch, self._year, kind)

    def entered(self, branch: int) -> str:
        return self._page("points:star_records", branch, self._year)
