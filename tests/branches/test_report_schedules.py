"""Schedules: a period is made once, on its day, for those who may read it; the office hears of what went wrong."""

from datetime import date
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from branches.access import Refused
from branches.choices import Role, Span
from branches.models import Appointment, Notice, Report, ReportSchedule
from branches.office import schedules, services
from branches.office.rules import before, falls_due, label, last_day, offered
from tests.factories import at

pytestmark = pytest.mark.django_db
MADE = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path, time_machine):
    settings.DATA_DIR = tmp_path
    time_machine.move_to(at(MADE, 10))


@pytest.fixture
def save(hospital, office, leader):
    def make(**changes):
        given = {
            "kind": "bulletin",
            "branch": hospital,
            "formats": ["docx", "pdf"],
            "day_of_month": 5,
            "recipients": [leader],
            "actor": office,
        }
        return schedules.save_schedule(**given | changes)

    return make


@pytest.mark.parametrize(
    ("span", "today", "start"),
    [
        (Span.MONTH, date(2026, 12, 4), None),
        (Span.MONTH, date(2026, 12, 5), date(2026, 11, 1)),
        (Span.MONTH, date(2026, 12, 31), date(2026, 11, 1)),
        (Span.QUARTER, date(2027, 1, 4), None),
        (Span.QUARTER, date(2027, 1, 5), date(2026, 10, 1)),
        (Span.YEAR, date(2027, 1, 5), date(2026, 1, 1)),
        (Span.YEAR, date(2026, 12, 31), None),
    ],
)
def test_a_period_falls_due_on_its_day_after_it_ended(span, today, start):
    assert falls_due(span, 5, MADE, today) == start


def test_what_fell_due_before_the_schedule_was_there_is_not_made_up_for():
    assert falls_due(Span.MONTH, 20, MADE, date(2026, 11, 30)) == date(2026, 10, 1)
    assert falls_due(Span.MONTH, 19, MADE, date(2026, 11, 30)) is None


def test_periods_have_their_names_and_their_ends():
    assert label(Span.MONTH, date(2026, 2, 1)) == "2026年2月"
    assert label(Span.QUARTER, date(2026, 10, 1)) == "2026年第四季度"
    assert last_day(Span.QUARTER, date(2026, 10, 1)) == date(2026, 12, 31)
    assert before(Span.MONTH, date(2026, 1, 31)) == date(2025, 12, 1)
    assert offered(Span.YEAR, MADE)[:2] == [date(2026, 1, 1), date(2025, 1, 1)]


def test_run_twice_it_makes_each_format_once(save):
    save()
    assert schedules.run_schedules(date(2026, 12, 4)) == 0
    assert schedules.run_schedules(date(2026, 12, 5)) == 1
    assert schedules.run_schedules(date(2026, 12, 5)) == 0
    assert schedules.run_schedules(date(2026, 12, 28)) == 0
    assert sorted(Report.objects.values_list("start", "format")) == [
        (date(2026, 11, 1), "docx"),
        (date(2026, 11, 1), "pdf"),
    ]
    assert Report.objects.first().title == "江州市人民医院党委2026年11月工作通报"


def test_while_it_is_paused_nothing_is_made_nor_made_up_for(save, office, time_machine):
    row = save()
    schedules.switch_schedule(schedule=row, active=False, actor=office)
    assert schedules.run_schedules(date(2026, 12, 5)) == 0
    time_machine.move_to(at(date(2026, 12, 6), 10))
    schedules.switch_schedule(schedule=row, active=True, actor=office)
    assert schedules.run_schedules(date(2026, 12, 6)) == 0
    assert schedules.run_schedules(date(2027, 1, 5)) == 1


def test_recipients_hear_of_it_and_who_lost_the_right_is_told_to_the_office(save, leader, office, person):
    lost = person(Role.PARTY_COMMITTEE_MEMBER, name="离任委员")
    save(recipients=[leader, lost], formats=["docx"])
    Appointment.objects.filter(user=lost).update(ends_on=MADE)
    schedules.run_schedules(date(2026, 12, 5))
    services.keep(report=Report.objects.get(), contents=BytesIO(b"PK"))
    built = Notice.objects.filter(step="built")
    assert set(built.values_list("recipient", flat=True)) == {leader.pk, office.pk}
    told = Notice.objects.get(step="skipped")
    assert told.recipient == office
    assert "离任委员" in told.text


def test_when_its_keeper_lost_the_right_the_office_is_told_once_and_saving_it_again_makes_it(save, office, person):
    row = save(formats=["docx"])
    other = person(Role.PARTY_OFFICE, name="新任")
    Appointment.objects.filter(user=office).update(ends_on=MADE)
    for _ in range(2):
        assert schedules.run_schedules(date(2026, 12, 5)) == 0
    assert not Report.objects.exists()
    assert [one.recipient for one in Notice.objects.filter(item_key=f"schedule:{row.pk}")] == [other]
    save(schedule=row, formats=["docx"], actor=other)
    assert schedules.run_schedules(date(2026, 12, 6)) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipients": []}, "请至少选择一名接收人。"),
        ({"formats": []}, "请至少选择一种文件格式。"),
        ({"day_of_month": 29}, "生成日期为1至28日。"),
        ({"kind": "year_summary"}, "工作总结初稿不按这一级党组织生成"),
    ],
)
def test_a_bad_entry_is_refused_in_words(save, change, message):
    with pytest.raises(ValidationError, match=message):
        save(**change)
    assert not ReportSchedule.objects.exists()


def test_who_may_not_read_it_is_no_recipient_and_a_second_one_is_refused(save, secretary):
    with pytest.raises(ValidationError, match="陈静怡没有查看"):
        save(recipients=[secretary])
    save()
    with pytest.raises(ValidationError, match="已设置"):
        save()


def test_only_the_office_sets_one_up(save, leader):
    with pytest.raises(Refused):
        save(actor=leader)


def test_the_page_says_at_the_field_that_nobody_is_to_receive_it(as_user, office, leader, hospital):
    client = as_user(office)
    url = f"{reverse('branches:schedule_new')}?kind=bulletin&branch={hospital.pk}"
    assert leader.name in client.get(url).content.decode()
    answer = client.post(url, {"formats": ["docx"], "day_of_month": "5"})
    assert answer.status_code == 422
    assert "请至少选择一名接收人。" in answer.content.decode()
    answer = client.post(url, {"formats": ["docx"], "day_of_month": "5", "recipients": [leader.pk]})
    assert answer.status_code == 302
    page = client.get(reverse("branches:schedules")).content.decode()
    assert "每月5日" in page
    assert leader.name in page


def test_people_are_offered_with_their_posts_and_the_list_names_the_files(save, as_user, office, leader, hospital):
    client = as_user(office)
    page = client.get(reverse("branches:schedule_new"), {"kind": "bulletin", "branch": hospital.pk}).text
    post = Role(Appointment.objects.get(user=leader).role).label
    assert f"{leader.name}（{post}）" in page
    save()
    assert f"{hospital.name}，Word、PDF" in client.get(reverse("branches:schedules")).text


def test_a_kind_that_does_not_fit_the_node_is_told_at_once(as_user, office, hospital):
    url = f"{reverse('branches:schedule_new')}?kind=year_summary&branch={hospital.pk}"
    answer = as_user(office).get(url)
    assert answer.status_code == 422
    assert "工作总结初稿不按党委生成" in answer.content.decode()


def test_deleting_asks_first_and_keeps_the_reports(save, as_user, office):
    row = save(formats=["docx"])
    schedules.run_schedules(date(2026, 12, 5))
    client, url = as_user(office), reverse("branches:schedule_delete", args=[row.pk])
    assert "确认删除" in client.get(url).content.decode()
    assert ReportSchedule.objects.exists()
    client.post(url)
    assert not ReportSchedule.objects.exists()
    assert Report.objects.get().schedule is None


def test_one_schedule_and_many_cost_the_same_queries(save, as_user, office, leader, hospital):
    save()
    client, url = as_user(office), reverse("branches:schedules")
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    for kind in ("year_statistics", "roster", "ranking", "quarter_points"):
        save(kind=kind)
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(many) == len(one)
