"""The list of matters decided: filtered by who answers for them, paged and exported as filtered."""

from datetime import date
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from activities.choices import ActivityState
from activities.models import FollowUp
from activities.views import follow_ups
from branches.models import AuditEntry
from tests.factories import UserFactory, make_activity, make_member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]
MATTERS = reverse("activities:follow_ups")


@pytest.fixture
def today():
    with time_machine.travel("2026-11-22 10:00:00+08:00", tick=False):
        yield


@pytest.fixture
def meeting(branch):
    return make_activity(branch, state=ActivityState.CONFIRMED, day=date(2026, 10, 11))


@pytest.fixture
def matters(meeting, secretary, organiser):
    texts = (("整理活动室", secretary), ("补齐台账", organiser), ("更换展板", None))
    return [
        FollowUp.objects.create(activity=meeting, number=n, text=text, owner=owner)
        for n, (text, owner) in enumerate(texts, 1)
    ]


def shown(page):
    text = page.content.decode()
    return [name for name in ("整理活动室", "补齐台账", "更换展板") if name in text]


def test_matters_are_found_by_who_answers_for_them(matters, as_user, secretary, organiser):
    client = as_user(secretary)
    assert shown(client.get(MATTERS)) == ["整理活动室", "补齐台账", "更换展板"]
    assert shown(client.get(MATTERS, {"owner": organiser.pk})) == ["补齐台账"]
    assert shown(client.get(MATTERS, {"owner": "me"})) == ["整理活动室"]
    assert shown(client.get(MATTERS, {"owner": "none"})) == ["更换展板"]
    assert "党员名册" in client.get(MATTERS).content.decode(), "the rail is there: no name of the page hides its own"


@pytest.mark.parametrize("owner", ["x", "999999", "-1", "1" * 40])
def test_an_owner_that_is_nobody_s_filters_nothing(matters, as_user, secretary, owner):
    assert len(shown(as_user(secretary).get(MATTERS, {"owner": owner}))) == 3


def test_only_owners_of_matters_one_may_read_are_offered(matters, as_user, secretary, other_branch):
    stranger = UserFactory(name="外支部的人")
    away = make_activity(other_branch, state=ActivityState.CONFIRMED, day=date(2026, 10, 11))
    FollowUp.objects.create(activity=away, number=1, text="别处的事", owner=stranger)
    page = as_user(secretary).get(MATTERS).content.decode()
    assert ("外支部的人" in page, "别处的事" in page) == (False, False)


def test_namesakes_are_told_apart_by_their_branch(meeting, as_user, secretary, branch, other_branch):
    for n, node in enumerate((branch, other_branch), 1):
        person = make_member(node, user=UserFactory(name="王伟")).user
        FollowUp.objects.create(activity=meeting, number=n, text=f"第{n}件", owner=person)
    page = as_user(secretary).get(MATTERS).content.decode()
    assert f"王伟（{branch}）" in page
    assert f"王伟（{other_branch}）" in page


def test_the_next_page_and_the_export_keep_the_filters(matters, meeting, as_user, secretary, organiser, monkeypatch):
    monkeypatch.setattr(follow_ups, "PER_PAGE", 1)
    FollowUp.objects.create(activity=meeting, number=9, text="=1+1", owner=organiser)
    client = as_user(secretary)
    page = client.get(MATTERS, {"owner": organiser.pk, "state": "open"}).content.decode()
    assert f"?owner={organiser.pk}&amp;state=open&amp;page=2" in page
    assert f"?owner={organiser.pk}&amp;state=open&amp;format=xlsx" in page
    sheet = load_workbook(BytesIO(client.get(MATTERS, {"owner": organiser.pk, "format": "xlsx"}).content)).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    texts = [str(cell.value) for cell in cells]
    assert ("补齐台账" in texts, "=1+1" in texts, "整理活动室" in texts) == (True, True, False)
    assert [cell for cell in cells if cell.data_type == "f"] == []
    assert AuditEntry.objects.get(action="activity.exported").changes["rows"] == [None, 2]


def test_a_refused_note_and_a_finished_one_lead_back_to_the_same_filters(matters, as_user, secretary, organiser):
    client, back = as_user(secretary), f"{MATTERS}?owner={organiser.pk}"
    done = reverse("activities:follow_up_done", args=[matters[1].pk])
    refused = client.post(done, {"note": "", "next": back})
    assert (refused.status_code, shown(refused)) == (422, ["补齐台账"])
    assert client.post(done, {"note": "已补齐", "next": back})["Location"] == back


def test_one_matter_and_twenty_cost_the_same(meeting, as_user, secretary, branch, django_assert_num_queries):
    def matter(n):
        person = make_member(branch).user
        FollowUp.objects.create(activity=meeting, number=n, text=f"第{n}件", owner=person)

    matter(1)
    client = as_user(secretary)
    client.get(MATTERS)
    with CaptureQueriesContext(connection) as one:
        client.get(MATTERS)
    for n in range(2, 21):
        matter(n)
    with django_assert_num_queries(len(one)):
        client.get(MATTERS)
