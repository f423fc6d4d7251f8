"""Who takes no part in points: entered by the branch, ended, taken back; the ground stays with the branch."""

from datetime import date

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from branches.choices import Role
from branches.models import AuditEntry
from members import exemptions
from members.models import Exemption
from points.choices import ClaimState, PeriodKind, PeriodState
from points.ledger.posting import post_source
from points.models import Claim, PeriodClose
from tests import factories

LIST = reverse("members:exemption_list")
CREATE = reverse("members:exemption_create")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(factories.at(factories.TODAY, 10), tick=False):
        yield


@pytest.fixture
def member(branch):
    return factories.make_member(branch, name="韩久行", birth_date=date(1956, 11, 22))


@pytest.fixture
def exempted(member, organiser):
    def make(**fields):
        data = {
            "member": member,
            "ground": "floating",
            "starts_on": date(2026, 5, 1),
            "approved_on": date(2026, 4, 28),
            "actor": organiser,
        }
        return exemptions.exempt(**(data | fields))

    return make


class TestEntering:
    def test_a_member_is_exempt_in_the_years_whose_last_day_lies_in_it(self, member, exempted):
        exempted(ends_on=date(2026, 12, 31))
        ids = [member.pk]
        assert [exemptions.exempt_in(ids, year) for year in (2025, 2026, 2027)] == [set(), {member.pk}, set()]

    def test_one_day_short_of_the_year_is_not_exempt_in_it(self, member, exempted):
        exempted(ends_on=date(2026, 12, 30))
        assert exemptions.exempt_in([member.pk], 2026) == set()

    @pytest.mark.parametrize(("starts_on", "fine"), [(date(2026, 11, 21), False), (date(2026, 11, 22), True)])
    def test_the_aged_are_seventy_on_the_first_day(self, exempted, starts_on, fine):
        if fine:
            assert exempted(ground="aged", starts_on=starts_on).ground == "aged"
        else:
            with pytest.raises(ValidationError, match="2026年11月21日为69周岁，年满70周岁"):
                exempted(ground="aged", starts_on=starts_on)

    @pytest.mark.parametrize(
        ("fields", "field", "says"),
        [
            ({"approved_on": None}, "approved_on", "须经支部大会通过"),
            ({"approved_on": date(2026, 11, 23)}, "approved_on", "不能晚于今天"),
            ({"ground": "busy"}, "ground", "请选择情形"),
            ({"ends_on": date(2026, 4, 30)}, "ends_on", "不能早于开始日期"),
            ({"starts_on": date(2024, 12, 31)}, "starts_on", "最早可从2025年1月1日"),
            ({"starts_on": date(2028, 1, 1)}, "starts_on", "太晚"),
        ],
    )
    def test_what_cannot_be_right_is_refused_beside_its_field(self, exempted, fields, field, says):
        with pytest.raises(ValidationError, match=says) as caught:
            exempted(**fields)
        assert list(caught.value.error_dict) == [field]
        assert not Exemption.objects.exists()

    def test_nobody_is_on_the_list_twice_at_a_time(self, exempted):
        exempted(ends_on=date(2026, 6, 30))
        with pytest.raises(ValidationError, match="已在不参加积分名单中"):
            exempted(starts_on=date(2026, 6, 30))
        exempted(starts_on=date(2026, 7, 1))
        with pytest.raises(ValidationError, match="已在不参加积分名单中"):
            exempted(starts_on=date(2026, 9, 1))

    def test_nobody_exempts_oneself(self, organiser, exempted):
        with pytest.raises(ValidationError, match="其他支委"):
            exempted(member=organiser.member)

    def test_who_left_the_roll_is_not_entered(self, branch, exempted):
        gone = factories.make_member(branch, left_on=date(2026, 3, 1))
        with pytest.raises(ValidationError, match="已离开名册"):
            exempted(member=gone)

    def test_the_trail_never_holds_the_ground(self, exempted):
        exempted(ground="ill")
        line = AuditEntry.objects.get(action="exemption.entered")
        assert "ill" not in str(line.changes)
        assert "患病" not in f"{line.changes}{line.target_text}"


class TestEnding:
    def test_it_ends_on_its_last_day(self, exempted, organiser):
        one = exempted()
        exemptions.end_exemption(exemption=one, ends_on=date(2026, 11, 22), version=1, actor=organiser)
        assert not Exemption.objects.in_force(date(2026, 11, 23)).exists()
        assert Exemption.objects.in_force(date(2026, 11, 22)).exists()

    def test_it_cannot_end_before_it_began_nor_on_an_old_form(self, exempted, organiser):
        one = exempted()
        with pytest.raises(ValidationError, match="不能早于开始日期"):
            exemptions.end_exemption(exemption=one, ends_on=date(2026, 4, 30), version=1, actor=organiser)
        exemptions.end_exemption(exemption=one, ends_on=date(2026, 5, 1), version=1, actor=organiser)
        with pytest.raises(ValidationError, match="刚被其他人修改"):
            exemptions.end_exemption(exemption=one, ends_on=date(2026, 6, 1), version=1, actor=organiser)

    def test_an_error_is_taken_back_with_a_reason_on_the_trail(self, exempted, organiser):
        one = exempted()
        with pytest.raises(ValidationError, match="原因"):
            exemptions.withdraw_exemption(exemption=one, reason="错", actor=organiser)
        exemptions.withdraw_exemption(exemption=one, reason="登记了同名同志", actor=organiser)
        assert not Exemption.objects.exists()
        assert AuditEntry.objects.get(action="exemption.withdrawn").changes["reason"] == [None, "登记了同名同志"]
        with pytest.raises(ValidationError, match="已被撤销"):
            exemptions.withdraw_exemption(exemption=one, reason="登记了同名同志", actor=organiser)


class TestPoints:
    @pytest.fixture
    def short(self, branch, member, organiser):
        """December of last year is closed, and nobody studied: hours of study cost two points."""
        PeriodClose.objects.create(
            branch=branch, kind=PeriodKind.MONTH, start=date(2025, 12, 1), state=PeriodState.CLOSED
        )
        key = member.pk * 10_000 + 2025
        post_source(source_kind="study_year", source_id=key, revision=0, actor=organiser)
        return Claim.objects.get(member=member, rule_code="G11")

    def test_an_exemption_of_last_year_takes_its_shortfall_back_and_its_end_brings_it_again(
        self, exempted, short, organiser
    ):
        one = exempted(starts_on=date(2025, 7, 1))
        short.refresh_from_db()
        assert short.state == ClaimState.WITHDRAWN
        exemptions.end_exemption(exemption=one, ends_on=date(2025, 12, 30), version=1, actor=organiser)
        short.refresh_from_db()
        assert short.state == ClaimState.ANNOUNCED

    def test_taking_it_back_brings_the_shortfall_again(self, exempted, short, organiser):
        one = exempted(starts_on=date(2025, 7, 1))
        exemptions.withdraw_exemption(exemption=one, reason="登记了同名同志", actor=organiser)
        short.refresh_from_db()
        assert short.state == ClaimState.ANNOUNCED

    def test_a_locked_year_is_opened_again_before(self, branch, exempted, short):
        PeriodClose.objects.create(
            branch=branch, kind=PeriodKind.YEAR, start=date(2025, 1, 1), state=PeriodState.LOCKED
        )
        with pytest.raises(ValidationError, match="2025年已锁定"):
            exempted(starts_on=date(2025, 7, 1))
        exempted(starts_on=date(2026, 1, 1))
        short.refresh_from_db()
        assert short.state == ClaimState.ANNOUNCED


class TestPages:
    def test_the_branch_enters_ends_and_takes_back(self, as_user, organiser, member):
        client = as_user(organiser)
        data = {"member": member.pk, "ground": "ill", "approved_on": "2026-04-28", "starts_on": "2026-05-01"}
        assert client.post(CREATE, data).status_code == 302
        one = Exemption.objects.get()
        assert "长期患病" in client.get(LIST).text
        answer = client.post(reverse("members:exemption_end", args=[one.pk]), {"ends_on": "2026-04-01", "version": 1})
        assert answer.status_code == 422
        assert "2026-04-01" in answer.text
        client.post(reverse("members:exemption_end", args=[one.pk]), {"ends_on": "2026-11-21", "version": 1})
        assert not client.get(LIST).context["page"].object_list
        assert "韩久行" in client.get(LIST, {"state": "past"}).text
        withdraw = reverse("members:exemption_withdraw", args=[one.pk])
        assert client.post(withdraw, {"reason": ""}).status_code == 422
        assert client.post(withdraw, {"reason": "重复登记"}).status_code == 302

    def test_a_wrong_form_keeps_what_was_typed(self, as_user, organiser, member):
        answer = as_user(organiser).post(CREATE, {"member": member.pk, "ground": "aged", "starts_on": "2026-05-01"})
        assert answer.status_code == 422
        assert "须经支部大会通过" in answer.text
        assert f'<option value="{member.pk}" selected>' in answer.text

    @pytest.mark.parametrize("role", [Role.MEMBER, Role.DISCIPLINE_MEMBER, Role.PARTY_COMMITTEE_MEMBER])
    def test_whoever_may_not_enter_never_sees_the_list(self, as_user, person, role, exempted):
        exempted(ground="ill")
        assert as_user(person(role)).get(LIST).status_code == 403

    def test_another_branch_is_not_listed(self, as_user, person, other_branch, exempted):
        one = exempted()
        stranger = person(Role.BRANCH_SECRETARY, other_branch)
        client = as_user(stranger)
        assert "韩久行" not in client.get(LIST, {"state": "all"}).text
        assert client.post(reverse("members:exemption_end", args=[one.pk])).status_code == 404

    def test_it_costs_the_same_for_one_and_for_many(self, as_user, office, branch, organiser):
        def add():
            Exemption.objects.create(
                member=factories.make_member(branch), ground="ill", starts_on=date(2026, 1, 1),
                approved_on=date(2026, 1, 1), entered_by=organiser,
            )  # fmt: skip

        add()
        client = as_user(office)
        client.get(LIST)  # the log-in is written once
        with CaptureQueriesContext(connection) as one_row:
            client.get(LIST)
        for _ in range(19):
            add()
        with CaptureQueriesContext(connection) as many:
            assert len(client.get(LIST).context["page"].object_list) == 20
        assert len(many) == len(one_row)
