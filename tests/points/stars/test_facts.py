"""What the records say of a branch: each source of the score card, and that it costs the same for many branches."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.choices import ActivityState, FollowUpSort, Kind, Period, PlanState, YearDocumentState
from activities.models import ActivityMonth, FollowUp, PlanItem, StudyHours, YearDocument
from branches.choices import BranchKind, Role
from branches.models import Branch, Term
from members.models import RollMonth
from points.choices import AssessmentState, MarkKind, MarkLevel
from points.models import Assessment, LineRecord, StarMark
from points.stars.catalogue import LINES
from points.stars.facts import branch_facts
from points.stars.rules import Card
from tests import factories

TODAY = date(2026, 11, 22)
pytestmark = pytest.mark.django_db


def found(branch, year=2026, today=TODAY):
    branch = Branch.objects.get(pk=branch.pk)
    return branch_facts([branch], year, today)[branch.pk]


def values(branch, fact, **more):
    return found(branch, **more).measures[fact].values


def month(branch, number, kind, **counts):
    ActivityMonth.objects.create(branch=branch, month=date(2026, number, 1), kind=kind, **counts)


def item(branch, kind, *, start, end, due=None, period=Period.YEAR, state=PlanState.OPEN, group=None, **more):
    key = f"{branch.pk}:{kind}:{start}:{group.pk if group else ''}"
    return PlanItem.objects.create(
        branch=branch, kind=kind, period=period, start=start, end=end, due=due or end, state=state, group=group,
        key=key, **more,
    )  # fmt: skip


YEAR = {"start": date(2026, 1, 1), "end": date(2026, 12, 31)}


def full_members(branch, n):
    RollMonth.objects.update_or_create(branch=branch, month=date(2026, 11, 1), defaults={"full": n, "probationary": 0})


def test_a_post_counts_as_vacant_after_ninety_days(branch):
    full_members(branch, 7)
    for role in (Role.BRANCH_SECRETARY, Role.ORGANISATION_MEMBER, Role.PUBLICITY_MEMBER):
        factories.appoint(factories.UserFactory(), branch, role)
    left = factories.appoint(factories.UserFactory(), branch, Role.DISCIPLINE_MEMBER)
    left.ends_on = TODAY - timedelta(days=90)
    left.save()
    assert values(branch, "committee") == {
        "vacant": 0, "secretary": True, "needs_committee": True, "full_members": 7,
    }  # fmt: skip
    left.ends_on = TODAY - timedelta(days=91)
    left.save()
    assert values(branch, "committee")["vacant"] == 1


def test_six_full_members_need_no_committee(branch):
    full_members(branch, 6)
    assert values(branch, "committee")["needs_committee"] is False


def test_a_term_is_in_time_to_its_last_day_or_its_approved_extension(branch):
    term = Term.objects.create(branch=branch, number=1, starts_on=date(2023, 11, 23), ends_on=TODAY)
    assert values(branch, "election") == {"on_time": True}
    term.ends_on = TODAY - timedelta(days=1)
    term.save()
    assert values(branch, "election") == {"on_time": False}
    term.extended_to = TODAY
    term.save()
    assert values(branch, "election") == {"on_time": True}


def test_a_temporary_branch_elects_nobody(hospital):
    node = factories.make_branch(hospital, kind=BranchKind.TEMPORARY)
    assert found(node).measures["election"].absent


def test_plan_and_summary_are_asked_for_after_their_day(branch, secretary):
    assert values(branch, "year_papers", today=date(2026, 1, 31)) == {
        "plan_due": False, "plan": False, "summary_due": False, "summary": False,
    }  # fmt: skip
    assert values(branch, "year_papers", today=date(2026, 2, 1))["plan_due"] is True
    handed = timezone.make_aware(timezone.datetime(2026, 1, 31, 23, 0))
    paper = YearDocument.objects.create(
        branch=branch, year=2026, kind="plan", state=YearDocumentState.SUBMITTED, written_by=secretary,
        submitted_at=handed,
    )  # fmt: skip
    assert values(branch, "year_papers")["plan"] is True
    paper.submitted_at = handed + timedelta(hours=2)
    paper.save()
    assert values(branch, "year_papers")["plan"] is False


def test_the_roster_is_judged_by_blanks_and_contradictions(branch):
    assert values(branch, "roster") == {"filled": 0, "required": 0, "errors": 0}
    member = factories.make_member(branch)
    before = values(branch, "roster")
    member.home_address, member.ethnicity = "江州市健康路1号", "01"
    member.lost_contact = True
    member.save()
    after = values(branch, "roster")
    assert after["required"] == before["required"] == 16
    assert after["filled"] > before["filled"]
    assert after["errors"] == before["errors"] + 1  # lost, and nobody knows since when


def test_only_months_that_have_ended_count(branch):
    for number in (9, 10, 11):
        month(branch, number, Kind.THEME_DAY, required=1, done=number != 10)
    assert values(branch, "theme_day") == {"done": 1, "due": 2}
    assert values(branch, "theme_day", today=date(2026, 12, 1)) == {"done": 2, "due": 3}


def test_attendance_is_that_of_the_whole_year_so_far(branch):
    month(branch, 10, Kind.THEME_DAY, present=8, made_up=1, expected=10)
    month(branch, 11, Kind.GENERAL_MEETING, present=9, expected=10)
    assert values(branch, "attendance") == {"present": 17, "made_up": 1, "expected": 20}


def test_the_mean_over_the_groups_not_over_their_meetings(branch, groups):
    first, second = groups[:2]
    for number in range(1, 5):
        span = {"start": date(2026, number, 1), "end": date(2026, number, 28), "period": Period.MONTH}
        state = PlanState.CONFIRMED if number < 4 else PlanState.OPEN
        item(branch, Kind.GROUP_MEETING, group=first, state=state, **span)
    span = {"start": date(2026, 4, 1), "end": date(2026, 4, 30), "period": Period.MONTH}
    item(branch, Kind.GROUP_MEETING, group=second, state=PlanState.CONFIRMED, **span)
    mean = values(branch, "group_meeting")
    assert (Fraction(mean["mean"]), mean["groups"]) == (Fraction(7, 8), 2)


def test_the_secretary_of_the_day_gave_the_lecture(branch, secretary):
    lecture = factories.make_activity(
        branch, kinds=(Kind.PARTY_LECTURE,), day=date(2026, 5, 6), state=ActivityState.CONFIRMED, lecturer=secretary
    )
    assert values(branch, "party_lecture")["by_secretary"] is True
    lecture.lecturer = factories.UserFactory()
    lecture.save()
    assert values(branch, "party_lecture")["by_secretary"] is False


def test_a_record_is_good_when_it_came_within_a_week_and_was_never_returned(branch):
    start = factories.at(date(2026, 5, 6))
    for after, returned in ((7, False), (8, False), (1, True)):
        factories.make_activity(
            branch, day=date(2026, 5, 6), state=ActivityState.CONFIRMED, submitted_at=start + timedelta(days=after),
            returned_at=start if returned else None,
        )  # fmt: skip
    assert values(branch, "records") == {"good": 1, "records": 3}


def test_the_life_meeting_is_asked_for_after_its_day_or_once_it_was_held(branch):
    due = item(branch, Kind.ORG_LIFE_MEETING, **YEAR)
    assert values(branch, "org_life") == {"due": False, "held": False, "listed": 0, "closed": 0}
    assert values(branch, "org_life", today=date(2027, 1, 1))["due"] is True
    record = factories.make_activity(
        branch, kinds=(Kind.ORG_LIFE_MEETING,), day=date(2026, 2, 6), state=ActivityState.CONFIRMED
    )
    due.state, due.activity = PlanState.CONFIRMED, record
    due.save()
    for number, done in ((1, date(2026, 3, 1)), (2, None)):
        FollowUp.objects.create(
            activity=record, sort=FollowUpSort.RECTIFICATION, number=number, text="学习不够", done_on=done
        )
    life = found(branch).measures["org_life"]
    assert life.values == {"due": True, "held": True, "listed": 2, "closed": 1}
    assert f"/activities/{record.pk}/" in life.evidence


def test_the_appraisal_is_held_capped_and_fed_back(branch):
    due = item(branch, Kind.DEMOCRATIC_APPRAISAL, **YEAR)
    record = factories.make_activity(
        branch, kinds=(Kind.DEMOCRATIC_APPRAISAL,), day=date(2026, 2, 6), state=ActivityState.CONFIRMED
    )
    due.state, due.activity = PlanState.CONFIRMED, record
    due.save()
    assert values(branch, "appraisal") == {"due": True, "held": True, "cap_kept": False, "fed_back": False}
    record.details = {"democratic_appraisal": {"feedback_on": "2026-02-10"}}
    record.save()
    Assessment.objects.create(branch=branch, year=2026, state=AssessmentState.PROPOSED)
    assert values(branch, "appraisal") == {"due": True, "held": True, "cap_kept": True, "fed_back": True}


def test_a_quarter_published_late_is_not_on_time(branch):
    for number, (state, late) in enumerate(((PlanState.CONFIRMED, False), (PlanState.CONFIRMED, True))):
        start = date(2026, 1 + 3 * number, 1)
        item(
            branch, Kind.POINTS_PUBLICATION, start=start, end=start + timedelta(days=88), due=date(2026, 10, 12),
            state=state, late=late, period=Period.QUARTER,
        )  # fmt: skip
    assert values(branch, "publications") == {"done": 1, "due": 2}


def test_hours_of_study_count_by_the_months_that_have_ended(branch, secretary):
    member = factories.make_member(branch)
    officer = secretary.member
    for person in (member, officer):
        StudyHours.objects.create(member=person, branch=branch, title="党课", studied_on=date(2026, 5, 6), hours="29.5")
    assert values(branch, "study_hours") == {"reached": 1, "members": 2}  # 32 × 10/12 = 26.67; an officer 46.67
    assert values(branch, "study_hours", today=date(2027, 1, 2)) == {"reached": 0, "members": 2}


def test_hours_of_study_count_by_the_figures_of_the_card(branch, other_branch):
    line = next(one for one in LINES if one.measure == "study_hours")
    card = Card((replace(line, params={"member": Decimal(40)}),))
    for node in (branch, other_branch):
        member = factories.make_member(node)
        StudyHours.objects.create(member=member, branch=node, title="党课", studied_on=date(2026, 5, 6), hours=32)
    facts = branch_facts([branch, other_branch], 2026, date(2026, 11, 22), {branch.pk: card})
    reached = [facts[node.pk].measures["study_hours"].values["reached"] for node in (branch, other_branch)]
    assert reached == [0, 1]  # 40 × 10/12 = 33.33 hours; 26.67 elsewhere


def test_three_months_without_a_record_are_a_veto(branch):
    for number in (1, 2, 3, 7, 8, 9):
        month(branch, number, Kind.THEME_DAY, held=1)
    assert found(branch).vetoes == ("2026年4月至6月没有已确认的活动",)
    assert found(branch, today=date(2026, 6, 30)).vetoes == ()
    month(branch, 5, Kind.GENERAL_MEETING, held=1)
    assert found(branch).vetoes == ()


def test_months_before_the_branch_owed_anything_are_no_veto(hospital):
    node = factories.make_branch(hospital, founded_on=date(2026, 9, 1))
    assert found(node).vetoes == ()
    assert found(node, today=date(2026, 12, 1)).vetoes == ("2026年9月至11月没有已确认的活动",)


def test_what_the_office_entered_counts_and_a_withdrawn_mark_does_not(branch, office):
    LineRecord.objects.create(
        branch=branch, year=2026, fact="letters", values={"signed": 3, "required": 3}, source="存档"
    )
    fields = {"branch": branch, "year": 2026, "kind": MarkKind.BONUS, "level": MarkLevel.CITY, "decided_by": "市委"}
    StarMark.objects.create(title="先进", document_no="1", happened_on=date(2026, 6, 1), **fields)
    StarMark.objects.create(
        title="误登", document_no="2", happened_on=date(2026, 6, 1), withdrawn_at=timezone.now(), **fields
    )
    facts = found(branch)
    assert facts.measures["letters"].values == {"signed": 3, "required": 3}
    assert [mark.text for mark in facts.marks] == ["市级表彰：先进"]


def test_who_was_dissolved_or_founded_in_the_year_says_why(hospital):
    gone = factories.make_branch(hospital, dissolved_on=date(2026, 6, 30))
    young = factories.make_branch(hospital, founded_on=date(2026, 12, 1))
    assert "6月30日撤销" in found(gone).unrated
    assert "12月1日才成立" in found(young).unrated
    assert found(young, today=date(2026, 12, 2)).unrated == ""


def test_before_the_first_month_has_ended_there_is_nothing_to_rate(branch):
    assert found(branch, today=date(2026, 1, 31)).unrated == "还没有结束的月份"
    assert found(branch, today=date(2026, 2, 1)).unrated == ""


def test_facts_cost_the_same_for_one_branch_and_for_twenty(hospital, branch):
    def cost(nodes):
        with CaptureQueriesContext(connection) as queries:
            branch_facts(nodes, 2026, TODAY)
        return len(queries)

    one = cost([branch])
    for _ in range(19):
        node = factories.make_branch(hospital)
        factories.make_member(node)
        month(node, 5, Kind.THEME_DAY, required=1, done=1, held=1)
    many = cost(list(Branch.objects.branches()))
    assert many == one <= 25
