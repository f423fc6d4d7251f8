"""The panels. Each takes the reader and the span, starts from the reader's scope, and answers with plain numbers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from django.db.models import Avg, Count, Max, Min, Q, QuerySet, Sum

from activities.choices import ActivityState, PlanState
from activities.models import Activity, ActivityMonth, PlanItem
from activities.plan.board import item_url, plan_cell
from activities.plan.cells import OWED, SOON_DAYS, Cell
from activities.rules import percent
from branches.access import may
from branches.choices import BranchLevel, Capability
from branches.models import Branch, User
from members.choices import MemberType
from members.models import Exemption, Member, MembershipEvent, RollMonth
from members.rules import Movement, Reconciliation, reconcile
from points.branch_home import Month, month_of
from points.dashboard.span import Span
from points.ledger.standing import bases_of, members_of_year, ranked, with_year
from points.models import Entry, PointsMonth
from points.rulebook.book import RuleBook
from points.rules import ZERO, round_half_up
from points.waiting import overdue_since

VIEW: Final = Capability.DASHBOARD_VIEW
WIDE: Final = (None, 60, 65, 70, 75, 80, 85, 90, 95, None)
MOST_BINS: Final = 9
OPEN: Final = [state for state in PlanState if state in OWED]
LISTED: Final = 8
NOTHING: Final[Mapping[str, Any]] = {"plus": ZERO, "minus": ZERO, "n": 0}


def branches_of(user: User, span: Span) -> list[Branch]:
    """The branches of that time, in the order of the tree; one dissolved since is still shown in its months."""
    scope = Branch.objects.visible_to(user, VIEW).branches().filter(founded_on__lte=span.last)
    return list(scope.exclude(dissolved_on__lt=span.first))


@dataclass(frozen=True)
class Heads:
    full: int
    probationary: int
    by_branch: Mapping[int, int]

    @property
    def total(self) -> int:
        return self.full + self.probationary


def heads(user: User, span: Span) -> Heads:
    """Members at the end of the span: the roll of today, or the month's roll-up."""
    if span.is_now:
        roll = Member.objects.visible_to(user, VIEW).current().order_by()
        probationary = Count("pk", filter=Q(member_type=MemberType.PROBATIONARY))
        rows = roll.values("branch").annotate(n=Count("pk"), probationary=probationary)
        counts = [(row["branch"], row["n"] - row["probationary"], row["probationary"]) for row in rows]
    else:
        months = RollMonth.objects.visible_to(user, VIEW).filter(month=span.last_month)
        counts = list(months.values_list("branch", "full", "probationary"))
    by_branch = {branch: full + probationary for branch, full, probationary in counts}
    return Heads(sum(row[1] for row in counts), sum(row[2] for row in counts), by_branch)


@dataclass(frozen=True)
class Duties:
    """What fell due in the span; `late` was done after its day. `overdue`, `soon`: open today, whatever the span."""

    required: int
    done: int
    late: int
    overdue: int
    soon: int


def duties(user: User, span: Span) -> Duties:
    months = ActivityMonth.objects.visible_to(user, VIEW).filter(
        month__range=(span.first, span.last), branch__level=BranchLevel.BRANCH
    )
    sums = months.aggregate(required=Sum("required"), done=Sum("done"), late=Sum("late"))
    today = span.today
    items = PlanItem.objects.visible_to(user, VIEW).filter(state__in=OPEN, branch__level=BranchLevel.BRANCH)
    open_ = items.aggregate(
        overdue=Count("pk", filter=Q(due__lt=today, due__gte=overdue_since(today))),
        soon=Count("pk", filter=Q(due__range=(today, today + timedelta(days=SOON_DAYS)))),
    )
    return Duties(**{key: value or 0 for key, value in {**sums, **open_}.items()})


@dataclass(frozen=True)
class Rate:
    present: int
    expected: int

    @property
    def percent(self) -> Decimal | None:
        return percent(self.present, self.expected)


@dataclass(frozen=True)
class BranchRate:
    branch: Branch
    span: Rate
    year: Rate


@dataclass(frozen=True)
class Attendance:
    rows: tuple[BranchRate, ...]
    total: Rate
    before: Rate  # of the span before

    @property
    def change(self) -> Decimal | None:
        now, then = self.total.percent, self.before.percent
        return None if now is None or then is None else now - then

    @property
    def chart(self) -> list[list[Any]]:
        return [
            [short_name(row.branch), _number(row.span.percent), _number(row.year.percent)]
            for row in self.rows
            if row.year.expected
        ]


def attendance(user: User, span: Span, branches: list[Branch]) -> Attendance:
    before, year = span.before, date(span.first.year, 1, 1)
    months = ActivityMonth.objects.visible_to(user, VIEW).filter(branch__level=BranchLevel.BRANCH).order_by()
    spans = {
        "now": Q(month__range=(span.first, span.last)),
        "year": Q(month__range=(year, span.last)),
        "then": Q(month__range=(before.first, before.last)),
    }
    sums = {
        f"{name}_{field}": Sum(field, filter=when, default=0)
        for name, when in spans.items()
        for field in ("present", "expected")
    }
    found = {row["branch"]: row for row in months.values("branch").annotate(**sums)}

    def rate(name: str, rows: Any) -> Rate:
        rows = list(rows)
        return Rate(sum(row[f"{name}_present"] for row in rows), sum(row[f"{name}_expected"] for row in rows))

    lines = [
        BranchRate(branch, rate("now", [found[branch.pk]]), rate("year", [found[branch.pk]]))
        for branch in branches
        if branch.pk in found
    ]
    return Attendance(tuple(lines), rate("now", found.values()), rate("then", found.values()))


@dataclass(frozen=True)
class BranchPointsRow:
    branch: Branch
    members: int
    plus: Decimal
    minus: Decimal
    n: int

    @property
    def net(self) -> Decimal:
        return self.plus - self.minus

    @property
    def per_head(self) -> Decimal | None:
        """By those who take part at the end of the span: a large branch is not the better one."""
        return round_half_up(self.net / self.members) if self.members else None


@dataclass(frozen=True)
class BranchSums:
    rows: tuple[BranchPointsRow, ...]
    plus: Decimal
    minus: Decimal
    n: int

    @property
    def net(self) -> Decimal:
        return self.plus - self.minus

    @property
    def chart(self) -> list[list[Any]]:
        return [[short_name(row.branch), _number(row.per_head)] for row in self.rows]


def points_by_branch(user: User, span: Span, branches: list[Branch], people: Mapping[int, int]) -> BranchSums:
    """What was booked for deeds of the span, by the branch of the day; before caps, so never the sum of the years.

    Who takes no part in points at the end of the span is in no sum and no head count. Three statements.
    """
    months = PointsMonth.objects.visible_to(user, VIEW).filter(month__range=(span.first, span.last)).order_by()
    sums = months.values("branch").annotate(plus=Sum("plus"), minus=Sum("minus"), n=Sum("n"))
    outside = Exemption.objects.in_force(span.end).values("member")
    without = _sums_of(outside, user, span)
    away = Counter(Member.objects.filter(pk__in=outside).on_roll(span.end).values_list("roll_branch_id", flat=True))
    found = {row["branch"]: _less(row, without.get(row["branch"], NOTHING)) for row in sums}
    lines = []
    for branch in branches:
        row = found.get(branch.pk, NOTHING)
        heads = people.get(branch.pk, 0) - away[branch.pk]
        lines.append(BranchPointsRow(branch, heads, row["plus"], row["minus"], row["n"]))
    lines.sort(key=lambda line: (-(line.per_head or ZERO), line.branch.path))
    plus, minus = (sum((row[key] for row in found.values()), ZERO) for key in ("plus", "minus"))
    return BranchSums(tuple(lines), plus, minus, sum(row["n"] for row in found.values()))


def _sums_of(members: QuerySet[Any], user: User, span: Span) -> dict[int, dict[str, Any]]:
    """What PointsMonth counts of these members, from their entries, by branch."""
    award = Q(reversal_of__isnull=True)
    raised = Q(award, points__gt=0) | Q(~award, points__lte=0)
    rows = Entry.objects.visible_to(user, VIEW).filter(member__in=members, month__range=(span.first, span.last))
    sums = (
        rows.order_by()
        .values("branch")
        .annotate(
            plus=Sum("points", filter=raised, default=ZERO),
            minus=-Sum("points", filter=~raised, default=ZERO),
            n=Count("pk", filter=award) - Count("pk", filter=~award),
        )
    )
    return {row["branch"]: row for row in sums}


def _less(row: Mapping[str, Any], without: Mapping[str, Any]) -> dict[str, Any]:
    plus, minus = (round_half_up(row[key] - without[key]) for key in ("plus", "minus"))
    return {"plus": plus, "minus": minus, "n": row["n"] - without["n"]}


@dataclass(frozen=True)
class Distribution:
    year: int
    bins: tuple[tuple[str, int], ...]
    people: int
    average: Decimal | None

    @property
    def chart(self) -> list[list[Any]]:
        return [[label, n] for label, n in self.bins] if self.people else []


def bin_edges(least: Decimal | None, most: Decimal | None, scale: Decimal = Decimal(1)) -> list[int | None]:
    """The finest steps that show everybody in at most nine bars; early in a year all stand close together.

    `scale`: of the rules, 10 where points are counted in tens and hundreds.
    """
    wide = [None if edge is None else int(edge * scale) for edge in WIDE]
    if least is None or most is None:
        return wide
    for step in (max(1, int(one * scale)) for one in (1, 2, 5)):
        first, last = int(least // step), int(most // step)
        if last - first < MOST_BINS:
            return [n * step for n in range(first, last + 2)]
    return wide


def distribution(user: User, span: Span, branches: list[Branch]) -> Distribution:
    """How the years of those who are ranked are spread; somebody without an entry stands at the base."""
    year, book = span.first.year, RuleBook()
    hospitals = {branch.hospital_id for branch in branches}
    bases = bases_of(hospitals, year, book)
    scale = max((book.of_year(one, year).scheme.scale for one in hospitals), default=Decimal(1))
    people = members_of_year([branch.pk for branch in branches], year, span.today)
    rows = with_year(ranked(people, year, span.today), year, bases)
    ends = rows.aggregate(least=Min("total"), most=Max("total"))
    conditions, labels = {}, []
    for low, high in pairwise(bin_edges(ends["least"], ends["most"], scale)):
        when = Q(total__isnull=False)
        when &= Q(total__gte=low) if low is not None else Q()
        when &= Q(total__lt=high) if high is not None else Q()
        labels.append(f"{high}以下" if low is None else f"{low}以上" if high is None else f"{low}–{high}")
        conditions[f"bin{len(labels)}"] = Count("pk", filter=when)
    found = rows.aggregate(**conditions, people=Count("pk"), average=Avg("total"))
    counts = [found[f"bin{n}"] for n in range(1, len(labels) + 1)]
    average = found["average"]
    return Distribution(
        year,
        tuple(zip(labels, counts, strict=True)),
        found["people"],
        None if average is None else round_half_up(Decimal(average)),
    )


@dataclass(frozen=True)
class Headcount:
    sums: Reconciliation
    counted: int
    since: date
    until: date

    @property
    def gap(self) -> int:
        return self.sums.gap(self.counted)

    @property
    def equation(self) -> list[tuple[str, str, int]]:
        """(sign, name, people): what is nothing is left out, but the admitted."""
        s = self.sums
        parts = [
            ("+", "启用在册", s.opening),
            ("+", "发展", s.admitted),
            ("+", "转入", s.transferred_in),
            ("+", "恢复党籍", s.reinstated),
            ("−", "转出", s.transferred_out),
            ("−", "去世", s.deceased),
            ("−", "出党", s.removed),
            ("−", "取消预备", s.cancelled),
        ]
        return [part for part in parts if part[2] or part[1] == "发展"]


def headcount(user: User, span: Span, counted: int) -> Headcount:
    """From the last day of the year before to the end of the span: start and end from counts, the steps from events."""
    first = date(span.first.year, 1, 1)
    december = RollMonth.objects.visible_to(user, VIEW).filter(month=date(first.year - 1, 12, 1))
    start = december.aggregate(n=Sum("full", default=0), p=Sum("probationary", default=0))
    events = MembershipEvent.objects.visible_to(user, VIEW).filter(recorded_on__range=(first, span.end))
    inside = set(Branch.objects.visible_to(user, VIEW).values_list("pk", flat=True))
    movements = [
        Movement(kind, came_from_inside=origin in inside, went_inside=branch in inside)
        for kind, branch, origin in events.values_list("kind", "branch", "from_branch")
    ]
    return Headcount(reconcile(start["n"] + start["p"], movements), counted, first, span.end)


@dataclass(frozen=True)
class Overdue:
    item: PlanItem
    cell: Cell
    url: str


@dataclass(frozen=True)
class OverdueList:
    rows: tuple[Overdue, ...]
    total: int


def overdue(user: User, span: Span) -> OverdueList:
    """What is late or was sent back, the longest first."""
    items = PlanItem.objects.visible_to(user, VIEW).filter(
        Q(state__in=OPEN, due__lt=span.today) | Q(state=PlanState.RETURNED),
        due__gte=overdue_since(span.today),
        branch__level=BranchLevel.BRANCH,
    )
    reads = may(user, Capability.ACTIVITY_VIEW)
    rows = items.select_related("branch", "group", "activity").order_by("due", "branch__path", "pk")[:LISTED]
    lines = [
        Overdue(item, plan_cell(item, span.today), item_url(item, span.today, writes=False) if reads else "")
        for item in rows
    ]
    return OverdueList(tuple(lines), items.count())


def own_months(user: User, today: date) -> list[tuple[Branch, Month]]:
    """What the committee itself owes this month, for those who enter it."""
    nodes = list(Branch.objects.visible_to(user, Capability.COMMITTEE_RECORD).open_on(today))
    found = [(node, month_of(PlanItem.objects.filter(branch=node), today, writes=True)) for node in nodes]
    return [(node, month) for node, month in found if month.todos or month.later or month.done]


def waiting_count(user: User) -> int:
    return Activity.objects.visible_to(user, VIEW).filter(state=ActivityState.SUBMITTED).count()


def short_name(branch: Branch) -> str:
    return branch.name.removesuffix("党支部") or branch.name


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(round(value, 1))
