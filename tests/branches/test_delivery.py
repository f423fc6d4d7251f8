"""What leaves the house: after a test, outside the quiet hours, in one text, and never twice."""

import logging
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from branches import channels, delivery, jobs
from branches.choices import ChannelKind, DeliveryState, DigestRhythm, Outgoing
from branches.delivery import TASK, deliver, dispatch, lost_of
from branches.inbox import mark_read, notify
from branches.models import ChannelSetting, Delivery, Job, JobState, Notice
from branches.quiet_hours import is_quiet, may_go_out
from branches.reminders import save_preference
from branches.tasks import deliver_notices

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 23, 12, tzinfo=SHANGHAI)  # a Monday
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=SHANGHAI)


@pytest.fixture
def sent(monkeypatch):
    """The texts that went out; `sent.fails` makes the other side refuse."""

    class Sent(list):
        fails = False

    texts = Sent()

    def send(*, kind, address, secret="", text):
        if texts.fails:
            raise channels.NotSent("企业微信没有接受。")
        texts.append((kind, address, text))

    monkeypatch.setattr(channels, "send", send)
    return texts


@pytest.fixture
def channel(secretary):
    return ChannelSetting.objects.create(
        user=secretary, kind=ChannelKind.WECOM, address="693a91f6-key", enabled=True, tested_at=timezone.now()
    )


@pytest.fixture
def run(django_capture_on_commit_callbacks):
    """dispatch(now), with the worker."""

    def go(now=NOON):
        with django_capture_on_commit_callbacks(execute=True):
            return dispatch(now=now)

    return go


def tell(user, n=1, **facts):
    facts = {"topic": "duty", "item_key": f"plan:{n}", "step": "7", "text": f"第{n}项到期"} | facts
    return notify(recipient=user, **facts)


def test_many_messages_are_one_text_with_titles_only(secretary, channel, sent, run):
    for n in range(1, 11):
        tell(secretary, n, detail="细节")
    assert run() == 1
    assert len(sent) == 1
    kind, address, text = sent[0]
    assert (kind, address) == (ChannelKind.WECOM, "693a91f6-key")
    assert text.startswith("支部工作平台：您有10条新提醒\n1. 第1项到期")
    assert "另有2条" in text
    assert "细节" not in text
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.SENT}
    channel.refresh_from_db()
    assert channel.sent_at is not None


def test_again_sends_nothing(secretary, channel, sent, run):
    tell(secretary)
    run()
    run()
    for job in Job.objects.filter(task=TASK):
        deliver(channel_id=job.params["channel"], notice_ids=job.params["notices"])
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("clock", "goes"), [(time(7, 29), 0), (time(7, 30), 1), (time(20, 59), 1), (time(21, 0), 0), (time(0, 0), 0)]
)
def test_quiet_hours_hold_back_until_they_end(secretary, channel, sent, run, clock, goes):
    tell(secretary)
    run(NOON.replace(hour=clock.hour, minute=clock.minute))
    assert len(sent) == goes
    run(NOON.replace(hour=8))
    assert len(sent) == 1


def test_quiet_hours_may_lie_within_a_day_or_be_none():
    assert is_quiet(time(13), time(12), time(14))
    assert not is_quiet(time(14), time(12), time(14))
    assert not is_quiet(time(3), time(8), time(8))


def test_on_a_day_that_is_not_worked_only_what_is_due_that_day_goes_out(secretary, channel, sent, run):
    tell(secretary, 1, due=date(2026, 11, 25))
    tell(secretary, 2, due=SUNDAY.date())
    tell(secretary, 3)
    run(SUNDAY)
    assert [text.count("项到期") for _, _, text in sent] == [1]
    assert "第2项" in sent[0][2]
    run(NOON)
    assert "第1项" in sent[1][2]
    assert "第3项" in sent[1][2]
    assert may_go_out(due=None, today=SUNDAY.date(), working=True)


def test_who_wants_one_text_a_day_gets_one_after_the_reminders_of_eight(secretary, channel, sent, run):
    save_preference(user=secretary, quiet_from=time(21), quiet_until=time(7, 30), rhythm=DigestRhythm.DAILY)
    tell(secretary, 1)
    run(NOON.replace(hour=8, minute=29))
    assert sent == []
    run(NOON.replace(hour=8, minute=30))
    tell(secretary, 2)
    run(NOON.replace(hour=16))
    assert len(sent) == 1
    run(NOON + timedelta(days=1))
    assert len(sent) == 2


def test_what_was_read_on_the_site_is_not_sent(secretary, channel, sent, run):
    tell(secretary)
    mark_read(user=secretary)
    run()
    assert sent == []
    assert Notice.objects.get().outgoing == Outgoing.HANDED


def test_a_refusal_is_listed_and_not_tried_again(secretary, channel, sent, run):
    tell(secretary)
    sent.fails = True
    run()
    sent.fails = False
    run()
    assert sent == []
    assert [row.error for row in lost_of(secretary.pk)] == ["企业微信没有接受。"]
    assert Job.objects.get(task=TASK).state == JobState.DONE, "a dead channel fails no job"
    assert Notice.objects.filter(recipient=secretary).unread().count() == 1, "the inbox has it"


def test_a_dead_channel_is_switched_off_after_a_while(secretary, channel, sent, run):
    sent.fails = True
    for n in range(delivery.GIVE_UP_AFTER):
        channel.refresh_from_db()
        assert channel.enabled
        tell(secretary, n)
        run()
    channel.refresh_from_db()
    assert not channel.enabled


def test_a_worker_killed_between_send_and_mark_sends_nothing_twice_and_the_loss_is_listed(
    secretary, channel, sent, monkeypatch, time_machine
):
    tell(secretary)
    dispatch(now=NOON)
    job = Job.objects.get(task=TASK)
    time_machine.move_to(NOON)

    class Killed(BaseException):
        pass

    def die(*args):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_settle", die)
        with pytest.raises(Killed):
            deliver_notices(job.pk)
    assert len(sent) == 1
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, heartbeat=NOON)
    time_machine.move_to(NOON + jobs.SILENT_AFTER + timedelta(seconds=1))
    deliver_notices(job.pk)
    assert len(sent) == 1, "it may have arrived: never again"
    assert [row.error for row in lost_of(secretary.pk)] == [delivery.UNSURE]
    assert Delivery.objects.exclude(state__in=[DeliveryState.SENT, DeliveryState.LOST]).count() == 0


def test_what_no_job_ever_took_is_listed_as_lost(secretary, channel, sent, time_machine):
    time_machine.move_to(NOON)
    tell(secretary)
    dispatch(now=NOON)  # the message to the worker is lost, and the job with it
    Job.objects.all().delete()
    dispatch(now=NOON + delivery.FORGOTTEN - timedelta(minutes=1))
    assert not lost_of(secretary.pk).exists()
    dispatch(now=NOON + delivery.FORGOTTEN + timedelta(minutes=1))
    assert lost_of(secretary.pk).count() == 1


def test_a_channel_that_was_removed_in_between_loses_the_text_openly(secretary, channel, sent):
    tell(secretary)
    dispatch(now=NOON)
    job = Job.objects.get(task=TASK)
    channel.delete()
    deliver(channel_id=job.params["channel"], notice_ids=job.params["notices"])
    assert sent == []
    assert [row.error for row in lost_of(secretary.pk)] == [delivery.OFF]


def test_nothing_personal_is_logged(secretary, channel, sent, run, caplog):
    caplog.set_level(logging.DEBUG)
    tell(secretary, text=f"{secretary.name}的提醒")
    sent.fails = True
    run()
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    assert not any(word in line for line in ours for word in (secretary.name, "693a91f6"))
