"""How a text leaves the house: mail through the site's own server, the robots of three messengers through apprise.

The hosts are fixed; what a person enters is a mail address or the key of a robot, so that no address of the intranet
can be asked for. Addresses and answers are never logged.
"""

import json
import logging
import re
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import unquote

import requests
from apprise.plugins import dingtalk, feishu, wecombot
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email

from branches.choices import ChannelKind

TITLE: Final = "支部工作平台"
SECONDS: Final = 5  # to connect, and again to answer
ROBOTS: Final = {  # what stands before the key in the address the messenger shows
    ChannelKind.WECOM: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",
    ChannelKind.DINGTALK: "https://oapi.dingtalk.com/robot/send?access_token=",
    ChannelKind.FEISHU: "https://open.feishu.cn/open-apis/bot/v2/hook/",
}
LIMITS: Final = {"cto": SECONDS, "rto": SECONDS, "redirect": "no"}
KEY: Final = re.compile(r"[A-Za-z0-9_-]{8,128}")
SECRET: Final = re.compile(r"[A-Za-z0-9]{8,128}")

logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines may name addresses

_heard: ContextVar[list[requests.Response] | None] = ContextVar("heard", default=None)


class NotSent(Exception):
    """Surely or possibly not arrived; the text is for the person who set the channel up."""


def _post(*args: Any, **kwargs: Any) -> requests.Response:
    if params := kwargs.get("params"):  # apprise quotes DingTalk's signature, and requests would quote it again
        kwargs["params"] = {name: unquote(value) for name, value in params.items()}
    answer = requests.post(*args, **kwargs)  # noqa: S113  # apprise gives the timeout
    if (heard := _heard.get()) is not None:
        heard.append(answer)
    return answer


# The messengers answer 200 to what they refuse and say so in the body, which apprise does not read: listen in.
_listening = SimpleNamespace(post=_post, codes=requests.codes, RequestException=requests.RequestException)
for _plugin in (wecombot, dingtalk, feishu):
    _plugin.requests = _listening


def available() -> list[ChannelKind]:
    """Mail only where the installation has a mail server."""
    return [kind for kind in ChannelKind if kind != ChannelKind.EMAIL or settings.MAIL_IS_SET_UP]


def clean_address(kind: ChannelKind | str, text: str) -> str:
    """A mail address, or the key of a robot out of the address its messenger shows; raises ValidationError."""
    kind, text = ChannelKind(kind), text.strip()
    if kind == ChannelKind.EMAIL:
        try:
            validate_email(text)
        except ValidationError as exc:
            raise ValidationError("请填写正确的邮箱地址。") from exc
        return text
    start = ROBOTS[kind]
    key = text.removeprefix(start).split("&")[0].rstrip("/")
    if not KEY.fullmatch(key):
        raise ValidationError(f"请粘贴{kind.label}群机器人的完整地址，以“{start}”开头。")
    return key


def clean_secret(text: str) -> str:
    text = text.strip()
    if text and not SECRET.fullmatch(text):
        raise ValidationError("加签密钥以SEC开头，只含字母和数字。")
    return text


def masked(kind: ChannelKind | str, address: str) -> str:
    """What the settings page shows of an address: enough to recognise, too little to use."""
    if kind == ChannelKind.EMAIL:
        name, _, host = address.partition("@")
        return f"{name[:2]}***@{host}"
    return f"{address[:3]}****{address[-3:]}"


def send(*, kind: ChannelKind | str, address: str, secret: str = "", text: str) -> None:
    """Send one text now; returns when the other side has taken it, raises NotSent otherwise. At most 10 seconds."""
    if kind == ChannelKind.EMAIL:
        _mail(address, text)
    else:
        _robot(ChannelKind(kind), address, secret, text)


def _mail(address: str, text: str) -> None:
    if not settings.MAIL_IS_SET_UP:
        raise NotSent("系统没有设置邮件服务器。")
    try:
        send_mail(f"{TITLE}：{text.splitlines()[0]}"[:120], text, settings.DEFAULT_FROM_EMAIL, [address])
    except (OSError, ValueError) as exc:  # smtplib's errors are OSErrors
        raise NotSent("邮件服务器没有接受。") from exc


def _robot(kind: ChannelKind, key: str, secret: str, text: str) -> None:
    service = _service(kind, key, secret)
    heard: list[requests.Response] = []
    token = _heard.set(heard)
    try:
        taken = service.notify(body=text, title="")
    except Exception as exc:  # a plugin of somebody else's: whatever it raises, the worker goes on
        raise NotSent("发送时出错。") from exc
    finally:
        _heard.reset(token)
    if not heard:
        raise NotSent(f"连接不上{kind.label}的服务器。")
    if not taken or not all(_accepted(answer) for answer in heard):
        raise NotSent(f"{kind.label}没有接受，请检查机器人地址、关键词和加签设置。")


def _service(kind: ChannelKind, key: str, secret: str) -> Any:
    """The plugin itself: apprise's own look-up would load some hundred others."""
    match kind:
        case ChannelKind.WECOM:
            return wecombot.NotifyWeComBot(key=key, **LIMITS)
        case ChannelKind.DINGTALK:
            return dingtalk.NotifyDingTalk(token=key, secret=secret or None, **LIMITS)
        case _:
            return feishu.NotifyFeishu(token=key, **LIMITS)


def _accepted(answer: requests.Response) -> bool:
    try:
        said = json.loads(answer.content or b"")
    except ValueError:
        return False
    codes = [said[name] for name in ("errcode", "code", "StatusCode") if name in said] if isinstance(said, dict) else []
    return answer.status_code == 200 and bool(codes) and all(code == 0 for code in codes)
