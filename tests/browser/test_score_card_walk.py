"""The Party office writes a score card in a browser: the sum of the weights follows the hand, the server has the last
word."""

from django.utils.timezone import localdate
from playwright.sync_api import expect


def test_the_sum_follows_the_hand_and_the_card_is_published(demo_site, visit):
    hand = visit(demo_site, "office")
    page = hand.page
    year = localdate().year + 1

    hand.go("/points/stars/cards/")
    hand.click("link", "为离退休类单独制定")
    hand.click("button", "建立草稿")
    hand.sees("草稿已建立，可以逐项修改；发布前不影响任何评分。")

    hand.click("link", "修改分值")
    total, first = page.locator("[data-sum]"), page.get_by_label("1.1 支委会配备齐全")
    expect(total).to_have_text("合计100分")
    first.fill("2.5")
    expect(total).to_have_text("合计99.5分，还差0.5分")
    page.get_by_label("1.2 按期换届").fill("4")
    expect(total).to_have_text("合计100.5分，多出0.5分")
    expect(page.locator("output").first).to_have_text("12.5")
    hand.click("button", "保存")
    hand.sees("已保存。各项满分合计100.5分，应为100分，多出0.5分。")
    hand.click("link", "检查并发布")
    hand.sees("各项满分合计100.5分，应为100分，多出0.5分。")

    page.get_by_role("link", name="修改分值", exact=True).click()
    page.get_by_label("1.2 按期换届").fill("3.5")
    hand.click("button", "保存")
    hand.sees("已保存。各项满分合计100分。")
    page.locator("section", has_text="分数线和名额").get_by_role("link", name="修改").click()
    hand.fill("依据（会议或文件）", "党委会议纪要")
    hand.click("button", "保存")
    hand.click("link", "检查并发布")
    page.get_by_label("我已逐项核对").check()
    hand.click("button", f"发布，{year}年度起执行")
    hand.sees("已发布，有关党支部书记已收到消息。")
