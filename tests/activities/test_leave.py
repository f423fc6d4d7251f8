"""Leave: asked for oneself, answered by somebody else, kept with its approver; the reason is not for everybody."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from activities.attendance import leave, sign_in
from activities.choices import ActivityState, Kind, LeaveState
from activities.models import Activity, Attendance, LeaveRequest, Session
from branches.choices import BranchLevel, Role
from branches.models import Notice, Todo
from tests.factories import UserFactory, appoint, at, make_activity, make_branch, make_member

DAY = date(2026, 11, 22)
BACKEND = "branches.accounts.backends.LoginNameBackend"


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(at(DAY, 10), tick=False)
    return time_machine


@pytest.fixture
def me(branch, secretary, organiser):
    return make_member(branch, name="林晓雯")


@pytest.fixture
def planned(branch, secretary, me):
    fields = {"state": ActivityState.PLANNED, "announced_at": at(DAY, 9), "recorder": secretary}
    return make_activity(branch, day=DAY + timedelta(days=3), members=[me], **fields)


def ask(activity, member, reason="duty", note=""):
    return leave.ask_leave(activity=activity, member=member, reason=reason, note=note, actor=member.user)


def row(activity, member):
    return Attendance.objects.get(activity=activity, member=member)


def entered(user):
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def test_approved_leave_fills_in_the_absence_with_approver_and_time(planned, me, organiser):
    asked = ask(planned, me, "emergency", "手术排期")
    assert row(planned, me).status == "present"
    leave.decide_leave(leave=asked, approve=True, comment="", actor=organiser)
    kept = row(planned, me)
    assert (kept.status, kept.reason, kept.note) == ("official", "emergency", "手术排期")
    assert (kept.approved_by, kept.approved_at) == (organiser, at(DAY, 10))


def test_whoever_is_let_off_came_to_no_sitting(planned, me, organiser):
    first = Session.objects.create(activity=planned, number=1, starts_at=planned.starts_at)
    planned.attendances.update(session=first)
    leave.decide_leave(leave=ask(planned, me), approve=True, comment="", actor=organiser)
    assert row(planned, me).session is None


def test_refused_leave_changes_nothing_and_says_why(planned, me, secretary):
    asked = ask(planned, me)
    with pytest.raises(ValidationError, match="请写明原因"):
        leave.decide_leave(leave=asked, approve=False, comment=" ", actor=secretary)
    leave.decide_leave(leave=asked, approve=False, comment="本次须表决，请调班参加", actor=secretary)
    assert row(planned, me).status == "present"
    assert Notice.objects.get(recipient=me.user).detail == "本次须表决，请调班参加"
    assert ask(planned, me, "official").state == LeaveState.ASKED  # one may ask anew


def test_nobody_answers_their_own_request_and_members_answer_none(planned, branch, secretary, organiser, me):
    own = ask(planned, secretary.member)
    assert leave.approvers_of(planned, secretary) == [organiser]
    with pytest.raises(ValidationError, match="本人的请假"):
        leave.decide_leave(leave=own, approve=True, comment="", actor=secretary)
    with pytest.raises(ValidationError, match="由支部书记、副书记或组织委员审批"):
        leave.decide_leave(leave=own, approve=True, comment="", actor=me.user)
    leave.decide_leave(leave=own, approve=True, comment="", actor=organiser)


def test_the_party_office_answers_where_nobody_is_left(hospital, office):
    lone = make_branch(hospital)
    user = UserFactory(name="独任书记")
    only = make_member(lone, user=user)
    appoint(user, lone, Role.BRANCH_SECRETARY)
    activity = make_activity(lone, day=DAY, members=[only], recorder=user)
    asked = ask(activity, only)
    assert leave.approvers_of(activity, user) == [office]
    assert list(leave.asked_of(office)) == [asked]


def test_the_leader_answers_for_the_meeting_of_the_group_and_for_no_other(branch, groups, planned, me, secretary):
    leader = UserFactory(name="组长")
    make_member(branch, group=groups[0], user=leader)
    appoint(leader, groups[0], Role.GROUP_LEADER)
    mate = make_member(branch, group=groups[0])
    meeting = make_activity(
        branch, kinds=(Kind.GROUP_MEETING,), group=groups[0], day=DAY, members=[mate], recorder=secretary
    )
    assert groups[0].level == BranchLevel.GROUP
    assert leader in leave.approvers_of(meeting, mate.user)
    assert leader not in leave.approvers_of(planned, me.user)
    asked = ask(meeting, mate)
    assert list(leave.asked_of(leader)) == [asked]
    leave.decide_leave(leave=asked, approve=True, comment="", actor=leader)
    assert row(meeting, mate).approved_by == leader


@pytest.mark.parametrize(
    ("state", "announced", "days", "why"),
    [
        (ActivityState.PLANNED, True, 3, ""),
        (ActivityState.PLANNED, False, 3, "还没有通知"),
        (ActivityState.DRAFT, False, 0, ""),
        (ActivityState.DRAFT, False, 1, "不在活动当天"),
        (ActivityState.DRAFT, False, -1, "不在活动当天"),
        (ActivityState.SUBMITTED, False, 0, "已经提交"),
    ],
)
def test_when_leave_can_be_asked_for(branch, secretary, me, state, announced, days, why):
    activity = make_activity(
        branch,
        day=DAY + timedelta(days=days),
        state=state,
        members=[me],
        recorder=secretary,
        announced_at=at(DAY, 9) if announced else None,
    )
    found = leave.why_no_leave(activity)
    assert (why in found) if why else found == ""


def test_twice_for_one_gathering_is_refused_and_so_is_a_stranger_or_a_missing_reason(planned, me, hospital):
    for reason in ("", "unexcused", "holiday"):
        with pytest.raises(ValidationError, match="请选择请假原因"):
            ask(planned, me, reason)
    ask(planned, me)
    with pytest.raises(ValidationError, match="已请过假"):
        ask(planned, me)
    with pytest.raises(ValidationError, match="不在这次活动"):
        ask(planned, make_member(make_branch(hospital)))
    with pytest.raises(ValidationError, match="由本人提出"):
        leave.ask_leave(activity=planned, member=me, reason="duty", note="", actor=UserFactory())


def test_withdrawn_leave_expects_the_member_again(planned, me, secretary, organiser):
    asked = ask(planned, me)
    leave.decide_leave(leave=asked, approve=True, comment="", actor=secretary)
    with pytest.raises(ValidationError, match="本人的请假"):
        leave.withdraw_leave(leave=asked, actor=organiser)
    leave.withdraw_leave(leave=asked, actor=me.user)
    kept = row(planned, me)
    assert (kept.status, kept.reason, kept.approved_by) == ("present", "", None)
    with pytest.raises(ValidationError, match="已经处理或已撤回"):
        leave.withdraw_leave(leave=asked, actor=me.user)


def test_once_the_record_is_handed_in_nothing_is_answered_or_withdrawn(planned, me, secretary):
    asked = ask(planned, me)
    Activity.objects.filter(pk=planned.pk).update(state=ActivityState.SUBMITTED, serial="X-2")
    with pytest.raises(ValidationError, match="已经提交"):
        leave.decide_leave(leave=asked, approve=True, comment="", actor=secretary)
    with pytest.raises(ValidationError, match="已经提交"):
        leave.withdraw_leave(leave=asked, actor=me.user)
    assert list(leave.asked_of(secretary)) == []


def test_who_has_signed_in_asks_for_no_leave_and_stays_present(branch, secretary, organiser, me):
    today = make_activity(branch, day=DAY, starts_at=at(DAY, 10), ends_at=at(DAY, 11), members=[me], recorder=secretary)
    asked = ask(today, me)
    sign_in.open_sign_in(activity=today, actor=secretary)
    sign_in.tick(activity=today, members=[me.pk], actor=secretary)
    leave.decide_leave(leave=asked, approve=True, comment="", actor=organiser)
    assert row(today, me).status == "present"
    leave.withdraw_leave(leave=asked, actor=me.user)
    with pytest.raises(ValidationError, match="已经签到"):
        ask(today, me)


def test_every_approver_has_it_to_do_until_one_has_answered(planned, me, secretary, organiser):
    asked = ask(planned, me)
    open_ = Todo.objects.filter(item_key=leave.key_of(asked), done_at__isnull=True)
    assert set(open_.values_list("recipient", flat=True)) == {secretary.pk, organiser.pk}
    leave.decide_leave(leave=asked, approve=True, comment="", actor=secretary)
    assert not open_.exists()


def test_on_the_pages_a_member_asks_and_the_secretary_agrees(planned, me, secretary, hospital):
    phone = entered(me.user)
    mine = reverse("activities:my_attendance")
    assert str(planned) in phone.get(mine).content.decode()
    page = reverse("activities:leave_ask", args=[planned.pk])
    answer = phone.post(page, {"reason": "", "note": "x"})
    assert (answer.status_code, 'id="reason-error"' in answer.content.decode()) == (422, True)
    assert phone.post(page, {"reason": "leave_sick", "note": "复诊"}).status_code == 302
    asked = LeaveRequest.objects.get()
    desk = entered(secretary)
    assert "病假" in desk.get(reverse("activities:leave_list")).content.decode()
    decide = reverse("activities:leave_decide", args=[asked.pk])
    assert desk.post(decide, {"answer": "refuse"}).status_code == 422
    assert desk.post(decide, {"answer": "approve"}).status_code == 302
    assert "已准假" in phone.get(mine).content.decode()
    stranger = make_member(make_branch(hospital))
    assert entered(stranger.user).get(page).status_code == 404


def test_a_plain_member_sees_neither_reason_nor_approver_on_the_record(branch, secretary, me, member_user):
    held = make_activity(branch, day=DAY, state=ActivityState.CONFIRMED, members=[me], absent=(me,), recorder=secretary)
    Attendance.objects.filter(activity=held).update(approved_by=secretary, approved_at=at(DAY, 9))
    page = reverse("activities:activity_detail", args=[held.pk])
    assert "病假" not in entered(member_user).get(page).content.decode()
    shown = entered(secretary).get(page).content.decode()
    assert "病假" in shown
    assert "批准人" in shown
