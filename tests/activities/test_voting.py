"""Motions of a meeting: who counts, what is refused, and what keeps a record from being handed in."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.urls import reverse
from django.utils import timezone

from activities import services
from activities.choices import ActivityState, Kind
from activities.models import Activity, Attendance, Motion, Session
from activities.records import photos
from activities.votes import summary as vote_summary
from activities.votes import voting
from activities.votes.voting import MotionData
from branches.choices import BranchKind, BranchLevel
from branches.models import AuditEntry
from tests import factories


@pytest.fixture
def roll(branch):
    """31 full members and one probationer, none of them an officer."""
    people = [factories.make_member(branch, name=f"党员{n}") for n in range(31)]
    return [*people, factories.make_member(branch, name="预备", member_type="probationary")]


@pytest.fixture
def meeting(branch, roll, secretary, organiser):
    """A general meeting of the roll above; seven are absent, so 24 of 31 may vote."""
    return make_meeting(branch, roll, secretary, absent=tuple(roll[:7]))


def make_meeting(branch, people, recorder, absent=(), kinds=(Kind.GENERAL_MEETING,), **fields):
    return factories.make_activity(
        branch, kinds=kinds, members=people, absent=absent, recorder=recorder, chair=recorder, **fields
    )


ADMISSION = {
    "kind": "admission",
    "text": "接收为中共预备党员",
    "subject": "孙一",
    "method": "secret",
    "issued": 24,
    "returned": 23,
    "yes": 20,
    "no": 1,
    "abstain": 1,
    "invalid": 1,
}


def save(meeting, actor, motion=None, **changes):
    more = {name: changes.pop(name) for name in ("form_key", "version") if name in changes}
    return voting.save_motion(
        activity=meeting, data=MotionData(**(ADMISSION | changes)), actor=actor, motion=motion, **more
    )


def test_probationers_never_count_and_the_absent_only_as_those_who_should_attend(meeting, secretary):
    motion = save(meeting, secretary)
    assert (motion.eligible, motion.present_voting, motion.result) == (31, 24, "passed")


@pytest.mark.parametrize(("yes", "result"), [(16, "passed"), (15, "failed")])
def test_an_admission_passes_with_more_than_half_of_those_who_should_attend(meeting, secretary, yes, result):
    assert save(meeting, secretary, yes=yes, no=21 - yes).result == result


def test_an_excluded_member_leaves_the_denominator_once_the_meeting_adopted_it(meeting, roll, secretary):
    def exclude(member, reason, adopted):
        voting.save_exclusion(
            activity=meeting, member_id=member.pk, reason=reason, consent="批字1号", adopted=adopted, actor=secretary
        )
        return voting.voters_of(meeting, "resolution").eligible

    assert exclude(roll[0], "frail", adopted=False) == 31
    assert exclude(roll[1], "frail", adopted=True) == 30
    assert exclude(roll[2], "retired_away", adopted=True) == 29
    assert voting.voters_of(meeting, "admission").eligible == 30  # the sixth reason does not hold for admissions
    assert voting.voters_of(meeting, "election").eligible == 29


@pytest.mark.parametrize(
    ("member", "consent", "said"), [(10, "批字1号", "已到会"), (31, "批字1号", "有表决权"), (0, " ", "上级党组织同意")]
)
def test_an_exclusion_is_of_somebody_who_stayed_away_with_consent(meeting, roll, secretary, member, consent, said):
    with pytest.raises(ValidationError, match=said):
        voting.save_exclusion(
            activity=meeting,
            member_id=roll[member].pk,
            reason="frail",
            consent=consent,
            adopted=True,
            actor=secretary,
        )


def test_the_trail_never_says_why_somebody_was_excluded(meeting, roll, secretary):
    voting.save_exclusion(
        activity=meeting, member_id=roll[0].pk, reason="incapable", consent="x", adopted=True, actor=secretary
    )
    line = AuditEntry.objects.get(action="exclusion.added")
    assert "精神" not in str(line.changes)
    assert "incapable" not in str(line.changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"yes": 19}, "与收回的23票不符"),
        ({"issued": 25}, "多于到会有表决权的24人"),
        ({"method": "open"}, "无记名"),
        ({"subject": ""}, "表决对象"),
        ({"text": " "}, "请填写议题"),
        ({"kind": "resolution", "written_yes": 1}, "不计书面意见"),
        ({"written_yes": 8}, "多于没有到会的7人"),
        ({"kind": "election"}, "不能表决这类事项"),
    ],
)
def test_what_cannot_be_is_refused(meeting, secretary, changes, said):
    with pytest.raises(ValidationError, match=said):
        save(meeting, secretary, **changes)
    assert not Motion.objects.exists()


def test_a_void_vote_is_kept_but_not_handed_in(meeting, secretary):
    motion = save(meeting, secretary, returned=25, yes=22)
    assert motion.result == "void"
    assert "多于发出" in vote_summary.gaps(meeting)["votes"]
    assert "接收为中共预备党员（孙一）" in vote_summary.gaps(meeting)["votes"]
    with pytest.raises(ValidationError) as error:
        services.submit_activity(activity=meeting, actor=secretary)
    assert "votes" in error.value.message_dict


def test_a_motion_without_its_count_keeps_the_record_a_draft(meeting, secretary):
    save(meeting, secretary, issued=0, returned=0, yes=0, no=0, abstain=0, invalid=0)
    assert "还没有填写票数" in vote_summary.gaps(meeting)["votes"]


def test_without_a_quorum_there_is_no_vote(branch, roll, secretary):
    meeting = make_meeting(branch, roll, secretary, absent=tuple(roll[:16]))
    motion = save(meeting, secretary, issued=15, returned=15, yes=15, no=0, abstain=0, invalid=0)
    assert motion.result == "void"
    meeting = make_meeting(branch, roll, secretary, absent=tuple(roll[:15]))
    assert save(meeting, secretary, issued=16, returned=16, yes=16, no=0, abstain=0, invalid=0).result == "passed"


def test_the_voters_follow_the_attendance_until_the_record_is_handed_in(meeting, roll, secretary):
    motion = save(meeting, secretary)
    row = meeting.attendances.get(member=roll[0])
    row.status, row.reason = "present", ""
    row.save()
    assert voting.outcome_of(Motion.objects.get()).quorum == 16
    services.submit_activity(activity=meeting, actor=secretary)
    motion.refresh_from_db()
    assert (motion.eligible, motion.present_voting) == (31, 25)
    meeting.attendances.filter(member__in=roll[10:20]).update(status="leave", reason="leave_sick")
    motion = Motion.objects.select_related("activity").get()
    assert voting.outcome_of(motion).result == "passed"
    with pytest.raises(ValidationError, match="已提交"):
        save(meeting, secretary, motion=motion)
    with pytest.raises(ValidationError, match="已提交"):
        voting.delete_motion(motion=motion, actor=secretary)


def test_whoever_entered_a_vote_does_not_confirm_the_record(meeting, secretary, organiser):
    save(meeting, organiser)
    services.submit_activity(activity=meeting, actor=secretary)
    with pytest.raises(ValidationError, match="不能确认"):
        services.confirm_activity(activity=meeting, actor=organiser)


def test_the_same_form_twice_makes_one_motion_and_two_people_do_not_overwrite_each_other(meeting, secretary):
    key = uuid.uuid4()
    first = save(meeting, secretary, form_key=key)
    assert save(meeting, secretary, form_key=key) == first
    save(meeting, secretary, motion=first, version=1, yes=19, no=2)
    with pytest.raises(ValidationError, match="刚被他人修改"):
        save(meeting, secretary, motion=first, version=1)


def test_a_group_decides_nothing_and_a_committee_no_admissions(branch, groups, roll, secretary):
    meeting = make_meeting(branch, roll, secretary, kinds=(Kind.GROUP_MEETING,), group=groups[0])
    with pytest.raises(ValidationError, match="党小组会不作决定"):
        save(meeting, secretary)
    meeting = make_meeting(branch, roll[:5], secretary, kinds=(Kind.COMMITTEE_MEETING,))
    with pytest.raises(ValidationError, match="由支部党员大会表决"):
        save(meeting, secretary)
    hands = {"issued": 0, "returned": 0, "invalid": 0, "abstain": 0, "subject": ""}
    motion = save(meeting, secretary, kind="resolution", method="show_of_hands", yes=3, no=2, **hands)
    assert motion.result == "passed"


def test_held_once_a_motion_has_no_sitting_of_another_meeting(meeting, branch, roll, secretary):
    other = make_meeting(branch, roll, secretary, topic="另一次会议")
    elsewhere = Session.objects.create(activity=other, number=1, starts_at=other.starts_at)
    for session_id in (elsewhere.pk, elsewhere.pk + 1000):
        with pytest.raises(ValidationError, match="这次会议没有分场") as refused:
            save(meeting, secretary, session_id=session_id)
        assert set(refused.value.message_dict) == {"session"}


def test_of_several_sittings_a_motion_counts_the_people_of_its_own(meeting, roll, secretary):
    first, second = (
        Session.objects.create(activity=meeting, number=n, starts_at=factories.at(meeting.starts_at.date(), 9 + n))
        for n in (1, 2)
    )
    meeting.attendances.filter(member__in=roll[7:25]).update(session=first)
    meeting.attendances.filter(member__in=roll[25:]).update(session=second)
    with pytest.raises(ValidationError, match="请选择表决的场次"):
        save(meeting, secretary)
    motion = save(meeting, secretary, session_id=first.pk, issued=18, returned=18, yes=18, no=0, abstain=0, invalid=0)
    assert (motion.eligible, motion.present_voting, motion.result) == (31, 18, "passed")
    short = save(meeting, secretary, session_id=second.pk, issued=6, returned=6, yes=6, no=0, abstain=0, invalid=0)
    assert short.result == "void"
    try:
        photos.delete_draft_with_photos(activity=meeting, actor=secretary)
    except ProtectedError:  # pragma: no cover
        pytest.fail("a draft with votes must be removable")


def test_the_printed_lines_say_what_the_form_says(meeting, secretary):
    save(meeting, secretary)
    hands = {"issued": 0, "returned": 0, "invalid": 0, "abstain": 0, "subject": ""}
    save(meeting, secretary, kind="resolution", text="通过计划", method="show_of_hands", yes=24, no=0, **hands)
    assert vote_summary.vote_rows(meeting) == [
        ("接收为中共预备党员（孙一）", "无记名投票", "24", "23", "22", "20", "1", "1", "", "通过"),
        ("通过计划", "举手表决", "", "", "", "24", "0", "0", "", "通过"),
    ]


POSTED = {name: str(value) for name, value in ADMISSION.items()} | {"form_key": "", "version": ""}


def test_the_page_says_at_once_what_a_count_comes_to(meeting, secretary, as_user):
    client, url = as_user(secretary), reverse("activities:motion_create", args=[meeting.pk])
    text = client.get(url).content.decode()
    assert "31人" in text
    answer = client.post(url, POSTED | {"yes": "19"}, headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert "与收回的23票不符" in answer.content.decode()
    assert "法定人数" in client.post(url, POSTED | {"action": "check"}).content.decode()
    assert not Motion.objects.exists()
    refused = client.post(url, POSTED | {"yes": "19"})
    assert refused.status_code == 422
    assert "与收回的23票不符" in refused.content.decode()
    assert client.post(url, POSTED).status_code == 302
    assert Motion.objects.get().result == "passed"
    page = client.get(reverse("activities:votes", args=[meeting.pk])).content.decode()
    assert "接收为中共预备党员（孙一）" in page


def test_a_void_vote_is_kept_but_not_praised(meeting, roll, secretary, as_user):
    Attendance.objects.filter(activity=meeting, member__in=roll[:16]).update(status="leave")
    client = as_user(secretary)
    answer = client.post(
        reverse("activities:motion_create", args=[meeting.pk]),
        POSTED | {"issued": "15", "returned": "15", "yes": "14", "no": "0", "abstain": "0", "invalid": "1"},
        follow=True,
    )
    assert Motion.objects.get().result == "void"
    assert "表决已保存，但无效，不能提交" in answer.text


def test_before_the_meeting_nobody_is_present(meeting, secretary, as_user):
    url = reverse("activities:votes", args=[meeting.pk])
    assert "到会24人" in as_user(secretary).get(url).text
    Activity.objects.filter(pk=meeting.pk).update(starts_at=timezone.now() + timedelta(days=1), ends_at=None)
    assert "会议还没有召开" in as_user(secretary).get(url).text


def test_a_member_reads_the_result_but_not_who_was_excluded(meeting, roll, secretary, organiser, as_user):
    save(meeting, secretary)
    voting.save_exclusion(
        activity=meeting, member_id=roll[0].pk, reason="frail", consent="批字1号", adopted=True, actor=secretary
    )
    services.submit_activity(activity=meeting, actor=secretary)
    services.confirm_activity(activity=meeting, actor=organiser)
    text = as_user(roll[9].user).get(reverse("activities:activity_detail", args=[meeting.pk])).content.decode()
    assert "接收为中共预备党员" in text
    assert "批字1号" not in text
    assert "老体弱" not in text


def test_a_record_that_was_handed_in_sends_its_voters_forms_back(meeting, secretary, as_user):
    motion = save(meeting, secretary)
    type(meeting).objects.filter(pk=meeting.pk).update(state=ActivityState.SUBMITTED, serial="X-1")
    client = as_user(secretary)
    for name, pk in (("motion_edit", motion.pk), ("motion_create", meeting.pk), ("exclusion_create", meeting.pk)):
        assert client.post(reverse(f"activities:{name}", args=[pk]), POSTED).status_code == 302
    assert client.post(reverse("activities:motion_delete", args=[motion.pk])).status_code == 422


def test_a_temporary_branch_is_told_that_it_hardly_admits_anybody(hospital, secretary):
    node = factories.make_branch(hospital, kind=BranchKind.TEMPORARY, level=BranchLevel.BRANCH)
    meeting = make_meeting(node, [factories.make_member(node)], secretary)
    assert "一般不接收" in voting.warnings_of(meeting, ["admission"])[0]
    assert voting.warnings_of(meeting, ["resolution"]) == []
