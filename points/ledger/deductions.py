"""Deductions are announced before they are posted: what records cost a member becomes a Claim in state `announced`.

Closing its month posts it (points.cycle), unless an upheld objection lifted it or the record was corrected before.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from branches.choices import Topic
from branches.inbox import Message, notify_many
from branches.models import User
from branches.working_days import add_working_days, load_calendar
from config.templatetags.ui import cn_day
from members.models import Member, month_of
from points.choices import ClaimOrigin, ClaimState, Declarer, PeriodKind, PeriodState
from points.ledger.registry import Award
from points.models import Claim, PeriodClose, RuleItem

LATE_NOTICE: Final = 3  # working days from telling of a deduction of a closed month to posting it; our choice
Key = tuple[str, int, int, str]  # kind and id of the source, member, rule code


def announced_of(asked: Mapping[str, Collection[int]]) -> list[Claim]:
    """What was ever announced of these records; nothing is locked. One statement."""
    mine = Q(pk__in=[])
    for kind, ids in asked.items():
        mine |= Q(source_kind=kind, source_id__in=ids)
    return list(Claim.objects.filter(mine, source_id__isnull=False))


def settle_deductions(
    announced: Collection[Claim], wanted: Mapping[Key, Award], *, actor: User | None, tell: bool
) -> list[int]:
    """Bring what was announced of some records in line with what they cost now; the caller holds the members' lock.

    Returns the ids of claims whose entries have to follow: those posted already that changed, or no longer hold. No
    statement where nothing is announced and nothing is to be.
    """
    if not announced and not wanted:
        return []
    today = timezone.localdate()
    rows = Claim.objects.filter(pk__in=[claim.pk for claim in announced]).select_related("rule").order_by("pk")
    locked = rows.select_for_update(of=("self",)) if announced else []
    known: dict[Key, Claim] = {(c.source_kind, c.source_id or 0, c.member_id, c.rule_code): c for c in locked}
    lifted = {(*key[:3], claim.rule.feed or claim.rule_code) for key, claim in known.items() if claim.lifted}
    wanted = {key: award for key, award in wanted.items() if (*key[:3], award.fact) not in lifted}
    changed, told, gone = [], [], []
    followed = []
    for key, claim in known.items():
        before = claim.state
        if not claim.lifted and _follow(claim, wanted.get(key), today):
            followed.append((claim, before))
    fresh = [_announced(key, award, today, actor) for key, award in wanted.items() if key not in known]
    _give_time([*(c for c, before in followed if before == ClaimState.WITHDRAWN), *fresh], today)
    for claim, before in followed:
        claim.save()
        if before == ClaimState.ACCEPTED:
            changed.append(claim.pk)
        elif claim.state == ClaimState.ANNOUNCED:
            told.append(claim)
        if claim.state == ClaimState.WITHDRAWN:
            gone.append(claim)
    told += Claim.objects.bulk_create(fresh)
    if tell:
        tell_members(told, "announced")
        tell_members(gone, "withdrawn")
    return changed


def _follow(claim: Claim, award: Award | None, today: date) -> bool:
    """Change one deduction to what its record says now; False where it already does."""
    if award is None:
        if claim.state not in (ClaimState.ANNOUNCED, ClaimState.ACCEPTED):
            return False
        claim.state = ClaimState.WITHDRAWN
    else:
        says = (claim.points, claim.happened_on, claim.branch_id)
        if claim.state != ClaimState.WITHDRAWN and says == (award.points, award.happened_on, award.branch_id):
            return False
        claim.points, claim.happened_on, claim.branch_id = award.points, award.happened_on, award.branch_id
        claim.month, claim.rule, claim.title = month_of(award.happened_on), award.rule, award.reason[:100]
        if claim.state == ClaimState.WITHDRAWN:
            claim.state, claim.announced_on, claim.postable_from = ClaimState.ANNOUNCED, today, today
            claim.declared_at = timezone.now()
    claim.revision += 1
    claim.version += 1
    return True


def _give_time(claims: Sequence[Claim], today: date) -> None:
    """Who hears of a deduction after its month was closed has three working days before it is posted."""
    months = {(claim.branch_id, claim.month) for claim in claims}
    if not months:
        return
    rows = PeriodClose.objects.filter(
        branch__in={branch for branch, _ in months}, kind=PeriodKind.MONTH, start__in={month for _, month in months}
    ).exclude(state=PeriodState.OPEN)
    closed = set(rows.values_list("branch_id", "start"))
    if not closed & months:
        return
    day = add_working_days(today, LATE_NOTICE, load_calendar([today.year]))
    for claim in claims:
        if (claim.branch_id, claim.month) in closed:
            claim.postable_from = day


def _announced(key: Key, award: Award, today: date, actor: User | None) -> Claim:
    return Claim(
        member_id=award.member_id,
        branch_id=award.branch_id,
        rule=award.rule,
        rule_code=award.rule.code,
        category=award.rule.category,
        points=award.points,
        happened_on=award.happened_on,
        month=month_of(award.happened_on),
        title=award.reason[:100],
        origin=ClaimOrigin.SYSTEM,
        state=ClaimState.ANNOUNCED,
        declared_by=actor,
        declared_at=timezone.now(),
        announced_on=today,
        postable_from=today,
        source_kind=key[0],
        source_id=key[1],
    )


TEXTS = {
    "announced": "{day}一项扣分告知：{what}{points}分，如有异议请在入账前提出",
    "withdrawn": "{day}的扣分（{what}{points}分）已取消",
    "posted": "{day}的扣分（{what}{points}分）已入账",
}


def tell_members(claims: Iterable[Claim], step: str) -> None:
    """Say to each member what became of a deduction; the reason stands on the page, never in the message.

    Of what the discipline side entered not even the item: messages may leave the house.
    """
    claims = list(claims)
    if not claims:
        return
    rules = RuleItem.objects.filter(pk__in={c.rule_id for c in claims}).exclude(declared_by=Declarer.DISCIPLINE)
    titles = dict(rules.values_list("pk", "title"))
    users = dict(Member.objects.filter(pk__in={c.member_id for c in claims}).values_list("pk", "user"))
    notify_many(
        Message(
            recipient=users[claim.member_id],
            topic=Topic.POINTS,
            item_key=f"claim:{claim.pk}",
            step=f"{step}:{claim.revision}",
            text=TEXTS[step].format(
                day=cn_day(claim.happened_on),
                what=f"{Truncator(titles[claim.rule_id]).chars(30)}，" if claim.rule_id in titles else "",
                points=claim.points,
            ),
            url=reverse("points:claim_detail", args=[claim.pk]),
        )
        for claim in claims
        if claim.member_id in users
    )
