"""Sittings on the pages: the fold of the form with and without script, the roster, sign-in for each, and on paper."""

import uuid
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities import services
from activities.attendance import leave, sign_in
from activities.calendar_feed import gatherings_ahead
from activities.choices import ActivityState, Kind, SignMethod
from activities.models import Activity, Attendance, FormDraft, SignIn
from activities.records.announcing import announce, plan_activity
from activities.records.session_form import SessionRows
from activities.reminders.reminding import remind_gatherings
from activities.reports.record_forms import record_document
from activities.reports.sheets import sign_in_sheet
from branches.models import Notice
from branches.working_days import load_calendar
from config.documents.content import Grid, Line, Table
from tests.factories import at, make_member

CREATE = reverse("activities:activity_create")
DAY = date(2026, 11, 20)
TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(TODAY, 22), tick=False)
    return time_machine


@pytest.fixture
def members(branch, groups, secretary, organiser):
    return [make_member(branch, group=groups[n % 2], name=f"党员{'甲乙丙丁'[n]}") for n in range(4)]


@pytest.fixture
def typed(branch, secretary, members):
    """A form with a second sitting two days later."""

    def make(**changes):
        fields = {
            "form_key": str(uuid.uuid4()),
            "branch": branch.pk,
            "kind": Kind.THEME_DAY,
            "topic": "学习条例",
            "date": f"{DAY}",
            "starts": "16:30",
            "ends": "17:30",
            "place": "三楼会议室",
            "chair": secretary.pk,
            "recorder": secretary.pk,
            "minutes": "学习有关要求。",
            "session-count": 2,
            "session-0-key": "n0",
            "session-0-date": f"{TODAY}",
            "session-0-starts": "20:30",
            "session-0-ends": "21:30",
            "session-0-place": "急诊科示教室",
            "session-1-key": "n1",
            f"seat-{members[1].pk}": "n0",
            "action": "submit",
        }
        return {**fields, **changes}

    return make


@pytest.fixture
def record(as_user, secretary, typed):
    as_user(secretary).post(CREATE, typed(action="draft"))
    return Activity.objects.get()


def url(name, activity):
    return reverse(f"activities:{name}", args=[activity.pk])


def seat(member):
    return Attendance.objects.get(member=member).session


# -- The form


def test_one_sitting_needs_nothing_more_than_before(as_user, secretary, members):
    page = as_user(secretary).get(CREATE)
    assert page.context["seats"] is None
    text = page.content.decode()
    assert "分场举行" in text
    assert 'name="seat-' not in text
    assert 'id="fold-session" open' not in text


def test_a_form_with_a_second_sitting_is_handed_in_and_shown(as_user, secretary, members, typed):
    client = as_user(secretary)
    page = client.get(client.post(CREATE, typed())["Location"]).content.decode()
    record = Activity.objects.get()
    assert record.state == ActivityState.SUBMITTED
    assert (seat(members[1]).number, seat(members[0]).number) == (2, 1)
    for words in ("共2场", "急诊科示教室", "第2场：</b>党员乙", "session=2"):
        assert words in page


@pytest.mark.parametrize(("later", "short"), [(3, False), (2, True)])
def test_the_roster_says_at_once_when_no_sitting_may_vote(as_user, secretary, members, typed, later, short):
    form = typed(kind="general_meeting", refresh="session", absent=[secretary.member.pk])
    if short:
        form["absent"].append(members[3].pk)
    form |= {f"seat-{one.pk}": "n0" for one in members[:later]}
    page = as_user(secretary).post(CREATE, form)
    assert max(one["voters"] for one in page.context["seats"]["choices"]) == later  # of six, three must come
    assert page.context["short_sitting"] is short


def test_without_a_script_the_server_adds_a_row_and_the_choices_on_the_roster(as_user, secretary, members, typed):
    page = as_user(secretary).post(CREATE, typed(refresh="more-session"))
    text = page.content.decode()
    assert page.status_code == 200
    assert 'name="session-2-starts"' in text
    assert f'name="seat-{members[0].pk}"' in text
    assert [one["count"] for one in page.context["seats"]["choices"]] == [5, 1]
    assert not Activity.objects.exists()


def test_a_row_without_day_and_place_is_that_of_the_first_sitting(as_user, secretary, typed):
    blank = {"session-0-date": "", "session-0-place": ""}
    as_user(secretary).post(CREATE, typed(action="draft", **blank))
    second = Activity.objects.get().sessions.get(number=2)
    assert (second.starts_at, second.place) == (at(DAY, 20, 30), "")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("session-0-starts", "", "请填写这一场的开始时间"),
        ("session-0-starts", "25:00", "请填写正确的时间"),
        ("session-0-ends", "20:30", "结束时间应晚于开始时间"),
        ("session-0-date", "2026-02-30", "请填写正确的日期"),
        ("session-0-date", "2026-12-01", "按第1场计入11月"),
        ("session-0-place", "长" * 61, "现有61字"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_typed_is_lost(as_user, secretary, typed, field, value, words):
    page = as_user(secretary).post(CREATE, typed(**{field: value}))
    text = page.content.decode()
    assert page.status_code == 422
    assert words in text
    assert 'id="fold-session" open' in text
    assert "急诊科示教室" in text or field == "session-0-place"
    assert not Activity.objects.exists()


def test_a_row_keeps_its_people_when_the_one_before_it_is_taken_out(as_user, secretary, members, typed):
    third = {"session-1-starts": "21:40", "session-1-ends": "22:00", f"seat-{members[2].pk}": "n1"}
    page = as_user(secretary).post(CREATE, typed(refresh="drop-session-0", **third))
    people = {one["person"].name: one["seat"] for box in page.context["roster"] for one in box["people"]}
    assert people["党员丙"]["label"] == "第2场"
    assert people["党员乙"]["lost"]
    assert "去掉的场次里有1人：党员乙" in page.content.decode()


def test_who_came_to_a_sitting_taken_out_is_asked_for_and_moved_by_a_tick_alone(as_user, secretary, members, record):
    client = as_user(secretary)
    form = client.get(url("activity_edit", record)).context
    night = record.sessions.get(number=2)
    said = {name: form["form"][name].value() or "" for name in ("kind", "topic", "date", "starts", "ends", "place")}
    said |= {"chair": secretary.pk, "recorder": secretary.pk, "minutes": "学习有关要求。", "version": record.version}
    said |= {"form_key": str(uuid.uuid4()), "session-count": 1, f"seat-{members[1].pk}": night.pk, "action": "draft"}
    page = client.post(url("activity_edit", record), said)
    assert page.status_code == 422
    assert "党员乙原来登记在去掉的场次" in page.content.decode()
    assert 'name="seats-once"' in page.content.decode()
    assert record.sessions.count() == 2
    client.post(url("activity_edit", record), {**said, "seats-once": "1"})
    assert record.sessions.count() == 0
    assert Attendance.objects.get(member=members[1]).status == "present"


def test_a_kept_text_and_a_copy(as_user, secretary, members, typed, record):
    """What is kept while typing holds the rows; a copy of a record brings no days."""
    client = as_user(secretary)
    form = typed(draft_form=f"activity:new:{record.branch_id}", form_key=str(uuid.uuid4()))
    client.post(reverse("activities:draft_keep"), form)
    assert "session-0-starts" in FormDraft.objects.get().body
    restored = client.get(CREATE)
    assert restored.context["sittings"]["sittings"] == 2
    FormDraft.objects.all().delete()
    copy = client.get(CREATE, {"copy": record.pk})
    assert (copy.context["sittings"]["sittings"], copy.context["seats"]) == (0, None)


def test_keys_are_never_given_twice():
    rows = SessionRows(rows=[{"date": "", "starts": "20:30", "ends": "", "place": "", "key": "n0"}])
    assert [row["row"]["key"] for row in rows.editor({})["rows"]] == ["n0", "n1"]


def test_a_correction_moves_somebody_to_the_other_sitting(as_user, secretary, organiser, members, record):
    services.submit_activity(activity=record, actor=secretary)
    services.confirm_activity(activity=record, actor=organiser)
    record.refresh_from_db()
    client = as_user(organiser)
    page = client.get(url("activity_correct", record))
    assert f'name="seat-{members[0].pk}"' in page.content.decode()
    night = record.sessions.get(number=2)
    said = {"version": record.version, "why": "核对签到表", f"seat-{members[0].pk}": night.pk}
    client.post(url("activity_correct", record), said)
    assert (seat(members[0]), seat(members[1])) == (night, night)
    assert record.revisions.get().changes == {"党员甲": ["第1场", "第2场"]}


# -- Signing in


@pytest.fixture
def twice(as_user, secretary, typed, today):
    """Both sittings today: 16:30 and 20:30."""
    as_user(secretary).post(CREATE, typed(action="draft", date=f"{TODAY}", **{"session-0-date": ""}))
    today.move_to(at(TODAY, 16, 20), tick=False)
    return Activity.objects.get()


def scan(activity, member, moment):
    return sign_in.sign_by_scan(activity=activity, user=member.user, scanned_at=moment)[0]


def test_who_scans_is_booked_on_the_sitting_whose_window_it_is(as_user, secretary, members, twice, today):
    client = as_user(secretary)
    first, night = twice.sessions.all()
    page = client.get(url("sign_in", twice))
    assert page.context["chosen"] == first
    client.post(url("sign_in", twice), {"session": first.pk, "opens": page.context["opens"], "closes": "17:00"})
    assert scan(twice, members[0], at(TODAY, 16, 20)).session == first
    assert Attendance.objects.get(member=members[1]).session is None  # waits for a signature
    today.move_to(at(TODAY, 20, 10), tick=False)
    page = client.get(url("sign_in", twice))
    assert (page.context["chosen"], page.context["opens"], page.context["closes"]) == (night, "20:00", "21:00")
    assert "开启第2场签到" in page.content.decode()
    client.post(url("sign_in", twice), {"session": night.pk, "opens": "20:00", "closes": "21:00"})
    assert SignIn.objects.get().session == night
    assert scan(twice, members[1], at(TODAY, 20, 10)).session == night
    assert scan(twice, members[0], at(TODAY, 20, 10)).session == first  # came to one, and that stands
    assert "第1场签到1人，第2场签到1人" in client.get(url("sign_in", twice)).content.decode()
    assert "第2场" in client.get(url("sign_screen", twice)).content.decode()


def test_the_window_of_a_sitting_opens_on_its_own_day_alone(as_user, secretary, record, today):
    today.move_to(at(DAY, 16, 20), tick=False)
    client = as_user(secretary)
    night = record.sessions.get(number=2)
    page = client.post(url("sign_in", record), {"session": night.pk, "opens": "16:00", "closes": "17:00"})
    assert page.status_code == 422
    assert "第2场不在今天" in page.content.decode()
    today.move_to(at(TODAY, 20, 10), tick=False)
    client = as_user(secretary)
    assert "签到</a>" in client.get(url("activity_detail", record)).content.decode()
    client.post(url("sign_in", record), {"opens": "", "closes": ""})
    assert SignIn.objects.get().session == night


def test_the_secretary_ticks_into_the_other_sitting_and_takes_it_back(as_user, secretary, members, twice):
    client = as_user(secretary)
    first, night = twice.sessions.all()
    client.post(url("sign_in", twice), {"session": first.pk})
    client.post(url("sign_tick", twice), {"member": members[0].pk, "session": night.pk})
    row = Attendance.objects.get(member=members[0])
    assert (row.session, row.signed_by) == (night, SignMethod.MANUAL)
    client.post(url("sign_undo", twice), {"member": members[0].pk})
    row.refresh_from_db()
    assert (row.session, row.signed_at, row.status) == (first, None, "present")


def test_the_form_leaves_who_scanned_where_they_scanned(as_user, secretary, members, twice):
    client = as_user(secretary)
    first, _night = twice.sessions.all()
    client.post(url("sign_in", twice), {"session": first.pk})
    scan(twice, members[0], at(TODAY, 16, 20))
    twice.refresh_from_db()
    rows = SessionRows.of_activity(Activity.objects.for_detail().get(pk=twice.pk))
    assert rows.signed == {members[0].pk: ("first", "扫码")}
    text = client.get(url("activity_edit", twice)).content.decode()
    assert "第1场，扫码" in text
    assert f'name="seat-{members[0].pk}"' not in text


# -- Ahead, and on paper


def test_the_feed_shows_each_sitting_and_the_messages_tell_all_times(as_user, secretary, members, record, today):
    today.move_to(at(DAY, 9), tick=False)
    plan_activity(activity=record, actor=secretary)
    announce(activity=record, actor=secretary)
    told = Notice.objects.filter(recipient=members[0].user).latest("pk").text
    assert told == "11月20日16:30，三楼会议室，另有11月22日20:30一场：学习条例"
    events = list(gatherings_ahead(members[0].user, DAY))
    assert [(one.title, one.start) for one in events] == [
        ("学习条例（第1场）", at(DAY)),
        ("学习条例（第2场）", at(TODAY, 20, 30)),
    ]
    Activity.objects.update(state=ActivityState.DRAFT)  # the first was held, and somebody wrote it down
    assert len(list(gatherings_ahead(members[0].user, TODAY))) == 2
    assert not list(gatherings_ahead(members[0].user, TODAY + timedelta(days=1)))


def test_the_day_before_the_first_sitting_everybody_is_told_all_times(secretary, hospital, members, record, today):
    Activity.objects.update(state=ActivityState.PLANNED, announced_at=at(DAY - timedelta(days=3)))
    today.move_to(at(DAY - timedelta(days=1), 9), tick=False)
    remind_gatherings(hospital_id=hospital.pk, today=DAY - timedelta(days=1), calendar=load_calendar([2026]))
    told = Notice.objects.filter(recipient=members[0].user).latest("pk").text
    assert told == "明天16:30，三楼会议室，另有11月22日20:30一场：学习条例"


def test_leave_can_still_be_asked_from_on_the_day_of_the_second_sitting(as_user, members, record, today):
    today.move_to(at(TODAY, 9), tick=False)
    text = as_user(members[0].user).get(reverse("activities:my_attendance")).content.decode()
    assert "第2场" in text
    asked = leave.ask_leave(activity=record, member=members[0], reason="duty", note="", actor=members[0].user)
    assert asked.state == "asked"
    today.move_to(at(TODAY + timedelta(days=1), 9), tick=False)
    assert leave.ahead_of(members[0]) == []


@pytest.mark.parametrize("page", ["activity_detail", "activity_edit", "sign_in"])
def test_a_page_costs_the_same_however_many_sittings_there_are(as_user, secretary, record, page):
    client = as_user(secretary)

    def cost():
        with CaptureQueriesContext(connection) as found:
            assert client.get(url(page, record)).status_code == 200
        return len(found)

    cost()
    two = cost()
    for n in range(3, 7):
        record.sessions.create(number=n, starts_at=at(TODAY, 8 + n), ends_at=at(TODAY, 9 + n))
    assert cost() == two


def loaded(record):
    return Activity.objects.for_detail().get(pk=record.pk)


def test_the_paper_form_counts_each_sitting(record):
    (sheet,) = record_document(loaded(record), sees_reasons=True).sections
    texts = [cell.text for row in next(b for b in sheet.blocks if isinstance(b, Grid)).rows for cell in row.cells]
    assert "第1场：2026年11月20日16时30分—17时30分\n第2场：2026年11月22日20时30分—21时30分" in texts
    assert "三楼会议室；急诊科示教室" in texts
    assert "6人/6人（第1场5人，第2场1人）" in texts


def test_each_sitting_has_its_sheet_to_sign(as_user, secretary, organiser, record):
    night = record.sessions.get(number=2)
    blank = sign_in_sheet(loaded(record), filled=False, session=night)
    heads = [part for block in blank.sections[0].blocks if isinstance(block, Line) for part in block.parts]
    assert "地点：急诊科示教室" in heads
    assert "时间：2026年11月22日20时30分—21时30分" in heads

    def names(sheet):
        table = next(block for block in sheet.sections[0].blocks if isinstance(block, Table))
        return [value for row in table.rows for value in row[1::3] if value]

    assert len(names(blank)) == 6
    signed = sign_in_sheet(loaded(record), filled=True, session=night)
    assert names(signed) == ["党员乙"]
    told = [part for block in signed.sections[0].blocks if isinstance(block, Line) for part in block.parts]
    assert {"应到：6人", "实到：1人", "请假：0人"} <= set(told)  # expected is everyone, came is those of the sitting
    client = as_user(secretary)
    assert client.get(url("sign_in_file", record), {"session": 2}).status_code == 200
    assert client.get(url("sign_in_file", record), {"session": 3}).status_code == 404


# -- The page of a vote


@pytest.mark.parametrize("present", [3, 2])
def test_the_page_of_a_vote_judges_by_the_people_of_the_chosen_sitting(as_user, secretary, members, typed, present):
    """Six may vote: three of them make a sitting that can decide, two do not."""
    client = as_user(secretary)
    came = {f"seat-{one.pk}": "n0" for one in members[:present]}
    client.post(CREATE, typed(action="draft", kind=Kind.GENERAL_MEETING, **came))
    record = Activity.objects.get()
    ask = url("motion_create", record)
    motion = {"kind": "resolution", "method": "show_of_hands", "text": "通过计划", "yes": "2", "action": "check"}
    page = client.post(ask, motion).content.decode()
    assert "请选择类别、表决方式和场次" in page
    assert "第2场，11月22日20:30" in page
    night = record.sessions.get(number=2)
    check = client.post(ask, motion | {"session": night.pk}).context["check"]
    assert (check["voters"].eligible, check["voters"].present, check["outcome"].quorum) == (6, present, 3)
    assert (check["outcome"].result == "void") == (present == 2)
