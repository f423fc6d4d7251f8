"""How a member's year is explained: what caps and part years made of it, by whose rules, the place, the composite."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from branches.choices import BranchCategory
from branches.models import Branch
from members.models import Exemption
from points.choices import ClaimState
from points.models import AppraisalResult, RuleItem, RuleVersion
from points.rules import Item, ItemPoints
from points.statement.rules import category_text, item_text
from tests import factories
from tests.points.statement_help import MINE, part, shown, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]


@pytest.fixture
def me(branch, groups):
    return factories.make_member(branch, name="林晓雯")


# --- what the caps took, and why ---


def test_an_item_at_its_cap_says_what_it_would_have_been(me, claimed):
    for n in range(9):
        claimed(me, day=date(2026, 11, 1 + n))
    line = part(shown(me), "SVC").items[0]
    assert (line.code, line.text, line.is_full) == ("E01", "得4.50，上限4，计4.00", True)


def test_an_item_below_its_cap_is_not_called_full(me, claimed):
    for n in range(7):
        claimed(me, day=date(2026, 11, 1 + n))
    line = part(shown(me), "SVC").items[0]
    assert (line.text, line.is_full) == ("得3.50，上限4，计3.50", False)


def test_a_category_says_what_its_cap_took_from_items_below_theirs(me, claimed):
    claimed(me, "E01", "4")
    claimed(me, "E05", "2")
    assert part(shown(me), "SVC").text == ""
    claimed(me, "E04", "0.5")
    service = part(shown(me), "SVC")
    assert (service.text, service.counted) == ("各项合计6.50，类别上限6，计6.00", Decimal("6.00"))


@pytest.mark.parametrize(("counted", "text"), [("5.99", ""), ("6.00", ""), ("6.01", "各项合计6.01，类别上限6，计6.00")])
def test_the_words_of_a_category_begin_just_above_its_cap(counted, text):
    points = [ItemPoints(Decimal(counted), Decimal(counted), None)]
    assert category_text(points, min(Decimal(counted), Decimal(6)), Decimal(6)) == text


@pytest.mark.parametrize(
    ("months", "text"),
    [
        (2, "得2.50，上限6，计2.50"),
        (3, "得2.50，在册3个月折算（×12/3）为10.00，上限6，计2.50"),
        (11, "得2.50，在册11个月折算（×12/11）为2.73，上限6，计2.50"),
        (12, "得2.50，上限6，计2.50"),
    ],
)
def test_only_a_part_year_that_is_rated_is_scaled(months, text):
    item = Item("A02", "ORG", "参加主题党日")
    assert item_text(item, ItemPoints(Decimal("2.50"), Decimal("2.50"), Decimal(6)), months) == text


def test_a_part_year_is_explained_with_the_members_own_months(branch, groups, held, as_user):
    me = factories.make_member(branch, since=date(2026, 6, 20))
    for n in range(5):
        held([me], day=date(2026, 11, 2 + n))
    page = shown(me)
    assert part(page, "ORG").items[0].text == "得2.50，在册7个月折算（×12/7）为4.29，上限6，计4.29"
    assert "本年在册7个月" in words(as_user(me.user).get(MINE))


def test_the_formula_adds_up_with_honours_and_deductions(me, held, claimed):
    held([me])
    claimed(me, "F01", "4")
    claimed(me, "G08", "-0.5")
    page = shown(me)
    assert [(one.short, one.sign, one.counted) for one in page.parts if one.counted] == [
        ("组织生活", "+", Decimal("0.50")), ("荣誉", "+", Decimal("4.00")), ("扣分", "−", Decimal("0.50")),
    ]  # fmt: skip
    assert page.own.result.total == Decimal("64.00")


def test_each_part_leads_to_its_entries(me, held, claimed, as_user):
    held([me])
    claimed(me)
    page = as_user(me.user).get(MINE, {"item": "E01"})
    assert [line.rule for block in page.context["s"].months for line in block.lines] == ["E01志愿服务，每满2小时0.5分"]
    assert "只看E01志愿服务" in words(page)
    assert len(shown(me, only={"category": "ORG"}).page.object_list) == 1
    assert len(shown(me, only={"item": "X99"}).page.object_list) == 2


# --- whose rules ---


def test_base_and_caps_are_those_of_the_hospitals_own_rules(me, held, hospital):
    own = RuleVersion.objects.create(
        hospital=hospital, name="本院", valid_from=date(2026, 1, 1), base=600, scale=10, organisational_cap=140
    )
    RuleItem.objects.create(
        version=own, code="A02", category="ORG", title="参加主题党日", points=5, cap=60, origin="auto",
        feed="attendance.theme_day",
    )  # fmt: skip
    RuleVersion.objects.filter(pk=own.pk).update(published_at=timezone.now())
    held([me])
    page = shown(me)
    assert (page.own.result.base, page.own.result.total) == (Decimal("600.00"), Decimal("605.00"))
    assert part(page, "ORG").cap == Decimal("140.00")
    others = factories.make_member(me.branch)
    assert (shown(others).own.result.total, shown(others).own.place.place) == (Decimal("600.00"), 2)


def test_where_the_rules_differ_by_post_the_page_names_the_members(me, held, hospital, as_user):
    Branch.objects.filter(pk=me.branch_id).update(category=BranchCategory.ADMINISTRATION)
    assert "岗位的规则计分" not in words(as_user(me.user).get(MINE))
    own = RuleVersion.objects.create(hospital=hospital, name="本院", valid_from=date(2026, 1, 1))
    RuleItem.objects.create(
        version=own, code="A02", category="ORG", title="参加主题党日", points=1, cap=6, origin="auto",
        feed="attendance.theme_day", variants={"clinical": {"points": "2"}},
    )  # fmt: skip
    RuleVersion.objects.filter(pk=own.pk).update(published_at=timezone.now())
    held([me])
    assert f"按“{BranchCategory.ADMINISTRATION.label}”岗位的规则计分" in words(as_user(me.user).get(MINE))


# --- the place ---


def exempt(member, starts_on=date(2026, 1, 1), **kw):
    return Exemption.objects.create(
        member=member, ground="ill", starts_on=starts_on, approved_on=starts_on, entered_by=member.user, **kw
    )


def test_who_takes_no_part_has_no_place_and_is_not_counted_in_that_of_others(me, branch, held, as_user):
    other = factories.make_member(branch)
    held([other])
    assert shown(me).own.place == (2, 2)
    exempt(other)
    assert shown(me).own.place == (1, 1)
    page = as_user(other.user).get(MINE)
    assert "不参加积分" in words(page)
    assert "支部位次" not in words(page)
    assert "长期患病" not in words(page)


def test_an_exemption_counts_on_its_last_day_and_not_on_the_next(me):
    row = exempt(me, ends_on=factories.TODAY)
    assert shown(me).own.place is None
    row.ends_on = factories.TODAY - timedelta(days=1)
    row.save()
    assert shown(me).own.place == (1, 1)


def test_under_three_months_there_is_no_place(branch, me, as_user):
    late = factories.make_member(branch, since=date(2026, 11, 1))
    assert shown(late).own.place is None
    assert shown(me).own.place == (1, 1)
    assert "在册2个月，不足3个月" in words(as_user(late.user).get(MINE))
    assert shown(factories.make_member(branch, since=date(2026, 10, 31))).own.place == (1, 2)


def test_probationers_take_part(branch, me, held):
    other = factories.make_member(branch, member_type="probationary")
    held([other])
    assert shown(me).own.place == (2, 2)


# --- the composite, years, cost ---


def test_the_composite_shows_the_members_own_numbers(me, held, secretary, as_user):
    held([me])
    assert shown(me).composite is None
    AppraisalResult.objects.create(
        member=me, branch=me.branch, year=2026, excellent=6, qualified=4, entered_by=secretary
    )
    found = shown(me).composite
    assert (found.formula, found.value) == ("0.7 × 60.50 + 0.3 × 92.00", Decimal("69.95"))
    assert "0.7×60.50+0.3×92.00=69.95" in words(as_user(me.user).get(MINE))
    exempt(me)
    found = shown(me).composite
    assert (found.formula, found.value) == ("", Decimal("92.00"))


def test_every_year_with_points_can_be_chosen(me, held, as_user):
    for year in (2021, 2024):
        held([me], day=date(year, 5, 5))
    assert shown(me).years == (2026, 2024, 2021)
    assert "2021年积分" in words(as_user(me.user).get(MINE, {"year": 2021}))


def test_the_page_costs_the_same_for_one_entry_and_sixty(me, held, claimed, as_user):
    held([me], day=date(2026, 11, 20))
    claimed(me)
    claimed(me, "G01", "-2", ClaimState.ANNOUNCED)
    client = as_user(me.user)
    client.get(MINE)  # the first request also writes the session
    with CaptureQueriesContext(connection) as few:
        client.get(MINE)
    for n in range(1, 60):
        claimed(me, day=date(2026, 1 + n % 10, 1 + n // 10))
    for _ in range(5):
        claimed(me, "G01", "-2", ClaimState.ANNOUNCED)
        claimed(me, state=ClaimState.DECLARED)
    with CaptureQueriesContext(connection) as many:
        client.get(MINE)
    assert len(many) == len(few)
