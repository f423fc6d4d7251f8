"""The star list (星级名单): every branch of a node with its total, its stars and how they follow."""

from datetime import date

from django.utils import timezone

from branches.choices import Capability
from branches.models import Branch
from branches.office.kinds import Asked, NothingToReport
from config.documents.content import LANDSCAPE, Column, Document, Heading, Paragraph, Signature, Table, Value
from config.templatetags.ui import cn_date
from points.choices import RoundState
from points.models import StarRound
from points.stars.card_page import STAR_WORDS, decision_words
from points.stars.rules import decimal
from points.stars.standing import Standing, standing_of

COLUMNS = (
    Column("序号", 12, "center"),
    Column("党支部", 42),
    Column("星级", 16, "center"),
    Column("总分", 17, "center", places=2),
    Column("得分", 17, "center", places=2),
    Column("适用满分", 20, "center", places=2),
    Column("加分", 14, "center", places=2),
    Column("扣分", 14, "center", places=2),
    Column("说明", 105),
)


def star_list(asked: Asked) -> Document:
    """Approved, displayed or still a preview: the paper says which."""
    hospital = asked.node.hospital
    mine = {branch.pk for branch in asked.branches(Capability.STARS_VIEW)}
    standing = _standing(hospital, asked) if hospital else None
    if standing is None:
        raise NothingToReport
    shown = [one for one in standing.rated if one.branch.pk in mine]
    if not any(one.decision for one in shown):
        raise NothingToReport
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            n,
            one.branch.name,
            STAR_WORDS[one.stars],
            one.rating.total if one.rating.is_rated else None,
            decimal(one.rating.score),
            decimal(one.rating.max),
            one.rating.bonus,
            one.rating.deduction,
            "；".join(decision_words(one)),
        )
        for n, one in enumerate(shown, start=1)
    )
    title = f"{asked.node}{asked.start.year}年度党支部星级名单"
    counts = "，".join(
        f"{STAR_WORDS[level]}{n}个" for level in (5, 4, 3, 2, 1) if (n := sum(one.stars == level for one in shown))
    )
    places = standing.places
    return Document.of(
        title,
        Heading(title, 0),
        Paragraph(_state(standing.round, asked)),
        Paragraph(f"参评{places.rated}个支部，五星最多{places.five}个，四星以上最多{places.four}个。本表{counts}。"),
        Table(COLUMNS, rows, title="星级名单", size=10.5),
        Signature(f"{asked.node}　　{cn_date(_signed_on(standing.round, asked))}"),
        page=LANDSCAPE,
    )


def _standing(hospital: Branch, asked: Asked) -> Standing | None:
    try:
        return standing_of(hospital, asked.start.year, asked.today)
    except LookupError:  # a year before the first score card
        return None


def _state(round_: StarRound | None, asked: Asked) -> str:
    if round_ is not None and round_.state == RoundState.APPROVED:
        return f"已审定：{round_.meeting}。"
    if round_ is not None and round_.state == RoundState.PUBLICISED:
        return f"公示中，公示期至{cn_date(round_.objections_until)}。"
    return f"预览，按截至{cn_date(asked.end)}的记录计算，尚未审定。"


def _signed_on(round_: StarRound | None, asked: Asked) -> date:
    """The day the list was decided; no paper is signed before what it tells of."""
    if round_ is not None and round_.state == RoundState.APPROVED and round_.approved_at:
        return timezone.localdate(round_.approved_at)
    if round_ is not None and round_.state == RoundState.PUBLICISED and round_.publicised_on:
        return round_.publicised_on
    return asked.today
