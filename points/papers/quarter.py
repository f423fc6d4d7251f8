"""All publications of a quarter below a node, from the frozen tables: nothing is counted anew."""

from decimal import Decimal
from typing import Final

from django.db.models import F

from branches.choices import Capability
from branches.models import Branch
from branches.office.kinds import Asked, NothingToReport
from config.documents.content import LANDSCAPE, Block, Column, Document, Heading, Paragraph, Signature, Table, Value
from config.templatetags.ui import cn_date
from points.cycle.paper import FOOTNOTE, table_of
from points.models import Publication
from points.rules import round_half_up

C: Final = Capability.POINTS_VIEW


def quarter_publications(asked: Asked) -> Document:
    """The newest publication of each branch; who has none is named. Two statements."""
    rows = asked.rows(Publication.objects.all(), C).filter(quarter=asked.start)
    newest = rows.with_newest().filter(number=F("newest")).select_related("branch")
    found = {one.branch_id: one for one in newest}
    if not found:
        raise NothingToReport
    branches = asked.branches(C)
    missing = [branch.name for branch in branches if branch.pk not in found]
    title = f"{asked.node.name}{asked.period}党员积分晾晒汇总"
    blocks: list[Block] = [
        Heading(title, 0),
        Paragraph(
            f"{asked.period}已有{len(found)}个党支部晾晒党员积分。"
            + (f"尚未晾晒的有{len(missing)}个：{'、'.join(missing)}。" if missing else "")
        ),
        Table(_columns(), tuple(_row(branch, found.get(branch.pk)) for branch in branches), "汇总", size=10.5),
    ]
    for branch in branches:
        if one := found.get(branch.pk):
            blocks += [Heading(branch.name), table_of(one, title=branch.name)]
    blocks += [Paragraph(FOOTNOTE, indent=False, small=True), Signature(f"{asked.node.name}　　{cn_date(asked.today)}")]
    return Document.of(title, *blocks, page=LANDSCAPE)


def _columns() -> tuple[Column, ...]:
    return (
        Column("党支部", 70),
        Column("晾晒日期", 40, "center"),
        Column("参加积分", 28, "center"),
        Column("人均本季合计", 34, "center", places=2),
        Column("最高本季合计", 34, "center", places=2),
        Column("异议期限", 40, "center"),
    )


def _row(branch: Branch, publication: Publication | None) -> tuple[Value, ...]:
    if publication is None:
        return branch.name, "尚未晾晒", None, None, None, None
    totals = [Decimal(row["total"]) for row in publication.table["rows"] if not row["exempt"]]
    mean = round_half_up(sum(totals, Decimal(0)) / len(totals)) if totals else None
    return (
        branch.name,
        publication.published_on,
        len(totals),
        mean,
        max(totals, default=None),
        publication.objections_until,
    )
