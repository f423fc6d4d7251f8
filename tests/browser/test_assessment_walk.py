"""The year's assessment of one branch: votes read from a workbook, a tie voted on, a grade moved, the cap, papers."""

from io import BytesIO

import docx
import openpyxl
from django.utils.timezone import localdate
from playwright.sync_api import Locator, expect

from tests.browser.test_own_installation import XLSX

VOTED = "支委会表决，5票赞成"
WHY = "三次无故缺席组织生活，支委会研究"


def saved(page, link: Locator) -> BytesIO:
    with page.expect_download() as download:
        link.click()
    return BytesIO(download.value.path().read_bytes())


def with_one_vote_less_good(template: BytesIO, name: str) -> tuple[bytes, str]:
    """The workbook with one 合格 of this member become 基本合格; and the votes as the pages write them."""
    book = openpyxl.load_workbook(template)
    cells = next(cells[2:6] for cells in book.active.iter_rows() if cells[1].value == name)
    cells[1].value, cells[2].value = cells[1].value - 1, cells[2].value + 1
    out = BytesIO()
    book.save(out)
    return out.getvalue(), "/".join(str(cell.value) for cell in cells)


def test_a_branch_reads_votes_in_moves_grades_goes_over_the_cap_and_prints(demo_site, visit):
    """One seat is left to people who are equal at the cut: the branch gives all of them 优秀, and says why."""
    hand = visit(demo_site, "organiser")
    page, main = hand.page, hand.page.locator("main")

    def row(name):
        return main.locator("tr", has=page.get_by_role("rowheader", name=name, exact=True))

    def grade(name, opens, label, reason):
        row(name).get_by_text(opens).first.click()
        row(name).get_by_role("radio", name=label, exact=True).check()
        row(name).get_by_role("textbox").fill(reason)
        row(name).get_by_role("button", name="登记").click()

    hand.go("/points/assessment/")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{localdate().year - 1}年度考核")
    members = main.locator("tbody tr").count()
    last = main.locator("tr", has_text="调整").last.get_by_role("rowheader").inner_text().strip()

    hand.click("link", "导入测评")
    data, votes = with_one_vote_less_good(saved(page, page.get_by_role("link", name="下载模板")), last)
    page.get_by_label("测评结果文件").set_input_files([{"name": "测评结果.xlsx", "mimeType": XLSX, "buffer": data}])
    hand.click("button", "上传并预览")
    expect(row(last)).to_contain_text(votes)
    hand.click("button", "确认导入")
    hand.sees("已导入1人的测评结果。")
    expect(row(last)).to_contain_text(votes)

    tied = main.locator("section", has_text="由会议决定").first.locator("li b").all_inner_texts()
    assert len(tied) > 1
    for name in tied:
        grade(name, "登记结果", "优秀", VOTED)
        hand.sees(f"已登记{name}的等次。")
    expect(main.get_by_text("可以提出，但须写明原因。")).to_contain_text(f"超出{len(tied) - 1}人")

    grade(last, "调整", "基本合格", "好")
    expect(page.get_by_role("alert")).to_contain_text("请写明理由")
    expect(row(last).get_by_role("textbox")).to_have_value("好")
    row(last).get_by_role("textbox").fill(WHY)
    row(last).get_by_role("button", name="登记").click()
    hand.sees(f"已登记{last}的等次。")
    expect(row(last)).to_contain_text(WHY)

    hand.click("button", "提出等次")
    expect(page.get_by_role("alert")).to_contain_text("请写明原因")
    page.get_by_label("优秀超出比例的原因").fill("几名同志综合得分、积分都相同，事迹相当")
    hand.click("button", "提出等次")
    hand.sees("已提出，等党委审定。")

    papers = main.locator("section", has_text="表格和存档材料").last.locator("li")
    list_link = papers.filter(has_text="考核等次表").get_by_role("link", name="Excel")
    listed = {cells[1]: cells for cells in openpyxl.load_workbook(saved(page, list_link)).active.values}
    assert {"基本合格", WHY} <= set(listed[last])
    assert all({"优秀", VOTED} <= set(listed[name]) for name in tied)
    form = docx.Document(saved(page, papers.filter(has_text="登记表").get_by_role("link", name="Word")))
    assert len(form.tables) == members
    pdf = saved(page, papers.filter(has_text="汇总表").get_by_role("link", name="PDF"))
    assert pdf.getvalue().startswith(b"%PDF")
