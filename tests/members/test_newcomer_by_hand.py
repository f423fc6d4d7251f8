"""Once a month was closed, whoever enters a person by hand says how they came, as the importer does."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from branches.models import Branch, User
from members.closing import MonthState
from members.models import Member, MembershipEvent
from members.services import admit_member
from tests import factories
from tests.members.pages import url
from tests.members.periods import Periods

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]


@pytest.fixture
def typed(branch: Branch) -> dict[str, Any]:
    return {
        "branch": branch.pk,
        "member_type": "full",
        "recorded_on": "2026-11-20",
        "name": "新来的",
        "id_number": factories.identity_number(77, date(1991, 2, 3)),
        "gender": "female",
        "birth_date": "1991-02-03",
        "ethnicity": "01",
        "education": "21",
        "joined_on": "2015-06-01",
        "confirmed_on": "2016-06-01",
        "membership_status": "normal",
        "job_post": "0212",
    }


@pytest.fixture
def client(as_user: Callable[[User], Client], office: User) -> Client:
    return as_user(office)


def event() -> tuple[str, date, str]:
    found = MembershipEvent.objects.get(member__user__name="新来的")
    return found.kind, found.recorded_on, found.note


class TestNobodyAsks:
    def test_while_the_hospital_has_never_closed_a_month(
        self, periods: Periods, client: Client, typed: dict[str, Any]
    ) -> None:
        page = client.get(url("member_create")).content.decode()
        assert "启用时在册" in page
        assert 'type="radio"' not in page
        assert client.post(url("member_create"), typed | {"kind": "opening"}).status_code == 302
        assert event() == ("opening", date(2026, 11, 20), "")


class TestThePageAsks:
    def test_with_no_answer_chosen_and_nothing_saved_without_one(
        self, closed: Periods, client: Client, typed: dict[str, Any]
    ) -> None:
        page = client.get(url("member_create")).content.decode()
        assert "启用时已在册，当时漏报" in page
        assert page.count('name="kind"') == 3
        assert 'name="late"' not in page
        answer = client.post(url("member_create"), typed)
        assert answer.status_code == 422
        assert "请选择怎样进入名册" in answer.content.decode()
        assert not Member.objects.filter(user__name="新来的").exists()

    def test_where_somebody_comes_from(self, closed: Periods, client: Client, typed: dict[str, Any]) -> None:
        answer = client.post(url("member_create"), typed | {"kind": "transfer_in"})
        assert answer.status_code == 422
        assert "请填写从哪里转入" in answer.content.decode()
        sent = typed | {"kind": "transfer_in", "origin": "邻州市 中医院党委"}
        assert client.post(url("member_create"), sent).status_code == 302
        assert event() == ("transfer_in", date(2026, 11, 20), "转自邻州市 中医院党委")

    def test_admission_needs_no_origin(self, closed: Periods, client: Client, typed: dict[str, Any]) -> None:
        assert client.post(url("member_create"), typed | {"kind": "admitted"}).status_code == 302
        assert event() == ("admitted", date(2026, 11, 20), "")


class TestDates:
    @pytest.mark.parametrize(("day", "status"), [("2026-01-31", 302), ("2026-02-01", 422)])
    def test_who_was_forgotten_at_the_start_was_on_the_roll_in_the_first_closed_month(
        self, closed: Periods, client: Client, typed: dict[str, Any], day: str, status: int
    ) -> None:
        answer = client.post(url("member_create"), typed | {"kind": "opening", "recorded_on": day})
        assert answer.status_code == status
        if status == 422:
            assert "不能晚于首个结账月（2026年1月）" in answer.content.decode()

    @pytest.mark.parametrize(("day", "status"), [("2015-06-01", 302), ("2015-05-31", 422)])
    def test_nobody_is_on_the_roll_before_they_joined(
        self, closed: Periods, client: Client, typed: dict[str, Any], day: str, status: int
    ) -> None:
        sent = typed | {"kind": "opening", "recorded_on": day}
        assert client.post(url("member_create"), sent).status_code == status

    def test_a_closed_month_is_pointed_out_and_booked_late_only_when_accepted(
        self, closed: Periods, client: Client, typed: dict[str, Any]
    ) -> None:
        closed.states = {date(2026, 10, 1): MonthState.CLOSED}
        sent = typed | {"kind": "transfer_in", "origin": "邻院", "recorded_on": "2026-10-31"}
        answer = client.post(url("member_create"), sent)
        page = answer.content.decode()
        assert (answer.status_code, "2026年10月已结账" in page, page.count('name="late"')) == (422, True, 1)
        assert client.post(url("member_create"), sent | {"late": "on"}).status_code == 302
        assert event() == ("transfer_in", date(2026, 10, 31), "转自邻院，结账后补记")

    def test_the_month_after_it_is_open(self, closed: Periods, client: Client, typed: dict[str, Any]) -> None:
        closed.states = {date(2026, 10, 1): MonthState.CLOSED}
        sent = typed | {"kind": "admitted", "recorded_on": "2026-11-01"}
        assert client.post(url("member_create"), sent).status_code == 302
        assert event()[2] == ""

    @pytest.mark.parametrize(
        ("state", "who"), [(MonthState.QUARTER_LOCKED, "党委办公室"), (MonthState.YEAR_LOCKED, "党委书记")]
    )
    def test_a_locked_period_is_opened_again_before(
        self, closed: Periods, client: Client, typed: dict[str, Any], state: MonthState, who: str
    ) -> None:
        closed.states = {date(2026, 9, 1): state}
        sent = typed | {"kind": "admitted", "recorded_on": "2026-09-30", "late": "on"}
        answer = client.post(url("member_create"), sent)
        assert answer.status_code == 422
        assert f"须先由{who}" in answer.content.decode()


def test_the_service_asks_whoever_calls_it(closed: Periods, branch: Branch, office: User) -> None:
    with pytest.raises(ValidationError, match="首个结账月"):
        admit_member(
            branch=branch,
            kind="opening",
            recorded_on=date(2026, 11, 1),
            actor=office,
            name="新来的",
            id_number=factories.identity_number(77, date(1991, 2, 3)),
            gender="female",
            birth_date=date(1991, 2, 3),
            ethnicity="01",
            education="21",
            job_post="0212",
            joined_on=date(2015, 6, 1),
            confirmed_on=date(2016, 6, 1),
        )
