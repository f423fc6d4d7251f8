"""A form opened before somebody was entered for a later sitting leaves them there."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from activities import services
from activities.attendance import sign_in
from activities.attendance.rows import last_signature, signature_of
from activities.models import Activity, Session
from activities.records.sessions import FIRST, SessionLine
from tests.activities.sign_in.cast import START, form_of, row

NIGHT = START + timedelta(hours=4)
TWO = (SessionLine(FIRST, START, START + timedelta(hours=1)), SessionLine("n0", NIGHT, NIGHT + timedelta(hours=1)))


@pytest.fixture
def save(branch, secretary):
    def saved(activity, sessions=TWO, **fields):
        version = activity.version if activity else None
        data = form_of(branch, secretary, version=version, sessions=sessions, **fields)
        return services.save_draft(activity=activity, form_key=uuid.uuid4(), data=data, actor=secretary)

    return saved


@pytest.fixture
def activity(save, secretary, members):
    made = save(None)
    sign_in.open_sign_in(activity=made, actor=secretary)
    sign_in.tick(activity=made, members=[members[3].pk], actor=secretary)
    return Activity.objects.get(pk=made.pk)


@pytest.fixture
def night(activity):
    return activity.sessions.get(number=2)


@pytest.fixture
def known(activity, night, members, secretary, clock):
    """The last signature when the form was made; then two are entered for the night."""
    last = last_signature(activity.attendances.all())
    clock.shift(timedelta(minutes=1))
    sign_in.tick(activity=activity, members=[members[0].pk, members[1].pk], actor=secretary, session=night)
    return last


def kept(night):
    return (TWO[0], SessionLine(str(night.pk), NIGHT, NIGHT + timedelta(hours=1)))


def test_entered_by_hand_after_the_form_was_made_they_stay(activity, night, known, members, save):
    save(activity, kept(night), last_signature=known, seats={one.pk: FIRST for one in members}, topic="换了主题")
    assert [row(activity, one).session for one in members[:2]] == [night, night]


def test_a_form_that_knew_moves_them(activity, night, known, members, save):
    now = last_signature(activity.attendances.all())
    save(activity, kept(night), last_signature=now, seats={members[0].pk: FIRST, members[1].pk: str(night.pk)})
    assert [row(activity, one).session.number for one in members[:2]] == [1, 2]


def test_their_sitting_is_not_taken_out_by_a_form_that_did_not_know(activity, night, known, members, save):
    seats = {one.pk: FIRST for one in members}
    with pytest.raises(ValidationError, match="党员甲、党员乙原来登记在去掉的场次"):
        save(activity, (), last_signature=known, seats=seats)
    save(activity, (), last_signature=last_signature(activity.attendances.all()), seats=seats)
    assert not Session.objects.exists()


def test_a_page_drawn_again_shows_where_they_are(activity, night, known, members, as_user, secretary):
    fields = {
        "signatures": known.isoformat(),
        "version": activity.version,
        "kind": "theme_day",
        "date": "2026-11-22",
        "starts": "16:30",
        "ends": "17:30",
        "recorder": secretary.pk,
        "session-count": 1,
        "session-0-key": night.pk,
        "session-0-starts": "20:30",
        "session-0-ends": "21:30",
        "refresh": "1",
        **{f"seat-{one.pk}": FIRST for one in members},
    }
    page = as_user(secretary).post(reverse("activities:activity_edit", args=[activity.pk]), fields)
    shown = {one["person"].member_id: one["seat"]["key"] for box in page.context["roster"] for one in box["people"]}
    assert [shown[one.pk] for one in members] == [str(night.pk), str(night.pk), FIRST, FIRST]
    assert signature_of(page.context["signatures"]) > known
