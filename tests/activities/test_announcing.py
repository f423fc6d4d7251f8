"""A plan is announced again when a time or a place of it is another one, and only then."""

import uuid
from datetime import date, timedelta

import pytest

from activities import services
from activities.choices import Kind
from activities.records.announcing import announce, plan_activity
from activities.records.drafting import ActivityData
from activities.records.sessions import FIRST, SessionLine
from branches.models import Notice
from tests import factories

TODAY = date(2026, 11, 22)
DAY = TODAY + timedelta(days=5)
LONG = "门诊大楼十二楼东侧多功能学术报告厅（请从三号电梯上楼）"


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(factories.at(TODAY, 10), tick=False)


@pytest.fixture
def people(branch):
    return [factories.make_member(branch) for _ in range(2)]


@pytest.fixture
def save(branch, secretary):
    """save(plan, hours=…, place=…): change the plan, `hours` the beginnings of its sittings."""

    def write(plan=None, *, hours=(8,), place=LONG, rooms=""):
        lines = [
            SessionLine(FIRST if n == 0 else f"n{n}", factories.at(DAY, h), factories.at(DAY, h + 1), rooms or place)
            for n, h in enumerate(hours)
        ]
        data = ActivityData(
            branch=branch,
            kinds=(Kind.THEME_DAY,),
            starts_at=factories.at(DAY, hours[0]),
            ends_at=factories.at(DAY, hours[0] + 1),
            topic="学习条例",
            place=place,
            sessions=tuple(lines) if len(lines) > 1 else (),
            version=plan.version if plan else None,
        )
        return services.save_draft(activity=plan, form_key=uuid.uuid4(), data=data, actor=secretary)

    return write


@pytest.fixture
def tell(save, secretary, people):
    """Announce the plan and return how many were told, all of them or nobody."""

    def act(plan):
        plan = plan_activity(activity=plan, actor=secretary)
        return plan, announce(activity=plan, actor=secretary)

    return act


def test_a_new_place_of_many_sittings_is_announced_again(save, tell):
    hours = (8, 10, 12, 14, 16, 18)
    plan, told = tell(save(hours=hours))
    assert told == 2
    plan, told = tell(plan)
    assert told == 0
    plan, told = tell(save(plan, hours=hours, place="食堂"))
    assert told == 2
    plan, told = tell(save(plan, hours=(*hours[:-1], 20), place="食堂"))
    assert told == 2


def test_two_places_that_begin_alike_are_two_places(save, tell):
    plan, _ = tell(save(place=LONG * 2))
    assert tell(save(plan, place=f"{LONG}{LONG[:-1]}）甲"))[1] == 2


def test_a_gathering_moved_there_and_back_is_announced_each_time(save, tell, people):
    plan, _ = tell(save(place="食堂"))
    plan, there = tell(save(plan, place="礼堂"))
    plan, back = tell(save(plan, place="食堂"))
    _, again = tell(plan)
    assert (there, back, again) == (2, 2, 0)
    assert "食堂" in Notice.objects.filter(recipient=people[0].user).latest("pk").text


def test_who_joined_later_is_told_and_nobody_else_twice(save, tell, branch):
    plan, _ = tell(save())
    factories.make_member(branch)
    plan, told = tell(save(plan))
    assert told == 1
    assert tell(plan)[1] == 0
