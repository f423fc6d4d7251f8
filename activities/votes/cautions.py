"""What to look at before an admission is voted on or a secretary is elected, though nothing forbids it."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, Final

from django.utils import timezone

from activities.choices import ElectionBody, MotionKind, VoteResult
from activities.models import Activity, Election, Motion
from activities.votes.quorum import RETRY_AFTER, is_resubmitted_early
from activities.votes.voting import OPEN_STATES
from config.templatetags.ui import cn_date
from members.cautions import new_to_lead, words
from members.rules import months_later

LED: Final = {ElectionBody.SECRETARY: "当选支部书记", ElectionBody.DEPUTY: "当选支部副书记"}


def motion_cautions(activity: Activity, matters: Iterable[tuple[str, str]]) -> list[str]:
    """About people (kind of the matter, name) whose admission a meeting of this branch rejected shortly before.

    A name stands for the person: an applicant is on no roll yet. One query, none where nobody is to be admitted.
    """
    names = {"".join(name.split()): None for kind, name in matters if kind == MotionKind.ADMISSION and name.strip()}
    if not names:
        return []
    on = timezone.localdate(activity.starts_at)
    found: dict[str, date] = {}
    for subject, starts_at in _rejected(activity).values_list("subject", "activity__starts_at"):
        name, day = "".join(subject.split()), timezone.localdate(starts_at)
        if name in names and is_resubmitted_early(day, on):
            found[name] = max(day, found.get(name, day))
    return [
        f"{name}在{cn_date(day)}的支部党员大会上没有通过，一般须满{RETRY_AFTER}个月，"
        f"{cn_date(months_later(day, RETRY_AFTER))}起再提交讨论，请核对。"
        for name, day in found.items()
    ]


def _rejected(activity: Activity) -> Any:
    """Admissions that earlier meetings of the branch voted down, handed in at least."""
    rows = Motion.objects.filter(
        kind=MotionKind.ADMISSION,
        result=VoteResult.FAILED,
        activity__branch=activity.branch_id,
        activity__starts_at__lt=activity.starts_at,
    )
    return rows.exclude(activity__state__in=OPEN_STATES).exclude(activity=activity).order_by("activity__starts_at")


def election_cautions(activity: Activity, body: str, candidates: Collection[int]) -> list[str]:
    """About candidates (ids of users) for secretary and deputy. One query, none for other bodies."""
    if body not in LED or not candidates:
        return []
    text = words(new_to_lead(candidates, timezone.localdate(activity.starts_at)), LED[ElectionBody(body)])
    return [text] if text else []


def cautions_of(activity: Activity, motions: Iterable[Motion], elections: Iterable[Election]) -> list[str]:
    """Everything to look at about the votes of a record, for its page."""
    found = motion_cautions(activity, [(row.kind, row.subject) for row in motions])
    for body in LED:
        people = {one.user_id for row in elections if row.body == body for one in row.candidates.all()}
        found += election_cautions(activity, body, people)
    return found
