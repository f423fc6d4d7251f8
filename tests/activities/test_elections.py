"""Elections: names, counts, rounds, and what a confirmed and approved one brings about."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from activities import services
from activities.attendance.people import expected_people
from activities.choices import Kind
from activities.models import Election
from activities.votes import elected, elections
from activities.votes import summary as vote_summary
from activities.votes.elections import CountData, ElectionData
from branches import terms
from branches.choices import BranchKind, Role
from branches.models import Appointment, AuditEntry, Notice, Term
from tests import factories

DAY = date(2026, 11, 11)
NAMES = ["赵一", "王二", "李三", "陈四", "丁五", "马六", "黄七"]


@pytest.fixture
def roll(branch):
    """Seven who may be elected and 17 others: 24 voters, of whom 24 come."""
    named = [factories.make_member(branch, name=name) for name in NAMES]
    return [*named, *(factories.make_member(branch) for _ in range(17))]


@pytest.fixture
def meeting(branch, roll):
    """The secretary and the organiser of the old committee are not of the roll here: they record and confirm."""
    writer = factories.UserFactory(name="老书记")
    factories.appoint(writer, branch, Role.BRANCH_SECRETARY)
    checker = factories.UserFactory(name="老组织")
    factories.appoint(checker, branch, Role.ORGANISATION_MEMBER)
    return factories.make_activity(
        branch, kinds=(Kind.GENERAL_MEETING,), day=DAY, members=roll, recorder=writer, chair=writer
    )


def set_up(meeting, roll, names=4, election=None, **changes):
    posts = {roll[0].user_id: "organisation_member", roll[1].user_id: "publicity_member"}
    candidates = {row.user_id: posts.get(row.user_id, "") for row in roll[:names]}
    data = {"body": "committee", "seats": 3, "candidates": candidates, "term_from": DAY} | changes
    return elections.save_election(
        activity=meeting, data=ElectionData(**data), actor=meeting.recorder, election=election
    )


def count(election, yes, issued=24, returned=24, invalid=0, written=None, **more):
    """`yes` by name; everybody else crossed them out."""
    valid = returned - invalid
    votes = {row.pk: (yes[row.name], valid - yes[row.name], 0) for row in election.candidates.filter(write_in=False)}
    data = CountData(issued, returned, invalid, votes, written or {}, **({"scrutineers": "监", "tellers": "计"} | more))
    return elections.count_election(election=election, data=data, actor=election.activity.recorder)


def hand_in(meeting):
    services.submit_activity(activity=meeting, actor=meeting.recorder)
    checker = Appointment.objects.get(branch=meeting.branch, role=Role.ORGANISATION_MEMBER, user__name="老组织").user
    services.confirm_activity(activity=meeting, actor=checker)
    meeting.refresh_from_db()


GOOD = {"赵一": 22, "王二": 20, "李三": 15, "陈四": 5}


def test_names_stand_in_the_order_of_strokes_and_must_be_a_fifth_more_than_seats(meeting, roll):
    election = set_up(meeting, roll)
    assert [row.name for row in election.candidates.all()] == ["王二", "李三", "陈四", "赵一"]
    with pytest.raises(ValidationError, match="至少4名"):
        set_up(meeting, roll, names=3)
    with pytest.raises(ValidationError, match="至少4名"):
        set_up(meeting, roll, names=3, by_election=True, term_from=None)
    with pytest.raises(ValidationError, match="等额"):
        set_up(meeting, roll, names=2, body="secretary", seats=1)


def test_probationers_and_the_suspended_stand_for_nothing(meeting, roll):
    meeting.attendances.filter(member=roll[3]).update(may_vote=False)
    with pytest.raises(ValidationError, match="没有被选举权"):
        set_up(meeting, roll)
    assert roll[3].user_id not in {row.member.user_id for row in elections.electable(meeting)}


def test_a_count_names_the_winners(meeting, roll):
    election, found = count(set_up(meeting, roll), GOOD)
    assert (found.result, found.left) == ("passed", 0)
    assert (election.eligible, election.present_voting) == (24, 24)
    assert [row.name for row in elected.winners(election)] == ["王二", "李三", "赵一"]
    assert vote_summary.gaps(meeting) == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issued": 25, "returned": 24}, "多于到会有选举权的24人"),
        ({"tellers": "赵一"}, "候选人不能担任"),
    ],
)
def test_a_count_that_cannot_be_is_refused(meeting, roll, changes, said):
    with pytest.raises(ValidationError, match=said):
        count(set_up(meeting, roll), GOOD, **changes)


def test_a_void_election_is_told_and_not_handed_in(meeting, roll):
    election, found = count(set_up(meeting, roll), GOOD, returned=25)
    assert found.result == "void"
    assert elected.winners(election) == []
    assert "须重新投票" in vote_summary.gaps(meeting)["votes"]


def test_four_fifths_must_be_there(meeting, roll):
    election = set_up(meeting, roll)
    meeting.attendances.filter(member__in=roll[19:]).update(status="leave", reason="leave_sick")
    assert elections.outcome_of(Election.objects.get(pk=election.pk)).result == "void"  # 19 of 24: 20 are needed
    meeting.attendances.filter(member=roll[19]).update(status="present", reason="")
    assert elections.outcome_of(Election.objects.get(pk=election.pk)).result is None


def test_whose_half_elects_is_a_setting(meeting, roll, settings):
    meeting.attendances.filter(member__in=roll[20:]).update(status="leave", reason="leave_sick")
    yes = {"赵一": 20, "王二": 20, "李三": 12, "陈四": 8}
    _, found = count(set_up(meeting, roll), yes, issued=20, returned=20)
    assert (found.needed, found.left) == (11, 0)
    settings.ELECTION_PASS_BASE = "should_attend"
    _, found = count(set_up(meeting, roll), yes, issued=20, returned=20)
    assert (found.needed, found.left) == (13, 1)


def test_a_tie_is_voted_on_again_among_the_tied_and_only_once(meeting, roll):
    election, found = count(set_up(meeting, roll), {"赵一": 24, "王二": 18, "李三": 15, "陈四": 15})
    assert found.left == 1
    assert "还有1名没有选出" in vote_summary.gaps(meeting)["votes"]
    again = elections.next_round(election=election, actor=meeting.recorder)
    assert elections.next_round(election=election, actor=meeting.recorder) == again
    assert (again.seats, [row.name for row in again.candidates.all()]) == (1, ["李三", "陈四"])
    with pytest.raises(ValidationError, match="已进行下一轮"):
        count(election, GOOD)
    count(again, {"李三": 14, "陈四": 10})
    assert [row.name for row in elected.winners(election)] == ["王二", "赵一", "李三"]
    assert vote_summary.gaps(meeting) == {}
    with pytest.raises(ValidationError, match="后一轮"):
        elections.delete_election(election=election, actor=meeting.recorder)
    elections.delete_election(election=again, actor=meeting.recorder)


def test_too_few_winners_are_voted_again_or_the_seats_are_fewer(meeting, roll):
    few = {"赵一": 24, "王二": 18, "李三": 12, "陈四": 12}
    election, found = count(set_up(meeting, roll), few)
    assert found.left == 1
    assert found.tied == ()
    count(Election.objects.get(pk=election.pk), few, fewer_seats=True)
    assert vote_summary.gaps(meeting) == {}


def test_somebody_not_on_the_ballot_can_be_written_in_and_elected(meeting, roll):
    election = set_up(meeting, roll)
    _, found = count(election, {"赵一": 22, "王二": 20, "李三": 5, "陈四": 5}, written={roll[4].user_id: 14})
    assert found.left == 0
    assert "丁五" in [row.name for row in elected.winners(election)]
    with pytest.raises(ValidationError, match="候选人以外"):
        count(Election.objects.get(pk=election.pk), GOOD, written={roll[0].user_id: 14})


def test_a_temporary_branch_never_elects(hospital, roll):
    node = factories.make_branch(hospital, kind=BranchKind.TEMPORARY)
    meeting = factories.make_activity(node, kinds=(Kind.GENERAL_MEETING,), members=roll)
    with pytest.raises(ValidationError, match="指派"):
        set_up(meeting, roll)


def test_a_confirmed_and_approved_election_writes_posts_and_term(meeting, roll, branch):
    old = factories.appoint(roll[6].user, branch, Role.PUBLICITY_MEMBER)
    terms.enter_term(
        branch=branch, number=3, starts_on=date(2023, 11, 11), ends_on=date(2026, 11, 10), document="", actor=None
    )
    election, _ = count(set_up(meeting, roll, approval="江医党〔2026〕9号"), GOOD)
    hand_in(meeting)
    election.refresh_from_db()
    assert election.applied_at is not None
    held = {
        (post.user.name, post.role): post.starts_on
        for post in Appointment.objects.current(DAY).filter(branch=branch).exclude(role=Role.MEMBER)
    }
    assert held.pop(("老书记", Role.BRANCH_SECRETARY))  # stays until the new committee elects one
    assert held == {("赵一", Role.ORGANISATION_MEMBER): DAY, ("王二", Role.PUBLICITY_MEMBER): DAY}
    old.refresh_from_db()
    assert old.ends_on == DAY
    term = terms.current_term(branch, DAY)
    assert (term.number, term.starts_on, term.ends_on) == (4, DAY, date(2029, 11, 10))
    assert AuditEntry.objects.filter(action="election.applied", target_id=election.pk).exists()
    assert AuditEntry.objects.filter(action="post.appointed").count() == 2
    elected.write_elections(meeting, meeting.recorder)  # again: nothing changes
    assert Term.objects.count() == 2


def test_without_the_approval_nothing_is_written_until_the_office_enters_it(meeting, roll, branch, office):
    count(set_up(meeting, roll), GOOD)
    hand_in(meeting)
    election = Election.objects.get()
    assert election.applied_at is None
    assert Notice.objects.get(recipient=office).topic == "term"
    with pytest.raises(ValidationError, match="党委办公室"):
        elected.approve_election(election=election, approval="x", actor=meeting.recorder)
    with pytest.raises(ValidationError, match="批复文号"):
        elected.approve_election(election=election, approval=" ", actor=office)
    elected.approve_election(election=election, approval="江医党〔2026〕9号", actor=office)
    assert terms.current_term(branch, DAY).document == "江医党〔2026〕9号"


def test_the_new_committee_meets_as_elected_and_elects_its_secretary(meeting, roll, branch, office):
    count(set_up(meeting, roll, approval="批1"), GOOD)
    hand_in(meeting)
    people = {person.name for person in expected_people(branch=branch, kind=Kind.COMMITTEE_MEETING, day=DAY)}
    assert people == {"赵一", "王二", "李三"}
    committee = factories.make_activity(
        branch,
        kinds=(Kind.COMMITTEE_MEETING,),
        day=DAY + timedelta(days=1),
        members=roll[:3],
        recorder=roll[1].user,
        chair=roll[2].user,
    )
    with pytest.raises(ValidationError, match="由支部党员大会选举"):
        set_up(committee, roll)
    data = ElectionData(body="secretary", seats=1, candidates={roll[2].user_id: ""}, approval="批2")
    election = elections.save_election(activity=committee, data=data, actor=roll[1].user)
    count(election, {"李三": 3}, issued=3, returned=3)
    services.submit_activity(activity=committee, actor=roll[1].user)
    services.confirm_activity(activity=committee, actor=roll[0].user)
    now = Appointment.objects.current(DAY + timedelta(days=1)).filter(branch=branch, role=Role.BRANCH_SECRETARY)
    assert [post.user.name for post in now] == ["李三"]
    assert Term.objects.count() == 1


def test_an_early_or_late_election_needs_its_approval(meeting, roll, branch):
    terms.enter_term(
        branch=branch, number=3, starts_on=date(2024, 6, 1), ends_on=date(2027, 5, 31), document="", actor=None
    )
    with pytest.raises(ValidationError, match="提前换届须经上级"):
        set_up(meeting, roll)
    assert set_up(meeting, roll, approval="批1")
    Term.objects.update(starts_on=date(2022, 6, 1), ends_on=date(2025, 5, 31))
    with pytest.raises(ValidationError, match="超过1年"):
        set_up(meeting, roll, approval="批1")


def test_the_new_term_is_no_longer_than_the_rules_and_begins_no_earlier_than_the_meeting(meeting, roll):
    with pytest.raises(ValidationError, match="不能早于会议日期"):
        set_up(meeting, roll, term_from=DAY - timedelta(days=1))
    with pytest.raises(ValidationError, match="最晚到"):
        set_up(meeting, roll, term_to=date(2029, 11, 11))
    assert set_up(meeting, roll, term_to=date(2029, 11, 10))


def posted(election, yes):
    fields = {"version": str(election.version), "issued": "24", "returned": "24", "invalid": "", "tellers": "计"}
    for row in election.candidates.all():
        fields[f"yes-{row.pk}"], fields[f"no-{row.pk}"] = str(yes[row.name]), str(24 - yes[row.name])
    return fields


def test_an_election_is_set_up_counted_and_printed_on_its_pages(meeting, roll, as_user):
    client = as_user(meeting.recorder)
    url = reverse("activities:election_create", args=[meeting.pk])
    assert "赵一" in client.get(url).content.decode()
    fields = {"body": "committee", "seats": "3", "term_from": "2026-11-11", "form_key": "", "version": ""}
    few = client.post(url, fields | {"candidate": [str(row.user_id) for row in roll[:3]]})
    assert few.status_code == 422
    assert "至少4名" in few.content.decode()
    assert client.post(url, fields | {"candidate": [str(row.user_id) for row in roll[:4]]}).status_code == 302
    election = Election.objects.get()
    count_url = reverse("activities:election_count", args=[election.pk])
    assert client.get(count_url).status_code == 200
    answer = client.post(count_url, posted(election, GOOD), headers={"HX-Request": "true"}).content.decode()
    assert "王二、李三" in answer or "赵一、王二、李三" in answer
    assert client.post(count_url, posted(election, GOOD) | {"invalid": "1"}).status_code == 422
    assert client.post(count_url, posted(election, GOOD)).status_code == 302
    ballots = client.get(reverse("activities:election_ballot", args=[election.pk]) + "?n=2").content.decode()
    assert ballots.count('class="ballot"') == 2
    assert ballots.index("<span>王</span>") < ballots.index("<span>李</span>") < ballots.index("<span>赵</span>")
    assert "编号" not in ballots.split('class="ballot"')[1]
    assert "监票人签字" in client.get(reverse("activities:election_sheet", args=[election.pk])).content.decode()


def test_the_office_enters_the_approval_on_the_page_of_the_record(meeting, roll, branch, office, as_user):
    count(set_up(meeting, roll), GOOD)
    hand_in(meeting)
    client = as_user(office)
    page = client.get(reverse("activities:activity_detail", args=[meeting.pk])).content.decode()
    assert "等待上级批复" in page
    url = reverse("activities:election_approve", args=[Election.objects.get().pk])
    assert client.post(url, {"approval": "批1"}).status_code == 302
    assert terms.current_term(branch, DAY) is not None
    assert "选举不能再改" in client.get(reverse("activities:activity_detail", args=[meeting.pk])).content.decode()
