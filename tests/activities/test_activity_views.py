"""What people see and may do on the pages of activities."""

import uuid
from datetime import date
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook
from PIL import Image

from activities.choices import ActivityState, Kind, PlanState
from activities.models import Activity, Photo, PlanItem
from activities.plan.planning import plan_year
from branches.choices import Role
from tests.factories import appoint, at, make_activity, make_member

LIST = reverse("activities:activity_list")
CREATE = reverse("activities:activity_create")
BOARD = reverse("activities:board")


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(date(2026, 11, 22), 10))


@pytest.fixture
def members(branch, groups, secretary, organiser):
    return [make_member(branch, group=groups[n % 2], name=f"党员{'甲乙丙丁'[n]}") for n in range(4)]


def url(name, activity):
    return reverse(f"activities:{name}", args=[activity.pk])


@pytest.fixture
def typed(branch, secretary, members):
    """A complete form, as the page sends it."""

    def make(**changes):
        fields = {
            "form_key": str(uuid.uuid4()),
            "branch": branch.pk,
            "kind": Kind.THEME_DAY,
            "topic": "冬季志愿导诊",
            "date": "2026-11-11",
            "starts": "16:30",
            "ends": "18:00",
            "place": "门诊楼五楼会议室",
            "chair": secretary.pk,
            "recorder": secretary.pk,
            "minutes": "一、重温入党誓词。",
            "absent": [members[0].pk],
            f"reason-{members[0].pk}": "duty",
            "action": "submit",
        }
        return {**fields, **changes}

    return make


def photo(name="a.jpg", color="red"):
    out = BytesIO()
    Image.new("RGB", (40, 30), color).save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/jpeg")


def test_the_form_comes_filled_with_what_is_owed(as_user, secretary, branch, members):
    plan_year(branches=[branch], year=2026)
    make_activity(branch, kinds=(Kind.COMMITTEE_MEETING,), day=date(2026, 10, 12), place="三楼会议室")
    page = as_user(secretary).get(CREATE)
    context = page.context
    assert (context["kind"], context["due"], context["absent"]) == (Kind.THEME_DAY, 6, 0)
    assert context["form"]["date"].value() == "2026-11-22"
    assert context["form"]["place"].value() == "三楼会议室"
    assert context["form"]["chair"].value() == secretary.pk
    assert "由组织委员赵启明确认" in page.content.decode()


def test_the_filled_form_is_never_ahead_of_the_clock(as_user, secretary, branch, members):
    """At half past ten the usual 16:30 has not come: the half-hour just past is offered instead."""
    form = as_user(secretary).get(CREATE).context["form"]
    assert (form["starts"].value(), form["ends"].value()) == ("09:00", "10:30")


def test_a_link_from_the_board_names_kind_group_and_day(as_user, secretary, groups, members):
    page = as_user(secretary).get(CREATE, {"kind": "group_meeting", "group": groups[1].pk, "date": "2026-10-31"})
    assert (page.context["kind"], page.context["group"]) == (Kind.GROUP_MEETING, groups[1])
    assert page.context["due"] == 2
    assert page.context["form"]["date"].value() == "2026-10-31"


def test_submitting_a_complete_form_hands_the_record_in(as_user, secretary, typed):
    client = as_user(secretary)
    answer = client.post(CREATE, {**typed(), "photos": [photo(), photo("b.jpg", "blue")]})
    activity = Activity.objects.get()
    assert answer.status_code == 302
    assert (activity.state, activity.serial) == (ActivityState.SUBMITTED, "JG01-2026-ZT-001")
    assert activity.photos.count() == 2
    assert "组织委员赵启明" in client.get(answer["Location"]).content.decode()


def test_the_same_form_sent_twice_is_one_record(as_user, secretary, typed):
    client, form = as_user(secretary), typed()
    assert client.post(CREATE, form).status_code == client.post(CREATE, form).status_code == 302
    assert Activity.objects.count() == 1


def test_what_is_missing_is_said_beside_it_and_nothing_typed_is_lost(as_user, secretary, typed, members):
    form = typed(minutes="", topic="只有题目", **{f"reason-{members[0].pk}": "", f"note-{members[0].pk}": "总值班"})
    page = as_user(secretary).post(CREATE, {**form, "photos": [photo()]})
    text = page.content.decode()
    assert page.status_code == 422
    for words in ("请填写纪要。", "只有题目", "门诊楼五楼会议室", "总值班", "党员甲缺席，还没有填写原因"):
        assert words in text
    kept = Activity.objects.get()
    assert (kept.state, kept.topic, kept.photos.count()) == (ActivityState.DRAFT, "只有题目", 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"date": "明天"}, "请填写正确的日期"),
        ({"date": "2014-01-01"}, "成立于2015年1月1日"),
        ({"ends": "16:00"}, "结束时间应晚于开始时间"),
        ({"kind": "nonsense"}, "请选择列出的活动类型"),
        ({"chair": "999999"}, "请从名单中选择"),
        ({"kind": "group_meeting"}, "请选择党小组"),
    ],
)
def test_bad_input_is_a_422_that_keeps_the_text(as_user, secretary, typed, changes, words):
    page = as_user(secretary).post(CREATE, typed(**changes))
    assert page.status_code == 422
    assert words in page.content.decode()
    assert "冬季志愿导诊" in page.content.decode()
    assert not Activity.objects.exists()


def test_a_future_meeting_is_kept_as_a_draft_and_says_why(as_user, secretary, typed):
    page = as_user(secretary).post(CREATE, typed(date="2026-11-23"))
    assert page.status_code == 422
    assert "活动还没有开始" in page.content.decode()
    assert Activity.objects.get().state == ActivityState.DRAFT


def test_changing_the_kind_asks_for_new_people_and_keeps_the_text(as_user, secretary, typed, organiser):
    form = typed(kind=Kind.COMMITTEE_MEETING, refresh="1")
    page = as_user(secretary).post(CREATE, form, headers={"HX-Request": "true"})
    assert page.context["due"] == 2
    assert "冬季志愿导诊" in page.content.decode()
    assert "<html" not in page.content.decode()
    assert not Activity.objects.exists()


def test_a_reason_without_a_tick_counts_as_absent_for_pages_without_script(as_user, secretary, typed, members):
    form = typed(absent=[], **{f"reason-{members[1].pk}": "official"})
    as_user(secretary).post(CREATE, form)
    absent = Activity.objects.get().attendances.exclude(status="present")
    assert {row.member_id for row in absent} == {members[0].pk, members[1].pk}


def test_the_second_saver_sees_both_texts_and_may_keep_the_own(as_user, secretary, organiser, branch, typed):
    client = as_user(secretary)
    client.post(CREATE, typed(action="draft"))
    draft = Activity.objects.get()
    client.post(url("activity_edit", draft), typed(action="draft", topic="书记的题目", version=1))
    client = as_user(organiser)
    mine = typed(action="draft", topic="组委的题目", version=1, recorder=secretary.pk)
    page = client.post(url("activity_edit", draft), mine)
    text = page.content.decode()
    assert page.status_code == 422
    assert "书记的题目" in text
    assert "组委的题目" in text
    client.post(url("activity_edit", draft), {**mine, "version": page.context["version"]})
    draft.refresh_from_db()
    assert draft.topic == "组委的题目"


def test_a_bad_photo_keeps_the_record_a_draft_and_names_the_file(as_user, secretary, typed):
    forged = SimpleUploadedFile("假照片.jpg", b"MZ" * 50, content_type="image/jpeg")
    page = as_user(secretary).post(CREATE, {**typed(minutes=""), "photos": [forged, photo()]})
    assert page.status_code == 422
    assert "假照片.jpg" in page.content.decode()
    assert "minutes" in page.context["problems"], "one look tells all that is left to do"
    kept = Activity.objects.get()
    assert (kept.state, kept.photos.count()) == (ActivityState.DRAFT, 1)


def test_going_back_and_handing_in_again_makes_no_second_meeting(as_user, secretary, typed):
    client = as_user(secretary)
    assert client.post(CREATE, typed()).status_code == 302
    again = client.post(CREATE, typed(form_key=str(uuid.uuid4())))
    assert again.status_code == 422
    assert "请勿重复登记" in again.context["problems"]["starts"]
    assert Activity.objects.filter(state=ActivityState.SUBMITTED).count() == 1


def test_a_stranger_gets_404_and_a_colleague_without_the_right_403(
    as_user, secretary, publicity, member_user, branch, other_branch
):
    theirs = make_activity(other_branch, state=ActivityState.SUBMITTED)
    mine = make_activity(branch, state=ActivityState.SUBMITTED)
    client = as_user(secretary)
    for name in ("activity_detail", "activity_edit", "activity_confirm", "activity_return", "activity_correct"):
        assert client.post(url(name, theirs)).status_code in {404, 405}
        assert client.get(url(name, theirs)).status_code == 404
    assert as_user(publicity).post(url("activity_confirm", mine)).status_code == 403
    client = as_user(member_user)
    assert client.get(url("activity_detail", mine)).status_code == 404  # not confirmed yet
    assert client.get(CREATE).status_code == 403
    assert client.get(BOARD).status_code == 403


def test_writing_for_a_foreign_branch_is_404(as_user, secretary, other_branch, typed):
    assert as_user(secretary).post(CREATE, typed(branch=other_branch.pk)).status_code == 404
    assert not Activity.objects.exists()


def test_a_group_leader_writes_for_the_own_group_only(as_user, branch, groups, members, typed):
    leader = members[0].user
    appoint(leader, groups[0], Role.GROUP_LEADER)
    client = as_user(leader)
    page = client.get(CREATE)
    assert [kind.value for kind in page.context["kinds"]] == ["group_meeting"]
    assert page.context["group"] == groups[0]
    form = typed(branch=groups[0].pk, kind="group_meeting", group=groups[0].pk, absent=[])
    form[f"reason-{members[0].pk}"] = ""
    assert client.post(CREATE, form).status_code == 302
    assert client.post(CREATE, {**form, "form_key": str(uuid.uuid4()), "group": groups[1].pk}).status_code == 422


def test_confirming_on_the_page_and_the_same_person_may_not(as_user, secretary, organiser, branch, members):
    record = make_activity(branch, state=ActivityState.SUBMITTED, recorder=secretary, members=members)
    page = as_user(secretary).get(url("activity_detail", record))
    assert "确认记录" not in page.content.decode()
    refused = as_user(secretary).post(url("activity_confirm", record))
    assert refused.status_code == 422
    client = as_user(organiser)
    assert "确认记录" in client.get(url("activity_detail", record)).content.decode()
    assert client.post(url("activity_confirm", record)).status_code == 302
    record.refresh_from_db()
    assert record.state == ActivityState.CONFIRMED


def test_the_office_returns_with_a_comment_that_the_recorder_sees(as_user, secretary, office, branch, members):
    record = make_activity(branch, state=ActivityState.SUBMITTED, recorder=secretary, members=members)
    client = as_user(office)
    assert client.post(url("activity_return", record), {"comment": ""}).status_code == 422
    client.post(url("activity_return", record), {"comment": "请补充责任人。"})
    assert "请补充责任人。" in as_user(secretary).get(url("activity_detail", record)).content.decode()


def test_members_read_confirmed_records_without_the_reasons_of_others(as_user, member_user, branch, members):
    record = make_activity(branch, state=ActivityState.CONFIRMED, members=members, absent=(members[0],))
    text = as_user(member_user).get(url("activity_detail", record)).content.decode()
    assert "病假" not in text
    assert "办理过程" not in text
    assert "党员乙" in text
    assert "党员甲" not in text


def test_a_correction_is_made_on_its_page(as_user, organiser, secretary, branch, members):
    record = make_activity(branch, state=ActivityState.CONFIRMED, recorder=secretary, members=members)
    form = {"version": record.version, "absent": [members[2].pk], f"reason-{members[2].pk}": "unexcused", "why": "核对"}
    client = as_user(organiser)
    assert client.post(url("activity_correct", record), {**form, "why": ""}).status_code == 422
    assert client.post(url("activity_correct", record), form).status_code == 302
    assert client.post(url("activity_correct", record), form).status_code == 422  # the version is of before
    record.refresh_from_db()
    assert record.revision == 1


def test_a_draft_is_deleted_with_its_files(as_user, secretary, typed, django_capture_on_commit_callbacks):
    client = as_user(secretary)
    client.post(CREATE, {**typed(action="draft"), "photos": [photo()]})
    kept = Photo.objects.get()
    storage, name = kept.image.storage, kept.image.name
    assert storage.exists(name)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url("activity_delete", kept.activity))
    assert not Activity.objects.exists()
    assert not storage.exists(name)


def test_photos_are_served_to_readers_of_the_record_only(as_user, secretary, outsider, typed):
    client = as_user(secretary)
    client.post(CREATE, {**typed(), "photos": [photo()]})
    path = reverse("activities:photo", args=[Photo.objects.get().pk])
    answer = client.get(path)
    assert answer.content.startswith(b"\xff\xd8")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "private" in answer["Cache-Control"]
    assert as_user(outsider).get(path).status_code == 404


def test_the_list_filters_and_pages(as_user, secretary, branch):
    old = make_activity(branch, day=date(2026, 10, 9), topic="清廉医院建设")
    make_activity(branch, kinds=(Kind.COMMITTEE_MEETING,), day=date(2026, 11, 4), state=ActivityState.SUBMITTED)
    client = as_user(secretary)
    for query in (
        {"q": "清廉"},
        {"kind": "theme_day"},
        {"state": "draft"},
        {"month": "2026-10"},
        {"until": "2026-10-31"},
    ):
        assert list(client.get(LIST, query).context["activities"]) == [old], query
    assert "没有符合条件的记录" in client.get(LIST, {"q": "没有"}).content.decode()
    assert len(client.get(LIST, {"month": "nonsense", "page": "x", "branch": "y"}).context["activities"]) == 2


def test_the_export_holds_what_is_shown_and_no_formula(as_user, secretary, branch):
    make_activity(branch, topic="=1+1")
    make_activity(branch, kinds=(Kind.COMMITTEE_MEETING,))
    answer = as_user(secretary).get(LIST, {"kind": "theme_day", "format": "xlsx"})
    rows = list(load_workbook(BytesIO(answer.content)).active.iter_rows())
    assert [row[4].value for row in rows[:3]] == ["主题", "=1+1", None]
    assert rows[1][4].data_type == "s"


def test_the_list_costs_the_same_for_one_row_and_for_twenty(as_user, secretary, branch, members):
    client = as_user(secretary)
    make_activity(branch, members=members)
    client.get(LIST)
    with CaptureQueriesContext(connection) as one:
        client.get(LIST)
    for _ in range(19):
        make_activity(branch, members=members)
    with CaptureQueriesContext(connection) as twenty:
        assert len(client.get(LIST).context["activities"]) == 20
    assert len(twenty) == len(one)


def test_the_detail_costs_the_same_for_one_person_and_for_twenty(as_user, secretary, branch, members):
    small = make_activity(branch, members=members[:1])
    large = make_activity(branch, members=[make_member(branch) for _ in range(20)])
    client = as_user(secretary)
    client.get(url("activity_detail", small))
    with CaptureQueriesContext(connection) as one:
        client.get(url("activity_detail", small))
    with CaptureQueriesContext(connection) as twenty:
        client.get(url("activity_detail", large))
    assert len(twenty) == len(one)


def test_the_form_costs_the_same_for_few_and_for_many(as_user, secretary, branch, members):
    client = as_user(secretary)
    client.get(CREATE)
    with CaptureQueriesContext(connection) as few:
        client.get(CREATE)
    for _ in range(20):
        make_member(branch)
    with CaptureQueriesContext(connection) as many:
        client.get(CREATE)
    assert len(many) == len(few)


def test_an_explanation_is_asked_accepted_and_refused(as_user, secretary, office, branch, members):
    plan_year(branches=[branch], year=2026)
    item = PlanItem.objects.get(kind=Kind.THEME_DAY, start=date(2026, 10, 1))
    path = reverse("activities:plan_item", args=[item.pk])
    client = as_user(secretary)
    assert client.post(path, {"action": "accept"}).status_code == 403
    assert client.post(path, {"action": "explain", "reason": "x"}).status_code == 422
    assert client.post(path, {"action": "explain", "reason": "全员参加援外医疗队"}).status_code == 302
    client = as_user(office)
    assert "全员参加援外医疗队" in client.get(reverse("activities:plan_reviews")).content.decode()
    assert client.post(path, {"action": "refuse", "comment": ""}).status_code == 422
    assert client.post(path, {"action": "accept"}).status_code == 302
    item.refresh_from_db()
    assert item.state == PlanState.NOT_HELD


def test_the_board_leads_to_the_record_or_to_the_form(as_user, secretary, leader, branch, members):
    plan_year(branches=[branch], year=2026)
    text = as_user(secretary).get(BOARD).content.decode()
    assert f"{CREATE}?kind=theme_day&amp;branch={branch.pk}" in text
    text = as_user(leader).get(BOARD, {"month": "nonsense"}).content.decode()
    assert CREATE + "?" not in text
    assert "主题党日" in text
