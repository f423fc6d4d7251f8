"""Signing in to a gathering (签到): the window, the scan, the six digits, the secretary's tick, and taking one back.

One transaction at a time writes the signatures of one gathering, or saves, hands in or corrects its record: each holds
the lock on its SignIn row (rows.lock_sign_in), and reads the record and its rows after that.
"""

import secrets
from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from activities.attendance import sign_codes
from activities.attendance.rows import (
    OPEN,
    ensure_rows,
    is_signed_for,
    lock_sign_in,
    names_of,
    row_of,
    stop_waiting,
    wait_for_signatures,
)
from activities.attendance.sign_codes import Window
from activities.attendance.sittings import seat_everyone
from activities.choices import AttendanceStatus, LeaveState, SignMethod, status_of
from activities.models import Activity, Attendance, Session, SignIn
from branches.audit import record
from branches.models import AuditEntry, User
from members.models import Member

WRONG_CODE: Final = "sign_in.wrong_code"
STALE: Final = "二维码已过期，请扫描屏幕上最新的二维码。"
SHUT: Final = "这份记录已经提交，不能再签到。请联系支部书记。"


class TooManyTries(ValidationError):
    """Five wrong codes within ten minutes: whatever is typed, it is not looked at."""


def days_of(activity: Activity) -> set[date]:
    """The days it is held on: of its sittings, else of its beginning."""
    return {timezone.localdate(moment) for moment in _moments(activity)}


def moment_of_today(activity: Activity) -> datetime:
    """When it begins: the first sitting of today, where there is one."""
    moments = sorted(_moments(activity))
    return next((moment for moment in moments if timezone.localdate(moment) == timezone.localdate()), moments[0])


def sittings_of_today(activity: Activity) -> list[Session]:
    """The sittings a window may be opened for now; none where the gathering is held once."""
    today = timezone.localdate()
    return [one for one in activity.sessions.all() if timezone.localdate(one.starts_at) == today]


def _moments(activity: Activity) -> list[datetime]:
    return [row.starts_at for row in activity.sessions.all()] or [activity.starts_at]


@transaction.atomic
def open_sign_in(
    *,
    activity: Activity,
    actor: User,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    session: Session | None = None,
) -> SignIn:
    """Open the window, or move it; by default half an hour before the beginning to half an hour after it.

    On the day of the gathering only, and while nothing was handed in. Held several times it is opened for one sitting
    of today, by default the one that is on, and opened again for the next. Raises ValidationError by field.
    """
    activity = Activity.objects.select_for_update(of=("self",)).select_related("branch", "group").get(pk=activity.pk)
    now = timezone.now()
    sittings = sittings_of_today(activity)
    if session is not None and session not in sittings:
        raise ValidationError({"session": f"{session}不在今天，签到只能在当天开启。"})
    session = session or on_at(sittings, now)
    usual = sign_codes.default_window(session.starts_at if session else activity.starts_at)
    opens, closes = opens_at or usual[0], closes_at or usual[1]
    if activity.state not in OPEN:
        raise ValidationError(SHUT)
    if timezone.localdate(now) not in days_of(activity):
        raise ValidationError("签到只能在活动当天开启。")
    if closes <= opens:
        raise ValidationError({"closes_at": "结束时间应晚于开始时间。"})
    if closes <= now:
        raise ValidationError({"closes_at": "结束时间已经过去，请改为稍后的时间。"})
    if closes - opens > sign_codes.LONGEST:
        raise ValidationError({"closes_at": "签到时间最长24小时。"})
    row = lock_sign_in(activity)
    ensure_rows(activity)
    seat_everyone(activity)
    if row is None:
        row = SignIn(activity=activity, secret=secrets.token_hex(32), opened_by=actor)
    before = [_window_words(row) if row.pk else ""]
    row.opens_at, row.closes_at, row.session = opens, closes, session
    before.append(_window_words(row))
    if row.pk and before[0] == before[1] and row.closed_at is None:
        return row
    row.closed_at = None
    row.save()
    record(actor=actor, action="sign_in.opened", target=activity, branch=activity.branch, changes={"签到时间": before})
    return row


@transaction.atomic
def close_sign_in(*, activity: Activity, actor: User) -> SignIn:
    """End it before its time. Again changes nothing."""
    row = _locked(activity)
    now = timezone.now()
    if sign_codes.window(row.opens_at, row.closes_at, row.closed_at, now) == Window.OVER:
        return row
    row.closed_at = now
    row.save(update_fields=["closed_at"])
    signed = row.activity.attendances.filter(signed_at__isnull=False).count()
    changes = {"签到人数": [None, signed]}
    record(actor=actor, action="sign_in.closed", target=row.activity, branch=row.activity.branch, changes=changes)
    return row


# -- Signing


@transaction.atomic
def sign_by_scan(*, activity: Activity, user: User, scanned_at: datetime) -> tuple[Attendance, bool]:
    """Sign in by a scan whose token was good at `scanned_at`: that moment counts, not how long the log-in took.

    Returns the row and whether it is new. Again returns what stands.
    """
    row = _locked(activity)
    _require_open(row, scanned_at)
    return _sign(row, _member(user), SignMethod.QR, user)


def sign_by_code(*, activity: Activity, user: User, typed: str) -> tuple[Attendance, bool]:
    """Sign in by the six digits. Raises TooManyTries after five wrong ones within ten minutes.

    Not one transaction: a wrong try must be kept although the attempt fails.
    """
    digits = "".join(char for char in typed if char.isdigit())
    with transaction.atomic():
        row = _locked(activity)  # one try at a time: nobody gets a sixth by sending them all at once
        now = timezone.now()
        _require_open(row, now)
        if wrong_tries(user, now) >= sign_codes.WRONG_TRIES:
            raise TooManyTries(f"签到码连续输错，请{_minutes()}分钟后再试，或请书记登记。")
        if sign_codes.code_fits(digits, row.secret, row.pk, now):
            return _sign(row, _member(user), SignMethod.CODE, user)
        record(actor=user, action=WRONG_CODE, target=row.activity, branch=row.activity.branch)
        left = sign_codes.WRONG_TRIES - wrong_tries(user, now)
    if left > 0:
        raise ValidationError({"code": f"签到码不对，请看屏幕上最新的六位数字。还可以试{left}次。"})
    raise ValidationError({"code": f"签到码不对。已输错{sign_codes.WRONG_TRIES}次，请{_minutes()}分钟后再试。"})


def wrong_tries(user: User, now: datetime) -> int:
    """By this person at any gathering, within the last ten minutes; kept in the audit trail."""
    tries = AuditEntry.objects.filter(actor=user, action=WRONG_CODE, at__gt=now - sign_codes.WAIT)
    return tries.count()


@transaction.atomic
def tick(*, activity: Activity, members: Collection[int], actor: User, session: Session | None = None) -> int:
    """The secretary enters that people are here; at any time while the record is open. Returns how many are new.

    `session`: the sitting they came to, by default the one the window is for.
    """
    row = _locked(activity)
    if session is not None and session.activity_id != row.activity_id:
        raise ValidationError({"session": "请选择这次活动的场次。"})
    row.session = session or row.session
    if row.activity.state not in OPEN:
        raise ValidationError(SHUT)
    people = {member.pk: member for member in Member.objects.filter(pk__in=members)}
    if not people:
        raise ValidationError("请先选择人员。")
    expected = set(activity.attendances.values_list("member", flat=True))
    if strange := people.keys() - expected:
        raise ValidationError(f"{names_of(row.activity, strange)}不在这次活动的应到名单中，不能登记签到。")
    return sum(_sign(row, people[pk], SignMethod.MANUAL, actor)[1] for pk in sorted(people))


@transaction.atomic
def undo(*, activity: Activity, member: Member, actor: User) -> None:
    """Take a signature back: the person is as before, on leave where leave was approved. Again changes nothing."""
    sign = _locked(activity)
    if sign.activity.state not in OPEN:
        raise ValidationError("这份记录已经提交，请用修改或更正出席。")
    row = row_of(activity, member)
    if row.signed_at is None:
        return
    how = f"{row.get_signed_by_display()} {_clock(row.signed_at)}"
    row.signed_at, row.signed_by, row.session_id = None, "", None
    restore(row)
    if not is_signed_for(activity):
        stop_waiting(activity)
    seat_everyone(activity)
    changes = {"签到": [f"{row.name} {how}", "已撤销"]}
    record(actor=actor, action="sign_in.undone", target=sign.activity, branch=sign.activity.branch, changes=changes)


def restore(row: Attendance) -> None:
    """An unsigned row as leave and the other signatures have it. Writes it."""
    leave = row.activity.leave_requests.filter(member=row.member_id, state=LeaveState.APPROVED).first()
    if leave is not None:
        row.status, row.reason, row.note = status_of(leave.reason), leave.reason, leave.note
        row.approved_by_id, row.approved_at = leave.decided_by_id, leave.decided_at
    else:
        others = row.activity.attendances.filter(signed_at__isnull=False).exclude(pk=row.pk).exists()
        row.status = AttendanceStatus.LEAVE if others else AttendanceStatus.PRESENT
        row.reason = row.note = ""
        row.approved_by_id = row.approved_at = None
    row.save()


def _sign(sign: SignIn, member: Member | None, method: SignMethod, actor: User) -> tuple[Attendance, bool]:
    activity = sign.activity
    row = row_of(activity, member)
    if row.signed_at is not None:
        return row, False
    first = not is_signed_for(activity)
    row.signed_at, row.signed_by = timezone.now(), method
    row.status, row.reason, row.note = AttendanceStatus.PRESENT, "", ""
    row.approved_by_id = row.approved_at = None
    row.session = sign.session or _sitting(activity, row.signed_at)
    row.save()
    if first:
        wait_for_signatures(activity)
        seat_everyone(activity)
    which = f" {row.session}" if row.session else ""
    changes = {"签到": [None, f"{row.name} {SignMethod(method).label}{which}"]}
    record(actor=actor, action="sign_in.signed", target=activity, branch=activity.branch, changes=changes)
    return row, True


def _sitting(activity: Activity, now: datetime) -> Session | None:
    """The sitting that is on, or about to begin; none where it is held once."""
    return on_at(list(activity.sessions.all()), now)


def on_at(sittings: Collection[Session], now: datetime) -> Session | None:
    """The one that is on at that moment, or about to begin, else the first; none of none."""
    sittings = sorted(sittings, key=lambda one: (one.starts_at, one.number))
    begun = [one for one in sittings if one.starts_at - sign_codes.BEFORE <= now]
    return begun[-1] if begun else (sittings[0] if sittings else None)


def _locked(activity: Activity) -> SignIn:
    """The window, locked, with the record as it is once the lock is held: it may have been handed in before."""
    row = lock_sign_in(activity)
    if row is None:
        raise ValidationError("这次活动没有开启签到。")
    row.activity = Activity.objects.select_related("branch", "group").get(pk=row.activity_id)
    return row


def _require_open(row: SignIn, at: datetime) -> None:
    if row.activity.state not in OPEN:
        raise ValidationError(SHUT)
    match sign_codes.window(row.opens_at, row.closes_at, row.closed_at, at):
        case Window.NOT_YET:
            raise ValidationError(f"签到{_clock(row.opens_at)}开始，请稍后再来。", code="not_yet")
        case Window.OVER:
            ended = row.closed_at or row.closes_at
            raise ValidationError(f"签到已于{_clock(ended)}结束。到会未签到的，请当场告诉书记登记。", code="over")


def _member(user: User) -> Member | None:
    found: Member | None = Member.objects.own(user).first()
    return found


def _window_words(row: SignIn) -> str:
    which = f"{row.session} " if row.session else ""
    return f"{which}{_clock(row.opens_at)}-{_clock(row.closes_at)}"


def _clock(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%H:%M}" if moment else ""


def _minutes() -> int:
    return int(sign_codes.WAIT.total_seconds()) // 60
