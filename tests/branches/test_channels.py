"""The ways out: addresses are keys of known messengers, what they refuse is noticed, and nothing is on untested."""

import re
from datetime import timedelta

import pytest
import requests
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection

from branches import channels, reminders
from branches.choices import ChannelKind
from branches.models import ChannelSetting

HOOK = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7a1c-4bc4-97a0-0ec2"


@pytest.fixture
def messenger(monkeypatch):
    """The other side; `answers` is what it says, `asked` what it was sent."""

    class Messenger:
        def __init__(self):
            self.answer, self.status, self.asked = '{"errcode": 0}', 200, []

        def __call__(self, url, **kwargs):
            self.asked.append((url, kwargs))
            if self.answer is None:
                raise requests.ConnectionError
            answer = requests.Response()
            answer.status_code, answer._content = self.status, self.answer.encode()
            return answer

    other = Messenger()
    monkeypatch.setattr(requests, "post", other)
    return other


@pytest.mark.parametrize(
    ("kind", "text", "key"),
    [
        ("wecom", HOOK, "693a91f6-7a1c-4bc4-97a0-0ec2"),
        ("wecom", f"  {HOOK}&debug=1 ", "693a91f6-7a1c-4bc4-97a0-0ec2"),
        ("wecom", "693a91f6-7a1c", "693a91f6-7a1c"),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef", "0123456789abcdef"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/0a1b2c3d-4e5f/", "0a1b2c3d-4e5f"),
        ("email", "a@example.com", "a@example.com"),
    ],
)
def test_the_key_is_taken_out_of_the_address_the_messenger_shows(kind, text, key):
    assert channels.clean_address(kind, text) == key


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("wecom", "https://10.0.0.1/cgi-bin/webhook/send?key=693a91f6-7a1c"),
        ("wecom", "http://169.254.169.254/"),
        ("dingtalk", HOOK),
        ("feishu", "abc"),
        ("feishu", "a/../../b12345678"),
        ("email", "nobody"),
    ],
)
def test_no_other_host_can_be_asked_for(kind, text):
    with pytest.raises(ValidationError):
        channels.clean_address(kind, text)


@pytest.mark.parametrize(
    ("answer", "status", "taken"),
    [
        ('{"errcode": 0, "errmsg": "ok"}', 200, True),
        ('{"code": 0, "StatusCode": 0}', 200, True),
        ('{"errcode": 93000, "errmsg": "invalid webhook url"}', 200, False),
        ('{"code": 19024, "msg": "Key Words Not Found"}', 200, False),
        ("{}", 200, False),
        ("<html>", 200, False),
        ('{"errcode": 0}', 500, False),
        (None, 0, False),
    ],
)
@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu"])
def test_a_refusal_inside_a_good_answer_is_a_refusal(messenger, kind, answer, status, taken):
    messenger.answer, messenger.status = answer, status
    if taken:
        channels.send(kind=kind, address="0123456789abcdef", text="您有一条提醒")
    else:
        with pytest.raises(channels.NotSent):
            channels.send(kind=kind, address="0123456789abcdef", text="您有一条提醒")
    url, kwargs = messenger.asked[0]
    assert url.startswith(channels.ROBOTS[kind])
    assert kwargs["timeout"] == (5.0, 5.0)
    assert kwargs["allow_redirects"] is False


def test_the_signature_of_dingtalk_is_quoted_once(messenger):
    channels.send(kind="dingtalk", address="0123456789abcdef", secret="SECabcdef123456", text="提醒")
    sign = messenger.asked[0][1]["params"]["sign"]
    assert re.fullmatch(r"[A-Za-z0-9+/]{43}=", sign)


def test_mail_goes_through_the_sites_own_server_or_not_at_all(settings):
    settings.MAIL_IS_SET_UP = False
    with pytest.raises(channels.NotSent):
        channels.send(kind="email", address="a@example.com", text="提醒")
    assert ChannelKind.EMAIL not in channels.available()
    settings.MAIL_IS_SET_UP = True
    channels.send(kind="email", address="a@example.com", text="您有一条提醒\n第二行")
    assert mail.outbox[0].to == ["a@example.com"]
    assert mail.outbox[0].subject == "支部工作平台：您有一条提醒"


def test_an_address_is_encrypted_and_shown_masked(secretary):
    reminders.save_channel(user=secretary, kind="wecom", address=HOOK)
    with connection.cursor() as cursor:
        cursor.execute("SELECT address FROM branches_channelsetting")
        stored = cursor.fetchone()[0]
    assert "693a91f6" not in stored
    assert channels.masked("wecom", ChannelSetting.objects.get().address) == "693****ec2"
    assert channels.masked("email", "chenjingyi@example.com") == "ch***@example.com"


def test_a_channel_is_off_until_its_test_message_has_arrived(secretary, messenger, time_machine):
    time_machine.move_to("2026-11-23 10:00+08:00", tick=False)
    channel = reminders.save_channel(user=secretary, kind="wecom", address=HOOK)
    assert not channel.enabled
    with pytest.raises(ValidationError, match="先发送"):
        reminders.enable_channel(user=secretary, kind="wecom", code="")
    reminders.send_test(user=secretary, kind="wecom")
    code = ChannelSetting.objects.get().code
    assert code in messenger.asked[0][1]["data"].decode()
    with pytest.raises(ValidationError, match="不对"):
        reminders.enable_channel(user=secretary, kind="wecom", code="000000" if code != "000000" else "1")
    reminders.enable_channel(user=secretary, kind="wecom", code=f" {code} ")
    channel.refresh_from_db()
    assert channel.enabled
    reminders.save_channel(user=secretary, kind="wecom", address=HOOK)
    assert ChannelSetting.objects.get().enabled, "the same address stays on"
    reminders.save_channel(user=secretary, kind="wecom", address=f"{HOOK}-another")
    assert not ChannelSetting.objects.get().enabled


def test_digits_are_not_guessed(secretary, messenger, time_machine):
    time_machine.move_to("2026-11-23 10:00+08:00", tick=False)
    reminders.save_channel(user=secretary, kind="wecom", address=HOOK)
    reminders.send_test(user=secretary, kind="wecom")
    code = ChannelSetting.objects.get().code
    wrong = str((int(code) + 1) % 10**6).zfill(6)
    for _ in range(reminders.CODE_TRIES):
        with pytest.raises(ValidationError, match="不对"):
            reminders.enable_channel(user=secretary, kind="wecom", code=wrong)
    with pytest.raises(ValidationError, match="次数过多"):
        reminders.enable_channel(user=secretary, kind="wecom", code=code)
    with pytest.raises(ValidationError, match="半分钟"):
        reminders.send_test(user=secretary, kind="wecom")
    time_machine.shift(timedelta(seconds=31))
    reminders.send_test(user=secretary, kind="wecom")
    time_machine.shift(timedelta(minutes=reminders.CODE_MINUTES, seconds=1))
    with pytest.raises(ValidationError, match="先发送"):
        reminders.enable_channel(user=secretary, kind="wecom", code=ChannelSetting.objects.get().code)


def test_a_test_that_is_refused_says_so(secretary, messenger):
    messenger.answer = '{"errcode": 93000}'
    reminders.save_channel(user=secretary, kind="wecom", address=HOOK)
    with pytest.raises(ValidationError, match="没有发出：企业微信没有接受"):
        reminders.send_test(user=secretary, kind="wecom")
    assert ChannelSetting.objects.get().code == ""
