"""The main navigation: which doors a reader sees, and which of them the page stands behind."""

from collections.abc import Collection
from typing import NamedTuple

from django.urls import reverse

from branches.choices import Capability as C


class Door(NamedTuple):
    """A line of the navigation, shown to whoever holds one of `needs` anywhere."""

    section: str
    name: str  # of the URL
    icon: str
    text: str
    needs: frozenset[C]
    also: tuple[str, ...] = ()  # further paths that belong to it


class Link(NamedTuple):
    url: str
    icon: str
    text: str
    current: bool


def _door(section: str, name: str, icon: str, text: str, *needs: C, also: tuple[str, ...] = ()) -> Door:
    return Door(section, name, icon, text, frozenset(needs), also)


DOORS = (
    _door("", "activities:activity_list", "journal-text", "活动记录", C.ACTIVITY_VIEW, C.BRANCH_ACTIVITIES_VIEW),
    _door(
        "",
        "activities:board",
        "ui-checks-grid",
        "规定动作",
        C.ACTIVITY_VIEW,
        also=("/activities/plan/", "/activities/pushed/", "/activities/year-documents/"),
    ),
    _door("支部与党员", "branches:branch_tree", "diagram-3", "组织架构", C.ORG_VIEW),
    _door("支部与党员", "members:member_list", "people", "党员名册", C.ROSTER_VIEW),
    _door(
        "支部与党员",
        "points:branch_points",
        "clipboard-data",
        "积分管理",
        C.POINTS_VIEW,
        also=(
            "/points/members/",
            "/points/periods/",
            "/points/publications/",
            "/points/objections/",
            "/points/assessment/",
            "/members/exemptions/",
            "/points/claims/",
            "/points/deductions/",
            "/points/batches/",
        ),
    ),
    _door("支部与党员", "points:star_list", "star", "星级评定", C.STARS_VIEW, also=("/points/stars/",)),
    # The leader of a group and the discipline office see no points of the branch, and have this one thing to do there.
    _door("支部与党员", "points:claim_review_list", "clipboard-check", "申报初审", C.POINTS_FIRST_REVIEW),
    _door("支部与党员", "points:veto_list", "shield-exclamation", "一票否决", C.DISCIPLINE_WRITE),
    _door(
        "支部与党员",
        "activities:make_up_list",
        "calendar-check",
        "出勤管理",
        C.ACTIVITY_CONFIRM,
        C.COMMITTEE_CONFIRM,
        also=("/activities/leave/", "/activities/hours/"),
    ),
    # Whoever reads the points of a branch reads its records and its roll too: what most reports hold. The star list
    # asks for the stars alone, which those above a hospital see as well.
    _door("支部与党员", "branches:reports", "file-earmark-arrow-down", "报表中心", C.POINTS_VIEW, C.STARS_VIEW),
    _door("管理", "members:setup", "list-check", "启用向导", C.ROSTER_IMPORT),
    _door("管理", "branches:holiday_list", "calendar3", "工作日历", C.ORG_MANAGE),
    _door("管理", "points:rule_list", "book", "积分规则", C.RULES_WRITE),
    _door("管理", "activities:layout_list", "file-earmark-ruled", "纸质表样", C.ORG_MANAGE),
    _door("管理", "branches:account_list", "person-lock", "账号管理", C.ACCOUNTS_MANAGE),
    _door("管理", "branches:audit_list", "shield-check", "审计记录", C.AUDIT_VIEW),
    _door(
        "个人",
        "branches:inbox",
        "bell",
        "我的消息",
        *C,
        also=("/branches/todos/", "/branches/reminders/", "/branches/feed/"),
    ),
    _door("个人", "points:my_points", "clipboard-check", "我的积分", C.OWN_VIEW, also=("/points/claims/mine/",)),
    _door(
        "个人",
        "activities:my_attendance",
        "person-check",
        "我的出勤",
        C.OWN_VIEW,
        also=("/activities/hours/mine/", "/activities/sign-in/"),
    ),
    _door("个人", "points:star_publicity", "star", "星级公示", C.BRANCH_ACTIVITIES_VIEW),
    _door("个人", "members:me", "person", "我的信息", C.OWN_VIEW),
    _door("个人", "points:rule_list", "book", "积分规则", C.RULES_VIEW),
)


def _home(held: Collection[C]) -> Link:
    if C.DASHBOARD_VIEW in held:
        return Link(reverse("home"), "grid-1x2", "党委总览", False)
    return Link(reverse("home"), "house", "支部首页" if C.ACTIVITY_VIEW in held else "首页", False)


def navigation(held: Collection[C], path: str) -> list[tuple[str, list[Link]]]:
    """Sections of links for a reader who holds these capabilities; the longest fitting path marks the current one."""
    first = {door.name: door for door in reversed(DOORS) if door.needs & set(held)}  # one door to a page
    doors = [(door, reverse(door.name)) for door in DOORS if first.get(door.name) is door]
    roots = {root: url for door, url in doors for root in (url, *door.also) if path.startswith(root)}
    here = roots[max(roots, key=len)] if roots else path
    home = _home(held)
    sections: dict[str, list[Link]] = {"": [home._replace(current=home.url == here)]}
    for door, url in doors:
        sections.setdefault(door.section, []).append(Link(url, door.icon, door.text, url == here))
    return list(sections.items())
