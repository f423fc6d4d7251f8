"""Matters decided by meetings as a table."""

from collections.abc import Iterable
from datetime import date

from django.utils import timezone

from activities.models import FollowUp
from config.documents.content import LANDSCAPE, Column, Document, Heading, Paragraph, Table

COLUMNS = (
    Column("事项", 70),
    Column("整改措施", 50),
    Column("来自", 50),
    Column("党组织", 36),
    Column("会议日期", 24),
    Column("责任人", 18),
    Column("时限", 24),
    Column("状态", 16),
    Column("落实情况", 70),
    Column("办结日期", 24),
)


def matters_document(rows: Iterable[FollowUp], *, today: date) -> Document:
    """One row per matter, as the list shows them; rows bring activity, branch and owner."""
    table = tuple(
        (
            row.text,
            row.measure,
            str(row.activity),
            row.activity.branch.name,
            timezone.localdate(row.activity.starts_at),
            row.owner.name if row.owner else "未定",
            row.due,
            "已办结" if row.done_on else "逾期" if row.due and row.due < today else "未办结",
            row.done_note,
            row.done_on,
        )
        for row in rows
    )
    title = "议定事项"
    return Document.of(
        title,
        Heading(title, 0),
        Paragraph(f"导出日期：{today.year}年{today.month}月{today.day}日"),
        Table(COLUMNS, table, title=title),
        page=LANDSCAPE,
    )
