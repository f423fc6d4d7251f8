"""What is not in the ledger yet on one's own page: deductions told of, claims, objections, what can be earned."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from activities.choices import Kind
from activities.models import StudyHours
from points.choices import ClaimState, ObjectionState, PeriodKind, PeriodState
from points.claims.deductions import post_due
from points.cycle.contesting import of_entry, open_to_objection
from points.ledger.posting import post_source
from points.models import Entry, Objection, PeriodClose, Publication
from tests import factories
from tests.points.statement_help import MINE, shown, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]


@pytest.fixture
def me(branch, groups):
    return factories.make_member(branch, name="林晓雯")


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


@pytest.mark.parametrize(("told", "tags"), [(2, []), (0, ["补记"])])
def test_a_deduction_posted_because_its_month_closed_is_no_late_line_and_one_told_of_later_is(
    me, branch, claimed, told, tags
):
    """`told`: minutes ago; the month was closed one minute ago."""
    at = timezone.now() - timedelta(minutes=told)
    claimed(me, "G08", "-0.5", ClaimState.ANNOUNCED, day=date(2026, 10, 8), declared_at=at)
    PeriodClose.objects.create(branch=branch, kind=PeriodKind.MONTH, start=date(2026, 10, 1), state=PeriodState.CLOSED)
    PeriodClose.objects.update(changed_at=timezone.now() - timedelta(minutes=1))
    post_due(branch_ids=[branch.pk], today=factories.TODAY, actor=None)
    page = shown(me)
    assert not page.pending.deductions
    (line,) = page.months[0].lines
    assert (line.points, [tag.text for tag in line.tags]) == (Decimal("-0.50"), tags)
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
