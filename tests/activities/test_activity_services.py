"""The life of a record: what it may become, who may make it so, and what is never half done."""

import uuid
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from activities import services
from activities.choices import ActivityState, AttendanceStatus, ConfirmedBy, Kind, PlanState
from activities.confirming import confirmers_of, who_confirms
from activities.models import Activity, ActivityMonth, Attendance, PlanItem, SerialCounter
from activities.plan.planning import plan_year
from activities.records import reviewing
from activities.records.drafting import Absence, ActivityData, Conflict, Incomplete
from activities.signals import activity_confirmed, activity_corrected
from branches.choices import Role
from branches.models import AuditEntry, Branch
from members.choices import MembershipStatus, MemberType
from tests.factories import appoint, at, make_branch, make_member

DAY = date(2026, 11, 11)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(date(2026, 11, 22), 10))


@pytest.fixture
def members(branch, groups, secretary, organiser):
    return [make_member(branch, group=groups[n % 2]) for n in range(4)]


@pytest.fixture
def data(branch, secretary, members):
    def make(**fields):
        day = fields.pop("day", DAY)
        words = {
            "branch": branch,
            "kinds": (Kind.THEME_DAY,),
            "starts_at": at(day),
            "ends_at": at(day, 18, 0),
            "topic": "冬季志愿导诊",
            "place": "门诊楼五楼会议室",
            "chair": secretary,
            "minutes": "重温入党誓词，学习有关要求。",
        }
        return ActivityData(**{**words, **fields})

    return make


def save(data, actor, activity=None, key=None):
    return services.save_draft(activity=activity, form_key=key or uuid.uuid4(), data=data, actor=actor)


@pytest.fixture
def submitted(data, secretary):
    return services.submit_activity(activity=save(data(), secretary), actor=secretary)


def test_a_draft_expects_everyone_on_the_roll_of_its_day(data, branch, secretary, members):
    make_member(branch, since=DAY + timedelta(days=1), name="后来者")
    probationary = make_member(branch, member_type=MemberType.PROBATIONARY)
    suspended = make_member(branch, membership_status=MembershipStatus.SUSPENDED)
    draft = save(data(absences={members[0].pk: Absence("leave_sick", "复诊")}), secretary)
    rows = {row.member_id: row for row in draft.attendances.all()}
    assert len(rows) == 8  # four members, secretary, organiser, the probationary and the suspended one
    assert rows[members[0].pk].status == AttendanceStatus.LEAVE
    assert rows[members[1].pk].status == AttendanceStatus.PRESENT
    assert rows[members[1].pk].group_name == "第二党小组"
    assert not rows[probationary.pk].may_vote
    assert not rows[suspended.pk].may_vote


def test_a_committee_meeting_expects_the_committee_and_a_group_meeting_the_group(
    data, secretary, organiser, groups, members
):
    committee = save(data(kinds=(Kind.COMMITTEE_MEETING,)), secretary)
    assert {row.name for row in committee.attendances.all()} == {"陈静怡", "赵启明"}
    group = save(data(kinds=(Kind.GROUP_MEETING,), group=groups[0]), secretary)
    assert {row.member_id for row in group.attendances.all()} == {members[0].pk, members[2].pk}


def test_a_group_meeting_needs_a_group_of_its_branch(data, secretary, other_branch):
    with pytest.raises(ValidationError) as refusal:
        save(data(kinds=(Kind.GROUP_MEETING,)), secretary)
    assert "group" in refusal.value.message_dict
    foreign = make_branch(other_branch, level="group")
    with pytest.raises(ValidationError):
        save(data(kinds=(Kind.GROUP_MEETING,), group=foreign), secretary)


def test_the_same_form_twice_is_one_record(data, secretary):
    key = uuid.uuid4()
    first, second = save(data(), secretary, key=key), save(data(), secretary, key=key)
    assert first == second
    assert Activity.objects.count() == 1
    again = save(data(topic="改了题目"), secretary, key=key)
    assert (again.pk, again.topic) == (first.pk, "改了题目")


def test_the_second_of_two_savers_sees_both_texts_and_nothing_is_overwritten(data, secretary, organiser):
    draft = save(data(), secretary)
    save(data(topic="书记的题目", version=draft.version), secretary, draft)
    with pytest.raises(Conflict) as conflict:
        save(data(topic="组织委员的题目", minutes="另一份纪要", version=draft.version), organiser, draft)
    told = {one.label: (one.theirs, one.mine) for one in conflict.value.fields}
    assert told["主题"] == ("书记的题目", "组织委员的题目")
    assert told["纪要"][1] == "另一份纪要"
    draft.refresh_from_db()
    assert draft.topic == "书记的题目"


def test_saving_again_keeps_the_rows_with_their_sign_ins_and_drops_only_who_is_not_expected(data, secretary, members):
    draft = save(data(), secretary)
    signed = draft.attendances.get(member=members[1])
    signed.signed_at, signed.signed_by = timezone.now(), "qr"
    signed.save()
    before = {row.member_id: row.pk for row in draft.attendances.all()}
    save(data(absences={members[0].pk: Absence("duty")}, version=draft.version), secretary, draft)
    after = {row.member_id: row for row in draft.attendances.all()}
    assert {pk: row.pk for pk, row in after.items()} == before
    assert (after[members[1].pk].signed_at, after[members[1].pk].signed_by) == (signed.signed_at, "qr")
    assert after[members[0].pk].status == AttendanceStatus.OFFICIAL
    draft.refresh_from_db()
    save(data(kinds=(Kind.COMMITTEE_MEETING,), version=draft.version), secretary, draft)
    left = {row.member_id: row.pk for row in draft.attendances.all()}
    assert len(left) == 2
    assert left.items() <= before.items()


def test_saving_without_a_change_makes_nobody_the_last_editor(data, secretary, organiser):
    draft = save(data(recorder=secretary), secretary)
    save(data(recorder=secretary, version=draft.version), organiser, draft)
    draft.refresh_from_db()
    assert (draft.editor, draft.version) == (secretary, 1)


def test_submitting_says_everything_that_is_missing_at_once(data, secretary, members):
    draft = save(data(topic="", minutes="", chair=None, absences={members[0].pk: Absence()}), secretary)
    with pytest.raises(Incomplete) as gaps:
        services.submit_activity(activity=draft, actor=secretary)
    assert set(gaps.value.problems) == {"topic", "minutes", "chair", "absences"}
    assert gaps.value.people == {members[0].pk}
    draft.refresh_from_db()
    assert draft.state == ActivityState.DRAFT


def test_a_lecture_needs_a_lecturer_and_takes_its_hours_from_the_clock(data, secretary):
    lecture = data(kinds=(Kind.THEME_DAY, Kind.PARTY_LECTURE))
    draft = save(lecture, secretary)
    assert str(draft.hours) == "1.5"
    with pytest.raises(Incomplete) as gaps:
        services.submit_activity(activity=draft, actor=secretary)
    assert set(gaps.value.problems) == {"lecturer"}


def test_serials_count_per_branch_year_and_kind(data, secretary):
    first = services.submit_activity(activity=save(data(), secretary), actor=secretary)
    second = services.submit_activity(activity=save(data(day=date(2026, 10, 9)), secretary), actor=secretary)
    last_year = services.submit_activity(activity=save(data(day=date(2025, 10, 9)), secretary), actor=secretary)
    assert [a.serial for a in (first, second, last_year)] == [
        "JG01-2026-ZT-001",
        "JG01-2026-ZT-002",
        "JG01-2025-ZT-001",
    ]
    assert SerialCounter.objects.count() == 2


def test_a_meeting_in_the_future_stays_a_draft(data, secretary):
    draft = save(data(day=date(2026, 11, 23)), secretary)
    with pytest.raises(Incomplete, match="还没有开始"):
        services.submit_activity(activity=draft, actor=secretary)


@pytest.mark.parametrize(
    ("day", "words"), [(date(2014, 12, 31), "成立于2015年1月1日"), (date(2026, 6, 1), "已于2026年5月31日撤销")]
)
def test_a_branch_holds_nothing_before_its_founding_or_after_its_end(data, secretary, branch, day, words):
    Branch.objects.filter(pk=branch.pk).update(dissolved_on=date(2026, 5, 31))
    branch.refresh_from_db()
    with pytest.raises(ValidationError, match=words):
        save(data(day=day, branch=branch), secretary)
    assert not Activity.objects.exists()


def test_a_committee_meeting_below_half_is_not_valid(data, secretary, organiser, publicity):
    committee = data(kinds=(Kind.COMMITTEE_MEETING,))
    absent = {organiser.member.pk: Absence("duty"), publicity.member.pk: Absence("duty")}
    draft = save(ActivityData(**{**committee.__dict__, "absences": absent}), secretary)
    with pytest.raises(Incomplete, match="不足半数"):
        services.submit_activity(activity=draft, actor=secretary)


def test_the_organiser_confirms_what_the_secretary_recorded(submitted, organiser):
    assert who_confirms(submitted) == "组织委员赵启明"
    done = services.confirm_activity(activity=submitted, actor=organiser)
    assert (done.state, done.revision, done.confirmed_by) == (ActivityState.CONFIRMED, 1, organiser)


def test_neither_recorder_nor_last_editor_confirms(submitted, secretary):
    with pytest.raises(ValidationError, match="组织委员赵启明"):
        services.confirm_activity(activity=submitted, actor=secretary)
    submitted.refresh_from_db()
    assert submitted.state == ActivityState.SUBMITTED


def test_without_a_second_officer_the_group_leader_confirms_then_the_office(submitted, organiser, groups, office):
    organiser.appointments.exclude(role=Role.MEMBER).update(ends_on=date(2026, 11, 1))
    assert confirmers_of(submitted) == (ConfirmedBy.OFFICE, {office.pk})
    assert who_confirms(submitted) == "党委办公室"
    leader = make_member(submitted.branch, group=groups[0]).user
    appoint(leader, groups[0], Role.GROUP_LEADER)
    assert confirmers_of(submitted) == (ConfirmedBy.LEADERS, {leader.pk})
    with pytest.raises(ValidationError):
        services.confirm_activity(activity=submitted, actor=office)


def test_a_record_is_confirmed_once(submitted, organiser):
    services.confirm_activity(activity=submitted, actor=organiser)
    with pytest.raises(ValidationError, match="可能已由他人处理"):
        services.confirm_activity(activity=submitted, actor=organiser)


def test_a_return_needs_a_comment_and_keeps_the_time_of_the_first_submission(submitted, data, secretary, organiser):
    with pytest.raises(ValidationError):
        reviewing.return_activity(activity=submitted, comment=" ", actor=organiser)
    first = submitted.submitted_at
    back = reviewing.return_activity(activity=submitted, comment="请补充责任人。", actor=organiser)
    mended = save(data(minutes="补充责任人。", version=back.version), secretary, back)
    assert mended.state == ActivityState.DRAFT
    again = services.submit_activity(activity=mended, actor=secretary)
    assert (again.submitted_at, again.serial) == (first, submitted.serial)


def test_the_office_may_return_what_it_reviews_without_confirming_it(submitted, office):
    with pytest.raises(ValidationError):
        reviewing.return_activity(activity=submitted, comment="请补充。", actor=office)
    back = reviewing.return_activity(activity=submitted, comment="请补充。", actor=office, reviewing=True)
    assert back.state == ActivityState.RETURNED


def test_editing_a_submitted_record_takes_it_back(submitted, data, secretary):
    mine = save(data(topic="新的题目", version=submitted.version), secretary, submitted)
    assert (mine.state, mine.submitted_at, mine.serial) == (ActivityState.DRAFT, None, "JG01-2026-ZT-001")


def test_a_record_once_returned_keeps_its_first_moment_whatever_its_author_mends(submitted, data, secretary, organiser):
    first = submitted.submitted_at
    back = reviewing.return_activity(activity=submitted, comment="请补充。", actor=organiser)
    mended = save(data(topic="补充以后", version=back.version), secretary, back)
    again = services.submit_activity(activity=mended, actor=secretary)
    once_more = save(data(topic="又想到一处", version=again.version), secretary, again)
    assert (once_more.state, once_more.submitted_at) == (ActivityState.DRAFT, first)
    assert services.submit_activity(activity=once_more, actor=secretary).submitted_at == first


def test_a_confirmed_record_is_not_edited(submitted, data, secretary, organiser):
    done = services.confirm_activity(activity=submitted, actor=organiser)
    with pytest.raises(ValidationError, match="更正出席"):
        save(data(topic="新的题目", version=done.version), secretary, done)


def test_confirming_tells_the_higher_room_inside_the_transaction(submitted, organiser):
    def fail(sender, **kwargs):
        raise RuntimeError("no points")

    activity_confirmed.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            services.confirm_activity(activity=submitted, actor=organiser)
    finally:
        activity_confirmed.disconnect(fail)
    submitted.refresh_from_db()
    assert (submitted.state, submitted.revision) == (ActivityState.SUBMITTED, 0)
    assert not AuditEntry.objects.filter(action="activity.confirmed").exists()


@pytest.fixture
def heard():
    told = []

    def hear(sender, **kwargs):
        told.append((kwargs["source_kind"], kwargs["source_id"], kwargs["revision"]))

    activity_corrected.connect(hear)
    yield told
    activity_corrected.disconnect(hear)


def test_a_correction_is_a_new_revision_told_to_the_ledger(submitted, organiser, members, heard):
    done = services.confirm_activity(activity=submitted, actor=organiser)
    changes = {members[0].pk: Absence("unexcused"), members[1].pk: None}
    reviewing.correct_activity(activity=done, people=changes, reason="签到表核对", actor=organiser)
    row = Attendance.objects.get(activity=done, member=members[0])
    assert row.status == AttendanceStatus.UNEXCUSED
    assert heard == [("activity", done.pk, 2)]
    line = AuditEntry.objects.get(action="activity.corrected")
    assert line.changes == {members[0].user.name: ["到会", "无故缺席"], "更正原因": ["", "签到表核对"]}


@pytest.mark.parametrize("case", ["no reason", "nothing", "own row", "draft"])
def test_corrections_that_are_refused_tell_nobody(case, submitted, organiser, members, heard):
    done = submitted if case == "draft" else services.confirm_activity(activity=submitted, actor=organiser)
    who = organiser.member.pk if case == "own row" else members[0].pk
    changes = {who: None if case == "nothing" else Absence("duty")}
    with pytest.raises(ValidationError):
        reviewing.correct_activity(
            activity=done, people=changes, reason="" if case == "no reason" else "核对", actor=organiser
        )
    assert heard == []
    assert not done.attendances.exclude(status=AttendanceStatus.PRESENT).exists()


def test_only_a_draft_that_was_never_handed_in_is_deleted(data, secretary, submitted):
    services.delete_draft(activity=save(data(), secretary), actor=secretary)
    with pytest.raises(ValidationError, match="不能删除"):
        services.delete_draft(activity=submitted, actor=secretary)
    assert list(Activity.objects.all()) == [submitted]


def test_the_trail_never_holds_a_reason_of_absence(data, secretary, members):
    draft = save(data(), secretary)
    save(data(absences={members[0].pk: Absence("leave_sick")}, version=draft.version), secretary, draft)
    assert "病" not in str(list(AuditEntry.objects.values_list("changes", flat=True)))


def test_the_cell_follows_the_record(data, branch, secretary, organiser, members):
    plan_year(branches=[branch], year=2026)
    item = PlanItem.objects.get(branch=branch, kind=Kind.THEME_DAY, start=date(2026, 11, 1))

    def state():
        item.refresh_from_db()
        return item.state

    draft = save(data(), secretary)
    assert state() == PlanState.DRAFT
    handed_in = services.submit_activity(activity=draft, actor=secretary)
    assert (state(), item.activity, item.late) == (PlanState.SUBMITTED, handed_in, False)
    reviewing.return_activity(activity=handed_in, comment="请补充。", actor=organiser)
    assert state() == PlanState.RETURNED
    handed_in.refresh_from_db()
    mended = save(data(minutes="补充。", version=handed_in.version), secretary, handed_in)
    assert state() == PlanState.RETURNED
    services.confirm_activity(activity=services.submit_activity(activity=mended, actor=secretary), actor=organiser)
    assert (state(), item.count, item.done_on) == (PlanState.CONFIRMED, 1, DAY)
    month = ActivityMonth.objects.get(branch=branch, month=date(2026, 11, 1), kind=Kind.THEME_DAY)
    assert (month.required, month.done, month.held, month.expected, month.present) == (1, 1, 1, 6, 6)


def test_moving_a_draft_to_another_month_frees_the_old_cell(data, branch, secretary, members):
    plan_year(branches=[branch], year=2026)
    draft = save(data(), secretary)
    save(data(day=date(2026, 10, 14), version=draft.version), secretary, draft)
    states = dict(PlanItem.objects.filter(kind=Kind.THEME_DAY, start__month__gte=10).values_list("start", "state"))
    assert states[date(2026, 10, 1)] == PlanState.DRAFT
    assert states[date(2026, 11, 1)] == PlanState.OPEN


def test_a_record_late_for_its_period_says_so(data, branch, secretary, organiser, members):
    plan_year(branches=[branch], year=2026)
    late = services.submit_activity(activity=save(data(day=date(2026, 10, 14)), secretary), actor=secretary)
    assert late.backfilled
    services.confirm_activity(activity=late, actor=organiser)
    item = PlanItem.objects.get(kind=Kind.THEME_DAY, start=date(2026, 10, 1))
    assert (item.state, item.late) == (PlanState.CONFIRMED, True)
    assert ActivityMonth.objects.get(month=date(2026, 10, 1), kind=Kind.THEME_DAY).late == 1
    assert timezone.localdate() == date(2026, 11, 22)
