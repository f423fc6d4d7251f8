"""My messages, my to-dos, my reminder settings, the calendar feed, the office's working days."""

from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from branches import channels, feed
from branches.choices import Role
from branches.inbox import Message, notify, notify_digest
from branches.models import AccessLink, AuditEntry, ChannelSetting, Holiday, Notice, ReminderPreference
from branches.todo import open_todo
from tests import factories

INBOX, SETTINGS = "/branches/inbox/", "/branches/reminders/"


def tell(user, n=1, **facts):
    facts = {"topic": "duty", "item_key": f"plan:{n}", "step": "7", "text": f"第{n}项到期", "url": "/"} | facts
    return notify(recipient=user, **facts)


@pytest.fixture(autouse=True)
def fresh_counters():
    cache.clear()


def test_the_bell_counts_what_is_unread_on_every_page(as_user, secretary):
    client = as_user(secretary)
    assert 'class="count"' not in client.get(INBOX).content.decode()
    for n in range(3):
        tell(secretary, n)
    assert "我的消息，3条未读" in client.get(reverse("account_change_password")).content.decode()


def test_the_inbox_shows_the_unread_ones_by_topic_and_page(as_user, secretary, organiser):
    client = as_user(secretary)
    assert "没有未读消息" in client.get(INBOX).content.decode()
    for n in range(25):
        tell(secretary, n)
    tell(secretary, 99, topic="term", text="换届")
    tell(organiser, 77, text="别人的")
    page = client.get(INBOX)
    assert page.context["page"].paginator.count == 26
    assert "第1页，共2页" in page.content.decode()
    assert [row.text for row in client.get(INBOX, {"topic": "term"}).context["page"]] == ["换届"]
    assert "别人的" not in client.get(INBOX, {"show": "all"}).content.decode()


def test_opening_a_message_reads_it_and_goes_where_it_leads(as_user, secretary, organiser):
    mine, other = tell(secretary, url="/activities/"), tell(organiser)
    client = as_user(secretary)
    answer = client.get(reverse("branches:notice_open", args=[mine.pk]))
    assert answer.status_code == 302
    assert answer["Location"] == "/activities/"
    mine.refresh_from_db()
    assert mine.read_at is not None
    assert client.get(reverse("branches:notice_open", args=[other.pk])).status_code == 404
    client.post(reverse("branches:notices_read"), {"notice": other.pk})
    other.refresh_from_db()
    assert other.read_at is None


def test_one_or_all_are_marked_as_read(as_user, secretary):
    one, *_ = [tell(secretary, n) for n in range(3)]
    client = as_user(secretary)
    client.post(reverse("branches:notices_read"), {"notice": one.pk})
    assert Notice.objects.unread().count() == 2
    client.post(reverse("branches:notices_read"))
    assert Notice.objects.unread().count() == 0


def test_the_inbox_costs_the_same_for_one_and_for_twenty(as_user, secretary, django_assert_num_queries):
    client = as_user(secretary)
    day = date(2026, 11, 1)

    def digest(n):
        things = [Message(secretary.pk, "duty", f"item {n} {i}", "overdue", "逾期") for i in range(3)]
        notify_digest(topic="duty", day=day + timedelta(days=n), messages=things, text="{n}项逾期", url="/")

    digest(0)
    client.get(INBOX)  # the first request of a session writes it
    with CaptureQueriesContext(connection) as one:
        assert "查看3项" in client.get(INBOX).content.decode()
    for n in range(1, 20):
        digest(n)
    with django_assert_num_queries(len(one)):
        client.get(INBOX)


def test_todos_stand_on_their_page_and_on_the_home_pages(as_user, secretary, member_user, office, branch):
    for user in (secretary, member_user, office):
        open_todo(item_key="a", title=f"{user.name}的事", url="/", due=timezone.localdate(), recipient=user)
        client = as_user(user)
        for page in ("/branches/todos/", "/"):
            assert f"{user.name}的事" in client.get(page).content.decode(), page
    open_todo(item_key="b", title="书记的事", role=Role.BRANCH_SECRETARY, branch=branch)
    assert "书记的事" in as_user(secretary).get("/branches/todos/").content.decode()
    assert "书记的事" not in as_user(member_user).get("/branches/todos/").content.decode()


def test_the_quiet_hours_are_kept(as_user, secretary):
    client = as_user(secretary)
    assert "21:00" in client.get(SETTINGS).content.decode()
    good = {"quiet_from": "22:15", "quiet_until": "06:45", "rhythm": "daily"}
    assert client.post(SETTINGS, good).status_code == 302
    row = ReminderPreference.objects.get(user=secretary)
    assert (f"{row.quiet_from:%H:%M}", f"{row.quiet_until:%H:%M}", row.rhythm) == ("22:15", "06:45", "daily")
    bad = client.post(SETTINGS, good | {"quiet_from": "二十二点"})
    assert bad.status_code == 422
    assert "时间无法识别" in bad.content.decode()


def test_a_channel_is_entered_tested_and_opened(as_user, secretary, monkeypatch):
    sent = []
    monkeypatch.setattr(channels, "send", lambda **facts: sent.append(facts["text"]))
    client, url = as_user(secretary), reverse("branches:channel", args=["wecom"])
    bad = client.post(url, {"action": "save", "address": "http://10.0.0.1/hook"})
    assert bad.status_code == 422
    assert "请粘贴企业微信群机器人的完整地址" in bad.content.decode()
    assert "http://10.0.0.1/hook" in bad.content.decode(), "what was typed is kept"
    client.post(url, {"action": "save", "address": f"{channels.ROBOTS['wecom']}693a91f6-7a1c-0ec2"})
    page = client.get(SETTINGS).content.decode()
    assert "693****ec2" in page
    assert "7a1c" not in page
    client.post(url, {"action": "test"})
    code = ChannelSetting.objects.get().code
    assert code in sent[0]
    wrong = client.post(url, {"action": "enable", "code": "x"})
    assert wrong.status_code == 422
    assert "验证码不对" in wrong.content.decode()
    client.post(url, {"action": "enable", "code": code})
    assert ChannelSetting.objects.get().enabled
    client.post(url, {"action": "remove"})
    assert not ChannelSetting.objects.exists()
    lines = list(AuditEntry.objects.filter(action__startswith="reminder.").values_list("action", flat=True))
    assert lines == ["reminder.channel_set", "reminder.channel_enabled", "reminder.channel_removed"]
    assert client.post(reverse("branches:channel", args=["fax"]), {"action": "save"}).status_code == 404


def test_a_test_that_fails_says_why_on_the_page(as_user, secretary, monkeypatch):
    def refuse(**facts):
        raise channels.NotSent("连接不上企业微信的服务器。")

    monkeypatch.setattr(channels, "send", refuse)
    client, url = as_user(secretary), reverse("branches:channel", args=["wecom"])
    client.post(url, {"action": "save", "address": "693a91f6-7a1c-0ec2"})
    answer = client.post(url, {"action": "test"})
    assert answer.status_code == 422
    assert "连接不上企业微信的服务器" in answer.content.decode()


# -- The calendar feed


def make_feed(client):
    page = client.post(reverse("branches:feed_link"), {"action": "make"})
    return page.context["feed_address"].removeprefix("http://testserver")


def events(answer):
    return {str(event["summary"]): event for event in Calendar.from_ical(answer.content).walk("VEVENT")}


def test_a_feed_is_shown_once_opens_without_a_log_in_and_is_revoked(as_user, secretary, client):
    open_todo(item_key="a", title="报送材料", due=date(2026, 11, 25), recipient=secretary)
    open_todo(item_key="b", title="没有期限的", recipient=secretary)
    logged_in = as_user(secretary)
    address = make_feed(logged_in)
    assert address not in logged_in.get(SETTINGS).content.decode()
    assert AccessLink.objects.get().digest not in address
    logged_in.logout()
    answer = client.get(address)
    assert answer["Content-Type"].startswith("text/calendar")
    assert list(events(answer)) == ["待办：报送材料"]
    assert "no-store" in answer["Cache-Control"]
    newer = make_feed(as_user(secretary))
    assert client.get(address).status_code == 404, "a new address ends the old one"
    as_user(secretary).post(reverse("branches:feed_link"), {"action": "revoke"})
    assert client.get(newer).status_code == 404
    assert client.get("/branches/feed/x.ics").status_code == 404


def test_a_feed_ends_with_its_term_and_with_the_account(as_user, secretary, client, time_machine):
    time_machine.move_to("2026-11-23 10:00+08:00", tick=False)
    address = make_feed(as_user(secretary))
    type(secretary).objects.filter(pk=secretary.pk).update(is_active=False)
    assert client.get(address).status_code == 404
    type(secretary).objects.filter(pk=secretary.pk).update(is_active=True)
    assert client.get(address).status_code == 200
    time_machine.shift(timedelta(days=367))
    assert client.get(address).status_code == 404


def test_a_feed_is_not_read_all_day_and_no_address_is_guessed(as_user, secretary, client, monkeypatch):
    monkeypatch.setattr("branches.views.feed.PER_LINK", 3)
    monkeypatch.setattr("branches.views.feed.PER_ADDRESS", 3)
    address = make_feed(as_user(secretary))
    assert [client.get(address).status_code for _ in range(4)] == [200, 200, 200, 429]
    answers = [client.get(f"/branches/feed/wrong{n}.ics").status_code for n in range(4)]
    assert answers == [404, 404, 404, 429]


def test_a_feed_without_a_cache_still_opens(as_user, secretary, client, monkeypatch):
    def gone(*args, **kwargs):
        raise ConnectionError

    address = make_feed(as_user(secretary))
    monkeypatch.setattr(feed.cache, "add", gone)
    assert client.get(address).status_code == 200


# -- Working days


def test_the_office_keeps_the_working_days(as_user, office):
    client, url = as_user(office), reverse("branches:holiday_list")
    page = client.get(url, {"year": "2026"}).content.decode()
    assert "系统内置的2026年" in page
    assert "2031年的放假安排还没有" in client.get(url, {"year": "2031"}).content.decode()
    client.post(url, {"day": "2026-11-23", "is_working": "0", "name": "院庆"})
    row = Holiday.objects.get(day=date(2026, 11, 23))
    assert "院庆" in client.get(url, {"year": "2026"}).content.decode()
    bad = client.post(url, {"day": "2026-11-24", "is_working": "1", "name": "调休"})
    assert bad.status_code == 422
    assert "本来上班" in bad.content.decode()
    client.post(reverse("branches:holiday_delete", args=[row.pk]))
    assert not Holiday.objects.filter(pk=row.pk).exists()


def test_the_office_of_a_lower_organisation_reads_them_only(as_user, hospital):
    lower = factories.make_branch(hospital, name="分院党委", level="committee")
    user = factories.UserFactory()
    factories.appoint(user, lower, Role.PARTY_OFFICE)
    client, url = as_user(user), reverse("branches:holiday_list")
    assert "登记一天" not in client.get(url).content.decode()
    assert client.post(url, {"day": "2026-11-23", "is_working": "0", "name": "院庆"}).status_code == 403
