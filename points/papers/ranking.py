"""The ranking of a year (积分排名): branches by points a head, members by their year; of one hospital only."""

from collections.abc import Sequence
from typing import Any, Final

from branches.choices import Capability
from branches.office.kinds import Asked, NothingToReport
from config.documents.content import Column, Document, Heading, Line, Paragraph, Signature, Table, Value
from config.templatetags.ui import cn_date
from points.dashboard.panels import heads
from points.dashboard.point_panels import BranchPointsRow, points_by_branch
from points.dashboard.scope import Scope
from points.dashboard.span import make_span
from points.ledger.standing import bases_of, members_of_year, ranked, with_year
from points.rulebook.book import RuleBook

C: Final = Capability.POINTS_VIEW
MOST: Final = 2000  # places that are printed


def ranking(asked: Asked) -> Document:
    """A fixed number of statements. Who takes no part in points, or came too late in the year, has no place."""
    branches, year = asked.branches(C), asked.start.year
    scope = Scope(asked.reader, C, asked.node, tuple(branches), False, len(branches))
    span = make_span("year", asked.start, asked.today)
    sums = points_by_branch(scope, span, heads(scope, span).by_unit)
    bases = bases_of({branch.hospital_id for branch in branches}, year, RuleBook())
    people = members_of_year([branch.pk for branch in branches], year, asked.today)
    rows = with_year(ranked(people, year, asked.today), year, bases).select_related("user")
    best: list[Any] = list(rows.order_by("-total", "user__search_keys", "pk")[:MOST])
    if not sums.n and not best:
        raise NothingToReport
    names = {branch.pk: branch.name for branch in branches}
    places = _places([one.total for one in best])
    title = f"{asked.node.name}{asked.period}积分排名"
    return Document.of(
        title,
        Heading(title, 0),
        Line((f"截至{cn_date(asked.end)}", f"党支部{len(branches)}个，参加排名的党员{len(best)}人")),
        Heading("一、党支部人均积分"),
        Table(_branch_columns(), _branch_rows(sums.rows), "党支部"),
        Heading("二、党员年度积分"),
        Table(
            _member_columns(),
            tuple(
                (place, one.user.name, names[one.home_id], one.total) for place, one in zip(places, best, strict=True)
            ),
            "党员",
        ),
        Paragraph(
            "党支部按人均净得分排列，得分未扣减上限；党员年度积分含基础分，已按上限计算，分数相同的位次相同。"
            "不参加积分的党员和本年在册不满三个月的党员不列入。",
            indent=False,
            small=True,
        ),
        Signature(f"{asked.node.name}　　{cn_date(asked.end)}"),
    )


def _places(totals: list[Any]) -> list[int]:
    """1, 2, 2, 4 for totals in falling order.

    >>> _places([9, 8, 8, 7])
    [1, 2, 2, 4]
    """
    first = {total: n for n, total in reversed(list(enumerate(totals, start=1)))}
    return [first[total] for total in totals]


def _branch_columns() -> tuple[Column, ...]:
    return (
        Column("位次", 16, "center"),
        Column("党支部", 52),
        Column("人数", 18, "center"),
        Column("得分", 22, "center", places=2),
        Column("扣分", 22, "center", places=2),
        Column("人均", 26, "center", places=2),
    )


def _branch_rows(rows: Sequence[BranchPointsRow]) -> tuple[tuple[Value, ...], ...]:
    """Who has nobody to divide by stands last and has no place."""
    counted = [row for row in rows if row.per_head is not None]
    places: list[int | None] = [*_places([row.per_head for row in counted])]
    rest = [row for row in rows if row.per_head is None]
    places += [None] * len(rest)
    return tuple(
        (place, row.branch.name, row.members, row.plus, row.minus, row.per_head)
        for place, row in zip(places, [*counted, *rest], strict=True)
    )


def _member_columns() -> tuple[Column, ...]:
    return (
        Column("位次", 16, "center"),
        Column("姓名", 36),
        Column("党支部", 70),
        Column("年度积分", 34, "center", places=2),
    )
