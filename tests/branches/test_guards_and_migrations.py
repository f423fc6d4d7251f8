"""The start-up check for lost guards, and the moment when migrations are about to set them."""

import pytest
from django.core.checks import Error

from branches import append_only

pytestmark = pytest.mark.django_db


@pytest.fixture
def unguarded(monkeypatch):
    monkeypatch.setattr(append_only, "missing", lambda using: ["points_entry"])


def test_a_table_without_its_guard_stops_the_start(unguarded):
    (found,) = append_only.check_triggers(None, databases=["default"])
    assert isinstance(found, Error)
    assert "points_entry" in found.msg


def test_while_migrations_wait_nothing_is_asked_so_that_they_can_set_it(unguarded, monkeypatch):
    monkeypatch.setattr(append_only, "_waits_for_migrations", lambda using: True)
    assert append_only.check_triggers(None, databases=["default"]) == []


def test_no_migration_waits_once_all_are_applied():
    assert not append_only._waits_for_migrations("default")
