"""Sign-in sheet, lists of a year, and the downloads."""

from datetime import date

import pytest
from django.urls import reverse

from activities.choices import ActivityState, Kind, Period, PlanState, SignMethod
from activities.models import Activity, PlanItem
from activities.reports.sheets import LEGEND, attendance_of_year, plan_of_year, sign_in_sheet
from branches.choices import Role
from branches.models import AuditEntry
from config.documents import pdf
from config.documents.content import Line, Paragraph, Table, in_parts
from tests import factories
from tests.config.document_files import docx_text, read_xlsx

DAY = date(2026, 11, 11)


@pytest.fixture
def people(branch, groups):
    return [factories.make_member(branch, group=groups[0], name=name) for name in ("林晓雯", "周晓", "王丽")]


@pytest.fixture
def held(branch, people):
    return factories.make_activity(
        branch, day=DAY, state=ActivityState.CONFIRMED, members=people, absent=(people[2],), topic="=义诊/活动"
    )


def table_of(document) -> Table:
    return next(block for block in document.blocks if isinstance(block, Table))


def loaded(activity):
    return Activity.objects.for_detail().get(pk=activity.pk)


def test_the_blank_sheet_has_the_names_two_abreast_and_room_to_sign(held):
    document = sign_in_sheet(loaded(held), filled=False)
    table = table_of(document)
    assert [column.label for column in table.columns] == ["序号", "姓名", "签名"] * 2
    assert table.rows == ((1, "林晓雯", "", 2, "周晓", ""), (3, "王丽", "", None, "", ""))
    assert list(document.blocks)[-1] == Line(("应到：3人", "实到：　　人", "请假：　　人"))


def test_the_filled_sheet_tells_when_and_how_each_one_signed(held):
    rows = held.attendances.order_by("pk")
    rows.filter(name="周晓").update(signed_at=factories.at(DAY, 16, 28), signed_by=SignMethod.QR)
    document = sign_in_sheet(loaded(held), filled=True)
    assert table_of(document).rows == (
        (1, "林晓雯", "到会", 2, "周晓", "16:28（扫码）"),
        (3, "王丽", "请假", None, "", ""),
    )
    assert list(document.blocks)[-1] == Line(("应到：3人", "实到：2人", "请假：1人"))


def test_before_anybody_is_entered_the_sheet_expects_the_roll_of_the_day(branch, people):
    planned = factories.make_activity(branch, day=DAY, state=ActivityState.PLANNED)
    names = [value for row in table_of(sign_in_sheet(loaded(planned), filled=False)).rows for value in row[1::3]]
    assert sorted(filter(None, names)) == ["周晓", "林晓雯", "王丽"]


def test_the_attendance_of_a_year_marks_each_one_at_each_gathering(branch, held, people):
    later = factories.make_activity(
        branch, kinds=(Kind.GENERAL_MEETING,), day=date(2026, 12, 1), state="confirmed", members=people[:1]
    )
    held.attendances.filter(name="王丽").update(made_up_on=date(2026, 11, 20))
    factories.make_activity(branch, day=DAY, state=ActivityState.SUBMITTED, members=people)
    factories.make_activity(branch, day=date(2025, 12, 31), state="confirmed", members=people)
    document = attendance_of_year(branch, 2026)
    table = table_of(document)
    assert [column.label for column in table.columns] == [
        "姓名", "党小组", "11月\n11日\n主题\n党日", "12月\n1日\n党员\n大会", "应到", "实到", "出席率"
    ]  # fmt: skip
    assert [(row[0], *row[2:]) for row in table.rows] == [
        ("周晓", "√", "", 1, 1, 1),
        ("林晓雯", "√", "√", 2, 2, 1),
        ("王丽", "补", "", 1, 0, 0),
    ]
    assert table.keep == 2
    assert Paragraph(LEGEND, indent=False, small=True) in document.blocks
    assert later.pk


def test_a_year_with_many_gatherings_runs_over_several_tables_with_the_names_in_each(branch, people):
    for n in range(30):
        factories.make_activity(branch, day=date(2026, 1, 1 + n), state="confirmed", members=people)
    document = attendance_of_year(branch, 2026)
    parts = in_parts(table_of(document), document.sections[0].page.text_width)
    assert len(parts) == 2
    assert {part.columns[0].label for part in parts} == {"姓名"}
    assert parts[-1].columns[-1].label == "出席率"


def test_the_attendance_of_a_year_costs_the_same_for_one_and_for_many(
    branch, people, held, django_assert_max_num_queries
):
    for n in range(20):
        factories.make_activity(branch, day=date(2026, 1, 1 + n), state="confirmed", members=people)
    with django_assert_max_num_queries(3):
        attendance_of_year(branch, 2026)


def item(branch, kind, month, **fields):
    return PlanItem.objects.create(
        branch=branch, kind=kind, period=Period.MONTH, start=date(2026, month, 1), end=date(2026, month, 28),
        due=date(2026, month, 28), key=f"{branch.pk} {kind} {month}", **fields,
    )  # fmt: skip


def test_the_plan_of_a_year_lists_what_is_owed_in_the_order_it_falls_due(branch, groups):
    item(branch, Kind.THEME_DAY, 12, topic="年终总结")
    item(branch, Kind.GROUP_MEETING, 2, group=groups[0], state=PlanState.CONFIRMED, done_on=date(2026, 2, 3))
    item(branch, Kind.THEME_DAY, 3, state=PlanState.NOT_HELD, reason="抗疫")
    item(branch, Kind.ASSIGNED, 4, title="专项学习")
    table = table_of(plan_of_year(branch, 2026, PlanItem.objects.all(), today=date(2026, 11, 22)))
    assert [(row[0], row[2], row[3], row[4], row[6], row[7], row[8]) for row in table.rows] == [
        (1, "党小组会", "第一党小组", "", "已完成", date(2026, 2, 3), ""),
        (2, "主题党日", "", "", "同意不开展", None, "抗疫"),
        (3, "专项学习", "", "", "逾期", None, ""),
        (4, "主题党日", "", "年终总结", "未到期", None, ""),
    ]


# -- Downloads


def test_the_page_of_a_record_offers_word_pdf_and_the_sign_in_sheet(as_user, secretary, held):
    page = as_user(secretary).get(reverse("activities:activity_detail", args=[held.pk])).content.decode()
    assert reverse("activities:record_file", args=[held.pk]) + "?format=docx" in page
    assert reverse("activities:record_file", args=[held.pk]) + "?format=pdf" in page
    assert reverse("activities:sign_in_file", args=[held.pk]) in page


def test_a_plain_member_reads_the_record_and_is_offered_no_file(as_user, member_user, held):
    client = as_user(member_user)
    page = client.get(reverse("activities:activity_detail", args=[held.pk]))
    assert page.status_code == 200
    assert "record_file" not in page.content.decode()
    assert reverse("activities:record_file", args=[held.pk]) not in page.content.decode()
    assert client.get(reverse("activities:record_file", args=[held.pk])).status_code == 403


def test_the_record_comes_as_word_under_a_chinese_name_and_is_logged(as_user, secretary, held):
    answer = as_user(secretary).get(reverse("activities:record_file", args=[held.pk]))
    assert answer.status_code == 200
    assert "filename*=utf-8''2026-11-11_%3D%E4%B9%89" in answer["Content-Disposition"]
    assert "王丽（病假）" in docx_text(answer.content)
    line = AuditEntry.objects.get(action="activity.printed")
    assert (line.actor, line.target_id, line.branch_id) == (secretary, held.pk, held.branch_id)


def test_a_superior_gets_the_record_without_names_of_the_absent(as_user, person, held):
    viewer = as_user(person(Role.SUPERIOR_VIEWER))
    assert "王丽" not in docx_text(viewer.get(reverse("activities:record_file", args=[held.pk])).content)
    assert viewer.get(reverse("activities:sign_in_file", args=[held.pk])).status_code == 403
    assert viewer.get(reverse("activities:attendance_file"), {"branch": held.branch_id}).status_code == 403


def test_where_pdf_cannot_be_made_the_button_answers_with_what_to_run(as_user, secretary, held, monkeypatch):
    monkeypatch.setattr(pdf, "is_available", lambda: False)
    answer = as_user(secretary).get(reverse("activities:record_file", args=[held.pk]), {"format": "pdf"})
    assert answer.status_code == 503
    assert "sudo apt-get install" in answer.content.decode()
    assert not AuditEntry.objects.filter(action="activity.printed").exists()


@pytest.mark.skipif(not pdf.is_available(), reason=f"no PDF here; run: {pdf.INSTALL}")
def test_where_pdf_can_be_made_it_comes(as_user, secretary, held):
    answer = as_user(secretary).get(reverse("activities:record_file", args=[held.pk]), {"format": "pdf"})
    assert answer.content.startswith(b"%PDF")


def test_a_record_is_no_workbook(as_user, secretary, held):
    url = reverse("activities:record_file", args=[held.pk])
    assert as_user(secretary).get(url, {"format": "xlsx"}).status_code == 404


def test_the_only_branch_of_a_secretary_needs_no_choice(as_user, secretary, held):
    answer = as_user(secretary).get(reverse("activities:attendance_file"), {"year": "2026"})
    assert read_xlsx(answer.content).sheetnames == ["出席汇总"]
    assert AuditEntry.objects.filter(action="attendance.exported", branch=held.branch).exists()


def test_who_sees_several_branches_is_asked_for_one(as_user, office, branch, other_branch):
    client = as_user(office)
    for name in ("attendance_file", "plan_file"):
        assert client.get(reverse(f"activities:{name}"))["Location"] == reverse("activities:year_files")
    page = client.get(reverse("activities:year_files"), {"branch": other_branch.pk, "year": "2025"}).content.decode()
    assert page.count(f'<option value="{other_branch.pk}" selected>') == 2
    assert page.count('<option value="2025" selected>') == 2


def test_another_branch_is_not_found(as_user, secretary, other_branch):
    for name in ("attendance_file", "plan_file"):
        answer = as_user(secretary).get(reverse(f"activities:{name}"), {"branch": other_branch.pk})
        assert answer.status_code == 404


@pytest.mark.parametrize("year", ["", "abc", "1949", "2100", "99999999999", "²"])
def test_an_odd_year_is_this_year(year, as_user, secretary, branch):
    answer = as_user(secretary).get(reverse("activities:plan_file"), {"year": year})
    assert answer.status_code == 200


def test_a_group_leader_is_told_that_the_lists_are_of_branches(as_user, person, branch, groups):
    page = as_user(person(Role.GROUP_LEADER, groups[0])).get(reverse("activities:year_files"))
    assert "没有可以生成的表格" in page.content.decode()
