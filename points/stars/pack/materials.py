"""The papers behind a line: records with their photos, tables, what the Party office entered. Each is made when it is
asked for, so that a year of photos never lies in memory at once.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

from django.db.models import Q, Sum
from django.utils import timezone

from activities.choices import FollowUpSort, Kind, StudyState
from activities.models import SEEN_BY_MEMBERS, Activity, FollowUp, Photo, YearDocument
from activities.plan.rollups import day_start
from activities.plan.year_texts import document_of
from activities.reports.matters import matters_document
from activities.reports.record_forms import layouts_of, record_document
from activities.reports.sheets import attendance_of_year
from branches.choices import COMMITTEE_ROLES, Role
from branches.models import Appointment, Branch, Term
from config.documents.content import RECORD, Column, Document, Heading, Line, Paragraph, Table, Value
from config.templatetags.ui import cn_date
from members.choices import MemberType
from members.models import Member
from points.assessment.figures import board
from points.assessment.papers import summary
from points.choices import AssessmentState
from points.cycle.paper import publication_paper, quarter_label
from points.models import Assessment, LineRecord, Publication
from points.stars.card_page import numbers_of
from points.stars.rules import Line as CardLine
from points.stars.sources.organisation import HANDED_IN

HELD: Final = {  # fact -> kinds of the records behind it
    "general_meeting": (Kind.GENERAL_MEETING,),
    "committee_meeting": (Kind.COMMITTEE_MEETING,),
    "group_meeting": (Kind.GROUP_MEETING,),
    "party_lecture": (Kind.PARTY_LECTURE,),
    "theme_day": (Kind.THEME_DAY,),
    "warning_education": (Kind.WARNING_EDUCATION,),
    "org_life": (Kind.ORG_LIFE_MEETING,),
    "appraisal": (Kind.DEMOCRATIC_APPRAISAL,),
}


class Paper(NamedTuple):
    """One file of a folder: a document still to be printed, or a photo as it lies on the disk."""

    name: str  # without its ending
    document: Callable[[], Document] | None = None
    photo: Photo | None = None


class Materials:
    """What one branch has of a year, line by line."""

    def __init__(self, branch: Branch, year: int, today: date) -> None:
        self.branch, self.year, self.today = branch, year, today
        self._layouts = layouts_of(branch)
        self._found: Mapping[str, Callable[[CardLine], Iterator[Paper]]] = {
            "committee": self._committee,
            "election": self._committee,
            "year_papers": self._year_papers,
            "roster": self._roster,
            "attendance": self._attendance,
            "records": self._records,
            "study_hours": self._study_hours,
            "publications": self._publications,
        }

    def of(self, line: CardLine) -> Iterator[Paper]:
        """The papers of a line, in the order they are numbered."""
        fact = line.card.fact
        if kinds := HELD.get(fact):
            yield from self._held(kinds)
        if fact == "org_life":
            yield from self._rectification()
        elif fact == "appraisal":
            yield from self._appraisal()
        elif fact in self._found:
            yield from self._found[fact](line)
        elif fact not in HELD:
            yield from self._entered(line)

    def _activities(self, *kinds: str) -> Any:
        rows = Activity.objects.filter(
            branch=self.branch,
            state__in=SEEN_BY_MEMBERS,
            starts_at__gte=day_start(date(self.year, 1, 1)),
            starts_at__lt=day_start(date(self.year, 12, 31) + timedelta(days=1)),
        )
        return rows.filter(kinds__kind__in=kinds).order_by("starts_at", "pk") if kinds else rows.order_by("starts_at")

    def _held(self, kinds: tuple[Kind, ...]) -> Iterator[Paper]:
        for pk, topic, starts in self._activities(*kinds).values_list("pk", "topic", "starts_at"):
            name = f"{timezone.localdate(starts):%m-%d} {topic}"
            yield Paper(name, partial(self._record, pk))
            for number, photo in enumerate(Photo.objects.filter(activity=pk), start=1):
                yield Paper(f"{name} 照片{number}", photo=photo)

    def _record(self, pk: int) -> Document:
        """With names but without reasons: an inspection asks who came, not why somebody was ill."""
        activity = Activity.objects.for_detail().get(pk=pk)
        return record_document(activity, sees_reasons=False, layouts=self._layouts)

    def _committee(self, line: CardLine) -> Iterator[Paper]:
        yield Paper("支委分工和届次", self._committee_sheet)

    def _committee_sheet(self) -> Document:
        day = min(date(self.year, 12, 31), self.today)
        posts = Appointment.objects.current(day).filter(branch=self.branch, role__in=COMMITTEE_ROLES)
        order = [role.value for role in Role]
        rows = sorted(posts.select_related("user"), key=lambda post: order.index(post.role))
        term = Term.objects.filter(branch=self.branch, starts_on__lte=day).order_by("-starts_on").first()
        words = f"{term}，{cn_date(term.starts_on)}至{cn_date(term.ends_on)}" if term else "没有登记届次"
        if term and term.extended_to:
            words += f"，经批准延期至{cn_date(term.extended_to)}（{term.extension_document}）"
        table = tuple((str(Role(post.role).label), post.user.name, post.starts_on) for post in rows)
        columns = (Column("职务", 50), Column("姓名", 50), Column("任职日期", 60))
        return _sheet(f"{self.branch}支委分工和届次", Paragraph(f"{words}。"), Table(columns, table, title="支委"))

    def _year_papers(self, line: CardLine) -> Iterator[Paper]:
        rows = YearDocument.objects.filter(branch=self.branch, year=self.year, state__in=HANDED_IN)
        for written in rows.select_related("branch").order_by("kind"):
            yield Paper(str(written.get_kind_display()), partial(document_of, written))

    def _roster(self, line: CardLine) -> Iterator[Paper]:
        yield Paper("党员名册（不含身份信息）", self._roster_sheet)

    def _roster_sheet(self) -> Document:
        rows = Member.objects.current().filter(branch=self.branch).for_list()
        table: tuple[tuple[Value, ...], ...] = tuple(
            (n, row.user.name, str(row.get_gender_display()), str(MemberType(row.member_type).label), row.joined_on,
             row.confirmed_on, row.group.name if row.group else "")
            for n, row in enumerate(rows, start=1)
        )  # fmt: skip
        columns = (
            Column("序号", 12, "center"),
            Column("姓名", 28),
            Column("性别", 14, "center"),
            Column("人员类别", 28),
            Column("入党日期", 30),
            Column("转正日期", 30),
            Column("党小组", 30),
        )
        return _sheet(f"{self.branch}党员名册", Table(columns, table, title="名册", size=10.5))

    def _attendance(self, line: CardLine) -> Iterator[Paper]:
        yield Paper("全年考勤表", partial(attendance_of_year, self.branch, self.year, layouts=self._layouts))

    def _records(self, line: CardLine) -> Iterator[Paper]:
        yield Paper("活动记录提交情况", self._records_sheet)

    def _records_sheet(self) -> Document:
        table: tuple[tuple[Value, ...], ...] = tuple(
            (one.serial or "", str(one), timezone.localdate(one.starts_at), timezone.localdate(one.submitted_at),
             "补录" if one.backfilled else "按时", "曾退回" if one.returned_at else "")
            for one in self._activities().distinct()
            if one.submitted_at
        )  # fmt: skip
        columns = (
            Column("编号", 36),
            Column("主题", 52),
            Column("活动日期", 26),
            Column("提交日期", 26),
            Column("提交", 16, "center"),
            Column("退回", 16, "center"),
        )
        return _sheet(f"{self.branch}{self.year}年活动记录提交情况", Table(columns, table, title="记录", size=10.5))

    def _rectification(self) -> Iterator[Paper]:
        rows = FollowUp.objects.filter(
            sort=FollowUpSort.RECTIFICATION, activity__in=self._activities(Kind.ORG_LIFE_MEETING)
        )
        rows = rows.select_related("activity__branch", "owner").order_by("activity__starts_at", "number")
        if rows:
            yield Paper("整改清单", partial(matters_document, rows, today=self.today))

    def _appraisal(self) -> Iterator[Paper]:
        done = Assessment.objects.filter(branch=self.branch, year=self.year).exclude(state=AssessmentState.OPEN)
        if done.exists():
            yield Paper("民主测评汇总", lambda: summary(board(self.branch, self.year, self.today)))

    def _study_hours(self, line: CardLine) -> Iterator[Paper]:
        yield Paper("党员学时", self._study_sheet)

    def _study_sheet(self) -> Document:
        counted = Q(
            study_hours__state=StudyState.COUNTED,
            study_hours__studied_on__range=(date(self.year, 1, 1), date(self.year, 12, 31)),
        )
        rows = Member.objects.current().filter(branch=self.branch).for_list()
        rows = rows.annotate(total=Sum("study_hours__hours", filter=counted))
        table: tuple[tuple[Value, ...], ...] = tuple(
            (n, row.user.name, row.total or 0) for n, row in enumerate(rows, start=1)
        )
        columns = (Column("序号", 16, "center"), Column("姓名", 60), Column("学时", 30, places=1))
        return _sheet(f"{self.branch}{self.year}年党员学时", Table(columns, table, title="学时"))

    def _publications(self, line: CardLine) -> Iterator[Paper]:
        rows = Publication.objects.filter(branch=self.branch, quarter__year=self.year).with_newest()
        for one in rows.select_related("branch").order_by("quarter", "number"):
            if one.number == one.newest:
                yield Paper(f"{quarter_label(one.quarter)}积分晾晒表", partial(publication_paper, one))

    def _entered(self, line: CardLine) -> Iterator[Paper]:
        row = LineRecord.objects.filter(branch=self.branch, year=self.year, fact=line.card.fact).first()
        if row is not None:
            yield Paper("登记的数据", partial(self._figures, line, row))

    def _figures(self, line: CardLine, row: LineRecord) -> Document:
        table = tuple((number.label, number.text) for number in numbers_of(line))
        return _sheet(
            f"{line.card.code}　{line.card.title}",
            Line((f"{self.branch}　{self.year}年度", f"登记日期：{cn_date(row.updated_at)}")),
            Table((Column("项目", 100), Column("数据", 60)), table, title="数据"),
            Paragraph(f"数据来源：{row.source}", indent=False),
            Paragraph(f"计分办法：{line.formula}", indent=False),
        )


def _sheet(title: str, *blocks: Any) -> Document:
    return Document.of(title, Heading(title, 0), *blocks, page=RECORD)
