"""From an empty database to the committee's board: nothing of the demo hospital is needed for the walks."""

import re

from playwright.sync_api import expect

from tests.browser import walks
from tests.browser.conftest import PASSWORD
from tests.members.roster_files import national, person

HOSPITAL = "临江县中医院党委"
BRANCHES = ("内科第一党支部", "外科党支部", "机关后勤党支部")
OURS = BRANCHES[0]
POSTS = ("党支部书记", "组织委员", "纪检委员")
TOPIC = "推选优秀党员并讨论发展对象"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def roster() -> list[dict[str, str]]:
    """Sixty people, twenty to a branch, the first three of each its officers; every second has a staff number."""
    people = []
    for n in range(60):
        place = n % 20
        post = POSTS[place] if place < len(POSTS) else "无"
        number = f"{3001 + n}" if n % 2 else ""
        people.append(person(n, 所在党支部=BRANCHES[n // 20]) | {"党内职务": post, "工号": number})
    return people


def set_up(site, visit):
    """The link of an empty installation, the wizard, the check-list."""
    link = re.search(r"http\S+", site.manage("setup_link", "--base", site.url))
    assert link
    office = visit(site)
    office.page.goto(link[0])
    office.fill("最上级党组织名称", HOSPITAL)
    office.fill("成立日期", "2001-07-01")
    office.fill("您的姓名", "钱党办")
    office.fill("登录名", "dangban")
    office.fill("密码", PASSWORD)
    office.fill("再输一遍", PASSWORD)
    office.click("button", "建立并登录")
    office.is_in()
    office.go("/members/setup/")
    office.sees(f"{HOSPITAL}已建立")
    return office


def import_roster(office):
    people = roster()
    office.click("link", "上传名册")
    office.page.get_by_label("名册文件").set_input_files(
        [{"name": "党员名册.xlsx", "mimeType": XLSX, "buffer": national(people, added=("党内职务", "工号"))}]
    )
    office.click("button", "上传并核对")
    figures = office.page.locator("a.figure")
    expect(figures.nth(0)).to_contain_text("60人", timeout=60_000)
    expect(figures.nth(3)).to_contain_text("没有问题")
    expect(office.page.get_by_role("heading", name="将新建3个党支部")).to_be_visible()
    office.click("button", "确认导入")
    expect(office.page.get_by_text("已导入：新增60人，变更0人。")).to_be_visible(timeout=60_000)
    office.go("/members/")
    expect(office.page.locator("section[aria-labelledby=people] .panel-head")).to_contain_text("60人")
    return people


def appoint_officers(office, people):
    office.go("/members/setup/")
    office.click("link", "确认书记和委员")
    for number, branch in enumerate(BRANCHES):
        panel = office.page.get_by_role("listitem").filter(has_text=branch)  # opens by itself after the one before
        secretary = panel.get_by_label("支部书记")
        expect(secretary.locator("option:checked")).to_have_text(people[number * 20]["姓名"])
        panel.get_by_role("button", name=f"确认{branch}").click()
        office.sees(f"{branch}：已更新3个职务。")
    office.go("/members/setup/")
    office.sees("3/3个党支部已有书记")


def print_slips(office):
    """The link on every slip of our branch, by name."""
    office.click("link", "打印激活单")
    office.click("link", f"打印{OURS}的激活单")
    office.click("button", "生成激活单")
    slips = office.page.locator("article.slip")
    expect(slips).to_have_count(20)
    expect(slips.first.locator("svg")).to_be_visible()
    return {slip.get_by_role("heading").inner_text(): slip.locator(".slip-url").inner_text() for slip in slips.all()}


def activate(site, visit, one, links, *, phone=False):
    """A person with a slip sets a password, then logs in on another device by staff number or mobile."""
    hand = visit(site, phone=phone)
    hand.page.goto(links[one["姓名"]])
    hand.fill("密码", PASSWORD)
    hand.fill("再输一遍", PASSWORD)
    hand.click("button", "设置密码并登录")
    hand.is_in()
    return visit(site, one["工号"] or one["手机号"], phone=phone)


def test_sixty_people_from_an_empty_database_to_a_board_that_says_done(empty_site, visit):
    office = set_up(empty_site, visit)
    people = import_roster(office)
    appoint_officers(office, people)
    links = print_slips(office)

    secretary = activate(empty_site, visit, people[0], links)
    assert walks.log_meeting(secretary, TOPIC, kind="支部党员大会", absent=3) <= 12
    assert "待确认" in walks.cell(office, OURS, "党员大会")

    walks.confirm(activate(empty_site, visit, people[1], links), TOPIC)
    assert "待确认" not in walks.cell(office, OURS, "党员大会")
    row = office.page.locator("table.board tbody tr", has_text=OURS)
    expect(row.locator('.cell.is-ok[data-label="党员大会"]')).to_be_visible()

    walks.see_points(activate(empty_site, visit, people[19], links, phone=True), TOPIC)


def test_the_set_up_link_is_offered_once(empty_site):
    assert "http" not in empty_site.manage("setup_link", "--base", empty_site.url)


def test_the_same_begins_on_postgresql_and_redis(production_site, visit):
    office = set_up(production_site, visit)
    import_roster(office)  # the worker hears of it through Redis
