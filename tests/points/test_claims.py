"""A member claims: what may be claimed, what it is worth, one deed and one file in one claim, evidence, withdrawal."""

import uuid
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from branches.models import AuditEntry, Todo
from points.catalogue import DEFAULTS
from points.choices import ClaimState, PeriodKind, PeriodState
from points.claims.choosing import options_of
from points.claims.declaring import deed_of, save_claim, withdraw_claim
from points.claims.evidence import check_files, remove_evidence
from points.claims.reviewing import accept_claim
from points.claims.rules import Office, Posts, Step, counts, quantity_of, takes_quantity, turn_of, worth
from points.models import Claim, Entry, PeriodClose
from points.rules import Variant
from tests import factories
from tests.points.claims_help import declare, edition, picture, proof, written

pytestmark = pytest.mark.usefixtures("on_the_day")


def refused(what, field="", **kw):
    with pytest.raises(ValidationError) as error:
        what(**kw)
    return "".join(error.value.message_dict[field] if field else error.value.messages)


@pytest.fixture
def member(members):
    return members[0]


# --- the worth of a claim ---


def test_a_claim_is_worth_what_the_rule_says(member, organiser):
    claim = declare(member, "F01", level="city", title="市级优秀党员")
    assert (claim.points, claim.state, claim.category) == (Decimal(4), ClaimState.DECLARED, "HON")
    assert (claim.branch, claim.month) == (member.branch, date(2026, 11, 1))
    assert not Entry.objects.exists()


@pytest.mark.parametrize("typed", ["10", "4.01", "-4", "NaN"])
def test_a_form_that_says_another_worth_is_refused(member, typed):
    said = refused(declare, "points", member=member, code="F01", level="city", points=Decimal(typed))
    assert said == "分值按规则计算，这一项为4.00分，不能另填。"
    assert declare(member, "F01", level="city", points=Decimal("4.00")).points == 4


@pytest.mark.parametrize(
    ("code", "kw", "field", "said"),
    [
        ("E05", {"quantity": Decimal(5)}, "quantity", "几件事请分别申报"),
        ("E05", {"level": "city"}, "quantity", "不分档次"),
        ("F01", {}, "level", "请选择档次"),
        ("F01", {"level": "galactic"}, "level", "请选择档次"),
        ("E01", {"quantity": Decimal("1.99")}, "quantity", "每满2小时"),
        ("E01", {"quantity": Decimal(501)}, "quantity", "不超过500"),
        ("E05", {"title": " 血 "}, "title", "2至100字"),
        ("E05", {"link": "javascript:alert(1)"}, "link", "http"),
        ("A01", {}, "item", "不用本人申报"),
        ("G08", {}, "item", "不用本人申报"),
        ("V01", {}, "item", "不用本人申报"),
        ("D07", {}, "item", "不用本人申报"),
        ("Z99", {}, "happened_on", "没有这一项"),
    ],
)
def test_what_the_rule_does_not_know_is_refused(member, code, kw, field, said):
    assert said in refused(declare, field, member=member, code=code, **kw)
    assert not Claim.objects.exists()


@pytest.mark.parametrize(("hours", "points"), [("2", "0.5"), ("3.99", "0.5"), ("4", "1")])
def test_hours_count_in_whole_units(member, hours, points):
    assert declare(member, "E01", quantity=Decimal(hours)).points == Decimal(points)


def test_things_that_are_counted_take_no_quantity():
    assert [code for code in ("E01", "D03", "F01", "B02", "E05") if takes_quantity(DEFAULTS[code])] == ["E01"]


def test_an_item_that_is_off_for_a_post_is_worth_nothing():
    item = DEFAULTS["E05"]
    off = type(item)(**{**item.__dict__, "variants": {"retired": Variant(off=True)}})
    assert worth(off, post="clinical") == 1
    with pytest.raises(ValueError, match="不适用"):
        worth(off, post="retired")


@pytest.mark.parametrize(
    ("text", "value"), [("２．５", "2.5"), ("1,000", "1000"), ("", None), ("一", None), ("-2", None), ("2.555", None)]
)
def test_typed_numbers_are_read_or_not(text, value):
    assert quantity_of(text) == (Decimal(value) if value else None)


def test_the_edition_in_force_on_the_day_decides(member, hospital):
    edition(hospital, E05={"points": Decimal(3)})
    assert declare(member, day=date(2026, 1, 1)).points == 3
    assert declare(member, day=date(2025, 12, 31)).points == 1


# --- the day ---


def test_a_day_in_the_future_is_refused(member):
    assert refused(declare, "happened_on", member=member, day=date(2026, 11, 23)) == "日期不能晚于今天。"
    assert declare(member, day=date(2026, 11, 22)).pk


def test_a_day_before_joining_the_roll_is_refused(branch):
    late = factories.make_member(branch, since=date(2026, 3, 1))
    said = refused(declare, "happened_on", member=late, day=date(2026, 2, 28))
    assert said == "2026年3月1日编入名册，此前的事不能申报。"
    assert declare(late, day=date(2026, 3, 1)).branch == branch


@pytest.mark.parametrize(
    ("kind", "start", "said"),
    [
        (PeriodKind.QUARTER, date(2026, 7, 1), "2026年第三季度已锁定。确需补办的，请党委办公室先重新开放"),
        (PeriodKind.YEAR, date(2026, 1, 1), "2026年已锁定。确需补办的，请党委书记先重新开放年度"),
    ],
)
def test_a_claim_for_a_locked_period_is_refused_when_declared_and_when_accepted(member, organiser, kind, start, said):
    before = declare(member, day=date(2026, 9, 30))
    PeriodClose.objects.create(branch=member.branch, kind=kind, start=start, state=PeriodState.LOCKED)
    assert said in refused(declare, "happened_on", member=member, day=date(2026, 9, 29))
    assert said in refused(accept_claim, "happened_on", claim=before, actor=organiser)
    assert not Entry.objects.exists()
    if kind == PeriodKind.QUARTER:
        assert declare(member, day=date(2026, 10, 1)).pk


def test_a_month_that_is_closed_but_not_locked_still_takes_a_claim(member, organiser):
    start = date(2026, 10, 1)
    PeriodClose.objects.create(branch=member.branch, kind=PeriodKind.MONTH, start=start, state=PeriodState.CLOSED)
    accept_claim(claim=declare(member, day=date(2026, 10, 9)), actor=organiser)
    entry = Entry.objects.get()
    assert (entry.month, entry.booked_in) == (date(2026, 10, 1), date(2026, 11, 1))


# --- one deed, one file ---


def test_one_deed_is_claimed_once_whatever_the_item(member):
    declare(member, "F01", level="hospital", title="全院 先进个人")
    said = refused(declare, "title", member=member, code="F04", title="全院先进个人。")
    assert "11月11日“全院 先进个人”（待审核）" in said
    assert "一件事只记一次" in said
    assert declare(member, "F04", title="全院先进个人", day=date(2026, 11, 12)).pk


def test_an_everyday_deed_may_count_under_two_items(member):
    declare(member, "B02", title="主题教育")
    assert declare(member, "B04", title="主题教育").pk
    assert refused(declare, "title", member=member, code="B02", title="主题 教育")


def test_the_database_is_the_last_guard(member):
    written(member, deed="x")
    with transaction.atomic(), pytest.raises(IntegrityError):
        written(member, deed="x")


def test_a_deed_that_was_taken_back_may_be_claimed_anew(member):
    claim = declare(member)
    withdraw_claim(claim=claim, actor=member.user)
    assert declare(member).pk != claim.pk


def test_one_file_proves_one_living_claim(member, members):
    declare(member, "D05", title="新技术立项", files=[proof(1)])
    said = refused(declare, "files", member=member, code="D06", title="带教协议", files=[proof(1)])
    assert said == "“证书1.pdf”已是另一条申报的依据：11月11日“新技术立项”（待审核）。一份依据只用于一条申报。"
    assert Claim.objects.count() == 1
    assert declare(members[1], "D05", files=[proof(1)]).evidence.count() == 1  # the team of a colleague
    withdraw_claim(claim=Claim.objects.get(title="新技术立项"), actor=member.user)
    assert declare(member, "D06", title="带教协议", files=[proof(1)]).pk


def test_the_same_form_sent_twice_gives_one_claim(member, members):
    key = uuid.uuid4()
    assert declare(member, form_key=key) == declare(member, form_key=key)
    assert Claim.objects.count() == 1
    assert "重新打开页面" in refused(declare, member=members[1], form_key=key)


# --- evidence ---


def test_evidence_is_asked_for_where_the_item_says_so(member):
    assert refused(declare, "files", member=member, code="E05", files=[]) == "这一项须上传依据：献血证。"
    assert declare(member, "E05", files=[], declare=False).state == ClaimState.DRAFT
    assert declare(member, "E04", files=[], title="结对走访").state == ClaimState.DECLARED


def test_a_file_that_is_no_image_or_document_is_refused():
    fake = picture("锦旗.exe")
    assert "只能上传" in refused(check_files, "files", uploads=[fake])
    text = picture("献血证.pdf")
    assert "内容和扩展名不一致" in refused(check_files, "files", uploads=[text])
    assert [one.content_type for one in check_files([picture("锦旗.png")])] == ["image/jpeg"]


def test_no_more_than_six_files(member):
    assert "最多6个文件" in refused(declare, "files", member=member, files=[proof(n) for n in range(7)])
    assert declare(member, files=[proof(n) for n in range(6)]).evidence.count() == 6


def test_evidence_leaves_a_draft_and_not_a_declared_claim(member, members):
    draft = declare(member, declare=False)
    remove_evidence(evidence=draft.evidence.get(), actor=member.user)
    assert not draft.evidence.exists()
    sent = declare(member, title="再次献血")
    assert "不能再增删依据" in refused(remove_evidence, evidence=sent.evidence.get(), actor=member.user)
    assert "不能再增删依据" in refused(remove_evidence, evidence=sent.evidence.get(), actor=members[1].user)


# --- drafts, changes, withdrawal ---


def change(claim, *, declare=False, version=None, **kw):
    deed = deed_of(claim)
    deed = type(deed)(**{**deed.__dict__, **kw})
    return save_claim(
        member=claim.member,
        deed=deed,
        claim=claim,
        version=claim.version if version is None else version,
        declare=declare,
        form_key=uuid.uuid4(),
        actor=claim.member.user,
    )


def test_a_draft_is_changed_and_declared(member, organiser):
    draft = declare(member, declare=False, title="献血")
    changed = change(draft, title="在市血站献血")
    assert (changed.title, changed.state, changed.version) == ("在市血站献血", ClaimState.DRAFT, 2)
    assert change(changed, declare=True).state == ClaimState.DECLARED
    assert Todo.objects.get(done_at=None).role == "organisation_member"


def test_whoever_saves_second_is_told(member):
    draft = declare(member, declare=False)
    change(draft, title="在县血站献血")
    with pytest.raises(ValidationError) as error:
        change(draft, title="在省血站献血", version=1)
    assert error.value.code == "conflict"
    assert Claim.objects.get().title == "在县血站献血"


def test_a_declared_claim_is_not_changed(member):
    assert "待审核，不能修改" in refused(change, claim=declare(member), title="别的事")


def test_a_claim_is_its_members_own(member, members):
    assert "由本人申报" in refused(declare, member=member, actor=members[1].user)
    assert "只能撤回本人的" in refused(withdraw_claim, claim=declare(member), actor=members[1].user)


def test_a_draft_is_thrown_away_and_a_declared_claim_taken_back(member, organiser):
    assert withdraw_claim(claim=declare(member, declare=False), actor=member.user) is None
    assert not Claim.objects.exists()
    claim = declare(member)
    withdraw_claim(claim=claim, actor=member.user)
    claim.refresh_from_db()
    assert claim.state == ClaimState.WITHDRAWN
    assert not Todo.objects.filter(done_at=None).exists()
    assert list(AuditEntry.objects.values_list("action", flat=True)[:9]) != []
    assert "不能撤回" in refused(withdraw_claim, claim=claim, actor=member.user)


def test_an_accepted_claim_is_not_taken_back(member, organiser):
    claim = accept_claim(claim=declare(member), actor=organiser)
    assert "已入账，不能撤回" in refused(withdraw_claim, claim=claim, actor=member.user)


# --- what is offered ---


def test_items_are_offered_with_what_is_still_free(member, organiser):
    accept_claim(claim=declare(member, "E05"), actor=organiser)
    groups = {group.category: group for group in options_of(member, date(2026, 11, 22))}
    assert groups["SVC"].free == 5
    free = {one.item.code: one.free for group in groups.values() for one in group.options}
    assert free["E05"] == 1
    assert free["F01"] == 10
    assert not {"A01", "B01", "C03", "G08", "V01", "B03", "D07"} & set(free)


# --- whose turn ---


P = Posts(officers=frozenset({1, 2}), secretary=frozenset({1}), leaders=frozenset({5}), office=frozenset({9, 8}))


@pytest.mark.parametrize(
    ("way", "first_done", "barred", "step", "by", "people"),
    [
        ("organiser", False, {7}, Step.FINAL, Office.OFFICERS, {1, 2}),
        ("organiser", False, {2}, Step.FINAL, Office.OFFICERS, {1}),
        ("organiser", False, {1, 2}, Step.FINAL, Office.PARTY_OFFICE, {9, 8}),
        ("leader_first", False, {7}, Step.FIRST, Office.LEADER, {5}),
        ("leader_first", False, {5}, Step.FINAL, Office.OFFICERS, {1, 2}),
        ("leader_first", True, {7}, Step.FINAL, Office.OFFICERS, {1, 2}),
        ("secretary", False, {7}, Step.FINAL, Office.SECRETARY, {1}),
        ("secretary", False, {1}, Step.FINAL, Office.OFFICERS, {2}),
        ("secretary_and_office", False, {7}, Step.FIRST, Office.SECRETARY, {1}),
        ("secretary_and_office", False, {1}, Step.FIRST, Office.PARTY_OFFICE, {9, 8}),
        ("secretary_and_office", True, {7, 1}, Step.FINAL, Office.PARTY_OFFICE, {9, 8}),
        ("secretary_and_office", True, {7, 9}, Step.FINAL, Office.PARTY_OFFICE, {8}),
    ],
)
def test_whose_turn_it_is(way, first_done, barred, step, by, people):
    turn = turn_of(reviewed_by=way, first_done=first_done, posts=P, barred=barred)
    assert (turn.step, turn.by, turn.people) == (step, by, people)


@pytest.mark.parametrize(
    ("code", "result", "verdict"),
    [("B03", "80", True), ("B03", "79.99", False), ("B03", "101", None), ("V07", "较差", True), ("V07", "优秀", False)],
)
def test_a_result_earns_its_item_or_not(code, result, verdict):
    assert counts(code, result) is verdict
