"""Pages of the roll: who sees whom, what is masked, what a refusal keeps."""

import io
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import openpyxl
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from branches.choices import Role
from branches.models import Appointment, AuditEntry, Branch, User
from members.importing import batches
from members.models import BatchState, ImportBatch, Member
from tests import factories
from tests.members.roster_files import national, one_row_header, person, simple

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel("2026-11-22 10:00:00+08:00", tick=False):
        yield


@pytest.fixture
def dong(branch: Branch, groups: list[Branch]) -> Member:
    user = factories.UserFactory(name="董丽娜", mobile="13800001234", staff_no="A100")
    return factories.make_member(branch, group=groups[0], user=user, home_address="江州市人民路1号")


def url(name: str, *args: Any) -> str:
    return reverse(f"members:{name}", args=args)


class TestList:
    def test_a_secretary_sees_the_own_branch_and_nobody_else(
        self, as_user: Callable[[User], Client], secretary: User, dong: Member, other_branch: Branch
    ) -> None:
        stranger = factories.make_member(other_branch, name="外支部的人")
        page = as_user(secretary).get(url("member_list")).content.decode()
        assert "董丽娜" in page
        assert stranger.user.name not in page
        assert as_user(secretary).get(url("member_detail", stranger.pk)).status_code == 404

    def test_a_group_leader_sees_the_own_group(
        self, as_user: Callable[[User], Client], groups: list[Branch], dong: Member, branch: Branch
    ) -> None:
        leader = factories.UserFactory(name="组长")
        factories.appoint(leader, groups[0], Role.GROUP_LEADER)
        second = factories.make_member(branch, group=groups[1], name="第二组的人")
        page = as_user(leader).get(url("member_list")).content.decode()
        assert "董丽娜" in page
        assert second.user.name not in page

    @pytest.mark.parametrize("role", [Role.MEMBER, Role.SUPERIOR_VIEWER, Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN])
    def test_others_see_no_roster(
        self, as_user: Callable[[User], Client], person: Callable[..., User], role: Role, dong: Member
    ) -> None:
        client = as_user(person(role))
        assert client.get(url("member_list")).status_code == 403
        assert client.get(url("member_detail", dong.pk)).status_code == 404

    @pytest.mark.parametrize("query", ["董丽娜", "丽娜", "dln", "DongLiNa", "A100", "13800001234", "identity"])
    def test_people_are_found_by_name_pinyin_initials_and_numbers(
        self, as_user: Callable[[User], Client], office: User, dong: Member, branch: Branch, query: str
    ) -> None:
        factories.make_member(branch, name="赵启明")
        query = dong.id_number if query == "identity" else query
        page = as_user(office).get(url("member_list"), {"q": query}).content.decode()
        assert "董丽娜" in page
        assert "赵启明" not in page

    def test_half_a_number_finds_nobody(self, as_user: Callable[[User], Client], office: User, dong: Member) -> None:
        page = as_user(office).get(url("member_list"), {"q": dong.id_number[:10]}).content.decode()
        assert f"没有找到“{dong.id_number[:10]}”" in page

    def test_filters_narrow(
        self, as_user: Callable[[User], Client], office: User, dong: Member, other_branch: Branch
    ) -> None:
        factories.make_member(other_branch, name="离休同志", retired=True)
        client = as_user(office)
        for params, seen, unseen in (
            ({"special": "retired"}, "离休同志", "董丽娜"),
            ({"branch": dong.branch_id}, "董丽娜", "离休同志"),
            ({"branch": dong.group_id}, "董丽娜", "离休同志"),
        ):
            page = client.get(url("member_list"), params).content.decode()
            assert seen in page
            assert unseen not in page
        assert client.get(url("member_list"), {"branch": "x", "page": "x", "sort": "x"}).status_code == 200

    def test_twenty_rows_cost_as_many_queries_as_one(
        self, as_user: Callable[[User], Client], office: User, branch: Branch
    ) -> None:
        client = as_user(office)
        factories.make_member(branch)
        client.get(url("member_list"))  # the log-in of the test client
        with CaptureQueriesContext(connection) as one:
            client.get(url("member_list"))
        for _ in range(19):
            factories.make_member(branch)
        with CaptureQueriesContext(connection) as twenty:
            client.get(url("member_list"))
        assert len(twenty) == len(one)

    def test_an_empty_roster_says_what_to_do(self, as_user: Callable[[User], Client], office: User) -> None:
        page = as_user(office).get(url("member_list")).content.decode()
        assert "名册里还没有人" in page
        assert url("import_create") in page


class TestProtectedFacts:
    def test_they_are_masked_until_asked_for_with_a_purpose(
        self, as_user: Callable[[User], Client], secretary: User, dong: Member
    ) -> None:
        client = as_user(secretary)
        page = client.get(url("member_detail", dong.pk)).content.decode()
        assert dong.id_number not in page
        assert "13800001234" not in page
        assert "人民路" not in page
        answer = client.post(url("member_reveal", dong.pk), {"purpose": ""})
        assert (answer.status_code, dong.id_number in answer.content.decode()) == (422, False)
        page = client.post(url("member_reveal", dong.pk), {"purpose": "核对身份"}).content.decode()
        assert dong.id_number in page
        assert "13800001234" in page
        entry = AuditEntry.objects.get(action="member.pii_revealed")
        assert (entry.actor, entry.branch, entry.changes["purpose"]) == (secretary, dong.branch, [None, "核对身份"])
        assert dong.id_number not in client.get(url("member_detail", dong.pk)).content.decode()

    def test_who_may_not_see_them_is_not_offered_them(
        self, as_user: Callable[[User], Client], leader: User, publicity: User, dong: Member
    ) -> None:
        for user in (leader, publicity):
            client = as_user(user)
            page = client.get(url("member_detail", dong.pk)).content.decode()
            assert url("member_reveal", dong.pk) not in page
            assert f"{dong.birth_date.year}年（" in page
            assert f"{dong.birth_date.month}月{dong.birth_date.day}日" not in page
            assert client.post(url("member_reveal", dong.pk), {"purpose": "核对身份"}).status_code == 403

    def test_ones_own_record_is_masked_too(
        self, as_user: Callable[[User], Client], dong: Member, outsider: User
    ) -> None:
        page = as_user(dong.user).get(url("me")).content.decode()
        assert "董丽娜" in page
        assert dong.id_number not in page
        assert "名册变动" in page
        assert "您不在党员名册中" in as_user(outsider).get(url("me")).content.decode()

    def test_an_export_is_masked_logged_and_without_formulas(
        self, as_user: Callable[[User], Client], office: User, dong: Member
    ) -> None:
        Member.objects.filter(pk=dong.pk).update(department='=HYPERLINK("http://x")')
        client = as_user(office)

        def export(**data: str) -> list[str]:
            answer = client.post(url("member_export"), data)
            sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
            assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
            return [str(cell.value) for row in sheet.iter_rows(min_row=2) for cell in row]

        assert dong.id_number not in export()
        assert dong.id_number in export(full="1", purpose="填报材料")
        assert client.post(url("member_export"), {"full": "1"}).status_code == 302
        assert AuditEntry.objects.filter(action="roster.exported").count() == 2


class TestChanges:
    @pytest.fixture
    def form(self, dong: Member) -> dict[str, Any]:
        return {
            "version": 1,
            "group": dong.group_id,
            "name": "董丽娜",
            "id_number": "",
            "gender": "female",
            "birth_date": dong.birth_date.isoformat(),
            "ethnicity": "01",
            "education": "21",
            "joined_on": dong.joined_on.isoformat(),
            "confirmed_on": dong.confirmed_on.isoformat(),
            "membership_status": "normal",
            "job_post": "0212",
            "staff_no": "A100",
            "department": "党办",
        }

    def test_an_edit_keeps_what_was_left_empty_because_it_is_protected(
        self, as_user: Callable[[User], Client], secretary: User, dong: Member, form: dict[str, Any]
    ) -> None:
        before = dong.id_number
        assert as_user(secretary).post(url("member_edit", dong.pk), form).status_code == 302
        dong = Member.objects.get(pk=dong.pk)
        assert (dong.department, dong.id_number, dong.user.mobile) == ("党办", before, "13800001234")

    def test_the_second_saver_sees_both_texts_and_loses_nothing(
        self, as_user: Callable[[User], Client], secretary: User, dong: Member, form: dict[str, Any]
    ) -> None:
        client = as_user(secretary)
        client.post(url("member_edit", dong.pk), form)
        answer = client.post(url("member_edit", dong.pk), form | {"department": "人事科"})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "刚被其他人修改过" in page
        assert "党办" in page
        assert 'value="人事科"' in page
        assert 'name="version" value="2"' in page
        client.post(url("member_edit", dong.pk), form | {"department": "人事科", "version": 2})
        assert Member.objects.get(pk=dong.pk).department == "人事科"

    def test_a_mistake_stands_beside_its_field_with_the_text_kept(
        self, as_user: Callable[[User], Client], secretary: User, dong: Member, form: dict[str, Any]
    ) -> None:
        answer = as_user(secretary).post(
            url("member_edit", dong.pk), form | {"id_number": "990000199913310012", "introducers": "张三、李四"}
        )
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "出生月份是13" in page
        assert "张三、李四" in page

    def test_a_person_can_be_admitted_by_hand(
        self, as_user: Callable[[User], Client], office: User, branch: Branch, form: dict[str, Any]
    ) -> None:
        data = {key: value for key, value in form.items() if key not in {"version", "group", "staff_no"}} | {
            "name": "新来的",
            "id_number": factories.identity_number(77, date(1991, 2, 3)),
            "branch": branch.pk,
            "kind": "transfer_in",
            "member_type": "full",
            "recorded_on": "2026-11-20",
            "mobile": "138 0000 5555",
        }
        answer = as_user(office).post(url("member_create"), data)
        member = Member.objects.get(user__name="新来的")
        assert answer["Location"] == url("member_detail", member.pk)
        assert (member.user.mobile, member.events.get().kind) == ("13800005555", "transfer_in")
        assert as_user(office).post(url("member_create"), data).status_code == 422

    def test_a_transfer_is_for_the_office(
        self,
        as_user: Callable[[User], Client],
        office: User,
        secretary: User,
        dong: Member,
        other_branch: Branch,
    ) -> None:
        data = {"to": other_branch.pk, "recorded_on": "2026-11-20"}
        assert as_user(secretary).post(url("member_transfer", dong.pk), data).status_code == 403
        client = as_user(office)
        page = client.get(url("member_transfer", dong.pk), {"to": other_branch.pk}).content.decode()
        assert f'<option value="{other_branch.pk}" selected>' in page
        refused = client.post(url("member_transfer", dong.pk), data | {"recorded_on": "2019-12-31"})
        assert (refused.status_code, "不能早于上一次变动" in refused.content.decode()) == (422, True)
        client.post(url("member_transfer", dong.pk), data)
        assert Member.objects.get(pk=dong.pk).branch == other_branch

    def test_leaving_and_coming_back(
        self, as_user: Callable[[User], Client], office: User, dong: Member, branch: Branch
    ) -> None:
        client = as_user(office)
        client.post(url("member_leave", dong.pk), {"kind": "transfer_out", "recorded_on": "2026-11-10"})
        assert "已离开名册" in client.get(url("member_detail", dong.pk)).content.decode()
        assert "董丽娜" not in client.get(url("member_list")).content.decode()
        assert "董丽娜" in client.get(url("member_list"), {"left": "1"}).content.decode()
        client.post(
            url("member_return", dong.pk), {"kind": "transfer_in", "branch": branch.pk, "recorded_on": "2026-11-12"}
        )
        assert Member.objects.get(pk=dong.pk).left_on is None


class TestImport:
    @pytest.fixture
    def upload(
        self, as_user: Callable[[User], Client], office: User, django_capture_on_commit_callbacks: Callable[..., Any]
    ) -> Callable[..., tuple[Client, ImportBatch]]:
        def run(data: bytes, name: str = "名册.xlsx") -> tuple[Client, ImportBatch]:
            client = as_user(office)
            root = Branch.objects.get_root_nodes().first()
            with django_capture_on_commit_callbacks(execute=True):
                answer = client.post(
                    url("import_create"), {"file": SimpleUploadedFile(name, data), "organisation": root.pk}
                )
            assert answer.status_code == 302, answer.content.decode()
            return client, ImportBatch.objects.latest("pk")

        return run

    def test_upload_preview_confirm_and_take_back(
        self,
        upload: Callable[..., tuple[Client, ImportBatch]],
        hospital: Branch,
        django_capture_on_commit_callbacks: Callable[..., Any],
    ) -> None:
        bad = person(30, 公民身份证号="990000199913310012", 出生日期="")
        client, batch = upload(national([*(person(n) for n in range(12)), bad]))
        page = client.get(url("import_detail", batch.pk)).content.decode()
        for text in ("表头第3、4行（合并2行）", "将新建1个党支部", "再显示8人", "ID_DATE", "其余12行先导入"):
            assert text in page
        assert str(person(0)["公民身份证号"]) not in page
        assert "再显示" not in client.get(url("import_detail", batch.pk), {"all": "new"}).content.decode()
        answer = client.post(url("import_confirm", batch.pk), {"opening_on": "2026-01-01"})
        assert (answer.status_code, "勾选先导入" in answer.content.decode()) == (422, True)
        answer = client.get(url("import_refused", batch.pk))
        assert openpyxl.load_workbook(io.BytesIO(answer.content)).active.max_row == 2
        for _ in range(2):
            with django_capture_on_commit_callbacks(execute=True):
                client.post(url("import_confirm", batch.pk), {"opening_on": "2026-01-01", "skip_errors": "1"})
        assert Member.objects.count() == 12
        assert "已导入：新增12人" in client.get(url("import_detail", batch.pk)).content.decode()
        client.post(url("import_roll_back", batch.pk))
        assert not Member.objects.exists()
        assert "已撤回" in client.get(url("import_detail", batch.pk)).content.decode()

    def test_a_batch_still_being_read_asks_again(
        self, as_user: Callable[[User], Client], hospital: Branch, office: User
    ) -> None:
        batch = batches.upload_batch(
            organisation=hospital, file_name="名册.xlsx", data=national([person(0)]), actor=office
        )
        client = as_user(office)
        page = client.get(url("import_detail", batch.pk)).content.decode()
        assert 'id="import-wait"' in page
        assert "刷新" in page
        waiting = client.get(url("import_detail", batch.pk), headers={"HX-Request": "true"})
        assert b"<html" not in waiting.content
        batches.read_batch(batch_id=batch.pk, tell=lambda *args: None)
        assert client.get(url("import_detail", batch.pk), headers={"HX-Request": "true"})["HX-Refresh"] == "true"

    def test_an_unreadable_file_says_what_to_do(
        self, upload: Callable[..., tuple[Client, ImportBatch]], hospital: Branch
    ) -> None:
        client, batch = upload(b"%PDF-1.4 nothing")
        assert batch.state == BatchState.UNREADABLE
        assert "这个文件不能读取" in client.get(url("import_detail", batch.pk)).content.decode()

    def test_a_wrong_file_is_refused_beside_the_field(
        self, as_user: Callable[[User], Client], office: User, hospital: Branch
    ) -> None:
        data = {"file": SimpleUploadedFile("a.pdf", b"x"), "organisation": hospital.pk}
        answer = as_user(office).post(url("import_create"), data)
        assert (answer.status_code, ".xlsx、.xls或.csv" in answer.content.decode()) == (422, True)
        assert not ImportBatch.objects.exists()

    def test_a_secretary_may_not_import(self, as_user: Callable[[User], Client], secretary: User) -> None:
        assert as_user(secretary).get(url("import_create")).status_code == 403


class TestSetUp:
    def test_the_steps_follow_what_is_there(
        self, as_user: Callable[[User], Client], office: User, hospital: Branch, dong: Member
    ) -> None:
        page = as_user(office).get(url("setup")).content.decode()
        assert "已完成3步" in page
        assert "0/1个党支部已有书记" in page

    def test_posts_of_the_sheet_are_proposed_and_confirmed(
        self,
        as_user: Callable[[User], Client],
        office: User,
        hospital: Branch,
        django_capture_on_commit_callbacks: Callable[..., Any],
    ) -> None:
        rows = one_row_header([person(n) for n in range(3)])
        rows = [[*row, post] for row, post in zip(rows, ["党内职务", "党支部书记", "组织委员", "无"], strict=True)]
        with django_capture_on_commit_callbacks(execute=True):
            batch = batches.upload_batch(organisation=hospital, file_name="名册.xlsx", data=simple(rows), actor=office)
        with django_capture_on_commit_callbacks(execute=True):
            batches.confirm_batch(batch=batch, opening_on=date(2026, 1, 1), skip_errors=False, actor=office)
        secretary, organiser, other = (Member.objects.get(user__name=person(n)["姓名"]) for n in range(3))
        client, home = as_user(office), secretary.branch
        page = client.get(url("officers")).content.decode()
        assert page.count("名册所载，待确认") == 2
        key = f"{home.pk}-{{}}".format
        data = {
            "branch": home.pk,
            key(Role.BRANCH_SECRETARY): secretary.user_id,
            key(Role.ORGANISATION_MEMBER): organiser.user_id,
        }
        assert client.post(url("officers"), data).status_code == 302
        held = Appointment.objects.filter(branch=home, role=Role.BRANCH_SECRETARY, ends_on__isnull=True)
        assert held.get().user == secretary.user
        stale = data | {key(Role.BRANCH_SECRETARY): other.user_id}
        answer = client.post(url("officers"), stale)  # loaded before anybody was secretary
        assert (answer.status_code, held.get().user) == (422, secretary.user)
        assert "刚刚被他人改过" in answer.content.decode()
        data |= {f"was-{home.pk}-{Role.BRANCH_SECRETARY}": secretary.user_id}
        data |= {f"was-{home.pk}-{Role.ORGANISATION_MEMBER}": organiser.user_id}
        client.post(url("officers"), data | {key(Role.BRANCH_SECRETARY): other.user_id})
        assert held.get().user == other.user
        data |= {f"was-{home.pk}-{Role.BRANCH_SECRETARY}": other.user_id}
        stranger = factories.UserFactory()
        answer = client.post(url("officers"), data | {key(Role.BRANCH_SECRETARY): stranger.pk})
        assert (answer.status_code, held.get().user) == (422, other.user)
