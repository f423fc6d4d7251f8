"""A published edition stays as it was published, whoever tries: the database itself refuses."""

from datetime import date

import pytest
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from branches import append_only
from points.models import RuleItem, RuleVersion

pytestmark = pytest.mark.django_db


def edition(hospital, *, published=True):
    version = RuleVersion.objects.create(
        hospital=hospital, name="一版", valid_from=date(2027, 1, 1), published_at=timezone.now() if published else None
    )
    RuleItem.objects.create(version=version, code="A01", category="ORG", title="参加党员大会", points=1, origin="auto")
    return version


ATTEMPTS = {
    "change": lambda v: RuleVersion.objects.filter(pk=v.pk).update(base=61),
    "change the ratio": lambda v: RuleVersion.objects.filter(pk=v.pk).update(excellent_denominator=4),
    "take back": lambda v: RuleVersion.objects.filter(pk=v.pk).update(published_at=None),
    "change an item": lambda v: v.items.update(points=2),
    "move an item out": lambda v: v.items.update(version=edition(None, published=False)),
    "remove an item": lambda v: v.items.all().delete(),
    "remove it raw": lambda v: connection.cursor().execute("DELETE FROM points_ruleitem WHERE version_id = %s", [v.pk]),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_what_is_published_is_frozen(hospital, attempt):
    version = edition(hospital)
    with pytest.raises(DatabaseError), transaction.atomic():
        ATTEMPTS[attempt](version)
    version.refresh_from_db()
    assert (version.base, version.items.get().points) == (60, 1)


def test_a_published_edition_is_not_removed(hospital):
    version = RuleVersion.objects.create(name="空的", valid_from=date(2027, 1, 1), published_at=timezone.now())
    with pytest.raises(DatabaseError), transaction.atomic():
        version.delete()


def test_a_draft_is_changed_and_published_and_only_then_frozen(hospital):
    version = edition(hospital, published=False)
    version.items.update(points=2)
    RuleVersion.objects.filter(pk=version.pk).update(base=61, published_at=timezone.now())
    with pytest.raises(DatabaseError), transaction.atomic():
        version.items.update(points=3)


def test_a_draft_is_thrown_away(hospital):
    version = edition(hospital, published=False)
    version.items.all().delete()
    version.delete()
    assert not RuleVersion.objects.filter(hospital=hospital).exists()


def test_items_are_still_added_to_the_default_edition(hospital):
    version = edition(None)
    RuleItem.objects.create(version=version, code="A02", category="ORG", title="主题党日", points=1, origin="auto")
    assert version.items.count() == 2


def test_a_lost_guard_is_found(db):
    append_only.remove(only_frozen=True)
    assert {"points_ruleversion", "points_ruleitem"} <= set(append_only.missing())
    append_only.install()
    assert append_only.missing() == []


@pytest.mark.django_db(transaction=True)
def test_a_later_migration_may_re_make_the_tables_and_the_guard_comes_back(hospital):
    """SQLite re-makes a table to alter it, which drops its triggers, and fails while another one's trigger names it."""
    longer = models.CharField("名称", max_length=61)
    longer.set_attributes_from_name("name")
    before = RuleVersion._meta.get_field("name")
    append_only.lift_before_migrate(None)
    with connection.schema_editor() as editor:
        editor.alter_field(RuleVersion, before, longer)
    with connection.schema_editor() as editor:
        editor.alter_field(RuleVersion, longer, before)
    append_only.install_after_migrate(None)
    assert append_only.missing() == []
    version = edition(hospital)
    with pytest.raises(DatabaseError), transaction.atomic():
        version.items.update(points=2)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_published_editions_are_not_truncated():
    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute("TRUNCATE points_ruleversion CASCADE")
