"""The committee's page: every figure against a count of its own."""

import json
import re
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.choices import ActivityState, AttendanceStatus, CellState, Kind, PlanState
from activities.models import Attendance, PlanItem
from activities.plan.rollups import rebuild_activity_months
from branches.choices import Role
from branches.models import Branch
from members.choices import EventKind
from members.models import Exemption, Member, MembershipEvent
from members.roll_months import recount_roll_months
from points.dashboard.point_panels import bin_edges
from points.dashboard.span import read_span
from points.ledger.posting import post_source
from points.models import Entry, MemberYear
from points.rules import round_half_up
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
HOME = reverse("home")
NOVEMBER = {"month": date(2026, 11, 1)}


def page(as_user, reader, **params):
    answer = as_user(reader).get(HOME, params)
    assert answer.status_code == 200
    return answer.context


def recount(*branches: Branch) -> None:
    for year in (2025, 2026):
        rebuild_activity_months(branches=branches, year=year)
    recount_roll_months(branches=branches, from_month=date(2025, 1, 1))


@pytest.fixture
def busy(branch, other_branch, groups, held, owed):
    """Two branches: a theme day in November each, one of them late, a general meeting in October, open duties."""
    mine = [factories.make_member(branch) for _ in range(4)]
    theirs = [factories.make_member(other_branch) for _ in range(2)]
    first = held(mine, absent=(mine[0],), day=date(2026, 11, 11))
    second = held(theirs, branch=other_branch, day=date(2026, 11, 12))
    held(mine, kinds=(Kind.GENERAL_MEETING,), absent=(mine[0], mine[1]), day=date(2026, 10, 20))
    owed(Kind.THEME_DAY, state=PlanState.CONFIRMED, activity=first, done_on=date(2026, 11, 11))
    owed(
        Kind.THEME_DAY, branch=other_branch, state=PlanState.CONFIRMED, activity=second, done_on=date(2026, 11, 12),
        late=True,
    )  # fmt: skip
    owed(Kind.COMMITTEE_MEETING)
    owed(Kind.COMMITTEE_MEETING, 10)
    owed(Kind.COMMITTEE_MEETING, branch=other_branch, due=date(2026, 11, 25))
    owed(Kind.POLITICAL_BIRTHDAY, branch=other_branch, state=PlanState.NOT_APPLICABLE, reason="本月无人")
    recount(branch, other_branch)
    return mine, theirs


# --- the figures, counted again by other means ---


def test_required_and_done_are_those_that_fall_due_in_the_month(busy, leader, as_user):
    context = page(as_user, leader)
    shown, open_ = context["activities"], context["owed"]
    due = PlanItem.objects.filter(due__range=(date(2026, 11, 1), date(2026, 11, 30))).exclude(state="not_applicable")
    assert (shown.completion.of, shown.completion.n, shown.late) == (
        due.count(),
        due.filter(state="confirmed").count(),
        due.filter(late=True).count(),
    )
    assert (shown.completion.of, shown.completion.n, shown.late, open_.overdue, open_.soon) == (4, 2, 1, 1, 1)
    by_branch = {row.unit.name: (row.completion.n, row.completion.of, row.late) for row in shown.units}
    assert by_branch == {"机关第一党支部": (1, 2, 0), "内科第二党支部": (1, 2, 1)}


def test_the_attendance_rate_shows_its_base_and_the_change(busy, leader, as_user):
    shown = page(as_user, leader)["activities"]
    rows = Attendance.objects.filter(activity__starts_at__gte=factories.at(date(2026, 11, 1), 0))
    assert shown.attendance.of == rows.count() == 6
    assert shown.attendance.n == rows.filter(status=AttendanceStatus.PRESENT).count() == 5
    assert shown.attendance.percent == Decimal("83.33")
    assert shown.before.percent == Decimal("50.00")
    assert shown.change == Decimal("33.33")
    by_branch = {row.unit.name: (row.attendance.n, row.attendance.of, row.year.of) for row in shown.units}
    assert by_branch == {"机关第一党支部": (3, 4, 8), "内科第二党支部": (2, 2, 2)}


def test_points_of_the_month_are_those_of_the_ledger(busy, leader, as_user):
    points = page(as_user, leader)["points"]
    entries = Entry.objects.filter(**NOVEMBER)
    assert points.net == entries.aggregate(n=Sum("points"))["n"] == Decimal("3.00")
    assert points.n == entries.count()
    small, large = points.rows  # the same sum, but fewer people: by head it is the better month
    assert (small.branch.name, small.net) == ("内科第二党支部", Decimal("1.50"))
    assert (large.branch.name, large.net) == ("机关第一党支部", Decimal("1.50"))
    assert small.per_head == round_half_up(small.net / small.members) > large.per_head


@pytest.mark.parametrize(("span", "ends", "counts"), [
    ("month", None, False),
    ("month", date(2026, 11, 22), False),
    ("month", date(2026, 11, 21), True),
    ("quarter", date(2026, 11, 22), False),
])  # fmt: skip
def test_who_takes_no_part_at_the_end_of_the_span_is_in_neither_sum_nor_head_count(
    busy, branch, leader, as_user, held, span, ends, counts
):
    """Today is 22 November; of four members the second is exempt, and was present both times."""
    mine, _ = busy
    record = held(mine[1:2], day=date(2026, 11, 13))
    Attendance.objects.filter(activity=record).update(status=AttendanceStatus.OFFICIAL)
    post_source(source_kind="activity", source_id=record.pk, revision=2, actor=None)  # reversed
    before = {row.branch: row for row in page(as_user, leader, span=span)["points"].rows}
    Exemption.objects.create(
        member=mine[1], ground="ill", starts_on=date(2026, 1, 1), ends_on=ends, approved_on=date(2026, 1, 1),
        entered_by=leader,
    )  # fmt: skip
    points = page(as_user, leader, span=span)["points"]
    after = {row.branch: row for row in points.rows}
    own = Entry.objects.filter(member=mine[1], month__gte=date(2026, 10 if span == "quarter" else 11, 1))
    plus, n = own.aggregate(n=Sum("points"))["n"], own.filter(reversal_of=None).count() - 1
    row, was = after.pop(branch), before.pop(branch)
    assert (row.members, row.plus, row.n) == ((4, was.plus, was.n) if counts else (3, was.plus - plus, was.n - n))
    assert row.per_head == round_half_up(row.net / row.members)
    assert points.net == row.net + sum(one.net for one in after.values())
    assert after == before


def test_a_deduction_of_who_takes_no_part_is_left_out_too(busy, branch, leader, as_user, claimed):
    mine, _ = busy
    claimed(mine[1], "G08", "-0.5")
    assert page(as_user, leader)["points"].minus == Decimal("0.50")
    Exemption.objects.create(
        member=mine[1], ground="ill", starts_on=date(2026, 1, 1), approved_on=date(2026, 1, 1), entered_by=leader
    )
    assert page(as_user, leader)["points"].minus == 0


def test_in_a_month_before_they_are_those_of_its_last_day_where_they_were_then(
    busy, branch, other_branch, leader, as_user
):
    mine, _ = busy
    member = mine[1]
    MembershipEvent.objects.create(
        member=member, kind=EventKind.MOVED, branch=other_branch, from_branch=branch, member_type="full",
        recorded_on=date(2026, 11, 2), effective_on=date(2026, 11, 2),
    )  # fmt: skip
    Member.objects.filter(pk=member.pk).update(branch=other_branch)
    recount(branch, other_branch)
    Exemption.objects.create(
        member=member, ground="ill", starts_on=date(2026, 10, 31), approved_on=date(2026, 10, 31), entered_by=leader
    )

    def heads(month):
        return {row.branch.pk: row.members for row in page(as_user, leader, month=month)["points"].rows}

    assert heads("2026-09") == {branch.pk: 4, other_branch.pk: 2}
    assert heads("2026-10") == {branch.pk: 3, other_branch.pk: 2}
    assert heads("2026-11") == {branch.pk: 3, other_branch.pk: 2}


def test_members_are_counted_with_the_probationary_ones(busy, branch, leader, as_user):
    factories.make_member(branch, member_type="probationary")
    factories.make_member(branch, left_on=date(2026, 5, 1))
    heads = page(as_user, leader)["heads"]
    assert (heads.total, heads.probationary) == (Member.objects.filter(left_on=None).count(), 1)


def test_the_distribution_counts_everybody_once(busy, branch, leader, as_user):
    factories.make_member(branch)  # without an entry: stands at the base
    spread = page(as_user, leader)["spread"]
    totals = [*MemberYear.objects.filter(year=2026).values_list("total", flat=True)]
    totals += [Decimal(60)] * (Member.objects.count() - len(totals))
    assert sum(n for _, n in spread.bins) == spread.people == len(totals)
    assert dict(spread.bins)["60–61"] == sum(Decimal(60) <= total < Decimal(61) for total in totals)
    assert spread.average == (sum(totals) / len(totals)).quantize(Decimal("0.01"))


@pytest.mark.parametrize(
    ("least", "most", "edges"),
    [
        ("69.25", "73.00", [69, 70, 71, 72, 73, 74]),
        ("60", "77.5", [60, 62, 64, 66, 68, 70, 72, 74, 76, 78]),
        ("58", "96", [55, 60, 65, 70, 75, 80, 85, 90, 95, 100]),
        ("0", "120", [None, 60, 65, 70, 75, 80, 85, 90, 95, None]),
    ],
)
def test_the_bars_of_the_distribution_are_as_fine_as_nine_of_them_allow(least, most, edges):
    assert bin_edges(Decimal(least), Decimal(most)) == edges


def test_the_bars_follow_the_scale_of_the_rules():
    assert bin_edges(Decimal(600), Decimal(645), Decimal(10)) == [600, 610, 620, 630, 640, 650]
    assert bin_edges(None, None, Decimal(10))[1:3] == [600, 650]


def test_the_spread_counts_those_who_take_part_and_are_rated(branch, groups, held, leader, as_user):
    people = [factories.make_member(branch) for _ in range(3)]
    factories.make_member(branch, since=date(2026, 11, 1))
    Exemption.objects.create(
        member=people[0], ground="aged", starts_on=date(2026, 1, 1), approved_on=date(2026, 1, 1), entered_by=leader
    )
    held(people[:2])
    spread = page(as_user, leader)["spread"]
    assert (spread.people, spread.average) == (2, Decimal("60.25"))


def test_the_head_count_balances_with_the_events(branch, leader, as_user):
    for n in range(3):
        factories.make_member(branch, since=date(2024, 1, 1), name=f"老{n}")
    recount_roll_months(branches=[branch], from_month=date(2024, 1, 1))
    new = factories.make_member(branch, since=date(2026, 3, 1))
    MembershipEvent.objects.create(
        member=new, kind=EventKind.CONFIRMED, branch=branch, from_branch=branch, member_type="full",
        recorded_on=date(2026, 6, 1), effective_on=date(2026, 6, 1),
    )  # fmt: skip
    gone = factories.make_member(branch, since=date(2026, 4, 1), left_on=date(2026, 8, 1))
    MembershipEvent.objects.create(
        member=gone, kind=EventKind.TRANSFER_OUT, branch=None, from_branch=branch, member_type="full",
        recorded_on=date(2026, 8, 1), effective_on=date(2026, 8, 1),
    )  # fmt: skip
    count = page(as_user, leader)["headcount"]
    assert (count.sums.start, count.sums.opening, count.sums.transferred_out, count.sums.end) == (3, 2, 1, 4)
    assert (count.counted, count.gap, count.sums.confirmed) == (4, 0, 1)


def test_a_move_between_two_branches_of_the_hospital_changes_nothing(branch, other_branch, leader, as_user):
    member = factories.make_member(branch)
    MembershipEvent.objects.create(
        member=member, kind=EventKind.MOVED, branch=other_branch, from_branch=branch, member_type="full",
        recorded_on=date(2026, 8, 1), effective_on=date(2026, 8, 1),
    )  # fmt: skip
    recount_roll_months(branches=[branch, other_branch], from_month=date(2025, 1, 1))
    sums = page(as_user, leader)["headcount"].sums
    assert (sums.start, sums.transferred_in, sums.transferred_out, sums.end) == (1, 0, 0, 1)


def test_late_and_returned_are_listed_the_longest_first(busy, branch, owed, leader, as_user):
    record = factories.make_activity(branch, state=ActivityState.RETURNED)
    back = owed(Kind.GENERAL_MEETING, state=PlanState.RETURNED, activity=record)
    late = page(as_user, leader)["overdue"]
    assert late.total == 2
    assert [row.item.kind for row in late.rows] == [Kind.COMMITTEE_MEETING, back.kind]
    assert late.rows[0].url
    assert late.rows[1].url == reverse("activities:activity_detail", args=[record.pk])


# --- the board ---


def test_the_board_of_the_month_has_a_row_for_each_branch_and_leads_to_the_record(busy, leader, as_user):
    board = page(as_user, leader)["board"]
    assert [row.branch.name for row in board.rows] == ["机关第一党支部", "内科第二党支部"]
    cells = {one.column.kind: one for one in board.rows[0].cells if one}
    assert cells[Kind.THEME_DAY].cell.state == CellState.OK
    record = PlanItem.objects.get(branch=board.rows[0].branch, kind=Kind.THEME_DAY).activity_id
    assert cells[Kind.THEME_DAY].url == reverse("activities:activity_detail", args=[record])
    assert {one.column.kind: one for one in board.rows[1].cells if one}[Kind.THEME_DAY].cell.state == CellState.OK_LATE
    assert board.rows[0].members == 4


def test_a_quarter_and_a_year_are_sums(busy, branch, leader, as_user):
    sums = page(as_user, leader, span="quarter")["sums"]
    first = next(row for row in sums.rows if row.unit == branch)
    cells = {cell.label: cell for cell in first.cells}
    assert (cells["支委会"].done, cells["支委会"].required, cells["支委会"].open_late) == (0, 2, 1)
    assert (cells["主题党日"].done, cells["主题党日"].required, cells["主题党日"].css) == (1, 1, "is-ok")
    assert page(as_user, leader, span="year")["activities"].completion.of == 5


def test_months_before_can_be_read_and_months_to_come_cannot(busy, leader, as_user):
    context = page(as_user, leader, month="2026-10")
    assert context["span"].label == "10月"
    assert context["activities"].completion.of == 1
    assert context["span"].after.label == "11月"
    assert page(as_user, leader, month="2027-05")["span"].label == "11月"
    assert page(as_user, leader, month="2025-03", span="quarter")["span"].label == "2025年第一季度"


@pytest.mark.parametrize("month", ["", "x", "2026-13", "0001-01", "2026-1", "99999-99"])
def test_a_strange_month_is_this_month(month):
    assert read_span("strange", month, factories.TODAY).first == date(2026, 11, 1)


# --- links, charts, cost, scope ---


def test_the_switches_keep_the_filters(busy, leader, as_user):
    body = as_user(leader).get(HOME, {"span": "quarter", "month": "2026-08"}).content.decode()
    assert "?span=quarter&amp;month=2026-04" in body
    assert "?span=quarter&amp;month=2026-10" in body


def test_every_chart_has_its_data_and_its_table(busy, leader, as_user):
    body = as_user(leader).get(HOME).content.decode()
    charts = re.findall(r'data-from="([^"]+)"', body)
    named = ("ages", "attendance", "completion", "education", "points", "posts", "ranking", "standings")
    assert sorted(charts) == [f"{name}-data" for name in named]
    for name in charts:
        block = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', body)
        assert json.loads(block.group(1))
    assert body.count('class="behind"') == len(charts)


@pytest.mark.parametrize("role", [Role.SUPERIOR_VIEWER, Role.DISCIPLINE_OFFICE, Role.PARTY_COMMITTEE_SECRETARY])
def test_no_link_of_the_page_refuses_its_reader(busy, person, as_user, role):
    client = as_user(person(role))
    body = client.get(HOME).content.decode()
    main = body.split('<main id="main"')[1].split("</main>")[0]
    refused = []
    for link in set(re.findall(r'href="(/[^"#]*|\?[^"#]*)"', main)):
        path = link.replace("&amp;", "&")
        answer = client.get(path if path.startswith("/") else HOME + path)
        if answer.status_code not in {200, 302}:
            refused.append((path, answer.status_code))
    assert refused == []


def test_another_hospital_is_not_in_the_figures(busy, leader, owed, held, as_user):
    before = page(as_user, leader)
    foreign = factories.make_branch(factories.make_branch())
    held([factories.make_member(foreign)], branch=foreign)
    owed(Kind.THEME_DAY, branch=foreign)
    recount(foreign)
    after = page(as_user, leader)
    for name in ("activities", "owed", "heads", "spread", "headcount", "points"):
        assert after[name] == before[name]


@pytest.mark.parametrize("span", ["month", "quarter", "year"])
def test_one_branch_costs_as_much_as_twenty(busy, hospital, branch, held, owed, leader, as_user, span):
    client = as_user(leader)
    client.get(HOME)
    with CaptureQueriesContext(connection) as few:
        client.get(HOME, {"span": span})
    for _ in range(20):
        node = factories.make_branch(hospital)
        held([factories.make_member(node)], branch=node)
        owed(Kind.THEME_DAY, branch=node)
        owed(Kind.COMMITTEE_MEETING, 9, branch=node)
        recount(node)
    with CaptureQueriesContext(connection) as many:
        client.get(HOME, {"span": span})
    assert len(many) == len(few)


def test_an_empty_hospital_says_what_comes(leader, as_user):
    body = as_user(leader).get(HOME).content.decode()
    for words in ("这段时间没有规定动作", "还没有出席记录", "这段时间没有积分", "没有逾期", "还没有党员"):
        assert words in body
