"""The yearly assessment of a branch: votes, suggestions, what people decide, and the way to the committee and back."""

from datetime import date
from decimal import Decimal as D
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from branches import append_only
from branches.choices import Role
from branches.models import AuditEntry, Notice, Todo
from members.models import Exemption, MembershipEvent
from points.assessment import deciding, importing
from points.assessment.figures import board
from points.assessment.panels import own_grades
from points.assessment.results import Conflict, Given, enter_results
from points.assessment.rules import NOT_APPRAISED, PROBATIONARY, TOO_SHORT
from points.choices import BatchState, Category, ClaimState, Grade, PeriodKind, PeriodState
from points.models import (
    AppraisalResult,
    Assessment,
    AssessmentLine,
    Claim,
    MemberItem,
    MemberYear,
    PeriodClose,
    PointsBatch,
    RuleItem,
)
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
YEAR = 2025
EXCELLENT, QUALIFIED, BASICALLY, UNQUALIFIED = Grade


def points(member, total, year=YEAR):
    MemberYear.objects.update_or_create(member=member, year=year, defaults={"branch": member.branch, "total": D(total)})


def polled(member, *counts, by):
    names = ("excellent", "qualified", "basically_qualified", "unqualified")
    fields = dict(zip(names, counts, strict=True)) | {"branch": member.branch, "entered_by": by}
    AppraisalResult.objects.update_or_create(member=member, year=YEAR, defaults=fields)


def veto(member, code, secretary, level=""):
    rule = RuleItem.objects.filter(code=code).first()
    day = date(YEAR, 6, 1)
    return Claim.objects.create(
        member=member, branch=member.branch, rule=rule, rule_code=code, category=Category.VETO, level=level, points=0,
        happened_on=day, month=day, title="决定", document_no="纪字1号", state=ClaimState.ACCEPTED,
        declared_by=secretary,
    )  # fmt: skip


def lock_year(branch, state=PeriodState.LOCKED):
    PeriodClose.objects.update_or_create(
        branch=branch, kind=PeriodKind.YEAR, start=date(YEAR, 1, 1), defaults={"state": state}
    )


@pytest.fixture
def people(branch, secretary, organiser):
    """Secretary and organiser, and four more: six full members, two of whom may be 优秀."""
    found = [secretary.member, organiser.member]
    found += [factories.make_member(branch, name=name) for name in ("林晓雯", "周晓", "王丽", "何平")]
    for member, total in zip(found, ("99", "95", "92", "80", "70", "50"), strict=True):
        points(member, total)
        polled(member, 10, 0, 0, 0, by=organiser)
    return found


@pytest.fixture
def propose(branch, secretary, people):
    def act(**fields):
        version = Assessment.objects.filter(branch=branch, year=YEAR).values_list("version", flat=True).first() or 0
        data = {"branch": branch, "year": YEAR, "cap_reason": "", "version": version, "actor": secretary}
        return deciding.propose(**(data | fields))

    return act


@pytest.fixture
def decide(branch):
    """decide(deciding.confirm, actor=…, meeting=…): with the version of this moment."""

    def act(service, actor, **fields):
        assessment = Assessment.objects.get(branch=branch, year=YEAR)
        return service(branch=branch, year=YEAR, version=assessment.version, actor=actor, **fields)

    return act


def grades(branch):
    shown = board(branch, YEAR, factories.TODAY)
    return {row.name: row.grade for row in shown.rows}


def row_of(branch, member):
    return next(row for row in board(branch, YEAR, factories.TODAY).rows if row.member == member)


class TestFigures:
    def test_points_and_votes_make_a_composite_and_a_suggestion_under_the_cap(self, branch, people):
        shown = board(branch, YEAR, factories.TODAY)
        assert [(row.name, row.judged.composite, row.grade) for row in shown.rows] == [
            ("陈静怡", D("99.30"), EXCELLENT),
            ("赵启明", D("96.50"), EXCELLENT),
            ("林晓雯", D("94.40"), QUALIFIED),
            ("周晓", D("86.00"), QUALIFIED),
            ("王丽", D("79.00"), QUALIFIED),
            ("何平", D("65.00"), BASICALLY),
        ]
        assert (shown.cap.base, shown.cap.most, shown.cap.candidates) == (6, 2, 3)

    def test_probationers_are_listed_without_grade_and_outside_the_base(self, branch, people):
        factories.make_member(branch, member_type="probationary", name="钱新")
        shown = board(branch, YEAR, factories.TODAY)
        assert shown.cap.base == 6
        assert row_of(branch, shown.rows[-1].member).judged.ungraded == PROBATIONARY

    def test_it_is_the_roll_of_the_last_day_of_the_year(self, branch, other_branch, people):
        factories.make_member(branch, since=date(2026, 1, 1), name="新来")
        gone = factories.make_member(branch, name="调走", since=date(2024, 1, 1))
        MembershipEvent.objects.create(
            member=gone, kind="moved", branch=other_branch, from_branch=branch, member_type="full",
            recorded_on=date(2026, 2, 1), effective_on=date(2026, 2, 1),
        )  # fmt: skip
        late = factories.make_member(branch, name="年底来", since=date(2025, 11, 1))
        names = {row.name for row in board(branch, YEAR, factories.TODAY).rows}
        assert {"调走", "年底来"} <= names
        assert "新来" not in names
        assert row_of(branch, late).judged.ungraded == TOO_SHORT

    def test_exempt_members_go_by_the_appraisal_and_show_no_points(self, branch, people, organiser):
        who = people[3]
        Exemption.objects.create(
            member=who, ground="ill", starts_on=date(2025, 1, 1), approved_on=date(2025, 1, 1), entered_by=organiser
        )
        row = row_of(branch, who)
        assert (row.is_exempt, row.judged.year_points, row.judged.composite) == (True, None, D("100.00"))

    def test_vetoes_come_from_accepted_claims_and_from_the_ledger(self, branch, people, secretary):
        veto(people[0], "V01", secretary)
        waits = veto(people[1], "V02", secretary)
        Claim.objects.filter(pk=waits.pk).update(state=ClaimState.DECLARED)
        MemberItem.objects.create(member=people[2], year=YEAR, rule_code="V07", category=Category.VETO, n=1)
        MemberItem.objects.create(member=people[3], year=YEAR, rule_code="V07", category=Category.VETO, n=0)
        found = grades(branch)
        assert [found[name] for name in ("陈静怡", "赵启明", "林晓雯", "周晓")] == [
            BASICALLY, EXCELLENT, UNQUALIFIED, QUALIFIED,
        ]  # fmt: skip

    def test_a_level_of_a_veto_is_known_by_its_code_or_by_its_words(self, branch, people, secretary):
        claim = veto(people[0], "V05", secretary, level="b")
        assert row_of(branch, people[0]).grade is None
        levels = [{"code": "a", "label": "基本合格", "points": "0"}, {"code": "b", "label": "不合格", "points": "0"}]
        with append_only.suspended():
            RuleItem.objects.filter(pk=claim.rule_id).update(levels=levels)
        assert row_of(branch, people[0]).grade == UNQUALIFIED

    def test_it_costs_the_same_for_few_and_for_many(self, branch, people, organiser):
        with CaptureQueriesContext(connection) as few:
            board(branch, YEAR, factories.TODAY)
        for _ in range(20):
            polled(factories.make_member(branch), 1, 1, 0, 0, by=organiser)
        with CaptureQueriesContext(connection) as many:
            assert len(board(branch, YEAR, factories.TODAY).rows) == 26
        assert len(many) == len(few)


class TestVotes:
    def enter(self, branch, actor, given, **fields):
        return enter_results(branch=branch, year=YEAR, given=given, actor=actor, **fields)

    def test_they_are_written_once_and_again_change_nothing(self, branch, people, organiser):
        pk = people[4].pk
        given = {pk: Given((5, 3, 1, 0), 1)}
        assert [self.enter(branch, organiser, given), self.enter(branch, organiser, given)] == [1, 0]
        assert AppraisalResult.objects.get(member=pk).version == 2
        assert AuditEntry.objects.filter(action="appraisal.entered").count() == 1

    @pytest.mark.parametrize(
        ("counts", "voters", "says"),
        [((8, 2, 0, 0), 10, ""), ((8, 3, 0, 0), 10, "合计11票，多于参加测评的10人"), ((0, 0, 0, 0), None, "都是0")],
    )
    def test_nobody_has_more_votes_than_there_were_voters(self, branch, people, organiser, counts, voters, says):
        given = {people[2].pk: Given((1, 0, 0, 0), 1), people[4].pk: Given(counts, 1)}
        if not says:
            assert self.enter(branch, organiser, given, voters=voters) == 2
            return
        with pytest.raises(ValidationError, match=says) as caught:
            self.enter(branch, organiser, given, voters=voters)
        assert list(caught.value.error_dict) == [f"v{people[4].pk}"]
        assert AppraisalResult.objects.get(member=people[2].pk).excellent == 10  # all or nothing

    def test_nobody_enters_ones_own(self, branch, people, organiser):
        with pytest.raises(ValidationError, match="其他支委"):
            self.enter(branch, organiser, {people[1].pk: Given((1, 0, 0, 0), 1)})

    def test_the_second_to_save_is_told(self, branch, people, organiser, secretary):
        pk = people[4].pk
        self.enter(branch, organiser, {pk: Given((5, 0, 0, 0), 1)})
        with pytest.raises(Conflict, match="王丽的测评结果刚被其他人修改过") as caught:
            self.enter(branch, secretary, {pk: Given((6, 0, 0, 0), 1)})
        assert caught.value.members == [pk]

    def test_nothing_is_entered_once_the_grades_are_proposed(self, branch, people, organiser, propose):
        propose()
        with pytest.raises(ValidationError, match="退回后才能修改"):
            self.enter(branch, organiser, {people[4].pk: Given((5, 0, 0, 0), 1)})


class TestMovingGrades:
    def move(self, branch, member, grade, reason="群众反映好，支委会研究", version=None, actor=None):
        found = Assessment.objects.filter(branch=branch, year=YEAR).values_list("version", flat=True).first() or 0
        version = found if version is None else version
        return deciding.set_grade(
            branch=branch, year=YEAR, member=member, grade=grade, reason=reason, version=version, actor=actor
        )

    def test_one_step_with_a_reason(self, branch, people, organiser):
        with pytest.raises(ValidationError, match="请写明理由"):
            self.move(branch, people[5], QUALIFIED, "好", actor=organiser)
        with pytest.raises(ValidationError, match="高或低一档"):
            self.move(branch, people[5], EXCELLENT, actor=organiser)
        self.move(branch, people[5], QUALIFIED, actor=organiser)
        assert grades(branch)["何平"] == QUALIFIED
        line = AuditEntry.objects.get(action="assessment.moved")
        assert line.changes["grade"] == ["基本合格", "合格"]

    def test_a_veto_cannot_be_exceeded_by_hand(self, branch, people, secretary, organiser):
        veto(people[0], "V01", secretary)
        with pytest.raises(ValidationError, match="等次不能高于基本合格"):
            self.move(branch, people[0], QUALIFIED, actor=organiser)
        self.move(branch, people[0], UNQUALIFIED, actor=organiser)
        assert grades(branch)["陈静怡"] == UNQUALIFIED

    def test_nobody_moves_ones_own(self, branch, people, secretary):
        with pytest.raises(ValidationError, match="本人的等次"):
            self.move(branch, people[0], QUALIFIED, actor=secretary)

    def test_what_the_figures_no_longer_allow_falls_away(self, branch, people, organiser):
        self.move(branch, people[5], QUALIFIED, actor=organiser)
        points(people[5], "10")
        polled(people[5], 0, 0, 0, 10, by=organiser)
        assert grades(branch)["何平"] == UNQUALIFIED

    def test_two_at_a_time_are_told(self, branch, people, organiser, secretary):
        self.move(branch, people[5], QUALIFIED, actor=organiser)
        with pytest.raises(ValidationError, match="刚被其他人修改过"):
            self.move(branch, people[4], BASICALLY, version=1, actor=secretary)

    def test_a_tie_at_the_cut_waits_for_a_vote(self, branch, people, organiser, propose):
        points(people[2], "95")
        assert grades(branch)["林晓雯"] is None
        with pytest.raises(ValidationError, match="林晓雯（等次待定）、赵启明（等次待定）"):
            propose()
        self.move(branch, people[2], EXCELLENT, "支委会表决4票赞成", actor=organiser)
        self.move(branch, people[1], QUALIFIED, "支委会表决1票赞成", actor=people[2].user)
        assert propose().state == "proposed"

    def test_v05_without_a_level_is_graded_by_hand(self, branch, people, secretary, organiser, propose):
        veto(people[4], "V05", secretary)
        with pytest.raises(ValidationError, match="王丽（等次待定）"):
            propose()
        self.move(branch, people[4], UNQUALIFIED, "按上级决定，纪字1号", actor=organiser)
        assert grades(branch)["王丽"] == UNQUALIFIED


class TestProposing:
    def test_it_freezes_the_figures_of_the_moment(self, branch, people, organiser, propose):
        assert propose().state == "proposed"
        points(people[0], "20")
        row = row_of(branch, people[0])
        assert (row.judged.year_points, row.judged.composite, row.grade) == (D("99.00"), D("99.30"), EXCELLENT)
        assert Todo.objects.filter(role=Role.PARTY_OFFICE, done_at__isnull=True).count() == 1

    def test_again_it_is_refused(self, propose):
        propose()
        with pytest.raises(ValidationError, match="已提出"):
            propose()

    def test_over_the_cap_it_takes_a_reason_and_is_no_bar(self, branch, people, organiser, propose):
        TestMovingGrades().move(branch, people[2], EXCELLENT, actor=organiser)
        with pytest.raises(ValidationError, match="优秀3人，超过2人"):
            propose()
        assert propose(cap_reason="三名同志同获市级表彰").cap_reason == "三名同志同获市级表彰"

    def test_without_an_appraisal_there_is_a_reason_or_no_proposal(self, branch, people, organiser, propose):
        AppraisalResult.objects.filter(member=people[5]).delete()
        with pytest.raises(ValidationError, match="何平（没有测评结果）"):
            propose()
        TestMovingGrades().move(branch, people[5], "", "在外地长期住院未参加", actor=organiser)
        propose()
        line = AssessmentLine.objects.get(member=people[5])
        assert (line.grade, line.ungraded) == ("", NOT_APPRAISED)

    def test_a_running_year_waits_for_its_end(self, branch, people, secretary):
        with pytest.raises(ValidationError, match="还没有结束"):
            deciding.propose(branch=branch, year=2026, cap_reason="", version=0, actor=secretary)


class TestCommittee:
    def test_it_confirms_with_its_meeting_and_members_hear_of_it(self, branch, people, leader, propose, decide):
        propose()
        with pytest.raises(ValidationError, match="会议或文号"):
            decide(deciding.confirm, leader, meeting="")
        decide(deciding.confirm, leader, meeting="1月20日党委会")
        assert Notice.objects.filter(text__contains="考核等次已审定").count() == 6
        assert not Notice.objects.filter(text__contains="优秀").exists()
        assert not Todo.objects.filter(done_at__isnull=True, title__contains="年度考核").exists()
        assert own_grades(people[5]) == [(YEAR, BASICALLY)]

    def test_nobody_sees_a_grade_before(self, people, propose):
        propose()
        assert own_grades(people[0]) == []

    def test_who_proposed_does_not_confirm(self, branch, hospital, secretary, propose, decide):
        propose()
        factories.appoint(secretary, hospital, Role.PARTY_OFFICE)
        with pytest.raises(ValidationError, match="提出人不能审定"):
            decide(deciding.confirm, secretary, meeting="1月20日党委会")

    def test_it_returns_with_a_word_and_what_people_moved_stays(
        self, branch, people, organiser, secretary, office, propose, decide
    ):
        TestMovingGrades().move(branch, people[5], QUALIFIED, actor=organiser)
        propose()
        with pytest.raises(ValidationError, match="退回的原因"):
            decide(deciding.return_assessment, office, comment="")
        decide(deciding.return_assessment, office, comment="请核对何平同志的票数")
        assert Notice.objects.get(recipient=secretary).detail == "请核对何平同志的票数"
        assert grades(branch)["何平"] == QUALIFIED
        assert propose().return_comment == ""

    def test_it_may_move_a_grade_itself_while_proposed(self, branch, people, leader, propose, decide):
        propose()
        decide(deciding.set_grade, leader, member=people[3], grade="basically_qualified", reason="党委会研究决定")
        decide(deciding.confirm, leader, meeting="1月20日党委会")
        assert grades(branch)["周晓"] == BASICALLY
        with pytest.raises(ValidationError, match="已审定"):
            decide(deciding.set_grade, leader, member=people[3], grade="qualified", reason="党委会研究决定")


class TestAfterTheLock:
    @pytest.fixture
    def confirmed(self, leader, propose, decide):
        propose()
        return decide(deciding.confirm, leader, meeting="1月20日党委会")

    def test_it_is_confirmed_as_not_locked_and_checked_once_after(self, branch, leader, confirmed, decide):
        assert not confirmed.points_locked
        with pytest.raises(ValidationError, match="还没有锁定"):
            decide(deciding.recheck, leader, reason="")
        lock_year(branch)
        assert decide(deciding.recheck, leader, reason="").points_locked
        with pytest.raises(ValidationError, match="不用再核对"):
            decide(deciding.recheck, leader, reason="")

    def test_differences_are_listed_and_need_a_word_or_go_back(self, branch, people, leader, confirmed, decide):
        points(people[3], "70")
        lock_year(branch)
        found = deciding.differences_of(board(branch, YEAR, factories.TODAY))
        assert [(one.name, one.title, one.before, one.now) for one in found] == [
            ("周晓", "年度积分", "80.00", "70.00"),
            ("周晓", "综合得分", "86.00", "79.00"),
        ]
        with pytest.raises(ValidationError, match="有2处不同"):
            decide(deciding.recheck, leader, reason="")
        decide(deciding.return_assessment, leader, comment="积分有更正，请重新提出")
        assert row_of(branch, people[3]).judged.composite == D("79.00")

    def test_confirmed_after_the_lock_nothing_is_left_to_check(self, branch, leader, propose, decide):
        lock_year(branch)
        propose()
        assert decide(deciding.confirm, leader, meeting="1月20日党委会").points_locked


class TestImport:
    def sheet(self, *rows, head=importing.HEAD):
        book = Workbook()
        book.active.append(["机关第一党支部测评结果"])
        book.active.append(list(head))
        for row in rows:
            book.active.append(list(row))
        out = BytesIO()
        book.save(out)
        return out.getvalue()

    def upload(self, branch, actor, *rows, **how):
        data = self.sheet(*rows, **how)
        return importing.upload(branch=branch, year=YEAR, file_name="测评.xlsx", data=data, actor=actor)

    def test_the_preview_tells_new_changed_and_same_and_is_imported_once(self, branch, people, organiser):
        AppraisalResult.objects.filter(member=people[3]).delete()
        batch = self.upload(
            branch, organiser, ("", "林晓雯", 10, 0, 0, 0), ("", "周晓", 7, 3, "", ""), ("", "王丽", "9", 1, 0, 0)
        )
        assert batch.summary == {"new": 1, "changed": 1, "same": 1, "own": 0, "wrong": 0}
        assert [importing.apply(batch=batch, actor=organiser), importing.apply(batch=batch, actor=organiser)] == [2, 0]
        assert AppraisalResult.objects.get(member=people[3]).qualified == 3
        batch.refresh_from_db()
        assert (batch.state, batch.payload) == (BatchState.APPLIED, "")

    def test_errors_name_row_and_column_and_nothing_is_written(self, branch, people, organiser):
        factories.make_member(branch, name="周晓")
        people[4].user.staff_no = "20011"
        people[4].user.save()
        batch = self.upload(
            branch,
            organiser,
            ("", "林晓雯", 8, "半", -1, 0),
            ("", "陌生人", 1, 0, 0, 0),
            ("", "周晓", 1, 0, 0, 0),
            ("20011", "何平", 1, 0, 0, 0),
            ("99999", "", 1, 0, 0, 0),
            ("20011", "王丽", 3, 0, 0, 0),
            ("", "王丽", 3, 0, 0, 0),
            ("", "何平", 0, 0, 0, 0),
            ("", "", "", "", "", ""),
        )
        wrong = [(line.row, line.column, line.problem) for line in importing.lines_of(batch) if line.kind == "wrong"]
        assert wrong == [
            (3, "合格", "票数应为不小于0的整数。"),
            (3, "基本合格", "票数应为不小于0的整数。"),
            (4, "姓名", "机关第一党支部的名册中没有这个人。"),
            (5, "姓名", "有2位同名，请填写工号。"),
            (6, "姓名", "与工号不符：名册中工号20011是王丽。"),
            (7, "工号", "机关第一党支部的名册中没有这个工号。"),
            (9, "姓名", "与第8行是同一个人。"),
            (10, "票数", "四项票数都是0；没有测评的请留空。"),
        ]
        with pytest.raises(ValidationError, match="还有8处错误"):
            importing.apply(batch=batch, actor=organiser)

    def test_ones_own_row_is_left_out(self, branch, people, organiser):
        batch = self.upload(branch, organiser, ("", "赵启明", 1, 0, 0, 0), ("", "王丽", 1, 0, 0, 0))
        importing.apply(batch=batch, actor=organiser)
        assert AppraisalResult.objects.get(member=people[1]).excellent == 10

    def test_what_changed_since_the_preview_stops_it(self, branch, people, organiser, secretary):
        batch = self.upload(branch, organiser, ("", "王丽", 1, 0, 0, 0))
        enter_results(branch=branch, year=YEAR, given={people[4].pk: Given((2, 0, 0, 0), 1)}, actor=secretary)
        with pytest.raises(ValidationError, match="刚被其他人修改过"):
            importing.apply(batch=batch, actor=organiser)

    def test_a_file_without_the_heads_says_which(self, branch, people, organiser):
        with pytest.raises(ValidationError, match="没有找到表头"):
            self.upload(branch, organiser, ("", "王丽", 1), head=("工号", "姓名", "票数"))
        with pytest.raises(ValidationError, match="只能读取"):
            importing.upload(branch=branch, year=YEAR, file_name="a.pdf", data=b"%PDF", actor=organiser)

    def test_the_template_can_be_uploaded_again_unchanged(self, client, branch, people, organiser):
        client.force_login(organiser)
        answer = client.get(reverse("points:appraisal_template", args=[branch.pk, YEAR]))
        batch = importing.upload(branch=branch, year=YEAR, file_name="模板.xlsx", data=answer.content, actor=organiser)
        assert batch.summary == {"new": 0, "changed": 0, "same": 6, "own": 0, "wrong": 0}


class TestPages:
    @pytest.fixture
    def url(self, branch):
        return lambda name="assessment_detail": reverse(f"points:{name}", args=[branch.pk, YEAR])

    def test_from_the_votes_to_the_confirmed_grade(self, as_user, branch, people, organiser, secretary, leader, url):
        client = as_user(organiser)
        page = client.get(url())
        assert "2.00" in page.text
        data = {f"{name}-{people[4].pk}": value for name, value in zip("eqbu", "9100", strict=True)}
        data |= {f"version-{people[4].pk}": 1, "voters": "9"}
        keep = {}
        for member in people:
            if member not in (people[4], people[1]):
                keep |= {f"e-{member.pk}": 10, f"q-{member.pk}": 0, f"b-{member.pk}": 0, f"u-{member.pk}": 0}
                keep |= {f"version-{member.pk}": 1}
        answer = client.post(url("assessment_votes"), data | keep)
        assert answer.status_code == 422
        assert "合计10票，多于参加测评的9人" in answer.text
        assert client.post(url("assessment_votes"), data | keep | {"voters": "10"}).status_code == 302
        assert AppraisalResult.objects.get(member=people[4]).qualified == 1
        wrong = {"member": people[5].pk, "grade": "qualified", "reason": "好", "version": 1}
        answer = client.post(url("assessment_grade"), wrong)
        assert answer.status_code == 422
        assert 'value="好"' in answer.text
        assert client.post(url("assessment_move"), {"act": "propose", "version": 1}).status_code == 302
        client = as_user(leader)
        assert "等党委审定" in client.get(url()).text
        version = Assessment.objects.get().version
        answer = client.post(url("assessment_move"), {"act": "confirm", "version": version, "meeting": ""})
        assert answer.status_code == 422
        data = {"act": "confirm", "version": version, "meeting": "1月20日党委会"}
        assert client.post(url("assessment_move"), data).status_code == 302
        assert "1月20日党委会审定" in client.get(url()).text
        assert "积分未锁定" in client.get(url()).text

    def test_the_committee_enters_no_votes_the_branch_confirms_nothing(self, as_user, people, office, organiser, url):
        client = as_user(office)
        assert client.get(url("assessment_votes")).status_code == 403
        assert client.post(url("assessment_move"), {"act": "propose", "version": 0}).status_code == 403
        client = as_user(organiser)
        assert client.post(url("assessment_move"), {"act": "confirm", "version": 0}).status_code == 403

    @pytest.mark.parametrize("role", [Role.MEMBER, Role.PUBLICITY_MEMBER, Role.PARTY_COMMITTEE_MEMBER])
    def test_whoever_is_no_part_of_it_knows_of_no_such_page(self, as_user, person, people, url, role):
        assert as_user(person(role)).get(url()).status_code == 404

    def test_codes_of_vetoes_are_for_those_who_see_discipline(self, as_user, people, secretary, organiser, url):
        veto(people[5], "V03", secretary)
        assert "V03" in as_user(secretary).get(url()).text
        page = as_user(organiser).get(url()).text
        assert "V03" not in page
        assert "等次受限，不高于不合格" in page

    def test_the_committee_sees_all_branches_and_what_waits(
        self, as_user, branch, other_branch, people, office, propose
    ):
        factories.make_member(other_branch)
        propose()
        page = as_user(office).get(reverse("points:assessment_list"), {"year": YEAR})
        lines = {line.branch: line for line in page.context["overview"].lines}
        assert lines[branch].waits == "党委审定"
        assert dict(lines[branch].counts)[EXCELLENT] == 2
        assert lines[other_branch].waits == "支部登记测评（还有1人）"

    def test_the_list_costs_the_same_for_one_branch_and_for_many(self, as_user, hospital, people, office):
        factories.make_member(factories.make_branch(hospital))
        client, url = as_user(office), reverse("points:assessment_list")
        client.get(url)
        with CaptureQueriesContext(connection) as few:
            client.get(url)
        for _ in range(10):
            factories.make_member(factories.make_branch(hospital))
        with CaptureQueriesContext(connection) as many:
            assert len(client.get(url).context["overview"].lines) == 12
        assert len(many) == len(few)

    def test_an_import_is_looked_at_and_confirmed_in_the_browser(self, as_user, branch, people, organiser, url):
        client = as_user(organiser)
        data = TestImport().sheet(("", "王丽", 1, 2, 0, 0))
        file = BytesIO(data)
        file.name = "测评.xlsx"
        answer = client.post(url("appraisal_upload"), {"file": file})
        batch = PointsBatch.objects.get()
        assert answer["Location"] == reverse("points:appraisal_batch", args=[batch.pk])
        assert "1/2/0/0" in client.get(answer["Location"]).text
        assert client.post(reverse("points:appraisal_batch_act", args=[batch.pk]), {"act": "apply"}).status_code == 302
        assert AppraisalResult.objects.get(member=people[4]).qualified == 2
        assert client.post(url("appraisal_upload"), {}).status_code == 422

    def test_the_list_is_a_workbook_on_record_in_which_text_stays_text(self, as_user, branch, people, organiser, url):
        people[0].user.name = "=1+1"
        people[0].user.save()
        answer = as_user(organiser).get(url("assessment_file"), {"form": "list"})
        sheet = load_workbook(BytesIO(answer.content)).active
        cell = sheet["B4"]
        assert (cell.value, cell.data_type) == ("=1+1", "s")
        assert "6人×1/3＝2.00，取2人" in sheet["A2"].value
        assert AuditEntry.objects.filter(action="assessment.printed").count() == 1
