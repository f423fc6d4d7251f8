"""Parts 7 to 13: the records of each kind, an index first and then every sheet as the record book has it."""

from collections.abc import Callable, Iterable, Iterator

from django.db.models import Count, Q
from django.utils import timezone

from activities.choices import AttendanceStatus, FollowUpSort, Kind
from activities.handbook.book import PHOTO_EDGE, Book, not_yet, note, nothing, one, table
from activities.models import SEEN_BY_MEMBERS, Activity, FollowUp
from activities.reports.record_forms import bound_sections
from activities.reports.wording import day as cn
from config.documents.content import Block, Column, Section

COLUMNS = (
    Column("序号", 12, "center"),
    Column("日期", 28, "center"),
    Column("编号", 46),
    Column("主题", 62),
    Column("应到", 14, "center"),
    Column("实到", 14, "center"),
)


def records(*kinds: Kind) -> Callable[[Book], Iterator[Section]]:
    """The part that holds the records of these kinds."""

    def part(book: Book) -> Iterator[Section]:
        for n, kind in enumerate(kinds):
            if n == 0 or book.held(kind).exists():
                yield from one(*index(book, kind))
                yield from sheets(book, kind)

    return part


def index(book: Book, kind: Kind) -> list[Block]:
    present = Count("attendances", filter=Q(attendances__status=AttendanceStatus.PRESENT), distinct=True)
    rows = book.held(kind).annotate(people=Count("attendances", distinct=True), came=present)
    lines = [
        (n, timezone.localdate(row.starts_at), row.serial or "", row.topic, row.people, row.came)
        for n, row in enumerate(rows, start=1)
    ]
    blocks: list[Block] = []
    if lines:
        blocks += [note(f"{kind.label}共{len(lines)}次，各次记录附后。"), table(COLUMNS, lines, size=10.5)]
    else:
        blocks.append(nothing(book, kind.label))
    if (
        open_ones := book.of_year()
        .filter(kinds__kind=kind, starts_at__lt=timezone.now())
        .exclude(state__in=SEEN_BY_MEMBERS)
        .count()
    ):
        blocks.append(note(f"另有{open_ones}份{kind.label}记录未经确认，没有编入。"))
    return blocks


def sheets(book: Book, *kinds: Kind) -> Iterator[Section]:
    """One record in memory at a time."""
    for kind in kinds:
        for pk in list(book.held(kind).values_list("pk", flat=True)):
            activity = Activity.objects.for_detail().get(pk=pk)
            yield from bound_sections(activity, kind, layouts=book.layouts, photo_edge=PHOTO_EDGE)


def org_life(book: Book) -> Iterator[Section]:
    """The meetings, then what they found and what became of it."""
    yield from one(*index(book, Kind.ORG_LIFE_MEETING), *_rectified(book))
    yield from sheets(book, Kind.ORG_LIFE_MEETING)


def _rectified(book: Book) -> Iterable[Block]:
    held = book.held(Kind.ORG_LIFE_MEETING).order_by().values("pk")
    found = FollowUp.objects.filter(activity__in=held, sort=FollowUpSort.RECTIFICATION).select_related("owner")
    rows = [
        (n, row.text, row.measure, row.owner.name if row.owner else "", cn(row.due), cn(row.done_on) or "未完成")
        for n, row in enumerate(found.order_by("activity__starts_at", "number"), start=1)
    ]
    if not rows:
        return [nothing(book, "整改事项")]
    columns = (
        Column("序号", 12, "center"),
        Column("问题", 44),
        Column("整改措施", 44),
        Column("责任人", 20, "center"),
        Column("时限", 26, "center"),
        Column("完成", 26, "center"),
    )
    return [note("整改情况："), table(columns, rows, size=11)]


def appraisal(book: Book) -> Iterator[Section]:
    yield from one(*index(book, Kind.DEMOCRATIC_APPRAISAL), not_yet("民主评议登记表和测评汇总"))
    yield from sheets(book, Kind.DEMOCRATIC_APPRAISAL)
