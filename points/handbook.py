"""The points of a branch's members in a year, as an annex of its handbook."""

from collections.abc import Iterator
from typing import Any

from activities.handbook import annexes
from activities.handbook.book import Book, note, nothing, one, table
from config.documents.content import Column, Section
from points.choices import EARNING
from points.ledger.standing import PARTS, bases_of, exempt, members_of_year, with_year
from points.rulebook.book import RuleBook


def annex(book: Book) -> Iterator[Section]:
    """Base, each category, honours, deductions and total; the total is of the ledger, the parts are rounded."""
    rules, hospital = RuleBook(), book.branch.hospital_id
    bases = bases_of({hospital}, book.year, rules)
    found = with_year(members_of_year([book.branch.pk], book.year, book.today), book.year, bases)
    found = found.annotate(is_exempt=exempt(book.year, book.today))
    rows: list[tuple[Any, ...]] = [
        (
            n,
            f"{member.user.name}（不参加积分）" if member.is_exempt else member.user.name,
            *(getattr(member, f"part_{name}") for name in PARTS),
            member.total,
        )
        for n, member in enumerate(found.select_related("user").order_by("user__search_keys", "pk"), start=1)
    ]
    if not rows:
        yield from one(nothing(book, "积分"))
        return
    caps = rules.of_year(hospital, book.year).scheme.caps
    columns = (
        Column("序号", 12, "center"),
        Column("姓名", 22),
        *(Column(f"{category.label}\n上限{caps[category]:g}", 21, "center", places=2) for category in EARNING),
        Column("荣誉", 16, "center", places=2),
        Column("扣分", 16, "center", places=2),
        Column("总分", 18, "center", places=2),
    )
    yield from one(table(columns, rows, size=10.5), note("总分含基础分，以平台积分台账为准；各栏分别四舍五入。"))


annexes.register("points", annex)
