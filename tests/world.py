"""A whole small hospital for tests that walk everything: one object of every kind a URL may name."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from activities.choices import AbsenceReason, ActivityState, Kind, Period, StudyState
from activities.files import keep_file
from activities.models import (
    Attachment,
    Candidate,
    Election,
    Exclusion,
    FiledReport,
    FollowUp,
    LeaveRequest,
    MakeUp,
    Motion,
    Photo,
    PlanItem,
    PushedFile,
    PushedItem,
    StudyHours,
)
from activities.search import save_filter
from branches.choices import BranchLevel, Role, Topic
from branches.inbox import notify
from branches.models import Branch, Job, Report, ReportSchedule, User
from branches.office.services import keep, request_report
from config.uploads import CheckedFile
from members.models import BatchState, Exemption, ImportBatch, Member
from points.choices import BatchKind, ClaimState, MarkKind, MarkLevel, RatingState, RoundState
from points.models import (
    Claim,
    Evidence,
    Objection,
    PointsBatch,
    Publication,
    RuleItem,
    RuleVersion,
    Scorecard,
    ScorecardLine,
    StarMark,
    StarObjection,
    StarRating,
    StarRound,
)
from tests import factories

AT_HOSPITAL = {
    Role.PARTY_COMMITTEE_SECRETARY,
    Role.PARTY_COMMITTEE_MEMBER,
    Role.PARTY_OFFICE,
    Role.DISCIPLINE_OFFICE,
    Role.GENERAL_BRANCH_SECRETARY,
    Role.SYSTEM_ADMIN,
    Role.SUPERIOR_VIEWER,
    Role.AUDIT_ADMIN,
}


@dataclass
class World:
    hospital: Branch
    branch: Branch
    group: Branch
    canary: str  # the name of a person who is a member here and nowhere else
    args: dict[str, dict[str, Any]]
    person: Callable[[Role], User]


def votes(branch: Branch, group: Branch, member: Member, secretary: User) -> dict[str, dict[str, Any]]:
    """A meeting with a motion, an election and somebody excluded."""
    meeting = factories.make_activity(
        branch, kinds=(Kind.GENERAL_MEETING,), group=group, members=[member], recorder=secretary, chair=secretary
    )
    motion = Motion.objects.create(activity=meeting, number=1, text=f"{member}提出的议题")
    election = Election.objects.create(activity=meeting, number=1, body="secretary", seats=1)
    Candidate.objects.create(election=election, user=member.user, name=str(member), order=1)
    exclusion = Exclusion.objects.create(activity=meeting, member=member, reason="frail", consent="批字1号")
    found = {"meeting": meeting, "motion": motion, "election": election, "exclusion": exclusion}
    return {name: {"pk": row.pk} for name, row in found.items()}


def claims(branch: Branch, member: Member, secretary: User) -> dict[str, dict[str, Any]]:
    """A declared claim with its evidence, and a deduction the member was told of."""

    def make(code: str, points: int, **fields: Any) -> Claim:
        rule = RuleItem.objects.get(version__hospital=None, code=code)
        return Claim.objects.create(
            member=member,
            branch=branch,
            rule=rule,
            rule_code=code,
            category=rule.category,
            points=points,
            happened_on=date(2026, 11, 11),
            month=date(2026, 11, 1),
            **fields,
        )

    claim = make("E05", 1, title=f"{member}献血", state=ClaimState.DECLARED, declared_by=member.user)
    told = {"state": ClaimState.ANNOUNCED, "announced_on": date(2026, 11, 12), "postable_from": date(2026, 11, 17)}
    deduction = make("G08", -1, title=f"{member}未佩戴党徽", declared_by=secretary, **told)
    hushed = {"state": ClaimState.DECLARED, "document_no": f"{member}的决定", "declared_by": member.user}
    veto = make("V01", 0, title="一票否决", **hushed)
    file = CheckedFile("献血证.pdf", "application/pdf", b"%PDF-1.7", "1" * 64)
    evidence = Evidence.objects.create(
        claim=claim,
        name=file.name,
        file=keep_file(file),
        content_type=file.content_type,
        size=8,
        sha256=file.sha256,
        uploaded_by=member.user,
    )
    batch = PointsBatch.objects.create(
        branch=branch,
        kind=BatchKind.CLAIMS,
        file_name=f"{member}.xlsx",
        uploaded_by=secretary,
        summary={"good": 0, "known": 0, "left": 0, "wrong": 0},
    )
    found = {"claim": claim, "deduction": deduction, "veto": veto, "evidence": evidence, "points_batch": batch}
    return {name: {"pk": row.pk} for name, row in found.items()}


def rules(hospital: Branch, canary: str) -> dict[str, dict[str, Any]]:
    """An edition of the hospital that begins later, and a draft with an item."""
    facts = {"hospital": hospital, "basis": f"{canary}的会议"}
    edition = RuleVersion.objects.create(
        name="明年规则", valid_from=date(2099, 1, 1), published_at=timezone.now(), **facts
    )
    draft = RuleVersion.objects.create(name="后年规则", valid_from=date(2100, 1, 1), **facts)
    for version in (edition, draft):
        item = RuleItem.objects.create(
            version=version, code="A01", category="ORG", title=f"{canary}的项目", points=1, origin="manual"
        )
    return {
        "edition": {"pk": edition.pk},
        "rule_draft": {"pk": draft.pk},
        "rule_item": {"pk": draft.pk, "item": item.pk},
    }


def score_cards(hospital: Branch, canary: str) -> dict[str, dict[str, Any]]:
    """A card of the hospital that begins later, and a draft with a line."""
    facts = {"hospital": hospital, "basis": f"{canary}的会议"}
    card = Scorecard.objects.create(name="明年评分表", valid_from=2099, published_at=timezone.now(), **facts)
    draft = Scorecard.objects.create(name="后年评分表", valid_from=2100, **facts)
    for one in (card, draft):
        line = ScorecardLine.objects.create(card=one, code="9.1", title=f"{canary}的项目", measure="given", max=100)
    return {
        "star_card": {"pk": card.pk},
        "star_card_draft": {"pk": draft.pk},
        "star_card_line": {"pk": draft.pk, "line": line.pk},
    }


def build_world(place: str) -> World:
    """Two of these in one database must know nothing of each other."""
    canary = f"{place}暗记"
    hospital = factories.make_branch(name=f"{place}人民医院党委")
    branch = factories.make_branch(hospital, name=f"{place}第一党支部")
    group = factories.make_branch(branch, name=f"{place}第一党小组", level=BranchLevel.GROUP)
    member = factories.make_member(branch, group=group, name=canary)
    secretary = factories.UserFactory(name=f"{place}书记")
    factories.make_member(branch, group=group, user=secretary)
    post = factories.appoint(secretary, branch, Role.BRANCH_SECRETARY)
    day = date(2026, 11, 11)

    def record(state: str) -> Any:
        return factories.make_activity(
            branch,
            kinds=(Kind.GROUP_MEETING,),
            group=group,
            day=day,
            state=state,
            members=[member],
            recorder=secretary,
            chair=secretary,
            topic=f"{canary}的活动",
        )

    confirmed, submitted, draft = (
        record(state) for state in (ActivityState.CONFIRMED, ActivityState.SUBMITTED, ActivityState.DRAFT)
    )
    item = PlanItem.objects.create(
        branch=branch,
        group=group,
        kind=Kind.GROUP_MEETING,
        period=Period.MONTH,
        start=date(2026, 11, 1),
        end=date(2026, 11, 30),
        due=date(2026, 11, 30),
        key=f"world {place}",
    )
    photo = Photo(activity=confirmed, width=4, height=3, size=4, sha256="0" * 64, uploaded_by=secretary)
    photo.image.save(f"{item.pk}.jpg", ContentFile(b"jpeg"), save=False)
    photo.thumbnail.save(f"{item.pk}-s.jpg", ContentFile(b"jpeg"))
    attached = CheckedFile("要求.pdf", "application/pdf", b"%PDF-1.7", "0" * 64)
    pushed = PushedItem.objects.create(
        branch=hospital,
        title=f"{canary}专题学习",
        starts_on=date(2026, 11, 1),
        due=date(2026, 11, 30),
        form_key=uuid.uuid4(),
        pushed_by=secretary,
    )
    PlanItem.objects.create(
        branch=branch,
        kind=Kind.ASSIGNED,
        period=Period.MONTH,
        start=pushed.starts_on,
        end=pushed.due,
        due=pushed.due,
        title=pushed.title,
        pushed=pushed,
        key=f"world pushed {place}",
    )
    pushed_file = PushedFile(item=pushed, name=attached.name, content_type=attached.content_type, size=8)
    pushed_file.file.name = keep_file(attached)
    pushed_file.save()
    report = FiledReport(
        item=item,
        title="报告",
        authors=canary,
        name=attached.name,
        content_type=attached.content_type,
        form_key=uuid.uuid4(),
        filed_by=secretary,
    )
    report.file.name = keep_file(attached)
    report.save()
    plan_job = Job.objects.create(
        task="activities.tasks.replan_nodes", business_key=f"world {place}", requested_by=secretary
    )
    leave = LeaveRequest.objects.create(activity=draft, member=member, reason=AbsenceReason.DUTY)
    make_up = MakeUp.objects.create(attendance=confirmed.attendances.get(), due=date(2026, 12, 11))
    course = StudyHours.objects.create(
        member=member, branch=branch, title=f"{canary}的培训", studied_on=day, hours=4, state=StudyState.ASKED
    )
    matter = FollowUp.objects.create(activity=confirmed, number=1, text=f"{canary}的事项")
    attachment = Attachment.objects.create(
        activity=confirmed,
        name=attached.name,
        file=keep_file(attached),
        content_type=attached.content_type,
        size=len(attached.data),
        sha256="0" * 64,
        uploaded_by=secretary,
    )
    batch = ImportBatch.objects.create(
        organisation=hospital, uploaded_by=secretary, file_name=f"{canary}.xlsx", state=BatchState.CANCELLED
    )
    exemption = Exemption.objects.create(
        member=member, ground="floating", starts_on=day, approved_on=day, entered_by=secretary
    )
    appraisal = PointsBatch.objects.create(
        branch=branch,
        kind=BatchKind.APPRAISAL,
        file_name=f"{canary}.xlsx",
        params={"year": 2025},
        summary={"new": 0, "changed": 0, "same": 0, "own": 0, "wrong": 0},
        uploaded_by=secretary,
    )
    notice = notify(
        recipient=secretary, topic=Topic.RECORD, item_key=f"world {place}", step="1", text=f"{canary}的消息", url="/"
    )
    kept = request_report(kind="handbook", branch=branch, start=date(2026, 1, 1), format="docx", actor=secretary)
    Report.objects.filter(pk=kept.pk).update(title=f"{canary}手册")
    keep(report=kept, contents=BytesIO(b"PK"))
    schedule = ReportSchedule.objects.create(
        kind="year_summary", branch=branch, formats=["docx"], day_of_month=5, since=day, keeper=secretary
    )
    publication = Publication.objects.create(
        branch=branch,
        quarter=date(2026, 7, 1),
        published_on=date(2026, 10, 12),
        objections_until=date(2026, 10, 19),
        answers_until=date(2026, 10, 28),
        appeals_until=date(2026, 11, 11),
        table={"rows": [{"member": member.pk, "name": canary, "group": "", "exempt": True, "place": None}], "late": []},
        digest="0" * 64,
        published_by=secretary,
    )
    star_mark = StarMark.objects.create(
        branch=branch,
        year=2026,
        kind=MarkKind.BONUS,
        level=MarkLevel.COUNTY,
        title="区级先进基层党组织",
        decided_by="区卫生健康委员会",
        document_no="区卫党〔2026〕1号",
        happened_on=date(2026, 6, 28),
        entered_by=secretary,
    )
    card = Scorecard.objects.get(hospital__isnull=True, category="")
    star_rating = StarRating.objects.create(
        branch=branch,
        hospital=hospital,
        year=2025,
        state=RatingState.PUBLICISED,
        card=card,
        facts={"places": [1, 1, 1]},
        total=82,
        stars=4,
        self_comment=f"{canary}的自评",
        decision=["总分82.00，按分数线为四星"],
        self_rated_by=secretary,
        self_rated_at=factories.at(date(2026, 1, 9)),
    )
    StarRound.objects.create(
        hospital=hospital,
        year=2025,
        state=RoundState.PUBLICISED,
        publicised_on=date(2026, 2, 2),
        objections_until=date(2026, 2, 9),
        publicised_by=secretary,
    )
    star_objection = StarObjection.objects.create(
        rating=star_rating, branch=branch, text=f"{canary}的星级异议", raised_by=member.user
    )
    objection = Objection.objects.create(
        member=member,
        branch=branch,
        quarter=publication.quarter,
        raised_by=member.user,
        text=f"{canary}的异议",
        answer_due=publication.answers_until,
    )
    args = {
        "hospital": {"pk": hospital.pk},
        "branch": {"pk": branch.pk},
        "group": {"pk": group.pk},
        "member": {"pk": member.pk},
        "user": {"pk": member.user_id},
        "post": {"pk": post.pk},
        "confirmed": {"pk": confirmed.pk},
        "submitted": {"pk": submitted.pk},
        "draft": {"pk": draft.pk},
        "item": {"pk": item.pk},
        "photo": {"pk": photo.pk},
        **votes(branch, group, member, secretary),
        **claims(branch, member, secretary),
        **rules(hospital, canary),
        **score_cards(hospital, canary),
        "matter": {"pk": matter.pk},
        "attachment": {"pk": attachment.pk},
        "pushed": {"pk": pushed.pk},
        "pushed_file": {"pk": pushed_file.pk},
        "report": {"pk": report.pk},
        "plan_job": {"pk": plan_job.pk},
        "kept": {"pk": kept.pk},
        "schedule": {"pk": schedule.pk},
        "batch": {"pk": batch.pk},
        "leave": {"pk": leave.pk},
        "make_up": {"pk": make_up.pk},
        "publication": {"pk": publication.pk},
        "objection": {"pk": objection.pk},
        "star_mark": {"pk": star_mark.pk},
        "star_rating": {"pk": star_rating.pk},
        "star_objection": {"pk": star_objection.pk},
        "course": {"pk": course.pk},
        "exemption": {"pk": exemption.pk},
        "appraisal": {"pk": appraisal.pk},
        "notice": {"pk": notice.pk},
        "saved_filter": {"pk": save_filter(user=secretary, name="本月", query="span=this-month").pk},
    }

    def person(role: Role) -> User:
        user = factories.UserFactory(name=f"{place}{role.label}")
        if role == Role.GROUP_LEADER:
            factories.make_member(branch, group=group, user=user)
            factories.appoint(user, group, role)
        elif role in {Role.MEMBER, Role.PROBATIONARY}:
            factories.make_member(branch, user=user, member_type="full" if role == Role.MEMBER else "probationary")
        else:
            factories.appoint(user, hospital if role in AT_HOSPITAL else branch, role)
        return User.objects.get(pk=user.pk)

    return World(hospital, branch, group, canary, args, person)
