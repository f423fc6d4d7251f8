"""Publicity, objections, approval, and what follows: every transition, every refusal."""

import uuid
from datetime import date
from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from branches.choices import Role
from branches.models import AuditEntry, Notice, Todo
from points.choices import MarkKind, RatingState, RoundState, StarObjectionState
from points.models import StarObjection, StarRating, StarRound
from points.stars import deciding, follow_ups, objecting, reviewing
from points.stars.card_page import decision_words
from points.stars.standing import standing_of
from tests import factories
from tests.points.stars.cycle import help
from tests.points.stars.cycle.help import AFTER, FEBRUARY, YEAR, approve, object_to, publicise, row_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on", "card")]


@pytest.fixture
def all_reviewed(on, hospital, office, rated):
    """All branches there are, reviewed on the second of February."""

    def run(*others):
        on(FEBRUARY)
        for node in (rated, *others):
            help.review(node, office, comment="没有提交自评")

    return run


class TestPublicity:
    def test_all_are_displayed_for_five_full_working_days(self, hospital, displayed, rated, secretary):
        round_ = displayed()
        assert (round_.state, round_.publicised_on, round_.objections_until) == (
            RoundState.PUBLICISED, FEBRUARY, date(2026, 2, 9),
        )  # fmt: skip
        row = row_of(rated)
        assert (row.state, row.stars) == (RatingState.PUBLICISED, 4)
        assert row.decision == ["总分85.00，按分数线为四星"]
        assert row.facts["places"] == [1, 1, 1]
        assert Notice.objects.filter(recipient=secretary, text__contains="开始公示").exists()
        assert Todo.objects.get(role=Role.PARTY_OFFICE, done_at=None).due == date(2026, 3, 31)

    def test_holidays_do_not_count(self, on, hospital, all_reviewed, office):
        all_reviewed()
        on(date(2026, 2, 11))  # before the spring festival: the 14th, a Saturday, is worked
        assert publicise(hospital, office).objections_until == date(2026, 2, 25)

    def test_it_waits_for_every_branch_that_takes_part(self, hospital, displayed, office, rated, secretary):
        help.self_rate(rated, secretary)
        with pytest.raises(ValidationError, match="还有1个支部没有复核：门诊党支部"):
            publicise(hospital, office)

    def test_who_takes_no_part_is_kept_with_the_reason(self, hospital, displayed, rated):
        gone = help.rated_branch(hospital, "85", founded_on=date(2015, 1, 1), dissolved_on=date(2025, 8, 1))
        displayed()
        row = row_of(gone)
        assert (row.state, row.stars, row.total) == (RatingState.PUBLICISED, None, None)
        assert row.decision == [row.unrated] == ["2025年8月1日撤销，不参加评定"]

    def test_twice_or_from_an_old_page_is_refused(self, hospital, displayed, office):
        displayed()
        with pytest.raises(ValidationError, match="正在公示"):
            publicise(hospital, office)
        with pytest.raises(ValidationError, match="刚被其他人办理过"):
            publicise(hospital, office, version=1)

    def test_a_running_year_has_no_publicity(self, on, hospital, office):
        on(date(2025, 12, 31))
        with pytest.raises(ValidationError, match="还没有结束"):
            publicise(hospital, office)

    def test_nobody_takes_part(self, hospital, office):  # the cast has one branch without any data
        with pytest.raises(ValidationError, match="没有参加评定的党支部"):
            publicise(hospital, office)

    def test_a_veto_after_the_review_goes_back_first(self, on, hospital, all_reviewed, office, rated):
        all_reviewed()
        on(date(2026, 2, 3))
        veto = help.mark(rated, MarkKind.VETO)
        with pytest.raises(ValidationError, match="门诊党支部复核以后登记或撤销了一票否决"):
            publicise(hospital, office)
        veto.withdrawn_at = veto.created_at
        veto.save()
        assert publicise(hospital, office).state == RoundState.PUBLICISED

    def test_what_is_displayed_cannot_be_changed(self, displayed, rated, secretary, office):
        displayed()
        with pytest.raises(ValidationError, match="正在公示，不能再修改"):
            help.self_rate(rated, secretary)
        with pytest.raises(ValidationError, match="正在公示，不能再修改"):
            reviewing.return_to_branch(
                branch=rated, year=YEAR, reason="数据有误", version=help.version_of(rated), actor=office
            )

    def test_back_to_review_opens_one_and_keeps_the_others(self, hospital, displayed, office, rated):
        other = help.rated_branch(hospital, "75")
        displayed()
        with pytest.raises(ValidationError, match="退回复核的原因"):
            deciding.back_to_review(rating=row_of(rated), reason="", actor=office)
        round_ = deciding.back_to_review(rating=row_of(rated), reason="补计一项加分", actor=office)
        assert (round_.state, round_.objections_until) == (RoundState.OPEN, None)
        assert (row_of(rated).state, row_of(other).state) == (RatingState.SELF_RATED, RatingState.REVIEWED)
        assert (row_of(other).total, row_of(other).stars) == (D("75.00"), None)
        with pytest.raises(ValidationError, match="不在公示中"):
            deciding.back_to_review(rating=row_of(rated), reason="补计一项加分", actor=office)
        help.review(rated, office)
        assert publicise(hospital, office).state == RoundState.PUBLICISED


class TestObjections:
    def test_a_member_objects_once_and_the_office_hears_of_it(self, displayed, rated, person, office):
        displayed()
        member, key = person(Role.MEMBER, rated), uuid.uuid4()
        made = object_to(rated, member, key=key)
        assert object_to(rated, member, key=key) == made
        with pytest.raises(ValidationError, match="正在处理"):
            object_to(rated, member)
        assert Todo.objects.get(item_key=objecting.key_of(made)).due == date(2026, 2, 9)
        assert Notice.objects.filter(recipient=office, text="请答复对门诊党支部星级的异议").exists()

    @pytest.mark.parametrize("text", ["字" * 3, "字" * 501])
    def test_it_has_4_to_500_characters(self, displayed, rated, secretary, text):
        displayed()
        with pytest.raises(ValidationError, match="4至500字"):
            object_to(rated, secretary, text)

    def test_only_members_of_the_hospital_and_its_secretaries(self, displayed, rated, person):
        displayed()
        elsewhere = factories.make_branch(factories.make_branch())
        for stranger in (person(Role.MEMBER, elsewhere), person(Role.PARTY_COMMITTEE_SECRETARY)):
            with pytest.raises(ValidationError, match="本院在册党员或支部书记"):
                object_to(rated, stranger)

    def test_on_the_last_day_and_not_after_it(self, on, displayed, rated, secretary, person):
        displayed()
        on(date(2026, 2, 9))
        object_to(rated, secretary)
        on(date(2026, 2, 10))
        with pytest.raises(ValidationError, match="公示期已于2026年2月9日结束"):
            object_to(rated, person(Role.MEMBER, rated))

    def test_before_the_publicity_there_is_nothing_to_object_to(self, rated, secretary):
        help.self_rate(rated, secretary)
        with pytest.raises(ValidationError, match="不在公示期内"):
            object_to(rated, secretary)

    def answer(self, objection, actor, *, upheld, text="经核对属实"):
        return objecting.answer_objection(objection=objection, upheld=upheld, answer=text, actor=actor)

    def test_refused_with_words_it_changes_nothing(self, displayed, rated, secretary, office):
        displayed()
        made = object_to(rated, secretary)
        with pytest.raises(ValidationError, match="请选择异议是否成立"):
            self.answer(made, office, upheld=None)
        with pytest.raises(ValidationError, match="请写明答复"):
            self.answer(made, office, upheld=False, text="")
        assert self.answer(made, office, upheld=False).state == StarObjectionState.REFUSED
        assert row_of(rated).state == RatingState.PUBLICISED
        assert Notice.objects.get(recipient=secretary, text__contains="异议不成立").detail == "经核对属实"
        with pytest.raises(ValidationError, match="已经答复"):
            self.answer(made, office, upheld=True)

    def test_nobody_answers_ones_own(self, hospital, displayed, rated, secretary):
        displayed()
        factories.appoint(secretary, hospital, Role.PARTY_OFFICE)
        with pytest.raises(ValidationError, match="由其他同志答复"):
            self.answer(object_to(rated, secretary), secretary, upheld=False)

    def test_upheld_it_opens_the_rating_and_the_publicity_begins_anew(
        self, on, hospital, displayed, rated, secretary, office
    ):
        displayed()
        made = object_to(rated, secretary)
        self.answer(made, office, upheld=True)
        assert row_of(rated).state == RatingState.SELF_RATED
        assert StarRound.objects.get().state == RoundState.OPEN
        help.score(rated, "91")
        help.review(rated, office)
        on(date(2026, 2, 5))
        assert publicise(hospital, office).objections_until == date(2026, 2, 12)
        assert row_of(rated).stars == 5

    def test_open_ones_hold_up_publicity_and_approval(self, on, hospital, displayed, rated, secretary, office, leader):
        other = help.rated_branch(hospital, "75")
        displayed()
        object_to(rated, secretary)
        second = object_to(other, secretary)
        on(AFTER)
        with pytest.raises(ValidationError, match="还有2项异议没有答复"):
            approve(hospital, leader)
        self.answer(second, office, upheld=True)
        help.review(other, office, comment="已经核对")
        with pytest.raises(ValidationError, match="还有1项异议没有答复"):
            publicise(hospital, office)


class TestApproval:
    def test_the_committee_approves_after_the_last_day(self, on, hospital, displayed, rated, secretary, leader):
        displayed()
        on(date(2026, 2, 9))
        with pytest.raises(ValidationError, match="公示至2026年2月9日，期满以后"):
            approve(hospital, leader)
        on(date(2026, 2, 10))
        with pytest.raises(ValidationError, match="会议或文号"):
            approve(hospital, leader, meeting="")
        round_ = approve(hospital, leader)
        assert (round_.state, round_.meeting, row_of(rated).state) == ("approved", "3月2日党委会", "approved")
        assert Notice.objects.filter(recipient=secretary, text="门诊党支部2025年度星级已审定：四星").exists()
        assert not Todo.objects.filter(role=Role.PARTY_OFFICE, done_at=None).exists()
        assert AuditEntry.objects.get(action="star_round.approved").changes["四星"] == [None, 1]

    def test_not_before_the_publicity_nor_by_who_publicised(self, on, hospital, displayed, rated, office, leader):
        with pytest.raises(ValidationError, match="公示以后才能审定"):
            approve(hospital, leader)
        displayed()
        on(AFTER)
        with pytest.raises(ValidationError, match="由其他同志审定"):
            approve(hospital, office)

    def test_approved_rows_are_frozen_by_the_database(self, on, hospital, displayed, rated, leader):
        displayed()
        on(AFTER)
        round_ = approve(hospital, leader)
        for rows, change in (
            (StarRating.objects.filter(branch=rated), {"stars": 5}),
            (StarRound.objects.filter(pk=round_.pk), {"meeting": "另一次会"}),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                rows.update(**change)
            with pytest.raises(DatabaseError), transaction.atomic():
                rows.delete()

    def test_a_veto_during_the_publicity_goes_back_first(self, on, hospital, displayed, rated, office, leader):
        displayed()
        on(AFTER)
        help.mark(rated, MarkKind.VETO)
        with pytest.raises(ValidationError, match="退回重新复核"):
            approve(hospital, leader)
        deciding.back_to_review(rating=row_of(rated), reason="登记了一票否决", actor=office)
        help.review(rated, office)
        publicise(hospital, office)
        assert row_of(rated).stars == 1

    def test_who_is_equal_at_a_cut_is_ordered_by_the_committee(self, on, hospital, displayed, rated, leader):
        first, second = (help.rated_branch(hospital, "95", name) for name in ("甲支部", "乙支部"))
        help.rated_branch(hospital, "70")  # of four, one may have five stars and two four or five
        displayed()
        assert (row_of(first).stars, row_of(second).stars) == (4, 4)
        assert "由党委研究" in row_of(first).decision[-1]
        on(AFTER)
        with pytest.raises(ValidationError, match="甲支部、乙支部同分"):
            approve(hospital, leader)
        with pytest.raises(ValidationError, match="同分，请按党委研究的次序"):
            approve(hospital, leader, order=[first.pk, rated.pk])
        with pytest.raises(ValidationError, match="同分次序的依据"):
            approve(hospital, leader, order=[second.pk, first.pk])
        round_ = approve(hospital, leader, order=[second.pk, first.pk], tie_reason="乙支部获市级表彰")
        assert (row_of(first).stars, row_of(second).stars, row_of(rated).stars) == (4, 5, 3)
        assert row_of(second).decision[-1] == "同分次序由党委研究确定：乙支部获市级表彰"
        assert round_.tie_order == [second.pk, first.pk]

    def test_quotas_are_taken_over_all_branches(self, hospital, displayed, rated):
        nodes = [help.rated_branch(hospital, f"{99 - n}") for n in range(9)]  # 99 … 91, and 85
        displayed()
        stars = [row_of(node).stars for node in (*nodes, rated)]
        assert stars == [5, 4, 4, 4, 4, 3, 3, 3, 3, 3]

    def test_the_previous_total_decides_before_the_committee_has_to(self, hospital, displayed, rated):
        first, second, _ = (help.rated_branch(hospital, total) for total in ("95", "95", "70"))
        help.approved_before(first, 4, "84.5")
        help.approved_before(second, 4, "84.6")
        displayed()
        assert (row_of(first).stars, row_of(second).stars) == (4, 5)

    def test_one_step_up_unless_a_document_says_more(self, hospital, displayed, rated):
        other = help.rated_branch(hospital, "86")
        help.approved_before(rated, 2)
        help.approved_before(other, 2)
        help.mark(other, MarkKind.DIRECT, stars=4)
        displayed()
        assert row_of(rated).stars == 3
        assert row_of(rated).decision[-1] == "上年二星，一年最多上升一星"
        assert row_of(other).stars == 4

    def test_decided_above_it_takes_no_place(self, hospital, displayed, rated):
        above = help.rated_branch(hospital, "70")
        best = help.rated_branch(hospital, "95")
        help.mark(above, MarkKind.ABOVE, stars=5)
        displayed()
        assert (row_of(above).stars, row_of(best).stars) == (5, 5)
        assert row_of(above).decision == ["上级评定为五星，不占本院名额"]

    @pytest.mark.parametrize(("total", "stars"), [("90", 5), ("89.99", 4), ("80", 4), ("79.99", 3), ("59.99", 1)])
    def test_thresholds(self, displayed, rated, total, stars):
        help.score(rated, total)
        displayed()
        assert row_of(rated).stars == stars

    def test_the_page_of_the_year_stays_as_it_was(self, on, hospital, displayed, rated, leader):
        """Another edition, another quota, another branch: the approved rating is told as on its day."""
        displayed()
        on(AFTER)
        approve(hospital, leader)
        before = standing_of(hospital, YEAR, AFTER)
        help.rated_branch(hospital, "99")
        help.make_card(hospital, "临床评分表", category="clinical", four_from=D("89"))
        rated.category = "clinical"
        rated.save()
        after = standing_of(hospital, YEAR, AFTER)
        for standing in (before, after):
            shown = standing.of(rated.pk)
            assert (shown.stars, decision_words(shown)) == (4, ["总分85.00，按分数线为四星"])
            assert (shown.card_row.name, shown.places.rated) == ("一项评分表", 1)


class TestFollowUps:
    def low(self, rated, displayed, on, hospital, leader):
        help.score(rated, "50")
        displayed()
        on(AFTER)
        approve(hospital, leader)

    def test_one_star_means_ninety_days_to_mend(self, on, hospital, displayed, rated, leader):
        self.low(rated, displayed, on, hospital, leader)
        todo = Todo.objects.get(role=Role.BRANCH_SECRETARY, done_at=None)
        assert (todo.title, todo.due) == ("2025年度评为一星，开展软弱涣散整顿", date(2026, 5, 31))
        assert not Todo.objects.filter(role=Role.PARTY_OFFICE, done_at=None).exists()

    def test_two_years_running_the_office_sees_to_the_secretary(self, on, hospital, displayed, rated, leader, office):
        help.approved_before(rated, 1, "55")
        self.low(rated, displayed, on, hospital, leader)
        assert (
            Todo.objects.get(role=Role.PARTY_OFFICE, done_at=None).title == "门诊党支部连续两年一星，更换或提醒支部书记"
        )
        assert [one.kind for one in follow_ups.follow_ups_of(rated)] == [follow_ups.RECTIFY, follow_ups.SECRETARY]

    def test_the_office_settles_with_words(self, on, hospital, displayed, rated, leader, office):
        self.low(rated, displayed, on, hospital, leader)
        with pytest.raises(ValidationError, match="办理情况"):
            follow_ups.settle(branch=rated, kind=follow_ups.RECTIFY, note="", actor=office)
        with pytest.raises(ValidationError, match="请选择"):
            follow_ups.settle(branch=rated, kind="other", note="整改完成", actor=office)
        follow_ups.settle(branch=rated, kind=follow_ups.RECTIFY, note="整改完成", actor=office)
        assert follow_ups.follow_ups_of(rated) == []
        with pytest.raises(ValidationError, match="已经办结"):
            follow_ups.settle(branch=rated, kind=follow_ups.RECTIFY, note="整改完成", actor=office)


def test_objections_are_read_by_who_raised_them_and_by_the_office(displayed, rated, secretary, office, person):
    displayed()
    made = object_to(rated, secretary)
    assert list(objecting.readable(secretary)) == list(objecting.readable(office)) == [made]
    assert not objecting.readable(person(Role.MEMBER, rated)).exists()
    assert StarObjection.objects.get().text == "活动次数有误"
