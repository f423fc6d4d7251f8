"""What is not in the ledger yet, or contradicted: announced deductions, claims under way, objections raised."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone

from activities.choices import Period
from activities.plan.periods import period_label
from branches.access import may
from branches.choices import Capability
from branches.models import User
from config.templatetags.ui import cn_day
from members.models import Member
from points.choices import Category, ClaimState, ObjectionState
from points.cycle.announced import Posting, postings
from points.cycle.contesting import open_deductions
from points.cycle.people import readable
from points.ledger import registry
from points.ledger.posting import CLAIM
from points.models import Claim, Objection
from points.rules import ZERO
from points.statement import doors
from points.statement.lines import UNTOLD, Line, Tag, rule_text
from points.statement.parts import HIDDEN

SHOWN = 20  # of each list; the newest
CLAIM_TAGS = {
    ClaimState.DRAFT: Tag("is-line", "pencil", "草稿"),
    ClaimState.DECLARED: Tag("is-sent", "hourglass-split", "待审核"),
    ClaimState.RETURNED: Tag("is-soon", "arrow-return-left", "已退回，请修改"),
}


@dataclass(frozen=True)
class ObjectionLine:
    """`day`: when it was raised."""

    title: str
    day: date
    tag: Tag
    note: str
    url: str


@dataclass(frozen=True)
class Pending:
    deductions: tuple[Line, ...] = ()
    claims: tuple[Line, ...] = ()
    objections: tuple[ObjectionLine, ...] = ()

    @property
    def to_lose(self) -> Decimal:
        return sum((line.points for line in self.deductions), ZERO)

    @property
    def to_gain(self) -> Decimal:
        """Of claims that wait for their review."""
        return sum((line.points for line in self.claims if line.waiting), ZERO)


def pending_of(member: Member, year: int, today: date, *, reader: User, sees_discipline: bool) -> Pending:
    """Five statements, three more where a deduction is announced. A draft is its writer's alone, and an objection is
    for who raised it and for who handles it."""
    is_own = member.user_id == reader.pk
    states = [ClaimState.ANNOUNCED, ClaimState.DECLARED]
    states += [ClaimState.DRAFT, ClaimState.RETURNED] if is_own else []
    rows = Claim.objects.filter(member=member, month__year=year, state__in=states).exclude(category=Category.VETO)
    claims = list(rows.select_related("rule", "branch", "member__branch").order_by("-happened_on", "-pk"))
    urls = registry.source(CLAIM).links([claim.pk for claim in claims], reader)
    announced = [claim for claim in claims if claim.state == ClaimState.ANNOUNCED]
    return Pending(
        tuple(_deductions(announced, urls, today, reader=reader, is_own=is_own, sees_discipline=sees_discipline)),
        tuple(_claim(claim, urls.get(claim.pk, "")) for claim in claims if claim.state != ClaimState.ANNOUNCED)[:SHOWN],
        tuple(_objections(member, year, reader, is_own=is_own)),
    )


def _deductions(
    claims: list[Claim], urls: Mapping[int, str], today: date, *, reader: User, is_own: bool, sees_discipline: bool
) -> Iterator[Line]:
    if not claims:
        return
    posted = postings(claims, today)
    may_object = open_deductions(claims, today) if is_own and may(reader, Capability.POINTS_PUBLISHED_VIEW) else set()
    for claim in claims:
        hidden = claim.is_confidential and not sees_discipline
        yield Line(
            HIDDEN if hidden else claim.title,
            claim.happened_on,
            UNTOLD if hidden else rule_text(claim.rule, claim.points),
            claim.points,
            url="" if hidden else urls.get(claim.pk, ""),
            tags=(_when(posted[claim.pk]),),
            object_url=doors.new_objection(claim=claim.pk) if claim.pk in may_object else "",
        )


def _when(posting: Posting) -> Tag:
    return Tag(*(("is-sent", "chat-left-text") if posting.contradicted else ("is-soon", "clock")), posting.text)


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
        unsent=claim.state != ClaimState.DECLARED,
    )


def _objections(member: Member, year: int, reader: User, *, is_own: bool) -> list[ObjectionLine]:
    rows = readable(reader).filter(Q(member=member) | Q(raised_by=reader) if is_own else Q(member=member))
    rows = rows.filter(quarter__year=year).select_related("entry__rule", "claim__rule", "member__user")
    return [_objection(one, member) for one in rows.order_by("-pk")[:SHOWN]]


def _objection(one: Objection, member: Member) -> ObjectionLine:
    about = one.entry or one.claim
    if one.member_id != member.pk:
        title = f"{one.member.user.name}的积分"
    elif about is None:
        title = f"{period_label(Period.QUARTER, one.quarter)}晾晒的积分"
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
    return ObjectionLine(title, timezone.localdate(one.raised_at), tag, note, doors.objection(one.pk))
