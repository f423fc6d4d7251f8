"""A record is worth what the edition of its hospital says on its day."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from activities.attendance.hours import add_course
from branches.choices import BranchLevel, Role
from points.catalogue import DEFAULTS
from points.ledger.check import differences
from points.models import MemberPost, RuleItem, RuleVersion
from tests import factories
from tests.points.ledger_help import standing

pytestmark = pytest.mark.django_db


@pytest.fixture
def edition(hospital):
    """edition(valid_from, A02=…): a published edition of the hospital with these items of the default changed."""

    def make(valid_from, variants=None, published=True, **points):
        version = RuleVersion.objects.create(
            hospital=hospital,
            name="院内版",
            valid_from=valid_from,
            published_at=factories.at(valid_from) if published else None,
        )
        for item in RuleItem.objects.filter(version__hospital=None):
            item.pk, item.version = None, version
            item.points = Decimal(points.get(item.code, item.points))
            item.variants = (variants or {}).get(item.code, {})
            item.save()
        return version

    return make


def test_a_hospital_has_its_own_edition_from_its_month_on_and_others_keep_the_default(
    hospital, branch, groups, members, held, edition
):
    edition(date(2026, 7, 1), A02="2")
    other = factories.make_branch(factories.make_branch(name="海州医院党委"))
    factories.make_branch(other, level=BranchLevel.GROUP)
    stranger = factories.make_member(other)
    held(members[:1], day=date(2026, 6, 30))
    held(members[:1], day=date(2026, 7, 1))
    held([stranger], day=date(2026, 7, 1), branch=other)
    assert [points for _, points, _ in standing(members[0])] == [Decimal("0.50"), Decimal("2.00")]
    assert [points for _, points, _ in standing(stranger)] == [Decimal("0.50")]
    assert list(differences()) == []


def test_a_draft_is_in_force_nowhere(branch, groups, members, held, edition):
    edition(date(2026, 1, 1), published=False, A02="2")
    held(members[:1])
    assert [points for _, points, _ in standing(members[0])] == [Decimal("0.50")]


def test_posts_are_fixed_with_the_first_points_of_the_year(branch, groups, members, held, edition):
    edition(date(2026, 1, 1), variants={"A02": {"administration": {"points": "1.5"}}})
    branch.category = "administration"
    branch.save()
    held(members[:1], day=date(2026, 10, 28))
    assert MemberPost.objects.get(member=members[0]).post == "administration"
    branch.category = "clinical"
    branch.save()
    held(members[:1], day=date(2026, 11, 11))
    assert [points for _, points, _ in standing(members[0])] == [Decimal("1.50"), Decimal("1.50")]
    assert list(differences()) == []


def test_an_item_a_post_does_not_have_is_worth_nothing_to_it(branch, groups, members, held, edition, person):
    edition(date(2026, 1, 1), variants={"A02": {"retired": {"off": True}}})
    MemberPost.objects.create(member=members[0], year=2026, post="retired", set_by=person(Role.ORGANISATION_MEMBER))
    held(members[:2])
    assert standing(members[0]) == []
    assert len(standing(members[1])) == 1


def test_the_feed_of_hours_may_move_to_an_item_of_the_house_own(branch, members, organiser, edition):
    """A unit is worth what the edition of its day says, under the code that edition gives it."""
    version = edition(date(2026, 7, 1), published=False)
    version.items.filter(code="B01").update(code="B06", points=Decimal(2))
    RuleVersion.objects.filter(pk=version.pk).update(published_at=factories.at(date(2026, 7, 1)))
    for day in (date(2026, 3, 2), date(2026, 10, 2)):
        add_course(member=members[0], title="培训", studied_on=day, hours=Decimal(8), actor=organiser)
    assert standing(members[0]) == [
        ("B01", Decimal("1.00"), date(2026, 3, 2)),
        ("B06", Decimal("2.00"), date(2026, 10, 2)),
    ]
    assert list(differences(2026)) == []


@pytest.mark.parametrize(("factor", "points"), [("1.5", "0.38"), ("2", "0.50")])
def test_a_factor_gives_hundredths_and_the_ledger_agrees_with_it(factor, points):
    item = replace(DEFAULTS["A04"], points=Decimal("0.25"), factor_without_groups=Decimal(factor))
    assert item.value(has_groups=False) == Decimal(points)
