"""Ten workers at once: one notice, one text, one to-do. And without the guard there would be more."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection, transaction
from django.utils import timezone

from branches import channels, delivery
from branches.choices import ChannelKind, DeliveryState
from branches.inbox import Message, notify_digest, notify_many
from branches.models import ChannelSetting, Delivery, Job, Notice, Todo
from branches.todo import open_todo
from tests import factories

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

WORKERS = 10


@pytest.fixture(autouse=True)
def real_threads(db):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")


def at_once(act):
    start = threading.Barrier(WORKERS, timeout=30)

    def one(n):
        try:
            start.wait()
            return act(n)
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(one, range(WORKERS)))


def messages(people, step="7"):
    return [Message(user.pk, "duty", f"plan:{n}", step, "到期") for user in people for n in range(3)]


def test_ten_workers_write_each_notice_once(db):
    people = [factories.UserFactory() for _ in range(5)]
    told = at_once(lambda n: notify_many(messages(people)))
    assert Notice.objects.count() == 15
    assert sum(told) == 15


def test_without_a_common_step_ten_workers_write_ten_times(db):
    """The control: what makes it once is the key (recipient, thing, step), not luck."""
    people = [factories.UserFactory() for _ in range(5)]
    at_once(lambda n: notify_many(messages(people, step=uuid.uuid4().hex)))
    assert Notice.objects.count() == 150


def test_ten_workers_make_one_line_of_the_day(db):
    office = factories.UserFactory()
    facts = {"topic": "duty", "day": date(2026, 11, 23), "text": "{n}项逾期", "url": "/"}
    at_once(lambda n: notify_digest(messages=messages([office]), **facts))
    assert Notice.objects.filter(digest__isnull=True).get().text == "3项逾期"
    assert Notice.objects.filter(digest__isnull=False).count() == 3


def test_a_todo_is_opened_once_by_ten(db):
    user = factories.UserFactory()
    at_once(lambda n: open_todo(item_key="a", title="办理", recipient=user))
    assert Todo.objects.count() == 1


@pytest.fixture
def handed_over(monkeypatch):
    """One person's three notices on their way out; `sent` collects the texts."""
    sent = []
    monkeypatch.setattr(channels, "send", lambda **facts: (sent.append(facts["text"]), time.sleep(0)))
    user = factories.UserFactory()
    channel = ChannelSetting.objects.create(
        user=user, kind=ChannelKind.WECOM, address="693a91f6-key", enabled=True, tested_at=timezone.now()
    )
    monkeypatch.setattr(delivery.jobs, "kick", lambda job: None)
    notify_many(messages([user]))
    noon = timezone.make_aware(timezone.datetime(2026, 11, 23, 12))
    at_once(lambda n: delivery.dispatch(now=noon))
    return channel, sent


def test_ten_dispatchers_hand_over_once_and_ten_workers_send_one_text(handed_over):
    channel, sent = handed_over
    job = Job.objects.get(task=delivery.TASK)
    assert Delivery.objects.count() == 3
    at_once(lambda n: delivery.deliver(channel_id=channel.pk, notice_ids=job.params["notices"]))
    assert len(sent) == 1
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.SENT}


def test_a_worker_that_waited_for_another_s_claim_claims_nothing(handed_over):
    channel, sent = handed_over
    ids = Job.objects.get(task=delivery.TASK).params["notices"]

    def work():
        try:
            return delivery.deliver(channel_id=channel.pk, notice_ids=ids)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            delivery._claim(Delivery.objects.filter(notice__in=ids))
            waiting = pool.submit(work)
            until_somebody_waits_for_us()
        assert waiting.result(timeout=30) == "nothing"
    assert sent == []


def until_somebody_waits_for_us() -> None:
    """Another connection has to get there: there is nothing to wait on but the database's own word."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        threading.Event().wait(0.05)
    raise AssertionError("nobody waits")


def test_without_the_claim_everybody_would_send(handed_over, monkeypatch):
    """The control: everybody reads what is queued before anybody has marked it."""
    channel, sent = handed_over
    everybody_read = threading.Barrier(WORKERS, timeout=30)
    claim = uuid.uuid4()  # the same for all: nobody can tell whose the rows are

    def read_without_claiming(rows):
        found = list(rows.filter(state=DeliveryState.QUEUED).values_list("pk", flat=True))
        everybody_read.wait()
        Delivery.objects.filter(pk__in=found).update(claim=claim)
        return claim

    monkeypatch.setattr(delivery, "_claim", read_without_claiming)
    monkeypatch.setattr(delivery, "_settle", lambda *args: None)
    job = Job.objects.get(task=delivery.TASK)
    at_once(lambda n: delivery.deliver(channel_id=channel.pk, notice_ids=job.params["notices"]))
    assert len(sent) > 1
