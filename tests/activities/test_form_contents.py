"""The folds of the form: fields of kinds, speeches and matters, files, plans, copies, and what was left open."""

import uuid
from datetime import date
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from activities import services
from activities.choices import ActivityState, AttachmentGroup, FollowUpSort, Kind
from activities.models import Activity, Attachment, FollowUp
from activities.records import details
from branches.models import Notice, Todo
from tests.factories import at, make_activity, make_member

CREATE = reverse("activities:activity_create")
MATTERS = reverse("activities:follow_ups")
PDF = b"%PDF-1.7 made for a test"


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(date(2026, 11, 22), 10))


@pytest.fixture
def members(branch, groups, secretary, organiser):
    return [make_member(branch, group=groups[n % 2], name=f"党员{'甲乙丙丁'[n]}") for n in range(4)]


@pytest.fixture
def typed(branch, secretary, members):
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
            "details": "1",
            "agenda": "",
            "speech-count": 3,
            "resolution-count": 3,
            "action": "submit",
        }
        return {**fields, **changes}

    return make


def url(name, row):
    return reverse(f"activities:{name}", args=[row.pk])


def matter(secretary, **changes):
    return {"resolution-0-text": "补齐志愿服务台账", "resolution-0-owner": secretary.pk, **changes}


def test_what_the_folds_say_is_kept_and_shown(as_user, secretary, members, typed):
    client = as_user(secretary)
    said = {
        "d-theme_day-flow": ["oath", "volunteer"],
        "d-theme_day-served": "36",
        "agenda": "学习文件\n\n讨论导诊排班",
        "speech-0-name": "党员甲",
        "speech-0-points": "建议周末增加一班。",
        **matter(secretary, **{"resolution-0-due": "2026-12-10"}),
    }
    answer = client.post(CREATE, typed(**said))
    record = Activity.objects.get()
    assert record.details == {"theme_day": {"flow": ["oath", "volunteer"], "served": 36}}
    assert record.agenda.splitlines() == ["学习文件", "讨论导诊排班"]
    assert record.speeches.get().member == members[0]
    assert (record.follow_ups.get().owner, record.follow_ups.get().due) == (secretary, date(2026, 12, 10))
    text = client.get(answer["Location"]).content.decode()
    for words in ("重温誓词、志愿服务", "36人次", "讨论导诊排班", "建议周末增加一班", "补齐志愿服务台账"):
        assert words in text


def test_a_form_that_does_not_ask_leaves_everything_as_it_is(as_user, secretary, typed):
    client = as_user(secretary)
    client.post(CREATE, typed(action="draft", **{"d-theme_day-flow": ["oath"]}, **matter(secretary)))
    record = Activity.objects.get()
    bare = typed(action="draft", version=1, topic="另一个题目")
    for key in ("details", "agenda", "speech-count", "resolution-count"):
        del bare[key]
    client.post(url("activity_edit", record), bare)
    record.refresh_from_db()
    assert (record.topic, record.details) == ("另一个题目", {"theme_day": {"flow": ["oath"]}})
    assert record.follow_ups.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("d-theme_day-served", "很多", "志愿服务：请填写0至9999的整数"),
        ("speech-0-name", "党员甲", "发言要点，或清空这一行"),
        ("resolution-0-due", "明天", "请写明事项"),
        ("resolution-0-owner", "999999", "请写明事项"),
    ],
)
def test_a_bad_fold_is_said_beside_it_and_keeps_the_text(as_user, secretary, typed, field, value, words):
    page = as_user(secretary).post(CREATE, typed(**{field: value}))
    assert page.status_code == 422
    assert words in page.content.decode()
    assert "冬季志愿导诊" in page.content.decode()
    assert not Activity.objects.exists()


def test_without_a_script_the_server_adds_rows(as_user, secretary, typed):
    page = as_user(secretary).post(CREATE, typed(refresh="more-speech", **{"speech-2-name": "党员丙"}))
    text = page.content.decode()
    assert page.status_code == 200
    assert 'name="speech-5-name"' in text
    assert "党员丙" in text
    assert not Activity.objects.exists()


def test_lines_that_stay_keep_their_row_whatever_moves_around_them(as_user, secretary, typed):
    client = as_user(secretary)
    client.post(CREATE, typed(action="draft", **matter(secretary, **{"resolution-1-text": "更新名册"})))
    record = Activity.objects.get()
    before = {row.text: row.pk for row in record.follow_ups.all()}
    swapped = {"resolution-0-text": "更新名册", "resolution-1-text": "补齐志愿服务台账", "resolution-2-text": "新事项"}
    client.post(url("activity_edit", record), typed(action="draft", version=1, **swapped))
    after = {row.text: row.pk for row in record.follow_ups.all()}
    assert before.items() <= after.items()
    assert [row.text for row in record.follow_ups.all()] == ["更新名册", "补齐志愿服务台账", "新事项"]


def test_a_confirmed_matter_is_a_to_do_of_its_owner_until_it_is_ticked_off(
    as_user, secretary, organiser, member_user, typed
):
    client = as_user(secretary)
    client.post(CREATE, typed(**matter(organiser, **{"resolution-0-due": "2026-11-20"})))
    record = Activity.objects.get()
    assert not Todo.objects.filter(item_key__startswith="follow_up:").exists()
    services.confirm_activity(activity=record, actor=organiser)
    row = record.follow_ups.get()
    todo = Todo.objects.get(item_key=f"follow_up:{row.pk}")
    assert (todo.recipient, todo.due) == (organiser, date(2026, 11, 20))
    assert "逾期" in as_user(secretary).get(MATTERS, {"state": "late"}).content.decode()
    assert as_user(member_user).post(url("follow_up_done", row), {"note": "x"}).status_code == 404
    client = as_user(organiser)
    refused = client.post(url("follow_up_done", row), {"note": " "})
    assert (refused.status_code, "请写明落实情况" in refused.content.decode()) == (422, True)
    assert client.post(url("follow_up_done", row), {"note": "台账已补齐。"}).status_code == 302
    todo.refresh_from_db()
    row.refresh_from_db()
    assert (row.done_on, row.done_by, row.done_note) == (date(2026, 11, 22), organiser, "台账已补齐。")
    assert todo.done_at is not None
    assert "台账已补齐。" in client.get(MATTERS, {"state": "done"}).content.decode()
    client.post(url("follow_up_done", row), {"reopen": "1"})
    assert Todo.objects.filter(item_key=f"follow_up:{row.pk}", done_at__isnull=True).exists()


def test_the_next_form_offers_what_the_last_meeting_left_open(as_user, secretary, branch, typed):
    last = make_activity(branch, state=ActivityState.CONFIRMED, day=date(2026, 10, 11))
    row = FollowUp.objects.create(activity=last, number=1, text="整理党员活动室", owner=secretary)
    client = as_user(secretary)
    assert "整理党员活动室" in client.get(CREATE).content.decode()
    client.post(CREATE, typed(action="draft", **{f"carried-{row.pk}": "已整理完毕。"}))
    row.refresh_from_db()
    assert (row.done_note, row.done_by) == ("已整理完毕。", secretary)
    assert "整理党员活动室" not in client.get(CREATE).content.decode()


def test_an_organisational_life_meeting_keeps_what_each_said_from_plain_members(
    as_user, secretary, organiser, member_user, members, typed
):
    said = {
        "kind": Kind.ORG_LIFE_MEETING,
        "d-org_life_meeting-talks": "31",
        "life-count": 3,
        "life-0-member": members[0].pk,
        "life-0-self_criticism": "学习不够系统。",
        "rectification-count": 3,
        "rectification-0-text": "调研不深入",
        "rectification-0-measure": "每季度下科室一次",
    }
    as_user(secretary).post(CREATE, typed(**said))
    record = Activity.objects.get()
    assert record.follow_ups.get().sort == FollowUpSort.RECTIFICATION
    assert record.life_entries.get().member == members[0]
    services.confirm_activity(activity=record, actor=organiser)
    page = url("activity_detail", record)
    assert "学习不够系统" in as_user(organiser).get(page).content.decode()
    plain = as_user(member_user).get(page).content.decode()
    assert "谈心谈话" in plain
    assert "学习不够系统" not in plain
    assert "调研不深入" not in plain


def office_file(part="word/document.xml", extra=()):
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        for name in ("[Content_Types].xml", part, *extra):
            archive.writestr(name, "<x/>")
    return out.getvalue()


def upload(name, body):
    return SimpleUploadedFile(name, body)


def test_files_are_kept_encrypted_served_to_readers_and_gone_with_the_record(
    as_user, secretary, outsider, typed, django_capture_on_commit_callbacks
):
    client = as_user(secretary)
    files = [upload("课件.pdf", PDF), upload("讲稿.pptx", office_file("ppt/presentation.xml"))]
    assert (
        client.post(CREATE, {**typed(action="draft"), "files": files, "files_group": "courseware"}).status_code == 302
    )
    kept = Attachment.objects.get(name="课件.pdf")
    with kept.file.open("rb") as raw:
        assert PDF not in raw.read()
    answer = client.get(url("attachment", kept))
    assert answer.content == PDF
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment")
    assert as_user(outsider).get(url("attachment", kept)).status_code == 404
    client = as_user(secretary)
    storage, names = kept.file.storage, [one.file.name for one in Attachment.objects.all()]
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url("attachment_delete", kept))
        client.post(url("activity_delete", kept.activity))
    assert not Activity.objects.exists()
    assert not any(storage.exists(name) for name in names)


def test_a_file_with_macros_is_refused_and_the_rest_is_kept(as_user, secretary, typed):
    bad = upload("表.docx", office_file(extra=("word/vbaProject.bin",)))
    page = as_user(secretary).post(CREATE, {**typed(), "files": [bad, upload("好.pdf", PDF)]})
    assert page.status_code == 422
    assert "表.docx" in page.content.decode()
    assert [one.name for one in Attachment.objects.all()] == ["好.pdf"]
    assert Activity.objects.get().state == ActivityState.DRAFT


def test_members_get_courseware_and_not_the_papers_of_others(as_user, member_user, secretary, branch):
    record = make_activity(branch, state=ActivityState.CONFIRMED)
    rows = {
        group: Attachment.objects.create(
            activity=record, group=group, name=f"{group}.pdf", content_type="application/pdf", size=1,
            sha256=group, uploaded_by=secretary, file="attachments/none",
        )
        for group in (AttachmentGroup.COURSEWARE, AttachmentGroup.ANALYSIS)
    }  # fmt: skip
    text = as_user(member_user).get(url("activity_detail", record)).content.decode()
    assert "courseware.pdf" in text
    assert "analysis.pdf" not in text
    assert as_user(member_user).get(url("attachment", rows[AttachmentGroup.ANALYSIS])).status_code == 404


def test_copying_takes_the_frame_and_not_what_was_said(as_user, secretary, branch, members):
    last = make_activity(
        branch,
        day=date(2026, 10, 11),
        members=members,
        absent=(members[0],),
        agenda="学习\n讨论",
        minutes="上次的纪要",
        details={"theme_day": {"flow": ["oath"]}},
        place="三楼会议室",
    )
    client = as_user(secretary)
    page = client.get(CREATE, {"copy": last.pk})
    form = page.context["form"]
    assert (form["place"].value(), form["agenda"].value(), form["minutes"].value()) == ("三楼会议室", "学习\n讨论", "")
    assert form["topic"].value() == last.topic
    assert page.context["absent"] == 0
    assert page.context["folds"][0]["filled"] == 1
    page = client.get(CREATE, {"copy": last.pk, "minutes": 1, "absences": 1})
    assert (page.context["form"]["minutes"].value(), page.context["absent"]) == ("上次的纪要", 1)


def test_a_plan_is_announced_once_for_each_time_and_place_and_then_seen_by_its_people(
    as_user, secretary, member_user, branch, typed
):
    client = as_user(secretary)
    client.post(CREATE, typed(date="2026-12-01", minutes="", action="plan"))
    plan = Activity.objects.get()
    assert (plan.state, plan.serial) == (ActivityState.PLANNED, None)
    page = url("activity_detail", plan)
    assert as_user(member_user).get(page).status_code == 404
    client = as_user(secretary)
    client.post(url("activity_announce", plan))
    client.post(url("activity_announce", plan))
    assert Notice.objects.filter(recipient=member_user, item_key=f"activity:{plan.pk}").count() == 1
    assert not Notice.objects.filter(recipient=secretary, item_key=f"activity:{plan.pk}").exists()
    assert as_user(member_user).get(page).status_code == 200
    client = as_user(secretary)
    client.post(url("activity_edit", plan), typed(date="2026-12-02", version=2, minutes="", action="plan"))
    plan.refresh_from_db()
    assert (plan.state, plan.starts_at) == (ActivityState.PLANNED, at(date(2026, 12, 2)))
    client.post(url("activity_announce", plan))
    assert Notice.objects.filter(recipient=member_user, item_key=f"activity:{plan.pk}").count() == 2


def test_a_plan_is_filled_in_and_handed_in_after_it_was_held(as_user, secretary, typed, time_machine):
    client = as_user(secretary)
    client.post(CREATE, typed(date="2026-12-01", minutes="", action="plan"))
    plan = Activity.objects.get()
    time_machine.move_to(at(date(2026, 12, 2), 10))
    client = as_user(secretary)
    client.post(url("activity_edit", plan), typed(date="2026-12-01", version=plan.version))
    plan.refresh_from_db()
    assert plan.state == ActivityState.SUBMITTED


def test_only_what_lies_ahead_can_be_planned(as_user, secretary, typed):
    page = as_user(secretary).post(CREATE, typed(action="plan"))
    assert page.status_code == 422
    assert "计划的时间应晚于现在" in page.content.decode()


def test_every_kind_of_gathering_has_labels_and_no_field_twice():
    for kind, schema in details.SCHEMA.items():
        assert len({one.name for one in schema}) == len(schema), kind
        assert all(one.label for one in schema)


def test_completeness_counts_required_fields_and_names_what_is_left():
    full = details.completeness(
        [Kind.WARNING_EDUCATION],
        {"warning_education": {"case": "某案", "presenter": "陈静怡"}},
        common={"主题": True},
        photos=1,
        everyone_said=True,
    )
    assert (full.filled, full.required, full.score, full.missing) == (5, 5, 1.0, ())
    half = details.completeness([Kind.WARNING_EDUCATION], {}, common={"主题": True}, photos=0, everyone_said=False)
    assert (half.filled, half.required) == (1, 5)
    assert half.missing == ("现场照片", "全员出席情况", "案例或主题", "主讲人")
