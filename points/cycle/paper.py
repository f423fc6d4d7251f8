"""A publication as a document: the table of the quarter, what was booked late, and until when one may object."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from activities.choices import Period
from activities.plan.periods import period_label
from config.documents.content import LANDSCAPE, Column, Document, Heading, Line, Paragraph, Signature, Table, Value
from config.templatetags.ui import cn_date
from points.choices import EARNING, Category
from points.cycle.table import SHOWN
from points.models import Publication

EXEMPT: Final = "不参加积分"
FOOTNOTE: Final = (
    "本季合计是本季度三个月入账积分之和，不按年度上限折算；年度积分截至本季度末，含基础分，按年度上限和在册月数计算。"
    "两者口径不同，不能相加。补记为月份关账以后入账的积分。"
)


def quarter_label(quarter: date) -> str:
    return f"{quarter.year}年{period_label(Period.QUARTER, quarter)}"


def publication_paper(publication: Publication) -> Document:
    """Word, PDF and Excel alike; figures are numbers, so that a workbook can add them up."""
    label, branch = quarter_label(publication.quarter), publication.branch
    again = f"（第{publication.number}次）" if publication.number > 1 else ""
    title = f"{branch}{label}党员积分晾晒表{again}"
    return Document.of(
        title,
        Heading(title, 0),
        Line((f"晾晒日期：{cn_date(publication.published_on)}", f"异议期限：{cn_date(publication.objections_until)}")),
        table_of(publication, title="积分"),
        Paragraph(FOOTNOTE, indent=False, small=True),
        Heading("补记", 1),
        Table(_late_columns(), tuple(_late(row) for row in publication.table["late"]), "补记", size=10.5),
        Paragraph(
            f"对以上积分有异议的，请在{cn_date(publication.objections_until)}前提出；支部在"
            f"{cn_date(publication.answers_until)}前答复；对答复不服的，可向党委办公室申诉，"
            f"{cn_date(publication.appeals_until)}前裁定。",
            indent=False,
            small=True,
        ),
        Signature(f"{branch}　　{cn_date(publication.published_on)}"),
        page=LANDSCAPE,
    )


def table_of(publication: Publication, *, title: str) -> Table:
    """The frozen table; `title` names its sheet."""
    return Table(_columns(), tuple(_row(row) for row in publication.table["rows"]), title, size=10.5)


def _columns() -> tuple[Column, ...]:
    def figure(name: str, width: float = 19) -> Column:
        return Column(name, width, "center", places=2)

    return (
        Column("位次", 13, "center"),
        Column("姓名", 22),
        Column("党小组", 28),
        *(figure(category.label) for category in EARNING),
        figure(str(Category.HON.label), 16),
        figure(str(Category.DED.label), 16),
        figure("本季合计", 22),
        figure("年度积分", 22),
    )


def _row(row: dict[str, Any]) -> tuple[Value, ...]:
    head: tuple[Value, ...] = (row["place"], row["name"], row["group"])
    if row["exempt"]:
        return (*head, *([None] * len(SHOWN)), EXEMPT, None)
    return (*head, *(Decimal(row[name]) for name in (*SHOWN, "total", "year")))


def _late_columns() -> tuple[Column, ...]:
    return (
        Column("姓名", 24),
        Column("月份", 24, "center"),
        Column("项目", 100),
        Column("分值", 20, "center", places=2),
    )


def _late(row: dict[str, Any]) -> tuple[Value, ...]:
    return (row["name"], row["month"], row["item"], Decimal(row["points"]))
