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

    def test_one_branch_is_open_at_a_time_and_the_next_one_follows(
        self, as_user: Callable[[User], Client], office: User, branch: Branch, other_branch: Branch
    ) -> None:
        first, second = factories.make_member(branch), factories.make_member(other_branch)
        client = as_user(office)
        page = client.get(url("officers")).content.decode()
        assert (page.count('name="branch"'), page.count("书记空缺")) == (1, 2)
        data = {"branch": branch.pk, f"{branch.pk}-{Role.BRANCH_SECRETARY}": first.user_id}
        answer = client.post(url("officers"), data)
        assert answer["Location"] == f"{url('officers')}?page=1&open={other_branch.pk}#b{other_branch.pk}"
        page = client.get(answer["Location"]).content.decode()
        assert f'name="branch" value="{other_branch.pk}"' in page
        assert f"书记{first.user.name}" in page
        data = {"branch": other_branch.pk, f"{other_branch.pk}-{Role.BRANCH_SECRETARY}": second.user_id}
        assert client.post(url("officers"), data)["Location"].endswith(f"open=0#b{other_branch.pk}")
        assert 'name="branch"' not in client.get(url("officers")).content.decode()

    @pytest.mark.parametrize("role", [Role.BRANCH_SECRETARY, Role.ORGANISATION_MEMBER, Role.DISCIPLINE_MEMBER])
    def test_choosing_another_person_hands_the_post_over(
        self, as_user: Callable[[User], Client], office: User, branch: Branch, role: Role
    ) -> None:
        old, new = factories.make_member(branch), factories.make_member(branch)
        before = factories.appoint(old.user, branch, role)
        key = f"{branch.pk}-{role}"
        data = {"branch": branch.pk, key: new.user_id, f"was-{key}": old.user_id}
        assert as_user(office).post(url("officers"), data).status_code == 302
        before.refresh_from_db()
        assert before.ends_on == date(2026, 11, 22)
        after = branch.appointments.get(role=role, ends_on__isnull=True)
        assert (after.user, after.starts_on) == (new.user, date(2026, 11, 22))

    def test_two_who_hold_the_same_post_have_a_seat_each(
        self, as_user: Callable[[User], Client], office: User, branch: Branch
    ) -> None:
        first, second, third = (factories.make_member(branch) for _ in range(3))
        for member in (first, second):
            factories.appoint(member.user, branch, Role.PUBLICITY_MEMBER)
        key = f"{branch.pk}-{Role.PUBLICITY_MEMBER}"
        data = {"branch": branch.pk, key: first.user_id, f"was-{key}": first.user_id}
        data |= {f"{key}-2": third.user_id, f"was-{key}-2": second.user_id}
        as_user(office).post(url("officers"), data)
        held = branch.appointments.filter(role=Role.PUBLICITY_MEMBER, ends_on__isnull=True)
        assert {post.user for post in held} == {first.user, third.user}

    def test_who_holds_a_post_from_another_branch_keeps_it_when_nothing_is_changed(
        self, as_user: Callable[[User], Client], office: User, branch: Branch
    ) -> None:
        factories.make_member(branch)
        stranger = factories.UserFactory(name="外支部的书记")
        factories.appoint(stranger, branch, Role.BRANCH_SECRETARY)
        page = as_user(office).get(url("officers"), {"open": branch.pk}).content.decode()
        assert f'<option value="{stranger.pk}" selected>外支部的书记</option>' in page
