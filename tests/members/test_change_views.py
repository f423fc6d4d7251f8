"""Forms that change the roll: what a refusal keeps, and who may."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from branches.models import Branch, User
from members.models import Member
from tests import factories
from tests.members.pages import url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]


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

    def test_groups_are_offered_under_their_branch_and_a_wrong_one_is_named(
        self, as_user: Callable[[User], Client], office: User, dong: Member, groups: list[Branch], other_branch: Branch
    ) -> None:
        third = factories.make_branch(other_branch.hospital, name="外科党支部")
        theirs = factories.make_branch(third, name="护理党小组", level="group")
        client = as_user(office)
        page = client.get(url("member_transfer", dong.pk)).content.decode()
        assert 'data-follows="id_to"' in page
        assert '<optgroup label="外科党支部">' in page
        assert groups[0].name not in page  # of the branch that is left
        data = {"to": other_branch.pk, "group": theirs.pk, "recorded_on": "2026-11-20"}
        answer = client.post(url("member_transfer", dong.pk), data)
        assert answer.status_code == 422
        assert f"“护理党小组”属于外科党支部。请选择{other_branch.name}的党小组" in answer.content.decode()
        assert client.post(url("member_transfer", dong.pk), data | {"to": third.pk}).status_code == 302
        assert Member.objects.get(pk=dong.pk).group == theirs

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
