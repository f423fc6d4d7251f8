"""Log-in, lock-out, sessions, own password."""

import time
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from branches.accounts.sessions import SEEN, SINCE
from branches.models import AuditEntry, User
from tests import factories

SECRET = "春江潮水连海平-2026"


@pytest.fixture
def reader(branch):
    user = factories.UserFactory(name="陈静怡", username="chenjy", staff_no="20190346", mobile="13900000346")
    user.set_password(SECRET)
    user.save()
    factories.make_member(branch, user=user)
    return user


def log_in(client: Client, name: str, password: str = SECRET, **headers: str):
    return client.post(reverse("account_login"), {"login": name, "password": password}, **headers)


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("name", ["chenjy", "20190346", "13900000346", " 20190346 "])
def test_a_person_logs_in_by_any_name_of_theirs(client, reader, name):
    assert log_in(client, name).status_code == 302
    assert is_in(client)
    assert AuditEntry.objects.get(action="account.logged_in").target_id == reader.pk


def test_a_mobile_two_people_share_opens_nothing(client, reader):
    factories.UserFactory(mobile="13900000346")
    assert log_in(client, "13900000346").status_code == 422
    assert not is_in(client)


@pytest.mark.parametrize("name", ["chenjy", "nobody", "13900000999"])
def test_an_unknown_name_costs_one_hash_like_a_known_one_and_answers_alike(client, reader, name, monkeypatch):
    hashes = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *args: hashes.append(1) or encode(*args))
    answer = log_in(client, name, "wrong")
    assert len(hashes) == 1
    assert "登录名或密码有误，还可再试4次。" in answer.content.decode()
    assert f'value="{name}"' in answer.content.decode()


def test_five_wrong_tries_lock_the_person_at_that_address_only(client, reader):
    for n, name in enumerate(["chenjy", "20190346", "13900000346", "chenjy"], start=1):
        assert log_in(client, name, "wrong").status_code == 422, n
    locked = log_in(client, "chenjy", "wrong")
    assert locked.status_code == 429
    assert "15分钟后再试" in locked.content.decode()
    assert log_in(client, "20190346").status_code == 429
    assert log_in(Client(), "chenjy", REMOTE_ADDR="10.0.0.9").status_code == 302
    actions = list(AuditEntry.objects.values_list("action", flat=True))
    assert actions.count("account.login_failed") == 4
    assert actions.count("account.locked") == 1


def test_a_good_log_in_forgets_the_wrong_tries(client, reader):
    for _ in range(2):
        for _ in range(4):
            log_in(client, "chenjy", "wrong")
        assert log_in(client, "20190346").status_code == 302
        client.logout()


def test_behind_two_proxies_the_clients_are_told_apart(client, reader, settings):
    settings.PROXY_COUNT = 2
    for _ in range(5):
        last = log_in(client, "chenjy", "wrong", HTTP_X_FORWARDED_FOR="1.2.3.4, 10.1.1.1, 10.2.2.2")
    assert last.status_code == 429
    assert log_in(client, "chenjy", HTTP_X_FORWARDED_FOR="10.1.1.7, 10.2.2.2").status_code == 302
    assert AuditEntry.objects.filter(action="account.locked", address="10.1.1.1").exists()


def test_the_typed_name_of_a_failed_try_is_stored_nowhere(client, reader):
    from axes.models import AccessAttempt

    log_in(client, "13900000346", "wrong")
    log_in(client, "990000198503010017", "wrong")
    stored = str(list(AuditEntry.objects.values())) + str(list(AccessAttempt.objects.values()))
    assert "13900000346" not in stored
    assert "990000198503010017" not in stored
    assert AuditEntry.objects.filter(action="account.login_failed", target_id=reader.pk).exists()


def test_a_disabled_account_cannot_log_in_and_loses_its_sessions(client, reader):
    log_in(client, "chenjy")
    User.objects.filter(pk=reader.pk).update(is_active=False)
    assert client.get(reverse("account_change_password")).status_code == 302
    assert log_in(Client(), "chenjy").status_code == 422


def test_logging_out_takes_a_post(client, reader):
    log_in(client, "chenjy")
    assert client.get(reverse("account_logout")).status_code == 200
    assert is_in(client)
    client.post(reverse("account_logout"))
    assert not is_in(client)
    assert AuditEntry.objects.filter(action="account.logged_out", actor=reader).exists()


def shift(client: Client, key: str, seconds: int) -> None:
    session = client.session
    session[key] = int(time.time()) - seconds
    session.save()


def test_half_an_hour_without_a_request_ends_the_session(client, reader):
    log_in(client, "chenjy")
    client.get(reverse("account_change_password"))
    shift(client, SEEN, settings.SESSION_IDLE_MINUTES * 60 - 5)
    assert client.get(reverse("account_change_password")).status_code == 200
    shift(client, SEEN, settings.SESSION_IDLE_MINUTES * 60 + 5)
    assert client.get(reverse("account_change_password")).status_code == 302


def test_twelve_hours_end_the_session_however_busy(client, reader):
    log_in(client, "chenjy")
    client.get(reverse("account_change_password"))
    shift(client, SINCE, settings.SESSION_HOURS * 3600 + 5)
    assert client.get(reverse("account_change_password")).status_code == 302


def test_polling_keeps_nobody_logged_in(client, reader):
    log_in(client, "chenjy")
    client.get(reverse("account_change_password"))
    shift(client, SEEN, 600)
    before = client.session[SEEN]
    client.get(reverse("account_change_password"), HTTP_X_POLL="1")
    assert client.session[SEEN] == before
    client.get(reverse("account_change_password"))
    assert client.session[SEEN] > before


@pytest.mark.parametrize(("key", "over", "why"), [(SEEN, 1805, "30分钟没有操作"), (SINCE, 43205, "已满12小时")])
def test_the_log_in_page_says_why_a_session_ended_and_leads_back(client, reader, key, over, why):
    log_in(client, "chenjy")
    wanted = reverse("points:my_points") + "?year=2026"
    client.get(wanted)
    shift(client, key, over)
    page = client.get(wanted, follow=True)
    assert why in page.content.decode()
    again = client.post(
        reverse("account_login"), {"login": "chenjy", "password": SECRET, "next": page.context["redirect_field_value"]}
    )
    assert again["Location"] == wanted


def test_a_first_visit_is_told_of_no_ended_session(client, reader):
    page = client.get(reverse("points:my_points"), follow=True).content.decode()
    assert "登录后打开您要访问的页面" in page
    assert "自动退出" not in page
    plain = client.get(reverse("account_login")).content.decode()
    assert "登录后打开" not in plain


@pytest.mark.parametrize(
    ("referer", "leads_to"),
    [
        ("http://testserver/members/me/?x=1", "/members/me/?x=1"),
        ("http://elsewhere.example/members/me/", "/account/logout/"),
        ("", "/account/logout/"),
    ],
)
def test_a_form_sent_after_the_end_leads_back_to_its_page_and_nowhere_else(client, reader, referer, leads_to):
    log_in(client, "chenjy")
    client.get(reverse("members:me"))
    shift(client, SEEN, settings.SESSION_IDLE_MINUTES * 60 + 5)
    answer = client.post(reverse("account_logout"), headers={"Referer": referer} if referer else {})
    assert answer["Location"] == f"{reverse('account_login')}?{urlencode({'next': leads_to}, safe='/')}"


def test_a_new_password_keeps_this_session_and_ends_the_others(client, reader):
    other = Client()
    log_in(client, "chenjy")
    log_in(other, "chenjy")
    new = {"oldpassword": SECRET, "password1": "孤篇横绝压倒全唐之作-12", "password2": "孤篇横绝压倒全唐之作-12"}
    assert client.post(reverse("account_change_password"), new).status_code == 302
    assert client.get(reverse("account_change_password")).status_code == 200
    assert other.get(reverse("account_change_password")).status_code == 302
    assert AuditEntry.objects.filter(action="account.password_changed").exists()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"oldpassword": "wrong"}, "原密码有误"),
        ({"password1": "short", "password2": "short"}, "至少12个字符"),
        ({"password1": "password12345678", "password2": "x"}, "不一致"),
        ({"password1": "我是陈静怡我是陈静怡好不好", "password2": "x"}, "不能含有姓名"),
        ({"password1": "江州市人民医院党委2026", "password2": "x"}, "不能含有姓名"),
    ],
)
def test_a_password_that_will_not_do_is_refused_beside_its_field(client, reader, change, text):
    log_in(client, "chenjy")
    good = {"oldpassword": SECRET, "password1": "孤篇横绝压倒全唐之作-12", "password2": "孤篇横绝压倒全唐之作-12"}
    answer = client.post(reverse("account_change_password"), good | change)
    assert answer.status_code == 422
    assert text in answer.content.decode()


def test_wrong_old_passwords_lock_too(client, reader):
    log_in(client, "chenjy")
    form = {"oldpassword": "wrong", "password1": "孤篇横绝压倒全唐之作-12", "password2": "孤篇横绝压倒全唐之作-12"}
    answers = [client.post(reverse("account_change_password"), form).status_code for _ in range(5)]
    assert answers == [422, 422, 422, 422, 429]


def test_reauthentication_asks_for_the_own_password(client, reader):
    log_in(client, "chenjy")
    page = reverse("account_reauthenticate")
    assert client.get(page).status_code == 200
    assert client.post(page, {"password": "wrong"}).status_code == 200
    assert client.post(page, {"password": SECRET}).status_code == 302


@pytest.mark.parametrize(
    "name",
    ["account_signup", "account_reset_password", "account_email", "account_set_password", "account_confirm_email"],
)
def test_allauth_opens_no_other_door(name):
    with pytest.raises(NoReverseMatch):
        reverse(name)
    names = {pattern for pattern in get_resolver().reverse_dict if isinstance(pattern, str)}
    assert {n for n in names if n.startswith("account_")} == {
        "account_login",
        "account_logout",
        "account_change_password",
        "account_change_email",
        "account_reauthenticate",
        "account_activate",
        "account_setup",
    }


def test_an_anonymous_visitor_is_led_to_the_log_in(client, db):
    assert client.get(reverse("account_change_password"))["Location"].startswith(reverse("account_login"))


def test_a_form_of_an_old_tab_is_answered_in_chinese(db):
    answer = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "x", "password": "x"})
    assert answer.status_code == 403
    assert "页面已过期" in answer.content.decode()
