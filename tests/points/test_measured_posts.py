"""The post a member is measured by: set one by one or together, and the records of the year follow."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from branches.models import AuditEntry
from points.choices import PeriodKind, PeriodState
from points.editions.measuring import set_posts
from points.ledger.check import differences
from points.models import Entry, MemberPost, MemberYear, PeriodClose, RuleVersion
from points.rulebook import editing
from points.rulebook.book import item_of
from points.rulebook.publishing import publish
from points.rules import Variant
from tests import factories

TODAY = date(2026, 11, 22)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(factories.at(TODAY, 10), tick=False):
        yield


@pytest.fixture
def edition(hospital, office):
    """Theme days are worth 2 to medical technology and do not exist for the retired."""
    source = RuleVersion.objects.get(hospital=None)
    draft = editing.start_draft(
        hospital=hospital, source=source, name="分岗位", valid_from=date(2026, 11, 1), actor=office
    )
    row = draft.items.get(code="A02")
    variants = {"medical_technology": Variant(points=Decimal(2)), "retired": Variant(off=True)}
    item = replace(item_of(row), variants=variants, factor_without_groups=Decimal(1), points_text="")
    editing.save_item(draft=draft, item=item, version=draft.version, actor=office, pk=row.pk)
    draft.refresh_from_db()
    return publish(draft=draft, version=draft.version, actor=office, today=TODAY, known=set())


def worth(member):
    return sum(Entry.objects.standing().filter(member=member).values_list("points", flat=True), Decimal(0))


def test_the_records_of_the_year_follow(edition, members, held, organiser):
    held(members)
    assert [worth(one) for one in members] == [Decimal("0.50")] * 3
    assert set_posts(members=members[:2], year=2026, post="medical_technology", actor=organiser) == 2
    assert [worth(one) for one in members] == [Decimal(2), Decimal(2), Decimal("0.50")]
    set_posts(members=members[:1], year=2026, post="retired", actor=organiser)
    assert [worth(one) for one in members] == [Decimal(0), Decimal(2), Decimal("0.50")]
    set_posts(members=members[:1], year=2026, post="medical_technology", actor=organiser)
    assert MemberYear.objects.get(member=members[0], year=2026).total == Decimal(62)
    assert list(differences()) == []
    assert AuditEntry.objects.filter(action="post_of_points.set").count() == 4


def test_the_same_post_again_changes_nothing(edition, members, held, organiser):
    held(members)
    entries = Entry.objects.count()
    assert set_posts(members=members, year=2026, post="clinical", actor=organiser) == 0
    assert Entry.objects.count() == entries
    assert MemberPost.objects.filter(set_by=organiser).count() == 3 or MemberPost.objects.count() == 3


@pytest.mark.parametrize(
    ("kind", "start", "fine"),
    [
        (PeriodKind.YEAR, date(2026, 1, 1), False),
        (PeriodKind.QUARTER, date(2026, 4, 1), False),
        (PeriodKind.YEAR, date(2025, 1, 1), True),
    ],
)
def test_a_locked_year_is_left_alone(edition, members, held, branch, organiser, kind, start, fine):
    held(members)
    PeriodClose.objects.create(branch=branch, kind=kind, start=start, state=PeriodState.LOCKED)
    if fine:
        assert set_posts(members=members, year=2026, post="retired", actor=organiser) == 3
        return
    with pytest.raises(ValidationError, match="锁定"):
        set_posts(members=members, year=2026, post="retired", actor=organiser)
    assert worth(members[0]) == Decimal("0.50")


class TestPage:
    URL = "points:measured_posts"

    def test_the_organiser_sets_many_at_once(self, as_user, organiser, edition, members, held):
        held(members)
        client = as_user(organiser)
        assert "按支部类别" in client.get(reverse(self.URL)).content.decode()
        ticked = [member.pk for member in members[:2]]
        client.post(reverse(self.URL), {"member": ticked, "to": "retired"})
        assert set(MemberPost.objects.filter(set_by=organiser).values_list("member", flat=True)) == set(ticked)
        found = client.get(reverse(self.URL), {"post": "retired"}).context["page"].object_list
        assert {member.pk for member in found} == set(ticked)

    def test_nobody_ticked_or_a_wrong_post_is_said(self, as_user, organiser, members):
        client = as_user(organiser)
        assert client.post(reverse(self.URL), {"to": "retired"}).status_code == 422
        answer = client.post(reverse(self.URL), {"member": members[0].pk, "to": "surgeon"})
        assert answer.status_code == 422
        assert "请选择计分岗位" in answer.content.decode()

    def test_members_of_another_branch_are_out_of_reach(self, as_user, organiser, other_branch):
        stranger = factories.make_member(other_branch)
        answer = as_user(organiser).post(reverse(self.URL), {"member": stranger.pk, "to": "retired"})
        assert answer.status_code == 422
        assert not MemberPost.objects.exists()

    def test_one_member_and_twenty_cost_the_same(self, as_user, organiser, branch):
        client, counts = as_user(organiser), []
        for n in (1, 19):
            for _ in range(n):
                factories.make_member(branch)
            client.get(reverse(self.URL))
            with CaptureQueriesContext(connection) as found:
                client.get(reverse(self.URL))
            counts.append(len(found))
        assert counts[0] == counts[1]


def test_nobody_sets_the_post_they_are_measured_by_themselves(edition, organiser):
    with pytest.raises(ValidationError, match="本人"):
        set_posts(members=[organiser.member], year=2026, post="administration", actor=organiser)
