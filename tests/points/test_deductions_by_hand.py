"""Deductions entered by hand, and vetoes: who enters what, what waits, what others learn."""

import uuid
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from branches.choices import Role
from branches.models import AuditEntry, Notice, Todo
from points.choices import ClaimState, PeriodKind, PeriodState
from points.claims.announcing import announce_deduction, withdraw_deduction
from points.claims.deductions import post_due
from points.claims.reviewing import accept_claim, reject_claim, return_claim, void_claim
from points.claims.vetoes import enter_veto, withdraw_veto
from points.cycle.announced import postings
from points.ledger.check import differences
from points.models import Claim, Entry, MemberItem, MemberYear, PeriodClose
from tests import factories
from tests.points.claims_help import written

pytestmark = pytest.mark.usefixtures("on_the_day")
DAY = date(2026, 10, 20)


@pytest.fixture
def member(members):
    return members[0]


@pytest.fixture
def discipline(person):
    return person(Role.DISCIPLINE_MEMBER, name="钱守正")


def refused(what, field="", **kw):
    with pytest.raises(ValidationError) as error:
        what(**kw)
    return "".join(error.value.message_dict[field] if field else error.value.messages)


def deduct(member, actor, code="G05", level="unfinished", **kw):
    kw = {"title": "值班表没有按时交", "happened_on": DAY, "form_key": uuid.uuid4()} | kw
    return announce_deduction(member=member, code=code, level=level, actor=actor, **kw)


def close_october(branch):
    PeriodClose.objects.create(branch=branch, kind=PeriodKind.MONTH, start=DAY.replace(day=1), state=PeriodState.CLOSED)


# --- deductions ---


def test_a_deduction_is_announced_first_and_waits_three_working_days(member, organiser):
    claim = deduct(member, organiser)
    assert (claim.state, claim.points) == (ClaimState.ANNOUNCED, Decimal(-1))
    assert (claim.announced_on, claim.postable_from) == (date(2026, 11, 22), date(2026, 11, 25))  # from a Sunday on
    assert not Entry.objects.exists()
    notice = Notice.objects.get(recipient=member.user)
    assert notice.text == "10月20日一项扣分告知：拒不承担或未完成交办任务，-1.00分，如有异议请在入账前提出"
    assert notice.url == f"/points/claims/{claim.pk}/"


@pytest.mark.parametrize(
    ("day", "postable", "today", "said"),
    [
        (date(2026, 11, 14), date(2026, 11, 19), date(2026, 11, 22), "12月7日关账时入账"),  # the 5th is a Saturday
        (date(2026, 12, 1), date(2026, 12, 4), date(2026, 12, 9), "2027年1月5日关账时入账"),
        (date(2026, 10, 20), date(2026, 11, 25), date(2026, 11, 22), "11月25日入账"),  # announced after the closing
        (date(2026, 10, 20), date(2026, 11, 19), date(2026, 11, 22), "关账后入账"),
    ],
)
def test_every_page_says_alike_when_a_deduction_is_posted(member, day, postable, today, said):
    told = {"state": ClaimState.ANNOUNCED, "announced_on": day, "postable_from": postable}
    claim = written(member, "G08", happened_on=day, points=-1, **told)
    assert postings([claim], today)[claim.pk].text == said


def test_it_is_posted_when_its_month_is_closed_and_its_day_has_come(member, organiser):
    claim = deduct(member, organiser)
    close_october(claim.branch)
    assert post_due(branch_ids=[claim.branch_id], today=date(2026, 11, 24), actor=None) == 0
    assert post_due(branch_ids=[claim.branch_id], today=date(2026, 11, 25), actor=None) == 1
    assert Entry.objects.get().reason == "拒不承担或未完成交办任务：值班表没有按时交"
    assert MemberYear.objects.get(member=member).total == 59
    assert list(differences()) == []


@pytest.mark.parametrize(
    ("kw", "field", "said"),
    [
        ({"code": "G01", "level": ""}, "code", "由记录自动扣分"),
        ({"code": "E05", "level": ""}, "code", "请选择扣分项目"),
        ({"code": "V01", "level": ""}, "code", "请选择扣分项目"),
        ({"code": "G09", "level": "reminded"}, "code", "纪检委员登记"),
        ({"level": ""}, "level", "请选择档次"),
        ({"title": ""}, "title", "2至100字"),
        ({"happened_on": date(2026, 11, 23)}, "happened_on", "不能晚于今天"),
    ],
)
def test_what_the_organisation_member_may_not_enter(member, organiser, kw, field, said):
    assert said in refused(deduct, field, member=member, actor=organiser, **kw)
    assert not Claim.objects.exists()
    assert not Notice.objects.exists()


def test_nobody_deducts_from_oneself_or_elsewhere(organiser, other_branch, members):
    assert "由其他支委登记" in refused(deduct, "member", member=organiser.member, actor=organiser)
    stranger = factories.make_member(other_branch)
    assert "内科第二党支部" in refused(deduct, "code", member=stranger, actor=organiser)
    assert refused(deduct, "code", member=members[0], actor=members[1].user)


def test_the_same_form_and_the_same_deed_count_once(member, organiser):
    key = uuid.uuid4()
    assert deduct(member, organiser, form_key=key) == deduct(member, organiser, form_key=key)
    assert "只记一次" in refused(deduct, "title", member=member, actor=organiser)
    assert Claim.objects.count() == 1


def test_a_locked_quarter_takes_no_deduction(member, organiser):
    start, locked = date(2026, 10, 1), PeriodState.LOCKED
    PeriodClose.objects.create(branch=member.branch, kind=PeriodKind.QUARTER, start=start, state=locked)
    assert "已锁定" in refused(deduct, "happened_on", member=member, actor=organiser)


def test_it_is_taken_back_with_a_reason_before_it_is_posted(member, organiser, publicity):
    claim = deduct(member, organiser)
    assert "请写明" in refused(withdraw_deduction, "reason", claim=claim, reason="", actor=organiser)
    assert "由支部书记" in refused(withdraw_deduction, claim=claim, reason="登记有误", actor=publicity)
    withdraw_deduction(claim=claim, reason="登记有误", actor=organiser)
    close_october(claim.branch)
    assert post_due(branch_ids=[claim.branch_id], today=date(2026, 12, 1), actor=None) == 0
    assert "不能撤回" in refused(withdraw_deduction, claim=claim, reason="登记有误", actor=organiser)
    assert "已取消" in Notice.objects.order_by("pk").last().text
    assert deduct(member, organiser).pk != claim.pk


def test_what_the_discipline_side_enters_holds_a_number_and_nothing_of_the_case(member, discipline):
    said = refused(deduct, "document_no", member=member, actor=discipline, code="G09", level="admonished")
    assert "请填写决定的文号" in said
    claim = deduct(
        member, discipline, code="G09", level="admonished", title="收了红包", detail="细节", document_no="纪〔2026〕3号"
    )
    assert (claim.title, claim.detail, claim.points) == ("纪律扣分", "", -5)
    assert "G09" not in Notice.objects.get().text
    assert "收了红包" not in str(list(AuditEntry.objects.values()))
    assert "只记一次" in refused(
        deduct, "title", member=member, actor=discipline, code="G09", level="reminded", document_no="纪〔2026〕3号"
    )
    close_october(claim.branch)
    post_due(branch_ids=[claim.branch_id], today=date(2026, 11, 25), actor=None)
    assert Entry.objects.get().reason == "纪律扣分"


def test_a_false_declaration_costs_five_and_the_item_is_void(member, discipline, organiser):
    """G10: the deduction, and the claim itself voided under the same number."""
    claim = deduct(member, discipline, code="G10", level="", document_no="纪〔2026〕4号")
    assert claim.points == -5


# --- vetoes ---


def veto(member, actor, code="V01", document_no="纪〔2026〕9号", **kw):
    kw = {"decided_on": DAY, "form_key": uuid.uuid4()} | kw
    return enter_veto(member=member, code=code, document_no=document_no, actor=actor, **kw)


def test_a_veto_takes_three_different_people(member, discipline, secretary, organiser, office):
    claim = veto(member, discipline)
    assert (claim.state, claim.points, claim.title) == (ClaimState.DECLARED, 0, "一票否决")
    assert list(Todo.objects.values_list("role", "title")) == [("branch_secretary", "审核一票否决登记")]
    assert "您登记的由他人审核" in refused(accept_claim, claim=claim, actor=discipline)
    for early in (office, organiser):
        assert "支部书记陈静怡" in refused(accept_claim, claim=claim, actor=early)
    accept_claim(claim=claim, actor=secretary)
    assert not Entry.objects.exists()
    assert "党委办公室" in refused(accept_claim, claim=claim, actor=secretary)
    done = accept_claim(claim=claim, actor=office)
    assert (done.state, done.first_by, done.decided_by) == (ClaimState.ACCEPTED, secretary, office)
    entry = Entry.objects.get()
    assert (entry.points, entry.reason, entry.category) == (0, "一票否决", "VETO")
    assert MemberItem.objects.get(member=member, rule_code="V01").n == 1
    assert Notice.objects.get(recipient=member.user).text == "您有一项积分登记已有结果，请登录后查看"
    assert not Todo.objects.filter(done_at=None).exists()
    assert list(differences()) == []


def test_of_the_secretarys_own_the_office_does_both_steps_by_two_people(secretary, discipline, office, person):
    claim = veto(secretary.member, discipline)
    accept_claim(claim=claim, actor=office)
    assert "党委办公室" in refused(accept_claim, claim=claim, actor=office)
    second = person(Role.PARTY_OFFICE, name="沈望舒")
    assert accept_claim(claim=claim, actor=second).state == ClaimState.ACCEPTED


@pytest.mark.parametrize(
    ("kw", "field", "said"),
    [
        ({"document_no": " "}, "document_no", "请填写决定的文号"),
        ({"code": "G09"}, "code", "请选择一票否决的情形"),
        ({"decided_on": date(2026, 11, 23)}, "decided_on", "不能晚于今天"),
    ],
)
def test_a_veto_needs_a_decision(member, discipline, kw, field, said):
    assert said in refused(veto, field, member=member, actor=discipline, **kw)


def test_the_committees_discipline_office_enters_for_any_branch(member, other_branch, person, discipline):
    everywhere = person(Role.DISCIPLINE_OFFICE)
    stranger = factories.make_member(other_branch)
    assert veto(stranger, everywhere).branch == other_branch
    assert "内科第二党支部" in refused(veto, "member", member=stranger, actor=discipline, document_no="另一号")
    assert "由他人登记" in refused(veto, "member", member=discipline.member, actor=discipline)


def test_a_veto_not_confirmed_writes_nothing_and_tells_nobody(member, discipline, secretary):
    claim = veto(member, discipline)
    assert "不能退回" in refused(return_claim, claim=claim, comment="文号不清", actor=secretary)
    reject_claim(claim=claim, comment="文号有误", actor=secretary)
    assert not Entry.objects.exists()
    assert not Notice.objects.filter(recipient=member.user).exists()
    assert veto(member, discipline).pk != claim.pk


def test_a_veto_is_taken_back_by_who_entered_it_until_both_confirmed(member, discipline, secretary, office):
    claim = veto(member, discipline)
    assert "由登记人办理" in refused(withdraw_veto, claim=claim, reason="文号有误", actor=secretary)
    assert "请写明撤回的原因" in refused(withdraw_veto, "reason", claim=claim, reason=" ", actor=discipline)
    accept_claim(claim=claim, actor=secretary)
    assert withdraw_veto(claim=claim, reason="文号有误", actor=discipline).state == ClaimState.WITHDRAWN
    assert not Todo.objects.filter(done_at=None).exists()
    assert not Notice.objects.exists()
    assert not Entry.objects.exists()
    again = veto(member, discipline)
    assert again.pk != claim.pk
    accept_claim(claim=again, actor=secretary)
    accept_claim(claim=again, actor=office)
    assert "已确认，已生效，不能撤回" in refused(withdraw_veto, claim=again, reason="文号有误", actor=discipline)


def test_the_same_veto_or_deduction_twice_is_called_what_it_is(member, discipline, organiser):
    veto(member, discipline)
    assert "已有一条一票否决登记" in refused(veto, "title", member=member, actor=discipline)
    deduct(member, organiser)
    assert "已有一条扣分登记" in refused(deduct, "title", member=member, actor=organiser)


def test_a_veto_is_lifted_by_the_number_of_another_document(member, discipline, secretary, office):
    claim = veto(member, discipline)
    accept_claim(claim=claim, actor=secretary)
    accept_claim(claim=claim, actor=office)
    assert "由党委办公室" in refused(void_claim, claim=claim, document_no="撤〔2026〕1号", actor=secretary)
    assert "文号" in refused(void_claim, "document_no", claim=claim, reason="查无此事", actor=office)
    void_claim(claim=claim, reason="查无此事", document_no="撤〔2026〕1号", actor=office)
    claim.refresh_from_db()
    assert (claim.state, claim.comment) == (ClaimState.VOIDED, "文号：撤〔2026〕1号")
    assert MemberItem.objects.get(rule_code="V01").n == 0
    assert list(differences()) == []


# --- who sees what ---


def test_discipline_matters_are_seen_by_few(
    member, members, discipline, secretary, organiser, publicity, office, person
):
    hushed = deduct(member, discipline, code="G09", level="reminded", document_no="纪〔2026〕3号")
    plain = deduct(member, organiser)
    seen = {
        user.name: set(Claim.objects.readable_by(user))
        for user in (discipline, secretary, organiser, publicity, office)
    }
    assert seen == {
        "钱守正": {hushed, plain},
        "陈静怡": {hushed, plain},
        "赵启明": {plain},
        "李思源": set(),
        "孔令仪": {hushed, plain},
    }
    assert set(Claim.objects.readable_by(person(Role.DISCIPLINE_OFFICE))) == {hushed}
    assert set(Claim.objects.readable_by(member.user)) == {hushed, plain}
    assert not Claim.objects.readable_by(members[1].user).exists()
    assert set(Claim.objects.deductions_of(organiser)) == {hushed, plain}
