"""Rosters into the database: from the page's services and from the command, by the same path."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.utils import timezone

from branches.choices import Role
from branches.models import Appointment, AuditEntry, Branch, Job, JobState, User
from branches.services import add_person
from members.importing import batches
from members.importing.matching import match_names, plain_name, spellings
from members.models import BatchState, ImportBatch, Member, MembershipEvent, RollMonth
from members.services import change_member, leave_roll, transfer_member
from tests import factories
from tests.members.roster_files import HR, national, one_row_header, person, simple

pytestmark = pytest.mark.django_db
OPENING = date(2026, 1, 1)


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel("2026-11-22 10:00:00+08:00", tick=False):
        yield


@pytest.fixture
def upload(
    hospital: Branch, office: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> Callable[..., ImportBatch]:
    """upload(data) reads a file into its preview, as the page and the worker do."""

    def run(data: bytes, file_name: str = "名册.xlsx", organisation: Branch | None = None) -> ImportBatch:
        with django_capture_on_commit_callbacks(execute=True):
            batch = batches.upload_batch(
                organisation=organisation or hospital, file_name=file_name, data=data, actor=office
            )
        batch.refresh_from_db()
        return batch

    return run


@pytest.fixture
def confirm(office: User, django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., ImportBatch]:
    def run(batch: ImportBatch, *, skip_errors: bool = False) -> ImportBatch:
        with django_capture_on_commit_callbacks(execute=True):
            batches.confirm_batch(batch=batch, opening_on=OPENING, skip_errors=skip_errors, actor=office)
        batch.refresh_from_db()
        return batch

    return run


@pytest.fixture
def three(upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch]) -> ImportBatch:
    """Three people of one new branch, imported."""
    return confirm(upload(national([person(n) for n in range(3)])))


def member(n: int) -> Member:
    return Member.objects.with_identity(str(person(n)["公民身份证号"])).get()


def codes(batch: ImportBatch, group: str) -> list[str]:
    return [row["code"] for row in batches.preview_payload(batch)[group]]


class TestNames:
    @pytest.mark.parametrize(
        "spelling",
        ["内科二支部", "内科第二支部", "内科 第二党支部", "内科第二党支部委员会", "中共内科第2党支部", "内科２支部"],
    )
    def test_usual_spellings_of_a_branch_are_one(self, spelling: str) -> None:
        found = match_names([spelling], {7: "内科第二党支部", 8: "内科第三党支部", 9: "外科第二党支部"})[spelling]
        assert (found.branches, found.exact) == ((7,), False)

    def test_the_same_name_wins_over_one_alike(self) -> None:
        assert match_names(["内科支部"], {1: "内科支部", 2: "内科党支部"})["内科支部"].branches == (1,)

    def test_two_alike_are_left_to_a_person(self) -> None:
        assert match_names(["内科支部委员会"], {1: "内科支部", 2: "内科党支部"})["内科支部委员会"].branches == (1, 2)

    def test_numerals_above_ten(self) -> None:
        assert plain_name("机关第12党支部") == plain_name("机关十二支部") == "机关十二"
        assert plain_name("机关20支部") == plain_name("机关第二十党支部")

    def test_new_names_take_their_most_frequent_spelling(self) -> None:
        assert spellings(["内科二支部", "内科第二党支部", "内科第二党支部"])["内科二支部"] == "内科第二党支部"


class TestNewPeople:
    def test_the_national_layout_gives_exactly_the_people_in_it(
        self, upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch], hospital: Branch, office: User
    ) -> None:
        people = [person(n, **({"所在党支部": "外科第二党支部"} if n % 3 == 0 else {})) for n in range(30)]
        batch = upload(national(people))
        assert batch.state == BatchState.PREVIEW
        assert (batch.summary["rows"], batch.summary["new"], batch.summary["refused"]) == (30, 30, 0)
        assert batch.summary["founded"] == ["内科第一党支部", "外科第二党支部"]
        assert not Member.objects.exists()
        batch = confirm(batch)
        assert batch.state == BatchState.APPLIED
        assert set(Member.objects.values_list("user__name", flat=True)) == {one["姓名"] for one in people}
        assert Branch.objects.get(name="外科第二党支部").members.count() == 10
        assert Branch.objects.get_parent(Branch.objects.get(name="内科第一党支部")) == hospital
        first = member(1)
        assert (first.gender, first.ethnicity, first.education, first.job_post) == ("female", "01", "21", "0212")
        assert (first.user.mobile, first.home_address) == ("13900000001", "江州市人民路1号")
        assert not first.user.has_usable_password()
        event = first.events.get()
        assert (event.kind, event.recorded_on, event.created_by) == ("opening", OPENING, office)
        assert first.user.appointments.get().role == Role.MEMBER
        rows = RollMonth.objects.filter(branch__name="外科第二党支部").values_list("full", flat=True)
        assert list(rows) == [10] * 11

    def test_nobody_is_on_the_roll_before_joining(
        self, upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch]
    ) -> None:
        late = person(0, 人员类别="预备党员", 加入党组织日期="2026-05-14", 转为正式党员日期="")
        confirm(upload(national([late])))
        assert member(0).events.get().recorded_on == date(2026, 5, 14)

    def test_files_are_kept_encrypted(self, upload: Callable[..., ImportBatch]) -> None:
        data = national([person(0)])
        batch = upload(data)
        kept = batches._path(batch).read_bytes()
        assert data[:50] not in kept
        assert person(0)["公民身份证号"] not in batch.payload
        assert batches._path(batch).stat().st_mode & 0o077 == 0

    def test_names_spelt_differently_meet_the_branch_that_exists(
        self, upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch], branch: Branch
    ) -> None:
        batch = upload(national([person(0, 所在党支部="机关一支部"), person(1, 所在党支部="机关第一党支部")]))
        assert batch.summary["founded"] == []
        repair = batches.preview_payload(batch)["repairs"][0]
        assert (repair["before"], repair["after"]) == ("机关一支部", "机关第一党支部")
        confirm(batch)
        assert branch.members.count() == 2

    def test_a_clerk_known_already_becomes_one_person_with_the_row(
        self, upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch], office: User
    ) -> None:
        clerk = add_person(name=str(person(0)["姓名"]), mobile="13900000000", actor=office)
        batch = upload(national([person(0)]))
        assert "account_linked" in codes(batch, "hints")
        confirm(batch)
        assert member(0).user == clerk

    def test_groups_in_the_sheet_are_founded_below_their_branch(
        self, upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch]
    ) -> None:
        rows = one_row_header([person(n) for n in range(3)])
        rows = [[*row, group] for row, group in zip(rows, ["党小组", "第一党小组", "第一党小组", ""], strict=True)]
        confirm(upload(simple(rows)))
        assert member(0).group == member(1).group
        assert Branch.objects.get_parent(member(0).group) == member(0).branch
        assert member(2).group is None


class TestKnownPeople:
    def test_the_same_file_again_changes_nothing(
        self, three: ImportBatch, upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch]
    ) -> None:
        again = upload(national([person(n) for n in range(3)]))
        assert (again.summary["new"], again.summary["changed"], again.summary["unchanged"]) == (0, 0, 3)
        with pytest.raises(ValidationError, match="没有需要导入的内容"):
            confirm(again)

    def test_a_change_shows_old_and_new_and_is_written_with_its_trace(
        self, three: ImportBatch, upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch]
    ) -> None:
        batch = upload(national([person(0, 学历="11 博士研究生", 手机号="13911112222"), person(1), person(2)]))
        assert (batch.summary["changed"], batch.summary["changes"], batch.summary["unchanged"]) == (1, 2, 2)
        changes = batches.preview_payload(batch)["changed"][0]["changes"]
        assert ["学历", "21 大学", "11 博士研究生"] in changes
        assert ["手机号", "139****0000", "139****2222"] in changes
        confirm(batch)
        assert (member(0).education, member(0).user.mobile, member(0).version) == ("11", "13911112222", 2)
        assert AuditEntry.objects.get(action="member.changed").changes["mobile"] == ["***", "***"]

    def test_a_later_sheet_of_the_personnel_office_gives_log_in_names(
        self, three: ImportBatch, upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch]
    ) -> None:
        rows = [[person(n)["姓名"], person(n)["公民身份证号"], f"A{n:03d}"] for n in range(3)]
        batch = confirm(upload(simple([HR, *rows])))
        assert (batch.summary["changed"], batch.summary["refused"]) == (3, 0)
        assert (member(1).user.staff_no, member(1).user.username) == ("A001", "A001")
        assert member(1).home_address == "江州市人民路1号"

    def test_a_staff_number_of_somebody_else_is_refused(
        self, three: ImportBatch, upload: Callable[..., ImportBatch]
    ) -> None:
        factories.UserFactory(name="路人", staff_no="A000")
        batch = upload(simple([HR, [person(0)["姓名"], person(0)["公民身份证号"], "A000"]]))
        assert codes(batch, "refused") == ["STAFF_NO_TAKEN"]

    def test_the_branch_of_a_known_member_is_never_changed(
        self,
        three: ImportBatch,
        branch: Branch,
        upload: Callable[..., ImportBatch],
        confirm: Callable[..., ImportBatch],
    ) -> None:
        home = member(0).branch
        batch = upload(national([person(0, 所在党支部="机关第一党支部", 学历="22 大专")]))
        transfer = batches.preview_payload(batch)["transfers"][0]
        assert (transfer["from"], transfer["to"], transfer["to_id"]) == (home.name, branch.name, branch.pk)
        confirm(batch)
        assert (member(0).branch, member(0).education) == (home, "22")

    def test_category_and_status_are_left_to_their_own_pages(
        self, upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch]
    ) -> None:
        probation = person(0, 人员类别="预备党员", 加入党组织日期="2025-10-14", 转为正式党员日期="")
        confirm(upload(national([probation])))
        full = person(0, 加入党组织日期="2025-10-14", 转为正式党员日期="2026-10-14", 党籍状态="停止党籍")
        batch = upload(national([full]))
        assert batch.summary["unchanged"] == 1
        assert {"type_differs", "status_differs"} <= set(codes(batch, "hints"))
        assert (member(0).member_type, member(0).confirmed_on) == ("probationary", None)

    def test_somebody_who_left_is_named_and_not_touched(
        self, three: ImportBatch, upload: Callable[..., ImportBatch], office: User
    ) -> None:
        leave_roll(member=member(0), kind="transfer_out", recorded_on=date(2026, 11, 1), actor=office)
        batch = upload(national([person(0, 学历="22 大专")]))
        assert (batch.summary["unchanged"], codes(batch, "hints")) == (1, ["off_roll"])

    def test_somebody_missing_from_the_sheet_is_listed_and_stays(
        self, three: ImportBatch, upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch]
    ) -> None:
        batch = upload(national([person(0, 学历="22 大专"), person(1)]))
        assert [row[1] for row in batches.preview_payload(batch)["missing"]] == [person(2)["姓名"]]
        confirm(batch)
        assert Member.objects.current().count() == 3

    def test_an_empty_cell_says_nothing_about_somebody_known(
        self, three: ImportBatch, upload: Callable[..., ImportBatch]
    ) -> None:
        assert upload(national([person(0, 手机号="", 家庭住址="")])).summary["unchanged"] == 1

    def test_a_member_of_another_hospital_is_out_of_reach(self, upload: Callable[..., ImportBatch]) -> None:
        elsewhere = factories.make_branch(factories.make_branch())
        stranger = factories.make_member(elsewhere)
        batch = upload(national([person(0, 公民身份证号=stranger.id_number, 性别="", 出生日期="")]))
        assert "MEMBER_ELSEWHERE" in codes(batch, "refused")
        assert stranger.user.name not in batches.preview_payload(batch)["refused"][0]["message"]


class TestRefusedRows:
    BAD = person(1, 公民身份证号="990000199913310012", 出生日期="")

    def test_nothing_is_written_unless_the_good_rows_are_asked_for(
        self, upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch]
    ) -> None:
        batch = upload(national([person(0), self.BAD]))
        assert (batch.summary["new"], batch.summary["refused"]) == (1, 1)
        with pytest.raises(ValidationError) as refused:
            confirm(batch)
        assert "skip_errors" in refused.value.message_dict
        assert not Member.objects.exists()
        assert confirm(batch, skip_errors=True).state == BatchState.APPLIED
        assert Member.objects.count() == 1

    def test_they_come_back_as_a_workbook_with_the_cells_marked(self, upload: Callable[..., ImportBatch]) -> None:
        data = batches.refused_workbook(upload(national([person(0), self.BAD])))
        sheet = openpyxl.load_workbook(io.BytesIO(data)).active
        assert sheet.max_row == 2
        assert any(cell.comment for row in sheet.iter_rows() for cell in row)

    def test_an_unreadable_file_says_why(self, upload: Callable[..., ImportBatch]) -> None:
        batch = upload(simple([["通知", "内容"], ["一", "二"]]))
        assert (batch.state, batch.job.state) == (BatchState.UNREADABLE, JobState.DONE)
        assert batch.summary["error"]["message"]

    @pytest.mark.parametrize(("name", "data"), [("名册.pdf", b"x"), ("名册.xlsx", b""), ("名册.xlsx", b"x" * 2000)])
    def test_files_that_cannot_be_rosters_are_not_taken(
        self, hospital: Branch, office: User, name: str, data: bytes, settings: Any
    ) -> None:
        settings.ROSTER_FILE_LIMIT = 1000
        with pytest.raises(ValidationError) as refused:
            batches.upload_batch(organisation=hospital, file_name=name, data=data, actor=office)
        assert "file" in refused.value.message_dict


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
        data = national([person(0), TestRefusedRows.BAD])
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
