"""Founding, changing, moving and dissolving nodes, and the posts at them."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from branches import services
from branches.choices import BranchKind, BranchLevel, Role
from branches.models import Appointment, AuditEntry, Branch, User
from branches.rules import levels_under, may_stand_under, roles_at
from tests import factories

DAY = date(2026, 11, 22)
FACTS = {"kind": BranchKind.REGULAR, "category": "", "founded_on": date(2020, 1, 1)}


def found(parent: Branch | None, name: str, level: BranchLevel = BranchLevel.BRANCH, **extra):
    return services.found_branch(parent=parent, name=name, level=level, actor=None, **(FACTS | extra))


@pytest.mark.parametrize(
    ("level", "parent", "allowed"),
    [
        ("committee", None, True),
        ("branch", None, True),
        ("group", None, False),
        ("group", "branch", True),
        ("group", "committee", False),
        ("branch", "branch", False),
        ("branch", "general_branch", True),
        ("general_branch", "branch", False),
        ("committee", "general_branch", False),
        ("superior", "committee", False),
    ],
)
def test_what_may_stand_under_what(level, parent, allowed):
    above = BranchLevel(parent) if parent else None
    assert may_stand_under(BranchLevel(level), above) is allowed
    assert (BranchLevel(level) in levels_under(above)) is allowed


def test_the_offices_sit_at_the_top_whatever_its_level():
    assert Role.PARTY_OFFICE in roles_at(BranchLevel.BRANCH, is_top=True)
    assert Role.PARTY_OFFICE not in roles_at(BranchLevel.BRANCH, is_top=False)


def test_a_tree_is_founded_with_codes_and_hospitals(db):
    bureau = found(None, "江州市卫健委党委", BranchLevel.SUPERIOR)
    top = found(bureau, "江州市人民医院党委", BranchLevel.COMMITTEE)
    general = found(top, "内科党总支", BranchLevel.GENERAL_BRANCH)
    branch = found(general, "内科第一党支部", kind=BranchKind.JOINT, category="clinical")
    group = found(branch, "第一党小组", BranchLevel.GROUP, kind=BranchKind.JOINT)
    assert bureau.hospital_id is None
    assert {node.hospital_id for node in (top, general, branch, group)} == {top.pk}
    assert len({node.code for node in (bureau, top, general, branch, group)}) == 5
    assert (branch.kind, group.kind) == (BranchKind.JOINT, BranchKind.REGULAR)
    assert AuditEntry.objects.filter(action="branch.founded").count() == 5


def test_a_top_branch_is_its_own_hospital(db):
    branch = found(None, "县妇幼保健院党支部")
    assert branch.hospital_id == branch.pk


def test_founding_refuses_the_wrong_place_a_taken_name_and_a_taken_code(hospital, branch):
    for attempt in (
        lambda: found(branch, "支部之下的支部"),
        lambda: found(hospital, branch.name),
        lambda: found(hospital, "新支部", code=branch.code),
        lambda: found(hospital, "  "),
    ):
        with pytest.raises(ValidationError):
            attempt()
    assert not AuditEntry.objects.exists()


def test_nothing_is_founded_below_a_dissolved_node(branch):
    services.dissolve_branch(branch=branch, on=DAY, actor=None)
    with pytest.raises(ValidationError, match="已撤销"):
        found(branch, "第一党小组", BranchLevel.GROUP)


def test_a_change_counts_up_the_version_and_says_old_and_new(office, branch):
    facts = {"code": branch.code, "kind": branch.kind, "category": "clinical", "founded_on": branch.founded_on}
    changed = services.change_branch(branch=branch, version=1, name="机关一党支部", actor=office, **facts)
    assert (changed.name, changed.version) == ("机关一党支部", 2)
    line = AuditEntry.objects.get(action="branch.changed")
    assert line.changes["name"] == ["机关第一党支部", "机关一党支部"]
    with pytest.raises(ValidationError, match="其他人修改"):
        services.change_branch(branch=branch, version=1, name="机关二党支部", actor=office, **facts)


def test_a_change_to_a_taken_code_is_refused_in_chinese(office, branch, other_branch):
    with pytest.raises(ValidationError) as refusal:
        services.change_branch(
            branch=branch, version=1, name=branch.name, actor=office, **(FACTS | {"code": other_branch.code})
        )
    assert refusal.value.message_dict["code"] == ["这个编码已被使用。"]


def test_dissolving_ends_the_posts_and_waits_for_members_and_groups(secretary, branch, groups):
    def dissolve(node):
        return services.dissolve_branch(branch=node, on=DAY, actor=None)

    with pytest.raises(ValidationError, match="2个下级"):
        dissolve(branch)
    for group in groups:
        dissolve(group)
    with pytest.raises(ValidationError, match="1人的组织关系"):
        dissolve(branch)
    services.set_roll_post(user=secretary, branch=branch, role=None, on=DAY, actor=None)
    assert dissolve(branch).dissolved_on == DAY
    assert not Appointment.objects.filter(branch=branch, ends_on__isnull=True).exists()
    with pytest.raises(ValidationError, match="已经撤销"):
        dissolve(branch)


def test_the_top_is_never_dissolved_nor_moved(hospital, other_branch):
    with pytest.raises(ValidationError):
        services.dissolve_branch(branch=hospital, on=DAY, actor=None)
    with pytest.raises(ValidationError):
        services.move_branch(branch=hospital, to=other_branch, actor=None)


def test_a_higher_room_can_hold_a_dissolution_up(branch, monkeypatch):
    monkeypatch.setattr(services, "DISSOLVE_OBSTACLES", [lambda node: "还有3人编在这个党小组。"])
    with pytest.raises(ValidationError, match="3人编在"):
        services.dissolve_branch(branch=branch, on=DAY, actor=None)


def test_moving_takes_the_subtree_and_its_hospital(db):
    bureau = found(None, "卫健委党委", BranchLevel.SUPERIOR)
    one = found(bureau, "甲医院党委", BranchLevel.COMMITTEE)
    two = found(bureau, "乙医院党委", BranchLevel.COMMITTEE)
    branch = found(one, "第一党支部")
    group = found(branch, "第一党小组", BranchLevel.GROUP)
    moved = services.move_branch(branch=branch, to=two, actor=None)
    assert Branch.objects.get_parent(moved) == two
    assert {Branch.objects.get(pk=n.pk).hospital_id for n in (branch, group)} == {two.pk}
    assert AuditEntry.objects.get(action="branch.moved").changes == {"parent": ["甲医院党委", "乙医院党委"]}
    for target in (moved, group, two):
        with pytest.raises(ValidationError):
            services.move_branch(branch=branch, to=target, actor=None)


def test_one_secretary_unless_the_new_one_takes_over(secretary, organiser, branch):
    with pytest.raises(ValidationError, match="现由陈静怡担任"):
        services.appoint(user=organiser, branch=branch, role=Role.BRANCH_SECRETARY, starts_on=DAY, actor=None)
    services.appoint(user=organiser, branch=branch, role=Role.BRANCH_SECRETARY, starts_on=DAY, actor=None, replace=True)
    holders = Appointment.objects.current(DAY).filter(branch=branch, role=Role.BRANCH_SECRETARY)
    assert [post.user for post in holders] == [organiser]
    old = Appointment.objects.get(user=secretary, role=Role.BRANCH_SECRETARY)
    assert old.ends_on == DAY
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["post.ended", "post.appointed"]


@pytest.mark.parametrize("role", [Role.PARTY_OFFICE, Role.GROUP_LEADER, Role.MEMBER, Role.PROBATIONARY])
def test_a_role_that_does_not_fit_the_node_is_refused(outsider, branch, role):
    with pytest.raises(ValidationError):
        services.appoint(user=outsider, branch=branch, role=role, starts_on=DAY, actor=None)


def test_nobody_is_appointed_twice_before_the_founding_or_while_disabled(publicity, outsider, branch):
    cases = [(publicity, DAY), (outsider, branch.founded_on - timedelta(days=1))]
    for user, day in cases:
        with pytest.raises(ValidationError):
            services.appoint(user=user, branch=branch, role=Role.PUBLICITY_MEMBER, starts_on=day, actor=None)
    User.objects.filter(pk=outsider.pk).update(is_active=False)
    outsider.refresh_from_db()
    with pytest.raises(ValidationError, match="停用"):
        services.appoint(user=outsider, branch=branch, role=Role.PUBLICITY_MEMBER, starts_on=DAY, actor=None)


def test_ending_a_post_acts_the_same_day_and_only_once(organiser, branch):
    post = organiser.appointments.get(role=Role.ORGANISATION_MEMBER)
    services.end_appointment(appointment=post, on=DAY, actor=None)
    assert not Appointment.objects.current(DAY).filter(pk=post.pk).exists()
    with pytest.raises(ValidationError, match="已经结束"):
        services.end_appointment(appointment=post, on=DAY, actor=None)


def test_a_post_does_not_end_before_it_began_and_the_roll_is_not_ended_here(organiser):
    post = organiser.appointments.get(role=Role.ORGANISATION_MEMBER)
    with pytest.raises(ValidationError):
        services.end_appointment(appointment=post, on=post.starts_on - timedelta(days=1), actor=None)
    with pytest.raises(ValidationError, match="名册"):
        services.end_appointment(appointment=organiser.appointments.get(role=Role.MEMBER), on=DAY, actor=None)


def test_the_last_office_cannot_leave(office, person):
    post = office.appointments.get()
    with pytest.raises(ValidationError, match="最后一位"):
        services.end_appointment(appointment=post, on=DAY, actor=office)
    person(Role.PARTY_OFFICE)
    services.end_appointment(appointment=post, on=DAY, actor=office)


def test_the_roll_is_one_post_that_moves(outsider, branch, other_branch):
    def roll(branch, role, on):
        return services.set_roll_post(user=outsider, branch=branch, role=role, on=on, actor=None)

    first = roll(branch, Role.PROBATIONARY, date(2025, 1, 1))
    assert roll(branch, Role.PROBATIONARY, DAY) == first
    roll(branch, Role.MEMBER, date(2026, 1, 1))
    roll(other_branch, Role.MEMBER, DAY)
    current = Appointment.objects.current(DAY).filter(user=outsider)
    assert [(post.branch, post.role) for post in current] == [(other_branch, Role.MEMBER)]
    assert [post.role for post in outsider.current_posts] == [Role.MEMBER]
    assert roll(other_branch, None, DAY) is None
    assert not Appointment.objects.filter(user=outsider, ends_on__isnull=True).exists()
    with pytest.raises(ValidationError):
        roll(branch, Role.BRANCH_SECRETARY, DAY)


def test_a_person_outside_every_roll_can_be_added_once(db):
    services.add_person(name="胡 工", staff_no="IT001", mobile="13900000001", actor=None)
    assert User.objects.get(staff_no="IT001").name == "胡工"
    with pytest.raises(ValidationError):
        services.add_person(name="另一人", staff_no="IT001", actor=None)


def test_a_generated_code_steps_over_taken_ones(hospital):
    factories.make_branch(hospital, code=f"{hospital.code}-01")
    assert found(hospital, "第二党支部").code == f"{hospital.code}-02"


@pytest.mark.parametrize("role", [Role.ORGANISATION_MEMBER, Role.PUBLICITY_MEMBER, Role.DISCIPLINE_MEMBER])
def test_a_member_of_the_committee_is_taken_over_from_in_one_action(branch: Branch, role: Role) -> None:
    old, new, third = (factories.UserFactory() for _ in range(3))
    before = factories.appoint(old, branch, role)
    services.appoint(user=new, branch=branch, role=role, starts_on=DAY, actor=None, replace=True)
    before.refresh_from_db()
    assert before.ends_on == DAY
    assert branch.appointments.current(DAY).get(role=role).user == new
    services.appoint(user=third, branch=branch, role=role, starts_on=DAY, actor=None)  # two may hold it
    with pytest.raises(ValidationError, match="请先免去"):
        services.appoint(user=old, branch=branch, role=role, starts_on=DAY, actor=None, replace=True)
    assert branch.appointments.current(DAY).filter(role=role).count() == 2
