"""Everybody starts on the page that is most useful to them."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.choices import ActivityState, Kind, Period, PlanState
from branches.choices import Role
from branches.models import User
from points.waiting import to_confirm
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
HOME = reverse("home")


def words(answer) -> str:
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", answer.content.decode()))


def month_of(client):
    return client.get(HOME).context["month"]


# --- which page ---


@pytest.mark.parametrize(
    ("role", "template"),
    [
        (Role.PARTY_COMMITTEE_SECRETARY, "points/dashboard.html"),
        (Role.PARTY_OFFICE, "points/dashboard.html"),
        (Role.DISCIPLINE_OFFICE, "points/dashboard.html"),
        (Role.SUPERIOR_VIEWER, "points/dashboard.html"),
        (Role.GENERAL_BRANCH_SECRETARY, "points/dashboard.html"),
        (Role.BRANCH_SECRETARY, "points/branch_home.html"),
        (Role.PUBLICITY_MEMBER, "points/branch_home.html"),
        (Role.MEMBER, "points/member_home.html"),
        (Role.PROBATIONARY, "points/member_home.html"),
    ],
)
def test_each_post_has_its_page(person, as_user, role, template):
    answer = as_user(person(role)).get(HOME)
    assert answer.status_code == 200
    assert template in {used.name for used in answer.templates}


def test_administrators_start_at_their_lists(person, as_user):
    assert as_user(person(Role.SYSTEM_ADMIN)).get(HOME)["Location"] == reverse("branches:account_list")
    assert as_user(person(Role.AUDIT_ADMIN)).get(HOME)["Location"] == reverse("branches:audit_list")


def test_nobody_gets_a_friendly_page(outsider, as_user):
    assert "还没有为您安排职务" in words(as_user(outsider).get(HOME))


def test_several_posts_give_a_switch(secretary, hospital, as_user):
    factories.appoint(secretary, hospital, Role.PARTY_COMMITTEE_MEMBER)
    client = as_user(User.objects.get(pk=secretary.pk))
    assert "党委总览" in words(client.get(HOME))
    used = {key: client.get(HOME, {"as": key}).templates[0].name for key in ("branch", "me", "dashboard", "x")}
    assert used == {
        "branch": "points/branch_home.html",
        "me": "points/member_home.html",
        "dashboard": "points/dashboard.html",
        "x": "points/dashboard.html",
    }


def test_a_group_leader_sees_the_home_of_the_own_branch_with_the_own_group_only(branch, groups, owed, as_user):
    leader = factories.UserFactory()
    factories.appoint(leader, groups[0], Role.GROUP_LEADER)
    mine = owed(Kind.GROUP_MEETING, group=groups[0])
    owed(Kind.GROUP_MEETING, group=groups[1])
    owed(Kind.THEME_DAY)
    answer = as_user(leader).get(HOME)
    assert answer.context["branch"] == branch
    assert [task.item for task in answer.context["month"].todos] == [mine]
    for url in (answer.context["create_url"], answer.context["month"].todos[0].url):
        assert as_user(leader).get(url).status_code == 200


# --- what the month owes ---


def test_what_is_late_comes_first_then_what_was_sent_back_then_what_is_due(secretary, branch, owed, as_user):
    soon = owed(Kind.THEME_DAY)
    record = factories.make_activity(branch, state=ActivityState.RETURNED, return_comment="请补充决议")
    back = owed(Kind.COMMITTEE_MEETING, state=PlanState.RETURNED, activity=record)
    late = owed(Kind.COMMITTEE_MEETING, 10)
    owed(Kind.POLITICAL_BIRTHDAY, state=PlanState.CONFIRMED, done_on=date(2026, 11, 12))
    sent = owed(Kind.GROUP_MEETING, state=PlanState.SUBMITTED)
    owed(Kind.WARNING_EDUCATION, state=PlanState.NOT_APPLICABLE, reason="不作要求")
    later = owed(Kind.PARTY_LECTURE, period=Period.QUARTER, end=date(2026, 12, 31), due=date(2026, 12, 31))
    month = month_of(as_user(secretary))
    assert [task.item for task in month.todos] == [late, back, soon]
    assert [task.button for task in month.todos] == ["补录", "修改记录", "登记"]
    assert [task.tag for task in month.todos] == ["逾期22天", "已退回", "本月内"]
    assert month.todos[1].text == "请补充决议"
    assert [task.item for task in month.later] == [later]
    assert sent in [task.item for task in month.done]
    assert (month.required, month.confirmed, month.sent, month.open, month.late) == (5, 1, 1, 3, 1)
    assert month.ticks.count("is-ok") == 1
    assert month.ticks[-1] == "is-late"


def test_each_todo_leads_to_a_form_that_is_filled(secretary, branch, groups, owed, as_user):
    late = owed(Kind.GROUP_MEETING, 10, group=groups[1])
    task = month_of(as_user(secretary)).todos[0]
    for part in ("kind=group_meeting", f"group={groups[1].pk}", f"branch={branch.pk}", "date=2026-10-31"):
        assert part in task.url
    assert task.explain_url == reverse("activities:plan_item", args=[late.pk])


def test_a_quiet_month_says_so(secretary, owed, as_user):
    assert "本月没有应开展的规定动作" in words(as_user(secretary).get(HOME))
    owed(Kind.THEME_DAY, state=PlanState.CONFIRMED, done_on=date(2026, 11, 4))
    assert "本月应开展的都已登记" in words(as_user(secretary).get(HOME))


def test_another_branchs_duties_are_not_mine(secretary, other_branch, owed, as_user):
    owed(Kind.THEME_DAY, branch=other_branch)
    assert month_of(as_user(secretary)).required == 0


# --- what waits for me ---


def test_the_organiser_finds_the_record_to_confirm_and_its_author_does_not(secretary, organiser, branch, as_user):
    record = factories.make_activity(branch, state=ActivityState.SUBMITTED, recorder=secretary)
    assert to_confirm(organiser, factories.TODAY) == [record]
    assert to_confirm(secretary, factories.TODAY) == []
    assert f"确认：{record.topic}" in words(as_user(organiser).get(HOME))


def test_the_office_confirms_only_where_nobody_else_may(secretary, office, branch):
    record = factories.make_activity(branch, state=ActivityState.SUBMITTED, recorder=secretary)
    assert to_confirm(office, factories.TODAY) == [record]
    factories.appoint(factories.UserFactory(), branch, Role.DEPUTY_SECRETARY)
    assert to_confirm(office, factories.TODAY) == []


def test_a_record_sent_back_waits_for_its_author(secretary, organiser, branch, as_user):
    factories.make_activity(
        branch, state=ActivityState.RETURNED, recorder=secretary, topic="支委会", return_comment="缺责任人"
    )
    assert "缺责任人" in words(as_user(secretary).get(HOME))
    assert as_user(organiser).get(HOME).context["returned"] == []


# --- the rest of the page ---


def test_the_facts_of_the_branch_are_counted(secretary, organiser, branch, groups, as_user):
    factories.make_member(branch, member_type="probationary")
    factories.make_member(branch, left_on=date(2026, 3, 1))
    facts = as_user(secretary).get(HOME).context["facts"]
    assert (facts["n"], facts["probationary"], facts["committee"], facts["groups"]) == (3, 1, 2, 2)


@pytest.mark.parametrize("who", ["secretary", "member_user", "office"])
def test_the_cost_does_not_grow_with_what_there_is(request, who, branch, groups, owed, held, as_user):
    client = as_user(request.getfixturevalue(who))
    people = [factories.make_member(branch) for _ in range(2)]

    def more(n: int) -> None:
        month = 11 - n // 4
        owed(Kind.GROUP_MEETING, month, group=groups[0], start=date(2026, month, 1 + n % 4))
        held(people, day=date(2026, 11, 1 + n))
        factories.make_activity(branch, state=ActivityState.SUBMITTED)
        factories.make_activity(branch, state=ActivityState.RETURNED)

    more(0)
    client.get(HOME)
    with CaptureQueriesContext(connection) as few:
        client.get(HOME)
    for n in range(1, 20):
        more(n)
    with CaptureQueriesContext(connection) as many:
        client.get(HOME)
    assert len(many) == len(few)


# --- the member ---


def test_a_member_sees_the_own_points_and_what_the_branch_held(member_user, held, groups, owed, as_user):
    held([member_user.member], topic="守护生命")
    owed(Kind.GENERAL_MEETING)
    answer = as_user(member_user).get(HOME)
    page = words(answer)
    assert "守护生命" in page
    assert "60.50" in page
    assert "参加支部党员大会" in page
    assert [item.kind for item, _ in answer.context["ahead"]] == [Kind.GENERAL_MEETING]
