"""The yearly handbook: all parts in their order, what is there and what is not, nothing that must stay out."""

from datetime import date
from io import BytesIO

import docx
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from pypdf import PdfReader

from activities.choices import ActivityState, Kind
from activities.handbook import building
from activities.handbook.book import Book
from branches.choices import Role
from branches.models import Report
from branches.office.services import keep
from config.documents import pdf
from tests import factories

pytestmark = pytest.mark.django_db
ORDER = [
    "一、使用说明",
    "二、支部基本情况",
    "三、委员分工及换届",
    "四、党小组",
    "五、党员名册",
    "六、年度计划（规定动作清单）",
    "七、党员大会",
    "八、支委会",
    "九、党小组会",
    "十、党课",
    "十一、主题党日",
    "十二、组织生活会与整改",
    "十三、民主评议",
    "十四、谈心谈话",
    "十五、发展党员",
    "十六、党费",
    "十七、组织关系转接、流动和失联党员",
    "十八、志愿服务、办实事、品牌、荣誉",
    "十九、总结、述职评议、大事记",
    "附件一　学习学时",
    "附件二　积分",
    "附件三　奖惩",
]


def words(branch, year: int = 2025) -> str:
    """Everything the Word file says, in order; cells included."""
    out = BytesIO()
    building.build(Book.of(branch, year, factories.TODAY), "docx", out)
    word = docx.Document(out)
    return "\n".join(node.text or "" for node in word.element.body.iter() if node.tag.endswith("}t"))


def test_the_parts_stand_in_their_order_after_the_contents(branch):
    text = words(branch)
    body = text[text.index(ORDER[-1]) + 1 :]
    places = [body.index(title) for title in ORDER]
    assert places == sorted(places)


def test_an_empty_year_says_so_part_by_part(branch):
    text = words(branch)
    assert "2025年度没有支部党员大会记录。" in text
    assert "2025年度没有党小组记录。" in text
    assert "本系统尚未启用党费收缴登记，请在此附纸质材料。" in text
    assert "本系统尚未启用积分附件" not in text


def test_a_confirmed_record_is_in_it_and_a_submitted_one_only_counted(branch, secretary):
    member = factories.make_member(branch, name="周若兰")
    day = date(2025, 3, 14)
    for topic, state in (("学习规划纲要", ActivityState.CONFIRMED), ("没有确认的会", ActivityState.SUBMITTED)):
        factories.make_activity(
            branch, kinds=(Kind.GENERAL_MEETING,), day=day, state=state, topic=topic, members=[member], chair=secretary
        )
    text = words(branch)
    assert "支部党员大会共1次" in text
    assert "学习规划纲要" in text
    assert "没有确认的会" not in text
    assert "另有1份支部党员大会记录未经确认，没有编入。" in text


@pytest.mark.parametrize(("day", "inside"), [(date(2024, 12, 31), False), (date(2025, 1, 1), True)])
def test_the_year_begins_on_its_first_day(branch, day, inside):
    kinds = (Kind.PARTY_LECTURE,)
    factories.make_activity(branch, kinds=kinds, day=day, state=ActivityState.CONFIRMED, topic="元旦党课")
    assert ("元旦党课" in words(branch)) is inside


def test_identity_numbers_and_phones_stay_out(branch):
    member = factories.make_member(branch, name="周若兰")
    text = words(branch)
    assert "周若兰" in text
    assert member.id_number not in text
    assert "1985-03" not in text


def test_a_record_of_two_kinds_stands_in_both_parts_with_the_sheet_of_each(branch):
    kinds = (Kind.PARTY_LECTURE, Kind.THEME_DAY)
    factories.make_activity(branch, kinds=kinds, day=date(2025, 7, 1), state=ActivityState.CONFIRMED)
    text = words(branch)
    assert text.count("党课记录") == 1
    assert text.count("主题党日活动记录") == 1


@pytest.mark.skipif(not pdf.is_available(), reason="this machine has no Pango or no Chinese font")
def flat(outline):
    """Entries of a PDF's outline; those below another stand in a list of their own."""
    for one in outline:
        yield from flat(one) if isinstance(one, list) else [one]


def test_the_contents_of_a_pdf_name_the_page_of_each_part(branch):
    out, told = BytesIO(), []
    building.build(Book.of(branch, 2025, factories.TODAY), "pdf", out, lambda *step: told.append(step))
    reader = PdfReader(out)
    contents = reader.pages[1].extract_text()
    pages = {one.title: reader.get_destination_page_number(one) - 1 for one in flat(reader.outline)}
    assert [title for title in pages if title in ORDER] == ORDER
    for title in ORDER:
        assert f"{pages[title]}" in contents
    assert told[-1] == (22, 23, "目录和装订")


def test_asking_makes_a_report_and_a_kept_one_is_offered_first(branch, secretary, as_user, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    client, url = as_user(secretary), reverse("activities:handbook")
    asked = {"branch": branch.pk, "year": "2025", "format": "docx"}
    assert client.post(url, asked).status_code == 302
    report = Report.objects.get()
    keep(report=report, contents=BytesIO(b"PK"))
    page = client.post(url, asked)
    assert "已有一份" in page.content.decode()
    assert Report.objects.count() == 1
    assert client.post(url, asked | {"again": "1"}).status_code == 302
    assert Report.objects.count() == 2


def test_a_format_there_is_not_is_said_beside_the_field(branch, secretary, as_user):
    answer = as_user(secretary).post(reverse("activities:handbook"), {"branch": branch.pk, "format": "odt"})
    assert answer.status_code == 422
    assert "请选择Word或PDF。" in answer.content.decode()


def test_the_branch_of_another_is_unknown(other_branch, secretary, as_user):
    answer = as_user(secretary).post(reverse("activities:handbook"), {"branch": other_branch.pk, "format": "docx"})
    assert answer.status_code == 404


def test_a_group_leader_has_no_handbook(groups, person, as_user):
    assert as_user(person(Role.GROUP_LEADER, groups[0])).get(reverse("activities:handbook")).status_code == 403


def test_the_command_writes_the_file(branch, tmp_path, capsys):
    call_command("build_handbook", branch="JG01", year=2025, out=tmp_path / "h.docx")
    assert (tmp_path / "h.docx").read_bytes().startswith(b"PK")
    assert [path.name for path in tmp_path.iterdir()] == ["h.docx"]


@pytest.mark.parametrize(
    ("branch_code", "year", "name"), [("NONE", 2025, "h.docx"), ("JG01", 2025, "h.odt"), ("JG01", 2014, "h.docx")]
)
def test_the_command_refuses_with_two(branch, tmp_path, branch_code, year, name):
    with pytest.raises(CommandError) as refused:
        call_command("build_handbook", branch=branch_code, year=year, out=tmp_path / name)
    assert refused.value.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_a_pdf_needs(branch, tmp_path, monkeypatch):
    monkeypatch.setattr(pdf, "is_available", lambda: False)
    with pytest.raises(CommandError, match="apt-get install") as refused:
        call_command("build_handbook", branch="JG01", year=2025, out=tmp_path / "h.pdf")
    assert refused.value.returncode == 2
    assert list(tmp_path.iterdir()) == []
