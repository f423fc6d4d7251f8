"""The secretary, the organiser, the member and the committee, one after the other, on the demo hospital."""

import re
from datetime import timedelta

import pytest
from django.utils.timezone import localdate
from playwright.sync_api import expect

from tests.browser import walks

TOPIC = "讨论冬季志愿导诊和年度总结"
ON_PHONE = "观看警示教育片并讨论"
BRANCH = "机关第一党支部"


@pytest.mark.parametrize(
    ("topic", "kind", "phone"),
    [(ON_PHONE, "警示教育", True), (TOPIC, "支部党员大会", False)],
    ids=["phone", "desktop"],
)
def test_a_secretary_logs_a_meeting_of_31_with_3_absent_in_at_most_12_steps(demo_site, visit, topic, kind, phone):
    hand = visit(demo_site, "secretary", phone=phone)
    hand.sees("应开展")
    assert walks.log_meeting(hand, topic, kind=kind) <= 12
    assert hand.page.get_by_role("button", name="确认记录").count() == 0  # never by the recorder


def test_the_board_waits_for_the_organiser_and_then_is_green(demo_site, visit):
    leader = visit(demo_site, "leader")
    assert "待确认" in walks.cell(leader, BRANCH, "党员大会")
    walks.confirm(visit(demo_site, "organiser"), TOPIC)
    walks.confirm(visit(demo_site, "organiser", phone=True), ON_PHONE)
    done = walks.cell(leader, BRANCH, "党员大会")
    assert "待确认" not in done
    assert leader.page.locator(".cell.is-ok").count() > 0


def test_the_committee_opens_the_record_behind_a_cell(demo_site, visit):
    leader = visit(demo_site, "leader")
    row = leader.page.locator("table.board tbody tr", has=leader.page.locator("th", has_text=BRANCH)).first
    row.locator('[data-label="党员大会"]').first.click()
    expect(leader.page.get_by_role("heading", level=1)).to_have_text(re.compile(f"{TOPIC}|{ON_PHONE}"))


def test_a_member_sees_on_the_phone_what_the_meeting_was_worth(demo_site, visit):
    member = visit(demo_site, "member", phone=True)
    walks.see_points(member, TOPIC)


def test_text_survives_a_form_that_is_refused(demo_site, visit):
    hand = visit(demo_site, "secretary")
    hand.go("/activities/new/")
    hand.fill("主题", "")  # what was planned for the day may have filled it in
    hand.fill("纪要", walks.MINUTES)
    hand.click("button", "提交", exact=True)
    expect(hand.page.get_by_label("纪要", exact=True)).to_have_value(walks.MINUTES)
    expect(hand.page.locator(".invalid-feedback").first).to_be_visible()


def test_a_meeting_can_be_logged_with_the_keyboard_alone(demo_site, visit):
    hand = visit(demo_site, "secretary")
    hand.page.keyboard.press("Tab")
    expect(hand.page.get_by_role("link", name="跳到正文")).to_be_focused()
    hand.page.keyboard.press("Enter")
    hand.go(f"/activities/new/?kind=theme_day&date={localdate() - timedelta(days=1)}")
    hand.fill("开始", "07:05")  # an hour at which no other theme day was held: two at one time would be the same
    hand.fill("结束", "08:05")
    hand.page.get_by_label("主题", exact=True).focus()
    hand.page.keyboard.type("键盘登记")
    tile = hand.page.locator("label.person input").nth(3)
    tile.focus()
    hand.page.keyboard.press("Space")
    hand.page.locator(".absence:not(.is-off) select").first.focus()
    hand.page.keyboard.press("ArrowDown")
    hand.page.get_by_label("纪要", exact=True).focus()
    hand.page.keyboard.type("用键盘写纪要。")
    hand.page.get_by_role("button", name="提交", exact=True).focus()
    hand.page.keyboard.press("Enter")
    expect(hand.page.get_by_role("heading", level=1)).to_contain_text("键盘登记")
