"""Make-up study: opened by the record, reported by the member, checked by somebody else, counted everywhere."""

import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from activities import services
from activities.attendance import hours, make_ups
from activities.choices import AttendanceStatus, Kind, MakeUpState, StudyState
from activities.effects import settle
from activities.models import Activity, ActivityMonth, Attendance, MakeUp, StudyHours
from activities.records.drafting import Absence, ActivityData
from branches.models import Holiday, Todo
from points.models import Entry
from tests.factories import at, make_member

DAY = date(2026, 11, 11)
TODAY = date(2026, 11, 20)
BACKEND = "branches.accounts.backends.LoginNameBackend"


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(at(TODAY, 10), tick=False)
    return time_machine


@pytest.fixture
def members(branch, groups, secretary, organiser):
    return [make_member(branch, group=groups[0], name=f"党员{n}") for n in "甲乙丙丁"]


@pytest.fixture
def confirmed(branch, secretary, organiser, members):
    data = ActivityData(
        branch=branch,
        kinds=(Kind.THEME_DAY,),
        starts_at=at(DAY),
        ends_at=at(DAY, 18, 0),
        topic="冬季志愿导诊",
        place="会议室",
        chair=secretary,
        minutes="学习有关要求。",
        absences={
            members[0].pk: Absence("leave_sick"),
            members[1].pk: Absence("duty"),
            members[2].pk: Absence("unexcused"),
        },
    )
    activity = services.save_draft(activity=None, form_key=uuid.uuid4(), data=data, actor=secretary)
    services.submit_activity(activity=activity, actor=secretary)
    return services.confirm_activity(activity=activity, actor=organiser)


def of(member):
    return MakeUp.objects.get(attendance__member=member)


def report(member, actor=None, **fields):
    words = {"way": "自学会议材料", "note": "有体会", "done_on": TODAY - timedelta(days=2), **fields}
    return make_ups.report_make_up(make_up=of(member), actor=actor or member.user, **words)


def entered(user):
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def test_confirming_opens_one_for_each_excused_absence_and_for_nobody_else(confirmed, members):
    assert set(MakeUp.objects.values_list("attendance__member", flat=True)) == {members[0].pk, members[1].pk}
    assert {one.due for one in MakeUp.objects.all()} == {date(2026, 12, 21)}  # 20 December is a Sunday
    to_do = Todo.objects.filter(item_key__startswith="make_up:", done_at__isnull=True)
    assert set(to_do.values_list("recipient", flat=True)) == {members[0].user_id, members[1].user_id}


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        (date(2026, 11, 18), date(2026, 12, 18)),  # a Friday stays
        (date(2026, 11, 19), date(2026, 12, 21)),  # Saturday moves to Monday
        (date(2026, 9, 1), date(2026, 10, 8)),  # 1 October is a holiday, the 8th the first working day
        (date(2026, 9, 10), date(2026, 10, 10)),  # a Saturday that is worked
    ],
)
def test_a_term_that_ends_on_a_day_off_moves_to_the_next_working_day(db, opened, due):
    Holiday.objects.bulk_create(
        [Holiday(day=date(2026, 10, day), is_working=False, name="国庆节") for day in range(1, 8)]
        + [Holiday(day=date(2026, 10, 10), is_working=True, name="国庆节调休")]
    )
    assert make_ups.due_from(opened) == due


def test_running_the_effect_again_changes_nothing(confirmed, organiser, members):
    before = list(MakeUp.objects.values_list("pk", "due", "state"))
    settle(confirmed, organiser)
    assert list(MakeUp.objects.values_list("pk", "due", "state")) == before
    assert StudyHours.objects.count() == 3  # member 丁, secretary, organiser


def test_what_is_reported_waits_and_counts_only_when_somebody_else_has_checked_it(
    confirmed, members, secretary, organiser
):
    me = members[0]
    report(me)
    assert of(me).state == MakeUpState.REPORTED
    assert Attendance.objects.get(activity=confirmed, member=me).made_up_on is None
    assert not Entry.objects.filter(member=me).exists()
    make_ups.check_make_up(make_up=of(me), accept=True, actor=secretary)
    assert of(me).state == MakeUpState.DONE
    assert Attendance.objects.get(activity=confirmed, member=me).made_up_on == date(2026, 11, 18)
    month = ActivityMonth.objects.get(month=date(2026, 11, 1), kind=Kind.THEME_DAY)
    assert (month.expected, month.present, month.excused, month.made_up) == (6, 3, 2, 1)
    entry = Entry.objects.get(member=me)
    assert (entry.source_revision, entry.points) == (2, Decimal("0.50"))
    assert entry.reason.startswith("补课主题党日")
    assert Activity.objects.get(pk=confirmed.pk).revision == 2
    booked = StudyHours.objects.get(member=me)
    assert (booked.hours, booked.made_up, booked.studied_on) == (Decimal("1.5"), True, date(2026, 11, 18))
    assert not Todo.objects.filter(item_key=f"make_up:{of(me).pk}", done_at__isnull=True).exists()


def test_nobody_checks_or_waives_their_own(branch, secretary, organiser, members):
    data = ActivityData(
        branch=branch,
        kinds=(Kind.THEME_DAY,),
        starts_at=at(DAY, 9),
        ends_at=at(DAY, 10),
        topic="题",
        place="处",
        chair=organiser,
        minutes="记",
        absences={secretary.member.pk: Absence("duty")},
    )
    activity = services.save_draft(activity=None, form_key=uuid.uuid4(), data=data, actor=members[0].user)
    services.submit_activity(activity=activity, actor=members[0].user)
    services.confirm_activity(activity=activity, actor=organiser)
    report(secretary.member)
    with pytest.raises(ValidationError, match="本人的补课"):
        make_ups.check_make_up(make_up=of(secretary.member), accept=True, actor=secretary)
    with pytest.raises(ValidationError, match="本人的补课"):
        make_ups.waive_make_up(make_up=of(secretary.member), comment="忙", actor=secretary)
    make_ups.check_make_up(make_up=of(secretary.member), accept=True, actor=organiser)


def test_members_check_nothing_and_report_only_for_themselves(confirmed, members):
    with pytest.raises(ValidationError, match="由本人申报"):
        report(members[0], actor=members[3].user)
    report(members[0])
    with pytest.raises(ValidationError, match="由支部书记、副书记或组织委员审核"):
        make_ups.check_make_up(make_up=of(members[0]), accept=True, actor=members[3].user)


def test_what_is_sent_back_says_why_and_can_be_reported_again(confirmed, members, secretary):
    report(members[0])
    with pytest.raises(ValidationError, match="还需要做什么"):
        make_ups.check_make_up(make_up=of(members[0]), accept=False, actor=secretary)
    make_ups.check_make_up(make_up=of(members[0]), accept=False, comment="请补写体会", actor=secretary)
    assert (of(members[0]).state, of(members[0]).comment) == (MakeUpState.OPEN, "请补写体会")
    report(members[0])
    assert of(members[0]).comment == ""


def test_the_branch_enters_one_and_it_counts_at_once(confirmed, members, secretary):
    report(members[1], actor=secretary)
    assert of(members[1]).state == MakeUpState.DONE


@pytest.mark.parametrize(("days", "taken"), [(-1, False), (0, True), (9, True), (10, False)])
def test_it_was_made_up_between_the_gathering_and_today(confirmed, members, days, taken):
    if taken:
        assert report(members[0], done_on=DAY + timedelta(days=days)).state == MakeUpState.REPORTED
    else:
        with pytest.raises(ValidationError, match="补课日期应在"):
            report(members[0], done_on=DAY + timedelta(days=days))


def test_a_waived_one_is_asked_for_no_longer_and_earns_nothing(confirmed, members, secretary):
    with pytest.raises(ValidationError, match="免补请写明原因"):
        make_ups.waive_make_up(make_up=of(members[0]), comment=" ", actor=secretary)
    make_ups.waive_make_up(make_up=of(members[0]), comment="年老体弱", actor=secretary)
    assert of(members[0]).state == MakeUpState.WAIVED
    assert not Entry.objects.filter(member=members[0]).exists()
    with pytest.raises(ValidationError, match="已经办结"):
        report(members[0])


def test_corrected_to_present_there_is_nothing_to_make_up_and_the_hours_are_the_day_s(
    confirmed, members, secretary, organiser
):
    report(members[0], actor=secretary)
    row = Attendance.objects.filter(activity=confirmed, member=members[0])
    row.update(status=AttendanceStatus.PRESENT, reason="")
    settle(Activity.objects.get(pk=confirmed.pk), organiser)
    assert not MakeUp.objects.filter(attendance__member=members[0]).exists()
    assert row.get().made_up_on is None
    booked = StudyHours.objects.get(member=members[0])
    assert (booked.made_up, booked.studied_on) == (False, DAY)


def test_corrected_to_absent_a_new_one_is_due_thirty_days_from_then(confirmed, members, organiser, clock):
    clock.move_to(at(date(2026, 12, 2), 10), tick=False)
    Holiday.objects.create(day=date(2027, 1, 1), is_working=False, name="元旦")
    Attendance.objects.filter(activity=confirmed, member=members[3]).update(status="leave", reason="leave_personal")
    settle(Activity.objects.get(pk=confirmed.pk), organiser)
    assert of(members[3]).due == date(2027, 1, 4)  # 1 January is off, and the weekend after it
    assert not StudyHours.objects.filter(member=members[3]).exists()


def test_many_are_checked_at_once_each_by_itself(confirmed, members, secretary):
    report(members[0])
    done, problems = make_ups.check_many(make_ups=list(make_ups.checkable(secretary)), actor=secretary)
    assert done == 1
    assert problems == ["党员乙：这次补课不在待审核状态，可能已由他人处理。"]


def test_the_list_filters_and_its_button_checks_the_chosen(confirmed, members, secretary, clock):
    report(members[0])
    desk = entered(secretary)
    page = reverse("activities:make_up_list")
    assert "党员乙" not in desk.get(page, {"state": "reported"}).content.decode()
    assert "党员乙" in desk.get(page).content.decode()
    assert "没有找到“丙”" in desk.get(page, {"q": "丙"}).content.decode()
    clock.move_to(at(date(2026, 12, 21), 23), tick=False)
    assert "党员乙" not in entered(secretary).get(page, {"state": "late"}).content.decode()
    clock.move_to(at(date(2026, 12, 22), 1), tick=False)
    desk = entered(secretary)
    assert "党员乙" in desk.get(page, {"state": "late"}).content.decode()
    check = reverse("activities:make_up_check")
    assert desk.post(check).status_code == 422
    assert desk.post(check, {"make_up": of(members[0]).pk}).status_code == 302
    assert of(members[0]).state == MakeUpState.DONE


def test_the_member_reports_on_the_phone_and_sees_mistakes_beside_the_field(confirmed, members):
    phone = entered(members[0].user)
    page = reverse("activities:make_up_report", args=[of(members[0]).pk])
    answer = phone.post(page, {"way": "", "done_on": "2026-11-18"})
    assert (answer.status_code, 'id="way-error"' in answer.content.decode()) == (422, True)
    assert phone.post(page, {"way": "自学", "done_on": "nonsense"}).status_code == 422
    assert phone.post(page, {"way": "自学", "done_on": "2026-11-18"}).status_code == 302
    assert of(members[0]).state == MakeUpState.REPORTED
    other = reverse("activities:make_up_report", args=[of(members[1]).pk])
    assert phone.get(other).status_code == 404


# -- Hours


def test_the_ledger_follows_from_the_records_and_a_difference_is_found(confirmed, members, capsys):
    call_command("verify_study_hours")
    assert list(hours.differences()) == []
    StudyHours.objects.filter(member=members[3]).update(hours=9)
    assert len(list(hours.differences(2026))) == 1
    with pytest.raises(CommandError, match="1 differences"):
        call_command("verify_study_hours")
    assert list(hours.differences(2025)) == []


def test_what_a_member_reports_counts_once_somebody_else_has_checked_it(members, secretary, organiser):
    me = members[0]
    words = {"title": "党务干部培训班", "studied_on": TODAY, "hours": Decimal("4.0")}
    entry = hours.add_course(member=me, actor=me.user, **words)
    assert hours.sums_of([me.pk], 2026) == {}
    with pytest.raises(ValidationError, match="本人的学时"):
        hours.check_course(entry=entry, accept=True, comment="", actor=me.user)
    with pytest.raises(ValidationError, match="请写明原因"):
        hours.check_course(entry=entry, accept=False, comment="", actor=secretary)
    hours.check_course(entry=entry, accept=True, comment="", actor=secretary)
    assert hours.sums_of([me.pk], 2026) == {me.pk: Decimal("4.0")}
    with pytest.raises(ValidationError, match="已经审核"):
        hours.check_course(entry=entry, accept=True, comment="", actor=organiser)


def test_what_the_branch_enters_counts_at_once_and_twice_the_same_form_is_one_entry(members, secretary):
    words = {"member": members[0], "title": "培训班", "studied_on": TODAY, "hours": Decimal(8), "actor": secretary}
    key = uuid.uuid4()
    first = hours.add_course(**words, entry_key=key)
    assert hours.add_course(**words, entry_key=key) == first
    assert first.state == StudyState.COUNTED


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("studied_on", TODAY + timedelta(days=1)),
        ("hours", Decimal("0.4")),
        ("hours", Decimal("1.3")),
        ("hours", Decimal("200.5")),
    ],
)
def test_odd_courses_are_refused_beside_their_field(members, secretary, field, value):
    words = {"title": "培训班", "studied_on": TODAY, "hours": Decimal("0.5"), field: value}
    with pytest.raises(ValidationError) as refused:
        hours.add_course(member=members[0], actor=secretary, **words)
    assert list(refused.value.error_dict) == [field]


def test_officers_owe_more_and_the_table_shows_who_is_below(confirmed, members, secretary):
    assert hours.target_of(secretary.member, 2026, TODAY) == 56
    assert hours.target_of(members[0], 2026, TODAY) == 32
    hours.add_course(member=members[3], title="班", studied_on=TODAY, hours=Decimal("30.5"), actor=secretary)
    desk = entered(secretary)
    page = reverse("activities:hours_list")
    assert "党员丁" in desk.get(page).content.decode()
    assert "党员丁" not in desk.get(page, {"below": "1"}).content.decode()  # 30.5 and 1.5 are 32
    assert desk.get(page, {"format": "xlsx"})["Content-Type"].endswith("sheet")


def test_one_s_own_page_shows_the_rates_side_by_side_over_any_period(confirmed, members, secretary):
    report(members[0], actor=secretary)
    phone = entered(members[0].user)
    page = reverse("activities:my_attendance")
    text = phone.get(page).content.decode()
    assert "0.0%" in text
    assert "100.0%" in text
    assert "病假" in text
    assert "应到0次" in phone.get(page, {"since": "2026-11-12", "until": "2026-11-30"}).content.decode()
    assert "应到1次" in phone.get(page, {"since": "2026-11-11", "until": "2026-11-11"}).content.decode()
    assert "1.5" in phone.get(reverse("activities:my_hours")).content.decode()
