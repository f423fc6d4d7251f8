"""Activation slips and the set-up of an empty installation."""

import re
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from branches.accounts import slips
from branches.choices import Role
from branches.models import AccessLink, Appointment, AuditEntry, Branch, User
from tests import factories

GOOD = {"password1": "孤篇横绝压倒全唐之作-12", "password2": "孤篇横绝压倒全唐之作-12"}


@pytest.fixture
def newcomer(branch):
    user = factories.UserFactory(name="董丽娜", username=None, staff_no="20240001", mobile="13900000001")
    factories.make_member(branch, user=user)
    return user


def path_of(slip: slips.Slip) -> str:
    return slip.url.removeprefix("http://test")


def issue(actor: User, *users: User) -> list[slips.Slip]:
    return slips.issue_slips(users=[User.objects.get(pk=user.pk) for user in users], actor=actor, base="http://test")


def test_a_slip_shows_who_it_is_for_sets_the_password_once_and_logs_in(client, secretary, newcomer):
    (slip,) = issue(secretary, newcomer)
    assert "<svg" in slip.qr_svg
    assert "style=" not in slip.qr_svg
    page = client.get(path_of(slip)).content.decode()
    assert "董丽娜" in page
    assert "机关第一党支部" in page
    assert "20240001" in page
    assert client.post(path_of(slip), GOOD).status_code == 302
    assert client.session["_auth_user_id"] == str(newcomer.pk)
    assert (
        Client().post(reverse("account_login"), {"login": "20240001", "password": GOOD["password1"]}).status_code == 302
    )
    again = Client().get(path_of(slip))
    assert again.status_code == 410
    assert "已经用过" in again.content.decode()
    actions = AuditEntry.objects.filter(target_id=newcomer.pk).values_list("action", flat=True)
    assert {"slip.issued", "account.activated"} <= set(actions)


def test_only_the_hash_of_a_token_is_stored(secretary, newcomer):
    (slip,) = issue(secretary, newcomer)
    token = slip.url.rstrip("/").rsplit("/", 1)[1]
    assert token not in str(list(AccessLink.objects.values())) + str(list(AuditEntry.objects.values()))


def test_a_new_slip_revokes_the_open_one(client, secretary, newcomer):
    (old,), (new,) = issue(secretary, newcomer), issue(secretary, newcomer)
    assert "有一张更新的激活单" in client.get(path_of(old)).content.decode()
    assert client.get(path_of(new)).status_code == 200


@pytest.mark.parametrize(
    ("change", "text"), [("expires_at", "已经过期"), ("disabled", "账号已停用"), ("gone", "链接无效")]
)
def test_a_link_that_does_not_open_says_why(client, secretary, newcomer, change, text):
    (slip,) = issue(secretary, newcomer)
    path = path_of(slip)
    if change == "expires_at":
        AccessLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif change == "disabled":
        User.objects.filter(pk=newcomer.pk).update(is_active=False)
    else:
        path = reverse("account_activate", args=["abc"])
    for answer in (client.get(path), client.post(path, GOOD)):
        assert answer.status_code in {404, 410}
        assert text in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_weak_password_leaves_the_slip_open(client, secretary, newcomer):
    (slip,) = issue(secretary, newcomer)
    assert client.post(path_of(slip), {"password1": "13900000001-dln", "password2": "x"}).status_code == 422
    assert client.post(path_of(slip), GOOD).status_code == 302


def test_a_forgotten_password_is_a_new_slip_that_ends_the_old_sessions_and_the_lock(client, secretary, newcomer):
    (slip,) = issue(secretary, newcomer)
    client.post(path_of(slip), GOOD)
    stranger = Client()
    for _ in range(5):
        stranger.post(reverse("account_login"), {"login": "20240001", "password": "x"})
    (again,) = issue(secretary, newcomer)
    stranger.post(path_of(again), {"password1": "清风半夜鸣蝉稻花香里-9", "password2": "清风半夜鸣蝉稻花香里-9"})
    assert "_auth_user_id" in stranger.session
    assert client.get(reverse("account_change_password")).status_code == 302


def test_the_name_on_the_slip_leads_to_its_owner_alone(secretary, branch):
    by_mobile = factories.UserFactory(name="赵一", username=None, mobile="13900000011")
    shared = [factories.UserFactory(name="钱二", username=None, mobile="13900000022") for _ in range(2)]
    nothing = factories.UserFactory(name="孙三", username=None)
    users = [by_mobile, *shared, nothing]
    for user in users:
        factories.make_member(branch, user=user)
    names = [slip.login_name for slip in issue(secretary, *users)]
    assert names == ["本人手机号（139****0011）", "qianer01", "qianer02", "sunsan01"]


def test_a_secretary_makes_no_slip_for_another_branch_nor_for_a_higher_office(secretary, other_branch, office, branch):
    stranger = factories.make_member(other_branch).user
    factories.make_member(branch, user=office)
    for user in (stranger, office):
        with pytest.raises(ValidationError, match="党委办公室"):
            issue(secretary, user)
    assert not AccessLink.objects.exists()
    assert len(issue(office, stranger)) == 1


def test_no_slip_for_a_disabled_account(office, newcomer):
    User.objects.filter(pk=newcomer.pk).update(is_active=False)
    with pytest.raises(ValidationError, match="停用"):
        issue(office, newcomer)


def link() -> str:
    out = StringIO()
    call_command("setup_link", base="https://dj.example/", stdout=out)
    found = re.search(r"https://dj\.example(/\S+)", out.getvalue())
    return found.group(1) if found else ""


FORM = GOOD | {
    "organisation": "江州市人民医院党委",
    "level": "committee",
    "founded_on": "1985-07-01",
    "name": "孔令仪",
    "username": "klingyi",
}


def test_an_empty_installation_is_set_up_by_its_link_once(client, db):
    path = link()
    assert client.get(path).status_code == 200
    assert client.post(path, FORM | {"password2": "x"}).status_code == 422
    assert client.get(path).status_code == 200, "an unfinished link opens again"
    assert client.post(path, FORM).status_code == 302
    top = Branch.objects.get()
    assert (top.name, top.level, top.founded_on, top.hospital) == (
        FORM["organisation"],
        "committee",
        date(1985, 7, 1),
        top,
    )
    post = Appointment.objects.get()
    assert (post.user.name, post.role, post.branch) == ("孔令仪", Role.PARTY_OFFICE, top)
    assert client.session["_auth_user_id"] == str(post.user_id)
    assert "初始设置已经完成" in Client().get(path).content.decode()
    assert link() == ""


def test_every_link_dies_with_the_set_up(client, db):
    first, second = link(), link()
    client.post(second, FORM)
    assert client.post(first, FORM | {"username": "intruder"}).status_code == 410
    assert User.objects.count() == 1


def test_the_set_up_keeps_an_organisation_that_is_there(client, hospital):
    path = link()
    assert hospital.name in client.get(path).content.decode()
    client.post(path, FORM | {"organisation": "别的医院党委"})
    assert Branch.objects.get() == hospital
    assert Appointment.objects.get().branch == hospital


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": ""}, "请填写姓名"),
        ({"organisation": ""}, "请填写党组织名称"),
        ({"username": "taken"}, "这个登录名已被使用"),
        ({"password1": "孔令仪孔令仪孔令仪孔令仪", "password2": "x"}, "不能含有姓名"),
    ],
)
def test_a_mistake_in_the_set_up_is_told_beside_its_field_and_makes_nothing(client, db, change, text):
    factories.UserFactory(username="taken")
    answer = client.post(link(), FORM | change)
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert not Branch.objects.exists()


def test_no_link_is_printed_where_somebody_can_fill_posts(office, client):
    assert link() != "", "the office has no password yet"
    office.set_password(GOOD["password1"])
    office.save()
    assert link() == ""


def test_an_old_set_up_link_has_expired(client, db):
    path = link()
    AccessLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "已经过期" in client.get(path).content.decode()
