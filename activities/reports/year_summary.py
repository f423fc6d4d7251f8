"""The draft of a branch's yearly summary: numbers and lists from the records, the rest left to the secretary."""

from typing import Final

from django.utils import timezone

from activities.choices import short_label
from activities.models import Activity
from activities.plan.year_texts import CONFIRMED, block_of, summary_text
from branches.choices import Capability
from branches.office.kinds import Asked, NothingToReport
from config.documents.content import Block, Column, Document, Heading, Paragraph, Signature, Table

TO_WRITE: Final = "（请结合实际填写）"


def year_summary(asked: Asked) -> Document:
    """What the form of the summary begins with, and a list of all that was held. A fixed number of statements."""
    branch, year = asked.node, asked.start.year
    records = asked.rows(Activity.objects.all(), Capability.ACTIVITY_VIEW).filter(
        branch=branch, starts_at__year=year, state__in=CONFIRMED
    )
    held = list(records.for_list().order_by("starts_at", "pk"))
    text = summary_text(branch, year, asked.today)
    if not held and "本年没有到期的规定动作" in text:
        raise NothingToReport
    title = f"{branch.name}{year}年度工作总结"
    blocks: list[Block] = [Heading(title, 0)]
    lines = [line for line in text.split("\n") if line.strip()]
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        block = block_of(line)
        blocks.append(block)
        if isinstance(block, Heading) and (not following or isinstance(block_of(following), Heading)):
            blocks.append(Paragraph(TO_WRITE))
    rows = tuple(
        (
            n,
            timezone.localdate(one.starts_at),
            "、".join(short_label(kind.kind) for kind in one.kinds.all()),
            one.topic,
            f"{one.present}/{one.expected}",
        )
        for n, one in enumerate(held, start=1)
    )
    return Document.of(
        title,
        *blocks,
        Signature(branch.name),
        Signature("年　　月　　日"),
        Heading(f"附：{year}年活动清单"),
        Table(_columns(), rows, "活动清单", size=10.5, empty="本年没有已确认的活动记录"),
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column("序号", 12, "center"),
        Column("日期", 24, "center"),
        Column("种类", 36),
        Column("主题", 62),
        Column("实到/应到", 22, "center"),
    )
