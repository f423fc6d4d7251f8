"""The code on the wall, scanned with a telephone that is logged out, and taken back by the secretary."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD

TOPIC = "新时代医院党员的责任与担当"
TOKEN = """
from django.utils import timezone
from activities.attendance import sign_codes
from activities.models import SignIn
s = SignIn.objects.get(activity__topic="{topic}")
print("token=" + sign_codes.token(s.secret, s.pk, timezone.now()))
"""


def test_a_scan_signs_in_through_the_log_in_and_the_secretary_takes_it_back(demo_site, visit):
    desk = visit(demo_site, "secretary")
    desk.go(f"/activities/?q={TOPIC}")
    desk.click("link", TOPIC)
    pk = re.search(r"/activities/(\d+)/", desk.page.url).group(1)
    desk.click("link", "签到", exact=True)
    desk.click("link", "投屏签到")
    expect(desk.page.locator("svg.qr")).to_be_visible()
    count = desk.page.locator(".screen-count b")
    before = int(count.inner_text())

    said = demo_site.manage("shell", "-v0", "-c", TOKEN.format(topic=TOPIC))  # what the telephone reads off the wall
    token = re.search(r"token=(\w+)", said).group(1)
    phone = visit(demo_site, phone=True)
    phone.go(f"/activities/{pk}/scan/?t={token}")
    phone.fill("工号或手机号", "member")
    phone.fill("密码", PASSWORD)
    phone.click("button", "登录", exact=True)
    phone.sees("已签到")
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 360

    expect(count).to_have_text(str(before + 1), timeout=15_000)  # the wall asks by itself
    expect(desk.page.locator(".screen-names li").first).to_have_text("林晓雯")
    desk.click("link", "退出投屏")
    desk.click("button", "撤销林晓雯的签到")
    desk.sees("已撤销林晓雯的签到")
    phone.go("/activities/sign-in/")
    expect(phone.page.get_by_label("六位签到码")).to_be_visible()
