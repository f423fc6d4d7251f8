"""The screen of a meeting room: made and revoked by the office, for half a day, sums and no names."""

import re
from datetime import date, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.choices import Kind
from activities.plan.rollups import rebuild_activity_months
from branches.choices import Role
from branches.displays import MOST_OPEN, make_display, revoke_display
from branches.models import AccessLink, Appointment, AuditEntry, User
from points.dashboard.display import PER_LINK, STOP_POLLING
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
LIST = reverse("display_list")
NOW = factories.at(factories.TODAY, 10)


@pytest.fixture(autouse=True)
def counters():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def token(hospital, office):
    return make_display(branch=hospital, actor=office)


@pytest.fixture
def busy(branch, held, owed):
    members = [factories.make_member(branch, name=f"欧阳暗记{n}") for n in range(3)]
    held(members)
    owed(Kind.COMMITTEE_MEETING, 10)
    owed(Kind.THEME_DAY)
    rebuild_activity_months(branches=[branch], year=2026)
    return members


def show(token: str, page: str = "display"):
    return Client().get(reverse(page, args=[token]))


def test_the_office_makes_a_link_whose_address_is_shown_once(hospital, office, as_user):
    client = as_user(office)
    body = client.post(LIST, {"branch": hospital.pk}).content.decode()
    path = re.search(r'href="http://[^/]+(/displays/show/[^"]+)"', body).group(1)
    assert Client().get(path).status_code == 200
    assert path not in client.get(LIST).content.decode()
    link = AccessLink.objects.get()
    assert path.split("/")[3] not in link.digest
    assert link.expires_at == NOW + timedelta(hours=12)


@pytest.mark.parametrize("role", [Role.BRANCH_SECRETARY, Role.PARTY_COMMITTEE_SECRETARY, Role.SUPERIOR_VIEWER])
def test_others_make_and_see_none(token, hospital, person, as_user, role):
    client = as_user(person(role))
    assert client.get(LIST).status_code == 403
    assert client.post(LIST, {"branch": hospital.pk}).status_code == 403
    assert client.post(reverse("display_revoke", args=[AccessLink.objects.get().pk])).status_code == 404
    assert show(token).status_code == 200


def test_a_link_of_another_hospital_is_unknown(token, as_user):
    foreign = factories.make_branch()
    keeper = factories.UserFactory()
    factories.appoint(keeper, foreign, Role.PARTY_OFFICE)
    client = as_user(User.objects.get(pk=keeper.pk))
    assert client.post(reverse("display_revoke", args=[AccessLink.objects.get().pk])).status_code == 404
    assert list(client.get(LIST).context["links"]) == []
    assert client.post(LIST, {"branch": AccessLink.objects.get().branch_id}).status_code == 404


def test_it_shows_the_sums_of_the_month_and_the_name_of_nobody(busy, branch, token):
    answer = show(token)
    body = answer.content.decode()
    assert (answer.context["heads"].total, answer.context["owed"].overdue) == (3, 1)
    assert [(name, late) for _, name, late in answer.context["lines"]] == [("机关第一", 1)]
    assert "欧阳暗记" not in body
    assert "党委办公室" not in body
    assert 'hx-trigger="every 60s"' in body
    assert "no-store" in answer["Cache-Control"]


def test_the_panel_asks_again_and_writes_no_session(busy, token):
    answer = show(token, "display_panel")
    assert answer.status_code == 200
    assert answer.content.decode().lstrip().startswith("<main")
    assert "X-Poll" in answer.content.decode()
    assert not answer.cookies


@pytest.mark.parametrize("how", ["revoked", "expired", "maker left", "maker inactive", "unknown"])
def test_a_link_that_is_over_says_so_and_stops_asking(token, office, how):
    when = NOW
    if how == "revoked":
        revoke_display(link=AccessLink.objects.get(), actor=office)
    elif how == "expired":
        when = NOW + timedelta(hours=12)
    elif how == "maker left":
        Appointment.objects.filter(user=office).update(ends_on=factories.TODAY)
    elif how == "maker inactive":
        User.objects.filter(pk=office.pk).update(is_active=False)
    else:
        token = "x" * 43
    with time_machine.travel(when, tick=False):
        page, panel = show(token), show(token, "display_panel")
    assert (page.status_code, panel.status_code) == (404, STOP_POLLING)
    for answer in (page, panel):
        assert "链接已失效" in answer.content.decode()
        assert "hx-get" not in answer.content.decode()


def test_one_second_before_its_end_it_still_opens(token):
    with time_machine.travel(NOW + timedelta(hours=12, seconds=-1), tick=False):
        assert show(token).status_code == 200


def test_making_and_revoking_leave_lines_and_revoking_twice_one(token, office, as_user):
    url = reverse("display_revoke", args=[AccessLink.objects.get().pk])
    client = as_user(office)
    assert client.post(url).status_code == 302
    assert client.post(url).status_code == 404
    actions = AuditEntry.objects.filter(action__startswith="display.").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["display.made", "display.revoked"]


def test_a_node_has_ten_open_links_at_most(hospital, office, as_user):
    for _ in range(MOST_OPEN):
        make_display(branch=hospital, actor=office)
    assert as_user(office).post(LIST, {"branch": hospital.pk}).status_code == 422


def test_wrong_addresses_and_too_many_readings_are_refused_for_an_hour(token):
    link = AccessLink.objects.get()
    cache.set(f"feed:display:{link.pk}", PER_LINK - 1, 3600)
    assert show(token).status_code == 200
    assert show(token).status_code == 429
    codes = {show("y" * 43).status_code for _ in range(61)}
    assert codes == {404, 429}


def test_twenty_branches_cost_as_much_as_one(busy, hospital, held, owed, token):
    show(token)
    with CaptureQueriesContext(connection) as few:
        show(token)
    for _ in range(20):
        node = factories.make_branch(hospital)
        held([factories.make_member(node)], branch=node, day=date(2026, 11, 12))
        owed(Kind.THEME_DAY, branch=node)
        rebuild_activity_months(branches=[node], year=2026)
    with CaptureQueriesContext(connection) as many:
        assert len(show(token).context["lines"]) == 21
    assert len(many) == len(few)
