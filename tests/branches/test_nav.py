"""The navigation shows the doors a reader may open, and where the page stands."""

import pytest

from branches.choices import Capability, Role
from branches.nav import navigation
from branches.rules import GRANTS


def links(held, path="/"):
    return [link for _, section in navigation(held, path) for link in section]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "支部首页"),
        ("/activities/", "活动记录"),
        ("/activities/17/edit/", "活动记录"),
        ("/activities/board/", "规定动作"),
        ("/activities/plan/3/", "规定动作"),
        ("/members/3/", "党员名册"),
        ("/members/me/", "我的信息"),
        ("/points/members/3/", "积分管理"),
        ("/points/", "我的积分"),
    ],
)
def test_exactly_the_place_of_the_page_is_current(path, text):
    held = GRANTS[Role.BRANCH_SECRETARY] | GRANTS[Role.MEMBER]
    assert [link.text for link in links(held, path) if link.current] == [text]


def test_a_member_is_shown_no_door_of_the_office():
    texts = {link.text for link in links(GRANTS[Role.MEMBER])}
    assert texts == {"首页", "活动记录", "我的积分", "我的信息", "我的出勤", "我的消息", "积分规则"}


def test_every_door_needs_something_somebody_holds():
    held = frozenset().union(*GRANTS.values())
    assert len(links(held)) > len(links(frozenset({Capability.OWN_VIEW})))
