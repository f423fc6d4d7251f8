"""A plan people had in hand: days and topics set ahead, one item for all branches with mixed answers, year plans."""

import random
import uuid
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final

from django.utils import timezone

from activities.choices import Kind, PlanState, YearDocumentKind, YearDocumentState
from activities.models import Activity, PlanItem, YearDocument
from activities.plan.fulfilling import Report, file_report
from activities.plan.not_held import explain_not_held
from activities.plan.pushing import Order, accept_answer, answer_item, push_item, return_answer
from activities.plan.scheduling import FixedDay, fix_day, schedule_item
from activities.plan.year_documents import approve_document, return_document, save_document, submit_document
from activities.plan.year_texts import first_text
from branches.choices import Role
from branches.models import Branch, User
from points.demo.people import Hospital
from points.demo.shape import BRANCHES

TOPICS: Final = {
    Kind.THEME_DAY: "学习中央经济工作会议精神，走访退休老党员",
    Kind.COMMITTEE_MEETING: "研究年度民主评议和明年工作计划",
    Kind.GENERAL_MEETING: "听取支委会年度工作报告",
    Kind.PARTY_LECTURE: "坚守医者初心，廉洁行医",
}
FIXED: Final = {"JG01": FixedDay(which=2, weekday=2), "NK01": FixedDay(which=3, weekday=4), "KJ01": FixedDay(day=15)}
ANSWERS: Final = (
    "已组织全体党员集中学习，交流发言5人，学习记录已存支部。",
    "已结合主题党日开展，在岗党员全部参加，夜班同志已补学。",
    "已完成学习，整理心得体会8篇，报送党委办公室。",
    "已学习。",
)


def add_plans(hospital: Hospital, today: date) -> None:
    """Run after the plan of the year was written."""
    secretaries = {
        code: officers[Role.BRANCH_SECRETARY]
        for code, officers in hospital.officers.items()
        if Role.BRANCH_SECRETARY in officers and code in hospital.branches
    }
    for code, rule in FIXED.items():
        if code in secretaries:
            fix_day(
                branch=hospital.branches[code],
                kind=Kind.THEME_DAY,
                year=today.year,
                rule=rule,
                actor=secretaries[code],
                today=today,
            )
    _topics(hospital.branches["JG01"], secretaries["JG01"], today)
    _pushed(hospital, secretaries, today)
    _documents(hospital, secretaries, today)
    _research(hospital, today)


def _research(hospital: Hospital, today: date) -> None:
    """The report the committee filed on last year's research; this year's is still to come."""
    item = PlanItem.objects.get(branch=hospital.root, kind=Kind.RESEARCH, start__year=today.year - 1)
    file_report(
        item=item,
        report=Report(
            title="夜班护理人员参加组织生活情况调研",
            authors="党委书记、党委办公室",
            summary="走访6个病区、座谈42人。夜班人员到会率低于平均，建议分场次开展并按时补课。",
        ),
        form_key=uuid.uuid5(uuid.NAMESPACE_OID, f"demo research {today}"),
        actor=hospital.office,
    )


def _topics(branch: Branch, secretary: User, today: date) -> None:
    for kind, topic in TOPICS.items():
        rows = PlanItem.objects.filter(branch=branch, kind=kind, state=PlanState.OPEN, end__gte=today)
        item = rows.order_by("-start").first()
        if item is not None:
            schedule_item(
                item=item, planned_on=item.planned_on, topic=topic, version=item.version, actor=secretary, today=today
            )


def _pushed(hospital: Hospital, secretaries: dict[str, User], today: date) -> None:
    pushed = push_item(
        giver=hospital.root,
        order=Order(
            "卫生健康系统警示教育片集中观看",
            today - timedelta(days=12),
            today + timedelta(days=6),
            Kind.WARNING_EDUCATION,
            "请各党支部组织全体党员集中观看，结合岗位开展讨论。\n答复请写明观看时间、参加人数和讨论情况。",
        ),
        branches=list(hospital.branches.values()),
        form_key=uuid.uuid5(uuid.NAMESPACE_OID, f"demo pushed {today}"),
        actor=hospital.office,
        today=today,
    )
    items = list(pushed.items.select_related("branch").order_by("branch__path"))
    for n, item in enumerate(items):
        secretary = secretaries.get(item.branch.code)
        if secretary is None or item.branch.code == "JG01" or n % 3 == 2:
            continue
        if n == len(items) - 3:
            explain_not_held(item=item, reason="多数党员参加巡回医疗，返回后补看", actor=secretary, today=today)
            continue
        record = Activity.objects.filter(branch=item.branch, starts_at__date__gte=pushed.starts_on).first()
        answered = answer_item(
            item=item,
            text=ANSWERS[n % len(ANSWERS)],
            activity=record,
            version=item.version,
            actor=secretary,
            today=today,
        )
        if n % len(ANSWERS) == len(ANSWERS) - 1:
            return_answer(item=answered, comment="请补充参加人数和讨论情况。", actor=hospital.office)
        elif n % 2 == 0:
            accept_answer(item=answered, actor=hospital.office)


def _documents(hospital: Hospital, secretaries: dict[str, User], today: date) -> None:
    """The plan of the first branches, each in another state."""
    for n, (code, secretary) in enumerate(sorted(secretaries.items(), key=lambda pair: pair[0] != "JG01")[:4]):
        branch = hospital.branches[code]
        text = first_text(branch=branch, year=today.year, kind=YearDocumentKind.PLAN, today=today)
        text = text.replace("年工作目标\n", "年工作目标\n全年规定动作完成率100%，党员集中学习不少于32学时。\n", 1)
        text = text.replace("特色安排\n", "特色安排\n开展“党员在身边”志愿服务，每季度为群众办一件实事。\n", 1)
        document = save_document(
            branch=branch, year=today.year, kind=YearDocumentKind.PLAN, text=text, version=0, actor=secretary
        )
        if n == 3:
            continue
        document = submit_document(document=document, actor=secretary)
        if n == 0:
            approve_document(document=document, actor=hospital.office)
        elif n == 2:
            return_document(document=document, comment="请补充重点工作的完成时限和责任人。", actor=hospital.office)
    _hand_in_papers(hospital, secretaries, today)


def _hand_in_papers(hospital: Hospital, secretaries: Mapping[str, User], today: date) -> None:
    """Last year's plans and summaries and this year's other plans, as diligently as the branch works."""
    wanted = [
        (today.year - 1, YearDocumentKind.PLAN, date(today.year - 1, 1, 20)),
        (today.year - 1, YearDocumentKind.SUMMARY, date(today.year - 1, 12, 28)),
        (today.year, YearDocumentKind.PLAN, date(today.year, 1, 20)),
    ]
    standing = YearDocument.objects.filter(submitted_at__isnull=False, year=today.year)
    standing.update(submitted_at=noon(date(today.year, 1, 20)))
    rows = []
    for plan in BRANCHES:
        branch = hospital.branches[plan.code]
        for year, kind, day in wanted:
            if random.Random(f"papers {plan.code} {year} {kind}").random() > plan.diligence or day > today:
                continue
            rows.append(
                YearDocument(
                    branch=branch,
                    year=year,
                    kind=kind,
                    text=first_text(branch=branch, year=year, kind=kind, today=today),
                    state=YearDocumentState.APPROVED,
                    written_by=secretaries.get(plan.code, hospital.office),
                    submitted_at=noon(day),
                    decided_at=noon(day + timedelta(days=2)),
                    decided_by=hospital.office,
                )
            )
    have = set(YearDocument.objects.values_list("branch", "year", "kind"))
    YearDocument.objects.bulk_create([row for row in rows if (row.branch_id, row.year, row.kind) not in have])


def noon(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12)))
