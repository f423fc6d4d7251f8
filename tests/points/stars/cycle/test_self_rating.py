"""The branch rates itself, the office reviews: every step, every refusal, nothing lost."""

from datetime import date
from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError

from branches.choices import Role
from branches.models import AuditEntry, Notice, Todo
from points.choices import MarkKind, RatingState
from points.models import StarRating
from points.stars import reviewing, self_rating
from points.stars.card_page import marks_of, stages_of
from points.stars.entering import enter_figures
from points.stars.standing import standing_of
from tests import factories
from tests.points.stars.cycle import help
from tests.points.stars.cycle.help import YEAR, review, row_of, self_rate, version_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on", "card")]


class TestSelfRating:
    def test_it_keeps_the_score_the_card_and_the_comments(self, rated, secretary, card):
        row = self_rate(rated, secretary, comments={"9.1": " 已补交台账 ", "7.7": "没有这一项"}, comment="总体平稳")
        assert (row.state, row.self_total, row.card) == (RatingState.SELF_RATED, D("85.00"), card)
        assert (row.comments, row.self_comment, row.self_rated_by) == ({"9.1": "已补交台账"}, "总体平稳", secretary)
        line = AuditEntry.objects.get(action="star_rating.self_rated")
        assert line.changes["总分"] == [None, "85.00"]

    def test_a_running_year_waits_for_its_end(self, on, rated, secretary):
        on(date(2025, 12, 31))
        with pytest.raises(ValidationError, match="2025年还没有结束"):
            self_rate(rated, secretary)
        on(date(2026, 1, 1))
        assert self_rate(rated, secretary).state == RatingState.SELF_RATED

    def test_it_may_be_changed_until_it_is_reviewed(self, rated, secretary, office):
        self_rate(rated, secretary, comment="第一稿")
        assert self_rate(rated, secretary, comment="第二稿").self_comment == "第二稿"
        review(rated, office)
        with pytest.raises(ValidationError, match="已复核"):
            self_rate(rated, secretary, comment="第三稿")
        assert row_of(rated).self_comment == "第二稿"

    def test_the_second_of_two_is_told(self, rated, secretary):
        self_rate(rated, secretary, comment="第一稿")
        with pytest.raises(ValidationError, match="刚被其他人办理过"):
            self_rate(rated, secretary, comment="第二稿", version=0)
        assert row_of(rated).self_comment == "第一稿"

    def test_a_comment_on_a_line_has_200_characters_at_most(self, rated, secretary):
        with pytest.raises(ValidationError) as error:
            self_rate(rated, secretary, comments={"9.1": "字" * 201})
        assert "9.1" in error.value.message_dict
        assert self_rate(rated, secretary, comments={"9.1": "字" * 200}).comments

    def test_taken_back_it_keeps_its_words(self, rated, secretary):
        self_rate(rated, secretary, comment="总体平稳")
        row = self_rating.take_back(branch=rated, year=YEAR, version=version_of(rated), actor=secretary)
        assert (row.state, row.self_comment) == (RatingState.RETURNED, "总体平稳")
        with pytest.raises(ValidationError, match="不用收回"):
            self_rating.take_back(branch=rated, year=YEAR, version=version_of(rated), actor=secretary)

    def test_after_the_review_it_cannot_be_taken_back(self, rated, secretary, office):
        self_rate(rated, secretary)
        review(rated, office)
        with pytest.raises(ValidationError, match="联系党委办公室退回"):
            self_rating.take_back(branch=rated, year=YEAR, version=version_of(rated), actor=secretary)

    def test_a_year_before_the_first_card_says_so(self, hospital, rated, secretary):
        with pytest.raises(ValidationError, match="2019年还没有评分表"):
            self_rating.self_rate(branch=rated, year=2019, comments={}, comment="", version=0, actor=secretary)

    def test_a_branch_of_a_later_year_takes_no_part(self, hospital, person):
        young = help.rated_branch(hospital, "85")
        young.founded_on = date(2026, 1, 2)
        young.save()
        with pytest.raises(ValidationError, match="没有存续，不参加评定"):
            self_rate(young, person(Role.BRANCH_SECRETARY, young))

    def test_founded_in_mid_year_it_is_rated_and_dissolved_in_it_it_is_not(self, hospital, person):
        young, old = help.rated_branch(hospital, "85"), help.rated_branch(hospital, "85")
        young.founded_on, old.dissolved_on = date(2025, 7, 1), date(2025, 9, 30)
        young.save(), old.save()
        assert self_rate(young, person(Role.BRANCH_SECRETARY, young)).self_total == D("85.00")
        with pytest.raises(ValidationError, match="撤销，不参加评定"):
            self_rate(old, person(Role.BRANCH_SECRETARY, old))

    def test_a_year_without_data_says_so(self, hospital, person):
        empty = factories.make_branch(hospital, owes_from=date(2030, 1, 1))
        with pytest.raises(ValidationError, match="不足60分"):
            self_rate(empty, person(Role.BRANCH_SECRETARY, empty))


class TestReview:
    def test_it_freezes_what_the_rating_rests_on(self, hospital, rated, secretary, office):
        self_rate(rated, secretary)
        row = review(rated, office, comment="数据属实")
        assert (row.state, row.total, row.score_stars) == (RatingState.REVIEWED, D("85.00"), 4)
        help.score(rated, "20")  # written straight to the table
        assert help.total_of(rated) == D("85.00")
        shown = standing_of(hospital, YEAR, help.JANUARY).of(rated.pk)
        assert marks_of(shown) == [("创新或品牌：事项", "")]
        assert shown.rating.innovation
        assert Notice.objects.filter(recipient=secretary, text__contains="已复核，总分85.00").exists()

    def test_its_figures_stand_until_it_goes_back(self, rated, secretary, office):
        self_rate(rated, secretary)
        review(rated, office)
        typed = {"points": "90", "out_of": "100"}
        entry = {"branch": rated, "year": YEAR, "fact": "given:9.1", "source": "台账", "actor": office, "version": 1}
        with pytest.raises(ValidationError, match="退回后才能修改数据"):
            enter_figures(typed=typed, **entry)
        reviewing.return_to_branch(branch=rated, year=YEAR, reason="补交台账", version=version_of(rated), actor=office)
        enter_figures(typed=typed, **entry)
        assert help.total_of(rated) == D("90.00")

    def test_an_old_rating_is_explained_by_the_card_of_its_day(self, hospital, rated, secretary, office, card):
        self_rate(rated, secretary)
        review(rated, office)
        newer = help.make_card(hospital, "新评分表", four_from=D("86"), category=rated.category or "clinical")
        if not rated.category:
            rated.category = "clinical"
            rated.save()
        shown = standing_of(hospital, YEAR, help.JANUARY).of(rated.pk)
        assert newer.pk != shown.card_row.pk == card.pk
        assert (shown.stars, shown.card.thresholds[1]) == (4, D("80.00"))

    def test_what_changed_since_it_was_looked_at_is_refused(self, rated, secretary, office):
        self_rate(rated, secretary)
        with pytest.raises(ValidationError, match="页面上是84"):
            review(rated, office, seen=D("84.00"))

    def test_nobody_reviews_what_one_rated_or_serves_on(self, hospital, rated, secretary, person):
        self_rate(rated, secretary)
        factories.appoint(secretary, hospital, Role.PARTY_OFFICE)
        with pytest.raises(ValidationError, match="支委和自评人不能复核"):
            review(rated, secretary)
        member = person(Role.PUBLICITY_MEMBER, rated)
        factories.appoint(member, hospital, Role.PARTY_OFFICE)
        with pytest.raises(ValidationError, match="支委和自评人不能复核"):
            review(rated, member)

    def test_without_a_self_rating_it_waits_for_the_day_and_takes_a_reason(self, on, rated, office):
        on(date(2026, 1, 15))
        with pytest.raises(ValidationError, match="还没有自评，2026年1月15日以后"):
            review(rated, office, comment="支部没有提交")
        on(date(2026, 1, 16))
        with pytest.raises(ValidationError, match="没有自评而直接复核的原因"):
            review(rated, office)
        assert review(rated, office, comment="支部没有提交").self_total is None

    def test_a_card_that_changed_after_the_self_rating_takes_words(self, hospital, rated, secretary, office):
        self_rate(rated, secretary, comments={"9.1": "说明"})
        rated.category = "clinical"
        rated.save()
        help.make_card(hospital, "临床评分表", category="clinical")
        with pytest.raises(ValidationError, match="评分表已更换为《临床评分表》"):
            review(rated, office)
        row = review(rated, office, comment="按新表复核，得分不变")
        assert (row.card.name, row.comments) == ("临床评分表", {"9.1": "说明"})

    def test_returned_it_is_worked_out_anew_and_keeps_the_words_of_the_branch(self, rated, secretary, office):
        self_rate(rated, secretary, comment="总体平稳")
        review(rated, office)
        with pytest.raises(ValidationError, match="退回的原因"):
            reviewing.return_to_branch(branch=rated, year=YEAR, reason="", version=version_of(rated), actor=office)
        row = reviewing.return_to_branch(
            branch=rated, year=YEAR, reason="补充党费数据", version=version_of(rated), actor=office
        )
        assert (row.state, row.review_comment, row.self_comment) == (RatingState.RETURNED, "补充党费数据", "总体平稳")
        assert (row.total, row.lines, row.reviewed_by) == (None, [], None)
        assert Todo.objects.get(role=Role.BRANCH_SECRETARY, done_at=None).due == date(2026, 1, 15)
        assert Notice.objects.get(recipient=secretary, text__contains="退回").detail == "补充党费数据"
        assert self_rate(rated, secretary).review_comment == ""
        assert not Todo.objects.filter(role=Role.BRANCH_SECRETARY, done_at=None).exists()

    def test_nothing_handed_in_cannot_be_returned(self, rated, office):
        with pytest.raises(ValidationError, match="没有可以退回的自评"):
            reviewing.return_to_branch(branch=rated, year=YEAR, reason="补充数据", version=0, actor=office)

    def test_the_course_shows_where_the_branch_is(self, hospital, rated, secretary, office):
        def now():
            shown = standing_of(hospital, YEAR, help.JANUARY)
            return next(one.title for one in stages_of(shown.of(rated.pk), shown.round, help.JANUARY) if one.is_now)

        assert now() == "支部自评"
        self_rate(rated, secretary)
        assert now() == "党办复核"
        review(rated, office)
        assert now() == "公示5个工作日"


class TestManyAtOnce:
    @pytest.fixture
    def others(self, hospital, person):
        nodes = [help.rated_branch(hospital, f"7{n}", f"第{n}支部") for n in range(3)]
        for node in nodes:
            self_rate(node, person(Role.BRANCH_SECRETARY, node))
        return nodes

    def seen(self, *nodes):
        return {node.pk: (version_of(node), help.total_of(node)) for node in nodes}

    def test_all_that_was_handed_in_is_reviewed_with_one_comment(self, hospital, others, office):
        found = reviewing.review_many(
            hospital=hospital, year=YEAR, seen=self.seen(*others), comment="数据属实", actor=office
        )
        assert (found.done, found.left) == (3, [])
        assert {row_of(node).review_comment for node in others} == {"数据属实"}

    def test_what_changed_was_not_handed_in_or_is_ones_own_is_left_and_named(
        self, hospital, rated, others, office, person
    ):
        seen = self.seen(rated, *others)
        help.score(others[0], "79")
        factories.appoint(office, others[1], Role.DISCIPLINE_MEMBER)
        found = reviewing.review_many(hospital=hospital, year=YEAR, seen=seen, comment="", actor=office)
        assert found.done == 1
        why = {node.name: words for node, words in found.left}
        assert "得分已变为79.00" in why["第0支部"]
        assert "支委" in why["第1支部"]
        assert "还没有自评" in why["门诊党支部"]
        assert StarRating.objects.get(state=RatingState.REVIEWED).branch == others[2]

    def test_after_the_day_it_takes_no_comment_of_less_than_four_for_who_handed_nothing_in(
        self, on, hospital, rated, office
    ):
        on(date(2026, 1, 16))
        found = reviewing.review_many(hospital=hospital, year=YEAR, seen=self.seen(rated), comment="好", actor=office)
        assert "请单独复核" in found.left[0][1]
        found = reviewing.review_many(
            hospital=hospital, year=YEAR, seen=self.seen(rated), comment="逾期没有自评", actor=office
        )
        assert found.done == 1


def test_a_merger_lifts_the_limit_of_one_step(hospital, rated):
    help.approved_before(rated, 2)
    assert standing_of(hospital, YEAR, help.JANUARY).of(rated.pk).stars == 3
    help.mark(rated, MarkKind.MERGER)
    assert standing_of(hospital, YEAR, help.JANUARY).of(rated.pk).stars == 4
