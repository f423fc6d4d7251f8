"""Signing in: when it is open, and the codes that prove somebody is there. Pure: no database, no clock.

Both codes are worked out of the secret of the sign-in (HMAC-SHA256), so that nothing has to be stored or sent round:
the one in the picture changes every twenty seconds, the six digits every five minutes. The code of the step before is
still taken: a scan begun at the edge works. Codes of one meeting say nothing about those of another.
"""

import hmac
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import Final

TOKEN_SECONDS: Final = 20
CODE_SECONDS: Final = 300
BEFORE: Final = timedelta(minutes=30)  # the window by default: around the beginning of the gathering
AFTER: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=24)
CLAIM_SECONDS: Final = 300  # how long a scan waits for its log-in
WRONG_TRIES: Final = 5  # of the six digits, by one person within WAIT
WAIT: Final = timedelta(minutes=10)


class Window(Enum):
    """Where a moment lies; the values are what the page says."""

    NOT_YET = "签到还没有开始"
    OPEN = "签到进行中"
    OVER = "签到已经结束"


def default_window(starts_at: datetime) -> tuple[datetime, datetime]:
    return starts_at - BEFORE, starts_at + AFTER


def window(opens_at: datetime, closes_at: datetime, closed_at: datetime | None, now: datetime) -> Window:
    """The second of opening belongs to it, that of closing no longer; closed by hand, it is over at once."""
    if closed_at is not None and now >= closed_at:
        return Window.OVER
    if now < opens_at:
        return Window.NOT_YET
    return Window.OPEN if now < closes_at else Window.OVER


def token(secret: str, sign_in: int, now: datetime) -> str:
    """What the picture holds at this moment: 80 bits in 20 hexadecimal digits."""
    return _digest(secret, "qr", sign_in, _step(now, TOKEN_SECONDS))[:20]


def token_fits(given: str, secret: str, sign_in: int, now: datetime) -> bool:
    """Of this step or the one before: a picture works for 20 to 40 seconds from when it was drawn."""
    before = now - timedelta(seconds=TOKEN_SECONDS)
    return any(_same(given, token(secret, sign_in, moment)) for moment in (now, before))


def code(secret: str, sign_in: int, now: datetime) -> str:
    """Six digits to type."""
    return f"{int(_digest(secret, 'code', sign_in, _step(now, CODE_SECONDS)), 16) % 1_000_000:06d}"


def code_fits(given: str, secret: str, sign_in: int, now: datetime) -> bool:
    before = now - timedelta(seconds=CODE_SECONDS)
    return any(_same(given, code(secret, sign_in, moment)) for moment in (now, before))


def seconds_left(now: datetime, period: int = CODE_SECONDS) -> int:
    """Until the next step; at least one."""
    return period - int(now.timestamp()) % period


def _step(now: datetime, period: int) -> int:
    return int(now.timestamp()) // period


def _digest(secret: str, purpose: str, sign_in: int, step: int) -> str:
    return hmac.new(secret.encode(), f"{purpose}:{sign_in}:{step}".encode(), sha256).hexdigest()


def _same(given: str, true: str) -> bool:
    return hmac.compare_digest(given.encode(), true.encode())
