"""Odd requests: a form sent again for another branch, dates at the ends of the calendar, a reader from above."""

import uuid
from datetime import date

import pytest
from django.urls import reverse

from activities.choices import Kind
from activities.models import Activity
from branches.choices import Role
from tests.factories import appoint, at, make_activity, make_member

LIST = reverse("activities:activity_list")
CREATE = reverse("activities:activity_create")


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(date(2026, 11, 22), 10))


def test_going_back_and_choosing_another_branch_is_refused_in_words(as_user, person, branch, other_branch):
    user = person(Role.BRANCH_SECRETARY)
    appoint(user, other_branch, Role.BRANCH_SECRETARY)
    make_member(other_branch)
    form = {
        "form_key": str(uuid.uuid4()),
        "branch": branch.pk,
        "kind": Kind.THEME_DAY,
        "topic": "冬季志愿导诊",
        "date": "2026-11-11",
        "starts": "16:30",
        "recorder": user.pk,
        "action": "draft",
    }
    client = as_user(user)
    assert client.post(CREATE, form).status_code == 302
    page = client.post(CREATE, form | {"branch": other_branch.pk, "topic": "另一个主题"})
    assert page.status_code == 422
    assert "另一个主题" in page.content.decode()
    assert Activity.objects.count() == 1


@pytest.mark.parametrize(
    "asked", [{"since": "0001-01-01"}, {"until": "9999-12-31"}, {"month": "0001-01"}, {"month": "9999-12"}]
)
def test_days_at_the_ends_of_the_calendar_filter_nothing_they_should_not(as_user, secretary, branch, asked):
    make_activity(branch, day=date(2026, 11, 11))
    assert as_user(secretary).get(LIST, asked).status_code == 200


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_form_opens_for_any_day_asked(as_user, secretary, branch, day):
    assert as_user(secretary).get(CREATE, {"date": day}).status_code == 200


def test_a_superior_reads_the_record_but_not_why_somebody_was_away(as_user, person, branch, secretary):
    absent = make_member(branch, name="张缺席")
    activity = make_activity(branch, members=[absent], absent=(absent,), day=date(2026, 11, 11))
    activity.attendances.update(note="住院手术")
    page = as_user(person(Role.SUPERIOR_VIEWER)).get(reverse("activities:activity_detail", args=[activity.pk]))
    assert page.status_code == 200
    assert "住院手术" not in page.content.decode()
    page = as_user(secretary).get(reverse("activities:activity_detail", args=[activity.pk]))
    assert "住院手术" in page.content.decode()
