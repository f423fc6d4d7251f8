"""What becomes of an import: once only, taken back, kept for a while, and the same from the command."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.utils import timezone

from branches.choices import Role
from branches.models import Appointment, Branch, Job, User
from branches.services import add_person
from members.importing import batches
from members.models import BatchState, ImportBatch, Member, MembershipEvent, RollMonth
from members.services import change_member, transfer_member
from tests import factories
from tests.members.import_words import BAD, member
from tests.members.roster_files import national, one_row_header, person, simple

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]


class TestOnce:
    def test_a_second_press_writes_nothing_more(self, three: ImportBatch, confirm: Callable[..., ImportBatch]) -> None:
        assert confirm(three).state == BatchState.APPLIED
        assert Member.objects.count() == MembershipEvent.objects.count() == 3
        assert Job.objects.filter(task="members.tasks.apply_batch").count() == 1

    def test_a_task_that_runs_twice_writes_once(self, three: ImportBatch) -> None:
        batches.apply_batch(batch_id=three.pk, tell=lambda *args: None)
        assert Member.objects.count() == 3

    def test_what_changed_since_the_preview_must_be_looked_at_again(
        self,
        three: ImportBatch,
        upload: Callable[..., ImportBatch],
        confirm: Callable[..., ImportBatch],
        office: User,
    ) -> None:
        batch = upload(national([person(0, 学历="22 大专")]))
        change_member(member=member(0), version=1, fields={"department": "内科"}, actor=office)
        batch = confirm(batch)
        assert (batch.state, batch.summary["stale"]) == (BatchState.PREVIEW, True)
        assert member(0).education == "21"
        assert confirm(batch).state == BatchState.APPLIED
        assert member(0).education == "22"


class TestRollBack:
    def test_new_people_leave_no_personal_fact_behind(self, three: ImportBatch, office: User) -> None:
        batches.roll_back_batch(batch=three, actor=office)
        three.refresh_from_db()
        assert three.state == BatchState.ROLLED_BACK
        assert not Member.objects.exists()
        left = Member._base_manager.select_related("user").first()
        assert (left.id_number, left.home_address, left.user.mobile, left.user.name) == ("", "", "", "（已撤回）")
        assert not User.objects.filter(search_keys__contains=person(0)["姓名"]).exists()
        assert not Appointment.objects.filter(role=Role.MEMBER).exists()
        assert not RollMonth.objects.filter(full__gt=0).exists()
        assert not MembershipEvent.objects.standing().exists()

    def test_the_same_people_can_be_imported_afterwards(
        self,
        three: ImportBatch,
        office: User,
        upload: Callable[..., ImportBatch],
        confirm: Callable[..., ImportBatch],
    ) -> None:
        batches.roll_back_batch(batch=three, actor=office)
        again = upload(national([person(n) for n in range(3)]))
        assert (again.summary["new"], again.summary["founded"]) == (3, [])
        confirm(again)
        assert Member.objects.count() == 3

    def test_changed_people_get_their_old_values_back(
        self,
        three: ImportBatch,
        office: User,
        upload: Callable[..., ImportBatch],
        confirm: Callable[..., ImportBatch],
    ) -> None:
        rows = one_row_header([person(0, 学历="22 大专", 转为正式党员日期="2011-06-15", 手机号="13911112222")])
        rows = [[*row, extra] for row, extra in zip(rows, ["工号", "A7"], strict=True)]
        batch = confirm(upload(simple(rows)))
        assert member(0).confirmed_on == date(2011, 6, 15)
        batches.roll_back_batch(batch=batch, actor=office)
        found = member(0)
        assert (found.education, found.confirmed_on) == ("21", date(2011, 6, 1))
        assert (found.user.mobile, found.user.staff_no, found.user.username) == ("13900000000", None, None)
        assert User.objects.with_mobile("13900000000").count() == 1

    def test_the_later_one_first_then_the_earlier_one(
        self,
        three: ImportBatch,
        office: User,
        upload: Callable[..., ImportBatch],
        confirm: Callable[..., ImportBatch],
    ) -> None:
        second = confirm(upload(national([person(0, 学历="22 大专")])))
        third = confirm(upload(national([person(0, 学历="41 中专"), person(1, 学历="22 大专")])))
        for batch in (three, second):
            with pytest.raises(ValidationError, match="又修改过"):
                batches.roll_back_batch(batch=batch, actor=office)
        for batch, education in ((third, "22"), (second, "21")):
            batches.roll_back_batch(batch=batch, actor=office)
            assert member(0).education == education
        batches.roll_back_batch(batch=three, actor=office)
        assert not Member.objects.exists()

    def test_a_change_by_hand_between_two_imports_still_stands_in_the_way(
        self,
        three: ImportBatch,
        office: User,
        upload: Callable[..., ImportBatch],
        confirm: Callable[..., ImportBatch],
    ) -> None:
        change_member(member=member(0), version=1, fields={"department": "内科"}, actor=office)
        later = confirm(upload(national([person(0, 学历="22 大专")])))
        batches.roll_back_batch(batch=later, actor=office)
        with pytest.raises(ValidationError, match="又修改过"):
            batches.roll_back_batch(batch=three, actor=office)

    def test_so_does_one_after_the_later_import_was_taken_back(
        self,
        three: ImportBatch,
        office: User,
        upload: Callable[..., ImportBatch],
        confirm: Callable[..., ImportBatch],
    ) -> None:
        batches.roll_back_batch(batch=confirm(upload(national([person(0, 学历="22 大专")]))), actor=office)
        found = member(0)
        change_member(member=found, version=found.version, fields={"department": "内科"}, actor=office)
        with pytest.raises(ValidationError, match="又修改过"):
            batches.roll_back_batch(batch=three, actor=office)

    def test_what_depends_on_it_is_named(self, three: ImportBatch, branch: Branch, office: User) -> None:
        steps = {
            "又修改过": lambda: change_member(member=member(0), version=1, fields={"department": "内科"}, actor=office),
            "后来的名册变动": lambda: transfer_member(
                member=member(1), to=branch, recorded_on=date(2026, 11, 1), actor=office
            ),
            "已担任职务": lambda: factories.appoint(member(2).user, branch, Role.PUBLICITY_MEMBER),
            "1条后来的记录": lambda: factories.make_activity(branch, members=[member(2)]),
            "已登录过": lambda: User.objects.filter(pk=member(2).user_id).update(last_login=timezone.now()),
        }
        for reason, step in steps.items():
            step()
            with pytest.raises(ValidationError) as refused:
                batches.roll_back_batch(batch=three, actor=office)
            assert reason in refused.value.messages[0]
        assert Member.objects.count() == 3


class TestKeeping:
    def test_a_cancelled_upload_is_deleted_at_once(self, upload: Callable[..., ImportBatch], office: User) -> None:
        batch = upload(national([person(0)]))
        path = batches._path(batch)
        batches.cancel_batch(batch=batch, actor=office)
        assert not path.exists()
        assert ImportBatch.objects.get().payload == ""

    def test_old_imports_are_emptied(self, three: ImportBatch, settings: Any) -> None:
        assert batches.empty_old_batches() == 0
        past = timezone.now() - timedelta(days=settings.IMPORT_KEEP_DAYS, hours=1)
        ImportBatch.objects.update(created_at=past)
        assert batches.empty_old_batches() == 1
        three.refresh_from_db()
        assert (three.state, three.payload, three.undo) == (BatchState.APPLIED, "", "")
        assert not batches._path(three).exists()
        assert batches.empty_old_batches() == 0


class TestCommand:
    @pytest.fixture
    def run(self, hospital: Branch, tmp_path: Path, capsys: Any) -> Callable[..., tuple[int, dict[str, Any]]]:
        def go(data: bytes, *options: str, name: str = "名册.xlsx") -> tuple[int, dict[str, Any]]:
            path = tmp_path / name
            path.write_bytes(data)
            code: int | str | None = 0
            try:
                call_command("import_roster", str(path), "--json", *options)
            except SystemExit as stop:
                code = stop.code
            return int(code or 0), json.loads(capsys.readouterr().out)

        return go

    def test_a_clean_file_is_0_and_writes_only_with_apply(self, run: Callable[..., Any]) -> None:
        data = national([person(n) for n in range(4)])
        code, result = run(data)
        assert (code, result["rows"], result["create"], result["applied"]) == (0, 4, 4, False)
        assert set(result) == {"rows", "create", "update", "unchanged", "errors", "warnings", "applied"}
        assert not Member.objects.exists()
        code, result = run(data, "--apply")
        assert (code, result["create"], result["applied"]) == (0, 4, True)
        assert Member.objects.count() == 4
        code, result = run(data, "--apply")
        assert (code, result["create"], result["update"], result["unchanged"]) == (0, 0, 0, 4)

    def test_errors_are_1_and_the_good_rows_go_in_only_when_asked(
        self, run: Callable[..., Any], tmp_path: Path
    ) -> None:
        data = national([person(0), BAD])
        code, result = run(data, "--apply")
        assert (code, result["rows"], result["create"], result["applied"]) == (1, 2, 1, False)
        error = result["errors"][0]
        assert set(error) == {"sheet", "row", "column", "code", "message"}
        assert (error["sheet"], error["row"], error["column"], error["code"]) == (
            "党员基本信息汇总表",
            6,
            "C",
            "ID_DATE",
        )
        assert not Member.objects.exists()
        code, result = run(data, "--apply", "--skip-errors")
        assert (code, result["applied"], Member.objects.count()) == (1, True, 1)
        assert list(tmp_path.glob("*不能导入*.xlsx"))

    def test_an_unreadable_file_is_2(self, run: Callable[..., Any]) -> None:
        code, result = run(b"%PDF-1.4 nothing", name="名册.xlsx")
        assert (code, result["applied"], len(result["errors"])) == (2, False, 1)
        assert run(simple([["甲", "乙"]]))[0] == 2

    def test_a_branch_takes_the_people_of_a_sheet_without_branches(
        self, run: Callable[..., Any], branch: Branch
    ) -> None:
        rows = [row[:1] + row[2:] for row in one_row_header([person(0), person(1)])]
        assert run(simple(rows), "--apply")[0] == 1
        code, result = run(simple(rows), "--apply", "--branch", "JG01")
        assert (code, result["create"], branch.members.count()) == (0, 2, 2)
        assert run(simple(rows), "--branch", "XX")[0] == 2

    def test_the_command_can_be_rolled_back_like_the_page(self, run: Callable[..., Any]) -> None:
        run(national([person(0)]), "--apply")
        batches.roll_back_batch(batch=ImportBatch.objects.get(), actor=None)
        assert not Member.objects.exists()


def test_hundreds_of_people_take_a_bounded_number_of_statements(
    upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch], django_assert_max_num_queries: Any
) -> None:
    people = [person(n, 所在党支部=f"第{n % 10 + 1}党支部") for n in range(400)]
    with django_assert_max_num_queries(60):
        batch = upload(national(people))
    assert batch.summary["refused"] == 0
    with django_assert_max_num_queries(400):
        confirm(batch)
    assert Member.objects.count() == 400


def test_an_account_known_before_gets_its_own_facts_back(upload, confirm, office):
    name = str(person(0)["姓名"])
    clerk = add_person(name=name, mobile="13900000000", actor=office)
    batch = confirm(upload(national([person(0) | {"工号": "3001"}], added=("工号",))))
    clerk.refresh_from_db()
    assert (member(0).user, clerk.staff_no) == (clerk, "3001")
    batches.roll_back_batch(batch=batch, actor=office)
    clerk.refresh_from_db()
    assert (clerk.name, clerk.mobile, clerk.staff_no, clerk.is_active) == (name, "13900000000", None, True)
