"""The Party office adapts the printed forms: labels, rows, margins, fonts; a superior's printed book always wins."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from activities.choices import ActivityState, Kind
from activities.handbook.book import Book
from activities.handbook.gatherings import sheets
from activities.models import FormLayout
from activities.reports.layout_changes import save_layout
from activities.reports.layout_form import LayoutForm, moved
from activities.reports.layouts import FORMS
from activities.reports.record_forms import layouts_of
from branches.choices import Role
from branches.models import AuditEntry
from config.documents import pdf
from config.documents.adapting import adapt, problems
from tests import factories
from tests.config.document_files import docx_text

F15 = FORMS["F15"]


def typed(layout=F15, overrides=None, **changes):
    """What a browser posts when nothing was touched, then `changes`."""
    form = LayoutForm(layout, overrides or {})
    data = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in data.items() if value not in (None, False)} | {"action": "save"}
    return data | changes


@pytest.fixture
def page(hospital):
    return reverse("activities:layout_edit", args=[hospital.pk, "F15"])


@pytest.fixture
def held(branch, secretary):
    member = factories.make_member(branch, name="林晓雯")
    return factories.make_activity(
        branch,
        kinds=(Kind.GENERAL_MEETING,),
        state=ActivityState.CONFIRMED,
        members=[member],
        recorder=secretary,
        chair=secretary,
        topic="学习讨论",
    )


@pytest.mark.parametrize("code", FORMS)
def test_a_form_nobody_touched_changes_nothing_and_is_valid(code):
    form = LayoutForm(FORMS[code], {}, typed(FORMS[code]))
    assert form.is_valid(), form.errors
    assert form.changed() == {}


@pytest.mark.parametrize("code", FORMS)
def test_what_was_saved_is_shown_again_as_it_was(code):
    layout = FORMS[code]
    label = layout.rows[0].slots[0].label if layout.rows[0].slots else layout.rows[0].subs[0].label
    saved = {
        "title": "记录本",
        "labels": {label: "另一名称"},
        "heights": {layout.rows[0].name: 12.5},
        "add": [{"name": "own1", "label": "盖章", "height": 20}],
        "order": ["own1", *[row.name for row in layout.rows]],
        "margins": [30, 20, 25, 20],
        "fonts": {"cell": "仿宋"},
        "sizes": {"title": 18, "cell": 10.5},
    }
    assert problems(layout, saved) == []
    form = LayoutForm(layout, saved, typed(layout, saved))
    assert form.is_valid(), form.errors
    assert form.changed() == saved


def test_the_office_renames_hides_and_moves_and_every_branch_prints_it(as_user, office, branch, hospital, held, page):
    client = as_user(office)
    names = [row.name for row in F15.rows]
    answer = client.post(
        page, typed(label_0="会议种类", hide_agenda="on", margin_top="30", order=",".join(moved(names, "up", "people")))
    )
    assert answer.status_code == 302
    row = FormLayout.objects.get(branch=hospital, code="F15")
    assert (row.changed_by, row.version) == (office, 1)
    assert row.overrides["labels"] == {"会议类型": "会议种类"}
    mine = adapt(F15, layouts_of(branch)["F15"])
    assert [one.name for one in mine.rows][:3] == ["type", "people", "time"]
    assert mine.page.top == 30
    text = docx_text(client.get(reverse("activities:record_file", args=[held.pk]), {"format": "docx"}).content)
    assert "会议种类" in text
    assert "会议议题" not in text


def test_each_change_is_on_the_trail_with_what_it_was(as_user, office, hospital, page):
    client = as_user(office)
    client.post(page, typed(label_0="会议种类", size_cell="10.5"))
    entry = AuditEntry.objects.get(action="layout.changed")
    assert entry.branch == hospital
    assert entry.changes["“会议类型”的名称"] == ["会议类型", "会议种类"]
    assert entry.changes["栏目和内容字号"] == ["12磅", "10.5磅"]
    client.post(page, typed(overrides=FormLayout.objects.get().overrides, version="1", label_0="种类"))
    later = AuditEntry.objects.filter(action="layout.changed").latest("pk")
    assert later.changes == {"表样": "会议记录（支部党员大会）", "“会议类型”的名称": ["会议种类", "种类"]}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("margin_left", "9.9", "应为10至50毫米。"),
        ("margin_left", "50.1", "应为10至50毫米。"),
        ("margin_left", "", "应为10至50毫米。"),
        ("margin_left", "二十", "应为10至50毫米。"),
        ("height_minutes", "-1", "应为0至220毫米。"),
        ("height_minutes", "221", "应为0至220毫米。"),
        ("size_cell", "8", "应为9至16磅。"),
        ("size_title", "31", "应为14至30磅。"),
        ("title", "", "请填写名称，不能空着。"),
        ("title", "长" * 41, "不能超过40个字。"),
        ("label_0", "长" * 21, "不能超过20个字。"),
        ("face_cell", "Comic Sans", "请选择列出的字体。"),
    ],
)
def test_a_mistake_is_said_beside_its_field_and_nothing_is_saved(as_user, office, page, field, value, message):
    answer = as_user(office).post(page, typed(**{field: value}))
    assert answer.status_code == 422
    assert answer.context["form"].errors == {field: [message]}
    assert message in answer.content.decode()
    assert not FormLayout.objects.exists()


@pytest.mark.parametrize(("field", "value"), [("margin_left", "10"), ("margin_left", "50"), ("height_minutes", "220")])
def test_the_limits_themselves_are_allowed(as_user, office, page, field, value):
    assert as_user(office).post(page, typed(**{field: value})).status_code == 302


def test_what_a_record_must_have_cannot_be_hidden(as_user, office, page):
    as_user(office).post(page, typed(hide_minutes="on"))
    assert not FormLayout.objects.exists()
    assert problems(F15, {"hide": ["minutes"]}) == [
        "“会议内容（传达学习、报告、讨论发言要点，不同意见如实记录）”是记录必需的内容，不能隐藏。"
    ]
    assert problems(F15, {"hide": ["agenda"]}) == []


def test_rows_move_and_are_added_by_buttons_without_saving(as_user, office, page):
    client = as_user(office)
    answer = client.post(page, typed(action="add", label_0="会议种类"))
    form = answer.context["form"]
    assert answer.status_code == 200
    assert form.names[-2:] == ["own1", "signed"]
    assert form["label_0"].value() == "会议种类"
    assert not form.errors
    data = typed(label_0="会议种类", order=",".join(form.names), own_own1="盖章", height_own1="25")
    answer = client.post(page, data | {"action": "up:own1"})
    assert answer.context["form"].names[-3:] == ["own1", "resolutions", "signed"]
    assert not FormLayout.objects.exists()
    client.post(page, data)
    assert FormLayout.objects.get().overrides["add"] == [{"name": "own1", "label": "盖章", "height": 25}]


@pytest.mark.parametrize(
    ("action", "name", "expected"),
    [
        ("up", "a", ["a", "b", "c"]),
        ("up", "b", ["b", "a", "c"]),
        ("down", "c", ["a", "b", "c"]),
        ("down", "b", ["a", "c", "b"]),
        ("up", "x", ["a", "b", "c"]),
    ],
)
def test_a_row_moves_by_one_and_stops_at_the_ends(action, name, expected):
    assert moved(["a", "b", "c"], action, name) == expected


def test_the_preview_is_the_latest_record_with_what_is_not_saved_yet(as_user, office, page, held):
    client = as_user(office)
    answer = client.post(page, typed(action="preview:docx", label_0="会议种类"))
    text = docx_text(answer.content)
    assert "会议种类" in text
    assert "陈静怡" in text
    assert AuditEntry.objects.get(action="layout.previewed").changes == {"form": [None, "会议记录（支部党员大会）"]}
    assert not FormLayout.objects.exists()
    assert client.post(page, typed(action="preview:docx", margin_top="5")).status_code == 422
    assert client.post(page, typed(action="preview:exe")).status_code == 404


@pytest.mark.parametrize("code", FORMS)
def test_every_form_has_a_preview_even_before_there_is_a_record(as_user, office, hospital, code):
    address = reverse("activities:layout_edit", args=[hospital.pk, code])
    answer = as_user(office).post(address, typed(FORMS[code], action="preview:docx"))
    assert answer.status_code == 200
    assert docx_text(answer.content)


def test_where_no_pdf_can_be_made_the_preview_says_so(as_user, office, page, monkeypatch):
    monkeypatch.setattr(pdf, "is_available", lambda: False)
    assert as_user(office).post(page, typed(action="preview:pdf")).status_code == 503


def test_back_to_the_systems_form(as_user, office, hospital, branch, page):
    client = as_user(office)
    client.post(page, typed(label_0="会议种类"))
    reset = reverse("activities:layout_reset", args=[hospital.pk, "F15"])
    assert client.get(reset).status_code == 405
    client.post(reset)
    assert layouts_of(branch) == {}
    assert AuditEntry.objects.get(action="layout.reset").changes["“会议类型”的名称"][0] == "会议种类"
    assert client.post(reset).status_code == 302


def test_typing_the_systems_words_again_is_the_same_as_taking_back(as_user, office, page):
    client = as_user(office)
    client.post(page, typed(label_0="会议种类"))
    client.post(page, typed(version="1"))
    assert not FormLayout.objects.exists()


def test_the_second_to_save_is_told_what_the_first_saved_and_loses_nothing(as_user, office, page, person):
    as_user(person(Role.PARTY_OFFICE, name="周正")).post(page, typed(label_0="种类"))
    client = as_user(office)
    answer = client.post(page, typed(label_0="会议种类"))
    assert answer.status_code == 422
    assert "周正已保存：“会议类型”的名称：种类" in answer.content.decode()
    again = {name: answer.context["form"][name].value() for name in ("version", "label_0")}
    assert again == {"version": "1", "label_0": "会议种类"}
    assert client.post(page, typed(**again)).status_code == 302
    assert FormLayout.objects.get().overrides == {"labels": {"会议类型": "会议种类"}}


def test_a_service_refuses_what_does_not_fit(hospital, office):
    with pytest.raises(ValidationError):
        save_layout(hospital=hospital, code="F15", overrides={"margins": [1, 2, 3, 4]}, version=0, actor=office)


def test_one_hospital_reads_what_another_gave_out(as_user, office, hospital, page):
    client = as_user(office)
    client.post(page, typed(label_0="会议种类"))
    body = client.get(reverse("activities:layout_file", args=[hospital.pk, "F15"])).content
    assert json.loads(body) == {"form": "F15", "changes": {"labels": {"会议类型": "会议种类"}}}
    FormLayout.objects.all().delete()
    answer = client.post(page, {"action": "read", "file": SimpleUploadedFile("a.json", body)})
    assert answer.status_code == 200
    assert answer.context["form"]["label_0"].value() == "会议种类"
    assert not FormLayout.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"form": "F15", "changes": []}',
        b'{"form": "F17", "changes": {}}',
        b'{"form": [], "changes": {}}',
        b'{"form": "F15", "changes": {"margins": [1]}}',
        '{"form": "F15", "changes": {"add": [{"name": "盖章", "label": "盖章"}]}}'.encode(),
        b"x" * 60_000,
    ],
)
def test_a_file_that_is_none_of_ours_is_refused_in_words(as_user, office, page, body):
    answer = as_user(office).post(page, {"action": "read", "file": SimpleUploadedFile("a.json", body)})
    assert answer.status_code == 422
    assert "没有读入" in answer.content.decode()


def test_another_hospital_prints_its_own_and_its_page_is_unknown_here(as_user, office, hospital, page):
    elsewhere = factories.make_branch(name="东山医院党委")
    as_user(office).post(page, typed(label_0="会议种类"))
    assert layouts_of(factories.make_branch(elsewhere, name="东山一支部")) == {}
    for pk, code in ((elsewhere.pk, "F15"), (hospital.pk, "F99")):
        assert as_user(office).get(reverse("activities:layout_edit", args=[pk, code])).status_code == 404


def test_the_list_says_what_was_changed_by_whom_in_the_same_queries(
    as_user, office, hospital, page, django_assert_max_num_queries
):
    client = as_user(office)
    client.post(page, typed(label_0="会议种类"))
    address = reverse("activities:layout_list")
    client.get(address)
    with django_assert_max_num_queries(12):
        text = client.get(address).content.decode()
    assert "调整1处，孔令仪" in text
    for code in ("F16", "F17", "F18"):
        save_layout(hospital=hospital, code=code, overrides={"title": "新标题"}, version=0, actor=office)
    with django_assert_max_num_queries(12):
        client.get(address)


def test_the_lists_print_the_hospitals_own_words_too(as_user, office, hospital, held):
    save_layout(
        hospital=hospital,
        code="F16",
        overrides={"labels": {"签名": "本人签名", "会议名称": "活动名称"}, "title": "会议签到表"},
        version=0,
        actor=office,
    )
    address = reverse("activities:sign_in_file", args=[held.pk])
    text = docx_text(as_user(office).get(address, {"format": "docx"}).content)
    assert "本人签名" in text
    assert "活动名称：" in text
    assert "会议签到表" in text


@pytest.mark.parametrize("code", ["F16", "plan-list", "attendance"])
def test_a_row_has_no_place_in_a_list_and_breaks_none(as_user, office, hospital, held, code):
    row = {"name": "own1", "label": "盖章", "height": 20}
    overrides = {"add": [row], "order": ["own1"]}
    save_layout(hospital=hospital, code=code, overrides=overrides, version=0, actor=office)
    address = reverse("activities:layout_edit", args=[hospital.pk, code])
    answer = as_user(office).post(address, typed(FORMS[code], overrides, version="1", action="preview:docx"))
    assert "盖章" not in docx_text(answer.content)


def test_the_handbook_binds_the_hospitals_sheets_in_their_fonts(hospital, branch, office, held):

    save_layout(
        hospital=hospital,
        code="F15",
        overrides={"title": "三会一课记录", "sizes": {"cell": 10}},
        version=0,
        actor=office,
    )
    book = Book.of(branch, held.starts_at.year, held.starts_at.date())
    (sheet,) = sheets(book, Kind.GENERAL_MEETING)
    assert sheet.blocks[0].text == "三会一课记录"
    assert sheet.fonts.cell_size == 10
