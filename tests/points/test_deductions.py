"""What costs points is announced first, posted when its month is closed, and lifted for good by an upheld objection."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from activities.choices import AttendanceStatus, Kind
from activities.models import Attendance
from branches.models import Notice
from points.choices import ClaimState, ObjectionState, PeriodKind, PeriodState
from points.claims.deductions import lift_deduction, post_due
from points.cycle.closing import lock_period
from points.ledger.check import differences
from points.ledger.posting import lift_entry, post_source
from points.models import Claim, Entry, MemberYear, Objection, PeriodClose
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
TODAY = factories.TODAY


@pytest.fixture
def absent(branch, groups, members, held):
    """members[0] was away without a reason on 11 November."""
    activity = held(members[:1])
    Attendance.objects.filter(activity=activity).update(status=AttendanceStatus.UNEXCUSED)
    correct(activity)
    return activity


def correct(activity):
    activity.revision += 1
    activity.save()
    post_source(source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=activity.recorder)


def close(branch, month=date(2026, 11, 1)):
    PeriodClose.objects.create(branch=branch, kind=PeriodKind.MONTH, start=month, state=PeriodState.CLOSED)


def total(member):
    return MemberYear.objects.get(member=member, year=2026).total


def post(branch, today=TODAY):
    return post_due(branch_ids=[branch.pk], today=today, actor=None)


def object_to(claim=None, entry=None, state=ObjectionState.RAISED, **fields):
    target = claim or entry
    return Objection.objects.create(
        member=target.member,
        branch=target.branch,
        claim=claim,
        entry=entry,
        quarter=date(2026, 10, 1),
        raised_by=target.member.user,
        text="当天在急诊抢救",
        answer_due=date(2026, 12, 9),
        state=state,
        **fields,
    )


def test_the_member_is_told_once_without_the_reason(absent, members):
    notice = Notice.objects.get(recipient=members[0].user)
    assert "无故缺席" in notice.text
    assert absent.topic not in notice.text
    correct(absent)
    assert Notice.objects.count() == 1


def test_a_deduction_waits_for_its_month_to_be_closed_and_is_posted_once(absent, branch, members):
    assert post(branch) == 0
    close(branch)
    assert (post(branch), post(branch)) == (1, 0)
    entry = Entry.objects.standing().get(member=members[0])
    assert (entry.rule_code, entry.points, entry.source_kind) == ("G01", Decimal("-2.00"), "claim")
    assert (entry.month, total(members[0])) == (date(2026, 11, 1), Decimal("58.00"))
    assert list(differences()) == []


@pytest.mark.parametrize(("day", "posted"), [(date(2026, 11, 24), 0), (date(2026, 11, 25), 1)])
def test_it_is_not_posted_before_its_day(absent, branch, day, posted):
    Claim.objects.update(postable_from=date(2026, 11, 25))
    close(branch)
    assert post(branch, day) == posted


@pytest.mark.parametrize(
    ("state", "fields", "posted"),
    [
        (ObjectionState.RAISED, {}, 0),
        (ObjectionState.APPEALED, {"upheld": False}, 0),
        (ObjectionState.ANSWERED, {"upheld": False, "appeal_until": TODAY}, 0),
        (ObjectionState.ANSWERED, {"upheld": False, "appeal_until": date(2026, 11, 21)}, 1),
        (ObjectionState.DECIDED, {"upheld": False}, 1),
        (ObjectionState.WITHDRAWN, {}, 1),
    ],
)
def test_it_waits_while_somebody_contradicts(absent, branch, state, fields, posted):
    object_to(claim=Claim.objects.get(), state=state, **fields)
    close(branch)
    assert post(branch) == posted


def test_a_posted_deduction_goes_when_its_record_is_corrected_and_comes_back_announced(absent, branch, members):
    close(branch)
    post(branch)
    rows = Attendance.objects.filter(activity=absent)
    rows.update(status=AttendanceStatus.LEAVE)
    correct(absent)
    assert (Claim.objects.get().state, total(members[0])) == (ClaimState.WITHDRAWN, Decimal("60.00"))
    rows.update(status=AttendanceStatus.UNEXCUSED)
    correct(absent)
    assert Claim.objects.get().state == ClaimState.ANNOUNCED
    assert post(branch, date(2026, 11, 24)) == 0  # told of after its month was closed: three working days
    assert (post(branch, date(2026, 11, 25)), total(members[0])) == (1, Decimal("58.00"))
    assert list(differences()) == []


@pytest.mark.parametrize("posted", [False, True])
def test_one_that_an_objection_lifted_never_comes_back(absent, branch, members, organiser, posted):
    close(branch)
    if posted:
        post(branch)
    lift_deduction(claim=Claim.objects.get(), actor=organiser)
    correct(absent)
    assert post(branch) == 0
    assert Claim.objects.get().state == ClaimState.WITHDRAWN
    assert not Entry.objects.standing().filter(rule_code="G01").exists()
    assert list(differences()) == []


def test_an_award_that_an_objection_lifted_is_not_awarded_again(groups, members, held, organiser):
    activity = held(members[:2], kinds=(Kind.THEME_DAY, Kind.PARTY_LECTURE))
    entry = Entry.objects.get(member=members[0], rule_code="A02")
    lifted = lift_entry(entry=entry, objection=object_to(entry=entry), actor=organiser)
    assert lift_entry(entry=entry, objection=lifted.lifted_by, actor=organiser) == lifted
    correct(activity)
    assert [e.rule_code for e in Entry.objects.standing().filter(member=members[0])] == ["A03"]
    assert Entry.objects.standing().filter(member=members[1]).count() == 2
    assert list(differences()) == []


def test_a_quarter_does_not_lock_over_a_deduction_that_is_only_announced(absent, branch):
    """Once locked nobody could object to it any more."""
    Claim.objects.update(postable_from=date(2027, 2, 1))
    close(branch)
    with pytest.raises(ValidationError, match="扣分没有入账"):
        lock_period(
            branch=branch, kind=PeriodKind.QUARTER, start=date(2026, 10, 1), actor=None, today=date(2027, 1, 30)
        )


def test_what_is_due_is_posted_before_a_quarter_locks(absent, branch):
    close(branch)
    with pytest.raises(ValidationError, match="没有关账"):  # October and December are open: nothing is locked yet …
        lock_period(
            branch=branch, kind=PeriodKind.QUARTER, start=date(2026, 10, 1), actor=None, today=date(2027, 1, 30)
        )
    assert Claim.objects.get().state == ClaimState.ANNOUNCED  # … and a refusal takes its posting back
