"""From the preview of stars to the confirmed ones: decided by meetings, handed in, returned, taken by a veto."""

from datetime import date
from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError

from branches.choices import BranchLevel, Role
from branches.models import AuditEntry, Notice, Todo
from members.models import Exemption
from points.choices import AssessmentState, ClaimState, Grade
from points.ledger.posting import post_many
from points.models import AppraisalResult, Assessment, AssessmentLine, Claim, MemberItem, MemberStar, MemberStarSheet
from points.stars.members import deciding
from points.stars.members.figures import star_board
from points.stars.members.rules import EXEMPT, LEFT_OUT, NOT_APPRAISED, TOO_SHORT
from tests import factories
from tests.points.assessment.help import YEAR, points, polled, veto
from tests.points.stars.member_help import MEETING, graded, honour, row_of, stars_of, version_now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
TODAY = factories.TODAY
WORDS = "2月10日支委会表决，4票赞成"


class TestFigures:
    def test_stars_follow_from_points_grades_and_places(self, branch, ten, grades):
        """Ten rated: two places for five, five for four and five; three are 优秀 of 1/3."""
        found = list(stars_of(branch).values())
        assert found == [5, 5, 4, 4, 4, 3, 3, 3, 2, 1]

    def test_without_confirmed_grades_it_is_a_preview(self, branch, ten):
        shown = star_board(branch, YEAR, TODAY)
        assert shown.is_preview
        assert [row.stars for row in shown.rows][:2] == [5, 5]
        AppraisalResult.objects.all().delete()
        assert [row.stars for row in star_board(branch, YEAR, TODAY).rows][:2] == [5, 5]

    def test_a_large_single_deduction_and_no_deed_keep_from_five(self, branch, ten, claimed, grades):
        claimed(ten[0], code="G07", points="-5", day=date(YEAR, 3, 1))
        points(ten[0], "99")
        assert row_of(branch, ten[0]).facts.worst == D("5.00")
        assert row_of(branch, ten[0]).stars == 4
        assert row_of(branch, ten[1]).stars == 5

    def test_a_deduction_that_was_reversed_counts_no_more(self, branch, ten, claimed, grades):
        claim = claimed(ten[0], code="G07", points="-5", day=date(YEAR, 3, 1))
        from_claim = row_of(branch, ten[0]).facts.worst
        Claim.objects.filter(pk=claim.pk).update(state=ClaimState.VOIDED)
        post_many(source_kind="claim", source_ids=[claim.pk], actor=None)
        assert (from_claim, row_of(branch, ten[0]).facts.worst) == (D("5.00"), 0)

    def test_deploy_and_post_items_count_as_a_deed_and_others_do_not(self, branch, ten, grades):
        MemberItem.objects.filter(member=ten[0]).delete()
        honour(ten[0], "E05", "SVC")
        assert row_of(branch, ten[0]).standing.reached == 4
        honour(ten[0], "D02", "POS")
        assert row_of(branch, ten[0]).standing.reached == 5

    def test_who_gets_no_star_at_all(self, branch, ten, office, organiser):
        late = factories.make_member(branch, name="新人", since=date(YEAR, 11, 1))
        Exemption.objects.create(
            member=ten[7], ground="ill", starts_on=date(YEAR, 1, 1), approved_on=date(YEAR, 1, 1), entered_by=organiser
        )
        AppraisalResult.objects.filter(member=ten[8]).delete()
        graded(branch, office)
        reasons = {row.name: row.facts.unrated for row in star_board(branch, YEAR, TODAY).rows if row.stars is None}
        assert reasons == {late.user.name: TOO_SHORT, "徐静": EXEMPT, "马强": NOT_APPRAISED}

    def test_probationers_reach_four_without_a_grade_and_take_no_place(self, branch, ten, office):
        young = factories.make_member(branch, name="小新", member_type="probationary")
        points(young, "110")
        honour(young)
        graded(branch, office)
        shown = star_board(branch, YEAR, TODAY)
        assert (stars_of(branch)["小新"], shown.rated, shown.counted) == (4, 10, (2, 5))


class TestMeetings:
    @pytest.fixture
    def tied(self, branch, ten, office):
        """The second and the third are equal for the second place."""
        points(ten[2], "98")
        graded(branch, office)

    def decide(self, settle, actor, member, choice, reason=WORDS):
        return settle(deciding.decide_row, actor, member=member, choice=choice, reason=reason)

    def test_equals_at_the_cut_wait_for_a_vote(self, branch, ten, secretary, tied, hand_in, settle):
        shown = star_board(branch, YEAR, TODAY)
        assert {row.member for row in shown.waiting} == {ten[1], ten[2]}
        with pytest.raises(ValidationError, match="名额线上并列"):
            hand_in()
        with pytest.raises(ValidationError, match="会议和表决情况"):
            self.decide(settle, secretary, ten[2], "5", "好")
        self.decide(settle, secretary, ten[2], "5")
        assert (row_of(branch, ten[2]).stars, row_of(branch, ten[1]).stars) == (5, 4)
        with pytest.raises(ValidationError, match="并列的名额已经用完"):
            self.decide(settle, secretary, ten[1], "5")
        assert hand_in().state == AssessmentState.PROPOSED

    def test_nobody_decides_the_own_star(self, branch, ten, organiser, secretary, tied, settle):
        with pytest.raises(ValidationError, match="本人的星级"):
            self.decide(settle, organiser, ten[1], "5")
        self.decide(settle, secretary, ten[1], "5")
        assert row_of(branch, ten[1]).stars == 5

    def test_who_is_no_equal_is_not_for_a_meeting(self, ten, secretary, tied, settle):
        with pytest.raises(ValidationError, match="只有名额线上并列"):
            self.decide(settle, secretary, ten[4], "5")

    def test_before_the_grades_are_confirmed_nothing_is_registered_of_equals(self, ten, secretary, settle):
        points(ten[2], "98")
        with pytest.raises(ValidationError, match="年度考核审定后"):
            self.decide(settle, secretary, ten[2], "5")

    def test_the_frail_are_left_out_with_a_word_and_count_for_no_place(self, branch, ten, organiser, grades, settle):
        with pytest.raises(ValidationError, match="会议和表决情况"):
            self.decide(settle, organiser, ten[9], "out", "")
        self.decide(settle, organiser, ten[9], "out", "支部大会同意年老体弱不评定")
        row = row_of(branch, ten[9])
        assert (row.stars, row.facts.unrated, star_board(branch, YEAR, TODAY).pool.five) == (None, LEFT_OUT, 1)
        self.decide(settle, organiser, ten[9], "", "")
        assert row_of(branch, ten[9]).stars == 1
        assert AuditEntry.objects.filter(action="member_stars.decided").count() == 2

    def test_two_at_a_time_are_told(self, branch, ten, organiser, secretary, grades, settle):
        self.decide(settle, organiser, ten[9], "out")
        with pytest.raises(ValidationError, match="刚被其他人修改过"):
            deciding.decide_row(
                branch=branch, year=YEAR, member=ten[8], choice="out", reason=WORDS, version=1, actor=secretary
            )


class TestHandingIn:
    def test_it_waits_for_the_grades_and_the_end_of_the_year(self, branch, ten, secretary, office, hand_in):
        with pytest.raises(ValidationError, match="还没有结束"):
            hand_in(year=2026, version=0)
        Assessment.objects.update(state=AssessmentState.OPEN)
        with pytest.raises(ValidationError, match="机关第一党支部的年度考核审定后"):
            hand_in()

    def test_it_freezes_the_figures_of_the_moment(self, branch, ten, hand_in):
        assert hand_in().state == AssessmentState.PROPOSED
        points(ten[0], "20")
        AssessmentLine.objects.filter(member=ten[0]).update(year_points=20)
        row = row_of(branch, ten[0])
        assert (row.facts.points, row.facts.grade, row.stars) == (D("99.00"), Grade.EXCELLENT, 5)
        assert Todo.objects.filter(role=Role.PARTY_OFFICE, done_at__isnull=True).count() == 1
        with pytest.raises(ValidationError, match="已提出"):
            hand_in()

    def test_taken_back_it_is_open_again(self, branch, ten, secretary, hand_in, settle):
        hand_in()
        assert settle(deciding.take_back, secretary).state == AssessmentState.OPEN
        assert not Todo.objects.filter(done_at__isnull=True, title__contains="党员星级").exists()
        with pytest.raises(ValidationError, match="不能收回"):
            settle(deciding.take_back, secretary)


class TestCommittee:
    def test_it_confirms_with_its_meeting_and_members_hear_of_it(self, branch, ten, leader, hand_in, settle):
        hand_in()
        with pytest.raises(ValidationError, match="会议或文号"):
            settle(deciding.confirm, leader, meeting="")
        (sheet,) = settle(deciding.confirm, leader, meeting=MEETING)
        assert (sheet.state, sheet.pool["five"], sheet.pool["four"]) == (AssessmentState.CONFIRMED, 2, 5)
        assert Notice.objects.filter(text__contains="党员星级已审定").count() == 10
        assert not Notice.objects.filter(text__contains="五星").exists()
        assert not Todo.objects.filter(done_at__isnull=True, title__contains="党员星级").exists()

    def test_who_handed_in_does_not_confirm(self, hospital, secretary, hand_in, settle):
        hand_in()
        factories.appoint(secretary, hospital, Role.PARTY_OFFICE)
        with pytest.raises(ValidationError, match="提出人不能审定"):
            settle(deciding.confirm, secretary, meeting=MEETING)

    def test_nobody_confirms_what_a_meeting_decided_of_oneself(self, branch, hospital, ten, secretary, hand_in, settle):
        settle(deciding.decide_row, secretary, member=ten[9], choice="out", reason=WORDS)
        factories.appoint(ten[9].user, hospital, Role.PARTY_OFFICE)
        hand_in()
        with pytest.raises(ValidationError, match="本人星级"):
            settle(deciding.confirm, ten[9].user, meeting=MEETING)

    def test_it_returns_with_a_word_and_decisions_stay(self, branch, ten, secretary, office, hand_in, settle):
        settle(deciding.decide_row, secretary, member=ten[9], choice="out", reason=WORDS)
        hand_in()
        with pytest.raises(ValidationError, match="退回的原因"):
            settle(deciding.return_sheet, office, comment="")
        settle(deciding.return_sheet, office, comment="请核对孙宁同志的情况")
        assert Notice.objects.get(recipient=secretary).detail == "请核对孙宁同志的情况"
        assert row_of(branch, ten[9]).facts.unrated == LEFT_OUT
        assert hand_in().return_comment == ""

    def test_confirmed_it_is_not_returned_unless_the_grades_are_given_anew(self, branch, ten, leader, hand_in, settle):
        hand_in()
        settle(deciding.confirm, leader, meeting=MEETING)
        with pytest.raises(ValidationError, match="现在不能退回"):
            settle(deciding.return_sheet, leader, comment="想再看看")
        Assessment.objects.update(state=AssessmentState.OPEN)
        assert star_board(branch, YEAR, TODAY).is_stale
        assert settle(deciding.return_sheet, leader, comment="考核重新审定").state == AssessmentState.OPEN

    def test_stars_on_old_grades_are_not_confirmed(self, ten, leader, hand_in, settle):
        hand_in()
        Assessment.objects.update(state=AssessmentState.OPEN)
        with pytest.raises(ValidationError, match="提出后有变动"):
            settle(deciding.confirm, leader, meeting=MEETING)


class TestVetoes:
    @pytest.fixture
    def confirmed(self, ten, leader, hand_in, settle):
        hand_in()
        settle(deciding.confirm, leader, meeting=MEETING)

    def test_confirmed_after_it_takes_the_star_at_once_and_gives_it_back(self, branch, ten, secretary, confirmed):
        claim = veto(ten[0], "V04", secretary)
        assert (row_of(branch, ten[0]).stars, row_of(branch, ten[0]).removed) == (None, True)
        assert MemberStar.objects.get(member=ten[0]).stars == 5
        assert row_of(branch, ten[1]).stars == 5
        Claim.objects.filter(pk=claim.pk).update(state=ClaimState.WITHDRAWN)
        assert row_of(branch, ten[0]).stars == 5

    def test_one_of_the_year_after_takes_the_star_that_is_held(self, branch, ten, secretary, confirmed):
        claim = veto(ten[0], "V04", secretary)
        Claim.objects.filter(pk=claim.pk).update(month=date(YEAR + 1, 6, 1))
        assert row_of(branch, ten[0]).stars is None
        newer = MemberStarSheet.objects.create(branch=branch, year=YEAR + 1, state=AssessmentState.CONFIRMED)
        MemberStar.objects.create(sheet=newer, member=ten[0], name="陈静怡", stars=3)
        assert row_of(branch, ten[0]).stars is None  # it was held until the newer one followed
        Claim.objects.filter(pk=claim.pk).update(month=date(YEAR + 2, 1, 1))
        assert row_of(branch, ten[0]).stars == 5

    def test_before_it_others_move_up_and_withdrawn_later_the_list_is_stale(
        self, branch, ten, secretary, organiser, office, hand_in, settle, leader
    ):
        claim = veto(ten[0], "V04", secretary)
        assert list(stars_of(branch).values())[:3] == [5, 5, 4]
        assert row_of(branch, ten[0]).stars is None
        assert row_of(branch, ten[2]).stars == 5
        hand_in()
        settle(deciding.confirm, leader, meeting=MEETING)
        Claim.objects.filter(pk=claim.pk).update(state=ClaimState.WITHDRAWN)
        shown = star_board(branch, YEAR, TODAY)
        assert shown.is_stale
        assert next(row for row in shown.rows if row.member == ten[0]).stars is None


class TestSmallBranches:
    @pytest.fixture
    def small(self, hospital, organiser, office):
        """Two branches of one general branch with three and four members: one place for five, three for four."""
        above = factories.make_branch(hospital, name="临床党总支", level=BranchLevel.GENERAL_BRANCH)
        found = []
        for name, totals in (("一支部", ("99", "90", "80")), ("二支部", ("98", "91", "88", "70"))):
            node = factories.make_branch(above, name=name)
            for total in totals:
                member = factories.make_member(node)
                points(member, total)
                honour(member)
                polled(member, 10, 0, 0, 0, by=organiser)
            found.append(node)
        return found

    def test_they_share_the_places_of_their_general_branch(self, small, office):
        for node in small:
            graded(node, office)
        first, second = (star_board(node, YEAR, TODAY) for node in small)
        assert (first.pool.base, first.pool.five, first.pool.four, first.pool_names) == (7, 1, 3, ("二支部",))
        assert [row.stars for row in first.rows] == [5, 3, 3]
        assert [row.stars for row in second.rows] == [4, 4, 3, 2]

    def test_they_hand_in_after_all_grades_and_are_confirmed_together(self, small, office, leader, secretary, settle):
        one, two = small
        graded(one, office)
        with pytest.raises(ValidationError, match="二支部的年度考核审定后"):
            settle(deciding.propose, secretary, node=one)
        graded(two, office)
        settle(deciding.propose, secretary, node=one)
        with pytest.raises(ValidationError, match="二支部与本支部合并计算名额"):
            settle(deciding.confirm, leader, node=one, meeting=MEETING)
        settle(deciding.propose, secretary, node=two)
        assert len(settle(deciding.confirm, leader, node=one, meeting=MEETING)) == 2
        assert set(MemberStarSheet.objects.values_list("state", flat=True)) == {AssessmentState.CONFIRMED}
        assert star_board(two, YEAR, TODAY).pool_names == ("一支部",)

    def test_version_is_that_of_the_own_page(self, small, office, leader, secretary, settle):
        one, two = small
        for node in small:
            graded(node, office)
        for node in small:
            settle(deciding.propose, secretary, node=node)
        with pytest.raises(ValidationError, match="刚被其他人修改过"):
            deciding.confirm(branch=one, year=YEAR, meeting=MEETING, version=version_now(two) + 5, actor=leader)
