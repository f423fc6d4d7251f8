"""How a member's year is explained: caps, part years, posts, deductions told of, claims, objections, the composite."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities.choices import AttendanceStatus, Kind
from activities.models import Activity, Attendance, StudyHours
from branches.choices import BranchCategory, Role
from branches.models import Branch
from members.models import Exemption
from points.choices import ClaimState, ObjectionState, PeriodKind, PeriodState
from points.claims.deductions import post_due
from points.cycle.contesting import of_entry, open_to_objection
from points.ledger.posting import lift_entry, post_many, post_source
from points.models import AppraisalResult, Claim, Entry, Objection, PeriodClose, Publication, RuleItem, RuleVersion
from points.rules import Item, ItemPoints
from points.statement.own import statement
from points.statement.rules import category_text, item_text
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
MINE = reverse("points:my_points")
NOVEMBER = date(2026, 11, 1)


def shown(member, year=2026, reader=None, **kw):
    return statement(member=member, year=year, reader=reader or member.user, today=factories.TODAY, **kw)


def words(answer) -> str:
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", answer.content.decode()))


def part(page, category):
    return next(one for one in page.parts if one.category == category)


@pytest.fixture
def claimed(branch):
    """claimed(member, code, points, …): a claim of this year; accepted ones are posted."""

    def make(member, code="E01", points="0.5", state=ClaimState.ACCEPTED, **kw):
        rule = RuleItem.objects.get(code=code, version__hospital__isnull=True)
        day = kw.pop("day", date(2026, 11, 10))
        if state == ClaimState.ANNOUNCED:
            kw = {"announced_on": factories.TODAY, "postable_from": factories.TODAY} | kw
        claim = Claim.objects.create(
            member=member, branch=member.branch, rule=rule, rule_code=code, category=rule.category, points=points,
            happened_on=day, month=day.replace(day=1), title=kw.pop("title", "门诊导诊"), state=state, **kw,
        )  # fmt: skip
        post_many(source_kind="claim", source_ids=[claim.pk], actor=None)
        return claim

    return make


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


# --- deductions told of, claims, objections ---


def test_a_deduction_is_told_of_with_the_day_it_is_posted(me, claimed, as_user):
    claimed(me, "G01", "-2", ClaimState.ANNOUNCED, title="无故缺席主题党日")
    page = shown(me)
    (line,) = page.pending.deductions
    assert (line.points, line.tags[0].text) == (Decimal("-2"), "12月7日关账时入账")  # the 5th is a Saturday
    assert page.own.result.total == Decimal("60.00")
    assert "待入账的扣分" in words(as_user(me.user).get(MINE))


def test_a_term_of_notice_that_ends_later_moves_the_day(me, claimed):
    claimed(me, "G08", "-0.5", ClaimState.ANNOUNCED, postable_from=date(2026, 12, 10))
    assert shown(me).pending.deductions[0].tags[0].text == "12月10日关账时入账"


def test_a_contradicted_deduction_waits_and_the_objection_is_listed(me, claimed):
    claim = claimed(me, "G01", "-2", ClaimState.ANNOUNCED, title="无故缺席主题党日")
    Objection.objects.create(
        member=me, branch=me.branch, claim=claim, quarter=date(2026, 10, 1), raised_by=me.user, text="当天值班",
        answer_due=date(2026, 12, 2), state=ObjectionState.RAISED,
    )  # fmt: skip
    pending = shown(me).pending
    assert pending.deductions[0].tags[0].text == "异议处理中，暂不入账"
    assert not pending.deductions[0].object_url
    assert [(one.title, one.tag.text, one.note) for one in pending.objections] == [
        ("无故缺席主题党日", "待答复", "支部应于12月2日前答复")
    ]


def test_a_deduction_leads_to_the_page_that_contradicts_it_and_an_officer_is_offered_none(me, secretary, claimed):
    claim = claimed(me, "G01", "-2", ClaimState.ANNOUNCED)
    url = f"{reverse('points:objection_create')}?claim={claim.pk}"
    assert shown(me).pending.deductions[0].object_url == url
    assert not shown(me, reader=secretary).pending.deductions[0].object_url


def test_an_objection_somebody_else_raised_is_not_told_to_whom_it_concerns(me, branch, secretary):
    other = factories.make_member(branch)
    Objection.objects.create(
        member=me, branch=branch, quarter=date(2026, 10, 1), raised_by=other.user, text="积分偏高",
        answer_due=date(2026, 12, 2),
    )  # fmt: skip
    assert not shown(me).pending.objections
    Objection.objects.create(
        member=me,
        branch=branch,
        quarter=date(2026, 10, 1),
        raised_by=me.user,
        text="漏记",
        answer_due=date(2026, 12, 2),
    )
    assert [one.title for one in shown(me).pending.objections] == ["第四季度晾晒的积分"]
    assert [one.title for one in shown(other).pending.objections] == ["林晓雯的积分"]
    assert len(shown(me, reader=secretary).pending.objections) == 2


def object_urls(page):
    return {line.day.day for block in page.months for line in block.lines if line.object_url}


def test_an_entry_can_be_contradicted_until_the_window_of_its_publication_is_over(me, branch, held, secretary):
    for day in (8, 9, 10):
        held([me], day=date(2026, 10, day))
    assert object_urls(shown(me)) == {8, 9, 10}
    assert object_urls(shown(me, reader=secretary)) == set()
    first, second, third = Entry.objects.order_by("happened_on")
    Objection.objects.create(
        member=me, branch=branch, entry=first, quarter=date(2026, 10, 1), raised_by=me.user, text="已答复",
        answer_due=factories.TODAY, state=ObjectionState.DECIDED, upheld=False,
    )  # fmt: skip
    assert object_urls(shown(me)) == {9, 10}
    Publication.objects.create(
        branch=branch, quarter=date(2026, 10, 1), published_on=factories.TODAY, objections_until=factories.TODAY,
        answers_until=factories.TODAY, appeals_until=factories.TODAY, table={"rows": [], "late": []}, digest="x",
    )  # fmt: skip
    late = factories.TODAY + timedelta(days=1)
    for today, found in ((factories.TODAY, {second.pk, third.pk}), (late, set())):
        assert open_to_objection([first.pk, second.pk, third.pk], today) == found
        assert {one.pk for one in (first, second, third) if not of_entry(one, today).why_not} == found


@pytest.mark.parametrize("kind", [PeriodKind.QUARTER, PeriodKind.YEAR])
def test_nothing_of_a_locked_period_can_be_contradicted(me, branch, held, claimed, kind):
    held([me], day=date(2026, 10, 8))
    claimed(me, "G01", "-2", ClaimState.ANNOUNCED)
    start = date(2026, 10, 1) if kind == PeriodKind.QUARTER else date(2026, 1, 1)
    row = PeriodClose.objects.create(branch=branch, kind=kind, start=start, state=PeriodState.OPEN)
    page = shown(me)
    assert object_urls(page) == {8}
    assert page.pending.deductions[0].object_url
    row.state = PeriodState.LOCKED
    row.save()
    page = shown(me)
    assert object_urls(page) == set()
    assert not page.pending.deductions[0].object_url


def test_a_posted_deduction_is_an_ordinary_line_and_no_late_one(me, branch, claimed):
    claimed(me, "G08", "-0.5", ClaimState.ANNOUNCED, day=date(2026, 10, 8))
    PeriodClose.objects.create(branch=branch, kind=PeriodKind.MONTH, start=date(2026, 10, 1), state=PeriodState.CLOSED)
    PeriodClose.objects.update(changed_at=timezone.now() - timedelta(minutes=1))
    post_due(branch_ids=[branch.pk], today=factories.TODAY, actor=None)
    page = shown(me)
    assert not page.pending.deductions
    assert [(line.points, line.tags) for line in page.months[0].lines] == [(Decimal("-0.50"), ())]
    assert page.own.result.total == Decimal("59.50")


def test_claims_under_way_are_listed_and_a_draft_is_its_writers_alone(me, secretary, claimed):
    claimed(me, state=ClaimState.DECLARED)
    claimed(me, state=ClaimState.RETURNED, comment="请补充照片")
    claimed(me, state=ClaimState.DRAFT)
    mine = shown(me)
    assert [line.tags[0].text for line in mine.pending.claims] == ["草稿", "已退回，请修改", "待审核"]
    assert [line.unsent for line in mine.pending.claims] == [True, True, False]
    assert mine.waiting == Decimal("0.50")
    assert [line.tags[0].text for line in shown(me, reader=secretary).pending.claims] == ["待审核"]


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


# --- what can still be earned ---


def test_items_to_claim_show_the_room_item_and_category_leave(me, claimed):
    claimed(me, "E01", "3.5")
    claimed(me, "E02", "2")
    offered = {chance.title: chance for chance in shown(me).chances.claims}
    assert offered["志愿服务"].note == "E01，每满2小时0.5分，本年已得3.50，还可得0.50"
    assert (offered["无偿献血"].note, offered["无偿献血"].points) == ("E05，每次1分，还可得0.50", Decimal("0.50"))
    assert offered["荣誉（一事取最高）"].from_
    assert "参加主题党日" not in offered, "made by the records"
    claimed(me, "E04", "0.5")
    assert "志愿服务" not in {chance.title for chance in shown(me).chances.claims}


@pytest.mark.parametrize(("hours", "title"), [("0", "再学8小时"), ("5.5", "再学2.5小时"), ("8", "再学8小时")])
def test_the_hours_to_the_next_unit_of_study(me, hours, title):
    if Decimal(hours):
        StudyHours.objects.create(
            member=me, branch=me.branch, title="培训", studied_on=date(2026, 5, 5), hours=hours, state="counted"
        )
    chance = shown(me).chances.soon[-1]
    assert (chance.title, chance.points) == (title, Decimal("1.00"))


def test_no_more_hours_are_asked_for_once_the_cap_is_reached(me):
    StudyHours.objects.create(
        member=me, branch=me.branch, title="培训", studied_on=date(2026, 5, 5), hours=32, state="counted"
    )
    post_source(source_kind="study_year", source_id=me.pk * 10000 + 2026, revision=0, actor=None)
    assert not shown(me).chances.soon


def test_in_a_part_year_one_gathering_is_worth_more_to_the_year(branch, groups, owed):
    owed(Kind.THEME_DAY)
    late = factories.make_member(branch, since=date(2026, 7, 1))
    assert shown(late).chances.soon[0].points == Decimal("1.00")


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
