"""The way into use: the checklist, and the officers of each branch."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from branches.choices import Role
from branches.models import Appointment, Branch, User
from members.importing import batches
from members.models import Member
from tests import factories
from tests.members.pages import url
from tests.members.roster_files import one_row_header, person, simple

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]


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
