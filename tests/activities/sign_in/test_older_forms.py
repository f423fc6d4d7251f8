"""A form that was opened before somebody signed, and is saved afterwards: it does not know, and must not undo."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities import services
from activities.attendance import leave, sign_in
from activities.attendance.rows import NOBODY, last_signature, signature_of, signature_word
from activities.choices import SignMethod
from activities.models import FormDraft
from activities.records.drafting import Absence
from tests.activities.sign_in.cast import form_of, row, scan, states

BACKEND = "branches.accounts.backends.LoginNameBackend"


@pytest.fixture
def save(draft, branch, secretary):
    def saved(known, absences=None, **fields):
        data = form_of(branch, secretary, absences, draft.version, last_signature=known, **fields)
        return services.save_draft(activity=draft, form_key=uuid.uuid4(), data=data, actor=secretary)

    return saved


@pytest.fixture
def client(secretary):
    found = Client()
    found.force_login(secretary, backend=BACKEND)
    return found


@pytest.fixture
def typed(draft, branch, secretary):
    """What the page would post as it was before anybody signed."""

    def make(**changes):
        fields = {
            "form_key": str(uuid.uuid4()),
            "draft_form": f"activity:{draft.pk}",
            "version": draft.version,
            "signatures": "0",
            "kind": "theme_day",
            "topic": "冬季志愿导诊总结",
            "date": "2026-11-22",
            "starts": "16:30",
            "ends": "17:30",
            "place": "会议室",
            "chair": secretary.pk,
            "recorder": secretary.pk,
            "minutes": "学习有关要求。",
            "action": "draft",
        }
        return {**fields, **changes}

    return make


def edit(draft):
    return reverse("activities:activity_edit", args=[draft.pk])


def posted_field(page):
    return signature_of(page.context["signatures"])


# -- Saved


def test_who_has_not_signed_stays_absent_without_a_reason(opened, draft, members, save):
    scan(draft, members[0])
    save(NOBODY, {members[3].pk: Absence("duty", "夜班")}, topic="换了主题")
    assert (row(draft, members[0]).signed_by, row(draft, members[3]).reason) == (SignMethod.QR, "duty")
    for one in members[1:3]:
        kept = row(draft, one)
        assert (kept.status, kept.reason, kept.signed_at) == ("leave", "", None)


def test_leave_that_was_agreed_to_meanwhile_stays(opened, draft, members, secretary, save):
    asked = leave.ask_leave(activity=draft, member=members[1], reason="duty", note="夜班", actor=members[1].user)
    leave.decide_leave(leave=asked, approve=True, comment="", actor=secretary)
    scan(draft, members[0])
    save(NOBODY, topic="换了主题")
    kept = row(draft, members[1])
    assert (kept.status, kept.reason, kept.note, kept.approved_by) == ("official", "duty", "夜班", secretary)


def test_a_form_that_knew_of_the_signatures_enters_people_by_hand_as_ever(opened, draft, members, save):
    scan(draft, members[0])
    save(last_signature(draft.attendances.all()))
    assert row(draft, members[1]).signed_by == SignMethod.MANUAL


def test_without_a_signature_everybody_is_present_as_ever(opened, draft, save):
    save(NOBODY, topic="换了主题")
    assert set(states(draft)) == {("present", "", "")}


@pytest.mark.parametrize("word", ["", "1", "2026-11-22", "2026-11-22T16:20:00", "2026-13-45T16:20:00+00:00", "x" * 99])
def test_a_mangled_field_says_nothing(word):
    assert signature_of(word) is None


def test_the_field_carries_a_moment_to_the_microsecond(clock):
    clock.shift(timedelta(microseconds=123457))
    assert signature_of(signature_word(timezone.now())) == timezone.now()
    assert signature_of(signature_word(NOBODY)) == NOBODY


# -- On the page


def test_the_page_says_whether_somebody_had_signed(opened, draft, members, client):
    assert 'name="signatures" value="0"' in client.get(edit(draft)).content.decode()
    scan(draft, members[0])
    assert posted_field(client.get(edit(draft))) == row(draft, members[0]).signed_at


def test_an_old_form_that_is_sent_marks_nobody_present(opened, draft, members, client, typed):
    scan(draft, members[0])
    assert client.post(edit(draft), typed()).status_code == 302
    assert sorted(draft.attendances.values_list("signed_by", flat=True)) == ["", "", "", "", "", "qr"]
    draft.refresh_from_db()
    assert draft.topic == "冬季志愿导诊总结"


def test_handed_in_from_an_old_form_it_asks_for_reasons_and_does_not_forget_when_sent_again(
    opened, draft, members, client, typed, clock
):
    scan(draft, members[0])
    clock.shift(timedelta(hours=2))
    page = client.post(edit(draft), typed(action="submit"))
    assert page.status_code == 422
    assert "还没有填写原因" in page.content.decode()
    assert (page.context["absent"], posted_field(page)) == (5, row(draft, members[0]).signed_at)


@pytest.mark.parametrize("again", ["refresh", "kept", "mistaken"])
def test_a_page_drawn_again_shows_who_has_signed_and_knows_it(opened, draft, members, client, typed, again):
    """By a change of the kind, with or without script; from the text kept on the server; after a mistake."""
    absences = {"absent": [members[2].pk, members[3].pk], f"reason-{members[3].pk}": "duty"}
    sign_in.tick(activity=draft, members=[members[0].pk, members[2].pk], actor=members[0].user)
    if again == "kept":
        assert client.post(reverse("activities:draft_keep"), typed(**absences)).status_code == 200
        page = client.get(edit(draft))
        assert FormDraft.objects.exists()
    elif again == "refresh":
        page = client.post(edit(draft), typed(refresh="1", **absences))
    else:
        page = client.post(edit(draft), typed(ends="15:00", **absences))
    shown = {
        one["person"].member_id: (one["absent"], one["reason"])
        for box in page.context["roster"]
        for one in box["people"]
    }
    assert [shown[one.pk] for one in members] == [(False, ""), (True, ""), (False, ""), (True, "duty")]
    assert posted_field(page) == row(draft, members[0]).signed_at
