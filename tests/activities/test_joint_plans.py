"""A joint gathering that lies ahead: its parts are announced by themselves, and no move of the host goes unheard."""

from datetime import timedelta

import pytest

from activities.models import Activity
from activities.records import announcing
from activities.records.sessions import FIRST, SessionLine
from branches.models import Notice
from tests import factories
from tests.activities.joint_cast import DAY, TODAY, Cast

AHEAD = TODAY + timedelta(days=5)
WHEN = {"starts_at": factories.at(AHEAD), "ends_at": factories.at(AHEAD, 18)}
LATER = {"starts_at": factories.at(AHEAD, 19), "ends_at": factories.at(AHEAD, 20)}


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(factories.at(TODAY, 10))


@pytest.fixture
def cast(branch, other_branch, secretary, organiser):
    return Cast(branch, other_branch, secretary, organiser)


@pytest.fixture
def host(cast):
    host = cast.save(**WHEN)
    announcing.plan_activity(activity=host, actor=cast.secretary)
    return host


@pytest.fixture
def announced(cast, host):
    announcing.announce(activity=host.parts.get(), actor=cast.guest_secretary)
    return host


def told(cast):
    notices = Notice.objects.filter(recipient=cast.guest_secretary, text__contains="的时间或地点")
    return list(notices.order_by("pk").values_list("text", flat=True))


def test_the_keeper_of_an_announced_part_hears_of_each_new_time_and_place_once(cast, announced):
    cast.save(announced, **LATER)
    text = "机关第一党支部改了11月27日主题党日“联合义诊进社区”的时间或地点，请重新通知应到人员"
    assert told(cast) == [text]
    cast.save(announced, **LATER, minutes="再写一句。")
    assert told(cast) == [text]
    cast.save(announced, **LATER, place="小学")
    cast.save(announced, **WHEN, place="小学")
    assert told(cast) == [text] * 3


def test_a_sitting_more_or_fewer_is_a_new_time_too(cast, announced):
    first = SessionLine(FIRST, WHEN["starts_at"], WHEN["ends_at"])
    evening = SessionLine("n1", factories.at(AHEAD, 20), factories.at(AHEAD, 21), "病区")
    cast.save(announced, **WHEN, sessions=(first, evening))
    assert len(told(cast)) == 1
    cast.save(announced, **WHEN, sessions=())
    assert len(told(cast)) == 2


def test_a_part_nobody_announced_yet_is_told_without_asking_to_announce_again(cast, host):
    cast.save(host, **LATER)
    (text,) = told(cast)
    assert text.endswith("请按新的安排准备")


def test_one_that_was_announced_and_then_held_earlier_is_told(cast, announced):
    cast.save(announced, starts_at=factories.at(DAY), ends_at=factories.at(DAY, 18))
    assert len(told(cast)) == 1


def test_of_what_is_over_a_mended_place_is_no_message(cast):
    host = cast.save()
    cast.save(host, place="小学", starts_at=factories.at(DAY, 9))
    assert Activity.objects.get(host=host).place == "小学"
    assert told(cast) == []
