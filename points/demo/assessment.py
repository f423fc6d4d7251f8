"""Last year's assessment: confirmed for most branches, one proposed, one open with a tie at the cut; who is exempt."""

import random
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from django.utils import timezone

from branches.choices import Role
from branches.models import Branch, Notice
from members.choices import ExemptionGround
from members.models import Exemption, Member
from members.rules import age
from points.assessment.deciding import confirm, propose, set_grade
from points.assessment.figures import Board, Row, board
from points.assessment.rules import Cut
from points.choices import ClaimOrigin, ClaimState, Grade
from points.demo.people import Hospital, Person
from points.ledger.posting import CLAIM, post_many
from points.models import AppraisalResult, Assessment, Claim, MemberYear
from points.rulebook.book import RuleBook
from points.rules import ZERO, composite, points_for

OPEN, PROPOSED = "JG01", "NK02"
AGED: Final = 14  # of the retired branch
DEEDS: Final = (  # code, what was done
    ("B02", "主题教育心得体会获采纳"),
    ("B04", "参加市委组织部党务培训"),
    ("C02", "岗位承诺事项按期兑现"),
    ("D06", "带教规培医师一年"),
    ("D03", "收到患者表扬信"),
    ("D05", "牵头科室质量改进项目"),
    ("D07", "年度医德考评优秀"),
    ("E04", "结对社区走访慰问"),
    ("E05", "参加无偿献血"),
    ("E02", "赴乡镇义诊"),
    ("E02", "社区义诊"),
    ("F06", "流程优化建议被采纳"),
)
HONOURS: Final = (  # code, level and title, for the first two of each branch
    (("F01", "provincial", "省级优秀共产党员"), ("F02", "provincial", "支部工作案例获省级优秀")),
    (("F01", "city", "市级卫生健康系统先进个人"), ("F02", "city", "党建论文获市级二等奖")),
)


def add_exemptions(hospital: Hospital, today: date) -> None:
    """The oldest of the retired branch; one long ill and one gone elsewhere in others."""
    year = today.year - 1
    start = date(year, 1, 1)
    retired = sorted(hospital.roll("LT01", start), key=lambda one: one.member.birth_date)
    rows = [(one, "LT01", ExemptionGround.AGED) for one in retired if age(one.member.birth_date, start) >= 70][:AGED]
    for code, ground in (("JG01", ExemptionGround.ILL), ("WK01", ExemptionGround.FLOATING)):
        free = [one for one in hospital.roll(code, start) if one.left is None and one.member.user.username is None]
        officers = set(hospital.officers[code].values())
        rows.append((next(one for one in reversed(free) if one.member.user not in officers), code, ground))
    Exemption.objects.bulk_create(
        Exemption(
            member=one.member,
            ground=ground,
            starts_on=start,
            approved_on=date(year, 1, 8),
            entered_by=hospital.officers[code].get(Role.ORGANISATION_MEMBER) or hospital.office,
        )
        for one, code, ground in rows
    )


def add_assessments(hospital: Hospital, today: date) -> None:
    """After all points of last year are in the ledger and the year is locked."""
    year = today.year - 1
    rng = random.Random("votes")
    day = date(year, 12, 31)
    exempt = _exempt(hospital, day)
    for code, branch in hospital.branches.items():
        full = [one.member for one in hospital.roll(code, day) if one.is_full(day)]
        if not full:
            continue
        if code == OPEN:
            _tied_votes(hospital, full, year, exempt)
        else:
            _votes(hospital, code, full, year, rng)
        if code != OPEN:
            _settle(hospital, code, branch, year, today)


def _keys(hospital: Hospital, day: date) -> list[int]:
    return [one.member.pk for code in hospital.branches for one in hospital.roll(code, day)]


def _exempt(hospital: Hospital, day: date) -> set[int]:
    return {member for member, _ in Exemption.objects.years_of(_keys(hospital, day), [day.year])}


def add_deeds(hospital: Hospital, today: date) -> None:
    """What the busier half of the members did last year beside the gatherings, accepted long ago."""
    rng, book, year = random.Random("assessment"), RuleBook(), today.year - 1
    honoured = random.Random("honours")
    day = date(year, 12, 31)
    exempt = _exempt(hospital, day)
    claims = []
    for code in hospital.branches:
        people = [one for one in hospital.roll(code, day) if one.is_full(day) and one.member.pk not in exempt]
        for n, one in enumerate(people):
            deeds = DEEDS if n % 5 < 2 else rng.sample(DEEDS, 3)
            claims += [_claim(hospital, book, code, one, *deed, year, rng) for deed in deeds]
        for one, won in zip(people, HONOURS, strict=False):
            for item, level, title in won:
                claims.append(_claim(hospital, book, code, one, item, title, year, honoured, level))
    made = Claim.objects.bulk_create([claim for claim in claims if claim is not None], batch_size=100)
    post_many(source_kind=CLAIM, source_ids=[claim.pk for claim in made], actor=None)


def _claim(
    hospital: Hospital,
    book: RuleBook,
    code: str,
    one: Person,
    item: str,
    title: str,
    year: int,
    rng: random.Random,
    level: str = "",
) -> Claim | None:
    day = date(year, rng.randint(2, 11), rng.randint(1, 28))
    edition = book.on(hospital.root.pk, day)
    if item not in edition.items or not one.on_roll(day):
        return None
    rule, at = edition.rows[item], timezone.make_aware(datetime.combine(day, time(17)))
    return Claim(
        member=one.member, branch=one.member.branch, rule=rule, rule_code=item, category=rule.category,
        points=points_for(edition.items[item], level=level), level=level, happened_on=day, month=day.replace(day=1),
        title=title, origin=ClaimOrigin.MEMBER,
        state=ClaimState.ACCEPTED, declared_by=one.member.user, declared_at=at, decided_at=at, revision=1,
        decided_by=hospital.officers[code].get(Role.ORGANISATION_MEMBER) or hospital.office,
    )  # fmt: skip


def _votes(hospital: Hospital, code: str, full: Sequence[Member], year: int, rng: random.Random) -> None:
    """Whoever has more points has, by and large, more votes for 优秀."""
    totals = _totals(full, year)
    voters = max(3, round(len(full) * 0.92))
    rows = []
    for member in full:
        best = 0.95 if totals[member.pk] >= 86 else 0.6 if totals[member.pk] >= 80 else 0.35
        excellent = min(voters, round(voters * min(1.0, best + rng.uniform(-0.08, 0.06))))
        basic = rng.choice([0, 0, 0, 1])
        qualified = max(0, voters - excellent - basic)
        rows.append(_result(hospital, code, member, year, (excellent, qualified, voters - excellent - qualified, 0)))
    AppraisalResult.objects.bulk_create(rows)


def _tied_votes(hospital: Hospital, full: Sequence[Member], year: int, exempt: set[int]) -> None:
    """One seat for 优秀 is left, and two members with the same points and votes contend for it."""
    totals = _totals(full, year)
    people = sorted((one for one in full if one.pk not in exempt), key=lambda one: (-totals[one.pk], one.pk))
    most, voters = len(full) // 3, len(full) - 2
    top = people[: most + 1]
    at = next((n for n in reversed(range(len(top) - 1)) if totals[top[n].pk] == totals[top[n + 1].pk]), None)
    equal = [] if at is None else top[at : at + 2]
    ahead = [one for one in top if one not in equal]
    least = min((composite(totals[one.pk], {Grade.EXCELLENT: voters}) or ZERO for one in ahead), default=ZERO)
    behind = 1  # so many votes for 合格 put the two behind all others of the first
    while equal and (composite(totals[equal[0].pk], _poll(voters, behind)) or ZERO) >= least:
        behind += 1
    rows = []
    for member in full:
        lower = 0 if member in ahead else behind if member in equal else round(voters * 0.6)
        rows.append(_result(hospital, OPEN, member, year, (voters - lower, lower, 0, 0)))
    AppraisalResult.objects.bulk_create(rows)


def _poll(voters: int, lower: int) -> dict[Grade, int]:
    return {Grade.EXCELLENT: voters - lower, Grade.QUALIFIED: lower}


def _totals(members: Sequence[Member], year: int) -> dict[int, Decimal]:
    known = dict(MemberYear.objects.filter(member__in=members, year=year).values_list("member_id", "total"))
    return {member.pk: known.get(member.pk, Decimal(60)) for member in members}


def _result(
    hospital: Hospital, code: str, member: Member, year: int, counts: tuple[int, int, int, int]
) -> AppraisalResult:
    names = ("excellent", "qualified", "basically_qualified", "unqualified")
    by = hospital.officers[code].get(Role.ORGANISATION_MEMBER) or hospital.office
    fields: dict[str, Any] = dict(zip(names, counts, strict=True))
    return AppraisalResult(member=member, branch=member.branch, year=year, entered_by=by, **fields)


def _settle(hospital: Hospital, code: str, branch: Branch, year: int, today: date) -> None:
    """Ties are decided, the branch proposes, the committee confirms; one branch still waits for it."""
    secretary = hospital.officers[code][Role.BRANCH_SECRETARY]
    shown = board(branch, year, today)
    for row, grade in _decisions(shown):
        set_grade(
            branch=branch,
            year=year,
            member=row.member,
            grade=grade,
            reason="支部委员会表决决定",
            version=board(branch, year, today).version,
            actor=hospital.office if row.member.user == secretary else secretary,
        )
    version = board(branch, year, today).version
    made = propose(branch=branch, year=year, cap_reason="", version=version, actor=secretary)
    if code != PROPOSED:
        meeting = f"{today.year}年1月20日党委会"
        confirm(branch=branch, year=year, meeting=meeting, version=made.version, actor=hospital.chief)
        Notice.objects.filter(item_key=f"assessment:{made.pk}").delete()  # read long ago
    if today > date(today.year, 1, 20):
        days = [timezone.make_aware(datetime.combine(date(today.year, 1, day), time(16))) for day in (12, 20)]
        rows = Assessment.objects.filter(pk=made.pk)
        rows.update(proposed_at=days[0], **({} if code == PROPOSED else {"confirmed_at": days[1]}))


def _decisions(shown: Board) -> list[tuple[Row, Grade]]:
    """Who of those equal at the cut is given 优秀: as many as there are seats."""
    tied = [row for row in shown.rows if row.judged.cut == Cut.TIED]
    return [(row, Grade.EXCELLENT if n < shown.cap.seats else Grade.QUALIFIED) for n, row in enumerate(tied)]
