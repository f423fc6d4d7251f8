"""What is typed outlasts a closed tab and a lost log-in; two tabs see both texts; the form works without a script."""

import re
from datetime import timedelta

from django.utils.timezone import localdate
from playwright.sync_api import expect

from tests.browser import walks

HELD = "Object.keys(sessionStorage).filter((key) => key.startsWith('kept:')).length"


def form(hand, kind, hour):
    """A form of yesterday at an hour of its own, so that no two walks hold the same meeting."""
    hand.go(f"/activities/new/?kind={kind}&date={localdate() - timedelta(days=1)}")
    hand.fill("开始", f"{hour}:05")
    hand.fill("结束", f"{hour}:55")


def saved(hand):
    expect(hand.page.locator("#kept-said")).to_have_text(re.compile(r"草稿已自动保存 \d\d:\d\d"))


def test_text_outlasts_a_closed_tab(demo_site, visit):
    hand = visit(demo_site, "secretary")
    form(hand, "political_birthday", "06")
    hand.fill("主题", "关掉标签页之前的题目")
    hand.page.get_by_label("纪要", exact=True).focus()
    saved(hand)
    context, address = hand.page.context, hand.page.url
    hand.page.close()
    again = context.new_page()
    again.goto(address)
    expect(again.get_by_text(re.compile("已恢复您.*未保存的内容"))).to_be_visible()
    expect(again.get_by_label("主题", exact=True)).to_have_value("关掉标签页之前的题目")
    assert again.evaluate("localStorage.length") == 0
    again.get_by_role("button", name="放弃，重新填写").click()
    expect(again.get_by_label("主题", exact=True)).to_have_value("")


def test_text_typed_after_the_log_in_was_lost_is_kept_after_logging_in_again(demo_site, visit):
    hand = visit(demo_site, "secretary")
    form(hand, "warning_education", "05")
    context = hand.page.context
    context.clear_cookies(name="zhibu_session")
    hand.fill("主题", "登录过期之后写的题目")
    hand.page.get_by_label("纪要", exact=True).focus()
    expect(hand.page.get_by_text("登录已过期")).to_be_visible()
    assert hand.page.evaluate(HELD) == 1
    hand.page.reload()
    hand.page.get_by_label("工号或手机号").fill("secretary")
    hand.page.get_by_label("密码", exact=True).fill(demo_site.env["DEMO_PASSWORD"])
    hand.page.get_by_role("button", name="登录", exact=True).click()
    expect(hand.page.get_by_text(re.compile("已恢复您.*未保存的内容"))).to_be_visible()
    expect(hand.page.get_by_label("主题", exact=True)).to_have_value("登录过期之后写的题目")
    assert hand.page.evaluate(HELD) == 0
    hand.page.get_by_role("button", name="放弃，重新填写").click()
    hand.complaints[:] = [text for text in hand.complaints if "401" not in text]  # that is how the script learns of it


def test_logging_out_wipes_what_a_tab_held_back(demo_site, visit):
    hand = visit(demo_site, "secretary")
    hand.page.evaluate("sessionStorage.setItem('kept:1:activity:new:1', JSON.stringify({at: Date.now(), fields: []}))")
    hand.page.get_by_role("button", name="退出登录").click()
    hand.page.wait_for_url("**/login/**")
    assert hand.page.evaluate(HELD) == 0


def test_two_tabs_of_one_record_show_both_texts(demo_site, visit):
    hand = visit(demo_site, "secretary")
    form(hand, "theme_day", "04")
    hand.fill("主题", "第一个标签页")
    hand.click("button", "存为草稿", exact=True)
    hand.page.wait_for_url(re.compile(r"/activities/\d+/$"))
    edit = f"{hand.page.url}edit/"
    other = hand.page.context.new_page()
    for page in (hand.page, other):
        page.goto(edit)
    hand.page.get_by_label("主题", exact=True).fill("先保存的题目")
    hand.page.get_by_role("button", name="存为草稿", exact=True).click()
    hand.page.wait_for_url(re.compile(r"/activities/\d+/$"))
    other.get_by_label("主题", exact=True).fill("后保存的题目")
    other.get_by_role("button", name="存为草稿", exact=True).click()
    expect(other.get_by_role("heading", name="两份内容的差异")).to_be_visible()
    expect(other.get_by_role("cell", name="先保存的题目")).to_be_visible()
    expect(other.get_by_label("主题", exact=True)).to_have_value("后保存的题目")


def test_a_meeting_is_logged_without_a_script(demo_site, browser):
    context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", java_script_enabled=False)
    page = context.new_page()
    page.goto(demo_site.url)
    page.get_by_label("工号或手机号").fill("secretary")
    page.get_by_label("密码", exact=True).fill(demo_site.env["DEMO_PASSWORD"])
    page.get_by_role("button", name="登录", exact=True).click()
    page.goto(f"{demo_site.url}/activities/new/?kind=theme_day&date={localdate() - timedelta(days=1)}")
    page.get_by_label("开始", exact=True).fill("03:05")
    page.get_by_label("结束", exact=True).fill("03:55")
    page.get_by_label("主题", exact=True).fill("没有脚本时登记")
    page.get_by_label("纪要", exact=True).fill(walks.MINUTES)
    page.locator("#fold-resolution summary").click()
    page.locator("#f-resolution-2-text").fill("第三行也能填")
    page.locator('[data-more="resolution"]').click()
    expect(page.locator("#f-resolution-0-text, #f-resolution-2-text").filter(has_text="第三行也能填")).to_be_visible()
    expect(page.locator("#f-resolution-3-text")).to_be_visible()
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("没有脚本时登记")
    expect(page.get_by_text("第三行也能填")).to_be_visible()
    context.close()
