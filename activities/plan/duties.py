"""What a node owes in a year: the dated, sourced table of duties and the items it makes.

A change of law or custom adds a row and ends the old one; no row is ever edited.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from activities.choices import DoneBy, DutyLevel, Kind, Per, Period
from activities.plan.periods import Span, periods, span_of

COMMITTEE_FROM: Final = 7  # full members from which a branch must have a committee
TEMPORARY: Final = "temporary"
TEMPORARY_KINDS: Final[frozenset[Kind]] = frozenset({Kind.THEME_DAY, Kind.PARTY_LECTURE})
# Duties that are no gatherings and whose service exists (docs/adr/0013). A room that brings another adds its kind here
# and calls activities.plan.fulfilling.fulfil_duty; until then nobody could do the thing, so nobody owes it.
SERVICES_READY: Final[frozenset[Kind]] = frozenset({Kind.RESEARCH, Kind.POINTS_PUBLICATION})

REGULATIONS: Final = "《中国共产党支部工作条例（试行）》"
REGULATIONS_FROM: Final = date(2018, 10, 28)
CUSTOM_FROM: Final = date(2019, 1, 1)


@dataclass(frozen=True)
class BranchShape:
    """What the calendar must know of one node; `level` and `kind` are the node's own codes.

    `group_ids`: Party groups of the branch. `birthdays_in_month`: months (1..12) in which somebody on the
    roll has the anniversary of admission. `dissolved_on`: last day of its life.
    """

    level: str
    kind: str = "regular"
    founded_on: date | None = None
    dissolved_on: date | None = None
    full_members: int = 0
    has_committee: bool = False
    group_ids: tuple[int, ...] = ()
    birthdays_in_month: frozenset[int] = frozenset()

    @property
    def needs_committee(self) -> bool:
        return self.full_members >= COMMITTEE_FROM and self.kind != TEMPORARY


@dataclass(frozen=True)
class Condition:
    """When a duty applies, and what the grey cell says when it does not."""

    holds: Callable[[BranchShape, date], bool]  # shape, first day of the period
    otherwise: str


HAS_COMMITTEE: Final = Condition(
    lambda shape, _: shape.has_committee or shape.needs_committee, f"党员不足{COMMITTEE_FROM}人，不设支委会"
)
HAS_GROUPS: Final = Condition(lambda shape, _: bool(shape.group_ids), "不设党小组")
HAS_BIRTHDAY: Final = Condition(lambda shape, start: start.month in shape.birthdays_in_month, "本月无人")


@dataclass(frozen=True)
class Duty:
    """One line of the frequency table.

    `level` owes it; `per` says whose unit it is; `due_after` = days from the end of the period to the due day.
    """

    kind: Kind
    level: DutyLevel
    period: Period
    per: Per
    source: str
    done_by: DoneBy = DoneBy.GATHERING
    at_least: int = 1
    applies_if: Condition | None = None
    due_after: int = 0
    valid_from: date = CUSTOM_FROM
    valid_to: date | None = None

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def _law(kind: Kind, period: Period, article: str, applies_if: Condition | None = None) -> Duty:
    return Duty(
        kind,
        DutyLevel.BRANCH,
        period,
        Per.BRANCH,
        f"{REGULATIONS}{article}",
        applies_if=applies_if,
        valid_from=REGULATIONS_FROM,
    )


DUTIES: Final[tuple[Duty, ...]] = (
    _law(Kind.COMMITTEE_MEETING, Period.MONTH, "第十二条", HAS_COMMITTEE),
    Duty(
        Kind.GROUP_MEETING,
        DutyLevel.GROUP,
        Period.MONTH,
        Per.GROUP,
        f"{REGULATIONS}第十三条",
        applies_if=HAS_GROUPS,
        valid_from=REGULATIONS_FROM,
    ),
    _law(Kind.THEME_DAY, Period.MONTH, "第十六条"),
    Duty(
        Kind.DUES_COLLECTION,
        DutyLevel.BRANCH,
        Period.MONTH,
        Per.MEMBER,
        "中组发〔2008〕3号：按月交纳党费",
        DoneBy.SERVICE,
        valid_from=date(2008, 4, 1),
    ),
    Duty(
        Kind.POLITICAL_BIRTHDAY,
        DutyLevel.BRANCH,
        Period.MONTH,
        Per.BRANCH,
        "医院惯例：每月为当月入党的党员过政治生日",
        applies_if=HAS_BIRTHDAY,
    ),
    _law(Kind.GENERAL_MEETING, Period.QUARTER, "第十一条"),
    Duty(
        Kind.PARTY_LECTURE,
        DutyLevel.BRANCH,
        Period.QUARTER,
        Per.BRANCH,
        "医院惯例：每季度一次；条例只要求领导干部定期讲党课",
    ),
    Duty(
        Kind.POINTS_PUBLICATION,
        DutyLevel.BRANCH,
        Period.QUARTER,
        Per.BRANCH,
        "医院惯例：每季度晾晒积分，季后10日内公布",
        DoneBy.SERVICE,
        due_after=10,
    ),
    Duty(Kind.WARNING_EDUCATION, DutyLevel.BRANCH, Period.HALF_YEAR, Per.BRANCH, "本院设定：每年不少于两次警示教育"),
    _law(Kind.ORG_LIFE_MEETING, Period.YEAR, "第十七条"),
    _law(Kind.DEMOCRATIC_APPRAISAL, Period.YEAR, "第十八条"),
    Duty(
        Kind.HEART_TALK,
        DutyLevel.BRANCH,
        Period.YEAR,
        Per.MEMBER_PAIR,
        f"{REGULATIONS}第十九条",
        DoneBy.SERVICE,
        valid_from=REGULATIONS_FROM,
    ),
    Duty(
        Kind.CENTER_GROUP_STUDY,
        DutyLevel.COMMITTEE,
        Period.QUARTER,
        Per.COMMITTEE,
        "《中国共产党党委（党组）理论学习中心组学习规则》：每季度不少于一次",
    ),
    Duty(Kind.DEM_LIFE_MEETING, DutyLevel.COMMITTEE, Period.YEAR, Per.COMMITTEE, "领导班子民主生活会制度：每年一次"),
    Duty(Kind.REPORT_ASSESSMENT, DutyLevel.COMMITTEE, Period.YEAR, Per.COMMITTEE, "书记抓党建述职评议制度：每年一次"),
    Duty(Kind.RESEARCH, DutyLevel.COMMITTEE, Period.YEAR, Per.COMMITTEE, "医院惯例：每年一次调查研究", DoneBy.SERVICE),
    Duty(
        Kind.DOUBLE_ORG_LIFE,
        DutyLevel.PERSON,
        Period.YEAR,
        Per.LEADER,
        "领导干部以普通党员身份参加所在支部组织生活",
        DoneBy.DERIVED,
    ),
)


@dataclass(frozen=True)
class DueItem:
    """One thing owed in one period; `reason` is filled exactly when it is not applicable."""

    kind: Kind
    period: Period
    start: date
    end: date
    due: date
    group_id: int | None
    at_least: int
    done_by: DoneBy
    per: Per
    applicable: bool
    reason: str
    source: str

    @property
    def span(self) -> Span:
        return Span(self.period, self.start, self.end)


def due_items(
    shape: BranchShape, year: int, next_working_day: Callable[[date], date] = lambda day: day
) -> list[DueItem]:
    """Everything one node owes in a calendar year, in the order of the table, then of time.

    A period the node did not live in at all gives no item; one it lived in only partly gives an item that is
    not applicable. A level that owes nothing (a group owes through its branch) gives an empty list.
    `next_working_day` moves deadlines that lie after their period; the end of a period itself never moves.
    """
    items: list[DueItem] = []
    for duty in DUTIES:
        if _owner(duty) != shape.level:
            continue
        for span in periods(duty.period, year):
            if not duty.in_force(span.start) or not _lived_in(shape, span):
                continue
            due = span.end
            if duty.due_after:
                due = next_working_day(span.end + timedelta(days=duty.due_after))
            reason = _not_applicable(duty, shape, span)
            items.extend(
                DueItem(
                    kind=duty.kind,
                    period=duty.period,
                    start=span.start,
                    end=span.end,
                    due=due,
                    group_id=group_id,
                    at_least=duty.at_least,
                    done_by=duty.done_by,
                    per=duty.per,
                    applicable=not reason,
                    reason=reason,
                    source=duty.source,
                )
                for group_id in _units(duty, shape, reason)
            )
    return items


def is_asked(done_by: DoneBy, kind: Kind) -> bool:
    """True for what becomes a plan item: gatherings, and duties whose service there is."""
    return done_by == DoneBy.GATHERING or (done_by == DoneBy.SERVICE and kind in SERVICES_READY)


def not_asked_yet(level: str, kind: str, year: int) -> list[Duty]:
    """Duties of a node that another part of the system will see to, and that no plan item stands for yet."""
    return [
        duty
        for duty in DUTIES
        if _owner(duty) == level
        and duty.done_by == DoneBy.SERVICE
        and not is_asked(duty.done_by, duty.kind)
        and duty.in_force(date(year, 1, 1))
        and not (kind == TEMPORARY and duty.kind not in TEMPORARY_KINDS)
    ]


def duty_of(kind: Kind | str, day: date) -> Duty | None:
    """The duty in force for a kind on a day; None when nobody owes it then."""
    return next((duty for duty in DUTIES if duty.kind == Kind(kind) and duty.in_force(day)), None)


def period_of(kind: Kind | str, day: date) -> Span | None:
    """The period in which a gathering of this kind counts when it starts on `day` (local date)."""
    duty = duty_of(kind, day)
    return span_of(duty.period, day) if duty else None


def _owner(duty: Duty) -> str:
    """Level of the node whose calendar shows the duty: the branch answers for its groups."""
    return DutyLevel.BRANCH if duty.level == DutyLevel.GROUP else duty.level


def _units(duty: Duty, shape: BranchShape, reason: str) -> Iterator[int | None]:
    """One item per group where the groups owe it; a reason that holds for all needs one item only."""
    if duty.per == Per.GROUP and shape.group_ids and not reason:
        yield from shape.group_ids
    else:
        yield None


def _lived_in(shape: BranchShape, span: Span) -> bool:
    founded = shape.founded_on or date.min
    dissolved = shape.dissolved_on or date.max
    return founded <= span.end and span.start <= dissolved


_THIS: Final = {Period.MONTH: "本月", Period.QUARTER: "本季度", Period.HALF_YEAR: "本半年", Period.YEAR: "本年"}
_WHOLE: Final = {Period.MONTH: "月", Period.QUARTER: "季", Period.HALF_YEAR: "半年", Period.YEAR: "年"}


def _not_applicable(duty: Duty, shape: BranchShape, span: Span) -> str:
    if shape.kind == TEMPORARY and duty.kind not in TEMPORARY_KINDS:
        return "临时党支部不作要求"
    if shape.founded_on and shape.founded_on > span.start:
        return _partly(shape.founded_on, "成立", span)
    if shape.dissolved_on and shape.dissolved_on < span.end:
        return _partly(shape.dissolved_on, "撤销", span)
    if duty.applies_if and not duty.applies_if.holds(shape, span.start):
        return duty.applies_if.otherwise
    return ""


def _partly(day: date, what: str, span: Span) -> str:
    return f"{day.month}月{day.day}日{what}，{_THIS[span.period]}不足整{_WHOLE[span.period]}"
