"""What an objection may be raised to, by whom and until when. Reads only."""

from datetime import date
from typing import NamedTuple

from branches.models import Branch
from config.templatetags.ui import cn_day
from members.closing import MonthState
from members.models import Member
from points.choices import Category, ClaimState, ObjectionState
from points.cycle.closing import month_state
from points.cycle.publishing import rows_of
from points.cycle.rules import quarter_end, quarter_of
from points.ledger.homes import homes_on
from points.models import Claim, Entry, Objection, Publication

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
