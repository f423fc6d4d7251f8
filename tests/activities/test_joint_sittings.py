"""Held jointly and in several sittings: the sittings are the host's, who came to which each branch says of its own."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from activities.choices import ActivityState
from activities.records.drafting import Absence
from activities.records.sessions import FIRST, SessionLine
from tests import factories
from tests.activities.joint_cast import DAY, TODAY, Cast


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(factories.at(TODAY, 10))


@pytest.fixture
def cast(branch, other_branch, secretary, organiser):
    return Cast(branch, other_branch, secretary, organiser)


def lines(*hours, place="食堂"):
    first = SessionLine(FIRST, factories.at(DAY), factories.at(DAY, 18))
    return (first, *(SessionLine(f"n{h}", factories.at(DAY, h), factories.at(DAY, h + 1), place) for h in hours))


@pytest.fixture
def host(cast):
    return cast.save(sessions=lines(19), seats={cast.people[0].pk: "n19"})


def at(part, number):
    return set(part.attendances.filter(session__number=number).values_list("member", flat=True))


def test_a_part_has_the_sittings_of_its_host_and_everybody_in_the_first(cast, host):
    part = host.parts.get()
    assert [(one.number, one.starts_at, one.place) for one in part.sessions.all()] == [
        (one.number, one.starts_at, one.place) for one in host.sessions.all()
    ]
    assert at(part, 1) == {one.pk for one in cast.guests}
    assert not set(part.sessions.all()) & set(host.sessions.all())


def test_the_co_host_seats_its_own_people_and_changes_no_sitting(cast, host):
    part = host.parts.get()
    late = str(part.sessions.get(number=2).pk)
    cast.save_part(part, seats={cast.guests[2].pk: late})
    assert at(part, 2) == {cast.guests[2].pk}
    with pytest.raises(ValidationError, match="分场举行由主办的机关第一党支部填写"):
        cast.save_part(part, sessions=lines(20))
    cast.save(host, topic="改了主题", sessions=None)
    assert at(part, 2) == {cast.guests[2].pk}


def test_a_sitting_that_is_moved_keeps_its_people_and_a_new_one_has_none(cast, host):
    part = host.parts.get()
    cast.save_part(part, seats={cast.guests[2].pk: str(part.sessions.get(number=2).pk)})
    kept = str(host.sessions.get(number=2).pk)
    first, second = lines(20)
    third = SessionLine("n21", factories.at(DAY, 21), factories.at(DAY, 22), "病区")
    cast.save(host, sessions=(first, second._replace(key=kept), third), seats={cast.people[0].pk: kept})
    assert [one.starts_at.hour for one in part.sessions.all()] == [one.starts_at.hour for one in host.sessions.all()]
    assert (at(part, 2), at(part, 3)) == ({cast.guests[2].pk}, set())


def test_a_sitting_of_other_branches_people_alone_keeps_no_part_from_being_handed_in(cast, host):
    part = host.parts.get()
    cast.hand_in(host)
    assert cast.hand_in_part(part).state == ActivityState.SUBMITTED


def test_taking_out_a_sitting_the_co_host_came_to_sends_its_part_back_and_never_touches_a_confirmed_one(cast, host):
    part = host.parts.get()
    cast.save_part(part, seats={cast.guests[2].pk: str(part.sessions.get(number=2).pk)})
    cast.hand_in(host)
    cast.hand_in_part(part)
    once = {"sessions": (), "absences": {cast.people[0].pk: Absence("duty")}}
    cast.confirm_part(part)
    with pytest.raises(ValidationError, match="有人到会的场次不能去掉"):
        cast.save(host, **once)
    type(part).objects.filter(pk=part.pk).update(state=ActivityState.SUBMITTED)
    cast.save(host, **once)
    part.refresh_from_db()
    assert (part.state, part.sessions.count()) == (ActivityState.DRAFT, 0)
    assert part.attendances.get(member=cast.guests[2]).status == "present"


def test_the_form_of_a_part_shows_the_sittings_and_asks_who_came_to_which(cast, host, as_user):
    part = host.parts.get()
    client, url = as_user(cast.guest_secretary), reverse("activities:activity_edit", args=[part.pk])
    text = client.get(url).content.decode()
    member, late = cast.guests[2], str(part.sessions.get(number=2).pk)
    assert f'name="seat-{member.pk}"' in text
    assert "第2场" in text
    assert 'name="session-count"' not in text
    form = {"version": part.version, "recorder": part.recorder_id, f"seat-{member.pk}": late, "action": "draft"}
    assert client.post(url, form).status_code == 302
    assert at(part, 2) == {member.pk}
