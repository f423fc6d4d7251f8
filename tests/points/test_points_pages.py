"""One's own points, another member's, a branch's, and the rule book."""

import re
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from activities.choices import ActivityState, AttendanceStatus, Kind
from activities.models import Activity, Attendance, MakeUp
from branches.choices import Role
from branches.models import AuditEntry
from members.models import Exemption, Member
from points.choices import ClaimState
from points.ledger.posting import post_source
from points.models import Claim, MemberYear, RuleItem, RuleVersion
from points.statement.own import PER_PAGE, statement
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
MINE = reverse("points:my_points")
BRANCH = reverse("points:branch_points")


def shown(member: Member, year: int = 2026, page: str | None = None):
    return statement(member=member, year=year, page=page, reader=member.user, today=factories.TODAY)


def words(answer) -> str:
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", answer.content.decode()))


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


# --- a branch ---


def test_the_table_ranks_the_branch(secretary, members, groups, held, as_user):
    held(members[:1])
    answer = as_user(secretary).get(BRANCH)
    rows = {member.pk: member for member in answer.context["table"].page.object_list}
    assert (rows[members[0].pk].place, rows[members[0].pk].total) == (1, Decimal("60.5"))
    assert rows[members[1].pk].place == 2
    assert rows[members[0].pk].this_month == Decimal("0.50")
    assert len(rows) == 4  # the secretary is a member too


def test_the_table_finds_and_sorts(secretary, branch, held, groups, as_user):
    found = factories.make_member(branch, name="曾丽娜")
    client = as_user(secretary)
    for query in ("曾", "zln", "zenglina"):
        people = client.get(BRANCH, {"q": query}).context["table"].page.object_list
        assert [member.pk for member in people] == [found.pk]
    assert "没有找到“没有这个人”" in words(client.get(BRANCH, {"q": "没有这个人"}))
    held([found])
    assert client.get(BRANCH, {"sort": "-total"}).context["table"].page.object_list[0].pk == found.pk
    assert client.get(BRANCH, {"sort": "total"}).context["table"].page.object_list[-1].pk == found.pk


def test_the_office_chooses_a_branch_and_a_secretary_cannot(office, secretary, branch, other_branch, members, as_user):
    factories.make_member(other_branch)
    table = as_user(office).get(BRANCH).context["table"]
    assert (table.branch, table.page.paginator.count) == (None, 5)
    table = as_user(office).get(BRANCH, {"branch": other_branch.pk}).context["table"]
    assert (table.branch, table.page.paginator.count) == (other_branch, 1)
    assert as_user(secretary).get(BRANCH, {"branch": other_branch.pk}).status_code == 404
    assert as_user(secretary).get(BRANCH, {"branch": "x"}).status_code == 404


def test_an_earlier_year_ranks_those_of_its_end(secretary, branch, other_branch, groups, held, members, as_user):
    held(members, day=date(2025, 5, 5))
    Member.objects.filter(pk=members[0].pk).update(branch=other_branch)
    people = as_user(secretary).get(BRANCH, {"year": 2025}).context["table"].page.object_list
    assert {member.pk for member in people} == {member.pk for member in members}
    assert {member.pk: member.is_mine for member in people}[members[0].pk] is False


def test_the_workbook_holds_the_table_and_leaves_a_trace(secretary, members, groups, held, as_user):
    held(members[:1])
    answer = as_user(secretary).get(BRANCH, {"format": "xlsx"})
    rows = list(load_workbook(BytesIO(answer.content)).active.values)
    assert rows[0][2:4] == ("姓名", "年度积分")
    assert rows[1][2:6] == (members[0].user.name, 60.5, 60, 0.5)
    assert AuditEntry.objects.filter(action="points.exported").count() == 1


def table_of(as_user, reader, **params):
    answer = as_user(reader).get(BRANCH, params)
    assert answer.status_code == 200
    return answer.context["table"]


def names_of(table) -> list[str]:
    return [member.user.name for member in table.page.object_list]


@pytest.fixture
def mixed(branch, groups, held, secretary):
    """One who takes no part, one who came in November, one a deduction is announced to, one of the first group."""
    people = {
        "不参加": factories.make_member(branch, name="不参加"),
        "新转入": factories.make_member(branch, name="新转入", since=date(2026, 11, 1)),
        "待扣分": factories.make_member(branch, name="待扣分"),
        "一组": factories.make_member(branch, name="一组", group=groups[0]),
    }
    Exemption.objects.create(
        member=people["不参加"], ground="ill", starts_on=date(2026, 1, 1), approved_on=date(2026, 1, 1),
        entered_by=secretary,
    )  # fmt: skip
    rule = RuleItem.objects.get(code="G01", version__hospital__isnull=True)
    Claim.objects.create(
        member=people["待扣分"], branch=branch, rule=rule, rule_code="G01", category="DED", points=-2,
        happened_on=date(2026, 11, 5), month=date(2026, 11, 1), title="无故缺席", state=ClaimState.ANNOUNCED,
        announced_on=factories.TODAY, postable_from=factories.TODAY,
    )  # fmt: skip
    held([people["不参加"], people["新转入"]])
    held([people["一组"]], kinds=(Kind.PARTY_LECTURE,), day=date(2026, 11, 12))
    return people


def test_who_is_exempt_or_new_is_marked_and_in_nobodys_place_or_average(mixed, secretary, as_user):
    table = table_of(as_user, secretary)
    places = {member.user.name: member.place for member in table.page.object_list}
    assert (places["不参加"], places["新转入"], places["一组"], places["待扣分"]) == (None, None, 1, 2)
    assert table.average == Decimal("60.17")  # 一组 60.50, the secretary and 待扣分 60.00
    page = words(as_user(secretary).get(BRANCH))
    assert "不参加积分" in page
    assert "长期患病" not in page


def test_the_table_is_narrowed_by_group_and_state(mixed, groups, secretary, as_user):
    for state, name in (("exempt", "不参加"), ("unrated", "新转入"), ("announced", "待扣分")):
        assert names_of(table_of(as_user, secretary, state=state)) == [name]
    assert names_of(table_of(as_user, secretary, group=groups[0].pk)) == ["一组"]
    assert "没有这样的党员" in words(as_user(secretary).get(BRANCH, {"group": groups[1].pk}))
    assert len(names_of(table_of(as_user, secretary, state="x", group="x", sort="x"))) == 5


def test_the_table_sorts_by_each_category(mixed, secretary, as_user, held):
    held([mixed["待扣分"]], kinds=(Kind.GENERAL_MEETING, Kind.PARTY_LECTURE), day=date(2026, 11, 13))
    for column in table_of(as_user, secretary).columns:
        table = table_of(as_user, secretary, sort=column.key)
        values = [getattr(member, f"part_{column.field}") for member in table.page.object_list]
        assert values == sorted(values, reverse=True)
    assert names_of(table_of(as_user, secretary, sort="-organisational"))[0] == "待扣分"


def test_two_hospitals_each_begin_the_year_with_their_own_base(branch, hospital, groups, as_user, person):
    away = factories.make_branch(name="另一医院党委")
    there = factories.make_branch(away)
    own = RuleVersion.objects.create(
        hospital=away, name="大分值", valid_from=date(2026, 1, 1), base=600, organisational_cap=140
    )
    RuleItem.objects.create(version=own, code="A02", category="ORG", title="参加主题党日", points=5, origin="auto")
    RuleVersion.objects.filter(pk=own.pk).update(published_at=timezone.now())
    mine, theirs = factories.make_member(branch), factories.make_member(there)
    office = person(Role.PARTY_OFFICE)
    factories.appoint(office, away, Role.PARTY_OFFICE)
    rows = {member.pk: member.total for member in table_of(as_user, office).page.object_list}
    assert (rows[mine.pk], rows[theirs.pk]) == (Decimal(60), Decimal(600))
    assert table_of(as_user, office).columns[0].cap is None, "the caps differ"
    assert table_of(as_user, office, branch=branch.pk).columns[0].cap == Decimal(14)


def test_every_year_with_points_can_be_chosen_in_the_table(secretary, members, held, as_user):
    assert table_of(as_user, secretary).years == [2026]
    held(members, day=date(2024, 5, 5))
    assert table_of(as_user, secretary).years == [2026, 2025, 2024]


def test_the_workbook_marks_the_exempt_and_shows_items_where_asked(mixed, secretary, as_user):
    def sheet(**params):
        answer = as_user(secretary).get(BRANCH, {"format": "xlsx", **params})
        return list(load_workbook(BytesIO(answer.content)).active.values)

    plain, full = sheet(), sheet(items=1)
    remark = plain[0].index("说明")
    assert {row[2]: row[remark] for row in plain[1:6]} | {"不参加": "不参加积分", "新转入": "在册不足3个月"} == {
        row[2]: row[remark] for row in plain[1:6]
    }
    assert full[0][remark + 1 :] == ("A02参加主题党日", "A03参加党课")
    values = {row[2]: row[remark + 1 :] for row in full[1:6]}
    assert (values["不参加"], values["一组"]) == ((0.5, None), (None, 0.5))


def test_who_may_not_see_points_is_told_who_may(member_user, as_user):
    assert as_user(member_user).get(BRANCH).status_code == 403


def test_the_cost_of_the_table_does_not_grow_with_the_members(secretary, branch, groups, held, as_user):
    held([factories.make_member(branch)])
    client = as_user(secretary)
    client.get(BRANCH)  # the first request also writes the session
    with CaptureQueriesContext(connection) as few:
        client.get(BRANCH)
    held([factories.make_member(branch) for _ in range(20)], day=date(2026, 11, 12))
    with CaptureQueriesContext(connection) as many:
        client.get(BRANCH)
    assert len(many) == len(few)


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
