"""Where the evidence of a score card leads, and which of these pages a reader may open."""

from collections.abc import Collection
from typing import Final, NamedTuple

from branches.access import may
from branches.choices import Capability as C
from branches.models import Branch, User


class Door(NamedTuple):
    """Addresses that begin with `root`; whoever holds all of one of `opens` may follow them."""

    root: str
    label: str
    opens: tuple[frozenset[C], ...]


def _door(root: str, label: str, *opens: Collection[C]) -> Door:
    return Door(root, label, tuple(frozenset(one) for one in opens))


DOORS: Final = (  # the first that fits an address
    _door("/activities/year-documents/", "年度计划和总结", {C.ACTIVITY_VIEW}),
    _door("/activities/hours/", "学时台账", {C.ACTIVITY_VIEW, C.ROSTER_VIEW}),
    _door("/activities/matters/", "整改事项", {C.ACTIVITY_VIEW}),
    _door("/activities/", "活动记录", {C.ACTIVITY_VIEW}),
    _door("/branches/", "组织架构", {C.ORG_VIEW}),
    _door("/members/", "党员名册", {C.ROSTER_VIEW}),
    _door("/points/publications/", "积分晾晒", {C.POINTS_VIEW}, {C.POINTS_PUBLISHED_VIEW}),
    _door("/points/assessment/", "年度考核", {C.ASSESSMENT_WRITE}, {C.ASSESSMENT_CONFIRM}),
    _door("/points/stars/", "登记的数据", {C.STARS_VIEW}),
)


def door_of(url: str) -> Door | None:
    return next((door for door in DOORS if url.startswith(door.root)), None)


class Reader:
    """What one reader may open of one branch; the posts are read once per request."""

    def __init__(self, user: User, branch: Branch) -> None:
        self._open = {
            door.root for door in DOORS if any(all(may(user, need, branch) for need in needs) for needs in door.opens)
        }

    def may_open(self, url: str) -> bool:
        door = door_of(url)
        return door is not None and door.root in self._open
