"""The roll on its pages: who sees whom, how people are found, what is masked."""

import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from branches.choices import Role
from branches.models import AuditEntry, Branch, User
from members.models import Member
from tests import factories
from tests.members.pages import url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]


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
        page = as_user(office).post(url("member_list"), {"q": query}, follow=True).content.decode()
        assert "董丽娜" in page
        assert "赵启明" not in page

    def test_a_number_stands_in_no_address(self, as_user: Callable[[User], Client], office: User, dong: Member) -> None:
        client = as_user(office)
        for number in (dong.id_number, "138 0000-1234", "13800001234", dong.id_number[:17]):
            answer = client.post(url("member_list"), {"q": number, "sort": "name"})
            assert answer.status_code == 200
            assert not any(number in part.partition('"')[0] for part in answer.content.decode().split('href="')[1:])
            answer = client.get(url("member_list"), {"q": number})  # typed into the address by hand
            assert (answer.status_code, answer["Location"]) == (302, url("member_list"))

    def test_a_name_has_an_address_to_come_back_to(self, as_user: Callable[[User], Client], office: User) -> None:
        answer = as_user(office).post(url("member_list"), {"q": "赵 启明", "kind": "", "sort": "branch", "left": "1"})
        assert answer["Location"] == f"{url('member_list')}?q=%E8%B5%B5+%E5%90%AF%E6%98%8E&left=1"
        assert as_user(office).post(url("member_list"), {"q": ""})["Location"] == url("member_list")

    def test_what_was_found_by_number_can_be_exported(
        self, as_user: Callable[[User], Client], office: User, dong: Member
    ) -> None:
        page = as_user(office).post(url("member_list"), {"q": dong.id_number}).content.decode()
        assert f'<input type="hidden" name="q" value="{dong.id_number}">' in page

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

    def test_days_of_an_export_are_dates_that_excel_shows_in_chinese(
        self, as_user: Callable[[User], Client], secretary: User, leader: User, dong: Member
    ) -> None:
        def row(user: User) -> dict[str, Any]:
            answer = as_user(user).post(url("member_export"), {"q": "董丽娜"})
            head, line = openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows()
            return {str(title.value): cell for title, cell in zip(head, line, strict=True)}

        cells = row(secretary)
        joined = cells["加入党组织日期"]
        assert (joined.is_date, joined.value.date()) == (True, dong.joined_on)
        assert joined.number_format == 'yyyy"年"m"月"d"日"'
        assert cells["出生日期"].value.date() == dong.birth_date
        assert row(leader)["出生日期"].value == f"{dong.birth_date.year}年"  # who may not see the day
        assert cells["失去联系日期"].value in {None, ""}
