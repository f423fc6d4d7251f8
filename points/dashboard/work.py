"""What this reader may decide now, by kind: what the services would let through, never what only others may do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from activities.choices import YearDocumentState
from activities.models import YearDocument
from branches.choices import Capability
from branches.models import User
from config.templatetags.ui import cn_day
from points.choices import AssessmentState, Category, ClaimState, ObjectionState
from points.claims.reviewers import Desk
from points.cycle.people import readable, waiting_for
from points.models import Assessment, Claim, Objection
from points.stars import waiting as stars
from points.waiting import LIMIT, answers, explanations, leave_asked, make_ups_reported, to_confirm

SHOWN: Final = 3  # of each kind
HANDED_IN: Final = 2000  # claims looked at: those of others stand among one's own


class Line(NamedTuple):
    title: str
    text: str
    url: str


@dataclass(frozen=True)
class Group:
    """One kind of decision: how many wait, the first of them, and where all are."""

    name: str
    tag: str
    count: int
    lines: tuple[Line, ...]
    url: str

    @property
    def hidden(self) -> int:
        return self.count - len(self.lines)


@dataclass(frozen=True)
class Work:
    groups: tuple[Group, ...]

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups)


def work_of(user: User, today: date) -> Work:
    """A fixed number of statements, at most two for each kind."""
    claims, vetoes = _claims(user)
    found = (
        _group("活动记录", "待确认", to_confirm(user, today), "activities:activity_list", _record(today)),
        _group("未召开说明", "待审核", explanations(user), "activities:board", _explanation),
        _group("布置事项", "待审核", answers(user), "activities:pushed_list", _answer),
        _group("请假", "待审批", leave_asked(user), "activities:leave_list", _leave(today)),
        _group("补课", "待审核", make_ups_reported(user, today), "activities:make_up_list", _make_up(today)),
        _group("积分申报", "待审核", claims, "points:claim_review_list", _claim),
        _group("一票否决", "待确认", vetoes, "points:veto_list", _veto),
        _group("异议和申诉", "待答复", _objections(user), "points:objection_list", _objection(today)),
        _group("考核等次", "待审定", _assessments(user), "points:assessment_list", _assessment),
        _group("党员评星", "待审定", stars.sheets_to_confirm(user), "points:member_star_list", _sheet),
        _group("星级自评", "待复核", stars.to_review(user, today), "points:star_list", _rating),
        _group("星级异议", "待答复", stars.to_answer(user), "points:star_objections", _star_objection),
        _group("支部星级", "待审定", stars.to_approve(user, today), "points:star_list", _round(today)),
        _group("年度计划和总结", "待审核", _year_documents(user), "activities:year_document_list", _year_document),
    )
    return Work(tuple(group for group in found if group is not None))


def _group(name: str, tag: str, rows: Iterable[Any], page: str, line: Callable[[Any], Line]) -> Group | None:
    rows = list(rows)
    lines = tuple(line(row) for row in rows[:SHOWN])
    return Group(name, tag, len(rows), lines, reverse(page)) if rows else None


def _record(today: date) -> Callable[[Any], Line]:
    def line(record: Any) -> Line:
        text = f"{record.branch}，{cn_day(record.submitted_at, today)}提交"
        return Line(str(record), text, reverse("activities:activity_detail", args=[record.pk]))

    return line


def _explanation(item: Any) -> Line:
    return Line(item.name, f"{item.branch}，{item.reason}", reverse("activities:plan_item", args=[item.pk]))


def _answer(item: Any) -> Line:
    return Line(item.name, f"{item.branch}，{item.answer}", reverse("activities:plan_item", args=[item.pk]))


def _leave(today: date) -> Callable[[Any], Line]:
    """Who and from what; the reason stands on the page of those who answer."""

    def line(asked: Any) -> Line:
        day = cn_day(timezone.localdate(asked.activity.starts_at), today)
        return Line(
            str(asked.member), f"{asked.activity.branch}，{day}，{asked.activity}", reverse("activities:leave_list")
        )

    return line


def _make_up(today: date) -> Callable[[Any], Line]:
    def line(one: Any) -> Line:
        text = f"{one.attendance.branch}，{one.attendance.activity}，{cn_day(one.due, today)}前"
        return Line(str(one.attendance.member), text, reverse("activities:make_up_list"))

    return line


def _sheet(sheet: Any) -> Line:
    url = reverse("points:member_star_detail", args=[sheet.branch_id, sheet.year])
    return Line(f"{sheet.year}年度党员评星", str(sheet.branch), url)


def _rating(row: Any) -> Line:
    return Line(
        f"{row.year}年度星级自评", str(row.branch), reverse("points:star_detail", args=[row.branch_id, row.year])
    )


def _star_objection(one: Any) -> Line:
    return Line(f"{one.rating.year}年度星级异议", str(one.branch), reverse("points:star_objections"))


def _round(today: date) -> Callable[[Any], Line]:
    def line(one: Any) -> Line:
        text = f"{one.hospital}，公示{cn_day(one.objections_until, today)}期满"
        return Line(f"{one.year}年度支部星级", text, f"{reverse('points:star_list')}?year={one.year}")

    return line


def _claims(user: User) -> tuple[list[Claim], list[Claim]]:
    """Ordinary claims and vetoes whose next step is this reader's. Two statements."""
    rows = Claim.objects.handed_in_to(user).filter(state=ClaimState.DECLARED)
    loaded = rows.select_related("member__user", "member__group", "branch", "rule")
    waiting = list(loaded.order_by("declared_at", "pk")[:HANDED_IN])
    desk = Desk(waiting)
    mine = [claim for claim in waiting if desk.may(claim, user)][:LIMIT]
    vetoes = [claim for claim in mine if claim.category == Category.VETO]
    return [claim for claim in mine if claim.category != Category.VETO], vetoes


def _claim(claim: Claim) -> Line:
    return Line(claim.title, f"{claim.branch}，{claim.member}", reverse("points:claim_detail", args=[claim.pk]))


def _veto(claim: Claim) -> Line:
    """The page says whom it concerns; a list on a screen in the office does not."""
    return Line(claim.rule.title, str(claim.branch), reverse("points:claim_detail", args=[claim.pk]))


def _objections(user: User) -> list[Objection]:
    answered = Q(state=ObjectionState.APPEALED, answered_by=user)
    rows = readable(user).filter(waiting_for(user)).exclude(answered).select_related("branch")
    return list(rows.order_by("answer_due", "pk")[:LIMIT])


def _objection(today: date) -> Callable[[Any], Line]:
    def line(one: Objection) -> Line:
        due = one.decide_due if one.state == ObjectionState.APPEALED else one.answer_due
        text = f"{one.branch}，{cn_day(due, today)}前" if due else str(one.branch)
        title = "裁定申诉" if one.state == ObjectionState.APPEALED else "答复异议"
        return Line(title, text, reverse("points:objection_detail", args=[one.pk]))

    return line


def _assessments(user: User) -> list[Assessment]:
    rows = Assessment.objects.visible_to(user, Capability.ASSESSMENT_CONFIRM).filter(state=AssessmentState.PROPOSED)
    return list(rows.exclude(proposed_by=user).select_related("branch").order_by("year", "branch__path")[:LIMIT])


def _assessment(one: Assessment) -> Line:
    url = reverse("points:assessment_detail", args=[one.branch_id, one.year])
    return Line(f"{one.year}年度考核等次", str(one.branch), url)


def _year_documents(user: User) -> list[YearDocument]:
    rows = YearDocument.objects.visible_to(user, Capability.PLAN_REVIEW).filter(state=YearDocumentState.SUBMITTED)
    return list(rows.select_related("branch").order_by("submitted_at", "pk")[:LIMIT])


def _year_document(one: YearDocument) -> Line:
    url = reverse("activities:year_document", args=[one.branch_id, one.year, one.kind])
    return Line(f"{one.year}年{one.get_kind_display()}", str(one.branch), url)
