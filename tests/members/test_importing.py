"""Rosters into the database: from the page's services and from the command, by the same path."""

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl
import pytest
from django.core.exceptions import ValidationError

from branches.choices import Role
from branches.models import AuditEntry, Branch, JobState, User
from branches.services import add_person
from members.importing import batches
from members.importing.matching import match_names, plain_name, spellings
from members.models import BatchState, ImportBatch, Member, RollMonth
from members.services import leave_roll
from tests import factories
from tests.members.import_words import BAD, OPENING, codes, member
from tests.members.roster_files import HR, national, one_row_header, person, simple

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]


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

    def test_a_sheet_of_one_branch_lists_nobody_of_the_others_by_name(
        self, three: ImportBatch, upload: Callable[..., ImportBatch], branch: Branch, other_branch: Branch
    ) -> None:
        factories.make_member(branch, name="机关的人")
        factories.make_member(other_branch, name="内科的人")
        moved = factories.make_member(other_branch, name="表中写在别处的人")
        elsewhere = person(1) | {"姓名": moved.user.name, "公民身份证号": moved.id_number}
        batch = upload(national([person(0), elsewhere]))
        preview = batches.preview_payload(batch)
        assert [row[1] for row in preview["missing"]] == [person(1)["姓名"], person(2)["姓名"]]
        assert preview["beyond"] == [2, 2]

    def test_a_sheet_without_branches_misses_nobody(
        self, three: ImportBatch, upload: Callable[..., ImportBatch]
    ) -> None:
        rows = [row[:1] + row[2:] for row in one_row_header([person(0)])]
        preview = batches.preview_payload(upload(simple(rows)))
        assert (preview["missing"], preview["beyond"]) == ([], [0, 0])

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
    def test_nothing_is_written_unless_the_good_rows_are_asked_for(
        self, upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch]
    ) -> None:
        batch = upload(national([person(0), BAD]))
        assert (batch.summary["new"], batch.summary["refused"]) == (1, 1)
        with pytest.raises(ValidationError) as refused:
            confirm(batch)
        assert "skip_errors" in refused.value.message_dict
        assert not Member.objects.exists()
        assert confirm(batch, skip_errors=True).state == BatchState.APPLIED
        assert Member.objects.count() == 1

    def test_they_come_back_as_a_workbook_with_the_cells_marked(self, upload: Callable[..., ImportBatch]) -> None:
        data = batches.refused_workbook(upload(national([person(0), BAD])))
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
