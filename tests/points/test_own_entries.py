"""The lines of a member's own page: what corrected them, what came late, and who reads their reasons."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from activities.choices import AttendanceStatus
from activities.models import Activity, Attendance, StudyHours
from branches.choices import Role
from points.choices import ClaimState, PeriodKind, PeriodState
from points.ledger.posting import lift_entry, post_source
from points.models import Entry, Objection, PeriodClose
from tests import factories
from tests.points.statement_help import MINE, shown, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]


@pytest.fixture
def me(branch, groups):
    return factories.make_member(branch, name="林晓雯")


# --- lines ---


def test_a_reversal_says_what_it_corrects_and_the_line_it_took_back_is_marked(me, held):
    activity = held([me])
    Attendance.objects.update(status=AttendanceStatus.OFFICIAL)
    Activity.objects.update(revision=2)
    post_source(source_kind="activity", source_id=activity.pk, revision=2, actor=None)
    undo, award = shown(me).months[0].lines
    assert (undo.note, [tag.text for tag in undo.tags]) == ("冲减11月11日的+0.50分", ["更正"])
    assert (award.undone, [tag.text for tag in award.tags]) == (True, ["已更正"])


def test_an_entry_an_objection_lifted_says_so(me, held, secretary):
    held([me])
    objection = Objection.objects.create(
        member=me, branch=me.branch, entry=Entry.objects.get(), quarter=date(2026, 10, 1), raised_by=me.user,
        text="当天不在", answer_due=factories.TODAY,
    )  # fmt: skip
    lift_entry(entry=Entry.objects.get(), objection=objection, actor=secretary)
    assert [tag.text for tag in shown(me).months[0].lines[0].tags] == ["异议成立"]


def test_what_was_booked_after_its_month_was_closed_is_called_late(me, branch, held):
    held([me], day=date(2026, 10, 8))
    assert not shown(me).months[0].lines[0].tags
    row = PeriodClose.objects.create(
        branch=branch, kind=PeriodKind.MONTH, start=date(2026, 10, 1), state=PeriodState.CLOSED
    )
    PeriodClose.objects.update(changed_at=timezone.now() + timedelta(minutes=1))
    assert not shown(me).months[0].lines[0].tags
    PeriodClose.objects.filter(pk=row.pk).update(changed_at=timezone.now() - timedelta(minutes=1))
    assert [tag.text for tag in shown(me).months[0].lines[0].tags] == ["补记"]


def test_the_step_of_an_item_stands_on_the_line(me, claimed):
    claimed(me, "F01", "4", title="市级优秀共产党员")
    assert shown(me).months[0].lines[0].rule == "F01荣誉（一事取最高），市级"


def test_hours_lead_the_member_and_the_officer_each_to_their_own_page(me, secretary, held):
    StudyHours.objects.create(
        member=me, branch=me.branch, title="培训", studied_on=date(2026, 5, 5), hours=8, state="counted"
    )
    post_source(source_kind="study_year", source_id=me.pk * 10000 + 2026, revision=0, actor=None)
    (line,) = shown(me).months[0].lines
    assert line.url == f"{reverse('activities:my_hours')}?year=2026"
    (line,) = shown(me, reader=secretary).months[0].lines
    assert line.url == f"{reverse('activities:member_hours', args=[me.pk])}?year=2026"


# --- what others may read ---


@pytest.mark.parametrize(
    ("role", "reads"),
    [
        (Role.BRANCH_SECRETARY, True),
        (Role.DISCIPLINE_MEMBER, True),
        (Role.ORGANISATION_MEMBER, False),
        (Role.PUBLICITY_MEMBER, False),
    ],
)
def test_the_reason_of_a_matter_of_discipline_is_for_those_who_see_discipline(
    me, branch, claimed, as_user, role, reads
):
    claimed(me, "G09", "-3", title="因纪律被约谈")
    claimed(me, "G09", "-5", ClaimState.ANNOUNCED, title="因纪律被诫勉")
    claimed(me, "V01", "0", title="警告处分", document_no="纪〔2026〕1号")
    officer = factories.make_member(branch).user
    factories.appoint(officer, branch, role)
    client, url = as_user(officer), reverse("points:member_points", args=[me.pk])
    for params in ({}, {"item": "G09"}, {"category": "DED"}):
        page = words(client.get(url, params))
        for secret in ("因纪律被约谈", "因纪律被诫勉", "受到提醒、批评教育或诫勉"):
            assert (secret in page) == reads, (secret, params)
    page = words(client.get(url))
    assert ("警告处分" in page) == reads
    assert ("事由仅本人和纪检人员可见" in page) != reads
    assert "57.00" in page  # the sum is for all who see points
    assert "因纪律被约谈" in words(as_user(me.user).get(MINE))
