"""Held jointly, and the host writes again after a part was confirmed: never in silence, never half-written."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from activities.choices import ActivityState, AttendanceStatus, Kind
from activities.models import Activity
from activities.records import reviewing
from activities.records.drafting import Absence
from branches.models import Notice
from tests import factories
from tests.activities.joint_cast import TODAY, Cast


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(factories.at(TODAY, 10))


@pytest.fixture
def cast(branch, other_branch, secretary, organiser):
    return Cast(branch, other_branch, secretary, organiser)


def test_a_confirmed_part_gets_a_revision_never_a_silent_change(cast):
    host, part = cast.confirmed_part()
    cast.hand_in(cast.save(host, minutes="补充一段。"))
    part.refresh_from_db()
    assert (part.state, part.minutes, part.revision) == (ActivityState.CONFIRMED, "补充一段。", 2)
    revision = part.revisions.get()
    assert (revision.reason, revision.made_by) == ("主办党支部更正公共内容", cast.secretary)
    assert revision.changes == {"纪要": ["两个党支部共同开展义诊。", "补充一段。"]}
    assert Notice.objects.filter(recipient=cast.guest_secretary, text__contains="更正了").exists()


def test_a_confirmed_part_waits_while_the_host_is_being_written_and_follows_once(cast):
    host, part = cast.confirmed_part()
    cast.save(host, topic="", minutes="")
    cast.save(host, topic="联合义诊进学校", minutes="")
    part.refresh_from_db()
    assert (part.topic, part.minutes) == ("联合义诊进社区", "两个党支部共同开展义诊。")
    assert not part.revisions.exists()
    cast.hand_in(cast.save(host, topic="联合义诊进学校"))
    part.refresh_from_db()
    assert (part.state, part.topic, part.minutes) == (
        ActivityState.CONFIRMED,
        "联合义诊进学校",
        "两个党支部共同开展义诊。",
    )
    assert part.revisions.get().changes == {"主题": ["联合义诊进社区", "联合义诊进学校"]}
    assert Notice.objects.filter(recipient=cast.guest_secretary, text__contains="更正了").count() == 1


def test_a_host_handed_in_again_unchanged_leaves_a_confirmed_part_as_it_is(cast):
    host, part = cast.confirmed_part()
    cast.save(host, topic="")
    cast.hand_in(cast.save(host))
    part.refresh_from_db()
    assert (part.revision, part.revisions.count()) == (1, 0)


def test_a_part_sent_back_while_the_host_was_being_written_has_its_text_when_that_is_handed_in(cast, office):
    host, part = cast.confirmed_part()
    cast.save(host, minutes="补充一段。")
    reviewing.reopen_activity(activity=part, comment="请核对", actor=office)
    cast.hand_in(Activity.objects.get(pk=host.pk))
    part.refresh_from_db()
    assert (part.state, part.minutes, part.revisions.count()) == (ActivityState.RETURNED, "补充一段。", 0)


def test_a_part_filed_while_the_host_was_being_written_keeps_it_from_being_handed_in(cast):
    host, part = cast.confirmed_part()
    cast.save(host, minutes="补充一段。")
    Activity.objects.filter(pk=part.pk).update(state=ActivityState.ARCHIVED)
    with pytest.raises(ValidationError, match="已归档"), transaction.atomic():
        cast.hand_in(Activity.objects.get(pk=host.pk))
    assert Activity.objects.get(pk=host.pk).state == ActivityState.DRAFT


@pytest.mark.parametrize("change", [{"kinds": (Kind.PARTY_LECTURE,)}, {"starts_at": factories.at(date(2026, 11, 10))}])
def test_kinds_and_day_stay_once_a_part_is_confirmed(cast, change):
    host, part = cast.confirmed_part()
    with pytest.raises(ValidationError, match="内科第二党支部的部分已确认，活动类型和日期不能再改"):
        cast.save(host, **change)
    host.refresh_from_db()
    assert host.state == ActivityState.SUBMITTED
    assert not part.revisions.exists()


def test_a_filed_part_stays_as_it_is(cast):
    host, part = cast.confirmed_part()
    Activity.objects.filter(pk=part.pk).update(state=ActivityState.ARCHIVED)
    with pytest.raises(ValidationError, match="已归档"):
        cast.save(host, minutes="补充一段。")


def test_a_correction_of_the_host_reaches_open_and_confirmed_parts(cast, hospital):
    third = factories.make_branch(hospital, name="外科党支部")
    factories.make_member(third)
    host = cast.save(cohosts=(cast.guest, third))
    part, open_one = host.parts.get(branch=cast.guest), host.parts.get(branch=third)
    cast.hand_in(host)
    cast.hand_in_part(part)
    cast.confirm_part(part)
    cast.confirm(host)
    reviewing.correct_activity(activity=host, people={}, texts={"topic": "义诊"}, reason="笔误", actor=cast.organiser)
    assert {one.topic for one in host.parts.all()} == {"义诊"}
    assert (part.revisions.count(), open_one.revisions.count()) == (1, 0)


def test_a_part_corrects_its_people_and_not_the_text(cast):
    _, part = cast.confirmed_part()
    with pytest.raises(ValidationError, match="公共内容由主办党支部更正"):
        reviewing.correct_activity(
            activity=part, people={}, texts={"topic": "x"}, reason="笔误", actor=cast.guest_organiser
        )
    people = {cast.guests[2].pk: Absence("duty")}
    reviewing.correct_activity(activity=part, people=people, reason="值班", actor=cast.guest_organiser)
    assert part.attendances.get(member=cast.guests[2]).status == AttendanceStatus.OFFICIAL
