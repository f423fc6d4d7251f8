"""The demo's cycle: months closed, quarters published and locked, one publication overdue, one objection open."""

import uuid
from datetime import date, timedelta
from functools import partial
from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import F

from branches.choices import Role, Topic
from branches.models import Branch, Notice, User
from branches.working_days import load_calendar, next_working_day
from members.models import Member
from points.choices import ClaimOrigin, ClaimState, PeriodKind
from points.claims.deductions import post_due
from points.cycle import contesting, rules
from points.cycle.closing import close_months, lock_period, reopen_period
from points.cycle.objections import raise_objection
from points.cycle.publishing import publish_quarter, why_not
from points.cycle.table import build, digest_of
from points.demo.people import Hospital
from points.models import Claim, Publication

SHOWN: Final = "JG01"  # the branch of the demo people: opened again, published anew, contradicted
LATE: Final = "WK02"  # has not published its last quarter
WORDS: Final = "9月参加的送医下乡义诊已由医务部登记，晾晒表中没有计入，请核对。"


def add_cycle(hospital: Hospital, today: date) -> None:
    """Everything the calendar would have moved since January of last year; runs after all points were posted."""
    branches = [*hospital.branches.values(), hospital.temporary]
    following = partial(next_working_day, calendar=load_calendar([today.year - 1, today.year]))
    _tell_in_time()
    for month in rules.months_between(date(today.year - 1, 1, 1), today):
        day = rules.month_closes_on(month, following)
        if day <= today:
            close_months(branches=branches, month=month, actor=None, today=day)
            _tell_in_time()
            post_due(branch_ids=[branch.pk for branch in branches], today=day, actor=None)
    Notice.objects.filter(topic=Topic.POINTS).delete()  # of two years, all of this minute
    months = rules.months_between(date(today.year - 1, 1, 1), today)
    for quarter in (month for month in months if month.month % 3 == 1 and rules.quarter_end(month) < today):
        due = rules.quarter_published_by(quarter, following)
        last = rules.quarter_of(rules.quarter_of(today) - timedelta(days=1)) == quarter
        for code, branch in hospital.branches.items():
            secretary = hospital.officers[code].get(Role.BRANCH_SECRETARY, hospital.office)
            if due <= today and not (last and code == LATE):
                _publish(branch, quarter, secretary, due, tell=last and code == SHOWN)
            if not last or (code != SHOWN and _is_over(branch, quarter, today)):
                _lock(branch, PeriodKind.QUARTER, quarter, today)
    for branch in branches:
        _lock(branch, PeriodKind.YEAR, date(today.year - 1, 1, 1), today)
    _contradict(hospital, today)


def _tell_in_time() -> None:
    """What records cost was told when it happened, not when the demo was built."""
    told = Claim.objects.filter(origin=ClaimOrigin.SYSTEM, state=ClaimState.ANNOUNCED)
    told.update(announced_on=F("happened_on"), postable_from=F("happened_on"))


def _publish(branch: Branch, quarter: date, actor: User, day: date, *, tell: bool) -> None:
    if not why_not(branch, quarter, day):
        digest = digest_of(build(branch, quarter))
        publish_quarter(branch=branch, quarter=quarter, digest=digest, actor=actor, today=day, tell=tell)


def _is_over(branch: Branch, quarter: date, today: date) -> bool:
    return Publication.objects.filter(branch=branch, quarter=quarter, appeals_until__lt=today).exists()


def _lock(branch: Branch, kind: PeriodKind, start: date, today: date) -> None:
    try:
        lock_period(branch=branch, kind=kind, start=start, actor=None, today=today)
    except ValidationError:
        return  # not its time yet


def _contradict(hospital: Hospital, today: date) -> None:
    """The last publication of the demo people's branch, anew where its windows are over, with an open objection."""
    branch = hospital.branches[SHOWN]
    shown = Publication.objects.filter(branch=branch).order_by("-quarter", "-number").first()
    member = Member.objects.filter(branch=branch, user__username="member").select_related("user").first()
    if shown is None or member is None:
        return
    if shown.appeals_until < today:
        quarter, secretary = shown.quarter, hospital.officers[SHOWN][Role.BRANCH_SECRETARY]
        lock_period(branch=branch, kind=PeriodKind.QUARTER, start=quarter, actor=None, today=today)
        reason = "支部漏报一次党课，补录后重新晾晒"
        reopen_period(branch=branch, kind=PeriodKind.QUARTER, start=quarter, reason=reason, actor=hospital.office)
        _publish(branch, quarter, secretary, today - timedelta(days=2), tell=True)
        shown = Publication.objects.filter(branch=branch, quarter=quarter).latest("number")
    day = min(today, shown.objections_until)
    target = contesting.of_publication(shown, member, is_own=True, today=day)
    raise_objection(target=target, text=WORDS, form_key=uuid.uuid4(), actor=member.user, today=day)
