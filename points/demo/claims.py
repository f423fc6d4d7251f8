"""The demo's claims: accepted ones through two years, in the first branch one in every state; deductions, a veto."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any, Final, NamedTuple

from activities.files import keep_file
from branches.choices import Role
from branches.models import AuditEntry, Branch, User
from branches.working_days import add_working_days, load_calendar
from config.uploads import check_attachment
from members.models import Member, month_of
from points.choices import ClaimOrigin, ClaimState
from points.claims.rules import NOTICE_DAYS, deed_digest
from points.claims.telling import ask_again, hand_on
from points.demo.gatherings import at
from points.demo.people import Hospital
from points.demo.scenes import draw_meeting
from points.ledger.posting import CLAIM, post_many
from points.models import Claim, Evidence, RuleItem
from points.rulebook.book import RuleBook

CODE: Final = "JG01"
SHARE: Final = 0.55  # of the members who claimed something in a year


class Sample(NamedTuple):
    code: str
    title: str
    level: str = ""
    quantity: int = 1


COMMON: Final = (
    Sample("E01", "社区健康宣教志愿服务", quantity=4),
    Sample("E01", "门诊导诊志愿服务", quantity=6),
    Sample("E01", "院前急救知识进校园", quantity=3),
    Sample("E02", "到乡镇卫生院义诊"),
    Sample("E04", "走访结对帮扶家庭"),
    Sample("E05", "在市中心血站无偿献血"),
    Sample("D02", "参加县级医院对口支援", level="long"),
    Sample("D02", "大型活动医疗保障", level="short"),
    Sample("D03", "患者家属送来锦旗，客服部已核实"),
    Sample("D05", "牵头开展质控改进项目"),
    Sample("D06", "带教新入职医务人员"),
    Sample("B02", "学习心得被支部采用"),
    Sample("B04", "参加市直机关党务培训班"),
    Sample("C02", "年度公开承诺兑现"),
    Sample("C04", "到社区报到并参加清扫"),
    Sample("F01", "院级优秀共产党员", level="hospital"),
    Sample("F01", "市级卫生健康系统先进个人", level="city"),
    Sample("F02", "支部工作案例获院级优秀", level="hospital"),
    Sample("F03", "科普文章在市级媒体刊发", level="city"),
    Sample("F05", "微党课比赛二等奖", level="second"),
)


def add_claims(hospital: Hospital, today: date) -> None:
    """Written straight to the table, with the trail of each; then posted."""
    made = _Maker(hospital, today)
    for code in hospital.branches:
        for year in (today.year - 1, today.year):
            made.year_of(code, year)
    Claim.objects.bulk_create(made.claims)
    accepted = [claim.pk for claim in made.claims if claim.state == ClaimState.ACCEPTED]
    for claim in made.claims:
        made.tell(claim)
    _in_every_state(made)
    AuditEntry.objects.bulk_create(sorted(made.lines, key=lambda line: line.at), batch_size=80)
    accepted += Claim.objects.filter(pk__in=made.extra, state=ClaimState.ACCEPTED).values_list("pk", flat=True)
    post_many(source_kind=CLAIM, source_ids=accepted, actor=None)


class _Maker:
    def __init__(self, hospital: Hospital, today: date) -> None:
        self.hospital, self.today = hospital, today
        self.book = RuleBook()
        self.random = random.Random("claims")
        self.claims: list[Claim] = []
        self.lines: list[AuditEntry] = []
        self.extra: list[int] = []

    def year_of(self, code: str, year: int) -> None:
        """Some members of a branch, one to three deeds each, all accepted by its organisation member."""
        reviewer = self._reviewer(code)
        last = min(date(year, 12, 31), self.today - timedelta(days=12))
        for person in self.hospital.roll(code, last):
            if self.random.random() > SHARE or person.member.user_id == reviewer.pk:
                continue
            start = max(date(year, 1, 5), person.came)
            if (last - start).days < 20:
                continue
            for sample in self.random.sample(COMMON, self.random.randint(1, 3)):
                day = start + timedelta(days=self.random.randrange((last - start).days))
                claim = self.claim(person.member, self.hospital.branches[code], sample, day, ClaimState.ACCEPTED)
                claim.decided_by, claim.decided_at = reviewer, at(min(day + timedelta(days=6), self.today), 17)
                claim.revision = 1
                self.claims.append(claim)

    def claim(self, member: Member, branch: Branch, sample: Sample, day: date, state: ClaimState) -> Claim:
        rule = self.book.on(self.hospital.root.pk, day).rows[sample.code]
        quantity = Decimal(sample.quantity)
        return Claim(
            member=member,
            branch=branch,
            rule=rule,
            rule_code=rule.code,
            category=rule.category,
            level=sample.level,
            quantity=quantity,
            points=_worth(rule, sample),
            happened_on=day,
            month=month_of(day),
            title=sample.title,
            deed=deed_digest(category=rule.category, code=rule.code, day=day, title=sample.title),
            state=state,
            declared_by=member.user,
            declared_at=at(min(day + timedelta(days=2), self.today), 20),
        )

    def tell(self, claim: Claim) -> None:
        """The lines of the trail that its state follows from."""
        declarer = claim.declared_by or claim.member.user
        if claim.origin == ClaimOrigin.MEMBER and claim.state != ClaimState.DRAFT:
            self.line(claim, "claim.declared", declarer, claim.declared_at)
        done = {
            ClaimState.ACCEPTED: "claim.accepted",
            ClaimState.RETURNED: "claim.returned",
            ClaimState.REJECTED: "claim.rejected",
            ClaimState.VOIDED: "claim.voided",
        }.get(ClaimState(claim.state))
        if done and claim.decided_by and claim.origin == ClaimOrigin.MEMBER:
            self.line(claim, done, claim.decided_by, claim.decided_at, claim.comment)

    def line(self, claim: Claim, action: str, who: User, when: datetime | None, comment: str = "") -> None:
        self.lines.append(
            AuditEntry(
                at=when or at(self.today, 9),
                actor=who,
                actor_name=who.name,
                action=action,
                target_type="points.claim",
                target_id=claim.pk,
                target_text=str(claim),
                branch=claim.branch,
                changes={"comment": [None, comment]} if comment else {},
            )
        )

    def keep(self, claim: Claim, **fields: Any) -> Claim:
        for name, value in fields.items():
            setattr(claim, name, value)
        claim.save()
        self.extra.append(claim.pk)
        self.tell(claim)
        return claim

    def prove(self, claim: Claim, name: str) -> None:
        """A drawn picture as evidence."""
        picture = BytesIO(draw_meeting(random.Random(name)))
        picture.name = name
        one = check_attachment(picture, limit=20 * 2**20)
        row = Evidence(claim=claim, name=one.name, content_type=one.content_type, size=len(one.data), sha256=one.sha256)
        row.uploaded_by = claim.member.user
        row.file.name = keep_file(one)
        row.save()

    def _reviewer(self, code: str) -> User:
        posts = self.hospital.officers[code]
        return posts.get(Role.ORGANISATION_MEMBER) or posts.get(Role.BRANCH_SECRETARY) or self.hospital.office


def _worth(rule: RuleItem, sample: Sample) -> Decimal:
    if rule.levels:
        return next(Decimal(one["points"]) for one in rule.levels if one["code"] == sample.level)
    return Decimal(rule.points) * int(sample.quantity // rule.per)


def _in_every_state(made: _Maker) -> None:
    """The first branch of the hospital, and the demo's own log-ins."""
    hospital, today = made.hospital, made.today
    branch, posts = hospital.branches[CODE], hospital.officers[CODE]
    organiser = posts[Role.ORGANISATION_MEMBER]
    officers = {user.pk for user in posts.values()}
    own = Member.objects.get(user__username="member")
    people = [p.member for p in hospital.roll(CODE, today) if p.member.user_id not in officers and p.member != own]

    def day(ago: int) -> date:
        return today - timedelta(days=ago)

    waiting = (
        (own, Sample("D03", "患者家属送来感谢信"), 3, "感谢信.png"),
        (people[0], Sample("E01", "周末门诊导诊", quantity=4), 4, ""),
        (people[1], Sample("F01", "院级护理标兵", level="hospital"), 6, "证书.png"),
        (people[2], Sample("C04", "社区网格志愿服务"), 8, "社区盖章.png"),
        (organiser.member, Sample("E05", "在市中心血站无偿献血"), 5, "献血证.png"),
    )
    for member, sample, ago, proof in waiting:
        claim = made.keep(made.claim(member, branch, sample, day(ago), ClaimState.DECLARED))
        if proof:
            made.prove(claim, proof)
        hand_on(claim)
    decided = {"decided_by": organiser, "decided_at": at(day(2), 17)}
    returned = made.keep(
        made.claim(own, branch, Sample("D05", "牵头流程优化项目"), day(20), ClaimState.RETURNED),
        comment="请补充立项批文",
        **decided,
    )
    ask_again(returned)
    made.keep(
        made.claim(own, branch, Sample("E04", "走访结对帮扶家庭"), day(33), ClaimState.REJECTED),
        comment="属于科室随访，不计入志愿服务",
        **decided,
    )
    made.keep(made.claim(own, branch, Sample("F03", "科普短文在院报刊发", level="hospital"), day(1), ClaimState.DRAFT))
    made.keep(
        made.claim(
            people[3], branch, Sample("F02", "支部案例获院级优秀", level="hospital"), day(70), ClaimState.VOIDED
        ),
        comment="奖项属于科室集体，不记个人",
        **decided,
    )
    _deductions(made, branch, people, posts)
    _veto(made, hospital)


def _deductions(made: _Maker, branch: Branch, people: list[Member], posts: dict[Role, User]) -> None:
    today = made.today
    calendar = load_calendar([today.year])

    def deduct(member: Member, sample: Sample, ago: int, actor: User, **fields: Any) -> None:
        claim = made.claim(member, branch, sample, today - timedelta(days=ago), ClaimState.ANNOUNCED)
        announced = today - timedelta(days=min(ago, 2))
        data = {
            "origin": ClaimOrigin.OFFICER,
            "declared_by": actor,
            "declared_at": at(announced, 10),
            "announced_on": announced,
            "postable_from": add_working_days(announced, NOTICE_DAYS, calendar),
        }
        claim = made.keep(claim, **data | fields)
        made.line(claim, "deduction.announced", actor, at(announced, 10))

    organiser = posts[Role.ORGANISATION_MEMBER]
    deduct(people[4], Sample("G08", "支部检查时未佩戴党员徽章"), 4, organiser)
    deduct(people[5], Sample("G05", "党员活动室值班没有按安排完成", level="unfinished"), 6, organiser)
    discipline = posts.get(Role.DISCIPLINE_MEMBER)
    if discipline is not None:
        number = f"江医纪〔{today.year}〕6号"
        hushed = Sample("G09", "纪律扣分", level="reminded")
        deduct(people[6], hushed, 9, discipline, document_no=number, deed=f"G09|{number}")


def _veto(made: _Maker, hospital: Hospital) -> None:
    """One that its secretary agreed to and the Party office has yet to confirm."""
    code = "WK01"
    posts = hospital.officers[code]
    entered, secretary = posts.get(Role.DISCIPLINE_MEMBER), posts.get(Role.BRANCH_SECRETARY)
    if entered is None or secretary is None:
        return
    officers = {user.pk for user in posts.values()}
    member = next(p.member for p in hospital.roll(code, made.today) if p.member.user_id not in officers)
    day, number = made.today - timedelta(days=15), f"江医纪〔{made.today.year}〕9号"
    claim = made.claim(member, hospital.branches[code], Sample("V01", "一票否决"), day, ClaimState.DECLARED)
    claim = made.keep(
        claim,
        points=0,
        origin=ClaimOrigin.OFFICER,
        declared_by=entered,
        document_no=number,
        deed=f"V01|{number}",
        first_by=secretary,
        first_at=at(made.today - timedelta(days=3), 15),
    )
    made.line(claim, "veto.entered", entered, at(made.today - timedelta(days=6), 10))
    made.line(claim, "claim.first_reviewed", secretary, claim.first_at)
    hand_on(claim)
