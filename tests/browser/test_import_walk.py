"""The Party office takes a corrected roster in: looks at the preview, lets the good rows in, takes them back."""

from io import BytesIO

import openpyxl
from django.utils.timezone import localdate
from playwright.sync_api import expect

from tests.browser.test_own_installation import XLSX
from tests.members.roster_files import national, person

KNOWN = person(301)
GRADUATED = KNOWN | {"学历": "11 博士研究生"}
NEW = person(302)
BAD = person(303)
BAD |= {"公民身份证号": BAD["公民身份证号"][:-1] + ("1" if BAD["公民身份证号"][-1] != "1" else "2")}


def upload(office, people):
    office.go("/members/import/")
    office.page.get_by_label("名册文件").set_input_files(
        [{"name": "增补名册.xlsx", "mimeType": XLSX, "buffer": national(people)}]
    )
    office.click("button", "上传并核对")
    expect(office.page.locator("a.figure").first).to_be_visible(timeout=60_000)


def figures(office):
    """New, changed, unchanged, refused."""
    return [int(text.rstrip("人行")) for text in office.page.locator("a.figure .value").all_inner_texts()]


def confirm(office, new=False):
    """Months of the demo hospital are closed: it has to be said how a new person came."""
    if new:
        office.page.get_by_label("组织关系从外单位转入").first.check()
        office.fill("日期", f"{localdate():%Y-%m-%d}")
        office.fill("从哪里转入", "江州市中医院党委")
    office.click("button", "确认导入")
    expect(office.page.get_by_role("status").filter(has_text="已导入：")).to_be_visible(timeout=60_000)


def find(office, one):
    office.go("/members/")
    office.page.get_by_role("searchbox", name="查找").fill(one["公民身份证号"])
    office.page.get_by_role("button", name="查找", exact=True).click()
    expect(office.page.get_by_role("link", name="清除条件").first).to_be_visible()
    return office.page.get_by_role("link", name=one["姓名"], exact=True)


def test_the_office_imports_what_is_good_keeps_what_is_not_and_takes_it_back(demo_site, visit):
    office = visit(demo_site, "office")
    upload(office, [KNOWN])
    confirm(office, new=True)
    first = office.page.url

    upload(office, [NEW, GRADUATED, BAD])
    assert figures(office) == [1, 1, 0, 1]
    for heading in ("新增的1人", "变更的1人", "不能导入的1行"):
        expect(office.page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(office.page.locator("ins", has_text="博士")).to_be_visible()

    with office.page.expect_download() as download:
        office.click("link", "下载这1行")
    sheet = openpyxl.load_workbook(BytesIO(download.value.path().read_bytes())).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert BAD["姓名"] in [cell.value for cell in cells]
    assert any(cell.comment for cell in cells if cell.value == BAD["公民身份证号"])

    office.click("button", "确认导入")
    expect(office.page.get_by_role("alert").first).to_be_visible()
    office.page.get_by_label("其余2行先导入").check()
    confirm(office, new=True)
    second = office.page.url
    expect(find(office, NEW)).to_be_visible()

    upload(office, [NEW, GRADUATED, BAD])
    assert figures(office) == [0, 0, 2, 1]
    expect(office.page.get_by_role("button", name="确认导入")).to_have_count(0)

    office.page.goto(first)
    office.click("button", "撤回整批")
    office.sees(f"不能撤回：导入后又修改过{KNOWN['姓名']}的资料。")
    office.page.goto(second)
    office.click("button", "撤回整批")
    office.sees("这次导入已整批撤回。")
    expect(find(office, NEW)).to_have_count(0)
    find(office, KNOWN).click()
    office.sees("大学")
    expect(office.page.get_by_text("博士")).to_have_count(0)


def test_the_chosen_file_can_be_replaced_before_anything_is_read_in(demo_site, visit):
    office = visit(demo_site, "office", phone=True)
    upload(office, [person(304)])
    office.click("button", "换一个文件")
    office.sees("已取消，上传的文件已删除。")
    assert find(office, person(304)).count() == 0
