"""The scope: written once, asked by every page."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.db.utils import DatabaseError
from django.utils import timezone

from branches import append_only
from branches.access import Refused, may, require
from branches.audit import record
from branches.choices import Capability, Role
from branches.models import AuditEntry, Branch, User
from branches.rules import subtree_end
from members.models import Member
from tests import factories


def test_a_secretary_sees_the_own_branch_and_no_other(secretary, branch, other_branch):
    mine, theirs = factories.make_member(branch), factories.make_member(other_branch)
    seen = Member.objects.visible_to(secretary, Capability.ROSTER_VIEW)
    assert mine in seen
    assert theirs not in seen


def test_the_office_sees_the_whole_hospital_but_no_other_hospital(office, branch, other_branch):
    elsewhere = factories.make_member(factories.make_branch(factories.make_branch()))
    seen = Member.objects.visible_to(office, Capability.ROSTER_VIEW)
    assert factories.make_member(other_branch) in seen
    assert elsewhere not in seen


def test_a_person_without_a_post_sees_nothing(outsider, branch):
    factories.make_member(branch)
    assert not Member.objects.visible_to(outsider, Capability.ROSTER_VIEW).exists()


def test_a_group_leader_sees_only_the_own_group(branch, groups):
    leader = factories.UserFactory()
    factories.appoint(leader, groups[0], Role.GROUP_LEADER)
    mine = factories.make_member(branch, group=groups[0])
    factories.make_member(branch, group=groups[1])
    assert list(Member.objects.visible_to(leader, Capability.ROSTER_VIEW)) == [mine]


def test_ending_a_post_acts_on_the_next_request(secretary, branch):
    factories.make_member(branch)
    secretary.appointments.update(ends_on=timezone.localdate())
    again = User.objects.get(pk=secretary.pk)
    assert not Member.objects.visible_to(again, Capability.ROSTER_VIEW).exists()


def test_a_post_of_tomorrow_grants_nothing_today(branch):
    user = factories.UserFactory()
    factories.appoint(user, branch, Role.BRANCH_SECRETARY, timezone.localdate() + timedelta(days=1))
    assert not may(user, Capability.ROSTER_VIEW, branch)


def test_two_posts_give_the_union_and_no_row_twice(hospital, branch):
    user = factories.UserFactory()
    factories.appoint(user, hospital, Role.PARTY_OFFICE)
    factories.appoint(user, branch, Role.BRANCH_SECRETARY)
    factories.make_member(branch)
    assert Member.objects.visible_to(user, Capability.ROSTER_VIEW).count() == 1


def test_a_disabled_person_may_nothing(secretary, branch):
    secretary.is_active = False
    assert not may(secretary, Capability.ACTIVITY_VIEW, branch)


def test_in_scope_without_the_capability_is_a_refusal_that_names_it(publicity, branch):
    with pytest.raises(Refused) as refusal:
        require(publicity, Capability.ACTIVITY_CONFIRM, branch)
    assert refusal.value.capability is Capability.ACTIVITY_CONFIRM
    assert refusal.value.branch == branch


@pytest.mark.parametrize(("path", "end"), [("0001", "0002"), ("00010009", "0001000A"), ("0001000Z", "0001001")])
def test_the_end_of_a_subtree(path, end):
    assert subtree_end(path) == end


def test_branches_are_never_deleted(branch):
    with pytest.raises(ProtectedError):
        Branch.objects.filter(pk=branch.pk).delete()


def test_audit_lines_cannot_be_changed_or_removed(secretary, branch):
    record(actor=secretary, action="branch.tested", target=branch, branch=branch)
    for attempt in (AuditEntry.objects.all().delete, lambda: AuditEntry.objects.update(actor_name="x")):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            attempt()
    assert AuditEntry.objects.count() == 1


def test_audit_lines_never_hold_a_number_that_identifies(secretary, branch):
    line = record(actor=secretary, action="member.changed", branch=branch, changes={"id_number": ["1" * 18, "2" * 18]})
    assert "1" * 18 not in str(line.changes)


def test_a_lost_trigger_is_found(db):
    assert append_only.missing() == []
    append_only.remove()
    assert set(append_only.missing()) >= {"branches_auditentry", "points_entry", "members_membershipevent"}
    append_only.install()
    assert append_only.missing() == []


def test_the_posts_are_read_once(secretary, branch, django_assert_num_queries):
    user = User.objects.get(pk=secretary.pk)
    with django_assert_num_queries(1):
        for capability in Capability:
            may(user, capability, branch)


def test_a_branch_cannot_be_dissolved_before_it_was_founded(branch):
    with pytest.raises(IntegrityError), transaction.atomic():
        Branch.objects.filter(pk=branch.pk).update(dissolved_on=date(1999, 1, 1))
    assert connection.is_usable()
