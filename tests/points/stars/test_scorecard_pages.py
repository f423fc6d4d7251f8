"""Pages of score cards: who reads and who writes them, what is refused and kept, and their cost."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from branches.choices import BranchCategory, Role
from branches.models import Branch
from points.choices import RatingState
from points.models import Scorecard, ScorecardLine, StarRating
from points.stars import card_editing
from tests import factories

TODAY = date(2026, 11, 22)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(factories.at(TODAY, 10), tick=False):
        yield


@pytest.fixture
def default():
    return Scorecard.objects.get(hospital=None)


@pytest.fixture
def draft(hospital, office):
    return card_editing.start_draft(hospital=hospital, category="", name="新表", valid_from=2027, actor=office)


def url(name, *args):
    return reverse(f"points:{name}", args=args)


def text(response):
    return response.content.decode()


def head_form(client, draft, **changes):
    form = client.get(url("star_card_edit", draft.pk)).context["form"]
    return {name: form[name].value() for name in form.fields} | changes


def weights_form(client, draft, **changes):
    form = client.get(url("star_card_weights", draft.pk)).context["form"]
    typed = {name: form[name].value() for name in form.fields}
    return typed | {
        f"max_{draft.lines.get(code=code.replace('_', '.')[1:]).pk}": most for code, most in changes.items()
    }


def test_the_list_says_which_card_is_in_force_for_whom(as_user, office, branch, draft, default):
    Branch.objects.filter(pk=branch.pk).update(category=BranchCategory.CLINICAL)
    page = as_user(office).get(url("star_cards"))
    lines = {one.category: one for one in page.context["lines"]}
    assert list(lines) == ["", *BranchCategory.values]
    assert (lines["clinical"].this_year, lines["clinical"].branches, lines["clinical"].has_own) == (default, 1, False)
    assert "为临床类单独制定" in text(page)
    assert [(one.card, one.state) for one in page.context["editions"]] == [(draft, "draft"), (default, "running")]


def test_a_card_of_the_hospital_follows_the_default(as_user, office, hospital, secretary, draft, default):
    Scorecard.objects.filter(pk=draft.pk).update(published_at=timezone.now(), published_by=office)
    page = as_user(secretary).get(url("star_cards"))
    assert [(one.card.pk, one.state) for one in page.context["editions"]] == [
        (draft.pk, "waiting"),
        (default.pk, "running"),
    ]
    assert {one.next_year.pk for one in page.context["lines"]} == {draft.pk}
    assert "单独制定<" not in text(page)
    assert "编制新版" not in text(page)
    with time_machine.travel(factories.at(date(2027, 2, 1), 10), tick=False):
        page = as_user(secretary).get(url("star_cards"))
    assert [one.state for one in page.context["editions"]] == ["running", "stopped"]


def test_a_secretary_reads_what_is_published_and_no_draft(as_user, secretary, draft, default):
    client = as_user(secretary)
    page = client.get(url("star_card", default.pk))
    assert page.status_code == 200
    assert "2.1 支部党员大会" in text(page)
    assert "修改分值" not in text(page)
    assert "满分×（出席率－60%）÷30%" in text(page)
    for name in ("star_card", "star_card_compare", "star_card_weights", "star_card_publish"):
        assert client.get(url(name, draft.pk)).status_code == 404
    assert client.get(url("star_card_new")).status_code == 403


def test_the_office_of_another_hospital_sees_nothing_of_it(as_user, draft):
    elsewhere = factories.make_branch()
    other = factories.UserFactory()
    factories.appoint(other, elsewhere, Role.PARTY_OFFICE)
    Scorecard.objects.filter(pk=draft.pk).update(published_at=timezone.now())
    assert as_user(other).get(url("star_card", draft.pk)).status_code == 404


def test_the_card_the_product_brings_is_not_edited(as_user, office, default):
    client = as_user(office)
    for name in ("star_card_edit", "star_card_weights", "star_card_publish", "star_card_line_new"):
        assert client.get(url(name, default.pk)).status_code == 404


def test_a_draft_is_begun_from_the_list(as_user, office, hospital):
    client = as_user(office)
    form = client.get(f"{url('star_card_new')}?category=clinical").context["form"]
    assert form.initial == {"category": "clinical", "valid_from": 2027, "name": "临床党支部星级评分表（2027年）"}
    answer = client.post(url("star_card_new"), {"hospital": hospital.pk, **form.initial})
    draft = Scorecard.objects.get(category="clinical")
    assert answer.url == url("star_card", draft.pk)
    again = client.post(url("star_card_new"), {"hospital": hospital.pk, **form.initial})
    assert again.status_code == 422
    assert "2027年已有一版临床类评分表" in text(again)


def test_the_head_is_changed_and_its_faults_are_told_beside_their_fields(as_user, office, draft):
    client = as_user(office)
    typed = head_form(client, draft, basis="党委会", five_from="92", mark_city="4.5", four_share="40")
    wrong = client.post(url("star_card_edit", draft.pk), typed | {"four_from": "95"})
    assert wrong.status_code == 422
    assert wrong.context["form"].errors == {"four_from": ["五星至二星的分数线应依次降低，四星分数线应低于五星分数线。"]}
    assert 'value="4.5"' in text(wrong)
    assert client.post(url("star_card_edit", draft.pk), typed).status_code == 302
    draft.refresh_from_db()
    assert (draft.basis, draft.five_from, draft.four_share, draft.marks) == ("党委会", 92, 40, {"city": "4.5"})


def test_a_card_of_a_category_has_no_shares_and_keeps_those_it_copied(as_user, office, hospital):
    own = card_editing.start_draft(hospital=hospital, category="retired", name="新表", valid_from=2027, actor=office)
    client = as_user(office)
    typed = head_form(client, own, basis="党委会")
    assert "five_share" not in typed
    assert client.post(url("star_card_edit", own.pk), typed).status_code == 302
    own.refresh_from_db()
    assert (own.basis, own.five_share) == ("党委会", 10)


def test_weights_are_changed_in_one_form_with_their_sum(as_user, office, draft):
    client = as_user(office)
    page = client.get(url("star_card_weights", draft.pk))
    assert (page.context["total"], page.context["off"]) == ("100", "")
    assert "上一版5分" in text(page)
    answer = client.post(url("star_card_weights", draft.pk), weights_form(client, draft, _2_1="3.5"), follow=True)
    assert "已保存。各项满分合计98.5分，应为100分，还差1.5分。" in text(answer)
    page = client.get(url("star_card_weights", draft.pk))
    assert "还差1.5分" in text(page)
    assert "改好后才能发布" in text(client.get(url("star_card", draft.pk)))


@pytest.mark.parametrize("most", ["", "三分", "0", "100.01", "1.001", "-3", "NaN", "1e3"])
def test_a_weight_that_is_none_is_refused_and_the_others_are_kept(as_user, office, draft, most):
    client = as_user(office)
    answer = client.post(url("star_card_weights", draft.pk), weights_form(client, draft, _2_1=most, _2_2="7.25"))
    assert answer.status_code == 422
    assert 'value="7.25"' in text(answer)
    assert list(answer.context["form"].errors) == [f"max_{draft.lines.get(code='2.1').pk}"]
    assert set(draft.lines.filter(code__in=["2.1", "2.2"]).values_list("max", flat=True)) == {Decimal(5)}


def test_who_saves_after_another_is_told_once(as_user, office, draft):
    client = as_user(office)
    typed = weights_form(client, draft, _2_1="3")
    card_editing.save_weights(draft=draft, weights={}, version=draft.version, actor=office)
    answer = client.post(url("star_card_weights", draft.pk), typed)
    assert (answer.status_code, "又有别人的改动" in text(answer)) == (422, True)
    typed["version"] = answer.context["form"]["version"].value()
    assert client.post(url("star_card_weights", draft.pk), typed).status_code == 302
    assert draft.lines.get(code="2.1").max == 3


def test_a_line_is_changed_with_the_figures_of_its_measure(as_user, office, draft):
    client, row = as_user(office), draft.lines.get(code="2.6")
    path = url("star_card_line", draft.pk, row.pk)
    form = client.get(path).context["form"]
    typed = {name: form[name].value() for name in form.fields}
    assert (typed["param_from"], typed["param_range"]) == ("60", "30")
    wrong = client.post(path, typed | {"param_from": "71"})
    assert wrong.context["form"].errors == {"param_range": ["起算出席率与到满分的差合计不能超过100%。"]}
    assert client.post(path, typed | {"param_from": "55", "title": "到会率"}).status_code == 302
    row.refresh_from_db()
    assert (row.title, row.params) == ("到会率", {"from": "0.55"})
    assert "满分×（出席率－55%）÷30%" in text(client.get(url("star_card", draft.pk)))


def test_lines_are_added_moved_removed_and_put_back(as_user, office, draft):
    client = as_user(office)
    path = url("star_card_line_new", draft.pk)
    form = client.get(path).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields} | {"title": "特色工作", "max": "2"}
    assert (typed["code"], typed["measure"]) == ("9.1", "given")
    assert [value for value, _ in form.fields["measure"].choices] == ["given"]
    assert client.post(path, typed).status_code == 302
    own = draft.lines.get(code="9.1")
    assert client.get(f"{path}?group=2").context["form"]["code"].value() == "2.8"
    row = draft.lines.get(code="2.3")
    change = url("star_card_line_change", draft.pk, row.pk)
    client.post(change, {"act": "up"})
    assert [one.code for one in draft.lines.filter(code__startswith="2.")][:3] == ["2.1", "2.3", "2.2"]
    client.post(change, {"act": "remove"})
    choices = client.get(path).context["form"].fields["measure"].choices
    assert [value for value, _ in choices] == ["given", "group_meeting"]
    assert client.get(url("star_card_line", draft.pk, row.pk)).status_code == 404
    assert draft.lines.filter(pk=own.pk).exists()


def test_it_is_published_after_it_was_confirmed(as_user, office, draft):
    client = as_user(office)
    path = url("star_card_publish", draft.pk)
    page = client.get(path)
    assert page.context["checks"].errors == ["请填写依据（通过评分表的会议或文件）。"]
    assert 'name="sure"' not in text(page)
    client.post(url("star_card_edit", draft.pk), head_form(client, draft, basis="党委会"))
    draft.refresh_from_db()
    unsure = client.post(path, {"version": draft.version})
    assert (unsure.status_code, "请先勾选" in text(unsure)) == (422, True)
    assert client.post(path, {"version": draft.version, "sure": "1"}, follow=True).status_code == 200
    draft.refresh_from_db()
    assert draft.published_by == office
    assert client.get(path).status_code == 404


def test_a_self_rating_handed_in_meanwhile_is_told_and_nothing_is_lost(as_user, office, branch, draft, default):
    client = as_user(office)
    client.post(url("star_card_edit", draft.pk), head_form(client, draft, basis="党委会"))
    StarRating.objects.create(
        branch=branch, hospital=branch.hospital, year=2027, state=RatingState.SELF_RATED, card=default
    )
    draft.refresh_from_db()
    page = client.post(url("star_card_publish", draft.pk), {"version": draft.version, "sure": "1"})
    assert page.status_code == 422
    assert "2027年度已有1个支部提交自评，新评分表请从2028年起生效。" in text(page)
    draft.refresh_from_db()
    assert (draft.published_at, draft.basis, draft.lines.count()) == (None, "党委会", 35)


def test_the_comparison_is_with_the_edition_before(as_user, office, draft, default):
    client = as_user(office)
    client.post(url("star_card_weights", draft.pk), weights_form(client, draft, _2_1="3"))
    page = client.get(url("star_card_compare", draft.pk))
    assert [(one.kind, one.code) for one in page.context["found"].items] == [("changed", "2.1")]
    assert client.get(url("star_card_compare", default.pk)).context["before"] is None


def test_a_draft_is_deleted(as_user, office, draft):
    client = as_user(office)
    assert client.get(url("star_card_delete", draft.pk)).status_code == 405
    assert client.post(url("star_card_delete", draft.pk), follow=True).status_code == 200
    assert not Scorecard.objects.filter(pk=draft.pk).exists()


def test_the_card_is_a_workbook_that_adds_up_and_a_paper(as_user, secretary, default):
    client = as_user(secretary)
    path = url("star_card", default.pk)
    book = openpyxl.load_workbook(BytesIO(client.get(path, {"format": "xlsx"}).content))
    cells = [cell.value for row in book.worksheets[0].iter_rows() for cell in row]
    assert "支部党员大会" in cells
    column = [row[3].value for row in book.worksheets[0].iter_rows() if isinstance(row[3].value, int | float)]
    assert sum(column) == 100
    assert client.get(path, {"format": "docx"}).content[:2] == b"PK"
    assert client.get(path, {"format": "exe"}).status_code == 404


@pytest.mark.parametrize("name", ["star_card", "star_card_compare", "star_card_weights", "star_card_publish"])
def test_a_page_of_one_card_costs_the_same_for_any_number_of_lines(as_user, office, draft, name):
    client, path = as_user(office), url(name, draft.pk)
    keep = draft.lines.get(code="2.1")
    draft.lines.exclude(pk=keep.pk).delete()
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    ScorecardLine.objects.bulk_create(
        [ScorecardLine(card=draft, code=f"9.{n}", title="自定", measure="given", max=1) for n in range(1, 21)]
    )
    with CaptureQueriesContext(connection) as many:
        client.get(path)
    assert len(many) == len(few)


def test_the_list_costs_the_same_for_any_number_of_editions(as_user, office, hospital):
    client = as_user(office)

    def publish(year):
        card = Scorecard.objects.create(hospital=hospital, name=f"{year}", valid_from=year)
        ScorecardLine.objects.create(card=card, code="9.1", title="自定", measure="given", max=100)
        Scorecard.objects.filter(pk=card.pk).update(published_at=timezone.now(), published_by=office)

    publish(2021)
    client.get(url("star_cards"))
    with CaptureQueriesContext(connection) as few:
        client.get(url("star_cards"))
    for year in range(2022, 2042):
        publish(year)
    with CaptureQueriesContext(connection) as many:
        client.get(url("star_cards"))
    assert len(many) == len(few)
