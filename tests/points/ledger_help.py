"""What the ledger says of a member, and a record changed once more."""

from datetime import date
from decimal import Decimal

from activities.models import Activity
from members.models import Member
from points.choices import ClaimState
from points.ledger.posting import post_source
from points.models import Claim, Entry


def standing(member: Member, code: str = "") -> list[tuple[str, Decimal, date]]:
    rows = Entry.objects.standing().filter(member=member).order_by("happened_on", "rule_code")
    return [(e.rule_code, e.points, e.happened_on) for e in rows if not code or e.rule_code == code]


def announced(member: Member) -> list[tuple[str, Decimal]]:
    rows = Claim.objects.filter(member=member, state=ClaimState.ANNOUNCED).order_by("rule_code")
    return list(rows.values_list("rule_code", "points"))


def correct(activity: Activity) -> None:
    activity.revision += 1
    activity.save()
    post_source(source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=activity.recorder)
