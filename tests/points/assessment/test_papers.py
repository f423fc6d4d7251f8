"""The papers of the democratic appraisal, cell by cell as the printed forms have them; compared as values."""

from datetime import date
from decimal import Decimal as D
from io import BytesIO
from itertools import pairwise

import pytest
from django.urls import reverse
from docx import Document as Word

from branches.models import AuditEntry
from config.documents.adapting import problems
from config.documents.content import Grid, Heading, Line, Table, lay_out
from members.models import Exemption
from points.assessment import deciding, papers
from points.assessment.figures import board
from points.assessment.layouts import BALLOT, REGISTER, SUMMARY
from points.assessment.previews import PREVIEWED
from points.models import AppraisalResult, MemberYear
from tests import factories
from tests.activities.test_layouts import typed
from tests.config.document_files import docx_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
YEAR = 2025


@pytest.fixture
def people(branch, organiser, secretary):
    found = [
        factories.make_member(
            branch, name=name, birth_date=date(1985, 3, 1), joined_on=date(2010, 7, 1), work_from=date(2008, 7, 1)
        )
        for name in ("白一", "曹二", "邓三")
    ]
    found.append(factories.make_member(branch, name="钱新", member_type="probationary"))
    Exemption.objects.create(
        member=found[2], ground="ill", starts_on=date(2025, 1, 1), approved_on=date(2025, 1, 1), entered_by=organiser
    )
    for member in [*found[:3], organiser.member, secretary.member]:
        MemberYear.objects.create(member=member, year=YEAR, branch=branch, total=D("90"))
        counts = {"excellent": 5, "qualified": 4, "basically_qualified": 1}
        AppraisalResult.objects.create(member=member, year=YEAR, branch=branch, entered_by=organiser, **counts)
    return found


@pytest.fixture
def shown(branch, people):
    return lambda: board(branch, YEAR, factories.TODAY)


@pytest.fixture
def confirmed(branch, secretary, leader, shown):
    one = deciding.propose(branch=branch, year=YEAR, cap_reason="", version=0, actor=secretary)
    deciding.confirm(branch=branch, year=YEAR, meeting="1月20日党委会", version=one.version, actor=leader)
    return shown()


def texts(grid: Grid) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in grid.rows]


def row_of(board, name):
    return next(row for row in board.rows if row.name == name)


def register(board, name="白一", sees_birth=True, layouts=None) -> Grid:
    alone = board.of((row_of(board, name),))
    (grid,) = papers.register_form(alone, sees_birth=sees_birth, layouts=layouts).sections[1].blocks
    return grid


class TestRegister:
    def test_it_begins_with_the_person_and_the_summary(self, confirmed):
        grid = register(confirmed)
        assert texts(grid)[:6] == [
            ["姓名", "现名", "白一", "性别", "女", "出生年月", "1985.03"],
            ["曾用名", "", "民族", "汉族", "籍贯", ""],
            ["入党时间", "2010.07", "转正时间", "2011.07", "参加工作时间", "2008.07"],
            ["学历", "大学", "现任职务", ""],
            ["个人小结"],
            [""],
        ]
        assert [row.height for row in grid.rows][:6] == [8, 8, 8, 8, 10, 210]
        assert (grid.rows[4].cells[0].size, grid.rows[0].cells[0].rows) == (16, 2)

    def test_its_seven_columns_are_as_wide_as_on_the_form(self, confirmed):
        edges = lay_out(register(confirmed)).edges
        points = [(b - a) / 10 for a, b in pairwise(edges)]
        assert points == [32.4, 54, 81, 63, 63, 63, 69.7]

    def test_results_and_opinions_come_on_the_second_page(self, confirmed):
        rows = register(confirmed).rows
        assert [[cell.text for cell in row.cells] for row in rows[6:]] == [
            ["民主评议情况", "优秀5票，合格4票，基本合格1票，不合格0票"],
            ["支部意见", "经支部委员会研究，评定等次为合格。"],
            ["本人意见", ""],
            ["上级党组织意见", "1月20日党委会审定，等次为合格。"],
            ["备注", "积分未锁定"],
        ]
        assert [row.height for row in rows[6:]] == [30, 45, 45, 55, 35]
        assert sum(row.height for row in rows[:6]) < REGISTER.page.height - 2 * 15 < sum(row.height for row in rows[:7])
        assert [row.cells[1].sign.split("：")[0].split("　")[0] for row in rows[6:]] == [
            "", "支部书记签字或盖章", "签字或盖章", "（盖章）", "",
        ]  # fmt: skip

    def test_each_member_has_a_cover_and_a_form(self, confirmed):
        document = papers.register_form(confirmed, sees_birth=True)
        assert len(document.sections) == 2 * len(confirmed.rows)
        assert Heading("民主评议党员登记表", 0) in document.sections[0].blocks

    def test_the_year_of_birth_alone_without_the_right_to_more(self, confirmed):
        assert register(confirmed, sees_birth=False).rows[0].cells[-1].text == "1985年"

    def test_an_exempt_member_is_called_that_and_no_more(self, confirmed):
        grid = register(confirmed, "邓三")
        assert grid.rows[-1].cells[1].text == "不参加积分"
        assert "患病" not in str(grid)

    def test_nothing_is_decided_on_paper_while_it_is_open(self, shown):
        assert [row.cells[1].text for row in register(shown()).rows[7:10]] == ["", "", ""]

    def test_a_hospital_changes_it_and_it_still_fits_its_grid(self, confirmed):
        changes = {
            "title": "党员民主评议表",
            "labels": {"籍贯": "出生地", "个人小结": "自我总结"},
            "heights": {"summary": 100},
            "hide": ["education"],
            "order": ["party", "person"],
            "add": [{"name": "own1", "label": "党小组意见", "after": "poll", "height": 30}],
            "margins": [20, 20, 20, 20],
        }
        assert problems(REGISTER, changes) == []
        document = papers.register_form(confirmed, sees_birth=True, layouts={REGISTER.code: changes})
        assert Heading("党员民主评议表", 0) in document.sections[0].blocks
        assert document.sections[1].page.left == 20
        grid = register(confirmed, layouts={REGISTER.code: changes})
        lay_out(grid)
        assert [row[0] for row in texts(grid)] == [
            "入党时间", "姓名", "曾用名", "自我总结", "", "民主评议情况", "党小组意见", "支部意见", "本人意见",
            "上级党组织意见", "备注",
        ]  # fmt: skip
        assert "出生地" in texts(grid)[2]

    def test_the_summary_ends_with_its_page_where_margins_are_wider(self, confirmed):
        rows = register(confirmed, layouts={REGISTER.code: {"margins": [30, 26, 30, 28]}}).rows
        assert rows[5].height < 210
        assert sum(row.height for row in rows[:6]) <= 237


class TestBallot:
    def test_it_names_everybody_in_the_order_of_the_roll_and_marks_nobody(self, shown):
        document = papers.ballot(shown())
        heading, line, table, note = document.sections[0].blocks
        assert heading == Heading("民主测评表", 0)
        assert line == Line(("党支部：机关第一党支部", "年度：2025年"))
        assert [column.label for column in table.columns] == [
            "序号", "姓名", "优秀", "合格", "基本合格", "不合格", "存在问题",
        ]  # fmt: skip
        rows = {row[1]: row[2:] for row in table.rows}
        assert rows["白一"] == ("", "", "", "", "")
        assert rows["钱新"] == ("—", "—", "—", "—", "预备党员，不定等次")
        names = ["白一", "曹二", "邓三", "钱新"]
        assert [row[1] for row in table.rows if row[1] in names] == names
        assert "√" in note.text


class TestSummary:
    def test_it_has_the_columns_of_the_form_and_its_foot(self, confirmed):
        blocks = papers.summary(confirmed).sections[0].blocks
        table = next(block for block in blocks if isinstance(block, Table))
        assert [column.label for column in table.columns] == [
            "序号", "姓名", "应评", "实评", "优秀票", "合格票", "基本合格票", "不合格票", "支委会评定意见",
            "反馈日期", "备注",
        ]  # fmt: skip
        rows = {row[1]: row[2:] for row in table.rows}
        assert rows["白一"] == (6, 10, 5, 4, 1, 0, "合格", "", "")
        assert rows["钱新"] == ("", "", "", "", "", "", "", "", "预备党员，不定等次")
        lines = [block for block in blocks if isinstance(block, Line)]
        assert lines[0] == Line(("党支部：机关第一党支部", "已审定，1月20日党委会，积分未锁定"))
        assert lines[1] == Line(("正式党员数：5人", "优秀数：0人", "比例：0.0%"))

    def test_while_open_the_opinion_is_left_to_the_pen(self, shown):
        blocks = papers.summary(shown()).sections[0].blocks
        table = next(block for block in blocks if isinstance(block, Table))
        assert {row[8] for row in table.rows} == {""}


class TestForms:
    """Where the Party office changes the paper forms of the hospital."""

    @pytest.mark.parametrize(
        ("layout", "name"),
        [(REGISTER, "民主评议党员登记表"), (BALLOT, "民主测评表"), (SUMMARY, "民主评议党员汇总表")],
    )
    def test_each_is_listed_changed_and_printed_as_changed(
        self, as_user, branch, hospital, people, office, secretary, layout, name
    ):
        client = as_user(office)
        assert f"<b>{name}</b>" in client.get(reverse("activities:layout_list")).text
        url = reverse("activities:layout_edit", args=[hospital.pk, layout.code])
        assert client.post(url, typed(layout, title="{year}年本院用表")).status_code == 302
        form = next(key for key, one in PREVIEWED.items() if one is layout)
        paper = reverse("points:assessment_file", args=[branch.pk, YEAR])
        answer = as_user(secretary).get(paper, {"form": form, "format": "docx"})
        assert "2025年本院用表" in docx_text(answer.content)

    def test_the_preview_shows_the_latest_assessment_and_one_member_of_it(
        self, as_user, hospital, office, confirmed, other_branch
    ):
        url = reverse("activities:layout_edit", args=[hospital.pk, REGISTER.code])
        client = as_user(office)
        assert "机关第一党支部2025年度考核" in client.get(url).text
        answer = client.post(url, typed(REGISTER, action="preview:docx", title="试印"))
        assert len(Word(BytesIO(answer.content)).tables) == 1
        assert "试印" in docx_text(answer.content)
        assert AuditEntry.objects.get(action="layout.previewed").changes == {"form": [None, "民主评议党员登记表"]}


class TestFiles:
    @pytest.mark.parametrize(("form", "format"), [("summary", "docx"), ("ballot", "docx"), ("register", "docx")])
    def test_each_opens_in_word(self, as_user, branch, people, secretary, form, format):
        url = reverse("points:assessment_file", args=[branch.pk, YEAR])
        answer = as_user(secretary).get(url, {"form": form, "format": format})
        assert answer.status_code == 200
        assert Word(BytesIO(answer.content)).tables

    def test_one_member_alone(self, as_user, branch, people, secretary):
        url = reverse("points:assessment_file", args=[branch.pk, YEAR])
        one = {"form": "register", "format": "docx", "member": people[0].pk}
        answer = as_user(secretary).get(url, one)
        assert len(Word(BytesIO(answer.content)).tables) == 1
        assert as_user(secretary).get(url, one | {"member": "0"}).status_code == 404

    def test_what_is_not_offered_is_unknown(self, as_user, branch, people, secretary):
        url = reverse("points:assessment_file", args=[branch.pk, YEAR])
        client = as_user(secretary)
        assert client.get(url, {"form": "secret"}).status_code == 404
        assert client.get(url, {"form": "ballot", "format": "xlsx"}).status_code == 404
