"""The board of a month, a quarter, a year: one sign a period, filters in the URL, Excel, queries; year documents."""

from datetime import date
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from activities.choices import ActivityState, CellState, Kind, YearDocumentState
from activities.models import PlanItem, YearDocument
from activities.plan.planning import plan_year, refresh_plan
from activities.plan.rollups import rebuild_activity_months
from activities.plan.span_board import board_span, build_span_board
from activities.plan.year_documents import Changed, approve_document, return_document, save_document, submit_document
from activities.plan.year_texts import document_of, plan_text, summary_text
from branches.choices import BranchLevel
from tests.factories import at, make_activity, make_branch, make_member

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(TODAY, 10))


@pytest.fixture
def planned(branch):
    make_member(branch)
    plan_year(branches=[branch], year=2026)
    return branch


def year_of(branch):
    items = PlanItem.objects.filter(branch=branch).covering(date(2026, 1, 1), date(2026, 12, 31))
    return build_span_board(items.for_board(), TODAY)


@pytest.mark.parametrize(
    ("name", "at_", "start", "end"),
    [
        ("month", "2026-11", date(2026, 11, 1), date(2026, 11, 30)),
        ("quarter", "2026-11", date(2026, 10, 1), date(2026, 12, 31)),
        ("year", "2025", date(2025, 1, 1), date(2025, 12, 31)),
        ("year", "x", date(2026, 1, 1), date(2026, 12, 31)),
        ("nonsense", "2026-13", date(2026, 11, 1), date(2026, 11, 30)),
    ],
)
def test_a_span_is_read_from_the_address(name, at_, start, end):
    assert board_span(name, at_, TODAY)[1:] == (start, end)


def test_a_year_shows_twelve_signs_for_what_is_monthly(planned):
    make_activity(planned, day=date(2026, 9, 10), state=ActivityState.CONFIRMED)
    refresh_plan(branches=[planned], year=2026)
    row = year_of(planned).rows[0]
    theme = next(cell for cell in row.cells if cell.column.kind == Kind.THEME_DAY)
    assert theme.column.labels == tuple(str(month) for month in range(1, 13))
    assert [theme.marks[n].cell.state for n in (7, 8, 10, 11)] == [
        CellState.LATE,
        CellState.OK,
        CellState.PLAN,
        CellState.PLAN,
    ]
    assert (theme.done, theme.required) == (1, 12)
    sizes = {cell.column.kind: cell.column.size for cell in row.cells}
    assert (sizes[Kind.GENERAL_MEETING], sizes[Kind.WARNING_EDUCATION], sizes[Kind.ORG_LIFE_MEETING]) == (4, 2, 1)


def test_a_branch_founded_in_the_year_leaves_gaps_before(hospital, planned):
    young = make_branch(hospital, founded_on=date(2026, 10, 1))
    make_member(young, since=date(2026, 10, 1))
    plan_year(branches=[young], year=2026)
    items = PlanItem.objects.covering(date(2026, 1, 1), date(2026, 12, 31)).for_board()
    rows = {row.branch: row for row in build_span_board(items, TODAY).rows}
    theme = next(cell for cell in rows[young].cells if cell.column.kind == Kind.THEME_DAY)
    assert theme.marks[:9] == (None,) * 9
    assert all(theme.marks[9:])


@pytest.mark.parametrize("span", ["month", "quarter", "year"])
def test_a_page_of_twenty_branches_costs_as_much_as_one_and_at_most_twelve_queries(span, hospital, leader, as_user):
    nodes = [make_branch(hospital) for _ in range(20)]
    for node in nodes:
        make_member(node)
    plan_year(branches=nodes[:1], year=2026)
    client = as_user(leader)
    url = reverse("activities:board")
    client.get(url, {"span": span})
    with CaptureQueriesContext(connection) as one:
        client.get(url, {"span": span})
    plan_year(branches=nodes[1:], year=2026)
    with CaptureQueriesContext(connection) as twenty:
        page = client.get(url, {"span": span})
    assert nodes[19].name in page.content.decode()
    assert len(twenty) == len(one) <= 12, [query["sql"][:90] for query in twenty.captured_queries]


def test_filters_stand_in_the_address_and_are_kept(hospital, office, as_user):
    general = make_branch(hospital, level=BranchLevel.GENERAL_BRANCH, name="临床党总支")
    inside = make_branch(general, name="里面党支部", category="clinical")
    outside = make_branch(hospital, name="外面党支部", category="administration")
    for node in (inside, outside):
        make_member(node)
    plan_year(branches=[inside, outside], year=2026)
    PlanItem.objects.filter(branch=inside, due__lt=TODAY).update(state="not_held")
    client, url = as_user(office), reverse("activities:board")

    def names(**asked):
        page = client.get(url, asked).content.decode()
        return {name for name in ("里面党支部", "外面党支部") if f">{name}<" in page}

    assert names(span="year") == {"里面党支部", "外面党支部"}
    assert names(span="year", category="clinical") == {"里面党支部"}
    assert names(span="year", general=general.pk) == {"里面党支部"}
    assert names(span="year", only="late") == {"外面党支部"}
    assert names(span="month", at="2026-11", only="late") == set()
    assert names(span="year", q="外面") == {"外面党支部"}
    assert names(span="year", kind="nonsense", general="x", only="y") == {"里面党支部", "外面党支部"}
    page = client.get(url, {"span": "year", "category": "clinical"}).content.decode()
    assert "span=quarter&amp;at=2026-11&category=clinical" in page or "&amp;category=clinical" in page


def test_the_workbook_says_signs_words_and_colours_and_no_formula(hospital, office, as_user):
    node = make_branch(hospital, name="=1+1党支部")
    make_member(node)
    plan_year(branches=[node], year=2026)
    for span in ("month", "quarter", "year"):
        answer = as_user(office).get(reverse("activities:board"), {"span": span, "format": "xlsx"})
        sheet = load_workbook(BytesIO(answer.content))["党支部"]
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert not [cell for cell in cells if cell.data_type == "f"]
        assert "=1+1党支部" in [cell.value for cell in cells]
        signs = {str(cell.value)[0] for cell in cells if cell.row > 4 and cell.column > 2 and cell.value}
        assert signs <= set("✓◐↩!✗·—")
    late = next(cell for cell in cells if str(cell.value).startswith("✗"))
    assert late.fill.fgColor.rgb.endswith("FDECE7")
    assert sheet.page_setup.orientation == "landscape"


# -- Year plan and summary


def test_the_plan_begins_with_the_items_of_the_year(planned):
    PlanItem.objects.filter(kind=Kind.THEME_DAY, start=date(2026, 12, 1)).update(
        planned_on=date(2026, 12, 9), topic="走访"
    )
    text = plan_text(planned, 2026)
    assert "主题党日（12月9日，主题：走访）" in text
    assert "支部委员会会议" not in text  # not applicable


def test_the_summary_begins_with_counts_and_rates(planned):
    members = [make_member(planned) for _ in range(2)]
    make_activity(planned, day=date(2026, 10, 14), state=ActivityState.CONFIRMED, members=members, absent=members[:1])
    refresh_plan(branches=[planned], year=2026)
    rebuild_activity_months(branches=[planned], year=2026)
    text = summary_text(planned, 2026, TODAY)
    assert "主题党日：应完成10项，已完成1项。" in text
    assert "主题党日1次。" in text
    assert "应到2人次，实到1人次，出席率50%。" in text


def save(branch, text, actor, version=0):
    return save_document(branch=branch, year=2026, kind="plan", text=text, version=version, actor=actor)


def test_a_document_is_written_handed_in_returned_and_approved(branch, secretary, office):
    document = save(branch, "一、目标\n做好本职", secretary)
    document = submit_document(document=document, actor=secretary)
    with pytest.raises(ValidationError, match="不能再改"):
        save(branch, "另一个", secretary, document.version)
    with pytest.raises(ValidationError, match="自己"):
        approve_document(document=document, actor=secretary)
    with pytest.raises(ValidationError, match="意见"):
        return_document(document=document, comment=" ", actor=office)
    document = return_document(document=document, comment="请细化。", actor=office)
    document = save(branch, "一、目标\n做好本职，细化", secretary, document.version)
    document = approve_document(document=submit_document(document=document, actor=secretary), actor=office)
    assert document.state == YearDocumentState.APPROVED
    assert [block.text for block in document_of(document).blocks][:2] == [f"{branch.name}2026年度计划", "一、目标"]


def test_the_second_of_two_writers_keeps_the_text(branch, secretary, organiser, as_user):
    document = save(branch, "第一稿", secretary)
    save(branch, "第二稿", organiser, document.version)
    with pytest.raises(Changed):
        save(branch, "第三稿", secretary, document.version)
    with pytest.raises(Changed):
        save(branch, "又一份第一稿", secretary, 0)
    url = reverse("activities:year_document", args=[branch.pk, 2026, "plan"])
    page = as_user(secretary).post(url, {"action": "save", "text": "第三稿", "version": 1})
    assert page.status_code == 422
    assert "第二稿" in page.content.decode()
    assert "第三稿" in page.content.decode()


def test_the_pages_of_the_documents(planned, secretary, office, as_user):
    url = reverse("activities:year_document", args=[planned.pk, 2026, "plan"])
    client = as_user(secretary)
    assert "二、规定动作安排" in client.get(url).content.decode()
    assert client.post(url, {"action": "submit", "text": "", "version": 0}).status_code == 422
    standing = YearDocument.objects.get()
    assert client.post(url, {"action": "submit", "text": "一、目标", "version": standing.version}).status_code == 302
    assert client.post(url, {"action": "approve"}).status_code == 403
    assert client.get(url, {"format": "docx"}).status_code == 200
    client = as_user(office)
    listed = client.get(reverse("activities:year_document_list"), {"year": 2026, "state": "submitted"})
    assert planned.name in listed.content.decode()
    assert client.post(url, {"action": "save", "text": "改"}).status_code == 403
    assert client.post(url, {"action": "approve"}).status_code == 302
    assert YearDocument.objects.get().state == YearDocumentState.APPROVED
    assert client.get(url.replace("plan", "nothing")).status_code == 404


def test_a_printed_workbook_stays_readable_however_many_columns_it_has(hospital, office, as_user, planned):
    client = as_user(office)
    sheets = {
        span: load_workbook(BytesIO(client.get(reverse("activities:board"), {"span": span, "format": "xlsx"}).content))[
            "党支部"
        ]
        for span in ("month", "year")
    }
    assert sheets["month"].page_setup.fitToWidth == 1
    width = sum(one.width for one in sheets["year"].column_dimensions.values())
    assert width / sheets["year"].page_setup.fitToWidth < 400
    for sheet in sheets.values():
        assert sheet.row_dimensions[5].height >= 19
        assert sheet.print_title_cols == "$A:$B"
