"""What follows from one star and from a veto: to-dos that the Party office closes with a word on what was done."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from branches.audit import record
from branches.choices import Role
from branches.models import Branch, Todo, User
from branches.todo import close_todo, open_todo
from points.choices import RatingState
from points.models import StarMark, StarRating, StarRound
from points.stars.current import current_stars
from points.stars.deadlines import DROP_DAYS, RECTIFY_DAYS
from points.stars.rounds import checked

RECTIFY, SECRETARY, DROP = "star_rectify", "star_secretary", "star_drop"
TITLES: Final = {
    RECTIFY: "软弱涣散整顿",
    SECRETARY: "更换或提醒支部书记",
    DROP: "办理一票否决降星",
}


class FollowUp(NamedTuple):
    kind: str
    title: str
    due: date | None


def key_of(kind: str, branch: int) -> str:
    return f"{kind}:{branch}"


def open_follow_ups(round_: StarRound, rows: Sequence[StarRating], today: date) -> None:
    """One star: the branch mends itself in 90 days. Two years running: the office sees to the secretary."""
    lowest = [row for row in rows if row.stars == 1]
    before = StarRating.objects.filter(
        branch__in=[row.branch_id for row in lowest], year=round_.year - 1, state=RatingState.APPROVED, stars=1
    )
    again = set(before.values_list("branch", flat=True))
    for row in lowest:
        url = reverse("points:star_detail", args=[row.branch_id, row.year])
        open_todo(
            item_key=key_of(RECTIFY, row.branch_id),
            title=f"{row.year}年度评为一星，开展软弱涣散整顿",
            url=url,
            due=today + timedelta(days=RECTIFY_DAYS),
            role=Role.BRANCH_SECRETARY,
            branch=row.branch,
        )
        if row.branch_id in again:
            open_todo(
                item_key=key_of(SECRETARY, row.branch_id),
                title=f"{row.branch.name}连续两年一星，更换或提醒支部书记",
                url=url,
                role=Role.PARTY_OFFICE,
                branch=round_.hospital,
            )


def ask_to_drop(mark: StarMark, today: date) -> None:
    """The drop holds from the day of the veto; the office has ten days to settle what goes with it."""
    hospital, now = mark.branch.hospital, current_stars(mark.branch, today)
    if hospital is None or now is None or now.dropped is None:
        return
    open_todo(
        item_key=key_of(DROP, mark.branch_id),
        title=f"{mark.branch.name}：{DROP_DAYS}日内办理降星",
        url=reverse("points:star_detail", args=[mark.branch_id, mark.year]),
        due=today + timedelta(days=DROP_DAYS),
        role=Role.PARTY_OFFICE,
        branch=hospital,
    )


def drop_lifted(branch: Branch, today: date) -> None:
    """A veto was withdrawn: nothing is left to do, unless another one stands."""
    now = current_stars(branch, today)
    if now is None or now.dropped is None:
        close_todo(item_key=key_of(DROP, branch.pk))


def follow_ups_of(branch: Branch) -> list[FollowUp]:
    """What is still to be settled for a branch. One statement."""
    keys = {key_of(kind, branch.pk): kind for kind in TITLES}
    rows = Todo.objects.filter(item_key__in=keys, done_at__isnull=True).order_by("pk")
    return [FollowUp(keys[row.item_key], TITLES[keys[row.item_key]], row.due) for row in rows]


@transaction.atomic
def settle(*, branch: Branch, kind: str, note: str, actor: User) -> None:
    """The office writes down what was done; kept on the trail."""
    if kind not in TITLES:
        raise ValidationError("请选择要办结的事项。")
    note = checked(note, "note", "办理情况")
    if not close_todo(item_key=key_of(kind, branch.pk)):
        raise ValidationError("这件事已经办结。")
    changes = {"matter": [None, TITLES[kind]], "comment": [None, note]}
    record(actor=actor, action="star_follow_up.settled", target=branch, branch=branch, changes=changes)
