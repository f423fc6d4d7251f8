"""What happened to a rating, from the audit trail, in the words of its page."""

from datetime import datetime
from typing import Final, NamedTuple

from django.db.models import Q

from branches.models import AuditEntry
from points.models import StarRating, StarRound

WORDS: Final = {
    "star_rating.self_rated": "提交自评",
    "star_rating.self_rated_again": "修改自评",
    "star_rating.taken_back": "收回自评",
    "star_rating.reviewed": "复核",
    "star_rating.returned": "退回支部",
    "star_rating.reopened": "退回重新复核",
    "star_round.publicised": "公示",
    "star_round.approved": "登记党委审定",
}
SAID: Final = ("reason", "comment", "meeting")
MOST: Final = 60


class Step(NamedTuple):
    at: datetime
    who: str
    text: str
    comment: str


def trail_of(row: StarRating | None, round_: StarRound | None) -> list[Step]:
    """Newest first: of the branch, and of the round it belongs to. One statement."""
    mine = Q(pk__in=[])
    for target in (row, round_):
        if target is not None:
            mine |= Q(target_type=target._meta.label_lower, target_id=target.pk)
    lines = AuditEntry.objects.filter(mine, action__in=WORDS).order_by("-pk")[:MOST]
    return [Step(line.at, line.actor_name, WORDS[line.action], _said(line.changes)) for line in lines]


def _said(changes: dict[str, list[str]]) -> str:
    return next((str(changes[name][1]) for name in SAID if name in changes and changes[name][1]), "")
