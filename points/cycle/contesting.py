"""What an objection may be raised to, by whom and until when. Reads only."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from django.db.models import Exists, OuterRef

from branches.models import Branch
from config.templatetags.ui import cn_day
from members.closing import MonthState
from members.models import Member
from points.choices import Category, ClaimState, ObjectionState, PeriodKind, PeriodState
from points.cycle.closing import month_state
from points.cycle.publishing import rows_of
from points.cycle.rules import quarter_end, quarter_of
from points.ledger.homes import homes_on
from points.ledger.posting import CLAIM
from points.models import Claim, Entry, Objection, PeriodClose, Publication

LOCKED = "这个季度已经锁定，如有异议请向党委办公室反映。"


class Target(NamedTuple):
    """What is contradicted; `why_not` says why it can no longer be."""

    member: Member
    branch: Branch  # that answers, and whose quarter waits
    quarter: date
    title: str
    entry: Entry | None = None
    claim: Claim | None = None
    publication: Publication | None = None
    why_not: str = ""

    @property
    def answers_until(self) -> date | None:
        return self.publication.answers_until if self.publication else None

    @property
    def until(self) -> date | None:
        return self.publication.objections_until if self.publication else None

    def judged(self, why: str, today: date) -> "Target":
        """With why it cannot be contradicted: `why`, or a locked quarter, or a window that is over."""
        if not why and month_state(self.branch, self.quarter) in (MonthState.QUARTER_LOCKED, MonthState.YEAR_LOCKED):
            why = LOCKED
        if not why and self.until and today > self.until:
            why = f"异议期已于{cn_day(self.until, today)}结束。"
        return self._replace(why_not=why)


def of_entry(entry: Entry, today: date) -> Target:
    """An award of one's own: at any time until it was published, then until the day the publication names."""
    branch = entry.branch if entry.branch.is_open(today) else entry.member.branch
    quarter = quarter_of(entry.month)
    shown = published_in(entry)
    title = f"{cn_day(entry.happened_on, today)}，{entry.rule_code} {entry.rule.title}"
    why = ""
    if entry.category == Category.VETO:
        why = "一票否决依据有关决定登记，请按决定书写明的途径申诉。"
    elif entry.reversal_of_id or Entry.objects.filter(reversal_of=entry.pk).exists():
        why = "这条积分已经更正，不需要再提异议。"
    elif Objection.objects.filter(entry=entry).exclude(state=ObjectionState.WITHDRAWN).exists():
        why = "这条积分已经提出过异议，处理结果在“积分异议”中。"
    return Target(entry.member, branch, quarter, title, entry=entry, publication=shown).judged(why, today)


def of_claim(claim: Claim, today: date) -> Target:
    """A deduction one was told of, until it is posted."""
    branch = claim.branch if claim.branch.is_open(today) else claim.member.branch
    title = f"{cn_day(claim.happened_on, today)}，{claim.rule_code} {claim.rule.title}"
    why = ""
    if claim.state != ClaimState.ANNOUNCED:
        why = "这项扣分已经入账或已取消；已入账的，请在积分明细中对这一条提出异议。"
    elif Objection.objects.filter(claim=claim).exclude(state=ObjectionState.WITHDRAWN).exists():
        why = "这项扣分已经提出过异议，处理结果在“积分异议”中。"
    return Target(claim.member, branch, quarter_of(claim.month), title, claim=claim).judged(why, today)


def of_publication(publication: Publication, member: Member, *, is_own: bool, today: date) -> Target:
    """A line of the table, one's own or another's, or what it leaves out."""
    row = rows_of(publication, member.pk)
    title = f"{'本人' if is_own else member}的积分" if row else f"{'本人' if is_own else member}没有列入晾晒"
    return Target(member, publication.branch, publication.quarter, title, publication=publication).judged("", today)


def published_in(entry: Entry) -> Publication | None:
    """The publication that showed an entry first: of its own quarter, or as late booking in a later one.

    Three statements. The latest number of the quarter counts: publishing it again opens new windows.
    """
    end = quarter_end(quarter_of(entry.month))
    home = homes_on([(entry.member_id, end)]).get((entry.member_id, end), entry.branch_id)
    rows = Publication.objects.filter(branch=home, created_at__gte=entry.created_at).defer("table")
    own = rows.filter(quarter=quarter_of(entry.month)).order_by("-number").first()
    return own or rows.filter(quarter__gt=entry.month).order_by("quarter", "-number").first()


def open_to_objection(entry_ids: Collection[int], today: date) -> set[int]:
    """Of these entries, those `of_entry` would let their member contradict. Four statements for any number of them."""
    raised = Objection.objects.filter(entry=OuterRef("pk")).exclude(state=ObjectionState.WITHDRAWN)
    rows = Entry.objects.standing().filter(~Exists(raised), pk__in=entry_ids).exclude(category=Category.VETO)
    entries = list(rows.select_related("branch", "member__branch"))
    if not entries:
        return set()
    locked = _locked(entries, today)
    ends = {row.pk: (row.member_id, quarter_end(quarter_of(row.month))) for row in entries}
    homes = homes_on(set(ends.values()))
    home = {row.pk: homes.get(ends[row.pk], row.branch_id) for row in entries}
    shown: dict[int, list[Publication]] = defaultdict(list)
    for one in Publication.objects.filter(branch__in=set(home.values())).defer("table").order_by("quarter", "-number"):
        shown[one.branch_id].append(one)
    return {row.pk for row in entries if row.pk not in locked and _in_window(row, shown[home[row.pk]], today)}


def open_deductions(claims: Collection[Claim], today: date) -> set[int]:
    """Of these deductions (with `branch` and `member__branch`), those `of_claim` would take. Two statements."""
    raised = Objection.objects.filter(claim__in=[claim.pk for claim in claims]).exclude(state=ObjectionState.WITHDRAWN)
    shut = _locked(claims, today) | set(raised.values_list("claim", flat=True))
    return {claim.pk for claim in claims if claim.state == ClaimState.ANNOUNCED and claim.pk not in shut}


def own_target(claim: Claim, today: date) -> dict[str, int]:
    """What its member may contradict of a claim, as the address of the form names it: the deduction that is announced,
    or the entry it was booked as. Empty where nothing. Five statements at most."""
    if claim.state == ClaimState.ANNOUNCED:
        return {"claim": claim.pk} if open_deductions([claim], today) else {}
    booked = list(Entry.objects.standing_of(CLAIM, [claim.pk]).values_list("pk", flat=True))
    return {"entry": booked[0]} if open_to_objection(booked, today) else {}


def _locked(rows: Collection[Entry] | Collection[Claim], today: date) -> set[int]:
    """Keys of those whose quarter or year is locked where their objection would be answered. One statement."""
    branches = {row.pk: (row.branch if row.branch.is_open(today) else row.member.branch).pk for row in rows}
    periods = PeriodClose.objects.filter(
        branch__in=set(branches.values()), kind__in=[PeriodKind.QUARTER, PeriodKind.YEAR], state=PeriodState.LOCKED
    )
    shut = set(periods.values_list("branch_id", "kind", "start"))
    return {
        row.pk
        for row in rows
        if (branches[row.pk], PeriodKind.QUARTER, quarter_of(row.month)) in shut
        or (branches[row.pk], PeriodKind.YEAR, row.month.replace(month=1)) in shut
    }


def _in_window(entry: Entry, shown: Iterable[Publication], today: date) -> bool:
    """Whether the publication that showed the entry first, if any did, still takes objections."""
    since = [one for one in shown if one.created_at >= entry.created_at and one.quarter >= quarter_of(entry.month)]
    return not since or today <= since[0].objections_until
