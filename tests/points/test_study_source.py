"""Hours of study as points: full units on their day, and a year with too few of them."""

from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError

from activities.attendance.hours import add_course, book_hours, remove_course
from activities.choices import ActivityState, Kind
from activities.models import StudyHours
from activities.signals import activity_confirmed
from points.cycle.closing import close_months
from points.ledger.check import differences
from points.ledger.posting import post_many, post_source
from points.models import PeriodClose
from tests import factories
from tests.points.ledger_help import announced, correct, standing

pytestmark = pytest.mark.django_db


def test_each_full_eight_hours_is_a_point_on_the_day_it_was_reached(branch, members, organiser):
    for day, hours in ((1, 6), (5, 6), (9, 12)):
        add_course(
            member=members[0],
            title=f"培训{day}",
            studied_on=date(2026, 10, day),
            hours=Decimal(hours),
            actor=organiser,
        )
    assert standing(members[0], "B01") == [
        ("B01", Decimal("1.00"), date(2026, 10, 5)),
        ("B01", Decimal("1.00"), date(2026, 10, 9)),
        ("B01", Decimal("1.00"), date(2026, 10, 9)),
    ]
    assert list(differences(2026)) == []


def test_a_course_taken_out_takes_its_unit_along(branch, members, organiser):
    course = add_course(
        member=members[0], title="培训", studied_on=date(2026, 10, 1), hours=Decimal(8), actor=organiser
    )
    assert len(standing(members[0], "B01")) == 1
    remove_course(entry=course, actor=organiser)
    assert standing(members[0], "B01") == []
    assert list(differences(2026)) == []


def test_what_a_member_reports_counts_once_it_was_checked(branch, members):
    add_course(member=members[0], title="培训", studied_on=date(2026, 10, 1), hours=Decimal(8), actor=members[0].user)
    assert standing(members[0], "B01") == []


def test_hours_of_a_meeting_are_points_in_its_own_transaction(branch, groups, members, held):
    activity = held(members[:1], hours=Decimal(8))
    book_hours(activity, activity.recorder)
    correct(activity)
    assert [code for code, *_ in standing(members[0])] == ["A02", "B01"]
    activity.state = ActivityState.RETURNED
    activity.save()
    book_hours(activity, activity.recorder)
    post_source(source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=None)
    assert standing(members[0]) == []


def test_a_course_of_a_locked_quarter_is_neither_added_nor_removed(branch, members, organiser):
    course = add_course(member=members[0], title="培训", studied_on=date(2026, 5, 4), hours=Decimal(8), actor=organiser)
    PeriodClose.objects.create(branch=branch, kind="quarter", start=date(2026, 4, 1), state="locked")
    with pytest.raises(ValidationError, match="锁定"):
        add_course(member=members[0], title="另一次", studied_on=date(2026, 5, 5), hours=Decimal(8), actor=organiser)
    with pytest.raises(ValidationError, match="锁定"):
        remove_course(entry=course, actor=organiser)
    assert len(standing(members[0], "B01")) == 1


def test_a_record_confirmed_late_takes_back_the_shortfall_it_makes_good(hospital, branch, groups, members, held):
    with time_machine.travel(factories.at(date(2027, 1, 6), 10), tick=False):
        close_months(branches=[branch], month=date(2026, 12, 1), actor=None, today=date(2027, 1, 6))
        assert announced(members[0]) == [("G11", Decimal("-2.00"))]
        activity = factories.make_activity(
            branch,
            kinds=(Kind.PARTY_LECTURE,),
            day=date(2026, 12, 28),
            state=ActivityState.CONFIRMED,
            members=members[:1],
            revision=1,
            hours=Decimal(32),
        )
        book_hours(activity, activity.recorder)
        post_source(source_kind="activity", source_id=activity.pk, revision=1, actor=None, is_first=True)
        assert announced(members[0]) == []
        assert len(standing(members[0], "B01")) == 4
        assert list(differences(2026)) == []


def test_a_late_first_record_of_last_year_takes_an_announced_shortfall_of_hours_back(branch, members):
    years = [member.pk * 1_000_000 + 2025 * 100 for member in members]
    book_course(members[0], date(2025, 3, 1), hours=30)
    PeriodClose.objects.create(branch=branch, kind="month", start=date(2025, 12, 1), state="closed")
    post_many(source_kind="study", source_ids=years, actor=None)
    assert announced(members[0]) == [("G11", Decimal("-2.00"))]
    late = factories.make_activity(
        branch, day=date(2025, 12, 20), state=ActivityState.CONFIRMED, members=members[:1], revision=1
    )
    book_course(members[0], date(2025, 12, 20), hours=2)
    activity_confirmed.send(type(late), source_kind="activity", source_id=late.pk, revision=1, actor=late.recorder)
    assert announced(members[0]) == []
    assert list(differences()) == []


def book_course(member, day, *, hours):
    StudyHours.objects.create(member=member, branch=member.branch, studied_on=day, hours=hours, title="学习")
