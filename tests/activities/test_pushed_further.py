"""An item the committee gave is given to further branches while it runs: those founded since, those left out."""

import uuid
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from activities.choices import Kind, PlanState
from activities.models import ActivityMonth, PlanItem
from activities.plan.pushing import Order, add_branches, answer_item, push_item, withdraw_pushed
from branches.choices import Role
from branches.models import AuditEntry, Notice
from tests.factories import UserFactory, appoint, at, make_branch

TODAY = date(2026, 11, 22)
ORDER = Order("观看警示教育片", date(2026, 11, 10), date(2026, 11, 25))


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(TODAY, 10))


@pytest.fixture
def pushed(hospital, branch, office):
    return push_item(giver=hospital, order=ORDER, branches=[branch], actor=office, form_key=uuid.uuid4())


@pytest.fixture
def founded(hospital):
    """A branch founded after the item was given."""
    node = make_branch(hospital, founded_on=date(2026, 11, 20))
    appoint(UserFactory(name="新书记"), node, Role.BRANCH_SECRETARY, date(2026, 11, 20))
    return node


def test_a_branch_founded_since_owes_the_item_and_hears_of_it_once(pushed, founded, branch, office):
    for expected in ([founded], []):
        assert add_branches(pushed=pushed, branches=[branch, founded], actor=office) == expected
    item = PlanItem.objects.get(pushed=pushed, branch=founded)
    assert (item.start, item.due, item.state) == (date(2026, 11, 20), date(2026, 11, 25), PlanState.OPEN)
    assert ActivityMonth.objects.get(branch=founded, kind=Kind.ASSIGNED).required == 1
    notice = Notice.objects.get(recipient__name="新书记")
    assert notice.url == reverse("activities:plan_item", args=[item.pk])
    assert AuditEntry.objects.filter(action="plan.pushed").count() == 2


def test_who_has_it_keeps_what_was_answered(pushed, founded, branch, secretary, office):
    item = PlanItem.objects.get(pushed=pushed, branch=branch)
    answer_item(item=item, text="已组织观看。", activity=None, version=item.version, actor=secretary)
    add_branches(pushed=pushed, branches=[branch, founded], actor=office)
    item.refresh_from_db()
    assert (item.state, item.answer) == (PlanState.SUBMITTED, "已组织观看。")


@pytest.mark.parametrize(("day", "passes"), [(date(2026, 11, 25), True), (date(2026, 11, 26), False)])
def test_it_runs_to_its_last_day(day, passes, pushed, founded, office):
    if passes:
        assert add_branches(pushed=pushed, branches=[founded], actor=office, today=day) == [founded]
    else:
        with pytest.raises(ValidationError, match="已经截止"):
            add_branches(pushed=pushed, branches=[founded], actor=office, today=day)


def test_nothing_is_added_to_what_was_withdrawn_nor_nobody_nor_the_dissolved(pushed, founded, office, hospital):
    with pytest.raises(ValidationError, match="请先勾选"):
        add_branches(pushed=pushed, branches=[], actor=office)
    gone = make_branch(hospital, dissolved_on=date(2026, 11, 21))
    with pytest.raises(ValidationError, match="已经撤销"):
        add_branches(pushed=pushed, branches=[gone], actor=office)
    withdraw_pushed(pushed=pushed, actor=office)
    with pytest.raises(ValidationError, match="已经撤回"):
        add_branches(pushed=pushed, branches=[founded], actor=office)


def test_the_page_offers_the_missing_while_it_runs(pushed, founded, branch, office, as_user, hospital, time_machine):
    client, url = as_user(office), reverse("activities:pushed_detail", args=[pushed.pk])
    page = client.get(url).content.decode()
    assert f'name="branches" value="{founded.pk}"' in page
    assert f'name="branches" value="{branch.pk}"' not in page
    assert "请先勾选" in client.post(url, {"action": "add"}, follow=True).content.decode()
    answer = client.post(url, {"action": "add", "branches": [founded.pk, "x", "9" * 30]}, follow=True).content.decode()
    assert "已补充布置给1个党支部" in answer
    assert 'name="branches"' not in answer
    make_branch(hospital, name="又一个党支部")
    assert 'name="branches"' in client.get(url).content.decode()
    time_machine.move_to(at(date(2026, 11, 26), 10))
    assert 'name="branches"' not in client.get(url).content.decode()
