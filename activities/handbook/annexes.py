"""The annexes: hours of study and attendance, points, honours. A higher room fills the places of its own.

annexes.register("points", part)  # part(book) -> Iterator[Section], in points/apps.py
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

from activities.attendance.hours import officers_among, sums_of
from activities.attendance.rules import target_hours
from activities.handbook.book import Book, not_yet, one, table
from activities.reports.sheets import attendance_of_year
from config.documents.content import Column, Section, Table, in_parts

Part = Callable[[Book], Iterator[Section]]
_FILLED: dict[str, Part] = {}


def register(name: str, part: Part) -> None:
    """`name`: points, honours."""
    _FILLED[name] = part


def slot(name: str, otherwise: str) -> Part:
    """What a higher room registered under `name`; until then a sentence that says so."""

    def part(book: Book) -> Iterator[Section]:
        filled = _FILLED.get(name)
        yield from filled(book) if filled else one(not_yet(otherwise))

    return part


def study(book: Book) -> Iterator[Section]:
    """Hours of everybody on the roll, then the attendance of the year."""
    roll = list(book.roll())
    sums = sums_of([one.pk for one in roll], book.year)
    officers = officers_among([one.user_id for one in roll], book.year, book.today)
    rows = []
    for n, member in enumerate(roll, start=1):
        target, got = target_hours(officer=member.user_id in officers), sums.get(member.pk, Decimal(0))
        group = member.group.name if member.group else ""
        rows.append((n, member.user.name, group, int(target), got, "是" if got >= target else "否"))
    columns = (
        Column("序号", 14, "center"),
        Column("姓名", 28),
        Column("党小组", 48),
        Column("应达学时", 24, "center"),
        Column("已达学时", 24, "center", places=1),
        Column("达标", 18, "center"),
    )
    yield from one(table(columns, rows))
    for section in attendance_of_year(book.branch, book.year, layouts=book.layouts).sections:
        yield from _parted(section)


def _parted(section: Section) -> Iterator[Section]:
    """A table that is too wide for its page, each of its parts on pages of its own: none of them is long to lay out."""
    for n, block in enumerate(section.blocks):
        if isinstance(block, Table) and len(parts := in_parts(block, section.page.text_width)) > 1:
            before, after = section.blocks[:n], section.blocks[n + 1 :]
            for k, part in enumerate(parts):
                head, foot = before if k == 0 else (), after if k == len(parts) - 1 else ()
                yield replace(section, blocks=(*head, part, *foot))
            return
    yield section
