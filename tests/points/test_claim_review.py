"""Reviewing claims: who may, what it writes, what is said, and voiding afterwards."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from branches.choices import BranchLevel, Role
from branches.models import Notice, Todo
from points.choices import ClaimState, PeriodKind, PeriodState
from points.claims.declaring import withdraw_claim
from points.claims.reviewing import accept_claim, accept_many, reject_claim, return_claim, void_claim
from points.claims.trail import trail_of
from points.ledger.check import differences
from points.models import Claim, Entry, MemberItem, MemberYear, PeriodClose
from tests import factories
from tests.points.claims_help import declare, edition

pytestmark = pytest.mark.usefixtures("on_the_day")


@pytest.fixture
def member(members):
    return members[0]


def refused(what, field="", **kw):
    with pytest.raises(ValidationError) as error:
        what(**kw)
    return "".join(error.value.message_dict[field] if field else error.value.messages)


def todos():
    return set(Todo.objects.filter(done_at=None).values_list("role", "recipient__name"))


# --- accepting ---


def test_accepting_writes_the_entry_and_tells_the_member(member, organiser):
    claim = declare(member, "F01", level="provincial", title="省级优秀党员")
    assert todos() == {("organisation_member", None)}
    accept_claim(claim=claim, comment="证书已核", actor=organiser)
    claim.refresh_from_db()
    assert (claim.state, claim.decided_by, claim.comment) == (ClaimState.ACCEPTED, organiser, "证书已核")
    entry = Entry.objects.get()
    assert (entry.points, entry.rule_code, entry.source_kind, entry.source_id) == (6, "F01", "claim", claim.pk)
    assert entry.reason == "荣誉（一事取最高）：省级优秀党员"
    assert MemberYear.objects.get(member=member).honours == 6
    assert todos() == set()
    notice = Notice.objects.get(recipient=member.user)
    assert notice.text == "11月11日的积分申报“省级优秀党员”（荣誉）已通过，+6.00分已入账"
    assert notice.url == f"/points/claims/{claim.pk}/"
    assert list(differences()) == []


def test_what_was_accepted_stays_worth_it_under_a_later_edition(member, hospital, organiser):
    claim = accept_claim(claim=declare(member), actor=organiser)
    edition(hospital, E05={"points": Decimal(3)})
    assert claim.points == Entry.objects.get().points == 1
    assert list(differences()) == []


def test_a_claim_is_decided_once(member, organiser, secretary):
    claim = declare(member)
    accept_claim(claim=claim, actor=organiser)
    for what in (accept_claim, return_claim, reject_claim):
        kw = {} if what is accept_claim else {"comment": "不清楚"}
        assert refused(what, claim=claim, actor=secretary, **kw) == "这条申报已由赵启明处理（已入账）。"
    assert Entry.objects.count() == 1


def test_a_claim_taken_back_meanwhile_is_not_accepted(member, organiser):
    claim = declare(member)
    withdraw_claim(claim=claim, actor=member.user)
    assert "现在不在审核中（已撤回）" in refused(accept_claim, claim=claim, actor=organiser)


# --- who ---


def test_nobody_reviews_their_own(organiser, secretary):
    own = declare(organiser.member)
    assert todos() == {("branch_secretary", None)}
    assert refused(accept_claim, claim=own, actor=organiser) == "本人的申报由他人审核。"
    assert accept_claim(claim=own, actor=secretary).state == ClaimState.ACCEPTED


def test_a_colleague_without_the_post_does_not_review(member, members, publicity, organiser):
    claim = declare(member)
    for other in (members[1].user, publicity):
        said = refused(accept_claim, claim=claim, actor=other)
        assert said == "这条申报现由组织委员赵启明审核。"


def test_the_party_office_reviews_only_where_a_branch_has_nobody_else(organiser, member, office):
    assert "组织委员赵启明" in refused(accept_claim, claim=declare(member), actor=office)
    own = declare(organiser.member)
    assert ("party_office", None) in todos()
    assert accept_claim(claim=own, actor=office).state == ClaimState.ACCEPTED


@pytest.fixture
def led(branch, hospital):
    """A member of a group with a leader, and an item the leader reviews first."""
    group = factories.make_branch(branch, level=BranchLevel.GROUP)
    leader = factories.make_member(branch, group=group)
    factories.appoint(leader.user, group, Role.GROUP_LEADER)
    edition(hospital, E05={"reviewed_by": "leader_first"})
    return factories.make_member(branch, group=group), leader


def test_the_group_leader_reviews_first_where_the_item_says_so(led, organiser):
    member, leader = led
    claim = declare(member)
    assert todos() == {("group_leader", None)}
    assert "党小组组长" in refused(accept_claim, claim=claim, actor=organiser)
    passed = accept_claim(claim=claim, actor=leader.user)
    assert (passed.state, passed.first_by) == (ClaimState.DECLARED, leader.user)
    assert not Entry.objects.exists()
    assert todos() == {("organisation_member", None)}
    assert "组织委员赵启明" in refused(accept_claim, claim=claim, actor=leader.user)
    assert accept_claim(claim=claim, actor=organiser).state == ClaimState.ACCEPTED


def test_the_leaders_own_claim_goes_straight_on(led, organiser):
    _, leader = led
    assert accept_claim(claim=declare(leader), actor=organiser).state == ClaimState.ACCEPTED


def test_a_claim_returned_by_the_second_goes_to_the_leader_again(led, organiser):
    member, leader = led
    claim = accept_claim(claim=declare(member), actor=leader.user)
    claim = return_claim(claim=claim, comment="请补证书", actor=organiser)
    assert claim.first_by is None


# --- not accepting ---


def test_a_return_says_what_is_missing_and_the_member_mends_it(member, organiser):
    claim = declare(member)
    assert "请写明" in refused(return_claim, "comment", claim=claim, comment=" ", actor=organiser)
    return_claim(claim=claim, comment="请补献血证编号", actor=organiser)
    claim.refresh_from_db()
    assert (claim.state, claim.comment) == (ClaimState.RETURNED, "请补献血证编号")
    assert todos() == {("", member.user.name)}
    assert "请补献血证编号" not in Notice.objects.get().text + Notice.objects.get().detail
    assert [step.comment for step in trail_of(claim)] == ["请补献血证编号", ""]


def test_a_rejection_has_a_reason_and_writes_nothing(member, organiser):
    claim = declare(member)
    assert "请写明" in refused(reject_claim, "comment", claim=claim, comment="", actor=organiser)
    reject_claim(claim=claim, comment="不属于志愿服务", actor=organiser)
    assert not Entry.objects.exists()
    assert "未通过" in Notice.objects.get().text
    assert declare(member).pk != claim.pk  # the deed is free again


def test_many_are_accepted_each_for_itself(members, organiser, secretary):
    good = [declare(one) for one in members]
    own = declare(organiser.member)
    gone = declare(members[0], title="又一次献血")
    reject_claim(claim=gone, comment="重复申报", actor=secretary)
    accepted, left = accept_many(claims=[*good, own, gone], actor=organiser)
    assert accepted == 3
    assert [(claim, why) for claim, why in left] == [
        (own, "本人的申报由他人审核。"),
        (gone, "这条申报已由陈静怡处理（未通过）。"),
    ]
    assert Entry.objects.count() == 3


# --- voiding ---


@pytest.fixture
def accepted(member, organiser):
    return accept_claim(claim=declare(member), actor=organiser)


def test_voiding_reverses_the_entry_and_frees_the_deed(accepted, member, organiser):
    assert "至少" not in refused(void_claim, "reason", claim=accepted, actor=organiser)
    void_claim(claim=accepted, reason="献血证有误", actor=organiser)
    accepted.refresh_from_db()
    assert accepted.state == ClaimState.VOIDED
    assert not Entry.objects.standing().exists()
    assert Entry.objects.count() == 2
    assert MemberItem.objects.get(member=member).n == 0
    assert MemberYear.objects.get(member=member).total == 60
    assert declare(member).pk != accepted.pk
    assert list(differences()) == []
    assert "不能作废" in refused(void_claim, claim=accepted, reason="再来一次", actor=organiser)


def test_the_discipline_member_voids_with_the_number_of_a_finding(accepted, person):
    discipline = person(Role.DISCIPLINE_MEMBER)
    claim = void_claim(claim=accepted, document_no="纪〔2026〕3号", actor=discipline)
    assert claim.comment == "文号：纪〔2026〕3号"


def test_nobody_voids_their_own_nor_without_the_right(organiser, secretary, publicity, members):
    own = accept_claim(claim=declare(organiser.member), actor=secretary)
    assert "由他人办理" in refused(void_claim, claim=own, reason="填错了", actor=organiser)
    for other in (publicity, members[1].user):
        assert "作废由支部书记" in refused(void_claim, claim=own, reason="填错了", actor=other)


def test_nothing_is_voided_in_a_locked_quarter(accepted, organiser):
    PeriodClose.objects.create(
        branch=accepted.branch, kind=PeriodKind.QUARTER, start=date(2026, 10, 1), state=PeriodState.LOCKED
    )
    assert "已锁定" in refused(void_claim, "happened_on", claim=accepted, reason="证书有误", actor=organiser)
    assert Claim.objects.get().state == ClaimState.ACCEPTED
