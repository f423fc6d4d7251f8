"""Which kinds of record make entries. A source registers itself when the application starts; the ledger names none.

A source of a new room is one module with its functions and one `register` in apps.py: models, posting and proof of the
ledger stay as they are. What a source is worth is said in feeds ("attendance.theme_day"); the rule book says which item
a feed makes entries of. An award above zero is an entry at once, one below zero is announced to the member first.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from branches.models import User
from points.models import RuleItem
from points.rulebook.book import RuleBook
from points.rules import Item


class Award(NamedTuple):
    """What one record is worth to one member under one item."""

    member_id: int
    branch_id: int  # home branch on the day
    happened_on: date
    rule: RuleItem
    points: Decimal
    reason: str

    @property
    def fact(self) -> str:
        """What it is for, whatever code an edition gives it: an objection settles the fact, not the number."""
        return self.rule.feed or self.rule.code


Awards = dict[int, list[Award]]
Ids = Collection[int]


class Booked(NamedTuple):
    """Which revision of a record holds, and on what day it was confirmed."""

    revision: int
    day: date


def _nothing(ids: Ids, reader: User) -> dict[int, str]:
    return {}


def _free(ids: Ids) -> None:
    """Nothing to lock."""


@dataclass(frozen=True)
class Source:
    """One kind of record.

    `feeds`: what it delivers, with the words the rule book shows. `awards(ids, book)`: what each record is worth
    today; every id is a key of the answer, and a source may add others. `lock(ids)` keeps records as they are until the
    transaction ends; who changes one holds its lock already. `booked`: of each record that is worth something.
    `worth_asking(year)`: ids, ascending, of those of a year that may be worth something, all years for None.
    `follows`: kind of another record -> what its change makes of records of this kind; it locks what the change
    itself did not. `links(ids, reader)`: where a reader may open them; what is missing the reader may not.
    `touching(members, year)`: ids of records of a year that may be worth something to these members; without it all of
    the year are asked.
    """

    kind: str
    label: str
    feeds: Mapping[str, str]
    awards: Callable[[Ids, RuleBook], Awards]
    booked: Callable[[Ids], dict[int, Booked]]
    worth_asking: Callable[[int | None], Iterable[int]]
    follows: Mapping[str, Callable[[Ids, RuleBook], Awards]] = field(default_factory=dict)
    links: Callable[[Ids, User], dict[int, str]] = _nothing
    lock: Callable[[Ids], None] = _free
    touching: Callable[[Ids, int], list[int]] | None = None


_SOURCES: Final[dict[str, Source]] = {}


def register(source: Source) -> None:
    _SOURCES[source.kind] = source


def source(kind: str) -> Source:
    """Raises KeyError for a kind nobody registered."""
    return _SOURCES[kind]


def sources() -> Iterator[Source]:
    yield from _SOURCES.values()


def touched_by(kind: str) -> Iterator[tuple[Source, Callable[[Ids, RuleBook], Awards]]]:
    """The sources a change of records of this kind may change, themselves first, each with how it is asked."""
    if kind in _SOURCES:
        yield _SOURCES[kind], _SOURCES[kind].awards
    for one in _SOURCES.values():
        if kind in one.follows:
            yield one, one.follows[kind]


def feeds() -> dict[str, str]:
    """Every feed the system delivers, with its words."""
    return {feed: text for one in _SOURCES.values() for feed, text in one.feeds.items()}


def is_automatic(item: Item | RuleItem) -> bool:
    """True where records make the entries of an item; else it is claimed."""
    return bool(item.feed) and any(item.feed in one.feeds for one in _SOURCES.values())
