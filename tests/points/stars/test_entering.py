"""Figures and marks of the Party office: with their source, once, and not after the rating was reviewed."""

import uuid
from datetime import date

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.urls import reverse

from branches.models import AuditEntry, Notice
from points.choices import MarkKind, MarkLevel, RatingState
from points.models import LineRecord, Scorecard, StarMark, StarRating
from points.stars import entering
from tests import factories

pytestmark = pytest.mark.django_db
YEAR = 2026


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(factories.at(factories.TODAY, 10), tick=False):
        yield


def figures(branch, office, fact="letters", version=0, source="责任书存档", **typed):
    return entering.enter_figures(
        branch=branch, year=YEAR, fact=fact, typed=typed, source=source, version=version, actor=office
    )


def mark(branch, office, **changes):
    fields = {
        "kind": MarkKind.BONUS,
        "level": MarkLevel.CITY,
        "stars": None,
        "title": "市先进基层党组织",
        "decided_by": "市委组织部",
        "document_no": "市组〔2026〕1号",
        "happened_on": date(2026, 7, 1),
        "form_key": uuid.uuid4(),
    } | changes
    return entering.enter_mark(branch=branch, year=YEAR, actor=office, **fields)


def rated(branch, state):
    card = Scorecard.objects.get(hospital=None)
    return StarRating.objects.create(branch=branch, hospital=branch.hospital, year=YEAR, state=state, card=card)


def test_figures_are_kept_with_their_source_and_the_trail_tells_of_changes(branch, office):
    row = figures(branch, office, signed="3", required="4")
    assert (row.values, row.version) == ({"signed": 3, "required": 4}, 1)
    figures(branch, office, version=1, signed="4", required="4")
    entry = AuditEntry.objects.filter(action="star_record.entered").latest("pk")
    assert entry.changes["数据"] == ["已签订3份，应签订4份", "已签订4份，应签订4份"]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"signed": "", "required": "4"}, "signed"),
        ({"signed": "-1", "required": "4"}, "signed"),
        ({"signed": "NaN", "required": "4"}, "signed"),
        ({"signed": "1.5", "required": "4"}, "signed"),
        ({"signed": "5", "required": "4"}, "signed"),
        ({"signed": "99999999", "required": "4"}, "signed"),
    ],
)
def test_figures_that_make_no_sense_are_refused_at_their_field(branch, office, typed, field):
    with pytest.raises(ValidationError) as caught:
        figures(branch, office, **typed)
    assert set(caught.value.message_dict) == {field}
    assert not LineRecord.objects.exists()


def test_money_and_hours_may_have_decimals(branch, office):
    row = figures(branch, office, fact="dues_collected", received="20460.50", expected="20461")
    assert row.values == {"received": "20460.50", "expected": 20461}


def test_figures_need_a_source(branch, office):
    with pytest.raises(ValidationError) as caught:
        figures(branch, office, source=" ", signed="3", required="4")
    assert set(caught.value.message_dict) == {"source"}


def test_two_people_do_not_overwrite_each_other(branch, office):
    figures(branch, office, signed="3", required="4")
    with pytest.raises(ValidationError, match="刚被其他人修改过"):
        figures(branch, office, signed="4", required="4")


def test_what_a_register_counts_is_not_typed(branch, office):
    with pytest.raises(KeyError):
        figures(branch, office, fact="theme_day", done="12", due="12")


@pytest.mark.parametrize("state", [RatingState.REVIEWED, RatingState.PUBLICISED, RatingState.APPROVED])
def test_after_the_review_figures_and_marks_stand_but_a_veto_still_comes(branch, office, state):
    rated(branch, state)
    with pytest.raises(ValidationError, match="退回后才能修改"):
        figures(branch, office, signed="3", required="4")
    with pytest.raises(ValidationError, match="退回后才能修改"):
        mark(branch, office)
    assert mark(branch, office, kind=MarkKind.VETO, level=MarkLevel.BRIBERY).pk


def test_a_self_rating_does_not_close_the_figures(branch, office):
    rated(branch, RatingState.SELF_RATED)
    assert figures(branch, office, signed="3", required="4").pk


def test_a_mark_is_entered_once_and_the_secretary_is_told(branch, office, secretary):
    key = uuid.uuid4()
    first = mark(branch, office, form_key=key)
    assert mark(branch, office, form_key=key) == first
    assert StarMark.objects.count() == 1
    assert Notice.objects.filter(recipient=secretary, item_key=f"star_mark:{first.pk}").count() == 1
    with pytest.raises(ValidationError, match="登记过"):
        mark(branch, office)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "praise"}, "what"),
        ({"level": MarkLevel.BRIBERY}, "what"),
        ({"kind": MarkKind.DIRECT, "level": ""}, "stars"),
        ({"kind": MarkKind.ABOVE, "level": "", "stars": 6}, "stars"),
        ({"title": "先"}, "title"),
        ({"decided_by": ""}, "decided_by"),
        ({"document_no": " "}, "document_no"),
        ({"happened_on": date(2025, 12, 31)}, "happened_on"),
        ({"happened_on": date(2026, 11, 23)}, "happened_on"),
    ],
)
def test_a_mark_without_its_facts_is_refused_at_the_field(branch, office, changes, field):
    with pytest.raises(ValidationError) as caught:
        mark(branch, office, **changes)
    assert set(caught.value.message_dict) == {field}
    assert not StarMark.objects.exists()


def test_a_mark_that_is_withdrawn_stays_with_its_reason_and_may_be_entered_again(branch, office):
    first = mark(branch, office)
    with pytest.raises(ValidationError):
        entering.withdraw_mark(mark=first, reason="", actor=office)
    gone = entering.withdraw_mark(mark=first, reason="登记错支部", actor=office)
    assert (gone.withdrawn_by, gone.withdrawn_reason) == (office, "登记错支部")
    assert mark(branch, office).pk != first.pk


# --- pages ---


def records_url(branch):
    return reverse("points:star_records", args=[branch.pk, YEAR])


def test_the_office_enters_figures_on_the_page_and_keeps_what_was_typed_wrong(branch, office, as_user):
    client = as_user(office)
    wrong = client.post(records_url(branch), {"fact": "letters", "version": "0", "signed": "9", "required": "4"})
    assert wrong.status_code == 422
    text = wrong.content.decode()
    assert "已签订不能多于应签订" in text or "请写明数据来源" in text
    assert 'value="9"' in text
    right = {"fact": "letters", "version": "0", "signed": "4", "required": "4", "source": "责任书存档"}
    assert client.post(records_url(branch), right).status_code == 302
    assert LineRecord.objects.get().values == {"signed": 4, "required": 4}


def test_a_secretary_reads_the_figures_and_enters_none(branch, secretary, as_user):
    client = as_user(secretary)
    page = client.get(records_url(branch))
    assert page.status_code == 200
    assert "保存" not in page.content.decode()
    assert client.post(records_url(branch), {"fact": "letters"}).status_code == 403


def test_a_mark_entered_wrong_keeps_the_form(branch, office, as_user):
    url = reverse("points:star_mark", args=[branch.pk, YEAR])
    form = {
        "what": "bonus:city",
        "title": "市先进",
        "decided_by": "市委",
        "document_no": "",
        "happened_on": "2026-07-01",
    }
    wrong = as_user(office).post(url, form)
    assert wrong.status_code == 422
    assert "请填写文号" in wrong.content.decode()
    assert 'value="市先进"' in wrong.content.decode()
    assert as_user(office).post(url, form | {"document_no": "市组〔2026〕1号"}).status_code == 302
    assert StarMark.objects.get().level == MarkLevel.CITY


def test_a_mark_of_a_strange_branch_is_unknown(other_branch, secretary, office, as_user):
    row = mark(other_branch, office)
    url = reverse("points:star_mark_withdraw", args=[row.pk])
    assert as_user(secretary).post(url, {"reason": "误登"}).status_code == 404
