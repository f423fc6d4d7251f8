"""A theme day of two branches in two sittings: the host writes it on the phone, the co-host hands in her own people."""

import re
from datetime import timedelta

from django.utils.timezone import localdate
from playwright.sync_api import expect

from tests.browser import walks

TOPIC = "两个党支部分场联学"


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def test_two_branches_hold_a_theme_day_in_two_sittings(demo_site, visit):
    hand = visit(demo_site, "secretary", phone=True)
    page, day = hand.page, localdate() - timedelta(days=1)
    hand.go(f"/activities/new/?kind=theme_day&date={day}")
    hand.fill("主题", TOPIC)
    page.locator("#f-starts").fill("05:10")
    page.locator("#f-ends").fill("05:50")
    page.locator("#f-place").fill("三楼会议室")
    page.locator("#fold-joint > summary").click()
    cohost = page.locator("#f-cohosts label", has_text="内科第二党支部").locator("input")
    cohost.check()
    page.locator("#fold-session > summary").click()
    page.locator("#f-session-0-starts").fill("20:10")
    page.locator("#f-session-0-ends").fill("20:50")
    page.locator("#f-session-0-place").fill("急诊科示教室")
    page.locator("#f-minutes").focus()  # leaving the row brings the choices
    expect(page.locator("select.seat").first).to_be_visible()
    page.locator("select.seat").nth(1).select_option("n0")
    expect(page.locator('[data-seat-count="n0"]')).to_have_text("1")
    expect(cohost).to_be_checked()
    assert fits(page)
    hand.fill("纪要", walks.MINUTES)
    hand.click("button", "提交", exact=True)
    expect(page.get_by_role("heading", level=1)).to_contain_text(TOPIC)
    expect(page.get_by_text(re.compile("共2场"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("内科第二党支部")).get_by_text("草稿")).to_be_visible()
    assert fits(page)

    hers = visit(demo_site, "secretary2", phone=True)
    page = hers.page
    hers.go(f"/activities/?q={TOPIC}")
    page.locator("main").get_by_role("link", name=re.compile(TOPIC)).first.click()
    hers.click("link", "继续填写")
    expect(page.locator("select.seat").first).to_be_visible()
    page.locator("select.seat").nth(1).select_option(index=1)
    expect(page.locator("[data-seat-count]").nth(1)).to_have_text("1")
    page.locator("label.person").first.click()
    page.locator(".absence:not(.is-off) select").first.select_option("duty")
    assert fits(page)
    hers.click("button", "提交", exact=True)
    expect(page.get_by_role("heading", level=1)).to_contain_text(TOPIC)
    expect(page.get_by_text("待确认").first).to_be_visible()
    expect(page.get_by_text("急诊科示教室").first).to_be_visible()
    assert fits(page)
