"""Once a month was closed, whoever imports people new to the system says how they came."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client

from branches.models import AuditEntry, Branch, User
from members import closing
from members.closing import MonthState
from members.importing import batches
from members.importing.newcomers import Answer, Answers
from members.models import BatchState, ImportBatch, Member, MembershipEvent, RollMonth
from tests.members.import_words import member
from tests.members.pages import url
from tests.members.periods import FIRST_CLOSED, Periods
from tests.members.roster_files import national, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]


@pytest.fixture
def press(
    as_user: Callable[[User], Client], office: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> Callable[..., Any]:
    """press(batch, came="admitted", ...) confirms on the page."""

    def run(batch: ImportBatch, **data: str) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            answer = as_user(office).post(
                url("import_confirm", batch.pk),
                {"opening_on": "2026-01-01", **{k.replace("__", "-"): v for k, v in data.items()}},
            )
        batch.refresh_from_db()
        return answer

    return run


def first_event(n: int) -> tuple[str, date, date, str]:
    event = MembershipEvent.objects.get(member=member(n))
    return event.kind, event.recorded_on, event.effective_on, event.note


class TestNobodyAsks:
    def test_without_a_room_that_closes_months(self, three: ImportBatch) -> None:
        assert first_event(0) == ("opening", date(2026, 1, 1), date(2010, 6, 1), "")

    def test_while_the_hospital_has_never_closed_one(
        self,
        periods: Periods,
        upload: Callable[..., ImportBatch],
        press: Callable[..., Any],
        office: User,
        as_user: Callable[[User], Client],
    ) -> None:
        batch = upload(national([person(0)]))
        page = as_user(office).get(url("import_detail", batch.pk)).content.decode()
        assert 'id="opening_on"' in page
        assert 'name="came"' not in page
        assert press(batch).status_code == 302
        assert first_event(0) == ("opening", date(2026, 1, 1), date(2010, 6, 1), "")

    def test_about_people_known_already(
        self, three: ImportBatch, closed: Periods, upload: Callable[..., ImportBatch], press: Callable[..., Any]
    ) -> None:
        batch = upload(national([person(0, 学历="22 大专")]))
        assert press(batch).status_code == 302
        assert member(0).education == "22"


class TestThePageAsks:
    def test_and_writes_nothing_without_an_answer(
        self, closed: Periods, upload: Callable[..., ImportBatch], press: Callable[..., Any]
    ) -> None:
        batch = upload(national([person(0)]))
        answer = press(batch)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "请选择新增的人是怎样进入名册的" in page
        assert 'id="opening_on"' not in page
        assert batch.state == BatchState.PREVIEW
        assert not Member.objects.exists()

    def test_one_answer_is_for_everybody_and_a_row_may_differ(
        self, closed: Periods, upload: Callable[..., ImportBatch], press: Callable[..., Any]
    ) -> None:
        batch = upload(
            national(
                [person(0), person(1), person(2, 加入党组织日期="2026-10-20", 转为正式党员日期="", 人员类别="预备党员")]
            )
        )
        data = {"came": "transfer_in", "came_on": "2026-11-02", "came_from": "邻州市中医院党委"}
        answer = press(batch, **data, came__2="admitted", came_on__2="2026-11-10", came_on__1="2026-11-05")
        assert answer.status_code == 302
        assert first_event(0) == ("transfer_in", date(2026, 11, 2), date(2026, 11, 2), "转自邻州市中医院党委")
        assert first_event(1) == ("transfer_in", date(2026, 11, 5), date(2026, 11, 5), "转自邻州市中医院党委")
        assert first_event(2) == ("admitted", date(2026, 11, 10), date(2026, 10, 20), "")
        assert member(0).branch.founded_on == date(2026, 11, 2)
        changes = AuditEntry.objects.get(action="import.applied").changes
        assert changes["kind"] == [None, "组织关系转入2人，发展入党1人"]

    def test_admitted_people_count_from_the_day_they_joined_unless_another_is_given(
        self, closed: Periods, upload: Callable[..., ImportBatch], press: Callable[..., Any], branch: Branch
    ) -> None:
        row = person(0, 所在党支部=branch.name, 加入党组织日期="2026-10-20", 转为正式党员日期="", 人员类别="预备党员")
        press(upload(national([row])), came="admitted")
        assert first_event(0)[:3] == ("admitted", date(2026, 10, 20), date(2026, 10, 20))

    def test_forgotten_people_count_from_the_start_in_every_month_since(
        self, closed: Periods, upload: Callable[..., ImportBatch], press: Callable[..., Any], branch: Branch
    ) -> None:
        press(upload(national([person(0, 所在党支部=branch.name)])), came="opening", came_on="2026-01-01")
        assert first_event(0)[:2] == ("opening", date(2026, 1, 1))
        assert RollMonth.objects.filter(branch=branch, full=1).count() == 11

    def test_the_answers_are_still_there_when_the_roll_changed_meanwhile(
        self,
        closed: Periods,
        upload: Callable[..., ImportBatch],
        office: User,
        as_user: Callable[[User], Client],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        batch = upload(national([person(0)]))
        monkeypatch.setattr(batches.jobs, "kick", lambda job: None)
        answers = Answers(Answer("transfer_in", "2026-10-08", "邻院"))
        batches.confirm_batch(batch=batch, opening_on=FIRST_CLOSED, skip_errors=False, answers=answers, actor=office)
        closed.states[date(2026, 10, 1)] = MonthState.CLOSED
        batches.apply_batch(batch_id=batch.pk, tell=lambda *args: None)
        batch.refresh_from_db()
        assert (batch.state, batch.summary["stale"], Member.objects.count()) == (BatchState.PREVIEW, True, 0)
        page = as_user(office).get(url("import_detail", batch.pk)).content.decode()
        assert 'value="邻院"' in page


class TestDates:
    @pytest.mark.parametrize(
        ("data", "field", "reason"),
        [
            ({"came": "transfer_in", "came_from": "邻院"}, "came_on", "请填写转入的日期"),
            ({"came": "transfer_in", "came_on": "2026-11-02"}, "came_from", "请填写从哪里转入"),
            ({"came": "opening"}, "came_on", "请填写从哪一天起在册"),
            ({"came": "admitted", "came_on": "2026-11-23"}, "came_on", "不能晚于今天"),
            ({"came": "admitted", "came_on": "2010-05-31"}, "came_on", "早于入党日期（2010年6月1日）"),
            ({"came": "admitted", "came_on": "2014-12-31"}, "came_on", "成立日期（2015年1月1日）"),
            ({"came": "admitted", "came_on": "31.12.2019"}, "came_on", "日期无法识别"),
            ({"came": "opening", "came_on": "2026-02-01"}, "came_on", "不能晚于首个结账月（2026年1月）"),
        ],
    )
    def test_what_cannot_be_is_refused_beside_its_field(
        self,
        closed: Periods,
        upload: Callable[..., ImportBatch],
        office: User,
        branch: Branch,
        data: dict[str, str],
        field: str,
        reason: str,
    ) -> None:
        batch = upload(national([person(0, 所在党支部=branch.name)]))
        for answers, name in (
            (Answers.read(data), field),
            (Answers.read({"came": "admitted", **{f"{key}-0": value for key, value in data.items()}}), f"{field}-0"),
        ):
            with pytest.raises(ValidationError) as refused:
                batches.confirm_batch(
                    batch=batch, opening_on=FIRST_CLOSED, skip_errors=False, answers=answers, actor=office
                )
            assert reason in refused.value.message_dict[name][0]

    @pytest.mark.parametrize("day", ["2026-01-31", "2026-11-22"])
    def test_the_last_day_allowed_is_allowed(
        self, closed: Periods, upload: Callable[..., ImportBatch], press: Callable[..., Any], branch: Branch, day: str
    ) -> None:
        kind = "opening" if day < "2026-02" else "admitted"
        assert press(upload(national([person(0, 所在党支部=branch.name)])), came=kind, came_on=day).status_code == 302
        assert first_event(0)[1].isoformat() == day

    def test_a_closed_month_is_pointed_out_and_booked_late_only_when_accepted(
        self, closed: Periods, upload: Callable[..., ImportBatch], press: Callable[..., Any], branch: Branch
    ) -> None:
        closed.states = {date(2026, 10, 1): MonthState.CLOSED}
        batch = upload(national([person(0, 所在党支部=branch.name)]))
        data = {"came": "transfer_in", "came_from": "邻院", "came_on": "2026-10-31"}
        answer = press(batch, **data)
        assert (answer.status_code, "2026年10月已结账" in answer.content.decode()) == (422, True)
        assert 'name="late"' in answer.content.decode()
        assert press(batch, **data, late="1").status_code == 302
        assert first_event(0) == ("transfer_in", date(2026, 10, 31), date(2026, 10, 31), "转自邻院，结账后补记")

    def test_the_month_after_it_is_open(
        self, closed: Periods, upload: Callable[..., ImportBatch], press: Callable[..., Any], branch: Branch
    ) -> None:
        closed.states = {date(2026, 10, 1): MonthState.CLOSED}
        batch = upload(national([person(0, 所在党支部=branch.name)]))
        assert press(batch, came="transfer_in", came_from="邻院", came_on="2026-11-01").status_code == 302

    @pytest.mark.parametrize(
        ("state", "who"),
        [
            (MonthState.QUARTER_LOCKED, "2026年第3季度已锁定，须先由党委办公室"),
            (MonthState.YEAR_LOCKED, "须先由党委书记"),
        ],
    )
    def test_a_locked_one_must_be_opened_first(
        self,
        closed: Periods,
        upload: Callable[..., ImportBatch],
        press: Callable[..., Any],
        branch: Branch,
        state: MonthState,
        who: str,
    ) -> None:
        closed.states = {date(2026, 9, 1): state}
        batch = upload(national([person(0, 所在党支部=branch.name)]))
        answer = press(batch, came="transfer_in", came_from="邻院", came_on="2026-09-30", late="1")
        assert (answer.status_code, who in answer.content.decode()) == (422, True)


class TestRegistry:
    def test_nothing_registered_is_nothing_closed(self, monkeypatch: pytest.MonkeyPatch, hospital: Branch) -> None:
        monkeypatch.setattr(closing, "_SOURCES", [])
        assert not closing.has_closed_month(hospital)
        assert closing.month_state(hospital, date(2020, 1, 1)) == MonthState.OPEN

    def test_without_states_the_ended_months_since_the_first_are_closed(
        self, monkeypatch: pytest.MonkeyPatch, hospital: Branch
    ) -> None:
        monkeypatch.setattr(closing, "_SOURCES", [])
        closing.register(lambda node: date(2026, 3, 1))
        assert closing.has_closed_month(hospital)
        days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 10, 31), date(2026, 11, 1)]
        assert [closing.month_state(hospital, day) for day in days] == ["open", "closed", "closed", "open"]


class TestCommand:
    @pytest.fixture
    def run(self, hospital: Branch, tmp_path: Path, capsys: Any) -> Callable[..., tuple[int, dict[str, Any]]]:
        def go(*options: str) -> tuple[int, dict[str, Any]]:
            path = tmp_path / "名册.xlsx"
            path.write_bytes(national([person(0)]))
            code: int | str | None = 0
            try:
                call_command("import_roster", str(path), "--json", *options)
            except SystemExit as stop:
                code = stop.code
            return int(code or 0), json.loads(capsys.readouterr().out)

        return go

    def test_a_missing_choice_is_1_with_an_entry_that_names_the_option(
        self, closed: Periods, run: Callable[..., Any]
    ) -> None:
        for options in ((), ("--apply",), ("--apply", "--skip-errors")):
            code, result = run(*options)
            assert (code, result["applied"], [e["code"] for e in result["errors"]]) == (1, False, ["NEW_PEOPLE"])
            assert "--new-people" in result["errors"][0]["message"]
        assert not Member.objects.exists()

    @pytest.mark.parametrize(
        ("options", "event"),
        [
            (("opening",), ("opening", date(2026, 1, 1), date(2010, 6, 1), "")),
            (("admitted",), ("admitted", date(2010, 6, 1), date(2010, 6, 1), "")),
            (
                ("transferred", "--new-people-on", "2026-11-02", "--new-people-from", "邻院"),
                ("transfer_in", date(2026, 11, 2), date(2026, 11, 2), "转自邻院"),
            ),
        ],
    )
    def test_with_a_choice_it_writes(
        self,
        closed: Periods,
        run: Callable[..., Any],
        options: tuple[str, ...],
        event: tuple[Any, ...],
        hospital: Branch,
    ) -> None:
        Branch.objects.filter(pk=hospital.pk).update(founded_on=date(2001, 1, 1))
        code, result = run("--apply", "--new-people", *options)
        assert (code, result["applied"], first_event(0)) == (0, True, event)

    def test_half_an_answer_is_1_as_well(self, closed: Periods, run: Callable[..., Any]) -> None:
        code, result = run("--apply", "--new-people", "transferred", "--new-people-on", "2026-11-02")
        assert (code, result["applied"]) == (1, False)
        assert "--new-people-from" in result["errors"][0]["message"]

    def test_a_closed_month_needs_the_word_late(self, closed: Periods, run: Callable[..., Any]) -> None:
        closed.states = {date(2026, 1, 1): MonthState.CLOSED}
        assert run("--apply", "--new-people", "opening")[0] == 1
        assert run("--apply", "--new-people", "opening", "--late")[0] == 0

    def test_nothing_is_asked_while_no_month_was_closed(self, periods: Periods, run: Callable[..., Any]) -> None:
        assert run("--apply")[0] == 0
        assert first_event(0)[0] == "opening"
