"""A known identity number tells its owner only to those who may see the owner."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from members.choices import EventKind
from members.services import admit_member, leave_roll, readmit_member
from tests import factories


def admit(branch, actor, number):
    return admit_member(
        branch=branch,
        kind=EventKind.TRANSFER_IN,
        recorded_on=date(2026, 11, 1),
        actor=actor,
        name="新来的",
        id_number=number,
        gender="female",
        ethnicity="01",
        birth_date=date(1985, 3, 1),
        education="21",
        joined_on=date(2010, 7, 1),
        confirmed_on=date(2011, 7, 1),
        job_post="0212",
    )


@pytest.mark.parametrize("abroad", [False, True], ids=["own hospital", "another hospital"])
def test_the_owner_is_named_only_within_reach(office, branch, abroad):
    home = factories.make_branch(factories.make_branch()) if abroad else branch
    owner = factories.make_member(home, name="暗记")
    with pytest.raises(ValidationError) as refusal:
        admit(branch, office, owner.id_number)
    assert ("暗记" in str(refusal.value)) is not abroad
    assert (home.name in str(refusal.value)) is not abroad


def test_nobody_recorded_as_dead_comes_back(office, branch):
    member = factories.make_member(branch)
    leave_roll(member=member, kind=EventKind.DECEASED, recorded_on=date(2026, 11, 1), actor=office)
    with pytest.raises(ValidationError, match="去世"):
        readmit_member(member=member, branch=branch, recorded_on=date(2026, 11, 2), actor=office)
