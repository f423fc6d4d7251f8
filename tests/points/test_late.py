"""What is booked after its month was closed is called late on the publication and on one's own page alike."""

from datetime import date
from decimal import Decimal

import pytest
import time_machine

from activities.choices import AttendanceStatus
from points.choices import ClaimState
from points.claims.deductions import post_due
from points.cycle import contesting
from points.cycle.closing import close_months
from points.cycle.objections import answer_objection, raise_objection
from points.cycle.table import build
from points.ledger.posting import post_source
from points.models import Claim
from tests import factories
from tests.points.statement_help import shown

JULY, AUGUST, OCTOBER = date(2026, 7, 1), date(2026, 8, 1), date(2026, 10, 1)
TODAY = date(2026, 10, 12)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(factories.at(TODAY, 9), tick=True):
        yield


@pytest.fixture
def me(branch):
    return factories.make_member(branch)


@pytest.fixture
def missed(held, me):
    """missed(): one's unexcused absence of August, a deduction that is announced."""

    def make():
        record = held([me], day=date(2026, 8, 12))
        record.attendances.update(status=AttendanceStatus.UNEXCUSED)
        correct(record)
        return record

    return make


def correct(record):
    record.revision += 1
    record.save()
    post_source(source_kind="activity", source_id=record.pk, revision=record.revision, actor=None)


def late_lines(member, branch, quarter):
    """What the table of the quarter lists as late; one's own page has to say the same."""
    table = sorted(Decimal(row["points"]) for row in build(branch, quarter)["late"] if row["member"] == member.pk)
    page = [line for block in shown(member).months for line in block.lines]
    assert sorted(line.points for line in page if "补记" in [tag.text for tag in line.tags]) == table
    return table


def test_what_the_closing_itself_posts_is_not_late(branch, me, missed, close_quarter):
    missed()
    close_quarter(branch)
    assert Claim.objects.get().state == ClaimState.ACCEPTED
    assert [row for row in late_lines(me, branch, JULY) if row < 0] == []


def test_a_deduction_that_waited_for_its_notice_after_the_closing_is_not_late(branch, me, missed, close_quarter):
    missed()
    Claim.objects.update(postable_from=date(2026, 10, 13))
    close_quarter(branch)
    assert post_due(branch_ids=[branch.pk], today=date(2026, 10, 12), actor=None) == 0
    assert post_due(branch_ids=[branch.pk], today=date(2026, 10, 13), actor=None) == 1
    assert late_lines(me, branch, JULY) == []


def test_a_deduction_its_member_hears_of_after_the_closing_is_late(branch, me, missed, office):
    close_months(branches=[branch], month=AUGUST, actor=office, today=TODAY)
    missed()
    assert post_due(branch_ids=[branch.pk], today=date(2026, 10, 15), actor=None) == 1
    assert Decimal(-2) in late_lines(me, branch, JULY)


def test_one_that_was_taken_back_and_is_announced_again_after_the_closing_is_late(branch, me, missed, office):
    record = missed()
    record.attendances.update(status=AttendanceStatus.OFFICIAL)
    correct(record)
    close_months(branches=[branch], month=AUGUST, actor=office, today=TODAY)
    record.attendances.update(status=AttendanceStatus.UNEXCUSED)
    correct(record)
    assert post_due(branch_ids=[branch.pk], today=date(2026, 10, 15), actor=None) == 1
    assert late_lines(me, branch, JULY) == [Decimal(-2)]


def test_a_correction_of_what_the_closing_posted_is_late_and_so_is_what_takes_its_place(
    branch, me, missed, close_quarter
):
    record = missed()
    close_quarter(branch)
    for status in (AttendanceStatus.OFFICIAL, AttendanceStatus.UNEXCUSED):
        record.attendances.update(status=status)
        correct(record)
    assert post_due(branch_ids=[branch.pk], today=date(2026, 10, 15), actor=None) == 1
    assert late_lines(me, branch, JULY) == [Decimal(-2), Decimal(2)]


def test_a_deduction_whose_quarter_was_published_without_it_is_listed_in_the_next_one(
    branch, me, missed, publish, secretary
):
    missed()
    target = contesting.of_claim(Claim.objects.select_related("rule", "branch", "member__branch").get(), TODAY)
    objection = raise_objection(target=target, text="当天在岗值班", form_key="0" * 32, actor=me.user, today=TODAY)
    shown_first = publish(branch)
    answer_objection(objection=objection, upheld=False, answer="没有请假记录", actor=secretary, today=TODAY)
    assert post_due(branch_ids=[branch.pk], today=date(2026, 10, 20), actor=None) == 1
    assert all(row["DED"] == "0.00" for row in shown_first.table["rows"])
    assert late_lines(me, branch, OCTOBER) == [Decimal(-2)]
