"""The points of a branch's members: the roll, the places, the columns, and the workbook."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from activities.choices import Kind
from branches.choices import Role
from branches.models import AuditEntry
from members.choices import EventKind
from members.models import Exemption, Member, MembershipEvent
from points.choices import ClaimState
from points.models import Claim, RuleItem, RuleVersion
from tests import factories
from tests.points.statement_help import shown, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
BRANCH = reverse("points:branch_points")


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


def left(member, day, to=None):
    """Moved to another branch, or off the roll, on `day`."""
    kind = EventKind.MOVED if to else EventKind.TRANSFER_OUT
    MembershipEvent.objects.create(
        member=member, kind=kind, branch=to, from_branch=member.branch, member_type="full", recorded_on=day,
        effective_on=day,
    )  # fmt: skip
    facts = {"branch": to} if to else {"left_on": day}
    Member.objects.filter(pk=member.pk).update(**facts)


def test_an_earlier_year_ranks_the_roll_of_its_last_day_with_points_or_without(
    branch, other_branch, groups, held, members, person, as_user
):
    reader = person(Role.BRANCH_SECRETARY)
    held(members[:2], day=date(2025, 5, 5))
    left(members[0], date(2026, 1, 1), other_branch)
    gone, came, later = (factories.make_member(branch) for _ in range(3))
    left(gone, date(2025, 12, 31))
    left(came, date(2026, 1, 1))
    newer = factories.make_member(branch, since=date(2026, 1, 1))
    people = {member.pk: member for member in table_of(as_user, reader, year=2025).page.object_list}
    assert people.keys() == {one.pk for one in (*members, came, later, reader.member)}
    assert newer.pk not in people
    assert [people[member.pk].place for member in members] == [1, 1, 3]
    idle = people[members[2].pk]
    assert (idle.total, idle.part_organisational, idle.this_month) == (Decimal(60), 0, 0)
    assert [people[member.pk].is_mine for member in members] == [False, True, True]
    assert people[members[0].pk].home == branch


def test_who_was_exempt_on_the_last_day_of_an_earlier_year_has_no_place_in_it(branch, members, person, as_user):
    reader = person(Role.BRANCH_SECRETARY)
    for member, ends in ((members[0], date(2025, 12, 31)), (members[1], date(2025, 12, 30))):
        Exemption.objects.create(
            member=member, ground="ill", starts_on=date(2025, 1, 1), ends_on=ends, approved_on=date(2025, 1, 1),
            entered_by=reader,
        )  # fmt: skip
    people = {member.pk: member for member in table_of(as_user, reader, year=2025).page.object_list}
    assert [people[member.pk].place for member in members] == [None, 1, 1]


def test_ones_own_place_in_an_earlier_year_is_that_of_the_table(branch, other_branch, groups, held, members):
    held(members[:1], day=date(2025, 5, 5))
    left(members[2], date(2026, 1, 1), other_branch)
    factories.make_member(other_branch)
    assert [tuple(shown(member, 2025).own.place) for member in members] == [(1, 3), (2, 3), (2, 3)]


def test_a_past_year_costs_the_same_for_one_member_and_for_twenty(secretary, branch, as_user):
    client = as_user(secretary)
    client.get(BRANCH)  # the first request also writes the session
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as found:
            client.get(BRANCH, {"year": 2025})
        counts.append(len(found))
        for _ in range(20):
            factories.make_member(branch)
    assert counts[0] == counts[1]


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
