"""From suggested grades to the confirmed ones: moved by people, proposed, returned, checked after the lock."""

from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError

from branches.choices import Role
from branches.models import AuditEntry, Notice, Todo
from points.assessment import deciding
from points.assessment.figures import board
from points.assessment.panels import own_grades
from points.assessment.rules import NOT_APPRAISED
from points.choices import Grade
from points.models import AppraisalResult, AssessmentLine
from tests import factories
from tests.points.assessment.help import YEAR, grades, lock_year, move, points, polled, row_of, veto

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
EXCELLENT, QUALIFIED, BASICALLY, UNQUALIFIED = Grade


class TestMovingGrades:
    def test_one_step_with_a_reason(self, branch, people, organiser):
        with pytest.raises(ValidationError, match="请写明理由"):
            move(branch, people[5], QUALIFIED, "好", actor=organiser)
        with pytest.raises(ValidationError, match="高或低一档"):
            move(branch, people[5], EXCELLENT, actor=organiser)
        move(branch, people[5], QUALIFIED, actor=organiser)
        assert grades(branch)["何平"] == QUALIFIED
        line = AuditEntry.objects.get(action="assessment.moved")
        assert line.changes["grade"] == ["基本合格", "合格"]

    def test_a_veto_cannot_be_exceeded_by_hand(self, branch, people, secretary, organiser):
        veto(people[0], "V01", secretary)
        with pytest.raises(ValidationError, match="等次不能高于基本合格"):
            move(branch, people[0], QUALIFIED, actor=organiser)
        move(branch, people[0], UNQUALIFIED, actor=organiser)
        assert grades(branch)["陈静怡"] == UNQUALIFIED

    def test_nobody_moves_ones_own(self, branch, people, secretary):
        with pytest.raises(ValidationError, match="本人的等次"):
            move(branch, people[0], QUALIFIED, actor=secretary)

    def test_what_the_figures_no_longer_allow_falls_away(self, branch, people, organiser):
        move(branch, people[5], QUALIFIED, actor=organiser)
        points(people[5], "10")
        polled(people[5], 0, 0, 0, 10, by=organiser)
        assert grades(branch)["何平"] == UNQUALIFIED

    def test_two_at_a_time_are_told(self, branch, people, organiser, secretary):
        move(branch, people[5], QUALIFIED, actor=organiser)
        with pytest.raises(ValidationError, match="刚被其他人修改过"):
            move(branch, people[4], BASICALLY, version=1, actor=secretary)

    def test_a_tie_at_the_cut_waits_for_a_vote(self, branch, people, organiser, propose):
        points(people[2], "95")
        assert grades(branch)["林晓雯"] is None
        with pytest.raises(ValidationError, match="林晓雯（等次待定）、赵启明（等次待定）"):
            propose()
        move(branch, people[2], EXCELLENT, "支委会表决4票赞成", actor=organiser)
        move(branch, people[1], QUALIFIED, "支委会表决1票赞成", actor=people[2].user)
        assert propose().state == "proposed"

    def test_v05_without_a_level_is_graded_by_hand(self, branch, people, secretary, organiser, propose):
        veto(people[4], "V05", secretary)
        with pytest.raises(ValidationError, match="王丽（等次待定）"):
            propose()
        move(branch, people[4], UNQUALIFIED, "按上级决定，纪字1号", actor=organiser)
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
        move(branch, people[2], EXCELLENT, actor=organiser)
        with pytest.raises(ValidationError, match="优秀3人，超过2人"):
            propose()
        assert propose(cap_reason="三名同志同获市级表彰").cap_reason == "三名同志同获市级表彰"

    def test_without_an_appraisal_there_is_a_reason_or_no_proposal(self, branch, people, organiser, propose):
        AppraisalResult.objects.filter(member=people[5]).delete()
        with pytest.raises(ValidationError, match="何平（没有测评结果）"):
            propose()
        move(branch, people[5], "", "在外地长期住院未参加", actor=organiser)
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
        move(branch, people[5], QUALIFIED, actor=organiser)
        propose()
        with pytest.raises(ValidationError, match="退回的原因"):
            decide(deciding.return_assessment, office, comment="")
        decide(deciding.return_assessment, office, comment="请核对何平同志的票数")
        assert Notice.objects.get(recipient=secretary).detail == "请核对何平同志的票数"
        assert grades(branch)["何平"] == QUALIFIED
        assert propose().return_comment == ""

    def test_the_branch_takes_back_what_it_proposed_until_the_committee_decided(
        self, branch, people, organiser, secretary, leader, propose, decide
    ):
        move(branch, people[5], QUALIFIED, actor=organiser)
        propose()
        decide(deciding.take_back, secretary)
        assert not Todo.objects.filter(done_at__isnull=True, title__contains="年度考核").exists()
        assert grades(branch)["何平"] == QUALIFIED
        propose()
        decide(deciding.confirm, leader, meeting="1月20日党委会")
        with pytest.raises(ValidationError, match="已审定，不能收回"):
            decide(deciding.take_back, secretary)

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
