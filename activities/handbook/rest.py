"""Parts 14 to 19: what other rooms keep or will keep, movements of members, and the year in words."""

from collections.abc import Iterator
from datetime import date

from django.db.models import Q
from django.utils import timezone

from activities.choices import Kind, YearDocumentKind
from activities.handbook.book import Book, not_yet, note, nothing, one, table
from activities.handbook.organisation import year_text
from activities.reports.wording import day as cn
from branches.models import Term
from config.documents.content import Block, Column, Heading, Section
from members.choices import EventKind, MemberType
from members.models import MembershipEvent

MOVEMENTS = frozenset(
    {EventKind.TRANSFER_IN, EventKind.TRANSFER_OUT, EventKind.MOVED, EventKind.REINSTATED, EventKind.DECEASED}
    | {EventKind.REMOVED, EventKind.CANCELLED, EventKind.SUSPENDED}
)
MOVED = (
    Column("日期", 34, "center"),
    Column("姓名", 24),
    Column("变动", 34),
    Column("原党支部", 38),
    Column("文号或说明", 40),
)


def talks(book: Book) -> Iterator[Section]:
    """Their texts are confidential and never printed with the rest."""
    yield from one(not_yet("谈心谈话登记"), note("谈话内容属于内部情况，由谈话人和支部书记按规定保管。"))


def development(book: Book) -> Iterator[Section]:
    blocks: list[Block] = [Heading("预备党员", 2)]
    waiting = [one for one in book.roll() if one.roll_type == MemberType.PROBATIONARY]
    if waiting:
        columns = (Column("姓名", 28), Column("接收为预备党员日期", 48, "center"), Column("入党介绍人", 60))
        blocks.append(table(columns, [(one.user.name, cn(one.joined_on), one.introducers) for one in waiting]))
    else:
        blocks.append(nothing(book, "预备党员"))
    blocks.append(Heading("本年度发展和转正", 2))
    rows = _events(book, {EventKind.ADMITTED, EventKind.CONFIRMED})
    blocks.append(table(MOVED, rows, size=11) if rows else nothing(book, "发展党员和转正"))
    blocks.append(not_yet("入党申请人、积极分子和发展对象的培养登记"))
    yield from one(*blocks)


def dues(book: Book) -> Iterator[Section]:
    yield from one(not_yet("党费收缴登记"))


def movements(book: Book) -> Iterator[Section]:
    rows = _events(book, MOVEMENTS)
    blocks: list[Block] = [Heading("组织关系转接和党籍变动", 2)]
    blocks.append(table(MOVED, rows, size=11) if rows else nothing(book, "组织关系转接和党籍变动"))
    roll = list(book.roll())
    blocks.append(Heading("流动党员", 2))
    away = [(one.user.name, one.destination) for one in roll if one.floating]
    columns = (Column("姓名", 30), Column("外出流向", 130))
    blocks.append(table(columns, away) if away else nothing(book, "流动党员"))
    blocks.append(Heading("失联党员", 2))
    lost = [(one.user.name, cn(one.lost_since)) for one in roll if one.lost_contact]
    columns = (Column("姓名", 30), Column("失去联系日期", 130))
    blocks.append(table(columns, lost) if lost else nothing(book, "失联党员"))
    blocks.append(note("流动和失联情况以生成手册时的名册为准。"))
    yield from one(*blocks)


def _events(book: Book, kinds: set[EventKind] | frozenset[EventKind]) -> list[tuple[str, ...]]:
    here = Q(branch=book.branch) | Q(from_branch=book.branch)
    found = MembershipEvent.objects.standing().filter(
        here, kind__in=kinds, recorded_on__gte=book.first, recorded_on__lte=book.last
    )
    return [
        (
            cn(one.recorded_on),
            one.member.user.name,
            one.get_kind_display(),
            one.from_branch.name if one.from_branch else "",
            one.document_no or one.note,
        )
        for one in found.select_related("member__user", "from_branch").order_by("recorded_on", "pk")
    ]


def service(book: Book) -> Iterator[Section]:
    yield from one(not_yet("志愿服务、为群众办实事、党建品牌和荣誉登记"))


def summary(book: Book) -> Iterator[Section]:
    yield from year_text(book, YearDocumentKind.SUMMARY)
    yield from one(
        Heading("述职评议", 2),
        not_yet("支部书记述职报告和评议结果登记"),
        Heading("大事记", 2),
        _chronicle(book),
    )


def _chronicle(book: Book) -> Block:
    """Meetings of the whole branch, elections, who came and who left; by day."""
    lines: list[tuple[date, str]] = []
    told = (Kind.GENERAL_MEETING, Kind.THEME_DAY, Kind.PARTY_LECTURE, Kind.ORG_LIFE_MEETING, Kind.DEMOCRATIC_APPRAISAL)
    for record in book.held(*told).prefetch_related("kinds"):
        kinds = "、".join(row.get_kind_display() for row in record.kinds.all())
        lines.append((timezone.localdate(record.starts_at), f"{kinds}：{record.topic}"))
    terms = Term.objects.filter(branch=book.branch, starts_on__gte=book.first, starts_on__lte=book.last)
    lines += [(term.starts_on, f"第{term.number}届支部委员会任期开始") for term in terms]
    events = MembershipEvent.objects.standing().filter(
        Q(branch=book.branch) | Q(from_branch=book.branch),
        recorded_on__gte=book.first,
        recorded_on__lte=book.last,
    )
    lines += [
        (event.recorded_on, f"{event.member.user.name}：{event.get_kind_display()}")
        for event in events.exclude(kind=EventKind.OPENING).select_related("member__user")
    ]
    if not lines:
        return nothing(book, "大事")
    columns = (Column("日期", 34, "center"), Column("事项", 136))
    return table(columns, [(cn(day), text) for day, text in sorted(lines)], size=11)
