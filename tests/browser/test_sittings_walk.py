"""A gathering held twice, because the night shift cannot leave: from the form to the record, at both widths."""

import re
from datetime import timedelta

import pytest
from django.utils.timezone import localdate
from playwright.sync_api import expect

from tests.browser import walks


@pytest.mark.parametrize(("topic", "phone"), [("夜班分场学习", True), ("分两场学习", False)], ids=["phone", "desktop"])
def test_a_group_is_moved_to_the_second_sitting_with_one_tap(demo_site, visit, topic, phone):
    hand = visit(demo_site, "secretary", phone=phone)
    page, day = hand.page, localdate() - timedelta(days=1)
    hand.go(f"/activities/new/?kind=theme_day&date={day}")
    assert page.locator("select.seat").count() == 0  # nothing of it in the way of a gathering held once
    hand.fill("主题", topic)
    page.locator("#f-starts").fill("06:10" if phone else "06:20")
    page.locator("#f-ends").fill("07:00")
    page.locator("#f-place").fill("三楼会议室")
    page.locator("#fold-session > summary").click()
    page.locator("#f-session-0-starts").fill("21:10")
    page.locator("#f-session-0-ends").fill("21:50")
    page.locator("#f-session-0-place").fill("急诊科示教室")
    page.locator("#f-minutes").focus()  # leaving the row brings the choices
    expect(page.locator("select.seat").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    group = page.locator("[data-seat-group]").first.get_attribute("data-seat-group")
    here = page.locator(f'.person[data-group="{group}"]').count()
    page.locator(f'[data-seat-group="{group}"][data-key="n0"]').click()
    expect(page.locator('[data-seat-count="n0"]')).to_have_text(str(here))
    page.locator("label.person").first.click()  # absent: came to none
    expect(page.locator('[data-seat-count="n0"]')).to_have_text(str(here - 1))
    page.locator(".absence:not(.is-off) select").first.select_option("duty")
    hand.fill("纪要", walks.MINUTES)
    page.get_by_role("button", name="再加一场").click()
    page.locator("#f-session-1-starts").fill("22:10")
    page.locator('[value="drop-session-1"]').click()  # thought better of it
    expect(page.locator("#f-session-1-starts")).to_have_value("")
    hand.click("button", "提交", exact=True)
    expect(page.get_by_role("heading", level=1)).to_contain_text(topic)
    expect(page.get_by_text("待确认").first).to_be_visible()
    expect(page.get_by_text("急诊科示教室").first).to_be_visible()
    expect(page.get_by_text(re.compile("共2场"))).to_be_visible()
