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
    assert texts == {"首页", "活动记录", "我的积分", "我的信息", "我的出勤", "我的消息", "星级公示", "积分规则"}


def test_every_door_needs_something_somebody_holds():
    held = frozenset().union(*GRANTS.values())
    assert len(links(held)) > len(links(frozenset({Capability.OWN_VIEW})))


def test_a_page_has_one_door_and_the_office_finds_the_rules_in_its_own_section():
    held = GRANTS[Role.PARTY_OFFICE] | GRANTS[Role.MEMBER]
    urls = [link.url for link in links(held)]
    assert len(urls) == len(set(urls))
    sections = {section: [link.text for link in found] for section, found in navigation(held, "/")}
    assert "积分规则" in sections["管理"]
    assert "积分规则" not in sections["个人"]
