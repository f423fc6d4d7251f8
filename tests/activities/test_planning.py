"""Plan items, their board and their monthly sums: written from the duty table, kept in step with the records."""

from datetime import date
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities import tasks
from activities.choices import ActivityState, CellState, Kind, PlanState
from activities.models import ActivityMonth, PlanItem
from activities.plan import not_held
from activities.plan.board import build_board, month_of_board
from activities.plan.planning import plan_year, refresh_plan
from activities.plan.rollups import rebuild_activity_months
from branches.choices import BranchKind, BranchLevel, Capability, Role
from branches.models import Branch
from branches.services import found_branch
from members.choices import EventKind
from members.models import MembershipEvent
from members.signals import record_confirmed
from tests.factories import UserFactory, appoint, at, make_activity, make_branch, make_member

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(TODAY, 10))


def committee(branch):
    for role in (Role.BRANCH_SECRETARY, Role.ORGANISATION_MEMBER, Role.DISCIPLINE_MEMBER):
        appoint(make_member(branch).user, branch, role)


def items(branch, kind, **more):
    return list(PlanItem.objects.filter(branch=branch, kind=kind, **more).order_by("start", "group"))


def test_a_year_is_planned_by_the_shape_of_the_branch(branch, groups):
    committee(branch)
    make_member(branch, joined_on=date(2010, 7, 1))
    plan_year(branches=[branch], year=2026)
    assert len(items(branch, Kind.COMMITTEE_MEETING, state=PlanState.OPEN)) == 12
    assert len(items(branch, Kind.GROUP_MEETING, state=PlanState.OPEN)) == 24
    assert len(items(branch, Kind.GENERAL_MEETING)) == 4
    birthdays = items(branch, Kind.POLITICAL_BIRTHDAY)
    assert [item.start.month for item in birthdays if item.state == PlanState.OPEN] == [7]
    assert {item.reason for item in birthdays if item.state == PlanState.NOT_APPLICABLE} == {"本月无人"}
    assert not PlanItem.objects.filter(
        kind__in=[Kind.DUES_COLLECTION, Kind.HEART_TALK]
    ).exists()  # nobody types these in


def test_a_small_branch_owes_no_committee_meeting_and_says_why(branch):
    make_member(branch)
    plan_year(branches=[branch], year=2026)
    assert {item.reason for item in items(branch, Kind.COMMITTEE_MEETING)} == {"党员不足7人，不设支委会"}
    assert {item.reason for item in items(branch, Kind.GROUP_MEETING)} == {"不设党小组"}


def test_planning_again_changes_nothing(branch, groups):
    committee(branch)
    assert plan_year(branches=[branch], year=2026) > 0
    before = list(PlanItem.objects.order_by("pk").values())
    assert plan_year(branches=[branch], year=2026) == 0
    assert list(PlanItem.objects.order_by("pk").values()) == before


def test_a_new_group_owes_from_this_month_on_and_the_past_stays(branch):
    committee(branch)
    plan_year(branches=[branch], year=2026)
    group = make_branch(branch, level=BranchLevel.GROUP)
    plan_year(branches=[Branch.objects.get(pk=branch.pk)], year=2026)
    november = items(branch, Kind.GROUP_MEETING, start=date(2026, 11, 1))
    assert [(item.group, item.state) for item in november] == [(group, PlanState.OPEN)]
    october = items(branch, Kind.GROUP_MEETING, start=date(2026, 10, 1), group=None)
    assert [item.state for item in october] == [PlanState.NOT_APPLICABLE]


def test_a_branch_that_starts_with_the_system_owes_nothing_of_the_months_before(branch):
    make_member(branch, since=date(2026, 11, 20))
    plan_year(branches=[branch], year=2026)
    months = [item.start.month for item in items(branch, Kind.THEME_DAY)]
    assert months == [11, 12]
    assert items(branch, Kind.THEME_DAY)[0].state == PlanState.OPEN


def test_a_temporary_and_a_dissolved_branch_owe_what_they_can(hospital):
    temporary = make_branch(hospital, kind=BranchKind.TEMPORARY, dissolved_on=date(2026, 6, 30))
    plan_year(branches=[temporary], year=2026)
    open_items = PlanItem.objects.filter(branch=temporary, state=PlanState.OPEN)
    assert set(open_items.values_list("kind", flat=True)) <= {Kind.THEME_DAY, Kind.PARTY_LECTURE}
    assert not PlanItem.objects.filter(branch=temporary, start__gt=date(2026, 6, 30)).exists()


def test_planning_costs_the_same_for_one_branch_and_for_twenty(hospital):
    nodes = [make_branch(hospital) for _ in range(21)]
    for node in nodes:
        make_member(node)
    with CaptureQueriesContext(connection) as one:
        plan_year(branches=nodes[:1], year=2026)
    with CaptureQueriesContext(connection) as twenty:
        plan_year(branches=nodes[1:], year=2026)
    inserts = sum("INSERT" in query["sql"] for query in twenty.captured_queries)
    first = sum("INSERT" in query["sql"] for query in one.captured_queries)
    assert len(twenty) - inserts == len(one) - first  # rows are written in batches; everything else is one statement


def test_records_written_in_bulk_are_found_by_one_refresh(branch, groups):
    plan_year(branches=[branch], year=2026)
    make_activity(branch, day=date(2026, 10, 12), state=ActivityState.CONFIRMED)
    make_activity(branch, day=date(2026, 11, 4), state=ActivityState.SUBMITTED, submitted_at=at(date(2026, 12, 2)))
    make_activity(
        branch, kinds=(Kind.GROUP_MEETING,), group=groups[1], day=date(2026, 11, 5), state=ActivityState.RETURNED
    )
    refresh_plan(branches=[branch], year=2026)
    october, november = items(branch, Kind.THEME_DAY, start__gte=date(2026, 10, 1))[:2]
    assert (october.state, october.done_on, october.late, october.count) == (
        PlanState.CONFIRMED, date(2026, 10, 12), False, 1,
    )  # fmt: skip
    assert (november.state, november.late) == (PlanState.SUBMITTED, True)
    by_group = {item.group_id: item.state for item in items(branch, Kind.GROUP_MEETING, start=date(2026, 11, 1))}
    assert by_group == {groups[0].pk: PlanState.OPEN, groups[1].pk: PlanState.RETURNED}


def test_one_gathering_fulfils_each_of_its_kinds(branch):
    plan_year(branches=[branch], year=2026)
    kinds = (Kind.THEME_DAY, Kind.PARTY_LECTURE)
    both = make_activity(branch, kinds=kinds, day=date(2026, 11, 4), state=ActivityState.CONFIRMED)
    refresh_plan(branches=[branch], year=2026)
    assert PlanItem.objects.filter(activity=both, state=PlanState.CONFIRMED).count() == 2


def test_a_month_rebuilt_is_the_month_kept(branch, groups):
    members = [make_member(branch) for _ in range(3)]
    plan_year(branches=[branch], year=2026)
    make_activity(branch, day=date(2026, 10, 12), state=ActivityState.CONFIRMED, members=members, absent=(members[0],))
    refresh_plan(branches=[branch], year=2026)
    rebuild_activity_months(branches=[branch], year=2026)
    first = list(
        ActivityMonth.objects.order_by("month", "kind").values_list("month", "kind", "required", "done", "present")
    )
    month = ActivityMonth.objects.get(month=date(2026, 10, 1), kind=Kind.THEME_DAY)
    assert (month.required, month.done, month.held, month.expected, month.present, month.excused) == (1, 1, 1, 3, 2, 1)
    rebuild_activity_months(branches=[branch], year=2026)
    assert first == list(
        ActivityMonth.objects.order_by("month", "kind").values_list("month", "kind", "required", "done", "present")
    )
    assert ActivityMonth.objects.get(month=date(2026, 11, 1), kind=Kind.GROUP_MEETING).required == 2


def test_the_nightly_task_plans_open_nodes_and_from_december_the_next_year(branch, time_machine):
    make_member(branch)
    assert tasks.open_plans() > 0
    assert tasks.open_plans() == 0
    assert not PlanItem.objects.filter(start__year=2027).exists()
    time_machine.move_to(at(date(2026, 12, 1), 1))
    assert tasks.open_plans() > 0
    assert PlanItem.objects.filter(start__year=2027, branch=branch).exists()


def test_a_membership_fact_plans_its_branches(branch, other_branch):
    member = make_member(branch)
    event = MembershipEvent.objects.create(
        member=member, kind=EventKind.MOVED, branch=other_branch, from_branch=branch, member_type="full",
        recorded_on=TODAY, effective_on=TODAY,
    )  # fmt: skip
    record_confirmed.send(
        MembershipEvent, source_kind="membership", source_id=event.pk, revision=1, actor=UserFactory()
    )
    assert set(PlanItem.objects.values_list("branch", flat=True)) == {branch.pk, other_branch.pk}


# -- Not held


@pytest.fixture
def october(branch):
    plan_year(branches=[branch], year=2026)
    return items(branch, Kind.THEME_DAY, start=date(2026, 10, 1))[0]


def test_an_accepted_reason_takes_the_item_out_of_what_is_required(october, secretary, office):
    not_held.explain_not_held(item=october, reason="全员参加医疗救援", actor=secretary)
    assert ActivityMonth.objects.get(month=date(2026, 10, 1), kind=Kind.THEME_DAY).required == 1
    not_held.accept_not_held(item=october, actor=office)
    october.refresh_from_db()
    assert october.state == PlanState.NOT_HELD
    assert not ActivityMonth.objects.filter(month=date(2026, 10, 1), kind=Kind.THEME_DAY).exists()
    refresh_plan(branches=[october.branch], year=2026)
    october.refresh_from_db()
    assert october.state == PlanState.NOT_HELD


def test_a_refused_reason_leaves_the_item_owed_with_the_comment(october, secretary, office):
    not_held.explain_not_held(item=october, reason="全员参加医疗救援", actor=secretary)
    not_held.refuse_not_held(item=october, comment="请补开。", actor=office)
    october.refresh_from_db()
    assert (october.state, october.review_comment) == (PlanState.OPEN, "请补开。")


@pytest.mark.parametrize("case", ["short", "future", "twice", "own"])
def test_explanations_that_are_refused(case, october, secretary, branch):
    item = items(branch, Kind.THEME_DAY, start=date(2026, 12, 1))[0] if case == "future" else october
    if case in ("twice", "own"):
        not_held.explain_not_held(item=item, reason="全员参加医疗救援", actor=secretary)
    reason = "x" if case == "short" else "全员参加医疗救援"
    again = not_held.accept_not_held if case == "own" else partial(not_held.explain_not_held, reason=reason)
    with pytest.raises(ValidationError):
        again(item=item, actor=secretary)


# -- The board


def board_of(user, day=TODAY):
    rows = PlanItem.objects.visible_to(user, Capability.ACTIVITY_VIEW).covering(*month_of_board(day)).for_board()
    return build_board(rows, TODAY, reader=user)


def cell(board, kind):
    return next(one for one in board.rows[0].cells if one and one.column.kind == kind)


def test_the_groups_of_a_branch_share_a_cell(branch, groups, secretary):
    plan_year(branches=[branch], year=2026)
    make_activity(
        branch, kinds=(Kind.GROUP_MEETING,), group=groups[0], day=date(2026, 11, 5), state=ActivityState.CONFIRMED
    )
    refresh_plan(branches=[branch], year=2026)
    shared = cell(board_of(secretary), Kind.GROUP_MEETING)
    assert shared.cell.note == "1/2组"
    assert f"group={groups[1].pk}" in shared.url


def test_a_cell_leads_to_its_record_and_columns_stand_in_the_order_of_the_table(branch, secretary):
    plan_year(branches=[branch], year=2026)
    held = make_activity(branch, day=date(2026, 11, 4), state=ActivityState.SUBMITTED)
    refresh_plan(branches=[branch], year=2026)
    board = board_of(secretary)
    assert cell(board, Kind.THEME_DAY).url.endswith(f"/{held.pk}/")
    assert cell(board, Kind.THEME_DAY).cell.state == CellState.SENT
    assert [column.period for column in board.columns][-1] == "2026年"
    assert board_of(secretary, date(2026, 10, 5)).late == 1  # the theme day of October


def test_the_board_is_one_query_for_any_number_of_branches(hospital, leader):
    for _ in range(3):
        node = make_branch(hospital)
        make_member(node)
        plan_year(branches=[node], year=2026)
    leader.current_posts  # noqa: B018 - read once per request
    with CaptureQueriesContext(connection) as queries:
        assert len(board_of(leader).rows) == 3
    assert len(queries) == 1


def test_a_node_entered_today_owes_nothing_for_periods_that_were_over(hospital, office):
    branch = found_branch(
        parent=hospital, name="新录入党支部", level=BranchLevel.BRANCH, founded_on=date(2015, 1, 1), actor=office
    )
    make_member(branch, since=date(2020, 1, 1))
    plan_year(branches=[branch], year=timezone.localdate().year)
    items = PlanItem.objects.filter(branch=branch)
    month = timezone.localdate().replace(day=1)
    assert items.exists()
    assert not items.filter(end__lt=month).exists()
    assert items.filter(period="year").exists()  # the running year is asked for
