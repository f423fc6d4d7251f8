"""What people do, as steps at a page: the same walks on the demo hospital and on an installation that began empty."""

from io import BytesIO

from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Hand

MINUTES = "一、学习有关文件。二、交流岗位体会。三、议定由各党小组组长负责落实。"


def photo() -> dict[str, object]:
    stream = BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(stream, "JPEG")
    return {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": stream.getvalue()}


def log_meeting(hand: Hand, topic: str, *, kind: str = "", absent: int = 3) -> int:
    """From the home page to "submitted"; returns the clicks and fields it took."""
    hand.go("/")
    before = hand.steps
    hand.tap("main >> text=登记活动 >> visible=true")
    expect(hand.page.get_by_role("heading", name="登记活动")).to_be_visible()
    if kind:
        hand.steps += 1
        hand.page.locator(".seg label", has_text=kind).first.click()
        hand.page.wait_for_load_state("networkidle")
    tiles = hand.page.locator("label.person")
    for i in range(absent):
        hand.steps += 1
        tiles.nth(5 + i).click()
    hand.steps += 1
    hand.page.locator(".absence:not(.is-off) select").first.select_option("duty")
    if absent > 1:
        hand.tap("#same")
    hand.fill("主题", topic)
    if not hand.page.get_by_label("地点", exact=True).input_value():  # a branch's first record has no last place
        hand.fill("地点", "三楼会议室")
    hand.fill("纪要", MINUTES)
    hand.steps += 1
    hand.page.locator("input[type=file]").first.set_input_files([photo()])  # type: ignore[list-item]
    hand.click("button", "提交", exact=True)
    expect(hand.page.get_by_text("待确认").first).to_be_visible()
    expect(hand.page.get_by_role("heading", level=1)).to_contain_text(topic)
    return hand.steps - before


def confirm(hand: Hand, topic: str) -> None:
    """From the home page, where the record waits for this person."""
    hand.go("/")
    hand.page.get_by_role("link", name=topic).first.click()
    hand.page.get_by_role("button", name="确认记录").locator("visible=true").first.click()
    expect(hand.page.get_by_text("已确认").first).to_be_visible()


def see_points(hand: Hand, topic: str) -> None:
    hand.go("/points/")
    expect(hand.page.get_by_role("heading", name="我的积分")).to_be_visible()
    hand.page.get_by_role("link", name=topic).first.click()
    expect(hand.page.get_by_role("heading", level=1)).to_contain_text(topic)


def cell(hand: Hand, branch: str, item: str) -> str:
    """The words of one cell of the committee's matrix."""
    hand.go("/")
    row = hand.page.locator("table.board tbody tr", has=hand.page.locator("th", has_text=branch)).first
    return row.locator(f'[data-label="{item}"]').first.inner_text()
