"""The sheets of the record book: compared as values, not as files."""

from datetime import date
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from activities.choices import ActivityState, Kind
from activities.models import (
    Activity,
    Candidate,
    Election,
    FollowUp,
    FormLayout,
    LifeEntry,
    Motion,
    Photo,
    Session,
    Speech,
)
from activities.reports.layouts import LAYOUTS
from activities.reports.record_forms import layouts_of, record_document
from config.documents.content import PAGES, Grid, Heading, Line, lay_out
from config.documents.layouts import fill
from tests import factories

DAY = date(2026, 11, 11)


@pytest.fixture
def make(branch, secretary, organiser):
    def record(*kinds: Kind, **fields):
        members = [factories.make_member(branch, name=name) for name in ("林晓雯", "周晓", "王丽")]
        activity = factories.make_activity(
            branch,
            kinds=kinds,
            day=DAY,
            state=fields.pop("state", ActivityState.CONFIRMED),
            members=members,
            absent=(members[2],),
            chair=secretary,
            recorder=organiser,
            confirmed_by=secretary,
            **fields,
        )
        return Activity.objects.get(pk=activity.pk)

    return record


def sheets(activity, *, sees_reasons=True, layouts=None):
    activity = Activity.objects.for_detail().get(pk=activity.pk)
    return record_document(activity, sees_reasons=sees_reasons, layouts=layouts).sections


def grid_of(sheet) -> Grid:
    return next(block for block in sheet.blocks if isinstance(block, Grid))


def rows_of(sheet) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in grid_of(sheet).rows]


def beside(sheet, label: str) -> str:
    """The text in the cell to the right of a printed label."""
    for row in grid_of(sheet).rows:
        for cell, right in zip(row.cells, row.cells[1:], strict=False):
            if cell.label and cell.text == label:
                return right.text
    raise AssertionError(f"no label {label}")


@pytest.mark.parametrize("kind", LAYOUTS)
def test_every_kind_has_a_sheet_whose_cells_fill_its_grid(kind):
    lay_out(fill(LAYOUTS[kind], {}))


def test_a_general_meeting_fills_f15_cell_by_cell(make, secretary):
    activity = make(Kind.GENERAL_MEETING, observers="周医生", agenda="1. 学习\n2. 表决", minutes="学习了文件。")
    Speech.objects.create(activity=activity, number=1, name="王丽", points="不同意见。")
    Motion.objects.create(
        activity=activity, number=1, text="接收预备党员", subject="周晓", kind="admission", method="secret", issued=2,
        returned=2, yes=1, no=0, abstain=0, invalid=1, written_yes=1, eligible=3, present_voting=2, result="passed",
    )  # fmt: skip
    Motion.objects.create(
        activity=activity, number=2, text="通过计划", yes=2, eligible=3, present_voting=2, result="passed"
    )
    FollowUp.objects.create(activity=activity, number=1, text="制定方案", owner=secretary, due=date(2026, 12, 1))
    (sheet,) = sheets(activity)
    assert sheet.blocks[0] == Heading("会议记录", 0)
    assert sheet.blocks[1] == Line(("党组织：机关第一党支部", "确认人：陈静怡"))
    assert sheet.blocks[-1] == Line(("散会：18时30分", f"共{PAGES}页"))
    rows = rows_of(sheet)
    assert rows[:6] == [
        ["会议类型", "支部党员大会", "编号", activity.serial, "届次/第次", "2026年第1次"],
        ["会议时间", "2026年11月11日16时30分—18时30分", "地点", "会议室"],
        ["主持人", "陈静怡", "记录人", "赵启明", "列席人员", "周医生"],
        ["应到人数", "3人", "实到人数", "2人", "有表决权到会人数", "2人"],
        ["缺席人员及原因", "王丽（病假）"],
        ["会议议题", "1. 学习\n2. 表决"],
    ]
    assert rows[6] == ["学习了文件。\n发言要点：\n王丽：不同意见。"]
    assert rows[7] == [
        "表决情况", "议题", "方式", "发出票", "收回票", "有效票", "赞成", "反对", "弃权", "书面意见", "结果"
    ]  # fmt: skip
    assert rows[8] == ["接收预备党员（周晓）", "无记名投票", "2", "2", "1", "1", "0", "0", "1", "通过"]
    assert rows[9] == ["通过计划", "举手表决", "—", "—", "—", "2", "0", "0", "—", "通过"]
    assert rows[10:12] == [
        ["会议决议及落实分工", "事项", "责任人", "完成时限"],
        ["制定方案", "陈静怡", "2026年12月1日"],
    ]
    assert rows[12] == ["主持人签字", "", "记录人签字", ""]
    grid = grid_of(sheet)
    assert grid.repeat == 2
    assert [row.splits for row in grid.rows].index(True) == 6
    assert (grid.rows[4].height, grid.rows[5].height, grid.rows[6].height) == (15, 20, 130)
    assert grid.rows[6].cells[0].caption.startswith("会议内容")


def test_the_rows_of_votes_are_only_there_when_somebody_voted(make):
    (sheet,) = sheets(make(Kind.GENERAL_MEETING))
    assert "表决情况" not in [row[0] for row in rows_of(sheet)]


def test_an_election_is_told_candidate_by_candidate(make, secretary):
    activity = make(Kind.GENERAL_MEETING)
    election = Election.objects.create(
        activity=activity, number=1, body="committee", seats=1, issued=2, returned=2, invalid=0, eligible=2,
        present_voting=2, result="passed",
    )  # fmt: skip
    Candidate.objects.create(election=election, user=secretary, name="陈静怡", order=1, yes=2, elected=True)
    Candidate.objects.create(
        election=election, user=factories.UserFactory(), name="周晓", order=2, write_in=True, no=1, abstain=1
    )
    (sheet,) = sheets(activity)
    first, second = [row for row in rows_of(sheet) if row[0].startswith("选举")]
    assert first == ["选举支部委员会委员：陈静怡", "无记名投票", "2", "2", "2", "2", "0", "0", "—", "当选"]
    assert (second[0], second[-1]) == ("选举支部委员会委员：周晓（另选人）", "未当选")


def test_the_committee_and_the_group_have_their_own_variant(make, groups):
    details = {"committee_meeting": {"first_topic": "yes", "first_topic_text": "学习讲话"}}
    (committee,) = sheets(make(Kind.COMMITTEE_MEETING, details=details))
    rows = rows_of(committee)
    assert rows[3] == ["委员总数", "3人", "到会委员", "2人", "缺席", "1人"]
    assert rows[6] == ["第一议题", "是：学习讲话"]
    (group,) = sheets(make(Kind.GROUP_MEETING, group=groups[0]))
    assert beside(group, "党小组名称") == "第一党小组"
    assert "表决情况" not in [row[0] for row in rows_of(group)]


def test_a_lecture_fills_f17(make, secretary):
    details = {"party_lecture": {"lecturer_post": "书记", "outline": "一、为什么", "activists": 3, "feedback": "好"}}
    activity = make(Kind.PARTY_LECTURE, topic="新时代", lecturer=secretary, hours="1.5", details=details, minutes="")
    activity.attendances.filter(name="王丽").update(made_up_on=date(2026, 11, 20))
    (sheet,) = sheets(activity)
    assert [beside(sheet, label) for label in ("党课题目", "授课人", "职务", "学时", "主持人/记录人", "应到/实到")] == [
        "新时代", "陈静怡", "书记", "1.5学时", "陈静怡/赵启明", "3人/2人"
    ]  # fmt: skip
    assert [beside(sheet, label) for label in ("入党积极分子参加", "授课提纲", "党员讨论反馈", "补课情况")] == [
        "3人", "一、为什么", "好", "王丽（11月20日）"
    ]  # fmt: skip


def test_the_post_of_a_lecturer_follows_from_the_day_when_nobody_typed_it(make, secretary):
    (sheet,) = sheets(make(Kind.PARTY_LECTURE, lecturer=secretary))
    assert "书记" in beside(sheet, "职务")


def test_a_theme_day_ticks_its_flow_and_shows_two_photos_side_by_side(make, secretary):
    activity = make(Kind.THEME_DAY, details={"theme_day": {"flow": ["oath"], "served": 40}}, minutes="义诊。")
    out = BytesIO()
    Image.new("RGB", (1600, 1200), "green").save(out, "JPEG")
    for n, body in enumerate([b"broken", out.getvalue(), out.getvalue(), out.getvalue()]):
        photo = Photo(activity=activity, width=1600, height=1200, size=1, sha256=str(n), uploaded_by=secretary)
        photo.image.save(f"sheet-{n}.jpg", ContentFile(body), save=False)
        photo.thumbnail.save(f"sheet-{n}-s.jpg", ContentFile(body))
    (sheet,) = sheets(activity)
    assert beside(sheet, "活动流程").startswith("□亮明身份　☑重温誓词　□交纳党费")
    assert beside(sheet, "活动内容") == "志愿服务：40人次\n义诊。"
    cell = next(row for row in grid_of(sheet).rows if row.height == 70).cells[0]
    assert cell.caption == "活动照片（粘贴处）"
    assert [(photo.width, photo.height) for photo in cell.photos.photos] == [(1200, 900), (1200, 900)]


def test_an_organisational_life_meeting_fills_f19(make, secretary):
    details = {
        "form": "general",
        "study_on": "2026-11-01",
        "studies": 2,
        "talks": 26,
        "last_year": "已整改",
        "comment": "好",
    }
    activity = make(Kind.ORG_LIFE_MEETING, details={"org_life_meeting": details})
    member = activity.attendances.first().member
    LifeEntry.objects.create(
        activity=activity,
        member=member,
        name="林晓雯",
        self_criticism="学习不够",
        criticism="周晓：沟通",
        answer="接受",
    )
    FollowUp.objects.create(
        activity=activity, number=1, sort="rectification", text="学习不够", measure="每月学习", owner=secretary,
        due=date(2026, 12, 31), done_on=date(2026, 12, 20),
    )  # fmt: skip
    (sheet,) = sheets(activity)
    rows = rows_of(sheet)
    assert beside(sheet, "形式") == "☑支部党员大会\n□支委会\n□党小组会"
    assert beside(sheet, "会前准备") == "集中学习2次；谈心谈话26人次；征求意见＿＿条（会前学习日期：2026年11月1日）"
    assert beside(sheet, "通报上年整改及支委会查摆情况") == "已整改"
    assert ["姓名", "自我批评要点", "批评意见（批评人：内容）", "本人表态"] in rows
    assert ["林晓雯", "学习不够", "周晓：沟通", "接受"] in rows
    assert ["1", "学习不够", "每月学习", "陈静怡", "2026年12月31日", "2026年12月20日"] in rows
    assert beside(sheet, "上级点评") == "好"


def test_a_record_of_two_kinds_has_a_sheet_for_each(make):
    first, second = sheets(make(Kind.THEME_DAY, Kind.PARTY_LECTURE))
    assert (first.blocks[0].text, second.blocks[0].text) == ("主题党日活动记录", "党课记录")


def test_who_may_not_see_reasons_gets_numbers_only(make):
    (sheet,) = sheets(make(Kind.GENERAL_MEETING), sees_reasons=False)
    assert beside(sheet, "缺席人员及原因") == "1人"
    assert "王丽" not in str(rows_of(sheet))


def test_a_sheet_that_nobody_confirmed_says_so(make):
    (sheet,) = sheets(make(Kind.GENERAL_MEETING, state=ActivityState.DRAFT))
    assert sheet.blocks[1].parts[1] == "草稿，未经确认"


def test_a_gathering_held_twice_tells_both_sittings(make):
    activity = make(Kind.THEME_DAY)
    for number, day in ((1, DAY), (2, date(2026, 11, 12))):
        Session.objects.create(
            activity=activity,
            number=number,
            starts_at=factories.at(day),
            ends_at=factories.at(day, 18),
            place=f"{number}楼",
        )
    (sheet,) = sheets(activity)
    assert beside(sheet, "时间").split("\n")[1] == "第2场：2026年11月12日16时30分—18时30分"
    assert beside(sheet, "地点") == "1楼；2楼"


def test_meetings_of_a_year_are_counted_in_their_order(make, branch):
    for day, state in ((date(2026, 3, 1), "confirmed"), (date(2026, 4, 1), "draft"), (date(2025, 12, 1), "confirmed")):
        factories.make_activity(branch, kinds=(Kind.GENERAL_MEETING,), day=day, state=state)
    (sheet,) = sheets(make(Kind.GENERAL_MEETING))
    assert beside(sheet, "届次/第次") == "2026年第2次"


def test_the_part_of_a_co_host_carries_the_text_of_the_host_and_its_own_people(make, other_branch, organiser):
    host = make(Kind.THEME_DAY, topic="联合义诊", minutes="共同内容。")
    part = factories.make_activity(
        other_branch, kinds=(Kind.THEME_DAY,), day=DAY, topic="", minutes="", host=host, recorder=organiser
    )
    (sheet,) = sheets(part)
    assert beside(sheet, "活动主题") == "联合义诊"
    held_with, text = beside(sheet, "活动内容").split("\n")
    assert (held_with, text) == (f"联合举办：主办{host.branch.name}，协办{other_branch.name}。", "共同内容。")
    assert beside(sheet, "应到/实到") == "0人/0人"


def test_a_hospital_prints_its_own_layout(make, hospital, branch, office):
    FormLayout.objects.create(
        branch=hospital,
        code="F15",
        overrides={"labels": {"主持人": "会议主持人"}, "hide": ["agenda"]},
        changed_by=office,
    )
    (sheet,) = sheets(make(Kind.GENERAL_MEETING), layouts=layouts_of(branch))
    assert beside(sheet, "会议主持人") == "陈静怡"
    assert "会议议题" not in [row[0] for row in rows_of(sheet)]


def test_a_sheet_costs_the_same_for_many_people(make, branch, django_assert_max_num_queries):
    activity = make(Kind.GENERAL_MEETING)
    with django_assert_max_num_queries(16):
        sheets(activity)
