"""What is not in the ledger yet, or contradicted: announced deductions, claims under way, objections raised."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from branches.models import User
from branches.working_days import load_calendar, next_working_day
from config.templatetags.ui import cn_day
from members.models import Member
from points.choices import Category, ClaimState, ObjectionState
from points.ledger import registry
from points.ledger.posting import CLAIM
from points.models import Claim, Objection
from points.rules import ZERO
from points.statement import doors
from points.statement.lines import Line, Tag, is_confidential, rule_text
from points.statement.parts import HIDDEN

CLOSES_ON = 5  # day of the next month
SHOWN = 20  # of each list; the newest
CLAIM_TAGS = {
    ClaimState.DRAFT: Tag("is-line", "pencil", "草稿"),
    ClaimState.DECLARED: Tag("is-sent", "hourglass-split", "待审核"),
    ClaimState.RETURNED: Tag("is-soon", "arrow-return-left", "已退回，请修改"),
}
OPEN_OBJECTIONS = (ObjectionState.RAISED, ObjectionState.ANSWERED, ObjectionState.APPEALED)


@dataclass(frozen=True)
class ObjectionLine:
    title: str
    day: date
    tag: Tag
    note: str
    url: str


@dataclass(frozen=True)
class Pending:
    """`contradicted`: ids of claims and of entries with an objection that is not settled."""

    deductions: tuple[Line, ...] = ()
    claims: tuple[Line, ...] = ()
    objections: tuple[ObjectionLine, ...] = ()
    entries_contradicted: frozenset[int] = field(default_factory=frozenset)

    @property
    def to_lose(self) -> Decimal:
        return sum((line.points for line in self.deductions), ZERO)

    @property
    def to_gain(self) -> Decimal:
        """Of claims that wait for their review."""
        return sum((line.points for line in self.claims if line.waiting), ZERO)


def pending_of(member: Member, year: int, today: date, *, reader: User, sees_discipline: bool) -> Pending:
    """Three statements, and one for the calendar where a deduction is announced. A draft is its writer's alone."""
    is_own = member.user_id == reader.pk
    states = [ClaimState.ANNOUNCED, ClaimState.DECLARED]
    states += [ClaimState.DRAFT, ClaimState.RETURNED] if is_own else []
    rows = Claim.objects.filter(member=member, month__year=year, state__in=states).exclude(category=Category.VETO)
    claims = list(rows.select_related("rule").order_by("-happened_on", "-pk"))
    objections = list(
        Objection.objects.filter(member=member, quarter__year=year)
        .select_related("entry__rule", "claim__rule")
        .order_by("-pk")[:SHOWN]
    )
    open_ones = [one for one in objections if one.state in OPEN_OBJECTIONS]
    contradicted = {one.claim_id for one in open_ones if one.claim_id}
    announced = [claim for claim in claims if claim.state == ClaimState.ANNOUNCED]
    days, urls = _posting_days(announced), registry.source(CLAIM).links([claim.pk for claim in claims], reader)
    return Pending(
        tuple(
            _deduction(
                claim,
                days[claim.pk],
                today,
                url=urls.get(claim.pk, ""),
                contradicted=claim.pk in contradicted,
                is_own=is_own,
                hidden=claim.is_confidential and not sees_discipline,
            )
            for claim in announced
        ),
        tuple(_claim(claim, urls.get(claim.pk, "")) for claim in claims if claim.state != ClaimState.ANNOUNCED)[:SHOWN],
        tuple(_objection(one, sees_discipline=sees_discipline) for one in objections),
        frozenset(one.entry_id for one in open_ones if one.entry_id),
    )


def _posting_days(claims: list[Claim]) -> dict[int, date]:
    """The day each announced deduction is posted: when its month closes, not before its term of notice is over."""
    if not claims:
        return {}
    calendar = load_calendar({claim.month.year for claim in claims})
    days = {}
    for claim in claims:
        after = claim.month.replace(year=claim.month.year + claim.month.month // 12, month=claim.month.month % 12 + 1)
        closes = next_working_day(after.replace(day=CLOSES_ON), calendar)
        days[claim.pk] = max(closes, claim.postable_from or closes)
    return days


def _deduction(
    claim: Claim, posted_on: date, today: date, *, url: str, contradicted: bool, is_own: bool, hidden: bool
) -> Line:
    if contradicted:
        tag = Tag("is-sent", "chat-left-text", "异议处理中，暂不入账")
    elif posted_on > today:
        tag = Tag("is-soon", "clock", f"{cn_day(posted_on, today)}关账时入账")
    else:
        tag = Tag("is-soon", "clock", "关账后入账")
    return Line(
        HIDDEN if hidden else claim.title,
        claim.happened_on,
        "事由仅本人和纪检人员可见" if hidden else rule_text(claim.rule, claim.points),
        claim.points,
        url="" if hidden else url,
        tags=(tag,),
        object_url="" if contradicted or not is_own else doors.new_objection(claim=claim.pk),
    )


def _claim(claim: Claim, url: str) -> Line:
    return Line(
        claim.title,
        claim.happened_on,
        rule_text(claim.rule, claim.points),
        claim.points,
        url=url,
        note=claim.comment if claim.state == ClaimState.RETURNED else "",
        tags=(CLAIM_TAGS[ClaimState(claim.state)],),
        waiting=claim.state == ClaimState.DECLARED,
    )


def _objection(one: Objection, *, sees_discipline: bool) -> ObjectionLine:
    about = one.entry or one.claim
    if about is None:
        title = "漏记的积分"
    elif is_confidential(about.rule) and not sees_discipline:
        title = HIDDEN
    else:
        title = one.entry.reason if one.entry else about.title
    match one.state:
        case ObjectionState.RAISED:
            tag, note = Tag("is-sent", "hourglass-split", "待答复"), f"支部应于{cn_day(one.answer_due)}前答复"
        case ObjectionState.APPEALED:
            due = f"，应于{cn_day(one.decide_due)}前裁定" if one.decide_due else ""
            tag, note = Tag("is-sent", "hourglass-split", "待党办裁定"), f"已向党委办公室申诉{due}"
        case ObjectionState.WITHDRAWN:
            tag, note = Tag("is-line", "arrow-return-left", "已撤回"), ""
        case _:
            good = bool(one.upheld)
            tag = Tag("is-ok" if good else "is-line", "check-lg" if good else "x-lg", "成立" if good else "不成立")
            decided = one.state == ObjectionState.DECIDED
            note = "党委办公室已裁定" if decided else "支部已答复"
            if not decided and not good and one.appeal_until:
                note += f"，{cn_day(one.appeal_until)}前可以申诉"
    day = about.happened_on if about is not None else one.quarter
    return ObjectionLine(title, day, tag, note, doors.objection(one.pk))
