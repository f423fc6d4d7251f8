"""A record goes back with comments on its fields, is checked by the Party office, corrected, and put on file."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from activities import services
from activities.choices import ActivityState, PlanState
from activities.models import PlanItem, SpotCheck
from activities.plan.planning import plan_year
from activities.records import reviewing
from activities.records.drafting import Absence
from branches.models import Notice
from points.ledger.check import differences
from points.models import Entry
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def submitted(branch, secretary):
    people = [factories.make_member(branch) for _ in range(3)]
    plan_year(branches=[branch], year=2026, today=date(2026, 1, 2))
    return factories.make_activity(
        branch,
        day=date(2026, 11, 11),
        state=ActivityState.SUBMITTED,
        members=people,
        recorder=secretary,
        chair=secretary,
        topic="学习全会精神",
        minutes="逐段学习。",
        submitted_at=timezone.now(),
    )


@pytest.fixture
def confirmed(submitted, organiser):
    return services.confirm_activity(activity=submitted, actor=organiser)


class TestSentBack:
    def test_comments_stand_at_their_fields_and_a_day_is_set(self, submitted, organiser):
        due = timezone.localdate() + timedelta(days=3)
        back = reviewing.return_activity(
            activity=submitted,
            comment="",
            fields={"minutes": " 写明议定事项 ", "place": " ", "password": "x"},
            due=due,
            actor=organiser,
        )
        assert back.return_fields == {"minutes": "写明议定事项"}
        assert (back.return_comment, back.return_due) == ("请按各项意见修改。", due)

    def test_its_recorder_is_told_each_time(self, submitted, organiser, secretary):
        for n in (1, 2):
            reviewing.return_activity(activity=submitted, comment="请补充王丽的病情。", actor=organiser)
            told = Notice.objects.filter(recipient=secretary, item_key=f"returned:{submitted.pk}")
            assert told.count() == n
            assert "退回了" in told.latest("pk").text
            assert "病情" not in told.latest("pk").text + told.latest("pk").detail  # it may leave the house
            services.submit_activity(activity=submitted, actor=secretary)
        assert not Notice.objects.filter(recipient=organiser, item_key__startswith="returned").exists()

    def test_without_any_comment_it_is_refused(self, submitted, organiser):
        with pytest.raises(ValidationError, match="请写明退回意见"):
            reviewing.return_activity(activity=submitted, comment=" ", fields={"place": ""}, actor=organiser)

    @pytest.mark.parametrize(("days", "fine"), [(-1, False), (0, True)])
    def test_the_day_is_not_over_yet(self, submitted, organiser, days, fine):
        due = timezone.localdate() + timedelta(days=days)
        if fine:
            assert reviewing.return_activity(activity=submitted, comment="请补充。", due=due, actor=organiser)
        else:
            with pytest.raises(ValidationError, match="不能早于今天"):
                reviewing.return_activity(activity=submitted, comment="请补充。", due=due, actor=organiser)

    def test_the_form_shows_them_where_they_belong(self, client, submitted, organiser, secretary):
        reviewing.return_activity(
            activity=submitted, comment="请补充。", fields={"minutes": "写明议定事项"}, actor=organiser
        )
        client.force_login(secretary)
        page = client.get(reverse("activities:activity_edit", args=[submitted.pk])).text
        assert page.count("写明议定事项") == 2  # above the form, and beside the field
        assert "退回意见：写明议定事项" in page


class TestSpotCheck:
    def test_a_record_sent_back_is_worth_nothing_until_it_is_confirmed_again(
        self, confirmed, office, secretary, organiser
    ):
        assert Entry.objects.standing().count() == 3
        reviewing.reopen_activity(activity=confirmed, comment="照片与议题不符。", actor=office)
        assert Entry.objects.standing().count() == 0
        item = PlanItem.objects.get(kind=confirmed.kinds.get().kind, start=date(2026, 11, 1))
        assert item.state == PlanState.RETURNED
        assert not list(differences())
        services.submit_activity(activity=confirmed, actor=secretary)
        again = services.confirm_activity(activity=confirmed, actor=organiser)
        assert again.revision == 2
        assert Entry.objects.standing().count() == 3
        check = SpotCheck.objects.get()
        assert not check.passed
        assert check.answered_at == again.confirmed_at

    def test_a_good_one_is_noted_and_stays_as_it_is(self, confirmed, office):
        check = reviewing.pass_spot_check(activity=confirmed, comment="", actor=office)
        confirmed.refresh_from_db()
        assert check.passed
        assert confirmed.state == ActivityState.CONFIRMED

    def test_what_waits_for_its_confirmation_is_returned_not_checked(self, submitted, office):
        with pytest.raises(ValidationError, match="只有已确认的记录"):
            reviewing.reopen_activity(activity=submitted, comment="请补充。", actor=office)
        with pytest.raises(ValidationError, match="只有已确认的记录"):
            reviewing.pass_spot_check(activity=submitted, comment="", actor=office)

    def test_the_office_does_it_on_the_page_and_the_branch_does_not(self, client, confirmed, office, secretary):
        check = reverse("activities:activity_check", args=[confirmed.pk])
        client.force_login(secretary)
        assert client.post(check, {"comment": "x"}).status_code == 403
        client.force_login(office)
        page = client.get(reverse("activities:activity_detail", args=[confirmed.pk])).text
        assert "抽查合格" in page
        assert client.post(check, {"comment": ""}).status_code == 422
        assert client.post(check, {"comment": "", "due": "2026-13-40"}).status_code == 422
        assert client.post(check, {"comment": "请补充签到表。"}).status_code == 302
        confirmed.refresh_from_db()
        assert confirmed.state == ActivityState.RETURNED


class TestCorrected:
    def test_texts_and_people_change_in_one_revision_with_before_and_after(self, confirmed, organiser):
        someone = confirmed.attendances.first()
        reviewing.correct_activity(
            activity=confirmed,
            people={someone.member_id: Absence("leave_sick")},
            texts={"minutes": "逐段学习，议定三项。", "topic": "学习全会精神"},
            reason="核对签到表",
            actor=organiser,
        )
        revision = confirmed.revisions.get()
        assert revision.number == 2
        assert revision.changes == {"纪要": ["逐段学习。", "逐段学习，议定三项。"], someone.name: ["到会", "请假"]}
        assert "病" not in str(revision.changes)  # reasons may tell of an illness
        assert Entry.objects.standing().count() == 2

    @pytest.mark.parametrize("name", ["topic", "place", "minutes"])
    def test_what_every_record_needs_is_not_emptied(self, confirmed, organiser, name):
        with pytest.raises(ValidationError, match="不能为空"):
            reviewing.correct_activity(
                activity=confirmed, people={}, texts={name: "  "}, reason="核对", actor=organiser
            )

    def test_line_ends_of_a_browser_are_no_change(self, confirmed, organiser):
        confirmed.minutes = "一\n二"
        confirmed.save(update_fields=["minutes"])
        with pytest.raises(ValidationError, match="没有需要更正的内容"):
            reviewing.correct_activity(
                activity=confirmed, people={}, texts={"minutes": "一\r\n二"}, reason="核对", actor=organiser
            )


class TestFiled:
    def test_a_year_that_is_over_is_filed_once_and_then_corrected_by_nobody(self, branch, office, organiser, secretary):
        old = factories.make_activity(
            branch, day=date(2025, 3, 3), state=ActivityState.CONFIRMED, members=[factories.make_member(branch)]
        )
        assert reviewing.archive_year(branches=[branch], year=2025, actor=office) == 1
        assert reviewing.archive_year(branches=[branch], year=2025, actor=office) == 0
        old.refresh_from_db()
        assert old.state == ActivityState.ARCHIVED
        with pytest.raises(ValidationError, match="只有已确认的记录可以更正"):
            reviewing.correct_activity(
                activity=old, people={}, texts={"topic": "另一主题"}, reason="核对", actor=organiser
            )

    def test_the_running_year_stays_open(self, branch, office):
        with pytest.raises(ValidationError, match="年度结束后"):
            reviewing.archive_year(branches=[branch], year=timezone.localdate().year, actor=office)
