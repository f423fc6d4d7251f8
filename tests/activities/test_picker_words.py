"""What the list of people says of itself: who is present, how that is known, and where a quorum is missing."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from activities.choices import ActivityState, Kind, SignMethod
from activities.models import Attendance
from activities.views.form_context import _short_sitting
from tests import factories

EVERYBODY, SIGNED, CONFIRMED = "默认全员到会", "按签到结果预选，", "按已确认的情况列出"


@pytest.fixture
def record(branch, secretary):
    people = [factories.make_member(branch) for _ in range(3)]

    def make(state):
        return factories.make_activity(
            branch, kinds=(Kind.THEME_DAY,), day=date(2026, 11, 11), members=people, recorder=secretary, state=state
        )

    return make


def words(page):
    text = page.content.decode()
    return [one for one in (EVERYBODY, SIGNED, CONFIRMED) if one in text]


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(factories.at(date(2026, 11, 12), 10))


def test_a_form_takes_everybody_as_present_until_somebody_signed_in(record, secretary, as_user):
    client, draft = as_user(secretary), record(ActivityState.DRAFT)
    url = reverse("activities:activity_edit", args=[draft.pk])
    assert words(client.get(reverse("activities:activity_create"))) == [EVERYBODY]
    assert words(client.get(url)) == [EVERYBODY]
    row = Attendance.objects.filter(activity=draft)[:1].get()
    Attendance.objects.filter(pk=row.pk).update(signed_at=timezone.now(), signed_by=SignMethod.QR)
    assert words(client.get(url)) == [SIGNED]


def test_a_correction_starts_from_what_was_confirmed(record, organiser, as_user):
    done = record(ActivityState.CONFIRMED)
    assert words(as_user(organiser).get(reverse("activities:activity_correct", args=[done.pk]))) == [CONFIRMED]


@pytest.mark.parametrize(("counts", "short"), [((3, 3), False), ((4, 2), True)])
def test_a_body_needs_its_quorum_at_each_sitting_and_a_vote_at_one(counts, short):
    seats = {"choices": [{"count": n, "voters": n} for n in counts]}
    assert _short_sitting(seats, {"need": 3, "all": True}) is short
    assert not _short_sitting(seats, {"need": 3, "all": False})
    assert not _short_sitting(seats, None)
    assert not _short_sitting(None, {"need": 3, "all": True})
