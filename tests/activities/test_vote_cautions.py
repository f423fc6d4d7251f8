"""What the pages of votes, elections and appointments say, though they forbid nothing."""

from datetime import date

import pytest
from django.urls import reverse

from activities.choices import ActivityState, Kind, MotionKind, VoteResult
from activities.models import Election, Motion
from activities.votes.cautions import election_cautions, motion_cautions
from activities.votes.quorum import is_resubmitted_early
from branches.choices import Role
from branches.models import Branch
from members.officers import panels
from members.rules import is_new_to_lead, months_later
from tests import factories

DAY = date(2026, 11, 11)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 6, 30), 6, date(2026, 12, 30)),
        (date(2026, 1, 31), 11, date(2026, 12, 31)),
    ],
)
def test_months_end_on_the_same_day_or_on_the_last(day, months, later):
    assert months_later(day, months) == later


@pytest.mark.parametrize(
    ("on", "early"), [(date(2026, 5, 10), False), (date(2026, 5, 11), True), (date(2026, 11, 10), True), (DAY, False)]
)
def test_an_admission_voted_down_rests_six_months(on, early):
    assert is_resubmitted_early(date(2026, 5, 11), on) is early


@pytest.mark.parametrize(("confirmed", "new"), [(date(2025, 11, 11), False), (date(2025, 11, 12), True), (None, True)])
def test_who_leads_a_branch_has_been_a_full_member_for_a_year(confirmed, new):
    assert is_new_to_lead(confirmed, DAY) is new


@pytest.fixture
def meeting(branch, secretary):
    people = [factories.make_member(branch, name=f"党员{n}") for n in range(9)]
    return factories.make_activity(
        branch, kinds=(Kind.GENERAL_MEETING,), day=DAY, members=people, recorder=secretary, chair=secretary
    )


def voted_down(branch, day, subject="孙一", result=VoteResult.FAILED, state=ActivityState.CONFIRMED):
    earlier = factories.make_activity(branch, kinds=(Kind.GENERAL_MEETING,), day=day, state=state)
    return Motion.objects.create(
        activity=earlier,
        number=1,
        kind=MotionKind.ADMISSION,
        text="接收",
        subject=subject,
        method="secret",
        result=result,
    )


def said(meeting, subject="孙一", kind="admission"):
    return motion_cautions(meeting, [(kind, subject)])


@pytest.mark.parametrize(("day", "lines"), [(date(2026, 5, 12), 1), (date(2026, 5, 11), 0)])
def test_the_form_says_that_an_applicant_was_rejected_within_six_months(meeting, branch, day, lines):
    voted_down(branch, day)
    assert len(said(meeting)) == lines
    if lines:
        assert said(meeting, " 孙 一") == [
            "孙一在2026年5月12日的支部党员大会上没有通过，一般须满6个月，2026年11月12日起再提交讨论，请核对。"
        ]


def test_nothing_is_said_of_others_of_what_passed_or_was_never_handed_in(meeting, branch, other_branch):
    voted_down(branch, date(2026, 9, 1), result=VoteResult.VOID)
    voted_down(branch, date(2026, 9, 2), subject="钱二")
    voted_down(branch, date(2026, 9, 3), state=ActivityState.DRAFT)
    voted_down(other_branch, date(2026, 9, 4))
    assert said(meeting) == []
    voted_down(branch, date(2026, 9, 5))
    assert said(meeting, kind="resolution") == []
    assert len(said(meeting)) == 1


def test_the_caution_stands_beside_the_motion_and_lets_it_be_saved(meeting, branch, secretary, as_user):
    voted_down(branch, date(2026, 9, 5))
    client = as_user(secretary)
    typed = {"kind": "admission", "method": "secret", "text": "接收预备党员", "subject": "孙一"}
    create = reverse("activities:motion_create", args=[meeting.pk])
    assert "没有通过，一般须满6个月" in client.post(create, {**typed, "action": "check"}).content.decode()
    assert client.post(create, typed).status_code == 302
    assert "没有通过，一般须满6个月" in client.get(reverse("activities:votes", args=[meeting.pk])).content.decode()
    edit = reverse("activities:motion_edit", args=[Motion.objects.get(activity=meeting).pk])
    assert "没有通过，一般须满6个月" in client.get(edit).content.decode()


def make_new(branch, confirmed=date(2025, 11, 12)):
    return factories.make_member(branch, name="新正式", joined_on=date(2024, 11, 1), confirmed_on=confirmed)


@pytest.mark.parametrize(("confirmed", "lines"), [(date(2025, 11, 12), 1), (date(2025, 11, 11), 0)])
def test_a_candidate_for_secretary_in_the_first_year_is_pointed_out(meeting, branch, confirmed, lines):
    member = make_new(branch, confirmed)
    assert len(election_cautions(meeting, "secretary", [member.user_id])) == lines
    assert len(election_cautions(meeting, "deputy", [member.user_id])) == lines
    assert election_cautions(meeting, "committee", [member.user_id]) == []


def test_the_election_is_saved_and_its_pages_say_it(branch, secretary, as_user):
    member = make_new(branch)
    meeting = factories.make_activity(
        branch, kinds=(Kind.GENERAL_MEETING,), day=DAY, members=[member], recorder=secretary, chair=secretary
    )
    client = as_user(secretary)
    typed = {"body": "secretary", "seats": 1, "candidate": [member.user_id], "by_election": "on"}
    page = client.post(reverse("activities:election_create", args=[meeting.pk]), typed, follow=True)
    assert "新正式转为正式党员不满1年，当选支部书记一般须满1年" in page.content.decode()
    for url in (
        reverse("activities:votes", args=[meeting.pk]),
        reverse("activities:election_edit", args=[Election.objects.get().pk]),
    ):
        assert "新正式转为正式党员不满1年" in client.get(url).content.decode()


@pytest.mark.parametrize(
    ("role", "confirmed", "told"),
    [
        (Role.BRANCH_SECRETARY, date(2025, 11, 12), True),
        (Role.BRANCH_SECRETARY, date(2025, 11, 11), False),
        (Role.DEPUTY_SECRETARY, date(2025, 11, 12), True),
        (Role.ORGANISATION_MEMBER, date(2025, 11, 12), False),
    ],
)
def test_an_appointment_in_the_first_year_is_made_and_pointed_out(branch, office, as_user, role, confirmed, told):
    member = make_new(branch, confirmed)
    typed = {"role": role, "starts_on": f"{DAY}", "user": member.user_id}
    page = as_user(office).post(reverse("branches:post_create", args=[branch.pk]), typed, follow=True)
    assert member.user.appointments.filter(role=role).exists()
    assert ("新正式转为正式党员不满1年" in page.content.decode()) is told


def test_the_wizard_s_list_of_officers_says_it_too(branch, office, as_user, time_machine):
    time_machine.move_to(factories.at(DAY, 10))
    member = make_new(branch)
    url = reverse("members:officers")
    as_user(office).get(url)
    panel = panels(Branch.objects.filter(pk=branch.pk), today=DAY)[0]
    seat = next(seat for seat in panel.seats if seat.role == Role.BRANCH_SECRETARY)
    typed = {"branch": branch.pk, seat.key: member.user_id, f"was-{seat.key}": 0}
    page = as_user(office).post(url, typed, follow=True).content.decode()
    assert "新正式转为正式党员不满1年，任支部书记、副书记一般须满1年" in page
