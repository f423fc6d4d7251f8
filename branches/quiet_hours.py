"""When a person may be disturbed outside the site. Pure: no database, no clock."""

from datetime import date, time


def is_quiet(now: time, quiet_from: time, quiet_until: time) -> bool:
    """Inside the quiet hours; the first minute belongs to them, the last one not. Equal ends: no quiet hours.

    >>> [is_quiet(time(h, m), time(21), time(7, 30)) for h, m in ((20, 59), (21, 0), (7, 29), (7, 30))]
    [False, True, True, False]
    """
    if quiet_from < quiet_until:
        return quiet_from <= now < quiet_until
    return quiet_from != quiet_until and (now >= quiet_from or now < quiet_until)


def may_go_out(*, due: date | None, today: date, working: bool) -> bool:
    """On a day that is not worked only what falls due on that very day is sent; the rest waits for the next one."""
    return working or due == today
