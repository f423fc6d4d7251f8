"""Annual statistics (年度统计): who is on the roll, how it changed, what was held. It must balance, and says so."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from itertools import chain, repeat
from typing import Any, Final

from django.db.models import Count, Q, Sum

from activities.choices import Kind
from activities.models import ActivityMonth
from activities.reports.bulletin import share
from branches.choices import Capability
from branches.models import Branch
from branches.office.kinds import Asked, NothingToReport
from config.documents.content import Block, Column, Document, Heading, Paragraph, Signature, Table, Value
from config.templatetags.ui import cn_date
from members.choices import EventKind, Gender, MemberType, StaffCategory
from members.models import Member, MembershipEvent
from members.rules import Movement, Reconciliation, age, party_standing, reconcile

ROLL, HELD = Capability.ROSTER_VIEW, Capability.ACTIVITY_VIEW
HAN: Final = "01"
AGES: Final = ((35, "35岁及以下"), (45, "36至45岁"), (55, "46至55岁"), (60, "56至60岁"), (200, "61岁及以上"))
STANDINGS: Final = ((4, "不满5年"), (9, "5至9年"), (19, "10至19年"), (29, "20至29年"), (200, "30年及以上"))
EDUCATIONS: Final = (
    ("研究生", ("1",)),
    ("大学本科", ("21", "23", "24", "2A", "2B")),
    ("大学专科", ("22", "2C", "2D")),
    ("中专、高中", ("4", "6")),
    ("初中及以下", ("7", "8")),
)
OTHER: Final = "其他"


def year_statistics(asked: Asked) -> Document:
    """A fixed number of statements for any number of branches and members."""
    branches = asked.branches(ROLL)
    ids = [branch.pk for branch in branches]
    roll = list(_roll(ids, asked.end))
    start = _roll(ids, asked.start - timedelta(days=1)).count()
    sums = reconcile(start, _movements(asked, ids))
    held = {
        row["kind"]: row
        for row in asked.rows(ActivityMonth.objects.all(), HELD)
        .filter(month__range=(asked.start, asked.end), branch__in=ids)
        .order_by()
        .values("kind")
        .annotate(held=Sum("held"), expected=Sum("expected"), present=Sum("present"))
        .filter(Q(held__gt=0) | Q(expected__gt=0))
    }
    if not roll and not start and not held:
        raise NothingToReport
    title = f"{asked.node.name}{asked.start.year}年度统计表"
    blocks: list[Block] = [
        Heading(title, 0),
        Paragraph(_summary(branches, roll, asked.end)),
        Heading("一、党员增减"),
        Paragraph(_balance(sums, len(roll))),
        Table(
            (Column("项目", 100), Column("人数", 56, "center")),
            tuple(_equation(sums, len(roll), asked)),
            "党员增减",
        ),
        Heading("二、党员构成"),
        *chain.from_iterable(_make_up(roll, asked.end)),
        Heading("三、各党支部党员"),
        _by_branch(branches, roll),
        Heading("四、组织生活"),
        Table(
            (
                Column("活动", 60),
                Column("次数", 24, "center"),
                Column("应到人次", 26, "center"),
                Column("实到人次", 26, "center"),
                Column("出席率", 24, "center", percent=True, places=2),
            ),
            tuple(_held(held[kind], kind) for kind in Kind if kind in held),
            "组织生活",
            empty="没有已确认的活动记录",
        ),
        Paragraph(
            "一次活动同时算作几种规定动作的，分别计入各种。年龄和党龄按周岁、周年计算；学历、岗位等以生成时的名册为准。",
            indent=False,
            small=True,
        ),
        Signature(f"{asked.node.name}　　{cn_date(asked.end)}"),
    ]
    return Document.of(title, *blocks)


def _roll(ids: list[int], day: date) -> Any:
    return Member.objects.on_roll(day).filter(roll_branch_id__in=ids).order_by("pk")


def _movements(asked: Asked, ids: list[int]) -> Iterable[Movement]:
    """A move counts only where it crosses the border of the node; one statement."""
    went, came = Q(branch__in=ids), Q(from_branch__in=ids)
    events = MembershipEvent.objects.standing().filter(went | came, recorded_on__range=(asked.start, asked.end))
    counts = (
        events.order_by()
        .values_list("kind")
        .annotate(n=Count("pk"), arrived=Count("pk", filter=went & ~came), gone=Count("pk", filter=came & ~went))
    )
    for kind, n, arrived, gone in counts:
        if kind != EventKind.MOVED:
            yield from repeat(Movement(kind), n)
            continue
        yield from repeat(Movement(kind, came_from_inside=False, went_inside=True), arrived)
        yield from repeat(Movement(kind, came_from_inside=True, went_inside=False), gone)


def _summary(branches: list[Branch], roll: list[Member], until: date) -> str:
    full = sum(one.roll_type == MemberType.FULL for one in roll)  # type: ignore[attr-defined]
    women = sum(one.gender == Gender.FEMALE for one in roll)
    minority = sum(one.ethnicity != HAN for one in roll)
    return (
        f"截至{cn_date(until)}，共有党支部{len(branches)}个、党员{len(roll)}人，其中正式党员{full}人、"
        f"预备党员{len(roll) - full}人；女党员{women}人，少数民族党员{minority}人。"
    )


def _balance(sums: Reconciliation, counted: int) -> str:
    words = f"期初{sums.start}人，增加{sums.plus}人，减少{sums.minus}人，期末{counted}人。"
    gap = sums.gap(counted)
    return words if not gap else f"{words}名册人数与增减记录相差{abs(gap)}人，请核对名册变动。"


def _equation(sums: Reconciliation, counted: int, asked: Asked) -> Iterable[tuple[Value, ...]]:
    yield f"期初（{cn_date(asked.start)}）", sums.start
    yield from (
        ("加：启用时在册", sums.opening),
        ("加：发展入党", sums.admitted),
        ("加：组织关系转入", sums.transferred_in),
        ("加：恢复党籍", sums.reinstated),
        ("减：组织关系转出", sums.transferred_out),
        ("减：去世", sums.deceased),
        ("减：出党", sums.removed),
        ("减：取消预备党员资格", sums.cancelled),
    )
    yield f"期末（{cn_date(asked.end)}）", counted
    yield "另：预备党员转正", sums.confirmed
    yield "另：停止党籍（仍在册）", sums.suspended


def _make_up(roll: list[Member], until: date) -> Iterable[tuple[Block, ...]]:
    def table(title: str, names: Iterable[str], of: Callable[[Member], str]) -> tuple[Block, ...]:
        counts = Counter(map(of, roll))
        rows = tuple((name, counts[name], share(counts[name], len(roll))) for name in names)
        columns = (
            Column(title, 76),
            Column("人数", 40, "center"),
            Column("占比", 40, "center", percent=True, places=2),
        )
        return Heading(title, 2), Table(columns, rows, title)

    yield table("年龄", [name for _, name in AGES], lambda one: _band(AGES, age(one.birth_date, until)))
    yield table("学历", [*(name for name, _ in EDUCATIONS), OTHER], _education)
    standings = [name for _, name in STANDINGS]
    yield table("党龄", ["预备党员", *standings], lambda one: _standing(one, until))
    staff = [str(label) for label in StaffCategory.labels]
    yield table("岗位类别", [*staff, "未登记"], lambda one: str(one.get_staff_category_display()) or "未登记")


def _band(bands: tuple[tuple[int, str], ...], years: int) -> str:
    return next(name for most, name in bands if years <= most)


def _education(member: Member) -> str:
    return next((name for name, heads in EDUCATIONS if member.education.startswith(heads)), OTHER)


def _standing(member: Member, until: date) -> str:
    """By the day of becoming a full member; who became one after `until` was on probation then."""
    years = party_standing(member.confirmed_on, until)
    if years is None or years < 0 or member.roll_type == MemberType.PROBATIONARY:  # type: ignore[attr-defined]
        return "预备党员"
    return _band(STANDINGS, years)


def _by_branch(branches: list[Branch], roll: list[Member]) -> Table:
    full, people, women = Counter(), Counter(), Counter()  # type: ignore[var-annotated]
    for one in roll:
        home = one.roll_branch_id  # type: ignore[attr-defined]
        people[home] += 1
        full[home] += one.roll_type == MemberType.FULL  # type: ignore[attr-defined]
        women[home] += one.gender == Gender.FEMALE
    rows = tuple((b.name, people[b.pk], full[b.pk], people[b.pk] - full[b.pk], women[b.pk]) for b in branches)
    columns = (
        Column("党支部", 60),
        Column("党员", 24, "center"),
        Column("正式", 24, "center"),
        Column("预备", 24, "center"),
        Column("女党员", 24, "center"),
    )
    return Table(columns, rows, "各党支部")


def _held(row: dict[str, Any], kind: Kind) -> tuple[Value, ...]:
    return str(kind.label), row["held"], row["expected"], row["present"], share(row["present"], row["expected"])
