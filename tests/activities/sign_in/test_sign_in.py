"""Signing in: who, when, how often, and what the record says of it afterwards."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from activities import services
from activities.attendance import leave, sign_in
from activities.attendance.rows import ensure_rows
from activities.choices import ActivityState, SignMethod
from activities.models import Activity, Session, SignIn
from activities.records.drafting import Absence
from branches.models import AuditEntry
from tests.activities.sign_in.cast import START, digits, form_of, row, scan, states, wrong
from tests.factories import make_branch, make_member


def test_a_scan_signs_once_with_time_and_way(opened, draft, members):
    assert scan(draft, members[0])[1] is True
    assert scan(draft, members[0])[1] is False
    kept = row(draft, members[0])
    assert (kept.status, kept.signed_by, kept.signed_at) == ("present", SignMethod.QR, timezone.now())
    assert AuditEntry.objects.filter(action="sign_in.signed").count() == 1


@pytest.mark.parametrize(
    ("minutes", "seconds", "why"), [(-30, -1, "16:00开始"), (-30, 0, ""), (30, -1, ""), (30, 0, "已于17:00结束")]
)
def test_the_window_opens_and_closes_to_the_second(opened, draft, members, clock, minutes, seconds, why):
    clock.move_to(START + timedelta(minutes=minutes, seconds=seconds), tick=False)
    if why:
        with pytest.raises(ValidationError, match=why):
            scan(draft, members[0])
    else:
        assert scan(draft, members[0])[1]


def test_the_time_of_the_scan_counts_however_long_the_log_in_takes(opened, draft, members, clock):
    scanned = START + timedelta(minutes=29, seconds=59)
    clock.move_to(scanned + timedelta(minutes=2), tick=False)
    assert scan(draft, members[0], scanned)[1]


def test_somebody_not_expected_is_told_whom_to_ask(opened, draft, hospital, secretary):
    stranger = make_member(make_branch(hospital))
    with pytest.raises(ValidationError, match="不在这次活动（11月22日）的应到名单中。如有疑问，请联系支部书记陈静怡"):
        scan(draft, stranger)
    with pytest.raises(ValidationError, match="不在这次活动的应到名单"):
        sign_in.tick(activity=draft, members=[stranger.pk], actor=secretary)
    with pytest.raises(ValidationError, match="不是这次活动的应到人员"):
        services.save_draft(
            activity=draft,
            form_key=uuid.uuid4(),
            data=form_of(draft.branch, secretary, {stranger.pk: Absence("duty")}, draft.version),
            actor=secretary,
        )


def test_who_came_to_the_roll_after_the_draft_was_made_is_expected_when_signing_in_opens(draft, branch, secretary):
    late = make_member(branch)
    sign_in.open_sign_in(activity=draft, actor=secretary)
    assert scan(draft, late)[1]
    assert len(ensure_rows(draft)) == draft.attendances.count()


def test_it_opens_on_the_day_alone_and_only_while_the_record_is_open(draft, secretary, clock):
    for day in (-1, 1):
        clock.move_to(START + timedelta(days=day), tick=False)
        with pytest.raises(ValidationError, match="活动当天"):
            sign_in.open_sign_in(activity=draft, actor=secretary)
    clock.move_to(START, tick=False)
    Activity.objects.filter(pk=draft.pk).update(state=ActivityState.SUBMITTED, serial="X-1")
    with pytest.raises(ValidationError, match="已经提交"):
        sign_in.open_sign_in(activity=draft, actor=secretary)


@pytest.mark.parametrize(
    ("opens", "closes", "why"),
    [(0, 0, "晚于开始"), (-60, -20, "已经过去"), (-60, 60 * 23 + 1, "最长24小时")],
)
def test_a_window_that_makes_no_sense_is_refused(draft, secretary, opens, closes, why):
    with pytest.raises(ValidationError, match=why):
        sign_in.open_sign_in(
            activity=draft,
            actor=secretary,
            opens_at=START + timedelta(minutes=opens),
            closes_at=START + timedelta(minutes=closes),
        )


def test_closed_by_hand_nobody_signs_until_it_opens_again_with_the_same_secret(opened, draft, members, secretary):
    sign_in.close_sign_in(activity=draft, actor=secretary)
    with pytest.raises(ValidationError, match="结束"):
        scan(draft, members[0])
    again = sign_in.open_sign_in(activity=draft, actor=secretary)
    assert (again.pk, again.secret) == (opened.pk, opened.secret)
    assert scan(draft, members[0])[1]
    assert SignIn.objects.count() == 1


# -- What the form makes of it


def test_until_somebody_signs_everybody_is_present_as_ever(opened, draft):
    assert set(states(draft)) == {("present", "", "")}


def test_from_the_first_signature_on_who_has_not_signed_is_absent_without_a_reason(opened, draft, members):
    scan(draft, members[0])
    assert set(states(draft)) == {("present", "", "qr"), ("leave", "", "")}
    problem = services.gaps_of(Activity.objects.get(pk=draft.pk))
    assert "还没有填写原因" in problem.problems["absences"]


def test_a_form_that_is_older_than_a_signature_does_not_undo_it(opened, draft, members, branch, secretary):
    scan(draft, members[0])
    seen = {one.member_id: Absence() for one in draft.attendances.exclude(status="present")}
    scan(draft, members[1])
    services.save_draft(
        activity=draft, form_key=uuid.uuid4(), data=form_of(branch, secretary, seen, draft.version), actor=secretary
    )
    assert row(draft, members[1]).status == "present"
    assert row(draft, members[2]).status == "leave"


def test_present_in_the_form_without_a_signature_is_entered_by_the_secretary(opened, draft, members, branch, secretary):
    scan(draft, members[0])
    absences = {members[3].pk: Absence("duty", "夜班")}
    services.save_draft(
        activity=draft, form_key=uuid.uuid4(), data=form_of(branch, secretary, absences, draft.version), actor=secretary
    )
    assert row(draft, members[0]).signed_by == SignMethod.QR
    assert row(draft, members[1]).signed_by == SignMethod.MANUAL
    kept = row(draft, members[3])
    assert (kept.status, kept.approved_by, kept.signed_at) == ("official", secretary, None)


def test_a_reason_given_takes_the_signature_away(opened, draft, members, branch, secretary):
    scan(draft, members[0])
    absences = {members[0].pk: Absence("emergency", "中途急诊离会")}
    services.save_draft(
        activity=draft, form_key=uuid.uuid4(), data=form_of(branch, secretary, absences, draft.version), actor=secretary
    )
    kept = row(draft, members[0])
    assert (kept.status, kept.signed_at, kept.signed_by) == ("official", None, "")


def test_a_meeting_without_signing_in_is_entered_as_before(draft, members):
    assert set(states(draft)) == {("present", "", "")}
    assert services.gaps_of(draft) is None or "absences" not in services.gaps_of(draft).problems


def test_undo_of_the_last_signature_leaves_everybody_present_again(opened, draft, members, secretary):
    scan(draft, members[0])
    scan(draft, members[1])
    sign_in.undo(activity=draft, member=members[0], actor=secretary)
    assert row(draft, members[0]).status == "leave"
    sign_in.undo(activity=draft, member=members[1], actor=secretary)
    sign_in.undo(activity=draft, member=members[1], actor=secretary)
    assert set(states(draft)) == {("present", "", "")}
    assert AuditEntry.objects.filter(action="sign_in.undone").count() == 2


def test_undo_puts_approved_leave_back(opened, draft, members, secretary):
    asked = leave.ask_leave(activity=draft, member=members[0], reason="duty", note="", actor=members[0].user)
    leave.decide_leave(leave=asked, approve=True, comment="", actor=secretary)
    scan(draft, members[0])
    assert row(draft, members[0]).reason == ""
    sign_in.undo(activity=draft, member=members[0], actor=secretary)
    kept = row(draft, members[0])
    assert (kept.status, kept.reason, kept.approved_by) == ("official", "duty", secretary)


def test_the_secretary_ticks_several_and_the_way_is_kept(opened, draft, members, secretary):
    assert sign_in.tick(activity=draft, members=[m.pk for m in members[:2]], actor=secretary) == 2
    assert sign_in.tick(activity=draft, members=[members[0].pk], actor=secretary) == 0
    assert row(draft, members[0]).signed_by == SignMethod.MANUAL


def test_of_several_sittings_the_one_that_is_on_is_kept(draft, members, secretary):
    first = Session.objects.create(activity=draft, number=1, starts_at=START, ends_at=START + timedelta(hours=1))
    night = START + timedelta(hours=4)
    second = Session.objects.create(activity=draft, number=2, starts_at=night)
    sign_in.open_sign_in(activity=draft, actor=secretary, closes_at=night + timedelta(minutes=30))
    assert scan(draft, members[0])[0].session == first
    assert sign_in._sitting(draft, night - timedelta(minutes=30)) == second


# -- Six digits


def test_six_digits_sign_in_with_or_without_the_gap(opened, draft, members):
    text = digits(opened)
    sign_in.sign_by_code(activity=draft, user=members[0].user, typed=f"{text[:3]} {text[3:]}")
    assert row(draft, members[0]).signed_by == SignMethod.CODE


def test_after_five_wrong_codes_the_right_one_waits_too(opened, draft, members, clock):
    for left in (4, 3, 2, 1):
        with pytest.raises(ValidationError, match=f"还可以试{left}次"):
            sign_in.sign_by_code(activity=draft, user=members[0].user, typed=wrong(opened))
    assert row(draft, members[0]).signed_at is None
    with pytest.raises(ValidationError, match="已输错5次"):
        sign_in.sign_by_code(activity=draft, user=members[0].user, typed=wrong(opened))
    with pytest.raises(sign_in.TooManyTries):
        sign_in.sign_by_code(activity=draft, user=members[0].user, typed=digits(opened))
    sign_in.sign_by_code(activity=draft, user=members[1].user, typed=digits(opened))  # others are not kept waiting
    clock.shift(timedelta(minutes=10))
    assert sign_in.sign_by_code(activity=draft, user=members[0].user, typed=digits(opened))[1]


def test_the_fifth_try_may_still_be_right(opened, draft, members):
    for _ in range(4):
        with pytest.raises(ValidationError):
            sign_in.sign_by_code(activity=draft, user=members[0].user, typed=wrong(opened))
    assert sign_in.sign_by_code(activity=draft, user=members[0].user, typed=digits(opened))[1]


# -- Names


def test_nobody_learns_the_name_behind_an_id_by_asking(opened, draft, hospital, branch, secretary):
    """Somebody of another branch stays unnamed; who joined one's own after the list was made does not."""
    stranger, late = make_member(make_branch(hospital), name="外支部某"), make_member(branch, name="新来的")
    for member, named in ((stranger, False), (late, True)):
        with pytest.raises(ValidationError) as ticked:
            sign_in.tick(activity=draft, members=[member.pk], actor=secretary)
        assert ticked.value.messages == [f"{'新来的' if named else '所选人员'}不在这次活动的应到名单中，不能登记签到。"]
    for absent in (stranger.pk, 10**30):
        data = form_of(branch, secretary, {absent: Absence("duty")}, draft.version)
        with pytest.raises(ValidationError, match="所选人员在2026年11月22日不是这次活动的应到人员"):
            services.save_draft(activity=draft, form_key=uuid.uuid4(), data=data, actor=secretary)
