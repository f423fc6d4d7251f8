"""One's own points, another member's, and the rule book."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities.choices import ActivityState, AttendanceStatus, Kind
from activities.models import Activity, Attendance, MakeUp
from branches.choices import Role
from points.ledger.posting import post_source
from points.models import MemberYear
from points.statement.own import PER_PAGE
from tests import factories
from tests.points.statement_help import MINE, shown, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]


# --- my points ---


def test_the_page_adds_up_what_was_earned(branch, groups, members, held):
    me = members[0]
    held(members, day=date(2026, 10, 28))
    held(members, kinds=(Kind.GENERAL_MEETING, Kind.PARTY_LECTURE), day=date(2026, 11, 20))
    mine = shown(me)
    assert mine.own.result.total == Decimal("61.50")
    assert mine.own.this_month == Decimal("1.00")
    assert mine.own.trend[-2:] == [("10月", Decimal("0.50")), ("11月", Decimal("1.00"))]
    assert [(block.month, block.total, len(block.lines)) for block in mine.months] == [
        (date(2026, 11, 1), Decimal("1.00"), 2),
        (date(2026, 10, 1), Decimal("0.50"), 1),
    ]
    signs = {"+": 1, "−": -1}
    parts = sum(signs[part.sign] * part.counted for part in mine.parts)
    assert mine.own.result.base + parts == mine.own.result.total


def test_the_page_and_the_stored_year_say_the_same(branch, groups, members, held):
    held(members[:1])
    assert shown(members[0]).own.result.total == MemberYear.objects.get(member=members[0]).total


def test_equal_totals_share_a_place_and_nobody_is_left_out_of_the_count(branch, groups, members, held):
    held(members[:2])
    held(members[:1], day=date(2026, 11, 12))
    factories.make_member(branch, left_on=date(2026, 5, 1))
    assert [tuple(shown(member).own.place) for member in members] == [(1, 3), (2, 3), (3, 3)]
    held(members[1:2], day=date(2026, 11, 13))
    assert [shown(member).own.place.place for member in members] == [1, 1, 3]


def test_a_record_that_waits_is_a_grey_line_and_not_in_the_total(branch, groups, members, as_user):
    factories.make_activity(branch, state=ActivityState.SUBMITTED, members=members, topic="守护生命")
    mine = shown(members[0])
    assert mine.waiting == Decimal("0.50")
    assert mine.own.result.total == Decimal("60.00")
    assert mine.months[0].total == 0
    assert mine.months[0].lines[0].waiting
    page = words(as_user(members[0].user).get(MINE))
    assert "记录待确认，确认后入账" in page


def test_a_correction_is_a_line_of_its_own(branch, groups, members, held, as_user):
    activity = held(members[:1])
    Attendance.objects.update(status=AttendanceStatus.UNEXCUSED)
    Activity.objects.update(revision=2)
    post_source(source_kind="activity", source_id=activity.pk, revision=2, actor=None)
    lines = shown(members[0]).months[0].lines
    assert [(line.points, line.reversal) for line in lines] == [(Decimal("-0.50"), True), (Decimal("0.50"), False)]
    assert "−0.50" in words(as_user(members[0].user).get(MINE))


def test_every_line_leads_to_its_record_where_the_reader_may_open_it(branch, other_branch, groups, held):
    me = factories.make_member(branch)
    own, away = held([me]), held([me], branch=other_branch, day=date(2026, 11, 12))
    urls = {line.day: line.url for line in shown(me).months[0].lines}
    assert urls[date(2026, 11, 11)] == reverse("activities:activity_detail", args=[own.pk])
    assert urls[date(2026, 11, 12)] == "", away


def test_the_caps_limit_what_can_still_be_earned(branch, groups, members, held, owed):
    owed(Kind.THEME_DAY)
    owed(Kind.GROUP_MEETING, group=groups[0])  # of a group that is not mine
    assert [(chance.title, chance.points) for chance in shown(members[0]).chances.soon] == [
        ("参加主题党日", Decimal("0.50")),
        ("再学8小时", Decimal("1.00")),
    ]
    for month in range(1, 11):
        held(members[:1], day=date(2026, month, 5))
        held(members[:1], day=date(2026, month, 6))
    chance = shown(members[0]).chances.soon[0]
    assert chance.points == 0
    assert chance.note.endswith("本年已达上限")
    assert shown(members[1]).chances.total == Decimal("1.50")


def test_a_missed_meeting_can_be_made_up_until_its_make_up_is_due(branch, groups, members, held):
    me = members[0]
    held(members, absent=(me,), day=date(2026, 11, 4))
    held(members, absent=(me,), day=date(2026, 10, 4))
    for row in Attendance.objects.filter(member=me):
        day = timezone.localdate(row.activity.starts_at)
        MakeUp.objects.update_or_create(attendance=row, defaults={"due": day + timedelta(days=30)})
    assert [(chance.title, chance.days) for chance in shown(me).chances.soon if chance.days] == [
        ("补课：11月4日主题党日", 12)
    ]


def test_older_entries_are_on_the_next_page(branch, groups, members, held):
    for n in range(PER_PAGE + 1):
        held(members[:1], day=date(2026, 1 + n % 10, 1 + n // 10))
    assert sum(len(block.lines) for block in shown(members[0]).months) == PER_PAGE
    assert sum(len(block.lines) for block in shown(members[0], page="2").months) == 1


def test_an_earlier_year_has_its_own_page(branch, groups, members, held, as_user):
    held(members[:1], day=date(2025, 5, 5))
    mine = shown(members[0], 2025)
    assert (mine.own.result.total, mine.own.is_running, len(mine.own.trend)) == (Decimal("60.50"), False, 12)
    page = words(as_user(members[0].user).get(f"{MINE}?year=2025"))
    assert "2025年积分" in page
    assert "还能获得" not in page


def test_a_strange_year_is_this_year(members, as_user):
    for year in ("abc", "1", "99999", "2027"):
        assert "2026年积分" in words(as_user(members[0].user).get(f"{MINE}?year={year}"))


def test_without_entries_the_page_says_what_comes(members, as_user):
    assert "还没有积分记录" in words(as_user(members[0].user).get(MINE))


def test_somebody_without_a_place_on_the_roll_gets_a_friendly_page(office, as_user):
    answer = as_user(office).get(MINE)
    assert answer.status_code == 200
    assert "名册中没有您的党员信息" in words(answer)


def test_the_cost_of_the_page_does_not_grow_with_the_entries(branch, groups, members, held, as_user):
    held(members[:1])
    client = as_user(members[0].user)
    client.get(MINE)  # the first request also writes the session
    with CaptureQueriesContext(connection) as few:
        client.get(MINE)
    for day in range(12, 22):
        held(members[:1], kinds=(Kind.THEME_DAY, Kind.PARTY_LECTURE), day=date(2026, 11, day))
    with CaptureQueriesContext(connection) as many:
        client.get(MINE)
    assert len(many) == len(few)


# --- somebody else's ---


def test_those_who_see_a_branchs_points_see_a_members_page(secretary, office, members, as_user):
    for reader in (secretary, office):
        answer = as_user(reader).get(reverse("points:member_points", args=[members[0].pk]))
        assert answer.status_code == 200
        assert members[0].user.name in words(answer)


def test_outside_the_scope_there_is_no_such_member(secretary, member_user, other_branch, members, as_user):
    stranger = factories.make_member(other_branch)
    assert as_user(secretary).get(reverse("points:member_points", args=[stranger.pk])).status_code == 404
    assert as_user(member_user).get(reverse("points:member_points", args=[members[0].pk])).status_code == 404


def test_a_group_leader_is_told_who_may_see_it(branch, groups, as_user):
    leader = factories.UserFactory()
    factories.appoint(leader, groups[0], Role.GROUP_LEADER)
    mine = factories.make_member(branch, group=groups[0])
    assert as_user(leader).get(reverse("points:member_points", args=[mine.pk])).status_code == 403


# --- the rule book ---


def test_the_rule_book_says_what_is_automatic_and_what_is_claimed(member_user, as_user):
    answer = as_user(member_user).get(reverse("points:rule_list"))
    rows = {row.code: row for section in answer.context["sections"] for row in section.rows}
    assert {code for code, row in rows.items() if row.feed in answer.context["feeds"]} == {
        *("A01", "A02", "A03", "A04", "A05", "A07", "B01", "C03", "G01", "G02", "G03", "G11")
    }
    page = words(answer)
    assert "全年最多14分" in page
    assert "不用申报" in page
    assert "待建" not in page


def test_the_rule_book_finds_an_item(member_user, as_user):
    answer = as_user(member_user).get(reverse("points:rule_list"), {"q": "a02"})
    assert [row.code for section in answer.context["sections"] for row in section.rows] == ["A02"]
    assert "没有找到“zzz”" in words(as_user(member_user).get(reverse("points:rule_list"), {"q": "zzz"}))
