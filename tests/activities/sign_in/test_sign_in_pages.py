"""Signing in on the pages: the scan, the log-in between, the projector, the six digits."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities.attendance import sign_codes, sign_in
from activities.choices import Kind, SignMethod
from activities.models import Activity, ActivityKind, SignIn
from tests.activities.sign_in.cast import START, digits, row, scan, wrong

BACKEND = "branches.accounts.backends.LoginNameBackend"
PASSWORD = "signing-in-2026"


def address(opened, moment=None):
    text = sign_codes.token(opened.secret, opened.pk, moment or timezone.now())
    return f"{reverse('activities:scan', args=[opened.activity_id])}?t={text}"


def claim_in(answer):
    return re.search(r'name="c" value="([^"]+)"', answer.content.decode()).group(1)


def entered(user):
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def test_a_scan_opens_a_page_that_posts_itself_and_only_the_post_signs(opened, draft, members):
    client = entered(members[0].user)
    answer = client.get(address(opened))
    assert answer.status_code == 200
    assert row(draft, members[0]).signed_at is None
    done = client.post(reverse("activities:scan", args=[draft.pk]), {"c": claim_in(answer)}, follow=True)
    assert "已签到" in done.content.decode()
    assert row(draft, members[0]).signed_by == SignMethod.QR


def test_an_old_picture_gets_a_page_that_says_so(opened, draft, members, clock):
    old = address(opened)
    clock.shift(timedelta(seconds=41))
    for client in (Client(), entered(members[0].user)):
        answer = client.get(old)
        assert answer.status_code == 410
        assert "二维码已过期，请扫描屏幕上最新的二维码" in answer.content.decode()


def through_the_log_in(opened, member, clock, wait):
    user = member.user
    user.username = "scanner"
    user.set_password(PASSWORD)
    user.save()
    client = Client()
    answer = client.get(address(opened))
    assert answer.status_code == 302
    onward = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    clock.shift(wait)
    form = {"login": "scanner", "password": PASSWORD, "next": onward}
    return client, onward, client.post(reverse("account_login"), form, follow=True)


def test_a_scan_survives_the_log_in_however_slowly_the_password_is_typed(opened, draft, members, clock):
    client, _, answer = through_the_log_in(opened, members[0], clock, timedelta(seconds=299))
    done = client.post(reverse("activities:scan", args=[draft.pk]), {"c": claim_in(answer)}, follow=True)
    assert "已签到" in done.content.decode()


def test_after_five_minutes_the_scan_is_forgotten(opened, draft, members, clock):
    _, _, answer = through_the_log_in(opened, members[0], clock, timedelta(seconds=301))
    assert answer.status_code == 410
    assert row(draft, members[0]).signed_at is None


def test_the_address_of_the_log_in_opens_nothing_in_another_browser(opened, draft, members):
    scanned = Client().get(address(opened))
    onward = parse_qs(urlsplit(scanned["Location"]).query)["next"][0]
    absent = entered(members[1].user)
    assert absent.get(onward).status_code == 410
    claim = parse_qs(urlsplit(onward).query)["c"][0]
    assert absent.post(reverse("activities:scan", args=[draft.pk]), {"c": claim}).status_code == 410
    assert row(draft, members[1]).signed_at is None


def test_a_claim_is_for_one_gathering(opened, draft, members, branch, secretary):
    other = Activity.objects.create(
        branch=branch, starts_at=START, recorder=secretary, editor=secretary, topic="另一场"
    )
    ActivityKind.objects.create(activity=other, kind=Kind.GENERAL_MEETING)
    sign_in.open_sign_in(activity=other, actor=secretary)
    client = entered(members[0].user)
    claim = claim_in(client.get(address(opened)))
    assert client.post(reverse("activities:scan", args=[other.pk]), {"c": claim}).status_code == 410


def test_the_projector_shows_names_and_numbers_only_and_its_polling_keeps_nobody_logged_in(
    opened, draft, members, secretary, clock
):
    scan(draft, members[0])
    client = entered(secretary)
    page = client.get(reverse("activities:sign_screen", args=[draft.pk])).content.decode()
    assert "党员甲" in page
    assert "党员乙" not in page
    assert f"<b>1</b>/{draft.attendances.count()}" in page
    live = reverse("activities:sign_live", args=[draft.pk])
    headers = {"HX-Request": "true", "X-Poll": "1"}
    for _ in range(6):
        clock.shift(timedelta(minutes=5, seconds=1))
        answer = client.get(live, headers=headers)
    assert answer.status_code == 286
    assert "登录已过期" in answer.content.decode()


def test_the_page_of_the_six_digits_tells_what_is_wrong(opened, draft, members):
    client = entered(members[0].user)
    page = reverse("activities:sign_code")
    assert "冬季志愿导诊" in client.get(page).content.decode()
    answer = client.post(page, {"activity": draft.pk, "code": wrong(opened)})
    assert (answer.status_code, "还可以试4次" in answer.content.decode()) == (422, True)
    assert client.post(page, {"activity": draft.pk, "code": digits(opened)}).status_code == 302
    assert "您已签到" in client.get(page).content.decode()


def test_the_form_says_that_it_was_filled_from_signatures(opened, draft, members, secretary):
    page = reverse("activities:activity_edit", args=[draft.pk])
    client = entered(secretary)
    assert "已按签到结果预选" not in client.get(page).content.decode()
    scan(draft, members[0])
    assert "已按签到结果预选：1人签到" in client.get(page).content.decode()


def test_the_window_is_moved_on_its_page_and_a_mistake_stays_beside_its_field(opened, draft, secretary):
    client = entered(secretary)
    page = reverse("activities:sign_in", args=[draft.pk])
    assert client.post(page, {"opens": "16:00", "closes": "18:30"}).status_code == 302
    assert f"{timezone.localtime(SignIn.objects.get().closes_at):%H:%M}" == "18:30"
    answer = client.post(page, {"opens": "15:00", "closes": "16:00"})
    assert (answer.status_code, 'id="closes-error"' in answer.content.decode()) == (422, True)


@pytest.mark.parametrize("member", ["9" * 31, "9" * 18, "x", ""])
@pytest.mark.parametrize("name", ["sign_tick", "sign_undo"])
def test_a_number_that_is_no_id_is_nobody(opened, draft, secretary, name, member):
    answer = entered(secretary).post(reverse(f"activities:{name}", args=[draft.pk]), {"member": member})
    assert answer.status_code == (422 if name == "sign_tick" else 302)
