"""Admit, change, transfer, confirm, leave: one person at a time."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError

from branches.choices import Capability, Role
from branches.models import Appointment, AuditEntry, Branch, User
from members.choices import EventKind, MembershipStatus, MemberType
from members.models import Member, MembershipEvent, RollMonth
from members.services import (
    Conflict,
    admit_member,
    assign_group,
    change_member,
    confirm_member,
    leave_roll,
    readmit_member,
    reveal_pii,
    transfer_member,
)
from members.signals import record_confirmed
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel("2026-11-22 10:00:00+08:00", tick=False):
        yield


@pytest.fixture
def person_facts() -> dict[str, Any]:
    return {
        "name": "董丽娜",
        "mobile": "13800001234",
        "gender": "female",
        "id_number": factories.identity_number(24, date(1990, 5, 6)),
        "ethnicity": "01",
        "birth_date": date(1990, 5, 6),
        "education": "21",
        "joined_on": date(2012, 7, 1),
        "confirmed_on": date(2013, 7, 1),
        "job_post": "0212",
    }


@pytest.fixture
def member(branch: Branch, office: User, person_facts: dict[str, Any]) -> Member:
    return admit_member(branch=branch, recorded_on=date(2026, 1, 1), actor=office, **person_facts)


def months(branch: Branch) -> dict[int, tuple[int, int]]:
    rows = RollMonth.objects.filter(branch=branch, month__year=2026).values_list("month", "full", "probationary")
    return {month.month: (full, probationary) for month, full, probationary in rows}


def test_an_admission_makes_person_event_post_and_head_count(member: Member, branch: Branch, office: User) -> None:
    assert member.user.name == "董丽娜"
    assert "dln" in member.user.search_keys
    assert not member.user.has_usable_password()
    event = member.events.get()
    assert (event.kind, event.branch, event.recorded_on, event.created_by) == (
        "opening",
        branch,
        date(2026, 1, 1),
        office,
    )
    assert member.user.appointments.get().role == Role.MEMBER
    assert months(branch) == dict.fromkeys(range(1, 12), (1, 0))
    entry = AuditEntry.objects.get(action="member.opening")
    assert (entry.branch, entry.actor) == (branch, office)


def test_the_rooms_above_hear_of_each_event_once(branch: Branch, office: User, person_facts: dict[str, Any]) -> None:
    heard = []

    def listen(sender: Any, **facts: Any) -> None:
        heard.append(facts)

    record_confirmed.connect(listen)
    try:
        member = admit_member(branch=branch, recorded_on=date(2026, 1, 1), actor=office, **person_facts)
    finally:
        record_confirmed.disconnect(listen)
    assert [(f["source_kind"], f["source_id"], f["revision"]) for f in heard] == [
        ("membership", member.events.get().pk, 1)
    ]


def test_two_people_with_one_identity_number_are_refused(
    member: Member, branch: Branch, office: User, person_facts: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError) as refused:
        admit_member(branch=branch, recorded_on=date(2026, 1, 1), actor=office, **person_facts)
    assert "董丽娜" in refused.value.message_dict["id_number"][0]
    assert Member.objects.filter(user__name="董丽娜").count() == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"recorded_on": date(2026, 11, 23)}, "recorded_on"),
        ({"recorded_on": date(2014, 12, 31)}, "recorded_on"),
        ({"effective_on": date(2026, 1, 2)}, "effective_on"),
        ({"confirmed_on": date(2011, 7, 1)}, "__all__"),
        ({"kind": EventKind.DECEASED}, "kind"),
        ({"name": ""}, "name"),
    ],
)
def test_an_impossible_admission_is_refused_beside_its_cause(
    branch: Branch, office: User, person_facts: dict[str, Any], changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        admit_member(**{"branch": branch, "recorded_on": date(2026, 1, 1), "actor": office, **person_facts, **changed})
    assert field in refused.value.message_dict
    assert not User.objects.filter(search_keys__contains="dongl").exists()


def test_nobody_is_admitted_to_a_committee_or_a_dissolved_branch(
    hospital: Branch, branch: Branch, office: User, person_facts: dict[str, Any]
) -> None:
    Branch.objects.filter(pk=branch.pk).update(dissolved_on=date(2026, 6, 30))
    for node in (hospital, branch):
        with pytest.raises(ValidationError) as refused:
            admit_member(branch=node, recorded_on=date(2026, 1, 1), actor=office, **person_facts)
        assert "branch" in refused.value.message_dict


def test_a_change_is_saved_with_its_old_value_and_protected_values_are_masked(member: Member, office: User) -> None:
    changed = change_member(member=member, version=1, fields={"education": "11", "mobile": "13900005678"}, actor=office)
    assert (changed.education, changed.user.mobile, changed.version) == ("11", "13900005678", 2)
    assert User.objects.with_mobile("13900005678").get() == member.user
    entry = AuditEntry.objects.get(action="member.changed")
    assert entry.changes == {"education": ["21 大学", "11 博士研究生"], "mobile": ["***", "***"]}


def test_the_second_of_two_savers_is_shown_both_texts(member: Member, office: User) -> None:
    change_member(member=member, version=1, fields={"department": "党委办公室"}, actor=office)
    with pytest.raises(Conflict) as conflict:
        change_member(member=member, version=1, fields={"department": "人事科", "education": "21"}, actor=office)
    assert conflict.value.differences == [("department", "科室", "党委办公室", "人事科")]
    member.refresh_from_db()
    assert member.department == "党委办公室"


def test_a_change_that_changes_nothing_leaves_no_trace(member: Member, office: User) -> None:
    assert change_member(member=member, version=1, fields={"education": "21"}, actor=office).version == 1
    assert not AuditEntry.objects.filter(action="member.changed").exists()


def test_suspension_is_an_event_that_keeps_the_place_on_the_roll(member: Member, branch: Branch, office: User) -> None:
    change_member(member=member, version=1, fields={"membership_status": MembershipStatus.SUSPENDED}, actor=office)
    assert member.events.filter(kind=EventKind.SUSPENDED).exists()
    assert months(branch)[11] == (1, 0)


def test_a_transfer_counts_from_its_day_in_the_new_branch(
    member: Member, branch: Branch, other_branch: Branch, office: User
) -> None:
    transfer_member(
        member=member, to=other_branch, recorded_on=date(2026, 10, 15), document_no="党办〔2026〕9号", actor=office
    )
    assert list(Member.objects.roll_of(branch, date(2026, 10, 14))) == [member]
    assert list(Member.objects.roll_of(branch, date(2026, 10, 15))) == []
    assert list(Member.objects.roll_of(other_branch, date(2026, 10, 15))) == [member]
    assert (months(branch)[9], months(branch)[10]) == ((1, 0), (0, 0))
    assert months(other_branch) == {10: (1, 0), 11: (1, 0)}
    event = MembershipEvent.objects.get(kind=EventKind.MOVED)
    assert (event.from_branch, event.branch, event.document_no) == (branch, other_branch, "党办〔2026〕9号")
    posts = member.user.appointments.order_by("pk").values_list("branch", "ends_on")
    assert list(posts) == [(branch.pk, date(2026, 10, 15)), (other_branch.pk, None)]


def test_a_transfer_ends_the_posts_of_the_old_branch(
    member: Member, branch: Branch, other_branch: Branch, office: User
) -> None:
    factories.appoint(member.user, branch, Role.PUBLICITY_MEMBER)
    transfer_member(member=member, to=other_branch, recorded_on=date(2026, 11, 1), actor=office)
    assert Appointment.objects.get(role=Role.PUBLICITY_MEMBER).ends_on == date(2026, 11, 1)
    assert not User.objects.get(pk=member.user.pk).has_anywhere(Capability.ACTIVITY_WRITE)


def test_impossible_transfers_are_refused(member: Member, hospital: Branch, branch: Branch, office: User) -> None:
    closed = factories.make_branch(hospital, dissolved_on=date(2026, 6, 30))
    elsewhere = factories.make_branch(factories.make_branch())
    target = factories.make_branch(hospital)
    for to, day, field in (
        (branch, date(2026, 11, 1), "to"),
        (hospital, date(2026, 11, 1), "to"),
        (closed, date(2026, 11, 1), "to"),
        (elsewhere, date(2026, 11, 1), "to"),
        (target, date(2025, 12, 31), "recorded_on"),
        (target, date(2026, 11, 23), "recorded_on"),
    ):
        with pytest.raises(ValidationError) as refused:
            transfer_member(member=member, to=to, recorded_on=day, actor=office)
        assert field in refused.value.message_dict
    assert not MembershipEvent.objects.filter(kind=EventKind.MOVED).exists()


def test_a_confirmation_has_its_two_dates(branch: Branch, office: User) -> None:
    member = factories.make_member(branch, member_type=MemberType.PROBATIONARY, joined_on=date(2025, 10, 20))
    confirm_member(member=member, recorded_on=date(2026, 11, 10), effective_on=date(2026, 10, 20), actor=office)
    member.refresh_from_db()
    assert (member.member_type, member.confirmed_on) == ("full", date(2026, 10, 20))
    assert (months(branch).get(10), months(branch)[11]) == (None, (1, 0))
    held = member.user.appointments.filter(ends_on__isnull=True).values_list("role", flat=True)
    assert list(held) == [Role.MEMBER]
    with pytest.raises(ValidationError, match="已是正式党员"):
        confirm_member(member=member, recorded_on=date(2026, 11, 10), actor=office)


def test_who_leaves_is_off_the_roll_from_that_day_and_holds_no_post(
    member: Member, branch: Branch, office: User
) -> None:
    factories.appoint(member.user, branch, Role.DEPUTY_SECRETARY)
    leave_roll(member=member, kind=EventKind.TRANSFER_OUT, recorded_on=date(2026, 11, 20), actor=office)
    assert list(Member.objects.roll_of(branch, date(2026, 11, 19))) == [member]
    assert list(Member.objects.roll_of(branch, date(2026, 11, 20))) == []
    assert months(branch)[11] == (0, 0)
    assert not member.user.appointments.filter(ends_on__isnull=True).exists()
    with pytest.raises(ValidationError, match="已不在名册中"):
        transfer_member(member=member, to=branch, recorded_on=date(2026, 11, 21), actor=office)


def test_only_probation_can_be_cancelled(member: Member, office: User) -> None:
    with pytest.raises(ValidationError) as refused:
        leave_roll(member=member, kind=EventKind.CANCELLED, recorded_on=date(2026, 11, 20), actor=office)
    assert "kind" in refused.value.message_dict


def test_somebody_who_left_can_come_back(member: Member, other_branch: Branch, office: User) -> None:
    leave_roll(member=member, kind=EventKind.TRANSFER_OUT, recorded_on=date(2026, 3, 1), actor=office)
    readmit_member(member=member, branch=other_branch, recorded_on=date(2026, 9, 1), actor=office)
    assert not Member.objects.on_roll(date(2026, 8, 31)).filter(pk=member.pk).exists()
    assert list(Member.objects.roll_of(other_branch, date(2026, 9, 1))) == [member]


def test_a_group_must_belong_to_the_home_branch(
    member: Member, groups: list[Branch], other_branch: Branch, office: User
) -> None:
    assert assign_group(member=member, group=groups[0], actor=office).group == groups[0]
    foreign = factories.make_branch(other_branch, level="group")
    with pytest.raises(ValidationError) as refused:
        assign_group(member=member, group=foreign, actor=office)
    assert "group" in refused.value.message_dict


def test_asking_for_protected_facts_is_written_down(member: Member, office: User) -> None:
    assert reveal_pii(member=member, purpose="核对身份", actor=office)["mobile"] == "13800001234"
    entry = AuditEntry.objects.get(action="member.pii_revealed")
    assert entry.changes == {"purpose": [None, "核对身份"]}
    with pytest.raises(ValidationError):
        reveal_pii(member=member, purpose=" ", actor=office)
